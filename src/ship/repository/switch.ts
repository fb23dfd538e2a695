// Indices that change all at once: a folder is a link to one of its generations, and the link is replaced when the new one is
// whole. Who reads while that happens finds the files of the one before as well.
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readlinkSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { hexDigestOf } from "#base/digest.ts";
import { entryAt, filesBelow, makeFolder, removeTree } from "#base/files.ts";
import { syncFile } from "#base/sync-file.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { IndexFolder } from "./kinds.ts";

/** @throws PipeliteError REPO_FOLDER_FOREIGN where there is a folder that this did not make */
export async function switchFolder(root: string, { folder, files, isKept }: IndexFolder): Promise<void> {
  const link = join(root, folder);
  const generations = join(dirname(link), `.${basename(link)}`);
  const entry = entryAt(link);
  if (entry !== undefined && !entry.isSymbolicLink())
    throw pipeliteError("REPO_FOLDER_FOREIGN", { folder: link });
  // What is not wanted in there is removed: a link would lead to a folder of somebody.
  if (entryAt(generations)?.isDirectory() === false)
    throw pipeliteError("REPO_FOLDER_FOREIGN", { folder: generations });
  const target = entry === undefined ? "" : readlinkSync(link);
  const isOwn = dirname(target) === basename(generations) && basename(target) !== "..";
  if (entry !== undefined && !isOwn) throw pipeliteError("REPO_FOLDER_FOREIGN", { folder: link });
  const before = entry === undefined ? undefined : join(dirname(link), target);
  makeFolder(generations);
  const made = mkdtempSync(join(generations, ".new-"));
  try {
    for (const [path, bytes] of files)
      put(join(made, path), (place) => writeFileSync(place, bytes, { flag: "wx", flush: true }));
    if (before !== undefined && entryAt(before)?.isDirectory() === true)
      for (const path of filesBelow(before))
        if (isKept(path) && !existsSync(join(made, path)))
          put(join(made, path), (place) => linkSync(join(before, path), place));
    await syncFolders(made, filesBelow(made).map(dirname));
    const name = hexDigestOf(
      [...files].map(([path, bytes]) => `${path} ${hexDigestOf(bytes)}`).join("\n"),
    ).slice(0, 16);
    const generation = join(generations, name);
    if (generation !== before) {
      removeTree(generation);
      renameSync(made, generation);
    }
    await syncFile(generations);
    const next = join(generations, ".next");
    rmSync(next, { force: true });
    symlinkSync(join(basename(generations), name), next);
    renameSync(next, link);
    await syncFolders(root, [dirname(folder), dirname(relative(root, generations))]);
    const wanted = [generation, before].map((each) => each && basename(each));
    for (const old of readdirSync(generations)) if (!wanted.includes(old)) removeTree(join(generations, old));
  } finally {
    removeTree(made);
  }
}

/** Waits until the names in folders, and in those above them up to `root`, are on the disk. */
export async function syncFolders(root: string, folders: readonly string[]): Promise<void> {
  const all = new Set([root]);
  for (const folder of folders)
    for (let at = folder; at !== "." && at !== "/"; at = dirname(at)) all.add(join(root, at));
  for (const folder of [...all].toSorted().toReversed()) await syncFile(folder);
}

function put(place: string, write: (place: string) => void): void {
  makeFolder(dirname(place));
  write(place);
}
