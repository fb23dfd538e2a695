// Apart from the other files of the ground: what a run with nothing to do loads has no need of it.
import { closeSync, fsync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits until what was written to a file, or the names in a folder, are on the disk. */
export function syncFile(path: string | Buffer): Promise<void> {
  // Only the waiting is for a thread: handing it the other two calls, as a FileHandle does, takes longer than they do.
  return new Promise((resolve, reject) => {
    const fd = openSync(path, "r");
    fsync(fd, (failed) => {
      closeSync(fd);
      if (failed === null) resolve();
      else reject(Object.assign(failed, { path: String(path) }));
    });
  });
}

/**
 * Waits until all that was written to the file system of an open file is on its disk. Node has no syncfs(2), which may take long: it
 * is called by a thread that does nothing else, since a thread of Node takes 10 MiB.
 * @returns false where the disk could not be written to
 */
export async function syncFileSystem(fd: number): Promise<boolean> {
  const threads = load();
  const thread = Buffer.alloc(8);
  if (threads.pthread_create(thread, 0n, threads.syncfs, BigInt(fd)) !== 0) return threads.syncNow(fd) === 0;
  const result = Buffer.alloc(8);
  for (let looks = 0; threads.pthread_tryjoin_np(thread.readBigUInt64LE(), result) !== 0; looks += 1)
    await sleep(looks < OFTEN ? 1 : 10);
  return result.readInt32LE() === 0;
}

/** Most file systems are written by then. */
const OFTEN = 50;

interface Threads {
  pthread_create(thread: Uint8Array, attributes: bigint, start: bigint, argument: bigint): number;
  pthread_tryjoin_np(thread: bigint, result: Uint8Array): number;
  /** Its address. */
  syncfs: bigint;
  syncNow(fd: number): number;
}

let loaded: Threads | undefined;

function load(): Threads {
  if (loaded !== undefined) return loaded;
  const { lib, functions } = process.getBuiltinModule("node:ffi").dlopen(null, {
    pthread_create: { arguments: ["buffer", "pointer", "pointer", "pointer"], return: "i32" },
    pthread_tryjoin_np: { arguments: ["u64", "buffer"], return: "i32" },
    syncfs: { arguments: ["i32"], return: "i32" },
  });
  const { pthread_create, pthread_tryjoin_np, syncfs: syncNow } = functions;
  return (loaded = {
    pthread_create,
    pthread_tryjoin_np,
    syncfs: lib.getSymbol("syncfs"),
    syncNow,
  } as Threads);
}
