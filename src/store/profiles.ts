// Profiles: a name under which one path after the other is the current one, each a generation that can be gone back to. The link
// `profiles/<name>` points to `<name>-<n>-link`, and that to the store path, so real Nix lists, switches and deletes the same
// generations (`nix-env --profile`), and both collectors keep what they point to. Specification: Nix `src/libstore/profiles.cc`.
import { existsSync, lstatSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { syncFile } from "#base/sync-file.ts";
import type { StorePath } from "#nix/store-path.ts";
import { pipeliteError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { withNamedLock, withSharedGcLock } from "./locks.ts";
import type { StoreContext } from "./place.ts";
import { requireValid } from "./query.ts";
import { replaceLink, storePathIn } from "./roots.ts";

export interface Generation {
  number: number;
  path: StorePath;
  /** When it was made, ms since 1970. */
  madeAtMs: number;
}

export interface Profile {
  name: string;
  /** By number. */
  generations: Generation[];
  current: number | undefined;
}

const NAME = /^[A-Za-z0-9_][\w+.-]*$/;
const LINK = /^(.+)-([1-9]\d{0,15})-link$/;

/** All profiles, by name; `names`: only these. @throws PipeliteError STORE_PROFILE_NAME */
export function readProfiles({ layout }: Pick<StoreContext, "layout">, names?: readonly string[]): Profile[] {
  const entries = existsSync(layout.profilesDir) ? readdirSync(layout.profilesDir) : [];
  const found = new Set(
    entries.flatMap((entry) => LINK.exec(entry)?.[1] ?? []).filter((each) => NAME.test(each)),
  );
  for (const name of names ?? []) requireName(name);
  return [...found]
    .filter((name) => names === undefined || names.includes(name))
    .toSorted()
    .map((name) => readProfile(layout, name, entries));
}

/** As `readProfiles`. @throws PipeliteError STORE_PROFILE_UNKNOWN as well, of names that were given */
export function findProfiles(store: Pick<StoreContext, "layout">, names?: readonly string[]): Profile[] {
  const found = readProfiles(store, names);
  const name = names?.find((each) => !found.some((profile) => profile.name === each));
  if (name === undefined) return found;
  throw pipeliteError("STORE_PROFILE_UNKNOWN", { name, home: store.layout.home });
}

function readProfile(layout: Layout, name: string, entries: readonly string[]): Profile {
  const generations = entries.flatMap((entry) => {
    const [, of, digits] = LINK.exec(entry) ?? [];
    const file = join(layout.profilesDir, entry);
    const stat = of === name ? lstatSync(file, { throwIfNoEntry: false }) : undefined;
    if (stat?.isSymbolicLink() !== true) return [];
    const path = storePathIn(layout, resolve(layout.profilesDir, readlinkSync(file)));
    return path === undefined ? [] : [{ number: Number(digits), path, madeAtMs: stat.mtimeMs }];
  });
  return {
    name,
    generations: generations.toSorted((a, b) => a.number - b.number),
    current: currentOf(layout, name),
  };
}

function currentOf(layout: Layout, name: string): number | undefined {
  const link = join(layout.profilesDir, name);
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
  const [, of, digits] = LINK.exec(readlinkSync(link)) ?? [];
  return of === name ? Number(digits) : undefined;
}

/**
 * Makes a valid path the current one of a profile: a new generation, unless it is that of the last one already.
 * @returns its number
 * @throws PipeliteError STORE_PROFILE_NAME, STORE_PATH_NOT_VALID
 */
export async function addGeneration(store: StoreContext, name: string, path: StorePath): Promise<number> {
  const { layout } = store;
  requireName(name);
  await store.tempRoots.add([path]);
  requireValid(store, path);
  return withProfileLock(store, name, async () => {
    const last = readProfiles(store, [name])[0]?.generations.at(-1);
    const number = last?.path === path ? last.number : (last?.number ?? 0) + 1;
    await withSharedGcLock(layout, () => {
      if (number !== last?.number) replaceLink(linkOf(layout, name, number), path);
      replaceLink(join(layout.profilesDir, name), `${name}-${number}-link`);
    });
    await syncFile(layout.profilesDir);
    return number;
  });
}

/**
 * Makes a generation the current one.
 * @param wanted its number, or `before`: the one before the current
 * @throws PipeliteError STORE_PROFILE_NAME, STORE_PROFILE_UNKNOWN, STORE_GENERATION_UNKNOWN
 */
export async function switchProfile(
  store: StoreContext,
  name: string,
  wanted: number | "before",
): Promise<Generation> {
  const { layout } = store;
  requireName(name);
  return withProfileLock(store, name, async () => {
    const [profile] = readProfiles(store, [name]);
    if (profile === undefined) throw pipeliteError("STORE_PROFILE_UNKNOWN", { name, home: layout.home });
    const { generations, current = Number.POSITIVE_INFINITY } = profile;
    const generation =
      wanted === "before"
        ? generations.findLast(({ number }) => number < current)
        : generations.find(({ number }) => number === wanted);
    if (generation === undefined) {
      const which = wanted === "before" ? "before the current one" : String(wanted);
      const there = generations.map(({ number }) => number).join(", ");
      throw pipeliteError("STORE_GENERATION_UNKNOWN", { name, which, there });
    }
    replaceLink(join(layout.profilesDir, name), `${name}-${generation.number}-link`);
    await syncFile(layout.profilesDir);
    return generation;
  });
}

export interface DeletedGeneration {
  name: string;
  number: number;
}

/**
 * Deletes the generations of all profiles that were no more in use so long ago. The current ones stay, and of each profile the
 * last one that is older: it was the current one then.
 */
export async function deleteGenerations(
  store: StoreContext,
  { olderThanMs, dryRun = false }: { olderThanMs: number; dryRun?: boolean },
): Promise<DeletedGeneration[]> {
  const { layout } = store;
  const deleted: DeletedGeneration[] = [];
  const latest = Date.now() - olderThanMs;
  for (const { name } of readProfiles(store)) {
    const deleteOld = (): void => {
      const [{ generations, current } = { generations: [], current: undefined }] = readProfiles(store, [
        name,
      ]);
      const old = generations.filter(({ madeAtMs }) => madeAtMs < latest).slice(0, -1);
      for (const { number } of old) {
        if (number === current) continue;
        if (!dryRun) rmSync(linkOf(layout, name, number), { force: true });
        deleted.push({ name, number });
      }
    };
    if (dryRun) deleteOld();
    else await withProfileLock(store, name, deleteOld);
  }
  return deleted;
}

function linkOf(layout: Layout, name: string, number: number): string {
  return join(layout.profilesDir, `${name}-${number}-link`);
}

/** The lock is the one that Nix takes. */
function withProfileLock<T>(store: StoreContext, name: string, action: () => T | Promise<T>): Promise<T> {
  return withNamedLock(store, `${join(store.layout.profilesDir, name)}.lock`, action);
}

function requireName(name: string): void {
  const problem = !NAME.test(name)
    ? "it must be letters, digits and _ + . -, and not begin with a sign"
    : LINK.test(name) || name.endsWith(".lock")
      ? "it ends as a generation or a lock does"
      : undefined;
  if (problem !== undefined) throw pipeliteError("STORE_PROFILE_NAME", { name, problem });
}
