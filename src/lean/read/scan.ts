// One pass over the bytes of a line whose form is the usual one: an object with whole numbers, short texts and one object
// inside, without spaces. Whatever is not of that form is left to the reader of JSON, which decides what it is.
//
// A line that is scanned wrongly would be another proof than the one in the file; so the scanner accepts only what the
// reader of JSON accepts, with the same meaning, and test/lean/reader.test.ts holds the two against each other.

import { STYLES } from "./spellings.ts";

// Fields by number; their values are in `values`.
export const FIELD_NAMES = [
  "in",
  "il",
  "ie",
  "str",
  "num",
  "pre",
  "i",
  "succ",
  "max",
  "imax",
  "param",
  "bvar",
  "sort",
  "const",
  "name",
  "us",
  "app",
  "fn",
  "arg",
  "lam",
  "forallE",
  "type",
  "body",
  "binderInfo",
  "letE",
  "value",
  "nondep",
  "proj",
  "typeName",
  "idx",
  "struct",
] as const;

/** The number of a field. */
export const F = Object.fromEntries(FIELD_NAMES.map((name, number) => [name, number])) as Readonly<
  Record<FieldName, number>
>;

export type FieldName = (typeof FIELD_NAMES)[number];

/** A set of fields. */
export const set = (...fields: readonly FieldName[]): number =>
  fields.reduce((bits, field) => bits | (1 << F[field]), 0);

const KEYS = FIELD_NAMES.map((name) => Uint8Array.from(name, (character) => character.charCodeAt(0)));
/** By length, first and last byte, which tell all keys apart: the number of the key + 1. */
const BY_FORM = new Uint8Array(1 << 12);
for (const [number, key] of KEYS.entries())
  BY_FORM[formOf(key.length, key[0] ?? 0, key.at(-1) ?? 0)] = number + 1;

function formOf(length: number, first: number, last: number): number {
  return ((length * 677) ^ (first * 37) ^ (last * 11)) & 0xfff;
}

const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Below this one more digit keeps a number small. */
const NUMBER_MAX = 0x3fff_ffff / 10 - 1;
const NO_FIELD = -1;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const STYLE_TEXTS = STYLES.map(bytesOf);
const TRUE = bytesOf("true");
const FALSE = bytesOf("false");

/** What stands behind a key. */
const NOTHING = 0;
const NUMBER = 1;
const TEXT = 2;
const OTHER = 3;

/** The fields of an object, as sets of bits. */
export interface FoundFields {
  all: number;
  numbers: number;
  texts: number;
}

export class Scanner {
  /** By field: a number, the place where a text begins, or whether a flag is true. */
  readonly values = new Int32Array(FIELD_NAMES.length);
  readonly ends = new Int32Array(FIELD_NAMES.length);
  /** Fields of the line, and of the object in it. */
  readonly outer: FoundFields = { all: 0, numbers: 0, texts: 0 };
  readonly inner: FoundFields = { all: 0, numbers: 0, texts: 0 };
  /** The field that is a flag, as a set. */
  flags = 0;
  /** The numbers of the one list of a line. */
  readonly list: number[] = [];
  #hasList = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** @returns whether the line has the usual form; nothing is said about which fields belong together */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.inner.all = 0;
    this.flags = 0;
    this.list.length = 0;
    this.#hasList = false;
    return this.#object(this.outer) && this.#at === end;
  }

  #object(found: FoundFields): boolean {
    const bytes = this.#bytes;
    found.all = 0;
    found.numbers = 0;
    found.texts = 0;
    do {
      this.#at++;
      const field = this.#key();
      if (field === NO_FIELD) return false;
      const mask = 1 << field;
      if ((found.all & mask) !== 0) return false;
      const kind = this.#value(field, found === this.outer);
      if (kind === NOTHING) return false;
      found.all |= mask;
      if (kind === NUMBER) found.numbers |= mask;
      else if (kind === TEXT) found.texts |= mask;
    } while (bytes[this.#at] === COMMA);
    return bytes[this.#at++] === CLOSE_BRACE;
  }

  /** The field whose key begins here, with its quotes and the colon. */
  #key(): number {
    const bytes = this.#bytes;
    if (bytes[this.#at] !== QUOTE) return NO_FIELD;
    const start = this.#at + 1;
    let end = start;
    while (end < this.#end && bytes[end] !== QUOTE) end++;
    const field = BY_FORM[formOf(end - start, bytes[start]!, bytes[end - 1]!)]! - 1;
    if (field === NO_FIELD) return NO_FIELD;
    const key = KEYS[field]!;
    if (key.length !== end - start) return NO_FIELD;
    for (let i = 0; i < key.length; i++) if (bytes[start + i] !== key[i]) return NO_FIELD;
    if (bytes[end + 1] !== COLON) return NO_FIELD;
    this.#at = end + 2;
    return field;
  }

  #value(field: number, isOuter: boolean): number {
    const byte = this.#bytes[this.#at]!;
    if (byte >= ZERO && byte <= NINE) {
      const value = this.#digits();
      this.values[field] = value;
      return value < 0 ? NOTHING : NUMBER;
    }
    if (byte === OPEN_BRACE)
      return isOuter && this.inner.all === 0 && this.#object(this.inner) ? OTHER : NOTHING;
    if (byte === QUOTE) return this.#text(field) ? TEXT : NOTHING;
    if (byte === OPEN_BRACKET) return this.#list() ? OTHER : NOTHING;
    return this.#flag(field) ? OTHER : NOTHING;
  }

  /** The number that begins here, -1 for what is left to the reader of JSON. */
  #digits(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = bytes[at++]! - ZERO;
    let byte = bytes[at]!;
    while (byte >= ZERO && byte <= NINE) {
      // A number that begins with 0 has no further digit.
      if (value === 0 || value > NUMBER_MAX) return -1;
      value = value * 10 + byte - ZERO;
      byte = bytes[++at]!;
    }
    this.#at = at;
    // What follows is seen by who asked: a point or an exponent is neither a comma nor the end of an object.
    return value;
  }

  #text(field: number): boolean {
    const bytes = this.#bytes;
    const start = ++this.#at;
    let at = start;
    for (; at < this.#end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte < 32 || byte > 126 || byte === BACKSLASH) return false;
    }
    if (at >= this.#end) return false;
    this.#at = at + 1;
    this.values[field] = start;
    this.ends[field] = at;
    return true;
  }

  #list(): boolean {
    const bytes = this.#bytes;
    if (this.#hasList) return false;
    this.#hasList = true;
    if (bytes[this.#at + 1] === CLOSE_BRACKET) {
      this.#at += 2;
      return true;
    }
    do {
      this.#at++;
      const byte = bytes[this.#at]!;
      const value = byte >= ZERO && byte <= NINE ? this.#digits() : -1;
      if (value < 0) return false;
      this.list.push(value);
    } while (bytes[this.#at] === COMMA);
    return bytes[this.#at++] === CLOSE_BRACKET;
  }

  #flag(field: number): boolean {
    const bytes = this.#bytes;
    const length = bytes[this.#at] === 116 ? 4 : 5;
    const word = length === 4 ? TRUE : FALSE;
    for (let i = 0; i < length; i++) if (bytes[this.#at + i] !== word[i]) return false;
    this.#at += length;
    this.values[field] = length === 4 ? 1 : 0;
    this.flags |= 1 << field;
    return true;
  }

  /** The number of the style that the text of a field is, -1 for none. */
  styleOf(field: number): number {
    const bytes = this.#bytes;
    const start = this.values[field]!;
    const length = this.ends[field]! - start;
    return STYLE_TEXTS.findIndex((text) => {
      if (text.length !== length) return false;
      for (let i = 0; i < length; i++) if (bytes[start + i] !== text[i]) return false;
      return true;
    });
  }
}
