// What a collection is content with: only what is old, and only as much as is wanted; the oldest goes first.
import { statfsSync } from "node:fs";
import type { ReferenceGraph } from "./graph.ts";

export interface GarbageLimits {
  /** Keep what was registered less than this long ago, with all it needs. */
  olderThanMs?: number | undefined;
  /** Stop when this much disk space is freed. */
  maxFreedBytes?: number | undefined;
  /** Stop when this much is free on the file system of the store. */
  minFreeBytes?: number | undefined;
  /** Stop when all registered paths have no more than this, as NAR. */
  maxStoreBytes?: number | undefined;
}

export interface Goal {
  /**
   * @param freedBytes disk space freed so far
   * @param narBytes what of the registered paths went, as NAR
   */
  isReached(freedBytes: number, narBytes: number): boolean;
}

/** Everything goes. */
export const NO_GOAL: Goal = { isReached: () => false };

export function goalOf(limits: GarbageLimits, graph: ReferenceGraph, storeDir: string): Goal {
  const { maxFreedBytes, minFreeBytes, maxStoreBytes } = limits;
  if (maxFreedBytes === undefined && minFreeBytes === undefined && maxStoreBytes === undefined)
    return NO_GOAL;
  const { bavail, bsize } = statfsSync(storeDir);
  const wantedBytes = minFreeBytes === undefined ? undefined : minFreeBytes - bavail * bsize;
  const tooMany =
    maxStoreBytes === undefined ? undefined : narSizeOf(graph, graph.paths.keys()) - maxStoreBytes;
  const isOnlyCapped = wantedBytes === undefined && tooMany === undefined;
  return {
    isReached(freedBytes, narBytes) {
      if (maxFreedBytes !== undefined && freedBytes >= maxFreedBytes) return true;
      if (isOnlyCapped) return false;
      return freedBytes >= (wantedBytes ?? 0) && narBytes >= (tooMany ?? 0);
    },
  };
}

/** The places of dead paths that are old enough, the oldest first. */
export function expired(graph: ReferenceGraph, live: Uint8Array, limits: GarbageLimits): number[] {
  const { registeredAt } = graph;
  const { olderThanMs } = limits;
  const age = (place: number): number => registeredAt[place] ?? 0;
  const kept = live.slice();
  if (olderThanMs !== undefined) {
    const latest = (Date.now() - olderThanMs) / 1000;
    graph.mark(
      kept,
      registeredAt.keys().filter((place) => age(place) > latest),
    );
  }
  const old: number[] = [];
  // Most often they are in order: each gets its id when it is registered.
  let isInOrder = true;
  let last = 0;
  for (const [place, time] of registeredAt.entries()) {
    if (kept[place] === 1) continue;
    isInOrder &&= last <= time;
    last = time;
    old.push(place);
  }
  return isInOrder ? old : old.toSorted((a, b) => age(a) - age(b) || a - b);
}

export function narSizeOf({ narSizes }: ReferenceGraph, places: Iterable<number>): number {
  let bytes = 0;
  for (const place of places) bytes += narSizes[place] ?? 0;
  return bytes;
}
