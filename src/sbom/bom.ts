// What a bill of materials says, whatever format it is written in: the objects of a closure, what is known of the packages in
// them, and the pipeline that made it. What is not known is absent here; each format has its own way to say so.

export type ClosureKind = "runtime" | "build";

/** Who makes or supplies something. */
export interface Party {
  name: string;
  email?: string;
  url?: string;
  /** It says itself that it is an organisation. A name alone does not tell. */
  isOrganisation?: boolean;
}

/** As the metadata of a package states it. */
export interface Licence {
  /** Of SPDX. */
  expression: string;
  /** What stands there and SPDX has no name for: `LicenseRef-...` of the expression -> the words. */
  refs: Readonly<Record<string, string>>;
}

export interface BomPackage {
  name: string;
  version?: string;
  /** Of a package of Debian, as Debian calls it. */
  architecture?: string;
  /** Package URL. */
  purl?: string;
  cpe?: string;
  licence?: Licence;
  supplier?: Party;
  /** Where those who make it say that its sources are. */
  vcs?: string;
}

export type ComponentType = "application" | "library" | "operating-system" | "file";

/** A store object, which is one component. */
export interface BomObject extends BomPackage {
  /** `/nix/store/HASH-NAME` */
  path: string;
  type: ComponentType;
  /** SHA-256 of its NAR, hex. */
  narHash: string;
  narSize: number;
  /** Store paths that it refers to, itself left out; sorted. */
  references: string[];
  /** Packages in it that its metadata names; undefined where nobody knows what is in it. */
  contains?: BomPackage[];
}

/** A stage of the pipeline. */
export interface BomStage {
  name: string;
  kind: string;
  /** Names of the stages and sources that it reads. */
  inputs: string[];
  /** Base name of the derivation that was built. */
  derivation?: string;
  output?: BomPath;
}

export interface BomPath {
  path: string;
  narHash: string;
}

export interface Bom {
  /** The name of the pipeline. */
  pipeline: string;
  closure: ClosureKind;
  /** A UUID that follows from what the document is made from. */
  id: string;
  /** The same of the document of the other closure; undefined where its paths are no longer there. */
  otherId?: string;
  /** What the pipeline's version is: changes with its results, and only then. */
  version: string;
  /** ISO 8601, whole seconds, UTC. */
  time: string;
  /** Whether the time is one that was, and not only a fixed one that stands in its place. */
  isTimeKnown: boolean;
  /** The version of Pipelite. */
  tool: string;
  /** Who supplies what the pipeline made and speaks for the document. */
  supplier?: Party;
  /** Store paths that the closure is of; sorted. */
  roots: string[];
  /** Sorted by path, each path once. */
  objects: BomObject[];
  params: Readonly<Record<string, unknown>>;
  stages: BomStage[];
  /** What stages read that no stage made: name -> store path and SHA-256 of its NAR in hex. */
  materials: Readonly<Record<string, BomPath>>;
}

export const BOM_FORMATS = ["cyclonedx", "cyclonedx-1.6", "spdx", "spdx3"] as const;
export type BomFormat = (typeof BOM_FORMATS)[number];

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The part of a store path that changes with what it is. */
export function hashOf(path: string): string {
  return baseOf(path).slice(0, 32);
}

/** Packages in an object, each under a key that no other one there has. */
export function keyed(contains: readonly BomPackage[] = []): [key: string, facts: BomPackage][] {
  const times = new Map<string, number>();
  return contains.map((facts) => {
    const key = facts.purl ?? (facts.version === undefined ? facts.name : `${facts.name}@${facts.version}`);
    const time = (times.get(key) ?? 0) + 1;
    times.set(key, time);
    return [time === 1 ? key : `${key}#${time}`, facts];
  });
}

export const BASE_URL = "https://pipelite.dev";
export const HASHES_ARE = "the SHA-256 of a store path is that of its NAR, the archive that Nix hashes";
export const TIME_IS_FIXED = "the time is a fixed one, not when this was made";
export const GRAPH_IS = "a store path depends on what is named here, and on nothing else";
