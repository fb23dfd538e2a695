// What a word on the command line of `verify` means.
import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { entryAt, isDirectory } from "#base/files.ts";
import { naming } from "#base/naming.ts";
import type { Home } from "#home/home.ts";
import type { WhichRun } from "#home/runs.ts";
import { isStorePath, STORE_DIR, type StorePath } from "#nix/store-path.ts";

export type VerifyTarget =
  | { form: "run"; which: WhichRun }
  | { form: "bundle"; file: string }
  | { form: "folder"; folder: string }
  | { form: "path"; path: StorePath };

export interface ArchiveTarget {
  form: "archive";
  file: string;
}

/**
 * What a word means. A word that calls a run is that run, whatever lies there: a folder that somebody called `latest` must not be
 * verified in its place.
 */
export function targetOf(
  home: Home,
  word: string,
  file: string,
  which: WhichRun,
): VerifyTarget | ArchiveTarget {
  if (home.runs.isCalled(word)) return { form: "run", which };
  const path = storePathAt(home, word, file);
  if (path !== undefined) return { form: "path", path };
  if (isArchiveFile(file)) return { form: "archive", file };
  if (isDirectory(file)) return { form: "folder", folder: file };
  if (/[./]/.test(word)) return { form: "bundle", file };
  return { form: "run", which };
}

/** The store path that a logical path, or a file or link on disk, is. */
function storePathAt(home: Home, word: string, file: string): StorePath | undefined {
  if (isStorePath(word)) return word;
  let real: string;
  let store: string;
  try {
    [real, store] = [realpathSync(file), realpathSync(join(home.folder, STORE_DIR))];
  } catch {
    return undefined;
  }
  const [base = "", ...below] = real.startsWith(`${store}/`) ? real.slice(store.length + 1).split("/") : [];
  const path = `${STORE_DIR}/${base}`;
  return below.length === 0 && isStorePath(path) ? path : undefined;
}

/** Whether a target can be judged without a trust file: what was signed here, by the keys that are known here. */
export function needsTrust({ form }: VerifyTarget | ArchiveTarget): boolean {
  return form === "folder" || form === "path";
}

/** Whether a file is a tar by its name or by its first bytes, and no bundle. */
function isArchiveFile(file: string): boolean {
  if (entryAt(file)?.isFile() !== true) return false;
  if (file.endsWith(".tar")) return true;
  const MAGIC_AT = 257;
  const magic = Buffer.alloc("ustar".length);
  const fd = openSync(file, "r");
  try {
    naming(file, () => readSync(fd, magic, 0, magic.length, MAGIC_AT));
  } finally {
    closeSync(fd);
  }
  return magic.toString("latin1") === "ustar";
}
