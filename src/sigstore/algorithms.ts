// Signatures by the names that X.509 and CMS give them. What is not named here (SHA-1, RSA-PSS, other curves' oddities) verifies
// nothing.
import type { KeyObject } from "node:crypto";
import { elementsOf, oidOf, TAG, type Der } from "./der.ts";
import { pipeliteError } from "./errors.ts";

export type HashName = "sha256" | "sha384" | "sha512";

const HASHES: Readonly<Record<string, HashName>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

interface SignatureAlgorithm {
  key: "ec" | "rsa" | "ed25519";
  /** Undefined where the name says none: RSA in CMS takes that of the digest; Ed25519 has its own. */
  hash?: HashName;
}

const SIGNATURES: Readonly<Record<string, SignatureAlgorithm>> = {
  "1.2.840.10045.4.3.2": { key: "ec", hash: "sha256" },
  "1.2.840.10045.4.3.3": { key: "ec", hash: "sha384" },
  "1.2.840.10045.4.3.4": { key: "ec", hash: "sha512" },
  "1.2.840.113549.1.1.1": { key: "rsa" },
  "1.2.840.113549.1.1.11": { key: "rsa", hash: "sha256" },
  "1.2.840.113549.1.1.12": { key: "rsa", hash: "sha384" },
  "1.2.840.113549.1.1.13": { key: "rsa", hash: "sha512" },
  "1.3.101.112": { key: "ed25519" },
};

const RSA_BITS_MIN = 2048;

/** @param algorithm an AlgorithmIdentifier; @throws PipeliteError DER_INVALID, ALGORITHM_UNKNOWN */
export function hashNameOf(algorithm: Der): HashName {
  const oid = algorithmOid(algorithm);
  return HASHES[oid] ?? refuse(oid);
}

/**
 * @param algorithm an AlgorithmIdentifier
 * @param digest the hash that is named beside it, in CMS: another one in the algorithm's own name is refused
 * @throws PipeliteError DER_INVALID, ALGORITHM_UNKNOWN
 */
export function isSignedBy(
  key: KeyObject,
  {
    algorithm,
    bytes,
    signature,
    digest,
  }: { algorithm: Der; bytes: Uint8Array; signature: Uint8Array; digest?: HashName },
): boolean {
  const oid = algorithmOid(algorithm);
  const known = SIGNATURES[oid] ?? refuse(oid);
  const hash = known.hash ?? digest;
  if (known.key !== key.asymmetricKeyType || (digest !== undefined && hash !== digest)) return false;
  if (known.key === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) return false;
  if (known.key !== "ed25519" && hash === undefined) return false;
  const { verify } = process.getBuiltinModule("node:crypto");
  return verify(known.key === "ed25519" ? null : (hash ?? null), bytes, key, signature);
}

/** The parameters of all that are known are absent, or nothing. */
function algorithmOid(algorithm: Der): string {
  const [oid, parameters, other] = elementsOf(algorithm);
  const isPlain =
    parameters === undefined || (parameters.tag === TAG.null && parameters.content.length === 0);
  return isPlain && other === undefined ? oidOf(oid) : refuse(`${oidOf(oid)} with parameters`);
}

function refuse(algorithm: string): never {
  throw pipeliteError("ALGORITHM_UNKNOWN", { algorithm });
}
