// A file of a home has the name `<file>.pending` until its line is in the journal: a process that is killed before that has left no
// such file, and one that is killed after it has left one that any later reader finishes.
import { renameSync, rmSync } from "node:fs";
import { digestOf } from "#base/digest.ts";
import { systemErrorCode } from "#base/errors.ts";
import { bytesOfFile, entryAt } from "#base/files.ts";

export function pendingOf(path: string): string {
  return `${path}.pending`;
}

/** Writes such a file and then its line. Where the disk does not take both nothing is left of either, but for a line that stayed. */
export function writeWithLine<T>(path: string, isJournalled: () => boolean, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!isJournalled()) rmSync(pendingOf(path), { force: true });
    throw error;
  }
}

/** Names a file whose process had no time for it, where the journal has one of these digests for it, and gives its bytes. */
export function finishPending(path: string, digests: readonly string[]): Buffer | undefined {
  const bytes = digests.length === 0 || isLink(pendingOf(path)) ? undefined : bytesOfFile(pendingOf(path));
  if (bytes === undefined || !digests.includes(digestOf(bytes))) return undefined;
  try {
    renameSync(pendingOf(path), path);
  } catch (error) {
    // Whoever may only read this home reads it all the same.
    if (!/^(EROFS|EACCES|EPERM|ENOENT)$/.test(systemErrorCode(error) ?? "")) throw error;
  }
  return bytes;
}

function isLink(path: string): boolean {
  return entryAt(path)?.isSymbolicLink() === true;
}
