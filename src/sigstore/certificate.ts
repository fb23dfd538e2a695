// X.509 certificates, as far as a signature needs them: who speaks for which key, from when until when, and for what.
// Specification: RFC 5280.
import type { KeyObject } from "node:crypto";
import { isPipeliteError } from "#base/errors.ts";
import { asBuffer } from "#base/bytes.ts";
import { isSignedBy } from "./algorithms.ts";
import {
  bitsOf,
  readDerBoolean,
  bytesOfBits,
  derContent,
  contextTag,
  countOf,
  elementsOf,
  integerOf,
  oidOf,
  readDer,
  TAG,
  readDerTime,
  type Der,
} from "./der.ts";
import { pipeliteError } from "./errors.ts";

export const EXTENSION = {
  keyUsage: "2.5.29.15",
  subjectNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  policies: "2.5.29.32",
  extendedKeyUsage: "2.5.29.37",
  scts: "1.3.6.1.4.1.11129.2.4.2",
} as const;

export const PURPOSE = { codeSigning: "1.3.6.1.5.5.7.3.3", timeStamping: "1.3.6.1.5.5.7.3.8" } as const;

export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5 } as const;

export interface Extension {
  isCritical: boolean;
  value: Buffer;
}

export interface Certificate {
  raw: Buffer;
  /** What is signed. */
  tbs: Der;
  serial: Buffer;
  /** Names in DER: two are the same when their bytes are. */
  issuer: Buffer;
  subject: Buffer;
  /** ms since 1970; both ends belong to it. */
  notBefore: number;
  notAfter: number;
  /** SPKI in DER. */
  spki: Buffer;
  key: KeyObject;
  extensions: ReadonlyMap<string, Extension>;
  algorithm: Der;
  signature: Buffer;
}

/** @throws PipeliteError CERTIFICATE_INVALID */
export function parseCertificate(bytes: Uint8Array): Certificate {
  try {
    return parse(bytes);
  } catch (error) {
    if (isPipeliteError(error, "CERTIFICATE_INVALID") || !isPipeliteError(error)) throw error;
    throw pipeliteError("CERTIFICATE_INVALID", { problem: error.message }, error);
  }
}

function parse(bytes: Uint8Array): Certificate {
  const [tbs, algorithm, signature, other] = elementsOf(readDer(bytes));
  if (tbs === undefined || algorithm === undefined || other !== undefined)
    return refuse("it has other members");
  const [version, serial, inner, issuer, validity, subject, spki, ...rest] = elementsOf(tbs);
  const V3 = 2;
  if (version?.tag !== contextTag(0) || countOf(elementsOf(version, contextTag(0))[0]) !== V3)
    return refuse("it is not of version 3");
  if (inner?.raw.equals(algorithm.raw) !== true) return refuse("it names two algorithms");
  if (issuer === undefined || validity === undefined || subject === undefined || spki === undefined)
    return refuse("it has too few members");
  const [notBefore, notAfter] = elementsOf(validity);
  const [extensions, ...unknown] = rest;
  if (extensions !== undefined && (extensions.tag !== contextTag(3) || unknown.length > 0))
    return refuse("it has members that are not known");
  elementsOf(issuer);
  elementsOf(subject);
  return {
    raw: asBuffer(bytes),
    tbs,
    serial: integerOf(serial),
    issuer: issuer.raw,
    subject: subject.raw,
    notBefore: readDerTime(notBefore),
    notAfter: readDerTime(notAfter),
    spki: spki.raw,
    key: keyOf(spki.raw),
    extensions: extensionsOf(extensions),
    algorithm,
    signature: bytesOfBits(signature),
  };
}

function keyOf(spki: Buffer): KeyObject {
  try {
    return process
      .getBuiltinModule("node:crypto")
      .createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch (error) {
    throw pipeliteError("CERTIFICATE_INVALID", { problem: "its key is of no kind that is known" }, error);
  }
}

function extensionsOf(wrapped: Der | undefined): Map<string, Extension> {
  const found = new Map<string, Extension>();
  const [list] = wrapped === undefined ? [] : elementsOf(wrapped, contextTag(3));
  for (const extension of list === undefined ? [] : elementsOf(list)) {
    const [id, ...members] = elementsOf(extension);
    const oid = oidOf(id);
    if (found.has(oid)) refuse(`the extension ${oid} stands twice`);
    const isMarked = members[0]?.tag === TAG.boolean;
    const [value, other] = isMarked ? members.slice(1) : members;
    if (other !== undefined) refuse(`the extension ${oid} has other members`);
    found.set(oid, {
      isCritical: isMarked && readDerBoolean(members[0]),
      value: derContent(value, TAG.octetString),
    });
  }
  return found;
}

/** @throws PipeliteError DER_INVALID, ALGORITHM_UNKNOWN */
export function isIssuedBy({ tbs, algorithm, signature, issuer }: Certificate, by: Certificate): boolean {
  return by.subject.equals(issuer) && isSignedBy(by.key, { algorithm, bytes: tbs.raw, signature });
}

/** What it may be used for; undefined where it does not say. @throws PipeliteError DER_INVALID */
export function purposesOf({ extensions }: Certificate): string[] | undefined {
  const found = extensions.get(EXTENSION.extendedKeyUsage);
  return found && elementsOf(readDer(found.value)).map(oidOf);
}

/** A certificate that does not say may (RFC 5280, section 6.1.4 n). @throws PipeliteError DER_INVALID */
export function mayUseKeyFor({ extensions }: Certificate, usage: number): boolean {
  const found = extensions.get(EXTENSION.keyUsage);
  return found === undefined || bitsOf(readDer(found.value)).has(usage);
}

/** Undefined of one that may issue no others; else how many may stand between it and the last. @throws PipeliteError DER_INVALID */
export function authorityOf({ extensions }: Certificate): { below: number } | undefined {
  const found = extensions.get(EXTENSION.basicConstraints);
  const [isAuthority, below] = found === undefined ? [] : elementsOf(readDer(found.value));
  if (isAuthority === undefined || !readDerBoolean(isAuthority)) return undefined;
  return { below: below === undefined ? Number.POSITIVE_INFINITY : countOf(below) };
}

function refuse(problem: string): never {
  throw pipeliteError("CERTIFICATE_INVALID", { problem });
}
