// The jobs of the benchmark: what Pipelite does and what real Nix does for the same end, as two commands each. The start
// of Node is part of our time as the start of Nix is part of its own.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeGraph } from "./graph.ts";
import type { Job, Place } from "./measure.ts";
import { copyClosure, graphOf, NIX_ENV } from "./nix.ts";
import { STORE_JOBS } from "./store-jobs.ts";

const ROOT = join(import.meta.dirname, "..");
const MONSTER_WALK = join(ROOT, "examples/monster-walk");

export const JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  ...STORE_JOBS,
  cold: coldJobs,
  "no-op": noOpJobs,
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
  return [
    coldJob(place, { name: "the Monster Walk", pipeline: MONSTER_WALK, repeats: 5, target: 1 }),
    coldJob(place, { name: `${STAGES} trivial stages`, pipeline: trivial, repeats: 5, target: 1 }),
  ];
}

interface ColdRun {
  name: string;
  pipeline: string;
  repeats: number;
  target: number;
}

const PARALLEL = "2";

/** Both build the same derivations in a store of their own; Nix finds its inputs there, we capture them first. */
function coldJob({ folder, pipelite }: Place, { name, pipeline, repeats, target }: ColdRun): Job {
  const own = join(folder, `cold-${basename(pipeline)}`);
  const [model, ours, theirs] = [`${own}-model`, `${own}-ours`, `${own}-nix`];
  const run = (home: string) =>
    [pipelite, "run", pipeline, "--no-link", "--quiet", "--jobs", PARALLEL, "--store", home] as const;
  const derivations = graphOf(model, firstRun(run(model), model));
  return {
    name: `cold run of ${name}`,
    sides: [
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
    ],
    repeats,
    target,
  };
}

let asides = 0;

/**
 * Out of the way, to be removed when all is measured: ext4 passes over inodes that were freed a moment ago one by one, so
 * a removal just before would be measured as well.
 */
function setAside(folder: string): void {
  if (existsSync(folder)) renameSync(folder, `${folder}-${(asides += 1)}`);
}

/** Makes the run whose derivations both will build. @returns its id. */
function firstRun([program, ...words]: readonly [string, ...string[]], home: string): string {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The first run failed: ${stderr}`);
  const [record] = readdirSync(join(home, "pipelite/runs"));
  if (record === undefined) throw new Error("The first run left no record");
  return record.slice(0, -".json".length);
}

/** The layered graph: built, and found to be built. */
function graphJobs(place: Place, stages: number): Job[] {
  const pipeline = writeGraph(join(place.folder, `graph-${stages}`), stages);
  const name = `the graph of ${stages.toLocaleString("en")} stages`;
  const repeats = stages > 1000 ? 3 : 5;
  const cold = coldJob(place, { name, pipeline, repeats, target: 0.4 });
  const home = join(place.folder, `no-op-${stages}`);
  const words = ["--no-link", "--quiet", "--store", home];
  return [
    cold,
    {
      name: `run of ${name} with nothing to do`,
      sides: [
        { name: "pipelite run", command: [place.pipelite, "run", pipeline, ...words] },
        { name: "node -e 0", command: [process.execPath, "-e", "0"] },
      ],
      repeats: 20,
      target: stages > 1000 ? 12 : 3.5,
    },
    {
      name: `plan of ${name} with nothing to do`,
      sides: [
        { name: "pipelite plan", command: [place.pipelite, "plan", pipeline, "--quiet", "--store", home] },
        { name: "pipelite run", command: [place.pipelite, "run", pipeline, ...words] },
      ],
      repeats: 10,
      target: 1.5,
    },
  ];
}

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
    },
  ];
}
