// Unlinking files one after the other, in whatever thread.
import type fs from "node:fs";

/** Some of what is in a folder. */
export interface Handful {
  /** A byte string. */
  folder: string;
  /** Byte strings with a slash between them: one text is handed to a thread in less time than a list. */
  names: string;
}

export interface Gone {
  /** Bytes that no longer take space: files that have another hard link do not count. */
  bytes: number;
  /** Names of folders that are still there. */
  folders: string[];
  /** How many files and folders it looked at. */
  count: number;
}

/**
 * Unlinks files and small trees; nothing there is fine. What is larger, or has paths that are too long, is left, maybe in part. A thread
 * runs the text of this function, which knows only what it is given.
 */
export function unlinkFiles(
  { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync }: typeof fs,
  { folder, names }: Handful,
): Gone {
  const [smallTree, longPath] = [64, 3000];
  const gone: Gone = { bytes: 0, folders: [], count: 0 };
  const remove = (bytePath: string, last: number): boolean => {
    gone.count += 1;
    // Node takes text in less time than bytes.
    const path = /[\u0080-\uffff]/.test(bytePath) ? Buffer.from(bytePath, "latin1") : bytePath;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return true;
    if (!stat.isDirectory()) {
      if (stat.nlink === 1) gone.bytes += stat.blocks * 512;
      unlinkSync(path);
      return true;
    }
    if (bytePath.length > longPath) return false;
    if ((stat.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
    const below = readdirSync(path, { encoding: "latin1" });
    if (gone.count + below.length > last) return false;
    if (!below.every((name) => remove(`${bytePath}/${name}`, last))) return false;
    rmdirSync(path);
    return true;
  };
  for (const name of names.split("/"))
    if (!remove(`${folder}/${name}`, gone.count + smallTree)) gone.folders.push(name);
  return gone;
}
