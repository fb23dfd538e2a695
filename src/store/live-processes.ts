// What running processes hold on to: their temporary roots, and the store paths they run from or have open.
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

/** Store paths that processes run from, work in, have open or have mapped, as far as we may see. */
export function findProcessRoots(layout: Layout): { path: StorePath; source: string }[] {
  const roots: { path: StorePath; source: string }[] = [];
  const stores = [STORE_DIR, layout.storeDir].map((folder) => `${folder}/`);
  for (const pid of tolerate(() => readdirSync("/proc")) ?? []) {
    if (!/^\d+$/.test(pid)) continue;
    const folder = `/proc/${pid}`;
    const maps = tolerate(() => readFileSync(`${folder}/maps`, "utf8"));
    // A thread of the kernel, or a process that has ended: asking it for more takes longer than anything here.
    if (maps === "") continue;
    const links = [`${folder}/exe`, `${folder}/cwd`];
    for (const fd of tolerate(() => readdirSync(`${folder}/fd`)) ?? []) links.push(`${folder}/fd/${fd}`);
    const files = links.map((link) => tolerate(() => readlinkSync(link)) ?? "");
    if (maps !== undefined && stores.some((store) => maps.includes(store)))
      for (const line of maps.split("\n")) files.push(line.slice(line.indexOf("/")));
    for (const path of new Set(files.map((file) => storePathIn(layout, file)))) {
      if (path !== undefined) roots.push({ path, source: folder });
    }
  }
  return roots;
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
