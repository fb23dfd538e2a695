// Sigstore bundle v0.3: one DSSE envelope with exactly one signature, and a hint to the key that made it, or the certificate of one
// that was made for it alone. Specification: sigstore/protobuf-specs, protos/sigstore_bundle.proto. Entries of logs like that of a
// home (Rekor v2) and timestamps are handed on: reading them verifies nothing.
import { isObject, messageOf, parseStrictJson } from "#base/strict-json.ts";
import { prettyJson } from "#base/canonical-json.ts";
import { parseCertificate } from "./certificate.ts";
import { fromBase64, toBase64 } from "./envelope.ts";
import { pipeliteError } from "./errors.ts";
import { publicKeyOf } from "./key.ts";

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

export interface Bundle {
  /** Id of the key, as bundle and envelope both have it; with a certificate that of its key. */
  keyId: string;
  /** DER; whose it is says whoever issued it. */
  certificate?: Uint8Array;
  payloadType: string;
  /** Exactly the bytes that were signed for. */
  payload: Uint8Array;
  /** DER, as ECDSA signatures are written. */
  signature: Uint8Array;
  /** Where a log has it; nothing of it is verified by reading it. */
  log?: LogInclusion;
  /** Answers of timestamp authorities (TimeStampResp) about the signature. */
  timestamps?: readonly Uint8Array[];
}

/** That a log has an entry, and what shows it. */
export interface LogInclusion {
  logId: Uint8Array;
  index: number;
  /** The entry. */
  body: Uint8Array;
  /** Entries of the log whose tree the proof is of. */
  size: number;
  root: Uint8Array;
  hashes: readonly Uint8Array[];
  /** A signed note. */
  checkpoint: string;
}

const REKORD = { kind: "hashedrekord", version: "0.0.2" } as const;

/** The bundle as a file: the same bytes for the same bundle. */
export function writeBundle(bundle: Bundle): string {
  const { keyId, certificate, payloadType, payload, signature, log, timestamps = [] } = bundle;
  return prettyJson({
    mediaType: MEDIA_TYPE,
    verificationMaterial: {
      ...(certificate === undefined
        ? { publicKey: { hint: keyId } }
        : { certificate: { rawBytes: toBase64(certificate) } }),
      tlogEntries: log === undefined ? [] : [tlogEntryOf(log)],
      ...(timestamps.length > 0 && {
        timestampVerificationData: {
          rfc3161Timestamps: timestamps.map((each) => ({ signedTimestamp: toBase64(each) })),
        },
      }),
    },
    dsseEnvelope: {
      payload: toBase64(payload),
      payloadType,
      signatures: [{ ...(certificate === undefined && { keyid: keyId }), sig: toBase64(signature) }],
    },
  });
}

function tlogEntryOf({ logId, index, body, size, root, hashes, checkpoint }: LogInclusion): object {
  return {
    logIndex: String(index),
    logId: { keyId: toBase64(logId) },
    kindVersion: REKORD,
    // A log of this kind gives no time.
    integratedTime: "0",
    inclusionProof: {
      logIndex: String(index),
      rootHash: toBase64(root),
      treeSize: String(size),
      hashes: hashes.map(toBase64),
      checkpoint: { envelope: checkpoint },
    },
    canonicalizedBody: toBase64(body),
  };
}

/**
 * Reads a bundle; nothing of it is trusted yet.
 * @throws PipeliteError BUNDLE_INVALID
 */
export function parseBundle(text: string): Bundle {
  const bundle = fields(parseJson(text), "the bundle", ["mediaType", "verificationMaterial", "dsseEnvelope"]);
  if (bundle["mediaType"] !== MEDIA_TYPE) refuse(`its media type is not ${MEDIA_TYPE}`);
  const material = fields(bundle["verificationMaterial"], "verificationMaterial", [
    "publicKey",
    "certificate",
    "tlogEntries",
    "timestampVerificationData",
  ]);
  const envelope = fields(bundle["dsseEnvelope"], "dsseEnvelope", ["payload", "payloadType", "signatures"]);
  const { signatures, payloadType } = envelope;
  if (!Array.isArray(signatures) || signatures.length !== 1)
    return refuse("it must have exactly one signature");
  const { sig, keyid } = fields(signatures[0], "the signature", ["sig", "keyid"]);
  if (typeof payloadType !== "string") return refuse("its payload has no type");
  const log = logInclusionOf(material["tlogEntries"]);
  const timestamps = timestampsOf(material["timestampVerificationData"]);
  return {
    ...signerOf(material, keyid),
    payloadType,
    payload: bytes(envelope["payload"], "the payload"),
    signature: bytes(sig, "the signature"),
    ...(log !== undefined && { log }),
    ...(timestamps.length > 0 && { timestamps }),
  };
}

function signerOf(
  { publicKey, certificate }: Record<string, unknown>,
  keyid: unknown,
): Pick<Bundle, "keyId" | "certificate"> {
  if (certificate !== undefined) {
    if (publicKey !== undefined) refuse("it names a key beside its certificate");
    // Writers leave the name of the key empty: the certificate has the key itself.
    if (keyid !== undefined && keyid !== "") refuse("its envelope names a key beside its certificate");
    const der = bytes(fields(certificate, "certificate", ["rawBytes"])["rawBytes"], "the certificate");
    return { keyId: keyIdOf(der), certificate: der };
  }
  const { hint } = fields(publicKey, "publicKey", ["hint"]);
  if (typeof hint !== "string" || hint === "") return refuse("it names no key");
  if (hint !== keyid) return refuse("bundle and envelope name different keys");
  return { keyId: hint };
}

function keyIdOf(der: Uint8Array): string {
  try {
    return publicKeyOf(parseCertificate(der).key, "its certificate").keyId;
  } catch (error) {
    throw pipeliteError("BUNDLE_INVALID", { problem: messageOf(error) }, error);
  }
}

const TIMESTAMPS_MAX = 32;

function timestampsOf(data: unknown = {}): Uint8Array[] {
  const known = ["rfc3161Timestamps"];
  const { rfc3161Timestamps: all = [] } = fields(data, "timestampVerificationData", known);
  if (!Array.isArray(all) || all.length > TIMESTAMPS_MAX) return refuse("its timestamps are no list");
  const found = all.map((each) =>
    bytes(fields(each, "a timestamp", ["signedTimestamp"])["signedTimestamp"], "it"),
  );
  const texts = found.map(toBase64);
  if (new Set(texts).size < texts.length) refuse("a timestamp stands twice");
  return found;
}

/** The one entry that a bundle of ours has; others are of logs that are not ours to judge. */
function logInclusionOf(entries: unknown = []): LogInclusion | undefined {
  if (!Array.isArray(entries)) return refuse("its log entries are no list");
  const [entry, other] = entries as unknown[];
  return !isObject(entry) || other !== undefined ? undefined : parseLogEntry(entry);
}

/**
 * An entry of a log as it stands in a bundle, and as a log answers with it (TransparencyLogEntry).
 * @returns undefined for one of another kind
 * @throws PipeliteError BUNDLE_INVALID
 */
export function parseLogEntry(entry: Readonly<Record<string, unknown>>): LogInclusion | undefined {
  const { kindVersion, inclusionProof, logId } = entry;
  if (
    !isObject(kindVersion) ||
    kindVersion["kind"] !== REKORD.kind ||
    kindVersion["version"] !== REKORD.version
  )
    return undefined;
  const proof = fields(inclusionProof, "inclusionProof", [
    "logIndex",
    "rootHash",
    "treeSize",
    "hashes",
    "checkpoint",
  ]);
  const { keyId } = fields(logId, "logId", ["keyId"]);
  const { envelope } = fields(proof["checkpoint"], "checkpoint", ["envelope"]);
  const hashes = proof["hashes"] ?? [];
  if (typeof envelope !== "string" || !Array.isArray(hashes)) return refuse("its proof of inclusion is none");
  if ((proof["logIndex"] ?? "0") !== (entry["logIndex"] ?? "0"))
    return refuse("entry and proof name different places in the log");
  return {
    logId: bytes(keyId, "the log's id"),
    index: count(entry["logIndex"]),
    body: bytes(entry["canonicalizedBody"], "the log's entry"),
    size: count(proof["treeSize"]),
    root: bytes(proof["rootHash"], "the root"),
    hashes: hashes.map((hash) => bytes(hash, "a hash of the proof")),
    checkpoint: envelope,
  };
}

/** A number of protobuf's JSON: 64 bits stand as text, and 0 may be left out. */
function count(text: unknown): number {
  if (typeof text === "string" && /^\d{1,15}$/.test(text)) return Number(text);
  return text === undefined ? 0 : refuse("a number of its log is none");
}

function parseJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    throw pipeliteError(
      "BUNDLE_INVALID",
      { problem: `it cannot be read as JSON: ${messageOf(error)}` },
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
