// Sigstore's trusted root: the authorities and logs that are believed, each for a time. Specification: sigstore/protobuf-specs,
// protos/sigstore_trustroot.proto. What has a member that is not known here, or does not say since when it is trusted, is refused.
import type { KeyObject } from "node:crypto";
import { isPipeliteError } from "#base/errors.ts";
import * as shape from "#base/shape.ts";
import { isObject, messageOf } from "#base/strict-json.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";
import { fromBase64 } from "./envelope.ts";
import { pipeliteError } from "./errors.ts";

export interface TrustedRoot {
  /** They issue certificates to those who sign. */
  certificateAuthorities: readonly CertificateAuthority[];
  timestampAuthorities: readonly CertificateAuthority[];
  /** Logs of signatures. */
  logs: readonly TrustedLog[];
  /** Logs of certificates. */
  certificateLogs: readonly TrustedLog[];
}

/** Milliseconds since 1970; both ends belong to it. */
export interface Period {
  start: number;
  end: number;
}

export interface CertificateAuthority {
  uri: string;
  /** From what signs, or issues, up to the root. */
  certificates: readonly Certificate[];
  validFor: Period;
}

export interface TrustedLog {
  baseUrl: string;
  key: KeyObject;
  id: Buffer;
  validFor: Period;
}

interface RootFile {
  mediaType: string;
  tlogs?: LogEntry[];
  certificateAuthorities?: AuthorityEntry[];
  ctlogs?: LogEntry[];
  timestampAuthorities?: AuthorityEntry[];
}

interface LogEntry {
  baseUrl?: string;
  hashAlgorithm?: string;
  publicKey: { rawBytes: string; keyDetails?: string; validFor: PeriodEntry };
  logId?: { keyId: string };
  checkpointKeyId?: { keyId: string };
  operator?: string;
}

interface AuthorityEntry {
  subject?: unknown;
  uri?: string;
  certChain: { certificates: { rawBytes: string }[] };
  validFor: PeriodEntry;
  operator?: string;
}

interface PeriodEntry {
  start: string;
  end?: string;
}

const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.[12]|\.v0\.[12]\+json)$/;

const rfc3339 = shape.matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, "time");
const period = shape.object<PeriodEntry>({ start: rfc3339, end: shape.optional(rfc3339) });
const keyId = shape.optional(shape.object<{ keyId: string }>({ keyId: shape.text }));
const log = shape.object<LogEntry>({
  baseUrl: shape.optional(shape.text),
  hashAlgorithm: shape.optional(shape.oneOf("SHA2_256")),
  publicKey: shape.object<LogEntry["publicKey"]>({
    rawBytes: shape.text,
    keyDetails: shape.optional(shape.text),
    validFor: period,
  }),
  logId: keyId,
  checkpointKeyId: keyId,
  operator: shape.optional(shape.text),
});
const authority = shape.object<AuthorityEntry>({
  subject: shape.optional(shape.json),
  uri: shape.optional(shape.text),
  certChain: shape.object<AuthorityEntry["certChain"]>({
    certificates: shape.list(shape.object<{ rawBytes: string }>({ rawBytes: shape.text })),
  }),
  validFor: period,
  operator: shape.optional(shape.text),
});
const ROOT = shape.object<RootFile>({
  mediaType: shape.matching(MEDIA_TYPE, "media type of a trusted root"),
  tlogs: shape.optional(shape.list(log)),
  certificateAuthorities: shape.optional(shape.list(authority)),
  ctlogs: shape.optional(shape.list(log)),
  timestampAuthorities: shape.optional(shape.list(authority)),
});

/** @param value of its JSON; @throws PipeliteError TRUSTED_ROOT_INVALID */
export function parseTrustedRoot(value: unknown): TrustedRoot {
  try {
    const file = shape.requireShape(ROOT, withoutNulls(value));
    return {
      certificateAuthorities: (file.certificateAuthorities ?? []).map(authorityOf),
      timestampAuthorities: (file.timestampAuthorities ?? []).map(authorityOf),
      logs: (file.tlogs ?? []).map(logOf),
      certificateLogs: (file.ctlogs ?? []).map(logOf),
    };
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isPipeliteError(error)) throw error;
    throw pipeliteError("TRUSTED_ROOT_INVALID", { problem: messageOf(error) }, error);
  }
}

export function isInPeriod({ start, end }: Period, at: number): boolean {
  return start <= at && at <= end;
}

function authorityOf({ uri = "", certChain, validFor }: AuthorityEntry): CertificateAuthority {
  const certificates = certChain.certificates.map(({ rawBytes }) => parseCertificate(bytesOf(rawBytes)));
  if (certificates.length === 0) throw new SyntaxError("an authority has no certificate");
  return { uri, certificates, validFor: periodOf(validFor) };
}

function logOf({ baseUrl = "", publicKey, logId, checkpointKeyId }: LogEntry): TrustedLog {
  const id = (logId ?? checkpointKeyId)?.keyId;
  if (id === undefined) throw new SyntaxError(`the log ${baseUrl} has no id`);
  return { baseUrl, id: bytesOf(id), key: keyOf(publicKey), validFor: periodOf(publicKey.validFor) };
}

function periodOf({ start, end }: PeriodEntry): Period {
  return { start: Date.parse(start), end: end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end) };
}

/** In protobuf's JSON nothing is the same as a member that is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function keyOf({ rawBytes, keyDetails = "" }: LogEntry["publicKey"]): KeyObject {
  const { createPublicKey } = process.getBuiltinModule("node:crypto");
  const type = keyDetails.startsWith("PKCS1_") ? "pkcs1" : "spki";
  const key = bytesOf(rawBytes);
  try {
    return createPublicKey({ key, format: "der", type });
  } catch {
    throw new SyntaxError("the key of a log is of no kind that is known");
  }
}

function bytesOf(text: string): Buffer {
  const bytes = fromBase64(text);
  if (bytes === undefined || bytes.length === 0) throw new SyntaxError("it has what is not base64");
  return Buffer.from(bytes);
}
