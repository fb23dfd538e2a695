// `pipelite lock` for nixpkgs: names become store paths, and what trusted caches say of these and of all that they need is pinned.
import { isPipeliteError } from "#base/errors.ts";
import type { NixpkgsRequest } from "#author/environment-request.ts";
import type { NarInfo } from "#nix/narinfo.ts";
import { isStorePath, sortPaths, type StorePath } from "#nix/store-path.ts";
import type { Substituter } from "#cache/substituter.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Locking } from "#environment/locking.ts";
import { SYSTEM } from "#environment/step.ts";
import { lockedPath, type LockedNixpkgs } from "./locked-nixpkgs.ts";
import { systemOf } from "./program-system.ts";
import { pathsNamed, readStorePaths } from "./store-paths.ts";

/**
 * @throws PipeliteError NIXPKGS_CACHE_UNNAMED, NIXPKGS_PATH_UNAVAILABLE, NIXPKGS_SYSTEM_WRONG, NIXPKGS_NAME_AMBIGUOUS, those of
 * lists (store-paths.ts) and of caches
 */
export async function lockNixpkgs(request: NixpkgsRequest, locking: Locking): Promise<LockedNixpkgs> {
  const { caches } = locking;
  const [first = ""] = request.packages;
  if (caches === undefined) throw pipeliteError("NIXPKGS_CACHE_UNNAMED", { path: first });
  const packages: StorePath[] = [];
  const infos = new Map<StorePath, NarInfo>();
  let list: StorePath[] | undefined;
  for (const word of request.packages) {
    locking.say(`looking for ${word}`);
    if (!isStorePath(word)) list ??= await readStorePaths(request.channel, word, locking);
    const described = isStorePath(word)
      ? await requirePath(word, caches, locking.signal)
      : await choose(word, pathsNamed(word, list ?? []), caches, locking.signal);
    packages.push(described.path);
    for (const info of described.closure) infos.set(info.path, info);
  }
  const closure = sortPaths(infos.keys()).flatMap((path) => {
    const info = infos.get(path);
    return info === undefined ? [] : [lockedPath(info)];
  });
  return { request, system: SYSTEM, packages, closure };
}

interface Described {
  path: StorePath;
  /** `x86_64-linux`; undefined for what is for any. */
  system: string | undefined;
  closure: NarInfo[];
}

async function requirePath(path: StorePath, caches: Substituter, signal: AbortSignal): Promise<Described> {
  const described = await describe(path, caches, signal);
  if (fits(described)) return described;
  const { system } = described;
  throw pipeliteError("NIXPKGS_SYSTEM_WRONG", { path, system, wanted: SYSTEM });
}

/** Of the paths of one name the one that is for this system. */
async function choose(
  name: string,
  candidates: readonly StorePath[],
  caches: Substituter,
  signal: AbortSignal,
): Promise<Described> {
  const found: Described[] = [];
  let missing: unknown;
  for (const path of candidates) {
    try {
      found.push(await describe(path, caches, signal));
    } catch (error) {
      // A cache has not all that a list names.
      if (!isPipeliteError(error, "NIXPKGS_PATH_UNAVAILABLE")) throw error;
      missing ??= error;
    }
  }
  if (found.length === 0) throw missing;
  const fitting = found.filter(fits);
  const [one] = fitting;
  if (one !== undefined && fitting.length === 1) return one;
  const how = fitting.length === 0 ? "none of its paths is" : `${fitting.length} paths are`;
  const listed = (fitting.length === 0 ? found : fitting).map(({ path, system }) => `${path} (${system})`);
  const problem = `${how} for ${SYSTEM}: ${listed.join(", ")}`;
  throw pipeliteError("NIXPKGS_NAME_AMBIGUOUS", { name, problem });
}

function fits({ system }: Described): boolean {
  return system === undefined || system === SYSTEM;
}

async function describe(path: StorePath, caches: Substituter, signal: AbortSignal): Promise<Described> {
  const { offers, missing } = await caches.closure(path, signal);
  if (missing !== undefined) {
    if (caches.failure !== undefined) throw caches.failure;
    const urls = caches.urls.join(", ");
    throw pipeliteError("NIXPKGS_PATH_UNAVAILABLE", { path: missing, caches: urls });
  }
  const closure = [...offers.values()].map(({ info }) => info);
  return { path, system: await systemOf(path, offers, signal), closure };
}
