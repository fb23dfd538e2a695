// The jobs of the benchmark that are about the store alone: hashing, adding, registering, collecting.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { setAside } from "./aside.ts";
import type { Job, Place, Side } from "./measure.ts";
import { NIX_ENV } from "./nix.ts";
import { inProcess, script } from "./script.ts";

export const STORE_JOBS: Readonly<Record<string, (place: Place) => Job[]>> = {
  hash: hashJobs,
  add: addJobs,
  register: registerJobs,
  database: databaseJobs,
  collect: (place) => collectJobs(place, 10_000, 3),
  // Takes minutes to make: measured by name only.
  "collect-100000": (place) => collectJobs(place, 100_000, 1),
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

const ONE_FILE =
  "sha256 itself, by the processor's own instructions on both sides, is 80 %, and copying out of the page cache most of the rest: " +
  "0.95 is the floor.";
const MANY_FILES =
  "`open`, `fstat`, `read` and `close` of each file through Node are two thirds of the time, sha256 a fifth; more threads don't help on two cores.";

const ONE_FILE_ADDED =
  "One thread reads and hashes, another writes, and the disk takes what is written meanwhile; the rest is waited for (docs/store.md). The " +
  "row of cp and sync says how long this disk takes at least.";
const MANY_FILES_ADDED =
  "To make, write and close 10,000 files takes the kernel most of the time of `cp -r`, which is the floor; ours lists, reads and hashes each besides, " +
  "with the start of Node, and waits until all is on the disk, which Nix does not.";

/** Once with the start of Node, and once without: how fast a process is that hashes more than one thing. */
function hashJobs(place: Place): Job[] {
  const { file, files } = trees(place.folder);
  const hash = "(await hashTree(process.argv[1])).narHash";
  const whole = `console.log(Buffer.from(${hash}).toString("hex"));`;
  const inProcess = timed("", hash);
  return [
    { ...file, code: inProcess, timesItself: true, target: 1, limit: ONE_FILE },
    { ...files, code: inProcess, timesItself: true, target: 1, limit: MANY_FILES },
    {
      ...files,
      code: whole,
      timesItself: false,
      target: 1.3,
      limit: `${MANY_FILES} The start of Node is 20 ms more.`,
    },
  ].map(({ name, path, repeats, code, timesItself, target, limit }) => ({
    name: `NAR hash of ${name}, ${timesItself ? "in process" : "with the start of Node"}`,
    sides: [
      { name: "pipelite", command: script(place, code, path), timesItself },
      { name: "nix-hash", command: ["nix-hash", "--type", "sha256", path] },
    ],
    repeats,
    target,
    limit,
  }));
}

/** Code that prints how many milliseconds `action` takes, after `setUp`. */
function timed(setUp: string, action: string): string {
  return `${setUp}\nconst start = performance.now();\n${action};\nconsole.log(performance.now() - start);`;
}

/**
 * Ours waits until what it adds is on the disk. Nix does not, so its command is held against ours twice: as it is, and with
 * syncfs(2) behind it, which leaves both where a loss of power takes nothing. The least that a store can take that waits is told by a copy
 * that does nothing else.
 */
function addJobs(place: Place): Job[] {
  const { file, files } = trees(place.folder);
  const [ours, theirs] = [join(place.folder, "add-ours"), join(place.folder, "add-nix")];
  const aside = join(place.folder, "aside");
  mkdirSync(aside);
  const code = `
    const store = openStore(process.argv[1]);
    console.log((await store.addTree(process.argv[2], { name: "source" })).path);
    store.close();`;
  return [
    { ...file, target: 0.95, limit: ONE_FILE_ADDED, clear: (path: string): void => removeTree(path) },
    // So many inodes that were freed a moment ago are a burden to whoever comes next.
    { ...files, target: 0.5, limit: MANY_FILES_ADDED, clear: (path: string): void => setAside(path, aside) },
  ].flatMap(({ name, path, repeats, target, limit, clear }) => {
    const clearing = (made: string) => ({ env: NIX_ENV, prepare: () => clear(made) });
    const add = ["nix-store", "--store", theirs, "--add", path] as const;
    const nix: Side = {
      name: "nix-store --add, which leaves it to the system to write it",
      command: add,
      ...clearing(theirs),
    };
    const durableNix: Side = {
      name: "nix-store --add, then sync",
      command: ["sh", "-c", '"$@" && sync -f "$3"', "sh", ...add],
      ...clearing(theirs),
    };
    const pipelite: Side = { name: "pipelite", command: script(place, code, ours, path), ...clearing(ours) };
    const copy: Side = {
      name: "cp -r, then sync",
      command: ["sh", "-c", 'cp -r "$1" "$2" && sync -f "$2"', "sh", path, ours],
      ...clearing(ours),
    };
    const what = `add ${name} to a new store`;
    return [
      { name: `${what}, until it is on the disk`, sides: [pipelite, durableNix], repeats, target, limit },
      { name: what, sides: [pipelite, nix], repeats, target, limit },
      {
        name: `the floor: cp and sync in our place, ${what}`,
        sides: [copy, nix],
        repeats: 5,
        target,
        limit: "It neither hashes nor registers: no store that waits for this disk is quicker.",
      },
    ] satisfies Job[];
  });
}

const OUTPUT_FOLDERS = 200;

/** What a builder made becomes a path, in process; beside it Nix adds the same tree, with its start and its copy. */
function registerJobs(place: Place): Job[] {
  const source = join(place.folder, "output");
  for (let at = 0; at < OUTPUT_FOLDERS; at += 1) {
    const below = join(source, `folder-${at}`);
    mkdirSync(below, { recursive: true });
    for (let index = 0; index < 100; index += 1)
      writeFileSync(join(below, `file-${index}`), `${at} ${index} `.repeat(50));
  }
  const [ours, theirs] = [join(place.folder, "register-ours"), join(place.folder, "register-nix")];
  const setUp = `
    import { cpSync } from "node:fs";
    const store = openStore(process.argv[1]);
    const scratch = process.argv[1] + "/made";
    cpSync(process.argv[2], scratch, { recursive: true });
    const scratchPath = "/nix/store/" + "0".repeat(32) + "-output";`;
  const action = "await store.registerOutputs([{ scratch, scratchPath, name: 'output', references: [] }])";
  return [
    {
      name: `register an output of ${(OUTPUT_FOLDERS * 100).toLocaleString("en")} files`,
      sides: [
        {
          name: "pipelite, in process",
          command: script(place, timed(setUp, action), ours, source),
          prepare: () => removeTree(ours),
          timesItself: true,
        },
        {
          name: "nix-store --add",
          command: ["nix-store", "--store", theirs, "--add", source],
          env: NIX_ENV,
          prepare: () => removeTree(theirs),
        },
      ],
      repeats: 5,
      target: 0.8,
      limit:
        "`open`, `fstat`, `read` and `close` of each file through Node, and sha256; then the disk is waited for. Nix copies the tree besides.",
    },
  ];
}

const KNOWN_PATHS = 10_000;

/**
 * A store learns of many paths that are there, each of which needs the five before it, and tells the closure of the last. Nix does so
 * from the text that `--load-db` takes; both databases are new, and the paths themselves are of no matter to either.
 */
function databaseJobs(place: Place): Job[] {
  const [ours, theirs] = [join(place.folder, "database-ours"), join(place.folder, "database-nix")];
  const list = join(place.folder, "paths.txt");
  const hash = "0".repeat(64);
  const names = Array.from({ length: KNOWN_PATHS }, (_, at) => {
    const digest = at.toString().padStart(32, "0");
    return `/nix/store/${digest}-path-${at}`;
  });
  const text = names.map((path, at) => {
    const references = names.slice(Math.max(0, at - 5), at);
    return [path, hash, "120", "", String(references.length), ...references, ""].join("\n");
  });
  writeFileSync(list, text.join(""));
  const last = names.at(-1) ?? "";
  const read = `
    import { readFileSync } from "node:fs";
    import { openDatabase } from "#store/database.ts";
    import { openStore } from "#store/index.ts";
    import { layoutOf } from "#store/layout.ts";
    import { closure, isValid, storeDatabase } from "#store/query.ts";
    import { registerPaths } from "#store/register.ts";
    const lines = readFileSync(process.argv[2], "utf8").split("\\n");
    const registrations = [];
    for (let at = 0; at + 5 <= lines.length;) {
      const [path, hash, size, , count] = lines.slice(at, at + 5);
      const references = lines.slice(at + 5, at + 5 + Number(count));
      registrations.push({ path, narHash: Buffer.from(hash, "hex"), narSize: Number(size), references });
      at += 5 + Number(count);
    }
    const layout = layoutOf(process.argv[1]);
    openStore(process.argv[1]).close();
    const store = storeDatabase(layout, openDatabase(layout, { readOnly: false }));`;
  const register = "registerPaths(store, registrations)";
  const load = `nix-store --store ${theirs} --load-db < ${list}`;
  const query = `const paths = closure(store, [${JSON.stringify(last)}]); if (paths.length !== ${KNOWN_PATHS}) throw new Error(paths.length)`;
  const count = KNOWN_PATHS.toLocaleString("en");
  return [
    {
      name: `register ${count} paths`,
      sides: [
        {
          name: "pipelite, in process",
          ...inProcess(read, register, ours, list),
          prepare: () => removeTree(ours),
        },
        {
          name: "nix-store --load-db",
          command: ["sh", "-c", load],
          env: NIX_ENV,
          prepare: () => removeTree(theirs),
        },
      ],
      repeats: 15,
      target: 0.3,
      limit:
        "One transaction of 60,000 rows with their indices. By processor time the rows of Refs, which go to SQLite as numbers in a few pieces, are " +
        "three quarters: each has two places in B-trees.",
    },
    {
      name: `closure of ${count} paths`,
      sides: [
        {
          name: "pipelite, in process",
          ...inProcess(
            `${read}\nif (!isValid(store, registrations[0].path)) ${register};`,
            query,
            ours,
            list,
          ),
        },
        {
          name: "nix-store --query --requisites",
          command: ["nix-store", "--store", theirs, "-qR", last],
          env: NIX_ENV,
        },
      ],
      repeats: 15,
      target: 0.04,
      limit:
        "By processor time the walk over 50,000 references in SQLite is half, and is itself 0.06 of Nix's whole time: the floor. The path of each, read and checked, is most of " +
        "the rest.",
    },
  ];
}

/** Both collect the same store: so many small files that nothing needs. */
function collectJobs(place: Place, count: number, repeats: number): Job[] {
  const model = join(place.folder, "collect-model");
  const fill = `
    const store = openStore(process.argv[1]);
    for (let at = 0; at < ${count}; at += 500)
      await Promise.all(Array.from({ length: 500 }, (_, index) =>
        store.addText("dead-" + (at + index), Buffer.from("dead " + (at + index)))));
    store.close();`;
  const [program, ...words] = script(place, fill, model);
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`The store to be collected was not made: ${stderr}`);
  const [ours, theirs] = [join(place.folder, "collect-ours"), join(place.folder, "collect-nix")];
  const copy = (target: string) => () => {
    removeTree(target);
    cpSync(model, target, { recursive: true, verbatimSymlinks: true });
  };
  const collect = `
    const store = openStore(process.argv[1]);
    const { paths } = await store.gc();
    if (paths.length !== ${count}) throw new Error(paths.length + " paths went");
    store.close();`;
  return [
    {
      name: `collect ${count.toLocaleString("en")} dead paths`,
      sides: [
        { name: "pipelite", command: script(place, collect, ours), prepare: copy(ours) },
        {
          name: "nix-store --gc",
          command: ["nix-store", "--store", theirs, "--gc"],
          env: NIX_ENV,
          prepare: copy(theirs),
        },
      ],
      repeats,
      target: 0.3,
      limit:
        "By a profile of 10,000 paths a sixth is the start of Node and loading, as much reading the graph, while threads look into /proc and the store " +
        "directory, a quarter the rows, which are on the disk before their files go, while those of the batch before go, and a fifth the rest of the files, by " +
        "two threads. A loop of lstat and unlink in C takes a tenth of what Nix does.",
    },
  ];
}
