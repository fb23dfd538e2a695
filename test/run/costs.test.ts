// What a stage may cost is the engine's: it changes no path, is recorded with what held it, and a stage that takes more says so.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { StageRecord } from "#home/run-record.ts";
import { findingsOf } from "#release/findings.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const MIB = 2 ** 20;
const isRoot = process.getuid?.() === 0;

function pipelineOf(code: string, options: object, ofPipeline: object = {}): Record<string, string> {
  return {
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./a.ts"), {}, ${JSON.stringify(options)}) }, ${JSON.stringify(ofPipeline)});`,
    "a.ts": code,
  };
}

function stageA(project: Project): StageRecord {
  const stage = project.record().stages.find(({ name }) => name === "a");
  assert.ok(stage !== undefined);
  return stage;
}

const FINE =
  'export default (_, { cores }) => { console.log(`cores ${cores}`); return { "a.txt": "fine" }; };';

test("what a stage may cost changes neither its derivation nor its output, and the record says what held it", async () => {
  using project = new Project(pipelineOf(FINE, {}));
  await project.run();
  const plain = stageA(project);
  project.write(pipelineOf(FINE, { memoryBytes: 300 * MIB, cpus: 1, timeoutMs: 50_000, retries: 2 }));
  const again = await project.run();
  assert.equal(again.ends["a"], "cached");
  const { events } = await project.run({ force: ["a"] });
  const costly = stageA(project);
  assert.deepEqual([costly.drvPath, costly.outPath], [plain.drvPath, plain.outPath]);
  assert.ok(events.some((event) => event.type === "stage-log" && event.line === "cores 1"));
  const { memoryBytes, cpus, timeoutMs, processes } = costly.limits ?? {};
  assert.equal(memoryBytes?.limit, 300 * MIB);
  assert.match(memoryBytes?.by ?? "", isRoot ? /^cgroup[12]$/ : /^(cgroup[12]|procfs)$/);
  assert.equal(cpus?.limit, 1);
  assert.match(cpus?.by ?? "", /^(cgroup[12]|affinity)$/);
  assert.deepEqual(timeoutMs, { limit: 50_000, by: "pipelite" });
  assert.equal(processes?.limit, 4096);
  assert.equal(plain.limits?.cpus, undefined);
});

test("a stage says more than the run, the run more than the pipeline", { skip: sweep() }, async () => {
  const limitsWith = async (options: object, costs: object, ofPipeline: object) => {
    using project = new Project(pipelineOf(FINE, options, ofPipeline));
    await project.run({ costs });
    return stageA(project).limits;
  };
  const all = await limitsWith(
    { timeoutMs: 41_000 },
    { timeoutMs: 42_000, cpus: 1 },
    { cpus: 2, logBytes: 5000 },
  );
  assert.deepEqual([all?.timeoutMs?.limit, all?.cpus?.limit, all?.logBytes?.limit], [41_000, 1, 5000]);
  const late = await (async () => {
    using project = new Project(pipelineOf("export default () => { for (;;); };", {}, { timeoutMs: 1500 }));
    await project.run();
    return stageA(project).failure;
  })();
  assert.equal(late?.code, "STAGE_TIMED_OUT");
  assert.match(late.message, /stopped after 1500 ms/);
});

test("a TypeScript stage over its memory ends with that word, whatever it fills", async () => {
  const fillers = {
    heap: "const all = []; for (let i = 0; ; i += 1) all.push({ i, text: `${i}`.repeat(9) });",
    buffers: "const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));",
    string:
      'let text = "x"; const all = []; for (;;) { text = text.length < 2 ** 24 ? text + text : text; all.push(Buffer.from(text + all.length)); }',
  };
  for (const [name, code] of Object.entries(fillers)) {
    using project = new Project(pipelineOf(`export default () => { ${code} };`, { memoryBytes: 150 * MIB }));
    await project.run();
    const { failure } = stageA(project);
    assert.equal(failure?.code, "STAGE_MEMORY_LIMIT", `${name}: ${failure?.message}`);
    assert.match(failure.message, /ran out of memory: it may use 150 MiB/);
  }
});

test(
  "when one process of a stage is ended for want of memory, what the others made of its part is no output",
  { skip: peer("busybox") || (isRoot ? false : "not run: only a cgroup ends one process alone") },
  async () => {
    const script = "(head -c 200000000 /dev/zero | tail -c 190000000 | wc -c) > $0; true";
    using project = new Project({
      "pipeline.ts": `import { command, out, pipeline, tool } from "pipelite";
export default pipeline({ a: command(tool("busybox"), ["sh", "-c", ${JSON.stringify(script)}, out], { memoryBytes: ${30 * MIB} }) });`,
    });
    await project.run();
    const { failure, outPath } = stageA(project);
    assert.equal(failure?.code, "STAGE_MEMORY_LIMIT");
    assert.equal(outPath, undefined);
  },
);

/** Fails until it has been started so often in this home: by what it can see of the clock, every time otherwise. */
const FLAKY = `
export default () => {
  if (Math.random() < 2) { console.log("try"); process.exit(7); }
};`;

test(
  "a stage that failed is tried again after a pause, the tries are recorded, and one that then passes is a deviation",
  { skip: sweep() },
  async () => {
    using project = new Project(pipelineOf(FLAKY, { retries: 2 }));
    const start = performance.now();
    const { events, ends } = await project.run();
    assert.ok(performance.now() - start >= 3000, "pauses of 1 s and 2 s");
    assert.equal(ends["a"], "failed");
    const retries = events.flatMap((event) => (event.type === "stage-retry" ? [event] : []));
    assert.deepEqual(
      retries.map(({ name, code, attempt, attempts, pauseMs }) => ({
        name,
        code,
        attempt,
        attempts,
        pauseMs,
      })),
      [
        { name: "a", code: "STAGE_FAILED", attempt: 2, attempts: 3, pauseMs: 1000 },
        { name: "a", code: "STAGE_FAILED", attempt: 3, attempts: 3, pauseMs: 2000 },
      ],
    );
    const stage = stageA(project);
    assert.deepEqual(
      stage.failedAttempts?.map(({ failure, pauseMs }) => [failure.ending, failure.logTail, pauseMs]),
      [1000, 2000].map((pauseMs) => [{ kind: "exited", code: 7 }, ["try"], pauseMs]),
    );
    const record = project.record();
    const passed = { ...stage, status: "built" as const };
    const found = findingsOf({ record: { ...record, claims: [], stages: [passed] } });
    assert.deepEqual(
      found.map(({ kind, fingerprint }) => [kind, fingerprint]),
      [["retry", "a"]],
    );
    // What came of it is used by the next run: so is the deviation.
    const { failedAttempts: _, ...cached } = { ...stage, status: "cached" as const };
    const next = {
      record: { ...record, claims: [], stages: [cached] },
      earlier: [{ ...record, stages: [passed] }],
    };
    assert.deepEqual(
      findingsOf(next).map(({ kind }) => kind),
      ["retry"],
    );
  },
);

test("a limit that a stage met is not tried again, and neither is a stage that was cancelled in its pause", async () => {
  using project = new Project(
    pipelineOf("const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));", {
      memoryBytes: 100 * MIB,
      retries: 3,
    }),
  );
  await project.run();
  assert.equal(stageA(project).failedAttempts, undefined);
  using flaky = new Project(pipelineOf(FLAKY, { retries: 9 }));
  const stop = new AbortController();
  const { ends, status } = await flaky.run({
    signal: stop.signal,
    listener: (event) => event.type === "stage-retry" && stop.abort(),
  });
  assert.deepEqual([ends["a"], status], ["cancelled", "cancelled"]);
});

test("what is expected to take longest starts first, by earlier runs", async () => {
  const stages = (text: string) => ({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
const of = (name, more = {}) => stage(() => import("./quick.ts"), { text: "${text}", ...more }, { name });
const brief = of("brief"), long = of("long"), first = of("first");
export default pipeline({ brief, long, last: of("last", { first }) });`,
    "quick.ts": 'export default ({ text }) => ({ "a.txt": text });',
  });
  using project = new Project(stages("one"));
  const orderOf = async () => {
    const { events } = await project.run({ jobs: 1 });
    return events.flatMap((event) => (event.type === "stage-started" ? [event.name] : []));
  };
  const unknown = await orderOf();
  assert.equal(unknown[0], "first", "two stages are behind it, one behind each of the others");
  // What they took is put there: a busy machine has times of its own.
  const builds = new DatabaseSync(join(project.home, "pipelite/builds.sqlite"));
  const took = builds.prepare("update Builds set usage = json_set(usage, '$.wallMs', ?) where stage = ?");
  for (const [ms, name] of [
    [20, "brief"],
    [900, "long"],
    [300, "first"],
    [2000, "last"],
  ] as const)
    assert.equal(took.run(ms, name).changes, 1);
  builds.close();
  project.write(stages("two"));
  assert.deepEqual(await orderOf(), ["first", "last", "long", "brief"]);
});

test(
  "under Nix a stage is held to what Nix holds, and the record says what is not",
  { skip: peer("nix-store") },
  async () => {
    using project = new Project(pipelineOf(FINE, { memoryBytes: 300 * MIB, cpus: 1, timeoutMs: 50_000 }));
    const { events } = await project.run({ engine: "nix" });
    assert.deepEqual(stageA(project).limits, {
      memoryBytes: { limit: 300 * MIB, by: "nothing" },
      cpus: { limit: 1, by: "told" },
      timeoutMs: { limit: 50_000, by: "nix" },
    });
    assert.ok(events.some((event) => event.type === "stage-log" && event.line.includes("cores 1")));
    project.write(pipelineOf("export default () => { for (;;); };", { timeoutMs: 2000 }));
    await project.run({ engine: "nix" });
    assert.equal(stageA(project).failure?.code, "STAGE_TIMED_OUT");
  },
);
