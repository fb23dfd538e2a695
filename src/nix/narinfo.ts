// narinfo: what a binary cache says about one store path. Specification: Nix manual, "Binary Cache: narinfo";
// `libstore/nar-info.cc`. Unknown fields are passed over, as Nix does; known ones are held to their form.
import { compareByteStrings } from "#base/bytes.ts";
import { PipeliteError } from "#base/errors.ts";
import { parseContentAddress } from "./content-address.ts";
import { parseHash, prefixedHash, type Hash } from "./hash.ts";
import { parseSignature } from "./signature.ts";
import {
  isDerivationPath,
  parseStorePath,
  parseStorePathBase,
  sortPaths,
  storePathBase,
} from "./store-path.ts";
import type { StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

export interface NarInfo {
  readonly path: StorePath;
  /** Where the compressed NAR is, relative to the cache. */
  readonly url: string;
  /** `none`, `xz`, `zstd`, `bzip2` ... */
  readonly compression: string;
  /** Of the compressed file. */
  readonly fileHash?: Hash;
  readonly fileSize?: number;
  /** sha256 of the NAR. */
  readonly narHash: Uint8Array;
  readonly narSize: number;
  readonly references: readonly StorePath[];
  readonly deriver?: StorePath;
  readonly signatures: readonly string[];
  readonly contentAddress?: string;
}

/** What a fingerprint, hence a signature, is about. */
export type SignedInfo = Pick<NarInfo, "path" | "narHash" | "narSize" | "references">;

const SINGLE_FIELDS: ReadonlySet<string> = new Set([
  "StorePath",
  "URL",
  "Compression",
  "FileHash",
  "FileSize",
  "NarHash",
  "NarSize",
  "References",
  "Deriver",
  "CA",
]);
const NO_DERIVER = "unknown-deriver";

/** @throws PipeliteError NARINFO_INVALID, whose cause says more where a hash, path or signature is wrong */
export function parseNarInfo(text: string): NarInfo {
  const { fields, signatures } = readFields(text);
  const fileHash = fields.get("FileHash");
  const fileSize = fields.get("FileSize");
  const deriver = fields.get("Deriver");
  const contentAddress = fields.get("CA");
  const hash = within("NarHash", () => parseHash(required(fields, "NarHash")));
  if (hash.algorithm !== "sha256") refuse("NarHash", "it is not a sha256");
  const narSize = parseSize("NarSize", required(fields, "NarSize"));
  if (narSize === 0) refuse("NarSize", "no NAR is empty");
  if (contentAddress !== undefined) within("CA", () => parseContentAddress(contentAddress));
  return {
    path: within("StorePath", () => parseStorePath(required(fields, "StorePath"))),
    url: required(fields, "URL"),
    compression: fields.get("Compression") ?? "bzip2",
    ...(fileHash !== undefined && { fileHash: within("FileHash", () => parseHash(fileHash)) }),
    ...(fileSize !== undefined && { fileSize: parseSize("FileSize", fileSize) }),
    narHash: hash.bytes,
    narSize,
    references: parseReferences(fields.get("References") ?? ""),
    ...(deriver !== undefined && deriver !== NO_DERIVER && { deriver: parseDeriver(deriver) }),
    signatures,
    ...(contentAddress !== undefined && { contentAddress }),
  };
}

function readFields(text: string): { fields: Map<string, string>; signatures: string[] } {
  const fields = new Map<string, string>();
  const signatures: string[] = [];
  const lines = text.split("\n");
  if (lines.pop() !== "") refuse("its last line", "it is not ended by a line feed");
  for (const [index, line] of lines.entries()) {
    const colon = line.indexOf(": ");
    if (colon < 1) refuse(`line ${index + 1}`, "it is not 'Field: value'");
    const field = line.slice(0, colon);
    const value = line.slice(colon + 2);
    if (field === "Sig") signatures.push(within("Sig", () => (parseSignature(value), value)));
    else if (SINGLE_FIELDS.has(field)) {
      if (fields.has(field)) refuse(field, "it is there twice");
      if (value === "" && field !== "References") refuse(field, "it is empty");
      fields.set(field, value);
    }
  }
  return { fields, signatures };
}

function required(fields: ReadonlyMap<string, string>, field: string): string {
  return fields.get(field) ?? refuse(field, "it is missing");
}

function parseReferences(text: string): StorePath[] {
  if (text === "") return [];
  return within("References", () => sortPaths(text.split(" ").map(parseStorePathBase)));
}

function parseDeriver(base: string): StorePath {
  const deriver = within("Deriver", () => parseStorePathBase(base));
  return isDerivationPath(deriver) ? deriver : refuse("Deriver", "it is not a derivation");
}

function parseSize(field: string, text: string): number {
  const size = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : refuse(field, `'${text}' is no size`);
}

function within<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PipeliteError) || error.code === "NARINFO_INVALID") throw error;
    throw pipeliteError("NARINFO_INVALID", { field, reason: error.message }, error);
  }
}

function refuse(field: string, reason: string): never {
  throw pipeliteError("NARINFO_INVALID", { field, reason });
}

/** The text, fields in the order Nix writes them. */
export function writeNarInfo(info: NarInfo): string {
  const lines = [`StorePath: ${info.path}`, `URL: ${info.url}`, `Compression: ${info.compression}`];
  if (info.fileHash !== undefined) lines.push(`FileHash: ${prefixedHash(info.fileHash, "nix32")}`);
  if (info.fileSize !== undefined) lines.push(`FileSize: ${info.fileSize}`);
  lines.push(`NarHash: ${narHashText(info.narHash)}`, `NarSize: ${info.narSize}`);
  lines.push(`References: ${sortPaths(info.references).map(storePathBase).join(" ")}`);
  if (info.deriver !== undefined) lines.push(`Deriver: ${storePathBase(info.deriver)}`);
  for (const signature of info.signatures.toSorted(compareByteStrings)) lines.push(`Sig: ${signature}`);
  if (info.contentAddress !== undefined) lines.push(`CA: ${info.contentAddress}`);
  const broken = lines.find((line) => /[\n\r]/.test(line));
  if (broken !== undefined) refuse(broken.slice(0, broken.indexOf(":")), "its value breaks the line");
  return `${lines.join("\n")}\n`;
}

/** What signatures of a path sign: its path, NAR hash, NAR size and references. */
export function narInfoFingerprint({ path, narHash, narSize, references }: SignedInfo): string {
  return `1;${path};${narHashText(narHash)};${narSize};${sortPaths(references).join(",")}`;
}

function narHashText(bytes: Uint8Array): string {
  return prefixedHash({ algorithm: "sha256", bytes }, "nix32");
}
