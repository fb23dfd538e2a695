// The jobs of the benchmark: what Pipelite does and what real Nix does for the same end, as two commands each. The start
// of Node is part of our time as the start of Nix is part of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { removeTree } from "#base/files.ts";
import type { Job, Place } from "./measure.ts";
import { copyClosure, graphOf, NIX_ENV } from "./nix.ts";
import { STORE_JOBS } from "./store-jobs.ts";

const ROOT = join(import.meta.dirname, "..");
const MONSTER_WALK = join(ROOT, "examples/monster-walk");

export const JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  ...STORE_JOBS,
  cold: coldJobs,
  "no-op": noOpJobs,
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
    coldJob(place, { name: "the Monster Walk", pipeline: MONSTER_WALK, repeats: 5 }),
    coldJob(place, { name: `${STAGES} trivial stages`, pipeline: trivial, repeats: 5 }),
  ];
}

interface ColdRun {
  name: string;
  pipeline: string;
  repeats: number;
}

const PARALLEL = "2";

/** Both build the same derivations in a store of their own; Nix finds its inputs there, we capture them first. */
function coldJob({ folder, pipelite }: Place, { name, pipeline, repeats }: ColdRun): Job {
  const own = join(folder, basename(pipeline));
  const [model, ours, theirs] = [`${own}-model`, `${own}-ours`, `${own}-nix`];
  const run = (home: string) =>
    [pipelite, "run", pipeline, "--no-link", "--jobs", PARALLEL, "--store", home] as const;
  const derivations = graphOf(model, firstRun(run(model), model));
  return {
    name: `cold run of ${name}`,
    sides: [
      { name: "pipelite run", command: run(ours), prepare: () => removeTree(ours) },
      {
        name: "nix-store --realise",
        command: ["nix-store", "--store", theirs, "--realise", "--max-jobs", PARALLEL, ...derivations],
        env: NIX_ENV,
        prepare: () => {
          removeTree(theirs);
          copyClosure(model, theirs, derivations);
        },
      },
    ],
    repeats,
    target: 1,
  };
}

/** Makes the run whose derivations both will build. @returns its id. */
function firstRun([program, ...words]: readonly [string, ...string[]], home: string): string {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The first run failed: ${stderr}`);
  const [record] = readdirSync(join(home, "pipelite/runs"));
  if (record === undefined) throw new Error("The first run left no record");
  return record.slice(0, -".json".length);
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
