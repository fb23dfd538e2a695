// What running processes hold on to: their temporary roots, and the store paths they run from or have open.
import type * as fs from "node:fs";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { tryFlock } from "#base/libc.ts";
import { systemErrorCode } from "#base/errors.ts";
import { isStorePath, STORE_DIR, type StorePath } from "#nix/store-path.ts";
import type { Layout } from "./layout.ts";
import { storePathIn } from "./roots.ts";

/**
 * Temporary roots of all live processes, ours included; files of dead ones are removed. Under the GC lock
 * only.
 */
export function readTempRoots(layout: Layout, { dryRun }: { dryRun: boolean }): StorePath[] {
  const roots: StorePath[] = [];
  for (const name of readdirSync(layout.tempRootsDir)) {
    const file = join(layout.tempRootsDir, name);
    const fd = tolerate(() => openSync(file, "r+"));
    if (fd === undefined) continue;
    try {
      // Its process holds the lock as long as it lives.
      if (tryFlock(fd, "exclusive")) {
        if (!dryRun) tolerate(() => (unlinkSync(file), writeSync(fd, "d")));
        continue;
      }
      roots.push(...readFileSync(fd, "latin1").split("\0").filter(isStorePath));
    } finally {
      closeSync(fd);
    }
  }
  return roots;
}

/** What a process has open, as far as we may see. */
export interface OpenFiles {
  /** Of the process, in /proc. */
  folder: string;
  /** Only files in the folders that were asked for. */
  files: string[];
}

/** The folders that the paths of a store are in. */
export function storeFolders(layout: Layout): string[] {
  return [STORE_DIR, layout.storeDir].map((folder) => `${folder}/`);
}

/** Store paths that processes run from, work in, have open or have mapped. */
export function processRootsIn(
  layout: Layout,
  processes: readonly OpenFiles[],
): { path: StorePath; source: string }[] {
  return processes.flatMap(({ folder, files }) =>
    [...new Set(files.map((file) => storePathIn(layout, file)))].flatMap((path) =>
      path === undefined ? [] : [{ path, source: folder }],
    ),
  );
}

/**
 * Files in some folders that processes run from, work in, have open or have mapped, as far as we may see. A thread runs the text of
 * this function, which knows only what it is given.
 * @param folders with a slash behind them
 */
export function readOpenFiles(
  { readdirSync, readFileSync, readlinkSync }: typeof fs,
  folders: readonly string[],
): OpenFiles[] {
  // Processes come and go, and not all may be looked at.
  const tolerate = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (error instanceof Error && "code" in error && typeof error.code === "string") return undefined;
      throw error;
    }
  };
  const found: OpenFiles[] = [];
  for (const pid of tolerate(() => readdirSync("/proc")) ?? []) {
    if (!/^\d+$/.test(pid)) continue;
    const folder = `/proc/${pid}`;
    const maps = tolerate(() => readFileSync(`${folder}/maps`, "utf8"));
    // A thread of the kernel, or a process that has ended: asking it for more takes longer than anything here.
    if (maps === "") continue;
    const links = [`${folder}/exe`, `${folder}/cwd`];
    for (const fd of tolerate(() => readdirSync(`${folder}/fd`)) ?? []) links.push(`${folder}/fd/${fd}`);
    const files = links.map((link) => tolerate(() => readlinkSync(link)) ?? "");
    if (maps !== undefined && folders.some((each) => maps.includes(each)))
      for (const line of maps.split("\n")) files.push(line.slice(line.indexOf("/")));
    const within = files.filter((file) => folders.some((each) => file.startsWith(each)));
    if (within.length > 0) found.push({ folder, files: within });
  }
  return found;
}

/** True for an unfinished file of Nix's own, of a process that still runs. */
export function isForeignScratch(name: string, file: string): boolean {
  const pid = /^(?:add|nix|import)-(\d+)-\d+$/.exec(name)?.[1];
  if (pid !== undefined) return tolerate(() => readlinkSync(`/proc/${pid}/exe`)) !== undefined;
  if (!name.startsWith("tmp-")) return false;
  // Newer Nix locks its scratch folder.
  const fd = tolerate(() => openSync(file, "r"));
  if (fd === undefined) return false;
  const isFree = tryFlock(fd, "exclusive");
  closeSync(fd);
  return !isFree;
}

/** Processes come and go, and not all may be looked at. */
function tolerate<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (systemErrorCode(error) !== undefined) return undefined;
    throw error;
  }
}
