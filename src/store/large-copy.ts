// A large file is written by a thread while it is hashed, and goes to the disk meanwhile.
import { closeSync, fdatasync, write } from "node:fs";
import { finishCopy } from "./canonicalise.ts";
import type { WriteAhead } from "./durable.ts";
import type { LargeFile } from "./tree.ts";

const PIECES_AHEAD = 32;

/** The copy of one large file, written piece by piece. */
export class LargeCopy implements LargeFile {
  readonly #fd: number;
  readonly #ahead: WriteAhead | undefined;
  #at = 0;
  /** Calls by threads that have not come back. */
  #calls = 0;
  #pieces = 0;
  #isSyncing = false;
  #isClosing = false;

  /** @param fd is closed with it */
  constructor(fd: number, ahead: WriteAhead | undefined) {
    this.#fd = fd;
    this.#ahead = ahead;
  }

  write(piece: Uint8Array): Promise<void> {
    const written = this.#write(piece);
    // Whoever hashes it meanwhile may find a reason to leave it alone.
    written.catch(() => undefined);
    return written;
  }

  async #write(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length;) done += await this.#writeSome(piece.subarray(done));
    this.#pieces += 1;
    if (this.#pieces < PIECES_AHEAD || this.#isSyncing) return;
    this.#pieces = 0;
    this.#isSyncing = true;
    const synced = this.#call<void>((done) => fdatasync(this.#fd, done));
    this.#ahead?.watch(synced.finally(() => (this.#isSyncing = false)));
  }

  end(): void {
    finishCopy(this.#fd);
  }

  /** Closes the file when no thread uses it any longer: the number of a descriptor would be another file's by then. */
  close(): void {
    this.#isClosing = true;
    if (this.#calls === 0) closeSync(this.#fd);
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    const size = await this.#call<number>((done) => write(this.#fd, bytes, 0, bytes.length, this.#at, done));
    this.#at += size;
    return size;
  }

  #call<T>(start: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
    this.#calls += 1;
    return new Promise((resolve, reject) => {
      start((error, result) => {
        this.#calls -= 1;
        try {
          if (this.#isClosing && this.#calls === 0) closeSync(this.#fd);
          if (error !== null) throw error;
          resolve(result);
        } catch (failure) {
          reject(failure);
        }
      });
    });
  }
}
