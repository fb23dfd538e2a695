// Apart from the other files of the ground: what a run with nothing to do loads has no need of it.
import { open } from "node:fs/promises";

/** Waits until what was written to a file, or the names in a folder, are on the disk. */
export async function syncFile(path: string | Buffer): Promise<void> {
  await using file = await open(path, "r");
  await file.sync();
}
