import { strict as assert } from "node:assert";
import { join } from "node:path";
import { mock, test } from "node:test";
import type { RunEvent } from "#home/events.ts";
import { createView } from "#view/open-view.ts";
import type { ViewKind, ViewOptions } from "#view/view.ts";
import { applyEvent, createRunState } from "#view/state.ts";
import { timeLeft } from "#view/time-left.ts";
import { playAtOnce, scenarios, type Step } from "./scenario.ts";
import { createSink, createTerminal, type Terminal } from "./terminal.ts";

const DRV = "/nix/store/1234567890abcdfghijklmnpqrsvwxyz-a.drv";
const GOLDEN = join(import.meta.dirname, "golden");

type ScenarioName = keyof typeof scenarios;

function playInto(name: ScenarioName, kind: ViewKind, options: Partial<ViewOptions> = {}): string {
  const sink = createSink();
  playAtOnce(scenarios[name](), (now) => createView(kind, sink, { ...options, now }));
  return sink.text();
}

/** Plays on a small terminal with time under the test's control; calls `look` after every step and frame. */
function playOnScreen(
  name: ScenarioName,
  [columns, rows]: readonly [number, number],
  look: (terminal: Terminal, step: Step) => void = () => {},
): Terminal {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  try {
    const terminal = createTerminal(columns, rows);
    playAtOnce(scenarios[name](), (now) => {
      const view = createView("tree", terminal, { now, color: true });
      return {
        ...view,
        listener: (event) => {
          view.listener(event);
          mock.timers.tick(200);
          look(terminal, { afterMs: 0, event });
        },
      };
    });
    return terminal;
  } finally {
    mock.timers.reset();
  }
}

for (const name of Object.keys(scenarios) as ScenarioName[]) {
  test(`plain view of a run that is "${name}" is as in golden/`, (t) => {
    t.assert.fileSnapshot(playInto(name, "plain"), join(GOLDEN, `${name}.plain.txt`), {
      serializers: [(text: string) => text],
    });
  });
  for (const size of [
    [100, 30],
    [40, 20],
  ] as const) {
    test(`tree view of a run that is "${name}" in ${size.join("x")} ends as in golden/`, (t) => {
      const terminal = playOnScreen(name, size);
      assert.equal(terminal.cursorShown(), true);
      const text = `${terminal.text().join("\n")}\n`;
      t.assert.fileSnapshot(text, join(GOLDEN, `${name}.tree-${size.join("x")}.txt`), {
        serializers: [(value: string) => value],
      });
    });
  }
}

test("runs that one view is shown are counted each for itself", () => {
  for (const name of Object.keys(scenarios) as ScenarioName[]) {
    const [once, twice] = [1, 2].map((times) => {
      const state = createRunState();
      for (let run = 0; run < times; run += 1)
        for (const { event } of scenarios[name]()) applyEvent(state, event, 0);
      return { stages: [...state.stages.values()], checks: state.checks, finished: state.finished };
    });
    assert.deepEqual(twice, once, name);
  }
});

test("a large source that is read is told of: its line on a terminal, once elsewhere", () => {
  const reading = (doneBytes: number): RunEvent => ({
    type: "source-read",
    source: "data\u001b[2J/scan.bin",
    doneBytes,
    totalBytes: 700 * 2 ** 20,
  });
  const preparing: RunEvent = { type: "run-preparing", pipeline: "walk", stages: 6 };
  const steps: Step[] = [
    { afterMs: 0, event: preparing },
    ...[70, 210].map((mib) => ({ afterMs: 500, event: reading(mib * 2 ** 20) })),
  ];
  const sink = createSink();
  playAtOnce(steps, (now) => createView("plain", sink, { now }));
  const lines = sink.text().split("\n").slice(0, -1);
  assert.deepEqual(lines, ["reading data/scan.bin (70.0 MiB of 700 MiB)"]);
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  try {
    const terminal = createTerminal(80, 12);
    playAtOnce(steps, (now) => {
      const view = createView("tree", terminal, { now });
      return {
        ...view,
        listener: (event) => {
          view.listener(event);
          mock.timers.tick(200);
          if (event.type !== "source-read") return;
          assert.match(
            terminal.text().join("\n"),
            /walk: 6 stages, reading data\/scan\.bin \((70\.0|210) MiB of 700 MiB\) {2}[01]s$/,
          );
        },
      };
    });
  } finally {
    mock.timers.reset();
  }
});

test("before a pipeline is loaded, and while it is prepared, a terminal shows what is done", () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  try {
    const terminal = createTerminal(80, 12);
    const view = createView("tree", terminal, { now: () => 0 });
    mock.timers.tick(50);
    assert.deepEqual(terminal.text(), []);
    mock.timers.tick(50);
    assert.match(terminal.text().join("\n"), /loading the pipeline$/);
    view.listener({ type: "run-preparing", pipeline: "walk", stages: 6 });
    view.listener({ type: "preparing", what: "audio", done: 2, total: 9 });
    mock.timers.tick(200);
    assert.match(terminal.text().join("\n"), /walk: 6 stages, preparing audio \(3 of 9\) {2}0s$/);
    view.close();
  } finally {
    mock.timers.reset();
  }
});

test("a line that a stage writes over again is shown as it stands, and counts as no line of the log", () => {
  const state = createRunState();
  const tell = (event: RunEvent) => applyEvent(state, event, 0);
  tell({ type: "stage-started", name: "a", drvPath: DRV });
  tell({ type: "stage-log", name: "a", line: "began" });
  tell({ type: "stage-progress", name: "a", line: "\u001b[2K 40% of 7" });
  const stage = state.stages.get("a");
  assert.deepEqual([stage?.lastLine, stage?.logLines], ["40% of 7", 1]);
});

function stateOf(stages: Record<string, { inputs?: string[]; expectedMs?: number }>, jobs = 2) {
  const state = createRunState();
  const names = Object.entries(stages).map(([name, { inputs = [] }]) => ({ name, inputs }));
  for (const { event } of scenarios.passes().slice(0, 1))
    if (event.type === "run-started") applyEvent(state, { ...event, stages: names, jobs }, 0);
  for (const [name, { expectedMs }] of Object.entries(stages))
    applyEvent(
      state,
      { type: "stage-planned", name, status: "build", ...(expectedMs !== undefined && { expectedMs }) },
      0,
    );
  return state;
}

test("the time left is the longest way, or all work by the jobs; of what nobody knows, nothing is said", () => {
  assert.equal(timeLeft(stateOf({ a: {}, b: {} }), 0), undefined);
  const chain = stateOf({
    a: { expectedMs: 100 },
    b: { inputs: ["a"], expectedMs: 200 },
    c: { expectedMs: 50 },
  });
  assert.equal(timeLeft(chain, 0), 300);
  applyEvent(chain, { type: "stage-started", name: "a", drvPath: DRV }, 10);
  assert.equal(timeLeft(chain, 50), 260);
  // One that takes longer than it did counts as almost done, and never as less than that.
  assert.equal(timeLeft(chain, 500), 200);
  const wide = stateOf(
    Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`s${n}`, { expectedMs: 100 }])),
    2,
  );
  assert.equal(timeLeft(wide, 0), 500);
  // What was never built counts as the others do on average.
  assert.equal(timeLeft(stateOf({ a: { expectedMs: 100 }, b: { inputs: ["a"] } }), 0), 200);
});

test("tree view shows, while it runs, what runs, how long, and what waits for it", (t) => {
  let screen = "";
  playOnScreen("passes", [100, 30], (terminal, { event }) => {
    if (event.type === "stage-log" && event.line === "rendered bar 7 of 20")
      screen = terminal.text().join("\n");
  });
  t.assert.fileSnapshot(`${screen}\n`, join(GOLDEN, "passes.tree-running.txt"), {
    serializers: [(value: string) => value],
  });
});

test("tree view never draws more rows than the screen has, and never leaves out a running stage that fits", () => {
  for (const size of [
    [40, 20],
    [80, 24],
    [120, 8],
  ] as const) {
    const running = new Set<string>();
    playOnScreen("many", size, (terminal, { event }) => {
      if (event.type === "stage-started") running.add(event.name);
      if (event.type === "stage-finished") running.delete(event.name);
      if (event.type === "run-finished") return;
      const screen = terminal.screen();
      assert.ok(
        screen.every((line) => line.length < size[0]),
        "a line of the region would wrap",
      );
      if (running.size > size[1] * 0.6) return;
      for (const name of running)
        assert.ok(
          screen.some((line) => line.includes(name)),
          name,
        );
    });
  }
});

test("tree view says how many running stages a very small screen leaves out", () => {
  let sawMore = false;
  playOnScreen("many", [60, 8], (terminal) => {
    sawMore ||= terminal.screen().some((line) => /^ {2}\d+ more running, \d+ more waiting$/.test(line));
  });
  assert.ok(sawMore);
});

test("tree view gives the cursor back and erases its region when closed in the middle of a run", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const terminal = createTerminal(120, 24);
    const view = createView("tree", terminal, { now: () => 0 });
    for (const { event } of scenarios.passes().slice(0, 9)) view.listener(event);
    mock.timers.tick(200);
    assert.equal(terminal.cursorShown(), false);
    assert.ok(terminal.text().length > 3);
    view.close();
    view.close();
    assert.equal(terminal.cursorShown(), true);
    assert.equal(terminal.text().length, 1);
  } finally {
    mock.timers.reset();
  }
});

test("tree view says that it is stopping", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const terminal = createTerminal(80, 24);
    const view = createView("tree", terminal, { now: () => 0 });
    for (const { event } of scenarios.passes().slice(0, 9)) view.listener(event);
    view.cancelling();
    mock.timers.tick(200);
    assert.match(terminal.text().at(-1) ?? "", /stopping$/);
    view.close();
  } finally {
    mock.timers.reset();
  }
});

test("tree view redraws after the window became narrower without eating the history", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const terminal = createTerminal(100, 30);
    const view = createView("tree", terminal, { now: () => 0 });
    for (const { event } of scenarios.cached()) {
      if (event.type === "run-finished") break;
      view.listener(event);
    }
    mock.timers.tick(200);
    const frames: string[] = [];
    const write = terminal.write.bind(terminal);
    terminal.write = (chunk: unknown): boolean => {
      frames.push(String(chunk));
      return write(String(chunk));
    };
    terminal.columns = 50;
    terminal.emit("resize");
    mock.timers.tick(200);
    mock.timers.tick(200);
    assert.match(terminal.text()[0] ?? "", /^monster-walk: 6 stages/);
    // The first frame of a new width erases the old rows before it draws; the others overwrite them in place.
    const eraseBelow = "\u001b[J";
    assert.deepEqual(
      frames.slice(0, 2).map((frame) => frame.indexOf(eraseBelow) < frame.indexOf("6 of 6 done")),
      [true, false],
    );
    view.close();
  } finally {
    mock.timers.reset();
  }
});

test("without symbols beyond ASCII, nothing else is written", () => {
  const text = playInto("fails", "plain", { unicode: false });
  assert.match(text, /^[\n -~]*$/);
});

test("quiet view is silent about a run that passes and tells all about a failure", () => {
  assert.equal(playInto("passes", "plain", { verbosity: "quiet" }), "");
  assert.equal(playInto("passes", "tree", { verbosity: "quiet" }), "");
  const text = playInto("fails", "plain", { verbosity: "quiet" });
  assert.match(text, /audio +failed after 3\.42s: it exited with 3/);
  assert.match(text, /RangeError/);
});

test("verbose view names what is cached or skipped and shows every log line", () => {
  const text = playInto("fails", "plain", { verbosity: "verbose" });
  assert.match(text, /^= proof +cached/m);
  assert.match(text, /^- song +skipped because of audio$/m);
  assert.match(text, /^audio \| sample 29$/m);
});

test("plain view gives a sign of life when nothing happens for long", () => {
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    let nowMs = 0;
    const sink = createSink();
    const view = createView("plain", sink, { now: () => nowMs });
    for (const { event } of scenarios.passes().slice(0, 8)) view.listener(event);
    nowMs = 61_000;
    mock.timers.tick(61_000);
    assert.match(sink.text(), /^still running: proof \(1m01s\); 0 of 6 done, ~4s left$/m);
    view.listener({ type: "stage-log", name: "proof", line: `fetched 40 of 91 files ${"x".repeat(99)}` });
    mock.timers.tick(30_000);
    view.close();
    assert.match(sink.text(), /^still running: proof \(1m01s: fetched 40 of 91 files x{37}\); 0 of 6/m);
  } finally {
    mock.timers.reset();
  }
});

test("json view is the events, one a line", () => {
  const events: unknown[] = playInto("fails", "json")
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  assert.deepEqual(
    events,
    scenarios.fails().map(({ event }): RunEvent => event),
  );
});

test("what a stage printed cannot steer the terminal", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const written: string[] = [];
    const terminal = createTerminal(80, 24);
    terminal.on("pipe", () => {});
    const write = terminal.write.bind(terminal);
    terminal.write = (chunk: unknown): boolean => {
      written.push(String(chunk));
      return write(String(chunk));
    };
    const view = createView("tree", terminal, { now: () => 0, verbosity: "verbose" });
    for (const { event } of scenarios.passes().slice(0, 8)) view.listener(event);
    view.listener({
      type: "stage-log",
      name: "proof",
      line: "\u001b]0;owned\u0007\u001b[2Jx\u009b5A",
    });
    mock.timers.tick(200);
    view.close();
    const text = written.join("");
    assert.ok(text.includes("proof | x"));
    assert.ok(!text.includes("owned") && !text.includes("\u001b[2J") && !text.includes("\u009b"));
  } finally {
    mock.timers.reset();
  }
});
