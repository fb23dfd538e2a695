// Apart from the other files of the ground: what a run with nothing to do loads has no need of it.
import { closeSync, fsync, openSync } from "node:fs";

/** Waits until what was written to a file, or the names in a folder, are on the disk. */
export function syncFile(path: string | Buffer): Promise<void> {
  // Only the waiting is for a thread: handing it the other two calls, as a FileHandle does, takes longer than they do.
  return new Promise((resolve, reject) => {
    const fd = openSync(path, "r");
    fsync(fd, (failed) => {
      closeSync(fd);
      if (failed === null) resolve();
      else reject(failed);
    });
  });
}
