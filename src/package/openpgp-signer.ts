// Signs as archives of packages want it: OpenPGP of version 4 (RFC 4880), by RSA with SHA-256, so that the same text, key and time give
// the same bytes. The certificate says that the key signs; a user id and a time of its own are all that is in it.
import { createPublicKey, hash, sign, type KeyObject } from "node:crypto";
import { utf8 } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";
import { readOpenPgpKey } from "./openpgp.ts";

export interface OpenPgpKey {
  /** RSA, of 2048 bits or more. */
  key: KeyObject;
  /** 40 hex digits, upper case. */
  fingerprint: string;
  /** Body of the packet of its public half. */
  body: Uint8Array;
}

/** 1 January 2000: a key carries no time of its own, and one for all lets its fingerprint follow from the key alone. */
export const KEY_CREATED_SECONDS = 946_684_800;

const TAG = { signature: 2, key: 6, user: 13 } as const;
const TYPE = { binary: 0, text: 1, certification: 0x13 } as const;
const SUBPACKET = { created: 2, preferredHashes: 21, flags: 27, issuer: 33, shortIssuer: 16 } as const;
const RSA = 1;
const SHA256 = 8;
/** It certifies and signs. */
const FLAGS = 3;

/** @throws PipeliteError OPENPGP_INVALID for a key of another kind */
export function openPgpKey(key: KeyObject): OpenPgpKey {
  const { n = "", e = "", kty } = createPublicKey(key).export({ format: "jwk" });
  const part = (text: string) => numberOf(Buffer.from(text, "base64url"));
  if (kty !== "RSA") throw pipeliteError("OPENPGP_INVALID", { problem: "the key is not of RSA" });
  const body = Buffer.concat(
    [[4], u32(KEY_CREATED_SECONDS), [RSA], part(n), part(e)].map((each) => Buffer.from(each)),
  );
  const known = readOpenPgpKey({ tag: TAG.key, body });
  if (known === undefined)
    throw pipeliteError("OPENPGP_INVALID", { problem: "the key has less than 2048 bits" });
  return { key, fingerprint: known.fingerprint, body };
}

/** The certificate in armour, for `signed-by` of apt and `rpm --import`. @param user `Anna Example <anna@example.org>` */
export function openPgpCertificate(key: OpenPgpKey, user: string): string {
  const name = utf8(user);
  const signed = Buffer.concat([
    Buffer.from([0x99, key.body.length >> 8, key.body.length & 0xff]),
    key.body,
    Buffer.from([0xb4]),
    u32(name.length),
    name,
  ]);
  const extra = [
    subpacket(SUBPACKET.flags, Buffer.from([FLAGS])),
    subpacket(SUBPACKET.preferredHashes, Buffer.from([SHA256])),
  ];
  const signature = signatureBody(signed, key, {
    type: TYPE.certification,
    created: KEY_CREATED_SECONDS,
    extra,
  });
  return armour("PUBLIC KEY BLOCK", [
    packet(TAG.key, key.body),
    packet(TAG.user, name),
    packet(TAG.signature, signature),
  ]);
}

/** A signature packet over bytes. @param created seconds since 1970 */
export function openPgpSign(signed: Uint8Array, key: OpenPgpKey, created: number): Uint8Array {
  return packet(TAG.signature, signatureBody(signed, key, { type: TYPE.binary, created }));
}

/** The same in armour, as it lies beside a file: `Release.gpg`, `repomd.xml.asc`. */
export function openPgpDetached(signed: Uint8Array, key: OpenPgpKey, created: number): string {
  return armour("SIGNATURE", [openPgpSign(signed, key, created)]);
}

/** A text with a signature on it, as `InRelease` is (RFC 4880, 7). Lines end with a newline, and none with blanks. */
export function openPgpClearSign(text: string, key: OpenPgpKey, created: number): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const signed = utf8(lines.join("\r\n"));
  const signature = packet(TAG.signature, signatureBody(signed, key, { type: TYPE.text, created }));
  const shown = lines.map((line) => (line.startsWith("-") ? `- ${line}` : line)).join("\n");
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${shown}\n${armour("SIGNATURE", [signature])}`;
}

interface Signing {
  type: number;
  created: number;
  extra?: readonly Uint8Array[];
}

function signatureBody(
  signed: Uint8Array,
  { key, fingerprint }: OpenPgpKey,
  { type, created, extra = [] }: Signing,
) {
  const issuer = Buffer.from(fingerprint, "hex");
  const subpackets = Buffer.concat([
    subpacket(SUBPACKET.issuer, Buffer.concat([Buffer.from([4]), issuer])),
    subpacket(SUBPACKET.created, u32(created)),
    ...extra,
  ]);
  const head = Buffer.from([4, type, RSA, SHA256, subpackets.length >> 8, subpackets.length & 0xff]);
  const hashed = Buffer.concat([head, subpackets]);
  const whole = Buffer.concat([signed, hashed, Buffer.from([4, 0xff]), u32(hashed.length)]);
  const short = subpacket(SUBPACKET.shortIssuer, issuer.subarray(-8));
  return Buffer.concat([
    hashed,
    Buffer.from([0, short.length]),
    short,
    Buffer.from(hash("sha256", whole), "hex").subarray(0, 2),
    numberOf(sign("sha256", whole, key)),
  ]);
}

function subpacket(type: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([data.length + 1, type]), data]);
}

function packet(tag: number, body: Uint8Array): Uint8Array {
  const { length } = body;
  const size =
    length < 192
      ? [length]
      : length < 8384
        ? [((length - 192) >> 8) + 192, (length - 192) & 0xff]
        : [255, ...u32(length)];
  return Buffer.concat([Buffer.from([0xc0 | tag, ...size]), body]);
}

/** A count of bits, then the bytes. */
function numberOf(bytes: Uint8Array): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const used = bytes.subarray(start < 0 ? bytes.length : start);
  const bits = used.length === 0 ? 0 : used.length * 8 - Math.clz32(used[0] ?? 0) + 24;
  return Buffer.concat([Buffer.from([bits >> 8, bits & 0xff]), used]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function armour(kind: string, packets: readonly Uint8Array[]): string {
  const bytes = Buffer.concat(packets);
  const lines = bytes.toString("base64").replaceAll(/.{1,64}/g, "$&\n");
  return `-----BEGIN PGP ${kind}-----\n\n${lines}=${crc24(bytes)}\n-----END PGP ${kind}-----\n`;
}

/** RFC 4880, 6.1. */
function crc24(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([crc >> 16, crc >> 8, crc]).toString("base64");
}

/** What a key is called where eight digits are enough, as of its file in /etc/apk/keys. */
export function shortName({ body }: OpenPgpKey): string {
  return hash("sha256", body).slice(0, 8);
}
