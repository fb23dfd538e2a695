// What the file system and SQLite say when a store cannot be written or read, in our own words.
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { firstProblem, isPipeliteError, type PipeliteError, systemErrorCode } from "#base/errors.ts";
import type { Layout } from "./layout.ts";
import { pipeliteError } from "./errors.ts";

/** Where a store is, and the file of a database in it. */
type StorePlace = Pick<Layout, "home"> & Partial<Pick<Layout, "databaseFile">>;

/** How long a statement waits for another process's transaction. */
export const BUSY_TIMEOUT_MS = 60_000;

/** Bytes that SQLite takes beside a database to open it, and some more. */
const SPACE_MIN = 256 * 1024;

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};

/**
 * The PipeliteError that says what an error in the store means; an error of another kind comes back as it is.
 */
export function storeFailure(layout: StorePlace, thrown: unknown): unknown {
  const error = firstProblem(thrown);
  if (isPipeliteError(error)) return error;
  const { home } = layout;
  const sqlite = sqliteErrorCode(error);
  if (sqlite !== undefined) return sqliteFailure(layout, sqlite, error) ?? error;
  switch (systemErrorCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return noSpace(layout, error);
    case "EFBIG":
      return fileLimited(layout, error) ?? error;
    case "EIO":
      // Of an open file the system names none.
      return error instanceof Error && "path" in error
        ? error
        : pipeliteError("STORE_DISK_FAILED", { home }, error);
    case "EROFS":
      return pipeliteError("STORE_READ_ONLY", { home, reason: "its file system is read-only" }, error);
    case "EACCES":
    case "EPERM":
      return pipeliteError("STORE_READ_ONLY", { home, reason: "permission is denied" }, error);
    case "ENOTDIR":
      return pipeliteError("STORE_READ_ONLY", { home, reason: "a part of its path is not a folder" }, error);
    case "ENAMETOOLONG":
      return pipeliteError("STORE_READ_ONLY", { home, reason: "its path is too long" }, error);
    case "ELOOP":
      return pipeliteError("STORE_READ_ONLY", { home, reason: "its path is a link to itself" }, error);
    default:
      return error;
  }
}

/** Runs `action`, with what goes wrong in it, at once or later, put in our own words. */
export function guard<T>(layout: Layout, action: () => T): T {
  try {
    const result = action();
    if (result instanceof Promise) return result.catch((error: unknown) => refuse(layout, error)) as T;
    return result;
  } catch (error) {
    return refuse(layout, error);
  }
}

function refuse(layout: Layout, error: unknown): never {
  throw storeFailure(layout, error);
}

/** Whether hardly anything can be written to the file system of a store. */
export function isDiskFull(home: string): boolean {
  return !hasRoom(home, { bytes: SPACE_MIN, files: FILES_MIN });
}

/** Whether so much can be written there, at the least. */
export function hasRoom(home: string, { bytes, files: wanted }: { bytes: number; files: number }): boolean {
  const { bavail, bsize, files, ffree } = statfsSync(home);
  return bavail * bsize >= bytes && (files === 0 || ffree >= wanted);
}

/** A store that is opened takes some, and gives them back when it fails. */
const FILES_MIN = 16;

/** Some file systems hold so many files, and no more, however small they are. */
function lacksInodes(home: string): boolean {
  return !hasRoom(home, { bytes: 0, files: FILES_MIN });
}

/** The folder itself, or what is there of the way to it. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

function noSpace({ home }: StorePlace, error: unknown): PipeliteError {
  const lack = lacksInodes(existing(home)) ? "no file more can be made" : "no space is left";
  return pipeliteError("STORE_NO_SPACE", { home, lack }, error);
}

/** What this process may not go beyond (`ulimit -f`); undefined where nothing limits it. */
function fileLimited({ home }: StorePlace, error: unknown): PipeliteError | undefined {
  let bytes: string | undefined;
  try {
    bytes = /^Max file size\s+(\d+)\s/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
  } catch {
    // Without /proc nobody tells.
  }
  if (bytes === undefined) return undefined;
  const limit = `this process may write no file of more than ${bytes} bytes`;
  return pipeliteError("STORE_FILE_LIMIT", { home, limit }, error);
}

function sqliteErrorCode(error: unknown): number | undefined {
  if (systemErrorCode(error) !== "ERR_SQLITE_ERROR") return undefined;
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 255
    : undefined;
}

function sqliteFailure(layout: StorePlace, code: number, error: unknown): PipeliteError | undefined {
  const { home, databaseFile: file = home } = layout;
  switch (code) {
    case SQLITE.full:
      return noSpace(layout, error);
    case SQLITE.inputOutput:
      // Its shared memory and its log do not say why they cannot grow.
      if (isDiskFull(home)) return noSpace(layout, error);
      return fileLimited(layout, error) ?? pipeliteError("STORE_DISK_FAILED", { home }, error);
    case SQLITE.readOnly:
      return pipeliteError("STORE_READ_ONLY", { home, reason: "its database is read-only" }, error);
    case SQLITE.cannotOpen:
      if (isDiskFull(home)) return noSpace(layout, error);
      return pipeliteError("STORE_READ_ONLY", { home, reason: "its database cannot be opened" }, error);
    case SQLITE.busy:
    case SQLITE.locked:
      return pipeliteError("STORE_BUSY", { home, timeoutMs: BUSY_TIMEOUT_MS }, error);
    case SQLITE.corrupt:
      return pipeliteError("STORE_DATABASE_DAMAGED", { home, file, reason: "it is damaged" }, error);
    case SQLITE.notADatabase:
      return pipeliteError("STORE_DATABASE_DAMAGED", { home, file, reason: "it is not a database" }, error);
    default:
      return undefined;
  }
}
