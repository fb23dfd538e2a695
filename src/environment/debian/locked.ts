// What the lock file says of an environment of Debian packages.
import type { DebianRequest } from "#author/environment-request.ts";

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

/** The name that Debian gives to an architecture of this machine. */
export function debianArchitecture(arch: string): string {
  return arch === "arm64" ? "arm64" : "amd64";
}
