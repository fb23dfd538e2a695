// Hashes and the four ways Nix writes them: hex, nix32, base64 and SRI.
// Specification: Nix manual, "nix-hash" and "SRI hashes"; which rendering goes where is said by its callers.
import { asBuffer, fromByteString, hex, isAscii } from "#base/bytes.ts";
import { decodeNix32, encodeNix32, nix32Length } from "./nix32.ts";
import { pipeliteError } from "./errors.ts";

export type HashAlgorithm = "md5" | "sha1" | "sha256" | "sha512";
export type HashFormat = "hex" | "nix32" | "base64" | "sri";

export interface Hash {
  readonly algorithm: HashAlgorithm;
  readonly bytes: Uint8Array;
}

const SIZES: Readonly<Record<HashAlgorithm, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha512: 64,
};

export function isHashAlgorithm(text: string): text is HashAlgorithm {
  return Object.hasOwn(SIZES, text);
}

/** @throws PipeliteError HASH_ALGORITHM_UNKNOWN */
export function parseHashAlgorithm(text: string): HashAlgorithm {
  if (isHashAlgorithm(text)) return text;
  throw pipeliteError("HASH_ALGORITHM_UNKNOWN", {
    algorithm: text,
    known: Object.keys(SIZES).join(", "),
  });
}

export function sha256(data: Uint8Array): Uint8Array {
  return digest("sha256", data);
}

/** Of a byte string. Most are ASCII, and need not be made bytes first. */
export function sha256OfText(text: string): Uint8Array {
  return digest("sha256", isAscii(text) ? text : fromByteString(text));
}

export function hashBytes(algorithm: HashAlgorithm, data: Uint8Array): Hash {
  return { algorithm, bytes: digest(algorithm, data) };
}

/** Loads node:crypto when something is hashed: much that works with hashes and store paths only reads them. */
function digest(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
  return process.getBuiltinModule("node:crypto").hash(algorithm, data, "buffer");
}

/**
 * Reads `sha256-<base64>`, `sha256:<hex, nix32 or base64>`, or, with the algorithm given, the digest alone. Hex may be
 * in either case; base64 must be padded and exact.
 * @throws PipeliteError HASH_INVALID, HASH_ALGORITHM_UNKNOWN
 */
export function parseHash(text: string, algorithm?: HashAlgorithm): Hash {
  const separator = text.search(/[:-]/);
  const prefix = separator === -1 ? undefined : parseHashAlgorithm(text.slice(0, separator));
  const known = prefix ?? algorithm;
  if (known === undefined) {
    throw pipeliteError("HASH_INVALID", { text, reason: "it does not say its algorithm" });
  }
  if (algorithm !== undefined && known !== algorithm) {
    throw pipeliteError("HASH_INVALID", { text, reason: `${algorithm} is wanted` });
  }
  const rest = text.slice(separator + 1);
  const isSri = separator !== -1 && text[separator] === "-";
  return { algorithm: known, bytes: parseDigest(text, rest, SIZES[known], isSri) };
}

function parseDigest(text: string, rest: string, size: number, isSri: boolean): Uint8Array {
  if (!isSri && rest.length === size * 2) {
    if (!/^[0-9a-fA-F]*$/.test(rest)) {
      throw pipeliteError("HASH_INVALID", {
        text,
        reason: "it holds a character that is not hex",
      });
    }
    return Buffer.from(rest, "hex");
  }
  if (!isSri && rest.length === nix32Length(size)) return decodeNix32(rest);
  if (rest.length === Math.ceil(size / 3) * 4) {
    const bytes = Buffer.from(rest, "base64");
    if (bytes.length === size && bytes.toString("base64") === rest) return bytes;
    throw pipeliteError("HASH_INVALID", { text, reason: "its base64 is not exact" });
  }
  throw pipeliteError("HASH_INVALID", {
    text,
    reason: `its length fits no digest of ${size} bytes`,
  });
}

/** The digest alone, or, for SRI, with its algorithm. */
export function formatHash({ algorithm, bytes }: Hash, format: HashFormat): string {
  if (format === "hex") return hex(bytes);
  if (format === "nix32") return encodeNix32(bytes);
  const base64 = asBuffer(bytes).toString("base64");
  return format === "sri" ? `${algorithm}-${base64}` : base64;
}

/** `<algorithm>:<digest>`. */
export function prefixedHash(hash: Hash, format: "hex" | "nix32" | "base64"): string {
  return `${hash.algorithm}:${formatHash(hash, format)}`;
}

export function equalHashes(a: Hash, b: Hash): boolean {
  return a.algorithm === b.algorithm && asBuffer(a.bytes).equals(b.bytes);
}

/** Folds a hash onto `size` bytes by XOR: what store paths use to make 20 bytes of 32. */
export function compressHash(bytes: Uint8Array, size: number): Uint8Array {
  const folded = new Uint8Array(size);
  for (let index = 0; index < bytes.length; index += 1) {
    const at = index % size;
    folded[at] = (folded[at] ?? 0) ^ (bytes[index] ?? 0);
  }
  return folded;
}
