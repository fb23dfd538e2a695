// Taking many trees off the disk at a time, each file by file.
import { chmodSync, lstatSync, readdirSync, rmdirSync } from "node:fs";
import { diskPath, LONG_PATH, removeBytePath } from "./disk.ts";
import { HANDFUL, Unlinking } from "./unlinking.ts";

/** Handfuls of files, and folders, that are being removed at a time. */
const PARALLEL = 16;

export class Remover {
  readonly #unlinking = new Unlinking();
  readonly #under = new Set<Promise<void>>();
  /** Files that no thread has been told of yet. */
  #files: (string | Buffer)[] = [];
  #failure: unknown;
  #bytes = 0;

  /** Bytes that no longer take space once all that was begun has gone: files that have another hard link do not count. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to remove a file or a tree; returns when there is room for another. Nothing there is fine. @throws what went wrong first */
  async start(bytePath: string): Promise<void> {
    const path = diskPath(bytePath);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) this.#watch(this.#removeFolder(bytePath, { mode: stat.mode, top: bytePath }));
    else {
      if (stat.nlink === 1) this.#bytes += stat.blocks * 512;
      this.#files.push(path);
      if (this.#files.length >= HANDFUL) this.#unlinkFiles();
    }
    if (this.#under.size >= PARALLEL) await Promise.race(this.#under);
    this.#throwFailure();
  }

  /** Returns when all that was begun has gone. @throws what went wrong first */
  async settled(): Promise<void> {
    this.#unlinkFiles();
    await Promise.all(this.#under);
    this.#throwFailure();
  }

  close(): void {
    this.#unlinking.close();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #unlinkFiles(): void {
    if (this.#files.length === 0) return;
    this.#watch(this.#unlinking.unlink(this.#files));
    this.#files = [];
  }

  #watch(removal: Promise<void>): void {
    const watched = removal
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#under.delete(watched));
    this.#under.add(watched);
  }

  async #removeFolder(bytePath: string, { mode, top }: { mode: number; top: string }): Promise<void> {
    const path = diskPath(bytePath);
    if ((mode & 0o700) !== 0o700) chmodSync(path, 0o700);
    let files: (string | Buffer)[] = [];
    const handfuls: Promise<void>[] = [];
    const unlink = (): void => {
      const removal = this.#unlinking.unlink(files);
      // It is waited for below, and may fail before.
      removal.catch(() => {});
      handfuls.push(removal);
      files = [];
    };
    for (const name of readdirSync(path, { encoding: "latin1" })) {
      const below = `${bytePath}/${name}`;
      const stat = lstatSync(diskPath(below), { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (below.length > top.length + LONG_PATH) this.#bytes += removeBytePath(below).bytes;
      else if (stat.isDirectory()) await this.#removeFolder(below, { mode: stat.mode, top });
      else {
        if (stat.nlink === 1) this.#bytes += stat.blocks * 512;
        files.push(diskPath(below));
      }
      if (files.length < HANDFUL) continue;
      unlink();
      if (handfuls.length >= PARALLEL) await Promise.all(handfuls.splice(0));
    }
    unlink();
    await Promise.all(handfuls);
    rmdirSync(path);
  }
}
