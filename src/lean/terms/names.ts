// Hierarchical names of Lean, each once: a name is a number, and two names are the same when their numbers are.
import { Column } from "./column.ts";

/** A number from 0; 0 is the anonymous name. */
export type Name = number;

/** What names are made of, to be shared between threads. */
export interface SharedNames {
  readonly words: Column["shared"];
  readonly bytes: Column["shared"];
  readonly slots: SharedArrayBuffer;
  readonly count: number;
}

// Four words a name: prefix, where the text begins in the bytes, its length (NUMERIC: the part is a number), its hash.
const STRIDE = 4;
const NUMERIC = -1;
const FRESH_MAX = 0x3fff_ffff;
const SLOTS_MIN = 1 << 10;

const encoder = new TextEncoder();
/** A mark of byte order is a part of a name: without it, one name would pass for another. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Names {
  readonly #words: Column;
  /** Texts as UTF-8, behind each other. */
  readonly #bytes: Column;
  #slots: Int32Array;
  #count: number;
  /** Names that no export can spell, from the end of the numbers down. */
  #fresh = FRESH_MAX;

  constructor(shared?: SharedNames) {
    this.#words = new Column(shared?.words);
    this.#bytes = new Column(shared?.bytes);
    this.#slots = shared === undefined ? sharedSlots(SLOTS_MIN) : new Int32Array(shared.slots);
    this.#count = shared?.count ?? 1;
    if (shared === undefined) this.#words.ensure(STRIDE);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#words.byteLength + this.#bytes.byteLength + this.#slots.byteLength;
  }

  share(): SharedNames {
    return {
      words: this.#words.shared,
      bytes: this.#bytes.shared,
      slots: this.#slots.buffer as SharedArrayBuffer,
      count: this.#count,
    };
  }

  child(prefix: Name, part: string | number): Name {
    if (typeof part === "number") return this.childAt(prefix, part);
    const text = encoder.encode(part);
    return this.childOf(prefix, text, 0, text.length);
  }

  /** The name `prefix` followed by the bytes of a text. */
  childOf(prefix: Name, text: Uint8Array, start: number, end: number): Name {
    let hash = Math.imul(prefix + 1, 0x9e3779b1);
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text[i]!, 0x01000193);
    hash ^= hash >>> 15;
    const words = this.#words.words;
    const mask = this.#slots.length - 1;
    let slot = Math.imul(hash, 0x85ebca6b) >>> 7;
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0) break;
      const at = found * STRIDE;
      if (words[at + 3] === hash && words[at] === prefix && this.#isText(at, text, start, end)) return found;
    }
    const at = this.#bytes.used;
    this.#bytes.ensureBytes(at + end - start);
    this.#bytes.octets.set(text.subarray(start, end), at);
    this.#bytes.used = at + end - start;
    return this.#add(slot, prefix, at, end - start, hash);
  }

  /** The name `prefix` followed by a number. */
  childAt(prefix: Name, part: number): Name {
    const high = Math.floor(part / 0x4000_0000);
    const hash = Math.imul(Math.imul(prefix + 1, 0x85ebca6b) ^ part, 0xc2b2ae35) ^ high;
    const words = this.#words.words;
    const mask = this.#slots.length - 1;
    let slot = Math.imul(hash, 0x85ebca6b) >>> 7;
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0) break;
      const at = found * STRIDE;
      if (words[at + 2] === NUMERIC && words[at] === prefix && this.part(found) === part) return found;
    }
    // Eight bytes hold every whole number that JSON can give.
    const at = this.#bytes.used;
    this.#bytes.ensureBytes(at + 8);
    new DataView(this.#bytes.octets.buffer).setFloat64(at, part);
    this.#bytes.used = at + 8;
    return this.#add(slot, prefix, at, NUMERIC, hash);
  }

  #isText(at: number, text: Uint8Array, start: number, end: number): boolean {
    const words = this.#words.words;
    if (words[at + 2] !== end - start) return false;
    const octets = this.#bytes.octets;
    const from = words[at + 1]!;
    for (let i = start; i < end; i++) if (octets[from + i - start] !== text[i]) return false;
    return true;
  }

  #add(slot: number, prefix: Name, start: number, length: number, hash: number): Name {
    const name = this.#count++;
    const at = name * STRIDE;
    this.#words.ensure(at + STRIDE);
    const words = this.#words.words;
    words[at] = prefix;
    words[at + 1] = start;
    words[at + 2] = length;
    words[at + 3] = hash;
    this.#slots[slot] = name;
    if (this.#count * 2 > this.#slots.length) this.#grow();
    return name;
  }

  #grow(): void {
    const slots = sharedSlots(this.#slots.length * 2);
    const mask = slots.length - 1;
    const words = this.#words.words;
    for (let name = 1; name < this.#count; name++) {
      let slot = (Math.imul(words[name * STRIDE + 3]!, 0x85ebca6b) >>> 7) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = name;
    }
    this.#slots = slots;
  }

  prefix(name: Name): Name {
    return name < this.#count ? this.#words.words[name * STRIDE]! : 0;
  }

  part(name: Name): string | number {
    if (name === 0 || name >= this.#count) return "";
    const at = name * STRIDE;
    const start = this.#words.words[at + 1]!;
    const length = this.#words.words[at + 2]!;
    const octets = this.#bytes.octets;
    if (length === NUMERIC) return new DataView(octets.buffer).getFloat64(start);
    // A decoder takes no shared bytes.
    return decoder.decode(octets.slice(start, start + length));
  }

  /** The name that `text` spells with plain dots: for the kernel's own constants, as `Nat.add`. */
  of(text: string): Name {
    return text.split(".").reduce((prefix, part) => this.child(prefix, part), 0);
  }

  /** A name that no export can spell. */
  fresh(): Name {
    return this.#fresh--;
  }

  /** From here on `fresh` gives the same names again. */
  forgetFresh(): void {
    this.#fresh = FRESH_MAX;
  }
}

function sharedSlots(size: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(size * 4));
}

const PLAIN = /^[\p{L}_][\p{L}\p{N}_'!?\u2080-\u209c]*$/u;

/** As Lean writes it: parts joined by dots, parts that are no identifiers in «guillemets». */
export function formatName(names: Names, name: Name): string {
  const parts: string[] = [];
  for (let at = name; at > 0 && at < names.count; at = names.prefix(at)) {
    const part = names.part(at);
    parts.push(
      typeof part === "number" || PLAIN.test(part) ? String(part) : `«${part.replaceAll("»", "\\u{bb}")}»`,
    );
  }
  return parts.length === 0 ? "[anonymous]" : parts.toReversed().join(".");
}

/** The name of a bound variable, without what Lean's elaborator adds to keep names apart: `a._@.Main._hyg.7` is `a`. */
export function formatBinder(names: Names, name: Name): string {
  let kept = name;
  for (let at = name; at > 0 && at < names.count; at = names.prefix(at))
    if (names.part(at) === "_@") kept = names.prefix(at);
  const part = names.part(kept);
  return kept !== 0 && typeof part === "string" && part !== "" ? formatName(names, kept) : "x";
}
