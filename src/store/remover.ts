// Taking many trees off the disk at a time, each file by file.
import { chmodSync, lstatSync, readdirSync, rmdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { diskPath, LONG_PATH, removeBytePath } from "./disk.ts";
import type { SideThread } from "./side-thread.ts";
import { HANDFUL, Unlinking, type Unlinked } from "./unlinking.ts";

/** Handfuls of files, and folders, that are being removed at a time. */
const PARALLEL = 64;
/** Folders of one folder that are being removed at a time. */
const PARALLEL_FOLDERS = 4;

export class Remover {
  readonly #unlinking: Unlinking;
  readonly #under = new Set<Promise<void>>();
  /** What nobody has been told of yet. */
  #paths: (string | Buffer)[] = [];
  #failure: unknown;
  #bytes = 0;

  /** @param thread that is there already, and is closed with this */
  constructor(thread?: SideThread) {
    this.#unlinking = new Unlinking(thread);
  }

  /** Bytes that no longer take space once all that was begun has gone: files that have another hard link do not count. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So many files and trees will be removed. */
  expect(count: number): void {
    this.#unlinking.expect(count);
  }

  /** Begins to remove a file or a tree; returns when there is room for another. Nothing there is fine. @throws what went wrong first */
  start(bytePath: string): Promise<void> | undefined {
    this.#throwFailure();
    this.#paths.push(diskPath(bytePath));
    if (this.#paths.length < HANDFUL) return undefined;
    this.#unlinkPaths();
    return this.#under.size < PARALLEL ? undefined : this.#end(PARALLEL - 1);
  }

  /** Returns when all that was begun has gone. @throws what went wrong first */
  async settled(): Promise<void> {
    this.#unlinkPaths();
    await this.#end(0);
  }

  /** Waits for something else, and unlinks here meanwhile what no thread has been told of. @throws what went wrong in it */
  async helpDuring(other: Promise<void>): Promise<void> {
    const waiting = { isOver: false };
    other.catch(() => undefined).finally(() => (waiting.isOver = true));
    while (!waiting.isOver && this.#unlinking.help()) await setImmediate();
    await other;
  }

  close(): void {
    this.#unlinking.close();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Returns when no more than so many are being removed. */
  async #end(most: number): Promise<void> {
    while (this.#under.size > most) {
      if (this.#unlinking.help()) await setImmediate();
      else await Promise.race(this.#under);
    }
    this.#throwFailure();
  }

  #unlinkPaths(): void {
    if (this.#paths.length === 0) return;
    this.#watch(this.#unlinking.unlink(this.#paths));
    this.#paths = [];
  }

  #watch(removal: Promise<Unlinked>): void {
    const watched = this.#whole(removal)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#under.delete(watched));
    this.#under.add(watched);
  }

  async #whole(removal: Promise<Unlinked>): Promise<void> {
    for (const folder of await this.#folders(removal))
      await this.#removeFolder(folder, folder.length + LONG_PATH);
  }

  /** What of a handful were folders, as byte strings. */
  async #folders(removal: Promise<Unlinked>): Promise<string[]> {
    const { bytes, folders } = await removal;
    this.#bytes += bytes;
    return folders.map((path) => (typeof path === "string" ? path : path.toString("latin1")));
  }

  /** @param longest bytes of the longest path that is gone down to */
  async #removeFolder(bytePath: string, longest: number): Promise<void> {
    const path = diskPath(bytePath);
    if (bytePath.length > longest) return void (this.#bytes += removeBytePath(bytePath).bytes);
    const { mode } = lstatSync(path);
    if ((mode & 0o700) !== 0o700) chmodSync(path, 0o700);
    const below = readdirSync(path, { encoding: "latin1" }).map((name) => diskPath(`${bytePath}/${name}`));
    for (const some of portions(below, HANDFUL * PARALLEL)) {
      const handfuls = portions(some, HANDFUL).map((paths) => this.#folders(this.#unlinking.unlink(paths)));
      const folders = (await Promise.all(handfuls)).flat();
      for (const few of portions(folders, PARALLEL_FOLDERS))
        await Promise.all(few.map((folder) => this.#removeFolder(folder, longest)));
    }
    rmdirSync(path);
  }
}

function portions<T>(values: readonly T[], size: number): T[][] {
  const count = Math.ceil(values.length / size);
  return Array.from({ length: count }, (_, at) => values.slice(at * size, (at + 1) * size));
}
