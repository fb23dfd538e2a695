// Unlinking many files. Each unlink may wait for the disk, which may discard every block at once; several in flight share the wait.
// Handing one file at a time to the threads of libuv takes longer than a file itself, so many files go to a thread of ours, a
// handful in one message, and to more such threads where the disk turns out to be slow.
import * as fs from "node:fs";
import { SideThread } from "./side-thread.ts";
import { unlinkFiles, type DiskPath, type Gone } from "./unlink-files.ts";

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

/** What came of some paths. */
export interface Unlinked {
  /** Bytes that no longer take space: files that have another hard link do not count. */
  bytes: number;
  /** Those that are folders, and still there. */
  folders: DiskPath[];
}

interface Handful {
  paths: readonly DiskPath[];
  done: (gone: Gone) => void;
  failed: (reason: unknown) => void;
}

export class Unlinking {
  #count = 0;
  #ahead = AHEAD;
  readonly #waiting: Handful[] = [];
  readonly #threads: SideThread[] = [];

  /** @param thread that is there already, and is closed with this */
  constructor(thread?: SideThread) {
    if (thread !== undefined) this.#threads.push(thread);
  }

  /** So many files will have to go: a thread that is worth its start starts now. */
  expect(count: number): void {
    if (count > FEW && this.#threads.length === 0) this.#threads.push(new SideThread());
  }

  /** Unlinks these files; nothing there is fine. @throws what went wrong first; the others may be gone or not */
  async unlink(paths: readonly DiskPath[]): Promise<Unlinked> {
    this.#count += paths.length;
    this.expect(this.#count);
    const { bytes, folders } =
      this.#threads.length === 0
        ? await unlinkFew(paths)
        : await new Promise<Gone>((done, failed) => {
            this.#ahead = AHEAD;
            this.#waiting.push({ paths, done, failed });
            this.#hand();
          });
    return { bytes, folders: folders.flatMap((at) => paths[at] ?? []) };
  }

  /** Unlinks a handful here that no thread has been told of; false when there is none. */
  help(): boolean {
    this.#ahead = AHEAD_OF_HELP;
    const handful = this.#waiting.shift();
    if (handful === undefined) return false;
    try {
      handful.done(unlinkFiles(fs, handful.paths));
    } catch (error) {
      handful.failed(error);
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
        const handful = this.#waiting.shift();
        if (handful === undefined) return;
        void this.#ask(thread, handful);
      }
    }
  }

  async #ask(thread: SideThread, { paths, done, failed }: Handful): Promise<void> {
    try {
      const { answer, tookMs } = await thread.ask("unlink", paths);
      const isSlow = tookMs > SLOW_FILE_MS * paths.length;
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

async function unlinkFew(paths: readonly DiskPath[]): Promise<Gone> {
  const gone: Gone = { bytes: 0, folders: [] };
  const unlinked = paths.map((path, at) => {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) gone.folders.push(at);
    if (stat === undefined || stat.isDirectory()) return Promise.resolve();
    if (stat.nlink === 1) gone.bytes += stat.blocks * 512;
    return new Promise<void>((resolve, reject) => {
      fs.unlink(path, (error) => (error === null ? resolve() : reject(error)));
    });
  });
  await Promise.all(unlinked);
  return gone;
}
