// The jobs of the benchmark: what Pipelite does and what real Nix does for the same end, as two commands each. The start
// of Node is part of our time as the start of Nix is part of its own.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setAside } from "./aside.ts";
import { pullJobs, pushJobs, queryJobs } from "./cache-jobs.ts";
import { ENVIRONMENT_JOBS } from "./environment-jobs.ts";
import { cutoffJobs } from "./cutoff-jobs.ts";
import { writeGraph } from "./graph.ts";
import { imageJobs } from "./image-jobs.ts";
import { logJobs } from "./log-jobs.ts";
import { packJobs } from "./pack-jobs.ts";
import type { Job, Measured, Place, Side, WantedFigure } from "./measure.ts";
import { copyClosure, firstRun, graphOf, NIX_ENV } from "./nix.ts";
import { remoteJobs } from "./remote-jobs.ts";
import { SCALE_JOBS } from "./scale-jobs.ts";
import { STORE_JOBS } from "./store-jobs.ts";

const ROOT = join(import.meta.dirname, "..");
const MONSTER_WALK = join(ROOT, "examples/monster-walk");

export const JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  ...STORE_JOBS,
  ...ENVIRONMENT_JOBS,
  ...SCALE_JOBS,
  push: pushJobs,
  pull: pullJobs,
  query: queryJobs,
  cutoff: cutoffJobs,
  "scale-remote": remoteJobs,
  image: imageJobs,
  pack: packJobs,
  cold: coldJobs,
  "no-op": noOpJobs,
  log: logJobs,
  graph: (place) => [6, 1000].flatMap((stages) => graphJobs(place, stages)),
  "graph-10000": (place) => graphJobs(place, 10_000),
};

const STAGES = 100;

function coldJobs(place: Place): Job[] {
  const trivial = join(place.folder, "trivial");
  mkdirSync(trivial);
  writeFileSync(
    join(trivial, "pipeline.ts"),
    `import { command, out, pipeline, tool } from "pipelite";
const build = (index: number) => command(tool("busybox"), ["sh", "-c", "echo $0 > $1", String(index), out]);
const stages = Array.from({ length: ${STAGES} }, (_, index) => [\`stage-\${index}\`, build(index)] as const);
export default pipeline(Object.fromEntries(stages));
`,
  );
  const typed = join(place.folder, "typed");
  mkdirSync(typed);
  writeFileSync(
    join(typed, "pipeline.ts"),
    `import { pipeline, stage } from "pipelite";
const stages = Array.from({ length: ${STAGES} }, (_, index) => [\`stage-\${index}\`, stage(() => import("./stage.ts"), { index })] as const);
export default pipeline(Object.fromEntries(stages));
`,
  );
  writeFileSync(
    join(typed, "stage.ts"),
    'export default ({ index }: { index: number }) => ({ "index.txt": `${index}\\n` });\n',
  );
  return [
    coldJob(place, {
      name: "the Monster Walk",
      pipeline: MONSTER_WALK,
      repeats: 5,
      target: 0.95,
      limit:
        "The chain of proof, audio and validation is most of it, 4.7 s of processor on both sides, while little else can run. Ours besides: " +
        "before the first stage 0.5 s of processor, in which Node with its libraries is read, hashed, copied, and waited for until it is on the " +
        "disk (the other side has it in its store), and after the last one 0.2 s for claims, batch record and report. Bundling the " +
        "other stages, and holding their packages against the lock, is 1.4 s of processor beside the first ones.",
    }),
    coldJob(place, {
      name: `${STAGES} trivial stages`,
      pipeline: trivial,
      repeats: 5,
      target: 1,
      limit: "Claims and documents are the largest part beside the starts of the stages.",
    }),
    coldJob(place, {
      name: `${STAGES} trivial stages of TypeScript`,
      pipeline: typed,
      repeats: 5,
      target: 0.8,
      limit:
        "Each stage is a start of Node, 17 ms of processor, on both sides; both have two processors. What is left to win is the half " +
        "of Nix's own time that does not overlap with it.",
    }),
  ];
}

interface ColdRun {
  name: string;
  pipeline: string;
  repeats: number;
  target: number;
  limit: string;
}

const PARALLEL = "2";

function coldJob(place: Place, { name, pipeline, repeats, target, limit }: ColdRun): Job {
  return { name: `cold run of ${name}`, sides: coldSides(place, pipeline), repeats, target, limit };
}

/** Both build the same derivations in a store of their own; Nix finds its inputs there, we capture them first. */
export function coldSides({ folder, pipelite }: Place, pipeline: string): [ours: Side, nix: Side] {
  const own = join(folder, `cold-${basename(pipeline)}`);
  const [model, ours, theirs] = [`${own}-model`, `${own}-ours`, `${own}-nix`];
  const run = (home: string) =>
    [pipelite, "run", pipeline, "--no-link", "--quiet", "--jobs", PARALLEL, "--store", home] as const;
  const derivations = graphOf(model, firstRun(run(model), model));
  return [
    { name: "pipelite run", command: run(ours), prepare: () => setAside(ours) },
    {
      name: "nix-store --realise",
      command: ["nix-store", "--store", theirs, "--realise", "--max-jobs", PARALLEL, ...derivations],
      env: NIX_ENV,
      prepare: () => {
        setAside(theirs);
        copyClosure(model, theirs, derivations);
      },
    },
  ];
}

/** The layered graph: built, and found to be built. */
function graphJobs(place: Place, stages: number): Job[] {
  const pipeline = writeGraph(join(place.folder, `graph-${stages}`), stages);
  const name = `the graph of ${stages.toLocaleString("en")} stages`;
  const repeats = stages > 1000 ? 3 : 5;
  const cold = coldJob(place, {
    name,
    pipeline,
    repeats,
    target: 0.4,
    limit:
      "By processor time, one half is the stages with their sandboxes, a third the one thread of JavaScript that resolves, registers and " +
      "records them, the rest its collector of garbage and waiting for the disk, which Nix does not wait for. Before the first stage and after " +
      "the last one, a quarter of the time, one of two processors has nothing to do. A starter in C that does nothing else, with outputs registered: 0.25 of Nix.",
  });
  const home = join(place.folder, `no-op-${stages}`);
  const words = ["--no-link", "--quiet", "--store", home];
  const nothingMs = stages > 1000 ? 300 : 90;
  return [
    { ...cold, figures: coldFigures(name, stages) },
    {
      name: `run of ${name} with nothing to do`,
      sides: [
        { name: "pipelite run", command: [place.pipelite, "run", pipeline, ...words] },
        { name: "node -e 0", command: [process.execPath, "-e", "0"] },
      ],
      repeats: 20,
      target: stages > 1000 ? 12 : 3.5,
      limit:
        "Node's own start, the start of the command, and one look at each output and source; the note of the last run is read.",
      figures: [wallFigure(`run of ${name} with nothing to do`, nothingMs)],
    },
    {
      name: `plan of ${name} with nothing to do`,
      sides: [
        { name: "pipelite plan", command: [place.pipelite, "plan", pipeline, "--quiet", "--store", home] },
        { name: "pipelite run", command: [place.pipelite, "run", pipeline, ...words] },
      ],
      repeats: 10,
      target: 1.5,
      limit:
        "A plan loads pipeline.ts and works out every derivation; a run with nothing to do trusts the note of the last one.",
    },
    ...(stages > 6 ? [editJob(place, stages, name)] : []),
  ];
}

/** From the command to the start of the one stage whose words were changed. */
function editJob(place: Place, stages: number, name: string): Job {
  const pipeline = writeGraph(join(place.folder, `edit-${stages}`), stages);
  const file = join(pipeline, "pipeline.ts");
  const text = readFileSync(file, "utf8");
  const home = join(place.folder, `edit-home-${stages}`);
  const command = [place.pipelite, "run", pipeline, "--no-link", "--json", "--store", home] as const;
  let edits = 0;
  const prepare = (): void => {
    // The first time all is built, which is not measured.
    if (edits === 0) firstRun(command, home);
    edits += 1;
    writeFileSync(
      file,
      text.replace("`src ${index}`", `\`src \${index}\${index === ${stages - 1} ? " ${edits}" : ""}\``),
    );
  };
  const what = `edit of one stage in ${stages.toLocaleString("en")} to its start`;
  return {
    name: `${what}, of ${name}`,
    sides: [
      { name: "pipelite run", command, prepare, until: '"type":"stage-started"' },
      { name: "node -e 0", command: [process.execPath, "-e", "0"] },
    ],
    repeats: 10,
    target: stages > 1000 ? 40 : 6,
    limit: EDIT_LIMIT,
    figures: [
      ...(stages > 1000 ? [] : [wallFigure(what, 150)]),
      { name: `${what}: processor time until then`, unit: "ms", of: ({ cpuMs }) => cpuMs },
    ],
  };
}

const EDIT_LIMIT =
  "By a profile, of the main thread after Node's own start: a sixth loads our code and the parts of Node that it needs (child processes, " +
  "sockets, crypto), a seventh is the plan (a digest and a stat of each stage), an eighth pipeline.ts, which makes 1,000 handles; the " +
  "program that starts stages and garbage collection are a sixteenth each, the first part of the command, the databases and the graph a " +
  "twentieth each. What is cached is recorded, and the whole graph written, after the first stage has started.";

function wallFigure(name: string, target: number): WantedFigure {
  return { name, unit: "ms", of: ({ minMs }) => minMs, target };
}

function coldFigures(name: string, stages: number): WantedFigure[] {
  const memory = { 1000: 150, 10_000: 400 }[stages];
  if (memory === undefined) return [];
  const each = (figure: "cpuMs" | "mainMs") => (ours: Measured) => ours[figure] / stages;
  return [
    {
      name: `memory of the run process, cold run of ${name}`,
      unit: "MiB",
      of: ({ peakMib }) => peakMib,
      target: memory,
      isSteady: true,
      limit: MEMORY_LIMIT,
    },
    {
      name: `main thread a stage, cold run of ${name}`,
      unit: "ms",
      of: each("mainMs"),
      target: 2,
      limit: THREAD_LIMIT,
    },
    { name: `all processor time a stage, cold run of ${name}`, unit: "ms", of: each("cpuMs") },
  ];
}

const MEMORY_LIMIT =
  "Node alone has 41 MiB, our code with what it loads 50 more. A stage adds 26 KB that are needed to the end: its two dozen claims, held " +
  "until they are written, are a third of it; the rest is its node, what it was prepared from, and its record.";
const THREAD_LIMIT =
  "By a profile of processor time it is flat: no function has more than a fortieth. A sixth is the kernel (locks that are linked and " +
  "unlinked, pages of the two databases, hand-overs to threads), a fourteenth SQLite itself, a sixth the end of the run (claims, record, " +
  "result tree); the rest is JavaScript with what V8 does for it. A loop that only starts, hashes and registers takes 0.3 ms.";

function noOpJobs({ folder, pipelite }: Place): Job[] {
  const env = { PIPELITE_HOME: join(folder, "no-op") };
  const command = [pipelite, "run", MONSTER_WALK, "--out", join(folder, "result")] as const;
  return [
    {
      name: "run of the Monster Walk with nothing to do",
      sides: [
        { name: "pipelite run", command, env },
        { name: "node -e 0", command: [process.execPath, "-e", "0"] },
      ],
      repeats: 30,
      target: 2,
      limit:
        "Node's own start is half. The rest is 160 KB of our code, of which each function is compiled when it is first called, and what " +
        "the run does: it looks at 120 files, asks the database of the store once and writes a line of the journal. The floor is near 1.5.",
    },
  ];
}
