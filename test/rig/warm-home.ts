// A home that holds the Node that stages run on, made once for a run of the tests (test/run.ts says where): adding and hashing its
// 150 MB is a third of what a small pipeline costs. Homes of tests begin as copies of it; where there is none, they begin empty.
// A home that is done gives its Node back, and the next one, of this process or another, takes it instead of a copy.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { capturedOnce } from "#compile/memo.ts";
import { nodeProgram } from "#compile/program.ts";
import { openHome } from "#home/home.ts";
import { openStore } from "#store/index.ts";

const STORE = "nix/store";
/** Seconds since the epoch: what every time in a store is. */
const TIME = 1;

/** Makes `home`, which is not there yet, a copy of the prepared one. */
export function warm(home: string): void {
  const prepared = process.env["PIPELITE_TEST_HOME"];
  if (prepared === undefined) return;
  if (!existsSync(prepared)) prepare(prepared);
  const store = join(prepared, STORE);
  cpSync(prepared, home, { recursive: true, filter: (path) => !path.startsWith(`${store}/`) });
  for (const name of readdirSync(store)) {
    const target = join(home, STORE, name);
    if (name === ".links") mkdirSync(target);
    else if (!takeSpare(name, target)) copyTree(join(store, name), target);
  }
  stamps.set(home, stampsIn(home));
}

/** Homes of this process -> what their trees looked like when they got them. */
const stamps = new Map<string, Map<string, string>>();
let spares = 0;

/** Called before a home is removed. A tree that anybody has touched since is left to go with it. */
export function giveBack(home: string): void {
  const prepared = process.env["PIPELITE_TEST_HOME"];
  const before = stamps.get(home);
  stamps.delete(home);
  if (prepared === undefined || before === undefined || !existsSync(join(home, STORE))) return;
  const now = stampsIn(home, before.keys());
  for (const [name, stamp] of before)
    if (now.get(name) === stamp) {
      mkdirSync(spareFolder(prepared, name), { recursive: true });
      move(join(home, STORE, name), join(spareFolder(prepared, name), `${process.pid}-${++spares}`));
    }
}

function takeSpare(name: string, target: string): boolean {
  const folder = spareFolder(process.env["PIPELITE_TEST_HOME"] ?? "", name);
  if (!existsSync(folder)) return false;
  for (const spare of readdirSync(folder))
    try {
      move(join(folder, spare), target);
      return true;
    } catch (error) {
      // Another process was first.
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  return false;
}

function spareFolder(prepared: string, name: string): string {
  return join(`${prepared}.spare`, name);
}

/** A folder that is moved to another one is written to. */
function move(from: string, to: string): void {
  chmodSync(from, 0o755);
  renameSync(from, to);
  chmodSync(to, 0o555);
}

/** Name of a tree in the store -> every file in it with its number and the moment of its last change, which nobody can set. */
function stampsIn(
  home: string,
  names: Iterable<string> = readdirSync(join(home, STORE)),
): Map<string, string> {
  const stampOf = (path: string): string => {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) return `${stat?.ino} ${stat?.ctimeNs}`;
    return readdirSync(path)
      .map((name) => `${name} (${stampOf(join(path, name))})`)
      .join();
  };
  const trees = [...names].filter((name) => name !== ".links");
  return new Map(trees.map((name) => [name, stampOf(join(home, STORE, name))]));
}

/** By the first process that needs it; of two at once, one is in time. */
function prepare(prepared: string): void {
  const own = `${prepared}.${process.pid}`;
  execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", import.meta.filename, own]);
  try {
    renameSync(own, prepared);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOTEMPTY") throw error;
    removeTree(own);
  }
}

/**
 * Folders and files, as a captured program has them. They are no links: one link more changes a file's time for all, and what is
 * changed while it is audited fails.
 */
function copyTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else {
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      utimesSync(target, TIME, TIME);
    }
  }
  chmodSync(to, 0o555);
  utimesSync(to, TIME, TIME);
}

if (import.meta.main) {
  const [folder = ""] = process.argv.slice(2);
  const { notes } = openHome(folder);
  using store = openStore(folder);
  await capturedOnce({ store, notes }, nodeProgram("the tests"));
}
