// File paths as bytes, and taking trees off the disk. A name on disk is any bytes but "/" and zero, so paths
// are held as byte strings here and given to Node as text where they are ASCII (which is faster) and as bytes
// where they are not.
import { chmodSync, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { systemErrorCode } from "#base/errors.ts";
import { textOf } from "#base/bytes.ts";

/** A path as Node takes it, from a path as a byte string. */
export function diskPath(bytePath: string): string | Buffer {
  return isAscii(bytePath) ? bytePath : Buffer.from(bytePath, "latin1");
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 127) return false;
  }
  return true;
}

export interface Removed {
  /** Bytes that no longer take space: files that have another hard link do not count. */
  bytes: number;
}

/** Bytes below where a removal began, twice where threads begin it; far below the 4,096 that a path may have with the home's own. */
export const LONG_PATH = 1000;

/**
 * Removes a file or a tree, read-only folders included; nothing there is fine. Does not follow links. What lies so deep that no path
 * leads to it is moved up first: a program makes such folders step by step.
 */
export function removeBytePath(bytePath: string): Removed {
  const removal: Removal = { top: bytePath, moved: [], count: 0, bytes: 0 };
  removeNode(bytePath, removal);
  return { bytes: removal.bytes };
}

interface Removal extends Removed {
  top: string;
  /** Folders that were moved up, into the top. */
  moved: string[];
  count: number;
}

function removeNode(bytePath: string, removal: Removal): void {
  const path = diskPath(bytePath);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    if (stat.nlink === 1) removal.bytes += stat.blocks * 512;
    unlinkSync(path);
    return;
  }
  if ((stat.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
  if (bytePath.length > removal.top.length + LONG_PATH) {
    const above = `${removal.top}/pipelite-moved-${process.pid}-${removal.count++}`;
    renameSync(path, diskPath(above));
    removal.moved.push(above);
    return;
  }
  for (const name of readdirSync(path, { encoding: "latin1" })) removeNode(`${bytePath}/${name}`, removal);
  if (bytePath === removal.top)
    for (let above = removal.moved.pop(); above !== undefined; above = removal.moved.pop())
      removeNode(above, removal);
  rmdirSync(path);
}

/** Removes what a failed action left behind; that this fails too must not hide the failure itself. */
export function removeLeftover(bytePath: string): void {
  try {
    removeBytePath(bytePath);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

/** How a path is shown to people. */
export function shownPath(bytePath: string): string {
  return textOf(bytePath);
}

/** True for a folder, false for a link to one. */
export function isRealFolder(bytePath: string): boolean {
  return lstatSync(diskPath(bytePath), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** True for a file that is not executable. */
export function isPlainFile(bytePath: string): boolean {
  const stat = lstatSync(diskPath(bytePath), { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && (stat.mode & 0o100) === 0;
}
