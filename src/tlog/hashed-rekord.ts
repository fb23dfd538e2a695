// The entry of a log for a bundle: `hashedrekord` 0.0.2 of Rekor v2, in canonical JSON (RFC 8785). A verifier makes it again
// from the bundle, so it must be these bytes. Specification: sigstore/rekor-tiles, api/proto/rekor/v2/hashedrekord.proto.
import type { KeyObject } from "node:crypto";
import { utf8 } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { sha256 } from "#nix/hash.ts";
import { preAuthEncoding, toBase64 } from "#sigstore/envelope.ts";

export const REKORD_KIND = { kind: "hashedrekord", version: "0.0.2" } as const;

const BASE64 = "[A-Za-z0-9+/]";
/** Every character of such an entry; the digest has 32 bytes, the key 91 and the signature 8 to 72. */
const REKORD = new RegExp(
  String.raw`^\{"apiVersion":"0\.0\.2","kind":"hashedrekord","spec":\{"hashedRekordV002":\{` +
    String.raw`"data":\{"algorithm":"SHA2_256","digest":"${BASE64}{43}="\},` +
    String.raw`"signature":\{"content":"(?:${BASE64}{4}){2,24}(?:${BASE64}{2}==|${BASE64}{3}=)?",` +
    String.raw`"verifier":\{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":\{"rawBytes":"${BASE64}{122}=="\}\}\}\}\}\}$`,
);

/** Whether a line of a journal is such an entry: one that only begins like it is none. */
export function isHashedRekord(line: string): boolean {
  return REKORD.test(line);
}

export interface SignedEnvelope {
  payloadType: string;
  payload: Uint8Array;
  /** DER. */
  signature: Uint8Array;
  /** On P-256. */
  key: KeyObject;
  /** DER; stands in the entry in the key's place. */
  certificate?: Uint8Array;
}

/** How an entry says what verifies its signature. */
export function verifierIn({ key, certificate }: Pick<SignedEnvelope, "key" | "certificate">): object {
  return {
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
    ...(certificate === undefined
      ? { publicKey: { rawBytes: toBase64(key.export({ format: "der", type: "spki" })) } }
      : { x509Certificate: { rawBytes: toBase64(certificate) } }),
  };
}

export function hashedRekord(envelope: SignedEnvelope): Uint8Array {
  const { payloadType, payload, signature } = envelope;
  return utf8(
    canonicalJson({
      apiVersion: REKORD_KIND.version,
      kind: REKORD_KIND.kind,
      spec: {
        hashedRekordV002: {
          data: { algorithm: "SHA2_256", digest: toBase64(sha256(preAuthEncoding(payloadType, payload))) },
          signature: { content: toBase64(signature), verifier: verifierIn(envelope) },
        },
      },
    }),
  );
}
