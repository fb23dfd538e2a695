// Certificates for tests, written by hand: an authority, what it issues, and any of it wrong in one place.
import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { contextTag, TAG } from "#sigstore/der.ts";
import { derInteger, derOf, derOid, sequenceOf } from "#sigstore/der-writer.ts";
import { EXTENSION } from "#sigstore/certificate.ts";

export const SHA256_WITH_ECDSA = sequenceOf(derOid("1.2.840.10045.4.3.2"));
export const SHA256 = sequenceOf(derOid("2.16.840.1.101.3.4.2.1"));
const HOUR_MS = 3_600_000;

export interface Issued {
  der: Buffer;
  key: KeyObject;
  /** Name in DER. */
  subject: Buffer;
  serial: Buffer;
}

export interface Wanted {
  name: string;
  /** Itself without one. */
  issuer?: Issued;
  notBefore?: number;
  notAfter?: number;
  /** Its key; a new one on P-256 without it. */
  key?: KeyObject;
  /** Extensions, each in DER. */
  extensions: readonly Buffer[];
  version?: number;
}

export function extensionOf(oid: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [derOf(TAG.boolean, Buffer.of(0xff))] : [];
  return sequenceOf(derOid(oid), ...critical, derOf(TAG.octetString, value));
}

export function authorityExtensions(below?: number): Buffer[] {
  const isAuthority = derOf(TAG.boolean, Buffer.of(0xff));
  const limit = below === undefined ? [] : [derInteger(Buffer.of(below))];
  // Bits 5 and 6: it signs certificates, and lists of those that are revoked.
  const usage = derOf(TAG.bitString, Buffer.of(1, 0b0000_0110));
  return [
    extensionOf(EXTENSION.basicConstraints, sequenceOf(isAuthority, ...limit), true),
    extensionOf(EXTENSION.keyUsage, usage, true),
  ];
}

export function leafExtensions(purposes: readonly string[], isCritical = false): Buffer[] {
  return [
    extensionOf(EXTENSION.keyUsage, derOf(TAG.bitString, Buffer.of(7, 0b1000_0000)), true),
    extensionOf(EXTENSION.extendedKeyUsage, sequenceOf(...purposes.map(derOid)), isCritical),
  ];
}

export function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
}

export function spkiOf(key: KeyObject): Buffer {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ format: "der", type: "spki" });
}

export function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1").update(spkiOf(key)).digest();
}

let serials = 1;

/** What a certificate says, before it is signed. */
export function tbsOf(
  wanted: Wanted & { key: KeyObject; serial: Buffer },
  issuer: { subject: Buffer },
): Buffer {
  const { name, notBefore = Date.now() - HOUR_MS, notAfter = Date.now() + HOUR_MS, key, serial } = wanted;
  const { extensions, version = 2 } = wanted;
  return sequenceOf(
    derOf(contextTag(0), derInteger(Buffer.of(version))),
    derInteger(serial),
    SHA256_WITH_ECDSA,
    issuer.subject,
    sequenceOf(derTime(notBefore), derTime(notAfter)),
    nameOf(name),
    spkiOf(key),
    ...(extensions.length === 0 ? [] : [derOf(contextTag(3), sequenceOf(...extensions))]),
  );
}

/** Signed with ECDSA over SHA-256. */
export function signedTbs(tbs: Buffer, key: KeyObject): Buffer {
  return sequenceOf(tbs, SHA256_WITH_ECDSA, derBits(sign("sha256", tbs, key)));
}

export function issue(wanted: Wanted): Issued {
  const { name, key = newKey() } = wanted;
  const serial = Buffer.of(0x40, serials >> 8, serials & 0xff);
  serials += 1;
  const own = { der: Buffer.alloc(0), key, subject: nameOf(name), serial };
  const { issuer = own } = wanted;
  // Sigstore's clients find an issuer by the id of its key.
  const ids = [
    extensionOf("2.5.29.14", derOf(TAG.octetString, keyIdentifier(key))),
    extensionOf("2.5.29.35", sequenceOf(derOf(contextTag(0, false), keyIdentifier(issuer.key)))),
  ];
  const extensions = [...wanted.extensions, ...ids];
  const tbs = tbsOf({ ...wanted, key, serial, extensions }, issuer);
  return { ...own, der: signedTbs(tbs, issuer.key) };
}

/** @param name empty for one that names nobody: who it is stands in an extension */
export function nameOf(name: string): Buffer {
  if (name === "") return sequenceOf();
  const attribute = sequenceOf(derOid("2.5.4.3"), derOf(TAG.utf8, Buffer.from(name)));
  const organisation = sequenceOf(derOid("2.5.4.10"), derOf(TAG.utf8, Buffer.from("pipelite.test")));
  return sequenceOf(derOf(TAG.set, organisation), derOf(TAG.set, attribute));
}

export function derTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  const LONG_FROM = "2050";
  return digits >= LONG_FROM
    ? derOf(TAG.generalizedTime, Buffer.from(digits))
    : derOf(TAG.utcTime, Buffer.from(digits.slice(2)));
}

/** Whole bytes as a string of bits. */
function derBits(bytes: Uint8Array): Buffer {
  return derOf(TAG.bitString, Buffer.of(0), bytes);
}
