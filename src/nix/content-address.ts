// The `ca` of a path: how its path follows from its content, so that it can be trusted without a signature.
// Specification: Nix manual, "Content-addressing store objects"; `libstore/content-address.cc`.
import { isHashAlgorithm, parseHash, prefixedHash, type Hash } from "./hash.ts";
import { makeFixedPath, makeSourcePath, METHOD_PREFIXES } from "./store-path.ts";
import { storePathName, type ContentMethod, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";

export interface ContentAddress {
  readonly method: ContentMethod;
  readonly hash: Hash;
}

/**
 * Reads `text:sha256:<digest>` or `fixed:[r:|git:]<algorithm>:<digest>`; the digest may be nix32, hex or base64.
 * @throws PipeliteError CONTENT_ADDRESS_INVALID, HASH_INVALID, NIX32_INVALID
 */
export function parseContentAddress(text: string): ContentAddress {
  const parts = /^(text:|fixed:)(r:|git:)?([a-z0-9]+):([^:]+)$/.exec(text);
  const [, kind, prefix = "", algorithm = "", digest = ""] = parts ?? [];
  const refuse = (reason: string): never => {
    throw pipeliteError("CONTENT_ADDRESS_INVALID", { text, reason });
  };
  if (kind === undefined) return refuse("it is not text:... or fixed:...");
  if (!isHashAlgorithm(algorithm)) return refuse(`the hash algorithm '${algorithm}' is unknown`);
  const hash = parseHash(digest, algorithm);
  if (kind === "fixed:") {
    return { method: prefix === "" ? "flat" : prefix === "r:" ? "recursive" : "git", hash };
  }
  if (prefix !== "" || algorithm !== "sha256") return refuse("a text object has a plain sha256");
  return { method: "text", hash };
}

/** The one form Nix writes, with nix32. */
export function writeContentAddress({ method, hash }: ContentAddress): string {
  const prefix = method === "text" ? "text:" : `fixed:${METHOD_PREFIXES[method]}`;
  return `${prefix}${prefixedHash(hash, "nix32")}`;
}

/**
 * The path that content of this address has under this name; when it is the path itself, the address is proof of it.
 * @param references may hold `path` itself: a self-reference
 */
export function contentAddressedPath(
  path: StorePath,
  { method, hash }: ContentAddress,
  references: readonly StorePath[],
): StorePath {
  const name = storePathName(path);
  const others = references.filter((reference) => reference !== path);
  if (method === "recursive" && hash.algorithm === "sha256") {
    const selfReference = others.length < references.length;
    return makeSourcePath({ name, narSha256: hash.bytes, references: others, selfReference });
  }
  return makeFixedPath({ name, method, hash, references });
}

/** Whether a path is the one that content of its address has: then no signature is needed, since the content is checked. */
export function isAddressOf(
  path: StorePath,
  contentAddress: string | undefined,
  references: readonly StorePath[],
): boolean {
  if (contentAddress === undefined) return false;
  const address = parseContentAddress(contentAddress);
  const canSelfReference = address.method === "recursive" && address.hash.algorithm === "sha256";
  if (!canSelfReference && references.includes(path)) return false;
  return contentAddressedPath(path, address, references) === path;
}
