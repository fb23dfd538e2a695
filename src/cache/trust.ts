// Whom to believe. What a path holds is checked by its hash; that this hash is right must follow from the path's own
// content, or be signed by a key that is trusted. A realisation (this derivation gave that output) is always somebody's
// word.
import { readNamedText } from "#base/files.ts";
import { messageOf } from "#base/strict-json.ts";
import { buildTraceFingerprint, type BuildTraceEntry } from "#nix/build-trace.ts";
import { isAddressOf } from "#nix/content-address.ts";
import { narInfoFingerprint, type NarInfo, type SignedInfo } from "#nix/narinfo.ts";
import { realisationFingerprint, type Realisation } from "#nix/realisation.ts";
import { parseNixPublicKey, parseSecretKey, verifyFingerprint } from "#nix/signature.ts";
import type { NixPublicKey, SecretKey } from "#nix/signature.ts";
import { pipeliteError } from "./errors.ts";

/** Whether content address or signature vouches for what a cache says of a path. The content itself is checked as it comes. */
export function isVouchedFor(
  info: SignedInfo & Partial<Pick<NarInfo, "signatures" | "contentAddress">>,
  keys: readonly NixPublicKey[],
): boolean {
  if (isAddressOf(info.path, info.contentAddress, info.references)) return true;
  const fingerprint = narInfoFingerprint(info);
  return (info.signatures ?? []).some((signature) => verifyFingerprint(keys, fingerprint, signature));
}

export function isSigned(realisation: Realisation, keys: readonly NixPublicKey[]): boolean {
  const fingerprint = realisationFingerprint(realisation);
  return realisation.signatures.some((signature) => verifyFingerprint(keys, fingerprint, signature));
}

export function isTraceSigned(entry: BuildTraceEntry, keys: readonly NixPublicKey[]): boolean {
  const fingerprint = buildTraceFingerprint(entry);
  return entry.signatures.some((signature) => verifyFingerprint(keys, fingerprint, signature));
}

/** A word of the command line: `NAME:BASE64`, or a file that holds it. @throws PipeliteError CACHE_KEY_UNREADABLE */
export function readTrustedKey(word: string, file: string): NixPublicKey {
  return fromKeyText(word, () => parseNixPublicKey(word.includes(":") ? word : readNamedText(file).trim()));
}

/** @throws PipeliteError CACHE_KEY_UNREADABLE */
export function readSecretKey(file: string): SecretKey {
  return fromKeyText(file, () => parseSecretKey(readNamedText(file).trim()));
}

function fromKeyText<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw pipeliteError("CACHE_KEY_UNREADABLE", { file, problem: messageOf(error) }, error);
  }
}
