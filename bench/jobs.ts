// The jobs of the benchmark: what Pipelite does and what real Nix does for the same end, as two commands each. The start
// of Node is part of our time as the start of Nix is part of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { removeTree } from "#base/files.ts";
import type { Side } from "./measure.ts";
import { copyClosure, graphOf, NIX_ENV } from "./nix.ts";

const ROOT = join(import.meta.dirname, "..");
const MONSTER_WALK = join(ROOT, "examples/monster-walk");

export interface Job {
  name: string;
  /** Ours first. */
  sides: readonly [Side, Side];
  repeats: number;
  /** The quickest of ours over the quickest of the other must not be more. */
  target: number;
}

export interface Place {
  /** An empty folder for everything that is made. */
  folder: string;
  /** The installed command. */
  pipelite: string;
}

export const JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  hash: hashJobs,
  add: addJobs,
  cold: coldJobs,
  "no-op": noOpJobs,
};

interface Tree {
  name: string;
  path: string;
  repeats: number;
}

const FILE_SIZE = 512 * 1024 * 1024;
const FOLDERS = 100;
const FILES_PER_FOLDER = 100;
const SMALL_FILE_SIZE = 4096;

function trees(folder: string): { file: Tree; files: Tree } {
  const file = join(folder, "file");
  const files = join(folder, "files");
  writeNoise(file, FILE_SIZE);
  for (let at = 0; at < FOLDERS; at += 1) {
    const below = join(files, `folder-${at}`);
    mkdirSync(below, { recursive: true });
    for (let index = 0; index < FILES_PER_FOLDER; index += 1) {
      writeNoise(join(below, `file-${index}`), SMALL_FILE_SIZE, at * FILES_PER_FOLDER + index);
    }
  }
  const mebibytes = FILE_SIZE / 1024 / 1024;
  const count = (FOLDERS * FILES_PER_FOLDER).toLocaleString("en");
  return {
    file: { name: `a file of ${mebibytes} MiB`, path: file, repeats: 15 },
    files: { name: `${count} files of ${SMALL_FILE_SIZE / 1024} KiB`, path: files, repeats: 15 },
  };
}

/** Bytes without a pattern that are the same in every run: xorshift from a fixed start. */
function writeNoise(path: string, size: number, start = 0): void {
  const words = new Uint32Array(Math.min(size, 1024 * 1024) / 4);
  let state = 0x9e3779b9 ^ start;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  const block = Buffer.from(words.buffer);
  writeFileSync(path, "");
  for (let written = 0; written < size; written += block.length) writeFileSync(path, block, { flag: "a" });
}

/** A program of a few lines that uses the installed package as a user of the library would. */
function script({ pipelite }: Place, code: string, ...words: string[]): Side["command"] {
  const store = join(pipelite, "../../pipelite/dist/store.js");
  const whole = `import { hashTree, openStore } from ${JSON.stringify(store)};\n${code}`;
  const node = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", whole];
  return [process.execPath, ...node, ...words];
}

function hashJobs(place: Place): Job[] {
  const { file, files } = trees(place.folder);
  const code = "console.log(Buffer.from((await hashTree(process.argv[1])).narHash).toString('hex'))";
  return [
    { ...file, target: 1.15 },
    { ...files, target: 1.3 },
  ].map(({ name, path, repeats, target }) => ({
    name: `NAR hash of ${name}`,
    sides: [
      { name: "pipelite", command: script(place, code, path) },
      { name: "nix-hash", command: ["nix-hash", "--type", "sha256", path] },
    ],
    repeats,
    target,
  }));
}

function addJobs(place: Place): Job[] {
  const { file, files } = trees(place.folder);
  const [ours, theirs] = [join(place.folder, "add-ours"), join(place.folder, "add-nix")];
  const code = `
    const store = openStore(process.argv[1]);
    console.log((await store.addTree(process.argv[2], { name: "source" })).path);
    store.close();`;
  return [file, files].map(({ name, path, repeats }) => ({
    name: `add ${name} to a new store`,
    sides: [
      { name: "pipelite", command: script(place, code, ours, path), prepare: () => removeTree(ours) },
      {
        name: "nix-store --add",
        command: ["nix-store", "--store", theirs, "--add", path],
        env: NIX_ENV,
        prepare: () => removeTree(theirs),
      },
    ],
    repeats,
    target: 1,
  }));
}

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
