// Signatures of store paths: ed25519 over a fingerprint, written `<key name>:<base64>`. Key files hold
// `<name>:<base64>` of the public key's 32 bytes, or of the seed and the public key. Specification: RFC 8032; Nix
// manual, "nix-store --generate-binary-cache-key". Nothing here makes a key of its own: seeds come from outside.
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { asBuffer, fromByteString, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

const SEED_SIZE = 32;
const PUBLIC_SIZE = 32;
const SIGNATURE_SIZE = 64;
/** What comes before the 32 bytes in DER: PKCS #8 of a seed, SPKI of a public key (RFC 8410). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

export interface NixPublicKey {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly key: KeyObject;
}

export interface SecretKey {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly key: KeyObject;
  readonly publicKey: NixPublicKey;
}

export interface NixSignature {
  readonly keyName: string;
  readonly bytes: Uint8Array;
}

/** @param seed 32 bytes, from a source of randomness. */
export function makeSecretKey(name: string, seed: Uint8Array): SecretKey {
  checkKeyName(name);
  if (seed.length !== SEED_SIZE) refuseKey(name, `a seed has ${SEED_SIZE} bytes, not ${seed.length}`);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return { name, seed, key, publicKey: makeNixPublicKey(name, spki.subarray(SPKI_HEAD.length)) };
}

function makeNixPublicKey(name: string, bytes: Uint8Array): NixPublicKey {
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: "der", type: "spki" });
  return { name, bytes, key };
}

/** @throws PipeliteError KEY_INVALID, also where the public half does not belong to the seed; never shows the key */
export function parseSecretKey(text: string): SecretKey {
  const { name, bytes } = parseKey(text, SEED_SIZE + PUBLIC_SIZE);
  const secret = makeSecretKey(name, bytes.subarray(0, SEED_SIZE));
  if (!asBuffer(secret.publicKey.bytes).equals(bytes.subarray(SEED_SIZE))) {
    refuseKey(name, "its public half does not belong to its secret half");
  }
  return secret;
}

export function writeSecretKey({ name, seed, publicKey }: SecretKey): string {
  return `${name}:${Buffer.concat([seed, publicKey.bytes]).toString("base64")}`;
}

/** @throws PipeliteError KEY_INVALID */
export function parseNixPublicKey(text: string): NixPublicKey {
  const { name, bytes } = parseKey(text, PUBLIC_SIZE);
  return makeNixPublicKey(name, bytes);
}

export function writeNixPublicKey({ name, bytes }: NixPublicKey): string {
  return `${name}:${asBuffer(bytes).toString("base64")}`;
}

/** @throws PipeliteError SIGNATURE_INVALID */
export function parseSignature(text: string): NixSignature {
  const colon = text.indexOf(":");
  const bytes = decodeBase64(text.slice(colon + 1));
  if (colon < 1) throw pipeliteError("SIGNATURE_INVALID", { text, reason: "it has no key name" });
  if (bytes?.length !== SIGNATURE_SIZE) {
    throw pipeliteError("SIGNATURE_INVALID", {
      text,
      reason: `it is not ${SIGNATURE_SIZE} bytes of base64`,
    });
  }
  return { keyName: text.slice(0, colon), bytes };
}

/** Signs a fingerprint (a byte string): `<key name>:<base64>`, the same for the same key and fingerprint. */
export function signFingerprint({ name, key }: SecretKey, fingerprint: string): string {
  return `${name}:${sign(null, fromByteString(fingerprint), key).toString("base64")}`;
}

/** True only where one of the keys has the signature's name and made it; never throws on a bad signature. */
export function verifyFingerprint(
  publicKeys: readonly NixPublicKey[],
  fingerprint: string,
  signature: string,
): boolean {
  const colon = signature.indexOf(":");
  const bytes = decodeBase64(signature.slice(colon + 1));
  if (colon < 1 || bytes?.length !== SIGNATURE_SIZE) return false;
  const name = signature.slice(0, colon);
  const data = fromByteString(fingerprint);
  return publicKeys.some((publicKey) => publicKey.name === name && verify(null, data, publicKey.key, bytes));
}

function parseKey(text: string, size: number): { name: string; bytes: Buffer } {
  const line = text.endsWith("\n") ? text.slice(0, -1) : text;
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  checkKeyName(name);
  const bytes = decodeBase64(line.slice(colon + 1));
  if (bytes?.length !== size) return refuseKey(name, `it is not ${size} bytes of base64`);
  return { name, bytes };
}

function checkKeyName(name: string): void {
  if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name)) refuseKey(name, "a name has only printable ASCII and no colon");
}

function refuseKey(name: string, reason: string): never {
  throw pipeliteError("KEY_INVALID", { name, reason });
}

/** Exact base64 only; undefined for anything else. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return toByteString(Buffer.from(bytes.toString("base64"))) === text ? bytes : undefined;
}
