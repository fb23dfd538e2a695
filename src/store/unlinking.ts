// Unlinking many files. Each unlink may wait for the disk, which may discard every block at once; several in flight share the wait.
// Handing one file at a time to the threads of libuv takes longer than a file itself, so many files go to a thread of ours, a
// handful in one message, and to more such threads where the disk turns out to be slow.
import fs from "node:fs";
import { diskPath } from "./disk.ts";
import { SideThread } from "./side-thread.ts";
import { unlinkFiles, type Gone, type Handful } from "./unlink-files.ts";

/** So many of a process are unlinked by libuv: a thread would take longer to start. */
const FEW = 512;
/** Files in one message. */
export const HANDFUL = 64;
/** Handfuls that a thread is told of: it goes on while this one is busy otherwise. */
const AHEAD = 32;
/** The same while this one helps, and soon has time for it. */
const AHEAD_OF_HELP = 2;
const THREADS = 4;
/** A file that takes longer waits for the disk. */
const SLOW_FILE_MS = 0.06;

interface Waiting {
  handful: Handful;
  done: (gone: Gone) => void;
  failed: (reason: unknown) => void;
}

export class Unlinking {
  #count = 0;
  #ahead = AHEAD;
  readonly #waiting: Waiting[] = [];
  readonly #threads: SideThread[] = [];

  /** @param thread that is there already, and is closed with this */
  constructor(thread?: SideThread) {
    if (thread !== undefined) this.#threads.push(thread);
  }

  /** So many files will have to go: a thread that is worth its start starts now. */
  expect(count: number): void {
    if (count > FEW && this.#threads.length === 0) this.#threads.push(new SideThread());
  }

  /**
   * Unlinks some of what is in a folder; nothing there is fine.
   * @param folder and names are byte strings
   * @throws what went wrong first; the others may be gone or not
   */
  async unlink(folder: string, names: readonly string[]): Promise<Gone> {
    this.#count += names.length;
    this.expect(this.#count);
    if (this.#threads.length === 0) return unlinkFew(folder, names);
    return new Promise((done, failed) => {
      this.#ahead = AHEAD;
      this.#waiting.push({ handful: { folder, names: names.join("/") }, done, failed });
      this.#hand();
    });
  }

  /** Unlinks a handful here that no thread has been told of; false when there is none. */
  help(): boolean {
    this.#ahead = AHEAD_OF_HELP;
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    try {
      next.done(unlinkFiles(fs, next.handful));
    } catch (error) {
      next.failed(error);
    }
    return true;
  }

  /** Nothing may be asked of it afterwards. */
  close(): void {
    for (const thread of this.#threads) thread.close();
  }

  #hand(): void {
    for (const thread of this.#threads) {
      while (thread.isAlive && thread.behind < this.#ahead) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        void this.#ask(thread, next);
      }
    }
  }

  async #ask(thread: SideThread, { handful, done, failed }: Waiting): Promise<void> {
    try {
      const { answer, tookMs } = await thread.ask("unlink", handful);
      const isSlow = tookMs > SLOW_FILE_MS * answer.count;
      if (isSlow && this.#waiting.length > 0 && this.#threads.length < THREADS)
        this.#threads.push(new SideThread());
      this.#hand();
      done(answer);
    } catch (error) {
      this.#hand();
      failed(error);
    }
  }
}

async function unlinkFew(folder: string, names: readonly string[]): Promise<Gone> {
  const gone: Gone = { bytes: 0, folders: [], count: names.length };
  const unlinked = names.map((name) => {
    const path = diskPath(`${folder}/${name}`);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) gone.folders.push(name);
    if (stat === undefined || stat.isDirectory()) return Promise.resolve();
    if (stat.nlink === 1) gone.bytes += stat.blocks * 512;
    return new Promise<void>((resolve, reject) => {
      fs.unlink(path, (error) => (error === null ? resolve() : reject(error)));
    });
  });
  await Promise.all(unlinked);
  return gone;
}
