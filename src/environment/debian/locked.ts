// What the lock file says of an environment of Debian packages.
import type { DebianRequest } from "#author/environment-request.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";

/** The way of choosing packages; a lock by another one stays valid. */
export const RESOLVER = 1;

export interface LockedDebian {
  request: DebianRequest;
  architecture: string;
  resolver: number;
  /** What said which packages there are. */
  suites: LockedSuite[];
  /** How many of the first packages are the base that all others may count on. */
  base: number;
  /** In the order in which they are configured. */
  packages: LockedPackage[];
}

export interface LockedSuite {
  /** `debian`, `debian-security`, or the name of a repository of the request. */
  archive: string;
  suite: string;
  codename: string;
  /** Its `Date`, ISO 8601. */
  date: string;
  /** SHA-256 of InRelease. */
  release: string;
  /** Fingerprints of the keys whose signatures were good. */
  signedBy: string[];
  /** Component -> SHA-256 of its Packages. */
  packages: Record<string, string>;
}

export interface LockedPackage {
  name: string;
  version: string;
  architecture: string;
  /** Of the suites: where it is from. */
  archive: string;
  /** Path in the archive. */
  path: string;
  size: number;
  sha256: string;
}

const DEBIAN = ["debian", "debian-security"];

const { count, list, mapOf, matching, object, text, time } = shape;

/** As dpkg takes it; it becomes part of names of files. */
const name = matching(/^[0-9A-Za-z][\w.+-]{0,200}$/, "name");
/** deb-version(7): an epoch is a number of 31 bits, and only behind one may a colon stand. */
const version = matching(
  /^(?:\d{1,9}:[0-9A-Za-z][0-9A-Za-z.+~:-]{0,200}|[0-9A-Za-z][0-9A-Za-z.+~-]{0,200})$/,
  "version",
);
const sha256 = matching(/^[0-9a-f]{64}$/, "SHA-256");
/** Relative, of plain characters, and without a way up: it becomes part of an address. */
const path = matching(
  /^(?!\/)(?!.*(^|\/)\.{0,2}(\/|$))[0-9A-Za-z+._/~%-]{0,1000}(?<![^/]{201})$/,
  "path of an archive",
);

const lockedPackage = object<LockedPackage>({
  name,
  version,
  architecture: name,
  archive: text,
  path,
  size: count,
  sha256,
});

/** What is wrong with a package: what is locked must be what is read back. */
export function faultOfPackage(value: unknown): string | undefined {
  return lockedPackage(value);
}

/** What the lock file must look like before anything is made of it. */
const lockedDebian: shape.Shape<LockedDebian> = object<LockedDebian>({
  request: shape.json as shape.Shape<DebianRequest>,
  architecture: name,
  resolver: count,
  suites: list(
    object<LockedSuite>({
      archive: text,
      suite: text,
      codename: text,
      date: time,
      release: sha256,
      signedBy: list(matching(/^[0-9A-F]{32,64}$/, "fingerprint")),
      packages: mapOf(sha256),
    }),
  ),
  base: count,
  packages: list(faultOfPackage),
});

/** What is wrong with a lock that somebody may have edited: where, and what. */
export function faultOfLocked(value: unknown, request: DebianRequest): string | undefined {
  const fault = lockedDebian(value);
  if (fault !== undefined) return fault.startsWith("/") ? fault : `it${fault}`;
  const locked = value as LockedDebian;
  if (canonicalJson(locked.request) !== canonicalJson(request)) return "it answers another request";
  const archives = new Set([...DEBIAN, ...(request.repositories ?? []).map((each) => each.name)]);
  const other = [...locked.suites, ...locked.packages].find(({ archive }) => !archives.has(archive));
  return other === undefined ? undefined : `'${other.archive}' is no archive of its request`;
}

export const ARCHITECTURES = ["amd64", "arm64"] as const;
export type DebianArchitecture = (typeof ARCHITECTURES)[number];

/** The name that Debian gives to an architecture of this machine. */
export function debianArchitecture(arch: string): DebianArchitecture {
  return arch === "arm64" ? "arm64" : "amd64";
}
