// Store paths: `/nix/store/<32 nix32 digits>-<name>`, where the digits are a hash of what the path stands for.
// Specification: Nix manual, "Complete Store Path Calculation".
import { compareByteStrings, hex } from "#base/bytes.ts";
import { compressHash, sha256OfText, type Hash } from "./hash.ts";
import { encodeNix32, NIX32_DIGITS } from "./nix32.ts";
import { pipeliteError } from "./errors.ts";

declare const brand: unique symbol;

/** A full logical path, checked: `/nix/store/<hash>-<name>`, nothing below it. */
export type StorePath = string & { readonly [brand]: "StorePath" };

/** The logical store directory. It is part of every hash, wherever the store physically is. */
export const STORE_DIR = "/nix/store";
export const STORE_HASH_LENGTH = 32;
export const STORE_NAME_LENGTH_MAX = 211;

const HASH_START = STORE_DIR.length + 1;
const NAME_START = HASH_START + STORE_HASH_LENGTH + 1;

/** @throws PipeliteError STORE_PATH_INVALID, STORE_NAME_INVALID */
export function parseStorePath(text: string): StorePath {
  const flaw = flawOfPath(text);
  if (flaw !== undefined) throw pipeliteError("STORE_PATH_INVALID", { path: text, reason: flaw });
  checkStorePathName(text.slice(NAME_START));
  return brandPath(text);
}

/** Reads `<hash>-<name>`, as narinfo files write references. */
export function parseStorePathBase(base: string): StorePath {
  return parseStorePath(`${STORE_DIR}/${base}`);
}

export function isStorePath(text: string): text is StorePath {
  return flawOfPath(text) === undefined && flawOfName(text.slice(NAME_START)) === undefined;
}

/** The name: what follows the hash and its dash. */
export function storePathName(path: StorePath): string {
  return path.slice(NAME_START);
}

/** The 32 nix32 digits. */
export function storePathHash(path: StorePath): string {
  return path.slice(HASH_START, NAME_START - 1);
}

/** `<hash>-<name>`: the file name inside the store directory. */
export function storePathBase(path: StorePath): string {
  return path.slice(HASH_START);
}

/** True for the path of a derivation. */
export function isDerivationPath(path: StorePath): boolean {
  return path.endsWith(".drv");
}

/** @throws PipeliteError STORE_NAME_INVALID */
export function checkStorePathName(name: string): void {
  const flaw = flawOfName(name);
  if (flaw !== undefined) throw pipeliteError("STORE_NAME_INVALID", { name, reason: flaw });
}

export interface TextPath {
  name: string;
  /** Of the content. */
  sha256: Uint8Array;
  references?: Iterable<StorePath>;
}

/** Path of a text object: a derivation, or a small file that may name other store paths. */
export function makeTextPath({ name, sha256: content, references = [] }: TextPath): StorePath {
  return makeStorePath(["text", ...sortPaths(references)].join(":"), content, name);
}

export interface SourcePath {
  name: string;
  /** Of the NAR. */
  narSha256: Uint8Array;
  references?: Iterable<StorePath>;
  selfReference?: boolean;
}

/** Path of a tree named by the sha256 of its NAR: sources, and recursive content-addressed outputs. */
export function makeSourcePath({ name, narSha256, references = [], selfReference }: SourcePath): StorePath {
  const type = ["source", ...sortPaths(references), ...(selfReference ? ["self"] : [])].join(":");
  return makeStorePath(type, narSha256, name);
}

/** How content is hashed: the bytes of a file, a NAR, a file with references, a git tree. */
export type ContentMethod = "flat" | "recursive" | "text" | "git";

/** What Nix writes before the algorithm. */
export const METHOD_PREFIXES: Readonly<Record<ContentMethod, string>> = {
  flat: "",
  recursive: "r:",
  text: "text:",
  git: "git:",
};

export interface FixedPath {
  name: string;
  method: ContentMethod;
  hash: Hash;
  references?: Iterable<StorePath>;
}

/**
 * Path of content whose hash is known in advance.
 * @throws PipeliteError STORE_REFERENCES_FORBIDDEN where the kind of path can't carry references, HASH_INVALID for a
 * text object hashed with anything but sha256
 */
export function makeFixedPath({ name, method, hash, references = [] }: FixedPath): StorePath {
  if (method === "recursive" && hash.algorithm === "sha256") {
    return makeSourcePath({ name, narSha256: hash.bytes, references });
  }
  if (method === "text") {
    if (hash.algorithm !== "sha256") {
      throw pipeliteError("HASH_INVALID", {
        text: hash.algorithm,
        reason: "text objects want sha256",
      });
    }
    return makeTextPath({ name, sha256: hash.bytes, references });
  }
  if ([...references].length > 0) {
    const kind = `${method} ${hash.algorithm}`;
    throw pipeliteError("STORE_REFERENCES_FORBIDDEN", { name, kind });
  }
  const inner = `fixed:out:${METHOD_PREFIXES[method]}${hash.algorithm}:${hex(hash.bytes)}:`;
  return makeStorePath("output:out", sha256OfText(inner), name);
}

export interface OutputPath {
  /** Name of the derivation, without `.drv`. */
  drvName: string;
  output: string;
  /** The derivation's hash modulo, with its own outputs masked. */
  hashModulo: Uint8Array;
}

/** Path of an output of an input-addressed derivation. */
export function makeOutputPath({ drvName, output, hashModulo }: OutputPath): StorePath {
  return makeStorePath(`output:${output}`, hashModulo, outputPathName(drvName, output));
}

/** `<drvName>` for `out`, `<drvName>-<output>` for any other output. */
export function outputPathName(drvName: string, output: string): string {
  return output === "out" ? drvName : `${drvName}-${output}`;
}

/** The general form, of which the others are cases: type, sha256 of the thing, name -> path. */
export function makeStorePath(type: string, inner: Uint8Array, name: string): StorePath {
  checkStorePathName(name);
  const fingerprint = `${type}:sha256:${hex(inner)}:${STORE_DIR}:${name}`;
  const digest = compressHash(sha256OfText(fingerprint), 20);
  return brandPath(`${STORE_DIR}/${encodeNix32(digest)}-${name}`);
}

/** Sorted by bytes, each once. */
export function sortPaths(paths: Iterable<StorePath>): StorePath[] {
  return [...new Set(paths)].toSorted(compareByteStrings);
}

function brandPath(text: string): StorePath {
  return text as StorePath;
}

function flawOfPath(text: string): string | undefined {
  if (!text.startsWith(`${STORE_DIR}/`)) return `it does not begin with ${STORE_DIR}/`;
  for (let index = HASH_START; index < NAME_START - 1; index++) {
    const code = text.charCodeAt(index);
    if (!(code < 128 && NIX32_DIGITS[code] !== 255)) return "its hash is not 32 nix32 digits";
  }
  return text[NAME_START - 1] === "-" ? undefined : "no dash follows its hash";
}

function flawOfName(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > STORE_NAME_LENGTH_MAX) return `it is longer than ${STORE_NAME_LENGTH_MAX} characters`;
  if (!/^[0-9A-Za-z+\-._?=]+$/.test(name)) return "only letters, digits and + - . _ ? = are allowed";
  return /^\.\.?(-|$)/.test(name) ? "it begins like the folders . and .." : undefined;
}
