// The locked paths of a step in the store: taken from caches, whose word on them must be that of the lock, or there already.
import { hex } from "#base/bytes.ts";
import type { Substituter } from "#cache/substituter.ts";
import type { NarInfo } from "#nix/narinfo.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { LockedPath } from "#environment/step.ts";
import { isAsLocked } from "./locked-nixpkgs.ts";

/**
 * Takes what is missing; nothing that is not as the lock says comes in.
 * @throws PipeliteError NIXPKGS_CACHE_UNNAMED, NIXPKGS_PATH_UNAVAILABLE, NIXPKGS_PATH_DIFFERS, and why a cache was refused
 */
export async function takeClosure(
  store: Store,
  closure: readonly LockedPath[],
  { substituter, signal }: { substituter?: Substituter | undefined; signal: AbortSignal },
): Promise<void> {
  if (closure.length === 0) return;
  await store.addTempRoot(...closure.map(({ path }) => path));
  requireAsLocked(store, closure);
  const wanted = new Map(closure.map((each) => [each.path, each]));
  let otherwise: Error | undefined;
  const accepts = (info: NarInfo, url: string): boolean => {
    const locked = wanted.get(info.path);
    if (locked !== undefined && isAsLocked(locked, info)) return true;
    if (locked !== undefined) otherwise ??= differs(locked, info, `the cache ${url}`);
    return false;
  };
  for (const path of topOf(closure)) {
    if (store.isPresent(path)) continue;
    if (substituter === undefined) throw pipeliteError("NIXPKGS_CACHE_UNNAMED", { path });
    if ((await substituter.take(path, signal, accepts)) !== undefined) continue;
    signal.throwIfAborted();
    throw (
      otherwise ??
      substituter.failure ??
      pipeliteError("NIXPKGS_PATH_UNAVAILABLE", { path, caches: substituter.urls.join(", ") })
    );
  }
}

/** Those that no other one needs. */
function topOf(closure: readonly LockedPath[]): StorePath[] {
  const needed = new Set(
    closure.flatMap(({ path, references }) => references.filter((each) => each !== path)),
  );
  return closure.map(({ path }) => path).filter((path) => !needed.has(path));
}

/** @throws PipeliteError NIXPKGS_PATH_DIFFERS where the store has one of them otherwise */
export function requireAsLocked(store: Store, closure: readonly LockedPath[]): void {
  for (const locked of closure) {
    const info = store.info(locked.path);
    if (info !== undefined && !isAsLocked(locked, info))
      throw differs(locked, info, "the store of this home");
  }
}

function differs(locked: LockedPath, { narHash }: Pick<NarInfo, "narHash">, where: string): Error {
  const got = hex(narHash);
  const what = got === locked.sha256 ? "other references than" : `the NAR ${got}, and not`;
  return pipeliteError("NIXPKGS_PATH_DIFFERS", { path: locked.path, where, what, wanted: locked.sha256 });
}
