// Where everything of a store lies below its home. The logical store directory is always /nix/store;
// physically it is `<home>/nix/store`, which is what Nix calls a chroot store. Our own state lies beside it
// in `<home>/pipelite`: inside the store directory everything that is not registered is garbage.
import { entryAt, makeFolder, placeInside } from "#base/files.ts";
import { lstatSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemErrorCode } from "#base/errors.ts";
import { STORE_DIR, storePathBase, type StorePath } from "#nix/store-path.ts";
import { pipeliteError } from "./errors.ts";

export interface Layout {
  readonly home: string;
  readonly storeDir: string;
  readonly linksDir: string;
  readonly stateDir: string;
  readonly databaseDir: string;
  readonly databaseFile: string;
  readonly schemaFile: string;
  readonly realisationsSchemaFile: string;
  readonly bigLock: string;
  /** Space kept in reserve, so that a collection can write to the database of a full file system. */
  readonly reservedFile: string;
  readonly gcLock: string;
  readonly gcSocket: string;
  readonly tempRootsDir: string;
  readonly gcRootsDir: string;
  readonly profilesDir: string;
  /** Links that keep alive, for real Nix, what our own roots point to. */
  readonly ownGcRootsDir: string;
  readonly ownDir: string;
  /** For files that are being made; what a killed process left there is garbage. */
  readonly temporaryDir: string;
  readonly ownRootsDir: string;
  readonly memoFile: string;
  /** Where stages are built, and what else a process needs while it lives: names begin with its id. */
  readonly buildsDir: string;
}

export function layoutOf(home: string): Layout {
  const root = resolve(home);
  const stateDir = join(root, "nix/var/nix");
  const databaseDir = join(stateDir, "db");
  const storeDir = join(root, STORE_DIR);
  const gcRootsDir = join(stateDir, "gcroots");
  const ownDir = join(root, "pipelite");
  return {
    home: root,
    storeDir,
    linksDir: join(storeDir, ".links"),
    stateDir,
    databaseDir,
    databaseFile: join(databaseDir, "db.sqlite"),
    schemaFile: join(databaseDir, "schema"),
    realisationsSchemaFile: join(databaseDir, "ca-schema"),
    bigLock: join(databaseDir, "big-lock"),
    reservedFile: join(databaseDir, "reserved"),
    gcLock: join(stateDir, "gc.lock"),
    gcSocket: join(stateDir, "gc-socket/socket"),
    tempRootsDir: join(stateDir, "temproots"),
    gcRootsDir,
    profilesDir: join(stateDir, "profiles"),
    ownGcRootsDir: join(gcRootsDir, "pipelite"),
    ownDir,
    temporaryDir: join(ownDir, "tmp"),
    ownRootsDir: join(ownDir, "roots"),
    memoFile: join(ownDir, "stat-memo.sqlite"),
    buildsDir: join(stateDir, "builds"),
  };
}

/** The file or folder on disk that holds a store path. */
export function physicalPath(layout: Layout, path: StorePath): string {
  return `${layout.storeDir}/${storePathBase(path)}`;
}

/**
 * That none of these, and of the folders between them and the home, is a link: who put it there would have us write, and remove,
 * wherever it leads.
 * @param paths below the home
 * @throws PipeliteError HOME_LINKED
 */
export function refuseLinks(home: string, paths: readonly string[]): void {
  const root = resolve(home);
  const looked = new Set([root]);
  const look = (path: string): void => {
    if (looked.has(path) || path === dirname(path)) return;
    looked.add(path);
    look(dirname(path));
    if (entryAt(path)?.isSymbolicLink() === true) throw pipeliteError("HOME_LINKED", { path });
  };
  for (const path of paths) look(path);
}

/** @throws PipeliteError HOME_LINKED where a link is in the place of a folder or file of the store */
export function refuseLinksIn({ home, ...places }: Layout): void {
  refuseLinks(home, [...Object.values(places), logsFolder(home)]);
}

/** Makes the folders Nix expects; those that exist are left as they are. */
export function createLayout(layout: Layout): void {
  const folders = [
    layout.linksDir,
    layout.databaseDir,
    layout.tempRootsDir,
    join(layout.gcRootsDir, "auto"),
    layout.profilesDir,
    layout.ownRootsDir,
  ];
  for (const folder of folders) makeFolder(folder);
  const link = join(layout.gcRootsDir, "profiles");
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) return;
  try {
    symlinkSync(layout.profilesDir, link);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

/** Where the logs of builds are: Nix's own place, so that `nix log` reads them too. */
export function logsFolder(home: string): string {
  return join(home, "nix/var/log/nix/drvs");
}

export function logFile(home: string, drvPath: StorePath): string {
  return join(logsFolder(home), logName(drvPath));
}

/** The same, to read it: undefined where a link is on the way, which could lead to any file of this machine. */
export function readableLog(home: string, drvPath: StorePath): string | undefined {
  return placeInside(logsFolder(home), logName(drvPath));
}

function logName(drvPath: StorePath): string {
  const base = storePathBase(drvPath);
  return join(base.slice(0, 2), base.slice(2));
}
