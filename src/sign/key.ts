// Keys that sign statements: ECDSA on P-256 with SHA-256, which every Sigstore verifier takes. A key's id is the sha256
// of its public half in DER: `openssl pkey -pubin -in KEY.pub -outform DER | sha256sum` gives the same.
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { hex } from "#base/bytes.ts";
import { PipeliteError } from "#base/errors.ts";
import { sha256 } from "#nix/hash.ts";

const CURVE = "prime256v1";
const WANTED = "an EC key on P-256";

export interface PublicKey {
  /** sha256 of the key in DER (SPKI), in hex. */
  readonly keyId: string;
  readonly key: KeyObject;
}

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

export function generateKey(): SigningKey {
  return signingKeyOf(generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey, "a new key");
}

/**
 * @param from where the key comes from, for messages
 * @throws PipeliteError SIGNING_KEY_KIND
 */
export function signingKeyOf(privateKey: KeyObject, from: string): SigningKey {
  checkKind(privateKey, from);
  return { privateKey, publicKey: publicKeyOf(createPublicKey(privateKey)) };
}

/**
 * @param text PEM (SPKI)
 * @throws PipeliteError SIGNING_KEY_INVALID, SIGNING_KEY_KIND
 */
export function parsePublicKey(text: string, from = "the public key"): PublicKey {
  if (!/^-----BEGIN PUBLIC KEY-----\n/m.test(text.replaceAll("\r\n", "\n"))) {
    throw new PipeliteError("SIGNING_KEY_INVALID", { file: from, problem: "it is no public key in PEM" });
  }
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (error) {
    throw new PipeliteError("SIGNING_KEY_INVALID", { file: from, problem: "its PEM holds no key" }, error);
  }
  checkKind(key, from);
  return publicKeyOf(key);
}

/** PEM (SPKI) with a newline at its end. */
export function writePublicKey({ key }: PublicKey): string {
  return key.export({ format: "pem", type: "spki" });
}

function publicKeyOf(key: KeyObject): PublicKey {
  return { keyId: hex(sha256(key.export({ format: "der", type: "spki" }))), key };
}

function checkKind({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, from: string): void {
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === CURVE) return;
  const curve = asymmetricKeyDetails?.namedCurve;
  const found = `${asymmetricKeyType ?? "unknown"}${curve === undefined ? "" : ` on ${curve}`}`;
  throw new PipeliteError("SIGNING_KEY_KIND", { file: from, found, wanted: WANTED });
}
