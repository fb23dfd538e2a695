// What the lock file says of programs of nixpkgs: each path of the closure by the hash of its NAR. Not where they are.
import type { NixpkgsRequest } from "#author/environment-request.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { hex } from "#base/bytes.ts";
import * as shape from "#base/shape.ts";
import type { NarInfo } from "#nix/narinfo.ts";
import { isStorePath, type StorePath } from "#nix/store-path.ts";
import type { LockedPath } from "#environment/step.ts";

export interface LockedNixpkgs {
  request: NixpkgsRequest;
  /** As Nix says it: `x86_64-linux`. */
  system: string;
  /** What was asked for, in that order. */
  packages: StorePath[];
  /** Those and all that they need, sorted. */
  closure: LockedPath[];
}

const { count, list, matching, object, text } = shape;

const storePath: shape.Shape<StorePath> = (value) =>
  typeof value === "string" && isStorePath(value) ? undefined : " is no store path";

const lockedNixpkgs: shape.Shape<LockedNixpkgs> = object<LockedNixpkgs>({
  request: shape.json as shape.Shape<NixpkgsRequest>,
  system: text,
  packages: list(storePath),
  closure: list(
    object<LockedPath>({
      path: storePath,
      sha256: matching(/^[0-9a-f]{64}$/, "SHA-256"),
      size: count,
      references: list(storePath),
    }),
  ),
});

/** What is wrong with a lock that somebody may have edited: where, and what. */
export function faultOfLockedNixpkgs(value: unknown, request: NixpkgsRequest): string | undefined {
  const fault = lockedNixpkgs(value);
  if (fault !== undefined) return fault.startsWith("/") ? fault : `it${fault}`;
  const { packages, closure, ...locked } = value as LockedNixpkgs;
  if (canonicalJson(locked.request) !== canonicalJson(request)) return "it answers another request";
  if (packages.length !== request.packages.length) return "it has not one path for each package";
  const known = new Set(closure.map(({ path }) => path));
  const unknown = [...packages, ...closure.flatMap(({ references }) => references)].find(
    (path) => !known.has(path),
  );
  return unknown === undefined ? undefined : `it does not say what ${unknown} is`;
}

/** What a lock pins of a path. */
export function lockedPath({ path, narHash, narSize, references }: PathFacts): LockedPath {
  return { path, sha256: hex(narHash), size: narSize, references: references.toSorted() };
}

type PathFacts = Pick<NarInfo, "path" | "narHash" | "narSize" | "references">;

/** Whether it is what the lock pins. */
export function isAsLocked(locked: LockedPath, facts: PathFacts): boolean {
  return canonicalJson(lockedPath(facts)) === canonicalJson(locked);
}
