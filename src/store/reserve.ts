// Space kept in reserve, where Nix keeps it, so that garbage can be collected on a full disk. To open a store takes a little of it,
// which is given back at once: else any command would use it up, and the disk could be so full that no collection can begin.
import { closeSync, existsSync, ftruncateSync, rmSync, statSync } from "node:fs";
import { allocate } from "#base/libc.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { Layout } from "./layout.ts";
import { openLockFile } from "./locks.ts";

const RESERVED_SIZE = 8 * 1024 * 1024;
/** In such steps it is given up where an open database takes some of it: its log, and the index of that. */
const STEP_SIZE = 256 * 1024;

/** Runs `open`, on a full disk with the reserve. */
export function openWithReserve<T>(layout: Layout, open: () => T): T {
  try {
    const opened = open();
    reserveSpace(layout, RESERVED_SIZE);
    return opened;
  } catch (error) {
    if (!isPipeliteError(error, "STORE_NO_SPACE") || !existsSync(layout.reservedFile)) throw error;
  }
  rmSync(layout.reservedFile);
  try {
    return open();
  } finally {
    reserveSpace(layout, STEP_SIZE);
  }
}

/** Takes what there is, at least so much, or leaves it as it was: without the reserve a store works as well, until its disk is full. */
function reserveSpace({ reservedFile }: Layout, least: number): void {
  const known = statSync(reservedFile, { throwIfNoEntry: false })?.size ?? 0;
  if (known === RESERVED_SIZE) return;
  const fd = openLockFile(reservedFile);
  let size = RESERVED_SIZE;
  while (size >= least && !allocate(fd, size)) size -= STEP_SIZE;
  // What was not to be had in whole may have been taken in part.
  ftruncateSync(fd, size >= least ? size : known);
  closeSync(fd);
}
