// Scripted runs that drive the views: by tests with a clock of their own, and by hand on a terminal:
// `node test/view/scenario.ts [SCENARIO] [VIEW] [SPEED]`, with --verbose or --quiet.
import { setTimeout as sleep } from "node:timers/promises";
import type { RunEvent } from "#home/events.ts";
import type { StageStatus } from "#home/run-record.ts";
import { createView } from "#view/open-view.ts";
import type { View, Verbosity, ViewKind } from "#view/view.ts";
import { wantsColor } from "#view/paint.ts";

/** An event and how many milliseconds of the run's time pass before it. */
export interface Step {
  afterMs: number;
  event: RunEvent;
}

const DRV = "/nix/store/1234567890abcdfghijklmnpqrsvwxyz";
const COUNTS: Record<StageStatus, number> = {
  built: 0,
  cached: 0,
  substituted: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
};

const WALK = [
  { name: "proof", inputs: ["facts.json"] },
  { name: "audio", inputs: ["proof"] },
  { name: "prompts", inputs: ["proof", "audio"] },
  { name: "song", inputs: ["audio", "prompts"] },
  { name: "validation", inputs: ["audio", "proof"] },
  { name: "perf", inputs: ["song", "validation"] },
];

type Stages = { name: string; inputs: string[] }[];

function start(stages: Stages, sandbox: "bubblewrap" | "none" = "bubblewrap"): Step {
  const tried =
    sandbox === "none"
      ? [
          { kind: "bubblewrap", reason: "bwrap not found" },
          { kind: "unshare", reason: "user namespaces are off" },
        ]
      : [];
  return {
    afterMs: 0,
    event: {
      type: "run-started",
      runId: "20261121-035102-7f3a",
      pipeline: "monster-walk",
      pipelineFile: "/project/monster-walk/pipeline.ts",
      params: {},
      host: { system: "x64-linux", kernel: "6.1", cores: 2, node: "26.10.0", pipelite: "0.1.0" },
      startedAt: "2026-11-21T03:51:02.000Z",
      engine: "embedded",
      sandbox: sandbox === "none" ? { kind: sandbox, tried } : { kind: sandbox, version: "0.8.0", tried },
      stages,
      jobs: 2,
    },
  };
}

function planned(name: string, text?: string): Step {
  if (text === undefined) return { afterMs: 5, event: { type: "stage-planned", name, status: "cached" } };
  const reason = { kind: "code", text } as const;
  return { afterMs: 5, event: { type: "stage-planned", name, status: "build", reason } };
}

function begin(afterMs: number, name: string, expectedMs?: number): Step {
  const event = { type: "stage-started", name, drvPath: `${DRV}-${name}.drv` } as const;
  return { afterMs, event: expectedMs === undefined ? event : { ...event, expectedMs } };
}

function log(afterMs: number, name: string, line: string): Step {
  return { afterMs, event: { type: "stage-log", name, line } };
}

const DECLARED = { kind: "stage" as const, place: "pipeline.ts:12:15", inputs: [] };

function end(afterMs: number, name: string, status: StageStatus, durationMs: number, narSize = 86016): Step {
  const event = { type: "stage-finished", name, ...DECLARED, status, durationMs } as const;
  const done = status === "built" || status === "cached";
  return { afterMs, event: done ? { ...event, narSize, outPath: `/nix/store/${name}` } : event };
}

function finish(steps: readonly Step[], status: "passed" | "failed" | "cancelled", durationMs: number): Step {
  const counts = { ...COUNTS };
  const stages: { name: string; status: StageStatus }[] = [];
  for (const { event } of steps) {
    if (event.type !== "stage-finished") continue;
    counts[event.status] += 1;
    stages.push({ name: event.name, status: event.status });
  }
  const claims = steps.filter(({ event }) => event.type === "claim").length;
  const runId = "20261121-035102-7f3a";
  const event = {
    type: "run-finished",
    runId,
    status,
    stages,
    claims,
    durationMs,
    counts,
  } as const;
  const tree = { tree: "/nix/store/00000000000000000000000000000000-monster-walk", link: "result" };
  return { afterMs: 20, event: status === "passed" ? { ...event, ...tree } : event };
}

function claim(id: string, status: string): Step {
  const event = {
    type: "claim",
    id,
    kind: status === "recorded" ? "figure" : "check",
    statement: id,
    value: 1,
    status,
    formula: "$1",
    evidence: ["x"],
  } satisfies RunEvent;
  return { afterMs: 1, event };
}

function passes(): Step[] {
  const steps = [
    start(WALK),
    ...WALK.map(({ name }) => planned(name, name === "song" ? "stages/song.ts changed" : "first build")),
    begin(50, "proof", 1100),
    log(300, "proof", "checked the order: 46 factors of two"),
    end(900, "proof", "built", 1234),
    begin(10, "audio", 6000),
    ...Array.from({ length: 20 }, (_, bar) => log(150, "audio", `rendered bar ${bar + 1} of 20`)),
    end(300, "audio", "built", 3421, 10_700_000),
    begin(10, "prompts"),
    begin(10, "validation", 2000),
    end(700, "prompts", "built", 712, 2048),
    begin(10, "song", 4000),
    log(
      300,
      "song",
      "\u001b[31mcomposing\u001b[0m\tverse 1\r\u001b[2Kverse 2 — 日本語の行はここにある、とても長いので切られる必要があります",
    ),
    end(1500, "validation", "built", 2200, 4096),
    end(1500, "song", "built", 3310, 1_760_000),
    begin(10, "perf"),
    end(200, "perf", "built", 204, 1024),
    ...["order", "walk", "chord"].map((id) => claim(id, "holds")),
    claim("limits", "not-computable"),
  ];
  return [...steps, finish(steps, "passed", 9432)];
}

function cached(): Step[] {
  const ends = WALK.map(({ name }) => end(5, name, "cached", 0));
  const steps = [start(WALK), ...WALK.map(({ name }) => planned(name)), ...ends];
  return [...steps, finish(steps, "passed", 92)];
}

function fails(): Step[] {
  const logTail = Array.from({ length: 8 }, (_, line) => `sample ${line + 4000}: 0.${line}`);
  const failed: Step = {
    afterMs: 400,
    event: {
      type: "stage-finished",
      name: "audio",
      ...DECLARED,
      status: "failed",
      durationMs: 3421,
      failure: {
        code: "STAGE_FAILED",
        message: "Stage 'audio' failed: it exited with 3",
        hint: "pipelite run --keep-going goes on with stages that do not need it",
        place: "pipeline.ts:12:15",
        ending: { kind: "exited", code: 3 },
        logTail: [...logTail, "RangeError: seconds is 0, and a chord needs at least 1"],
      },
    },
  };
  const skip = (name: string): Step => ({
    afterMs: 1,
    event: { type: "stage-finished", name, ...DECLARED, status: "skipped", durationMs: 0, because: "audio" },
  });
  const steps = [
    start(WALK, "none"),
    planned("proof"),
    planned("audio", "param seconds: 10 -> 0"),
    end(5, "proof", "cached", 0),
    begin(10, "audio", 6000),
    ...Array.from({ length: 30 }, (_, line) => log(60, "audio", `sample ${line}`)),
    failed,
    ...["prompts", "song", "validation", "perf"].map(skip),
  ];
  return [...steps, finish(steps, "failed", 3571)];
}

/** Forty renderers after one source and before one sum: more than a screen holds, eight at a time. */
function many(): Step[] {
  const renders = Array.from({ length: 40 }, (_, index) => `render-${String(index + 1).padStart(2, "0")}`);
  const stages = [
    { name: "scene", inputs: [] },
    ...renders.map((name) => ({ name, inputs: ["scene"] })),
    { name: "film", inputs: renders },
    { name: "poster", inputs: ["film"] },
  ];
  const steps = [start(stages), begin(10, "scene"), end(1500, "scene", "built", 1500)];
  const running: string[] = [];
  for (const name of renders) {
    running.push(name);
    steps.push(begin(30, name, 2500), log(5, name, `frame ${name}`));
    if (running.length === 12) steps.push(end(300, running.shift() ?? "", "built", 1800));
  }
  for (const name of running) steps.push(end(200, name, "built", 900));
  steps.push(begin(10, "film"), end(900, "film", "built", 900), begin(10, "poster"));
  steps.push(end(300, "poster", "built", 300));
  return [...steps, finish(steps, "passed", 21_000)];
}

/** Stopped by Ctrl-C while two of two hundred stages ran. */
function cancels(): Step[] {
  const names = Array.from({ length: 200 }, (_, index) => `shard-${index + 1}`);
  const steps = [
    start(names.map((name) => ({ name, inputs: [] }))),
    begin(10, "shard-1"),
    begin(10, "shard-2"),
    end(900, "shard-1", "built", 910),
    end(50, "shard-2", "cancelled", 940),
    ...names.slice(2).map((name) => end(0, name, "cancelled", 0)),
  ];
  return [...steps, finish(steps, "cancelled", 1100)];
}

export const scenarios = { passes, cached, fails, many, cancels } as const;

/** Plays a scenario at once on a clock of its own; returns that clock for the view. */
export function playAtOnce(steps: readonly Step[], open: (now: () => number) => View): void {
  let nowMs = 0;
  const view = open(() => nowMs);
  for (const { afterMs, event } of steps) {
    nowMs += afterMs;
    view.listener(event);
  }
  view.close();
}

async function playOnTerminal(args: readonly string[]): Promise<void> {
  const words = args.filter((arg) => !arg.startsWith("--"));
  const name = Object.keys(scenarios).find((key) => key === words[0]) ?? "passes";
  const steps = scenarios[name as keyof typeof scenarios]();
  const kind = (words[1] ?? "tree") as ViewKind;
  const verbosity: Verbosity = args.includes("--verbose")
    ? "verbose"
    : args.includes("--quiet")
      ? "quiet"
      : "normal";
  const view = createView(kind, process.stderr, {
    color: wantsColor("auto", process.stderr),
    verbosity,
  });
  process.on("exit", () => view.close());
  process.once("SIGINT", () => {
    view.cancelling();
    setTimeout(() => process.exit(130), 1000);
  });
  for (const { afterMs, event } of steps) {
    await sleep(afterMs / Number(words[2] ?? 1));
    view.listener(event);
  }
}

if (import.meta.main) await playOnTerminal(process.argv.slice(2));
