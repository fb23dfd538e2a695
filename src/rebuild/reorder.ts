// Folders of inputs, copied so that they list their files in another order. A file system on disk lists a folder by hashes of
// names, one in memory by age: the files are made in an order that turns the list around.
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { isProcessAlive } from "#base/process.ts";
import type { StorePath } from "#nix/store-path.ts";

const MEMORY = "/dev/shm";
const PREFIX = "pipelite-rebuild-";
/** Larger inputs stay where they are: programs and environments, as a rule. */
export const COPIED_MAX_BYTES = 32 * 1024 * 1024;

/** A folder in memory of this process, whose owner removes it; or why there is none. Removes what killed processes left. */
export function memoryFolder(): { folder: string } | { reason: string } {
  try {
    const mount = readFileSync("/proc/self/mounts", "latin1")
      .split("\n")
      .map((line) => line.split(" "))
      .findLast(([, place]) => place === MEMORY);
    if (mount?.[2] !== "tmpfs") return { reason: `${MEMORY} is no file system in memory` };
    if (mount[3]?.split(",").includes("noexec"))
      return { reason: `programs may not be started in ${MEMORY}` };
    if (freemem() < 8 * COPIED_MAX_BYTES) return { reason: "there is not enough free memory" };
    accessSync(MEMORY, constants.W_OK);
    for (const name of readdirSync(MEMORY)) {
      const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
      if (pid !== undefined && !isProcessAlive(pid) && isOwn(join(MEMORY, name)))
        removeTree(join(MEMORY, name));
    }
    return { folder: mkdtempSync(join(MEMORY, `${PREFIX}${process.pid}-`)) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

function isOwn(path: string): boolean {
  return lstatSync(path).uid === process.geteuid?.();
}

/** @returns for an input where its copy is, or the place itself of one that is no folder or too large */
export function copyReordered(folder: string): (path: StorePath, physical: string) => string {
  mkdirSync(folder, { recursive: true });
  const isNewestFirst = listsNewestFirst(folder);
  let count = 0;
  return (_, physical) => {
    if (!lstatSync(physical).isDirectory() || sizeOf(physical) > COPIED_MAX_BYTES) return physical;
    count += 1;
    const target = join(folder, String(count));
    copy(physical, target, isNewestFirst);
    return target;
  };
}

function copy(source: string, target: string, isNewestFirst: boolean): void {
  const stat = lstatSync(source);
  if (stat.isSymbolicLink()) return symlinkSync(readlinkSync(source), target);
  if (stat.isDirectory()) {
    mkdirSync(target);
    const names = listed(source);
    for (const name of isNewestFirst ? names : names.toReversed())
      copy(join(source, name), join(target, name), isNewestFirst);
  } else copyFileSync(source, target);
  chmodSync(target, stat.mode & 0o7777);
  utimesSync(target, stat.atime, stat.mtime);
}

/** As the file system lists them: `readdir` of Node sorts. */
function listed(folder: string): string[] {
  const names: string[] = [];
  const open = opendirSync(folder);
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) names.push(entry.name);
  } finally {
    open.closeSync();
  }
  return names;
}

function listsNewestFirst(folder: string): boolean {
  const probe = join(folder, "probe");
  mkdirSync(probe);
  for (const name of ["a", "b"]) writeFileSync(join(probe, name), "");
  const [first] = listed(probe);
  rmSync(probe, { recursive: true });
  return first === "b";
}

/** Apparent, in bytes; leaves off when it is too large. */
function sizeOf(folder: string): number {
  let size = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (size > COPIED_MAX_BYTES) break;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) size += sizeOf(path);
    else if (entry.isFile()) size += lstatSync(path).size;
  }
  return size;
}
