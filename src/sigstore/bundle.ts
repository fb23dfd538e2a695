// Sigstore bundle v0.3: one DSSE envelope with exactly one signature, and a hint to the key that made it. Specification:
// sigstore/protobuf-specs, protos/sigstore_bundle.proto. Entries of transparency logs and timestamps are allowed in what
// is read, and prove nothing here: a bundle stands on its key.
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { fromBase64, toBase64 } from "./envelope.ts";
import { pipeliteError } from "./errors.ts";

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

export interface Bundle {
  /** Id of the key, as bundle and envelope both have it. */
  keyId: string;
  payloadType: string;
  /** Exactly the bytes that were signed for. */
  payload: Uint8Array;
  /** DER, as ECDSA signatures are written. */
  signature: Uint8Array;
}

/** The bundle as a file: the same bytes for the same bundle. */
export function writeBundle({ keyId, payloadType, payload, signature }: Bundle): string {
  return prettyJson({
    mediaType: MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyId }, tlogEntries: [] },
    dsseEnvelope: {
      payload: toBase64(payload),
      payloadType,
      signatures: [{ keyid: keyId, sig: toBase64(signature) }],
    },
  });
}

/**
 * Reads a bundle that a public key verifies; nothing of it is trusted yet.
 * @throws PipeliteError BUNDLE_INVALID
 */
export function parseBundle(text: string): Bundle {
  const bundle = fields(parseJson(text), "the bundle", ["mediaType", "verificationMaterial", "dsseEnvelope"]);
  if (bundle["mediaType"] !== MEDIA_TYPE) refuse(`its media type is not ${MEDIA_TYPE}`);
  const material = fields(bundle["verificationMaterial"], "verificationMaterial", [
    "publicKey",
    "tlogEntries",
    "timestampVerificationData",
  ]);
  const { hint } = fields(material["publicKey"], "publicKey", ["hint"]);
  const envelope = fields(bundle["dsseEnvelope"], "dsseEnvelope", ["payload", "payloadType", "signatures"]);
  const { signatures, payloadType } = envelope;
  if (!Array.isArray(signatures) || signatures.length !== 1)
    return refuse("it must have exactly one signature");
  const { sig, keyid } = fields(signatures[0], "the signature", ["sig", "keyid"]);
  if (typeof hint !== "string" || hint === "") return refuse("it names no key");
  if (hint !== keyid) return refuse("bundle and envelope name different keys");
  if (typeof payloadType !== "string") return refuse("its payload has no type");
  return {
    keyId: hint,
    payloadType,
    payload: bytes(envelope["payload"], "the payload"),
    signature: bytes(sig, "the signature"),
  };
}

function parseJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    throw pipeliteError(
      "BUNDLE_INVALID",
      { problem: `it is not JSON that has one meaning: ${messageOf(error)}` },
      error,
    );
  }
}

function fields(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (!isObject(value)) refuse(`${what} is not an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse(`${what} has an unknown member '${unknown}'`);
  return value;
}

function bytes(text: unknown, what: string): Uint8Array {
  const decoded = typeof text === "string" && text !== "" ? fromBase64(text) : undefined;
  return decoded ?? refuse(`${what} is not base64`);
}

function refuse(problem: string): never {
  throw pipeliteError("BUNDLE_INVALID", { problem });
}
