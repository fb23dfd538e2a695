// What a package of a distribution is, before any format: facts and files. Writers of formats (deb.ts, rpm.ts, apk.ts) turn these
// into bytes; what chooses the files stands in src/ship.

/** As `uname -m` calls it; `any` is a package without machine code. */
export type Architecture = "x86_64" | "aarch64" | "any";

export interface PackagedFile {
  /** Relative to the root, without `.`; a byte string. */
  path: string;
  kind: "file" | "folder" | "link";
  /** Permission bits. */
  mode: number;
  /** Of a link: its text, a byte string. */
  target: string;
  /** Bytes of its content; 0 for what is no file. */
  size: number;
  /** Of its content, in hex; empty for what is no file. */
  digests: Digests;
  /** What its user changes stays at an upgrade. */
  isConfiguration: boolean;
  /** A folder that others have as well, such as /usr/bin. */
  isShared: boolean;
}

export interface Digests {
  md5: string;
  sha1: string;
  sha256: string;
}

export const NO_DIGESTS: Digests = { md5: "", sha1: "", sha256: "" };

/** Scripts of the shell that run as root where a package is installed. */
export const SCRIPT_KINDS = ["beforeInstall", "afterInstall", "beforeRemove", "afterRemove"] as const;
export type ScriptKind = (typeof SCRIPT_KINDS)[number];

export interface PackageFacts {
  /** Lower case letters, digits, `+`, `-` and `.`: every format can say it. */
  name: string;
  /** As its author writes it; each format says it in its own way. */
  version: string;
  architecture: Architecture;
  summary: string;
  /** Lines below the summary; may be empty. */
  description: string;
  /** An expression of SPDX. */
  licence: string;
  /** `Anna Example <anna@example.org>` */
  maintainer: string;
  homepage?: string;
  /** Of every file and of the package, in seconds since 1970. */
  timeSeconds: number;
  /** Names of packages; with a version only that one will do. */
  depends: readonly PackageRelation[];
  /** Packages whose files this one has in it: it stands for them, and can't be there together with them. */
  standsFor: readonly string[];
  scripts: Readonly<Partial<Record<ScriptKind, string>>>;
}

export interface PackageRelation {
  name: string;
  version?: string;
}

/** Of the files that are there once they are unpacked, in bytes. */
export function installedBytes(files: readonly PackagedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** Why a format can't have a file, undefined where it can. */
export type FileFlaw = (file: PackagedFile) => string | undefined;
