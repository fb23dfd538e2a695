// OpenPGP as archives of packages use it (RFC 4880, RFC 6637 bis for EdDSA): public keys of version 4, and texts signed in
// clear. It verifies, and nothing else. Strict: what is not known to be right is wrong.
import { createPublicKey, hash, verify, type KeyObject } from "node:crypto";
import { fromByteString, hex, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

export interface OpenPgpPublicKey {
  /** 40 hex digits, upper case. */
  fingerprint: string;
  algorithm: "rsa" | "ed25519";
  key: KeyObject;
  /** Seconds since 1970. */
  created: number;
  /** Bytes of its packet, for signatures on keys. */
  body: Uint8Array;
}

export interface OpenPgpSignature {
  type: number;
  algorithm: number;
  hashAlgorithm: number;
  /** From the version to the end of the hashed subpackets. */
  hashed: Uint8Array;
  subpackets: ReadonlyMap<number, Uint8Array>;
  /** Subpackets that the signature does not cover. */
  unhashed: ReadonlyMap<number, Uint8Array>;
  left16: Uint8Array;
  numbers: Uint8Array[];
}

export interface Packet {
  tag: number;
  body: Uint8Array;
}

const TAG = { signature: 2, publicKey: 6, publicSubkey: 14 } as const;
const SUBPACKET = { created: 2, expires: 3, issuerFingerprint: 33, critical: 0x80 } as const;
/** Hashes that are no longer trusted are not here: MD5, SHA-1, RIPE-MD. */
const HASHES: Readonly<Record<number, string>> = { 8: "sha256", 9: "sha384", 10: "sha512" };
const ALGORITHM = { rsa: 1, eddsa: 22 } as const;
const ED25519_OID = "2b06010401da470f01";
const SIGNATURE_TYPE = { binary: 0x00, text: 0x01 } as const;

function wrong(problem: string): Error {
  return pipeliteError("OPENPGP_INVALID", { problem });
}

export function readPackets(bytes: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  let at = 0;
  const next = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw wrong("a packet is cut off");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const number = (count: number): number => next(count).reduce((value, byte) => value * 256 + byte, 0);
  while (at < bytes.length) {
    const first = number(1);
    if ((first & 0x80) === 0) throw wrong("there is no packet");
    let length: number;
    let tag: number;
    if ((first & 0x40) === 0) {
      tag = (first >> 2) & 0xf;
      const kind = first & 3;
      if (kind === 3) throw wrong("a packet has no length");
      length = number(2 ** kind);
    } else {
      tag = first & 0x3f;
      const octet = number(1);
      if (octet >= 224 && octet < 255) throw wrong("a packet comes in parts");
      length = octet < 192 ? octet : octet < 224 ? (octet - 192) * 256 + number(1) + 192 : number(4);
    }
    packets.push({ tag, body: next(length) });
  }
  return packets;
}

/** @returns undefined for a key of a version or kind that is not known here */
export function readOpenPgpKey({ tag, body }: Packet): OpenPgpPublicKey | undefined {
  if (tag !== TAG.publicKey && tag !== TAG.publicSubkey) throw wrong("that is no public key");
  if (body[0] !== 4 || body.length < KEY_HEAD_BYTES || body.length > 0xffff) return undefined;
  const framed = new Uint8Array(body.length + 3);
  framed.set([0x99, body.length >> 8, body.length & 0xff]);
  framed.set(body, 3);
  const fingerprint = hash("sha1", framed).toUpperCase();
  const created = bigEndianNumber(body.subarray(1, 5)) ?? 0;
  const algorithm = body[5];
  const url = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  if (algorithm === ALGORITHM.rsa) {
    const [n, e] = readNumbers(body.subarray(6));
    if (n === undefined || e === undefined || n.length < RSA_BYTES_MIN) return undefined;
    const key = keyOf({ kty: "RSA", n: url(n), e: url(e) });
    return key && { fingerprint, algorithm: "rsa", key, created, body };
  }
  if (algorithm !== ALGORITHM.eddsa) return undefined;
  const oidLength = body[6] ?? 0;
  const [point] = readNumbers(body.subarray(7 + oidLength));
  if (hex(body.subarray(7, 7 + oidLength)) !== ED25519_OID || point?.length !== 33 || point[0] !== 0x40)
    return undefined;
  const key = keyOf({ kty: "OKP", crv: "Ed25519", x: url(point.subarray(1)) });
  return key && { fingerprint, algorithm: "ed25519", key, created, body };
}

/** Undefined for numbers that are no key. */
function keyOf(key: Readonly<Record<string, string>>): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: "jwk" });
  } catch {
    return undefined;
  }
}

/** Version, time and algorithm. */
const KEY_HEAD_BYTES = 6;

/** 2048 bits. */
const RSA_BYTES_MIN = 256;

/** Multiprecision integers: a count of bits, then the bytes. */
function readNumbers(bytes: Uint8Array): Uint8Array[] {
  const numbers: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const bits = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    const length = Math.ceil(bits / 8);
    if (at + 2 + length > bytes.length) throw wrong("a number is cut off");
    numbers.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return numbers;
}

/** @returns undefined for a signature of a version that is not known here */
export function readSignature({ tag, body }: Packet): OpenPgpSignature | undefined {
  if (tag !== TAG.signature) throw wrong("that is not a signature");
  if (body[0] !== 4) return undefined;
  const [, type = 0, algorithm = 0, hashAlgorithm = 0] = body;
  const hashedLength = (body[4] ?? 0) * 256 + (body[5] ?? 0);
  const hashedEnd = 6 + hashedLength;
  const unhashedLength = (body[hashedEnd] ?? 0) * 256 + (body[hashedEnd + 1] ?? 0);
  const end = hashedEnd + 2 + unhashedLength;
  if (end + 2 > body.length) throw wrong("a signature is cut off");
  return {
    type,
    algorithm,
    hashAlgorithm,
    hashed: body.subarray(0, hashedEnd),
    subpackets: readSubpackets(body.subarray(6, hashedEnd)),
    unhashed: readSubpackets(body.subarray(hashedEnd + 2, end)),
    left16: body.subarray(end, end + 2),
    numbers: readNumbers(body.subarray(end + 2)),
  };
}

/** Those that are critical keep the bit in their number. */
function readSubpackets(bytes: Uint8Array): Map<number, Uint8Array> {
  const subpackets = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    let length = bytes[at] ?? 0;
    at += 1;
    if (length === 255) {
      length = bigEndianNumber(bytes.subarray(at, at + 4)) ?? 0;
      at += 4;
    } else if (length >= 192) {
      length = (length - 192) * 256 + (bytes[at] ?? 0) + 192;
      at += 1;
    }
    if (length === 0 || at + length > bytes.length) throw wrong("a subpacket is cut off");
    subpackets.set(bytes[at] ?? 0, bytes.subarray(at + 1, at + length));
    at += length;
  }
  return subpackets;
}

/** A subpacket that the signature covers, whether it is critical or not. */
export function covered({ subpackets }: OpenPgpSignature, type: number): Uint8Array | undefined {
  return subpackets.get(type) ?? subpackets.get(type | SUBPACKET.critical);
}

export function bigEndianNumber(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.reduce((value, byte) => value * 256 + byte, 0);
}

/** Whether the key made this signature over these bytes. */
export function isGood(
  signature: OpenPgpSignature,
  signed: Uint8Array,
  { key, algorithm }: OpenPgpPublicKey,
): boolean {
  const name = HASHES[signature.hashAlgorithm];
  if (name === undefined) return false;
  const { hashed, left16, numbers } = signature;
  const trailer = new Uint8Array([4, 0xff, 0, 0, 0, 0]);
  new DataView(trailer.buffer).setUint32(2, hashed.length);
  const whole = Buffer.concat([signed, hashed, trailer]);
  const digest = hash(name, whole, "buffer");
  if (digest[0] !== left16[0] || digest[1] !== left16[1]) return false;
  if (algorithm === "rsa" && signature.algorithm === ALGORITHM.rsa) {
    const [number] = numbers;
    const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
    return number !== undefined && numbers.length === 1 && verify(name, whole, key, padded(number, size));
  }
  if (algorithm !== "ed25519" || signature.algorithm !== ALGORITHM.eddsa) return false;
  const [r, s] = numbers;
  if (r === undefined || s === undefined || numbers.length !== 2) return false;
  return verify(null, digest, key, Buffer.concat([padded(r, 32), padded(s, 32)]));
}

function padded(number: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  if (number.length <= size) bytes.set(number, size - number.length);
  return bytes;
}

const BEGIN_MESSAGE = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE = "-----END PGP SIGNATURE-----";

export interface ClearSigned {
  /** What was signed, as a reader sees it: lines joined by newlines. Byte string. */
  text: string;
  signatures: OpenPgpSignature[];
}

/**
 * A text signed in clear, and nothing besides: a reader must not see more, or other, than what the signature covers. As
 * apt's splitter does, it refuses what has been read in two ways before.
 * @throws PipeliteError OPENPGP_INVALID
 */
export function readClearSigned(bytes: Uint8Array): ClearSigned {
  const whole = toByteString(bytes);
  if (whole.includes("\0")) throw wrong("it has a NUL byte");
  const lines = whole.split("\n").map(withoutBlanksBehind);
  if (lines[0] !== BEGIN_MESSAGE) throw wrong("it is not signed");
  const start = lines.indexOf("");
  const headers = lines.slice(1, start);
  if (start < 0 || !headers.every((line) => /^Hash: [A-Z0-9, ]+$/.test(line)))
    throw wrong("its head is malformed");
  const end = lines.indexOf(BEGIN_SIGNATURE);
  if (end < 0) throw wrong("it has no signature");
  const body = lines.slice(start + 1, end).map((line) => {
    if (!line.startsWith("-")) return line;
    if (!line.startsWith("- ")) throw wrong("a line starts with a dash");
    return line.slice(2);
  });
  const last = lines.indexOf(END_SIGNATURE);
  if (last < end) throw wrong("its signature does not end");
  if (lines.slice(last + 1).some((line) => line !== "")) throw wrong("something follows its signature");
  const armour = lines.slice(end + 1, last);
  if (armour.includes(BEGIN_SIGNATURE)) throw wrong("it has two signatures");
  const packets = readPackets(unarmoured(armour));
  const signatures = packets.filter(({ tag }) => tag === TAG.signature).map(readSignature);
  if (packets.length !== signatures.length) throw wrong("there is more than signatures");
  return { text: body.join("\n"), signatures: signatures.filter((each) => each !== undefined) };
}

/** By hand: for a line of many blanks and a letter a regular expression takes the square of its length. */
function withoutBlanksBehind(line: string): string {
  let end = line.length;
  while (end > 0 && " \t\r".includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

/** The lines between the first and the last of an armour. */
export function unarmoured(lines: readonly string[]): Uint8Array {
  const blank = lines.indexOf("");
  if (blank < 0) throw wrong("its armour is malformed");
  const base64 = lines.slice(blank + 1).filter((line) => line !== "" && !line.startsWith("="));
  const text = base64.join("");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw wrong("its armour is malformed");
  return Buffer.from(text, "base64");
}

export interface VerifiedSigner {
  fingerprint: string;
  /** When it was signed, in seconds since 1970. */
  created: number;
}

/** The keys among these that signed the text, each with a signature that is in force at `nowSeconds`. */
export function signersOf(
  { text, signatures }: ClearSigned,
  keys: readonly OpenPgpPublicKey[],
  nowSeconds: number,
): VerifiedSigner[] {
  const signed = fromByteString(text.replaceAll("\n", "\r\n"));
  return signatures.flatMap((signature) => {
    const created = bigEndianNumber(covered(signature, SUBPACKET.created));
    const lifetime = bigEndianNumber(covered(signature, SUBPACKET.expires)) ?? 0;
    if (signature.type !== SIGNATURE_TYPE.text || created === undefined || hasUnknownCritical(signature))
      return [];
    if (lifetime > 0 && created + lifetime <= nowSeconds) return [];
    const issuer = covered(signature, SUBPACKET.issuerFingerprint);
    return keys
      .filter(
        ({ fingerprint }) => issuer === undefined || hex(issuer.subarray(1)).toUpperCase() === fingerprint,
      )
      .filter((key) => isGood(signature, signed, key))
      .map(({ fingerprint }) => ({ fingerprint, created }));
  });
}

/** One that must be understood and is not makes a signature worthless. */
const UNDERSTOOD = new Set<number>([
  SUBPACKET.created,
  SUBPACKET.expires,
  9,
  16,
  27,
  SUBPACKET.issuerFingerprint,
]);

export function hasUnknownCritical({ subpackets }: OpenPgpSignature): boolean {
  return [...subpackets.keys()].some(
    (type) => type >= SUBPACKET.critical && !UNDERSTOOD.has(type & ~SUBPACKET.critical),
  );
}
