// Taking much of what is in a folder off the disk at a time, large trees each file by file.
import { chmodSync, lstatSync, readdirSync, rmdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { diskPath, LONG_PATH, removeBytePath } from "./disk.ts";
import type { SideThread } from "./side-thread.ts";
import type { Gone } from "./unlink-files.ts";
import { HANDFUL, Unlinking } from "./unlinking.ts";

/** Handfuls of files, and folders, that are being removed at a time. */
const PARALLEL = 64;
/** Folders of one folder that are being removed at a time. */
const PARALLEL_FOLDERS = 4;

export class Remover {
  readonly #unlinking: Unlinking;
  readonly #under = new Set<Promise<void>>();
  readonly #folder: string;
  /** What nobody has been told of yet. */
  #names: string[] = [];
  #failure: unknown;
  #bytes = 0;

  /**
   * @param folder a byte string
   * @param thread that is there already, and is closed with this
   */
  constructor(folder: string, thread?: SideThread) {
    this.#folder = folder;
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

  /**
   * Begins to remove a file or a tree of the folder, whose name is a byte string; returns when there is room for another. Nothing there
   * is fine. @throws what went wrong first
   */
  start(name: string): Promise<void> | undefined {
    this.#throwFailure();
    this.#names.push(name);
    if (this.#names.length < HANDFUL) return undefined;
    this.#unlinkNames();
    return this.#under.size < PARALLEL ? undefined : this.#end(PARALLEL - 1);
  }

  /** Returns when all that was begun has gone. @throws what went wrong first */
  async settled(): Promise<void> {
    this.#unlinkNames();
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

  #unlinkNames(): void {
    if (this.#names.length === 0) return;
    this.#watch(this.#unlinking.unlink(this.#folder, this.#names));
    this.#names = [];
  }

  #watch(removal: Promise<Gone>): void {
    const watched = this.#whole(removal)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#under.delete(watched));
    this.#under.add(watched);
  }

  async #whole(removal: Promise<Gone>): Promise<void> {
    for (const name of await this.#folders(removal)) {
      const folder = `${this.#folder}/${name}`;
      await this.#removeFolder(folder, folder.length + LONG_PATH);
    }
  }

  /** What of a handful were folders that are left. */
  async #folders(removal: Promise<Gone>): Promise<string[]> {
    const { bytes, folders } = await removal;
    this.#bytes += bytes;
    return folders;
  }

  /** @param longest bytes of the longest path that is gone down to */
  async #removeFolder(bytePath: string, longest: number): Promise<void> {
    const path = diskPath(bytePath);
    if (bytePath.length > longest) return void (this.#bytes += removeBytePath(bytePath).bytes);
    const { mode } = lstatSync(path);
    if ((mode & 0o700) !== 0o700) chmodSync(path, 0o700);
    for (const some of portions(readdirSync(path, { encoding: "latin1" }), HANDFUL * PARALLEL)) {
      const handfuls = portions(some, HANDFUL).map((names) =>
        this.#folders(this.#unlinking.unlink(bytePath, names)),
      );
      const folders = (await Promise.all(handfuls)).flat();
      for (const few of portions(folders, PARALLEL_FOLDERS))
        await Promise.all(few.map((name) => this.#removeFolder(`${bytePath}/${name}`, longest)));
    }
    rmdirSync(path);
  }
}

function portions<T>(values: readonly T[], size: number): T[][] {
  const count = Math.ceil(values.length / size);
  return Array.from({ length: count }, (_, at) => values.slice(at * size, (at + 1) * size));
}
