// Unlinking files one after the other, in whatever thread.
import type * as fs from "node:fs";

export type DiskPath = string | Buffer;

export interface Gone {
  /** Bytes that no longer take space: files that have another hard link do not count. */
  bytes: number;
  /** Which of the paths are folders, and still there. */
  folders: number[];
}

/** Unlinks what is no folder; nothing there is fine. A thread runs the text of this function, which knows only what it is given. */
export function unlinkFiles({ lstatSync, unlinkSync }: typeof fs, paths: readonly DiskPath[]): Gone {
  const gone: Gone = { bytes: 0, folders: [] };
  for (let at = 0; at < paths.length; at += 1) {
    const path = paths[at];
    const stat = path && lstatSync(path, { throwIfNoEntry: false });
    if (!path || !stat) continue;
    if (stat.isDirectory()) {
      gone.folders.push(at);
      continue;
    }
    if (stat.nlink === 1) gone.bytes += stat.blocks * 512;
    unlinkSync(path);
  }
  return gone;
}
