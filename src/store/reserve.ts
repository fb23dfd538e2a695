// Space kept in reserve, where Nix keeps it, so that garbage can be collected on a full disk. To open a store takes a little of it,
// which is given back at once: else any command would use it up, and the disk could be so full that no collection can begin. The end
// of a run takes some for its record, and leaves what a collection needs.
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
} from "node:fs";
import { allocate } from "#base/libc.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import type { Layout } from "./layout.ts";
import { hasRoom } from "./failure.ts";
import { openLockFile } from "./locks.ts";

const RESERVED_SIZE = 8 * 1024 * 1024;
/** In such steps it is given up where an open database takes some of it: its log, and the index of that. */
const STEP_SIZE = 256 * 1024;

/** Runs `open`, on a full disk with the reserve. */
export function openWithReserve<T>(layout: Layout, open: () => T): T {
  try {
    const opened = open();
    reserveSpace(layout, RESERVED_SIZE);
    reserveFiles(layout);
    return opened;
  } catch (error) {
    if (!isPipeliteError(error, "STORE_NO_SPACE") || !existsSync(layout.reservedFile)) throw error;
  }
  rmSync(layout.reservedFile);
  for (const spare of sparesOf(layout)) rmSync(spare, { force: true });
  try {
    return open();
  } finally {
    reserveSpace(layout, STEP_SIZE);
  }
}

/** What is lent, where less than that is free, and what stays. */
const LENT_SIZE = 2 * 1024 * 1024;
const KEPT_SIZE = 4 * 1024 * 1024;
const LENT_FILES = 16;

/**
 * Gives up a part of the reserve where the disk has hardly any room, for what must be written all the same.
 * @returns takes back what is left of it
 */
export function lendReserve(layout: Layout): () => void {
  if (hasRoom(layout.home, { bytes: LENT_SIZE, files: LENT_FILES })) return () => undefined;
  const known = statSync(layout.reservedFile, { throwIfNoEntry: false })?.size ?? 0;
  const left = Math.max(known - LENT_SIZE, Math.min(known, KEPT_SIZE));
  if (left < known) truncateSync(layout.reservedFile, left);
  for (const spare of lentSparesOf(layout)) rmSync(spare, { force: true });
  return () => {
    reserveSpace(layout, left + STEP_SIZE);
    reserveFiles(layout);
  };
}

/** Takes what there is, at least so much, or leaves it as it was: without the reserve a store works as well, until its disk is full. */
function reserveSpace(layout: Layout, least: number): void {
  try {
    reserveBytes(layout, least);
  } catch (error) {
    if (!NO_ROOM.includes(systemErrorCode(error) ?? "")) throw error;
  }
}

const NO_ROOM = ["ENOSPC", "EDQUOT"];

/** Where so few files can be made, those that are kept would be missing elsewhere. */
const FREE_MIN = 64;

function reserveFiles(layout: Layout): void {
  const spares = [...sparesOf(layout), ...lentSparesOf(layout)];
  // The last one is made last.
  if (existsSync(spares.at(-1) ?? "") || statfsSync(layout.databaseDir).ffree < FREE_MIN) return;
  for (const spare of spares) closeSync(openSync(spare, "a", 0o600));
}

/**
 * Files that have nothing in them: where a file system holds no more files, their places are those that a collection needs, for log
 * and index of the database, its lock, its socket and the folder of that, and what it keeps for itself.
 */
function sparesOf({ reservedFile }: Layout): string[] {
  return [1, 2, 3, 4, 5, 6].map((number) => `${reservedFile}-${number}`);
}

/** For the record of a run, and what the log of the home is written anew in. */
function lentSparesOf({ reservedFile }: Layout): string[] {
  return [7, 8, 9, 10].map((number) => `${reservedFile}-${number}`);
}

function reserveBytes({ reservedFile }: Layout, least: number): void {
  const known = statSync(reservedFile, { throwIfNoEntry: false })?.size ?? 0;
  if (known === RESERVED_SIZE) return;
  const fd = openLockFile(reservedFile);
  let size = RESERVED_SIZE;
  while (size >= least && !allocate(fd, size)) size -= STEP_SIZE;
  // What was not to be had in whole may have been taken in part.
  ftruncateSync(fd, size >= least ? size : known);
  closeSync(fd);
}
