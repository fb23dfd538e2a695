// Keys that sign statements: ECDSA on P-256 with SHA-256, which every Sigstore verifier takes. A key's id is the
// fingerprint that ssh shows for it: verifiers in Go compute it again and pass over a signature that names another (DSSE
// v1.0 of secure-systems-lab, verify.go). `ssh-keygen -i -m PKCS8 -f KEY.pub | ssh-keygen -lf -` gives the same.
// Specification of the encoding that is hashed: RFC 5656, section 3.1.
import type { KeyObject } from "node:crypto";
import { sha256 } from "#nix/hash.ts";
import { toBase64 } from "./envelope.ts";
import { pipeliteError } from "./errors.ts";

/** The curve of every key here, as OpenSSL calls it. */
export const CURVE = "prime256v1";
/** What stands before both coordinates of a point (SEC 1, section 2.3.3). */
const UNCOMPRESSED = Buffer.of(4);
const WANTED = "an EC key on P-256";

export interface PublicKey {
  /** `SHA256:` and 43 characters of base64: the fingerprint of the key as ssh shows it. */
  readonly keyId: string;
  readonly key: KeyObject;
}

/** What signs: a private key that is at hand, or somebody who has one. */
export type SigningKey = LocalKey | KeptKey;

export interface LocalKey {
  readonly publicKey: PublicKey;
  readonly privateKey: KeyObject;
}

/** A key that never comes here: in a token, or in a service. */
export interface KeptKey {
  readonly publicKey: PublicKey;
  /** ECDSA over SHA-256 of these bytes, in DER. */
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * @param from where the key comes from, for messages
 * @throws PipeliteError SIGNING_KEY_KIND
 */
export function signingKeyOf(privateKey: KeyObject, from: string): LocalKey {
  return { privateKey, publicKey: publicKeyOf(publicHalfOf(privateKey), from) };
}

/**
 * @param text PEM (SPKI)
 * @throws PipeliteError SIGNING_KEY_INVALID, SIGNING_KEY_KIND
 */
export function parsePublicKey(text: string, from = "the public key"): PublicKey {
  if (!/^-----BEGIN PUBLIC KEY-----\n/m.test(text.replaceAll("\r\n", "\n"))) {
    throw pipeliteError("SIGNING_KEY_INVALID", { file: from, problem: "it is no public key in PEM" });
  }
  let key: KeyObject;
  try {
    key = publicHalfOf(text);
  } catch (error) {
    throw pipeliteError("SIGNING_KEY_INVALID", { file: from, problem: "its PEM holds no key" }, error);
  }
  return publicKeyOf(key, from);
}

/** PEM (SPKI) with a newline at its end. */
export function writePublicKey({ key }: PublicKey): string {
  return key.export({ format: "pem", type: "spki" });
}

/** Loads node:crypto only now: a home with keys is opened more often than one of them is used. */
function publicHalfOf(key: KeyObject | string): KeyObject {
  return process.getBuiltinModule("node:crypto").createPublicKey(key);
}

/**
 * @param from where it comes from, for messages
 * @throws PipeliteError SIGNING_KEY_KIND
 */
export function publicKeyOf(key: KeyObject, from: string): PublicKey {
  checkKind(key, from);
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const point = Buffer.concat([UNCOMPRESSED, Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const encoding = Buffer.concat(["ecdsa-sha2-nistp256", "nistp256", point].map(sshString));
  return { keyId: `SHA256:${toBase64(sha256(encoding)).replaceAll("=", "")}`, key };
}

/** Length in four bytes, then the bytes (RFC 4251, section 5). */
function sshString(content: string | Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(content)]);
}

function checkKind({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, from: string): void {
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === CURVE) return;
  const curve = asymmetricKeyDetails?.namedCurve;
  const found = `${asymmetricKeyType ?? "unknown"}${curve === undefined ? "" : ` on ${curve}`}`;
  throw pipeliteError("SIGNING_KEY_KIND", { file: from, found, wanted: WANTED });
}
