// DER, the one encoding that certificates, timestamps and their signatures have: each element is its tag, its length and its content.
// What has a second way to be written (long lengths, lengths without an end, padded numbers) is refused: two readers of the same
// bytes must see the same. Specification: ITU-T X.690, section 10.
import { asBuffer } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of an element that its place in a structure names: `[n]`. */
export function contextTag(number: number, isConstructed = true): number {
  return (isConstructed ? 0xa0 : 0x80) | number;
}

export interface Der {
  tag: number;
  content: Buffer;
  /** Tag, length and content. */
  raw: Buffer;
}

/** All of these bytes as one element. @throws PipeliteError DER_INVALID */
export function readDer(bytes: Uint8Array): Der {
  const [first, other] = readElements(asBuffer(bytes));
  return first === undefined || other !== undefined ? refuse("it is not one element") : first;
}

/** The elements of a constructed one. @param tag that it must have; @throws PipeliteError DER_INVALID */
export function elementsOf({ tag, content }: Der, wanted: number = TAG.sequence): Der[] {
  if (tag !== wanted) refuse(`an element is of the kind ${tag}, not ${wanted}`);
  return readElements(content);
}

function readElements(bytes: Buffer): Der[] {
  const elements: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes, at);
    elements.push(element);
    at += element.raw.length;
  }
  return elements;
}

function readElement(bytes: Buffer, start: number): Der {
  const MANY_BYTES = 0x80;
  const tag = bytes[start] ?? 0;
  if ((tag & 0x1f) === 0x1f) refuse("a tag has more than one byte");
  let length = bytes[start + 1] ?? refuse("it ends within an element");
  let at = start + 2;
  if (length >= MANY_BYTES) {
    const count = length - MANY_BYTES;
    if (count < 1 || count > 4 || at + count > bytes.length) refuse("a length is none");
    length = bytes.readUIntBE(at, count);
    at += count;
    if (length < MANY_BYTES || length < 256 ** (count - 1)) refuse("a length is longer than it must be");
  }
  if (at + length > bytes.length) refuse("it ends within an element");
  return { tag, content: bytes.subarray(at, at + length), raw: bytes.subarray(start, at + length) };
}

/** @throws PipeliteError DER_INVALID */
export function derContent({ tag, content }: Der | undefined = NOTHING, wanted: number): Buffer {
  return tag === wanted ? content : refuse(`an element is of the kind ${tag}, not ${wanted}`);
}

const NOTHING: Der = { tag: 0, content: Buffer.alloc(0), raw: Buffer.alloc(0) };

/** `1.2.840...` @throws PipeliteError DER_INVALID */
export function oidOf(element: Der | undefined): string {
  const bytes = derContent(element, TAG.oid);
  const numbers: number[] = [];
  let number = 0;
  let isBegun = false;
  for (const byte of bytes) {
    if (!isBegun && byte === 0x80) refuse("an object identifier is padded");
    number = number * 128 + (byte & 0x7f);
    isBegun = byte >= 0x80;
    if (number > Number.MAX_SAFE_INTEGER / 128) refuse("an object identifier is too long");
    if (isBegun) continue;
    numbers.push(number);
    number = 0;
  }
  const [first, ...rest] = numbers;
  if (first === undefined || isBegun) return refuse("an object identifier is none");
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}

/** The bytes of a number, as they stand there. @throws PipeliteError DER_INVALID */
export function integerOf(element: Der | undefined): Buffer {
  const bytes = derContent(element, TAG.integer);
  const [first, second = 0] = bytes;
  const isPadded = bytes.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  return first === undefined || isPadded ? refuse("a number is none") : bytes;
}

/** A small number that is not negative. @throws PipeliteError DER_INVALID */
export function countOf(element: Der | undefined): number {
  const bytes = integerOf(element);
  return bytes.length > 4 || (bytes[0] ?? 0) >= 0x80
    ? refuse("a number is too large")
    : bytes.readUIntBE(0, bytes.length);
}

/** @throws PipeliteError DER_INVALID */
export function readDerBoolean(element: Der | undefined): boolean {
  const bytes = derContent(element, TAG.boolean);
  const [byte] = bytes;
  return bytes.length === 1 && (byte === 0 || byte === 0xff)
    ? byte === 0xff
    : refuse("a truth value is none");
}

/** Bits that are whole bytes, as keys and signatures are. @throws PipeliteError DER_INVALID */
export function bytesOfBits(element: Der | undefined): Buffer {
  const bytes = derContent(element, TAG.bitString);
  return bytes[0] === 0 ? bytes.subarray(1) : refuse("a string of bits has no whole bytes");
}

/** Numbers of the bits that are set, from the first. @throws PipeliteError DER_INVALID */
export function bitsOf(element: Der | undefined): Set<number> {
  const [unused = 8, ...bytes] = derContent(element, TAG.bitString);
  if (unused > 7 || (bytes.length === 0 && unused > 0)) refuse("a string of bits is none");
  const bits = bytes.flatMap((byte, at) =>
    Array.from({ length: 8 }, (_, bit) => ((byte >> (7 - bit)) & 1 ? at * 8 + bit : -1)),
  );
  const last = bytes.length * 8 - unused;
  if (bits.some((bit) => bit >= last)) refuse("a bit is set that is none");
  return new Set(bits.filter((bit) => bit >= 0));
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{0,8}[1-9]))?Z$/;

/** Milliseconds since 1970; a part of one counts for nothing. @throws PipeliteError DER_INVALID */
export function readDerTime({ tag, content }: Der | undefined = NOTHING): number {
  const text = content.toString("latin1");
  const isShort = tag === TAG.utcTime;
  const match = isShort
    ? UTC_TIME.exec(text)
    : tag === TAG.generalizedTime
      ? GENERALIZED_TIME.exec(text)
      : null;
  if (match === null) return refuse("a time is none");
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", part = ""] = match;
  // Two digits are years from 1950 on (RFC 5280, section 4.1.2.5.1).
  const full = isShort ? `${Number(year) < 50 ? "20" : "19"}${year}` : year;
  const written = `${full}-${month}-${day}T${hour}:${minute}:${second}.${part.padEnd(3, "0").slice(0, 3)}Z`;
  const time = Date.parse(written);
  // A calendar that rolled over has another day.
  if (Number.isNaN(time) || new Date(time).toISOString() !== written) refuse("a time is in no calendar");
  return time;
}

function refuse(problem: string): never {
  throw pipeliteError("DER_INVALID", { problem });
}
