// What the database says is there must be there after a loss of power, too. Nothing orders the writing of one file before that of
// another but waiting for it: so the files of a path are written to the disk before the rows that name it, and the rows that
// are taken away before the files that they named.
import { closeSync, existsSync, lstatSync, openSync, readdirSync } from "node:fs";
import { syncFile, syncFileSystem } from "#base/sync-file.ts";
import { diskPath } from "./disk.ts";
import type { Layout } from "./layout.ts";

/** More files than these are not waited for one by one. */
const FEW = 8;

/**
 * Waits until these trees, and their names in the folder that they are in, are on the disk.
 * @param folder where all of them are
 * @param trees byte strings
 */
export async function makeDurable(folder: string, trees: readonly string[]): Promise<void> {
  if (trees.length === 0) return;
  const found: string[] = [];
  if (!trees.every((tree) => gather(tree, found))) return whole.sync(folder);
  // In any order: until the rows are written that name it, a path is garbage, whole or not.
  await Promise.all([folder, ...found.map(diskPath)].map(syncFile));
}

/** Waits until all that was written to the file system of a folder is on its disk. */
export function makeAllDurable(folder: string): Promise<void> {
  return whole.sync(folder);
}

/** So much goes to the disk at a time while more is written. */
const AHEAD_BYTES = 32 * 1024 * 1024;

/**
 * Has what a tree is made of written to the disk while the rest of it is made, so that less is to be waited for at its end. It takes the
 * place of no waiting. What fails is heard at the end: a file system tells of a failure once.
 */
export class WriteAhead {
  readonly #folder: string | Buffer;
  readonly #running = new Set<Promise<void>>();
  #bytes = 0;
  #isSyncing = false;
  #failure: { reason: unknown } | undefined;

  /** @param folder on the file system of the tree */
  constructor(folder: string | Buffer) {
    this.#folder = folder;
  }

  /** So many bytes went to files that are closed. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < AHEAD_BYTES || this.#isSyncing) return;
    this.#bytes = 0;
    this.#isSyncing = true;
    this.watch(whole.sync(this.#folder).finally(() => (this.#isSyncing = false)));
  }

  /** Has the end wait for this, too. */
  watch(written: Promise<void>): void {
    const watched = written
      .catch((reason: unknown) => void (this.#failure ??= { reason }))
      .finally(() => this.#running.delete(watched));
    this.#running.add(watched);
  }

  /** Waits for what was begun. @throws what went wrong in it */
  async end(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}

/** Waits until all that the database says by now outlasts a loss of power. */
export async function settleRows({ databaseFile }: Layout): Promise<void> {
  const log = `${databaseFile}-wal`;
  await syncFile(existsSync(log) ? log : databaseFile);
}

/** @returns false where a tree has too many files */
function gather(bytePath: string, found: string[]): boolean {
  const path = diskPath(bytePath);
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return true;
  found.push(bytePath);
  if (found.length > FEW) return false;
  return (
    !stat.isDirectory() ||
    readdirSync(path, { encoding: "latin1" }).every((name) => gather(`${bytePath}/${name}`, found))
  );
}

class FileSystemSync {
  #last: Promise<void> = Promise.resolve();

  /** Waits until all that was written to the file system of a folder is on its disk. */
  sync(folder: string | Buffer): Promise<void> {
    const done = this.#last.then(() => syncOf(folder));
    this.#last = done.catch(() => undefined);
    return done;
  }
}

async function syncOf(folder: string | Buffer): Promise<void> {
  const fd = openSync(folder, "r");
  try {
    if (!(await syncFileSystem(fd)))
      throw Object.assign(new Error(`EIO: i/o error, syncfs '${String(folder)}'`), { code: "EIO" });
  } finally {
    closeSync(fd);
  }
}

const whole = new FileSystemSync();
