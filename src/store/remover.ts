// Taking many trees off the disk at a time. Each unlink waits for the disk, which may discard every block at once; several
// in flight share the wait.
import { chmodSync, lstatSync, readdirSync, rmdirSync, unlink } from "node:fs";
import { diskPath } from "./disk.ts";

/** Trees, and files of one folder, that are being removed at a time. */
const PARALLEL = 16;

export class Remover {
  readonly #trees = new Set<Promise<void>>();
  #failure: unknown;
  #bytes = 0;

  /** Bytes that no longer take space, so far: files that have another hard link do not count. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to remove a file or a tree; returns when there is room for another. Nothing there is fine. */
  async start(bytePath: string): Promise<void> {
    const tree = this.#remove(bytePath)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#trees.delete(tree));
    this.#trees.add(tree);
    if (this.#trees.size >= PARALLEL) await Promise.race(this.#trees);
  }

  /** Returns when all that was begun has gone. @throws what went wrong first */
  async settled(): Promise<void> {
    await Promise.all(this.#trees);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #remove(bytePath: string): Promise<void> {
    const path = diskPath(bytePath);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      await unlinked(path);
      if (stat.nlink === 1) this.#bytes += stat.blocks * 512;
      return;
    }
    if ((stat.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
    const names = readdirSync(path, { encoding: "latin1" });
    for (let at = 0; at < names.length; at += PARALLEL) {
      const some = names.slice(at, at + PARALLEL);
      await Promise.all(some.map((name) => this.#remove(`${bytePath}/${name}`)));
    }
    rmdirSync(path);
  }
}

function unlinked(path: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    unlink(path, (error) => (error === null ? resolve() : reject(error)));
  });
}
