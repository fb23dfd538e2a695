// What is shipped, before any format: a closure of the store, each path with its files, and the files that a package adds so that
// the system finds it (its profile). Writers of formats (formats.ts) take nothing else.
import type { Pack } from "#author/pack.ts";
import type { NarHandler } from "#nix/nar-format.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Architecture, PackagedFile, PackageFacts } from "#package/packaged.ts";

export interface Shipment {
  pack: Pack;
  architecture: Architecture;
  /** Of every file, in seconds since 1970. */
  timeSeconds: number;
  /** What a path refers to stands before it. */
  paths: readonly ShippedPath[];
  /** Links into the store and copies of files, with all folders above them; sorted by path. */
  profile: readonly ShippedFile[];
  /** What a package says of itself in /usr/share/doc/NAME; an image has it beside it instead. */
  documents: readonly ShippedFile[];
  /** Paths of the store that the profile refers to. */
  needs: readonly StorePath[];
}

export interface ShippedPath {
  path: StorePath;
  /** Without itself. */
  references: readonly StorePath[];
  /** Hex. */
  narHash: string;
  narSize: number;
  tree: ShippedTree;
  /** With its folders, from `nix` on; sorted by path. */
  files: readonly ShippedFile[];
}

/** A path of the store that is read once, by whatever packs it: until then its files have no digests. */
export interface ShippedTree {
  /** As it is registered, in hex: all that is read is held to it. */
  narHash: string;
  /** The content of a file of it. */
  readerOf(file: ShippedFile): Reader;
  /** For who reads it as a NAR: what is told there need not be read again. Undefined when it has been read. */
  listener(): TreeListener | undefined;
  /** Reads what nobody has read. @throws PipeliteError SHIPPED_PATH_CHANGED, SHIPPED_FILE_CHANGED; the signal's reason */
  readRest(signal?: AbortSignal): Promise<void>;
}

export interface TreeListener extends NarHandler {
  /** What was told had the registered hash. */
  finish(): void;
}

/** Gives the content of a file from its start: as much as there is room for, or less. */
export interface Reader {
  read(target: Uint8Array): number;
  close(): void;
}

export interface ShippedFile extends PackagedFile {
  /** Of a file: where its content is. */
  source: ContentSource | undefined;
}

/** A place on disk as a byte string, and the tree that it is of; or bytes. */
export type ContentSource = { file: string; tree?: ShippedTree } | { bytes: Uint8Array };

/** What a package of a distribution is written from. */
export interface PackagePlan {
  /** What of the store it is, for errors. */
  of: string;
  facts: PackageFacts;
  /** Sorted by path. */
  files: readonly ShippedFile[];
  /** Paths of the store whose files it has. */
  paths: readonly StorePath[];
  /** Those paths as they are read. */
  trees: readonly ShippedTree[];
}

export const PACKAGE_FORMATS = ["deb", "rpm", "apk"] as const;
export type PackageFormat = (typeof PACKAGE_FORMATS)[number];

export interface WrittenPackage {
  format: string;
  /** Its name in the folder. */
  file: string;
  /** As the format calls the package. */
  name: string;
  version: string;
  architecture: string;
  bytes: number;
  sha256: string;
  /** How its files are packed, and their digest before that where the format says it: another codec gives other bytes of the same files. */
  payload: { codec: string; level: number; sha256?: string };
  /** The store paths whose files it has. */
  paths: readonly string[];
}
