// The NAR parser: takes bytes in chunks of any size, gives the calls of NarHandler, holds no more than one name.
import { toByteString } from "#base/bytes.ts";
import type { PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";
import { pipeliteError as narError } from "./nar-errors.ts";
import { checkNarName, checkNarTarget, readSize, roundUp, type NarHandler } from "./nar-format.ts";
import { NAR_DEPTH_MAX, NAR_FRAMES, NAR_NAME_SIZE_MAX, NAR_TARGET_SIZE_MAX } from "./nar-format.ts";

/** Longest keyword a NAR may hold, known or not. */
const TAG_SIZE_MAX = 32;

/** What comes next; each but `content` and `padding` is one string. */
type State =
  | "magic"
  | "open-node"
  | "key-type"
  | "type"
  | "key-contents"
  | "executable"
  | "key-contents-only"
  | "size"
  | "content"
  | "padding"
  | "close-node"
  | "key-target"
  | "target"
  | "entry-or-close"
  | "open-entry"
  | "key-name"
  | "name"
  | "key-node"
  | "close-entry"
  | "done";

/** The one string a state allows, and the state after it. */
const FIXED: Partial<Record<State, readonly [string, State]>> = {
  magic: ["nix-archive-1", "open-node"],
  "open-node": ["(", "key-type"],
  "key-type": ["type", "type"],
  executable: ["", "key-contents-only"],
  "key-contents-only": ["contents", "size"],
  "key-target": ["target", "target"],
  "open-entry": ["(", "key-name"],
  "key-name": ["name", "name"],
  "key-node": ["node", "open-node"],
};

/**
 * Strict: exactly one byte sequence is accepted for a tree, so what parses and is written again is the same bytes.
 * @throws PipeliteError NAR_MAGIC_WRONG, NAR_TAG_WRONG, NAR_STRING_TOO_LONG, NAR_PADDING_WRONG, NAR_NAME_INVALID,
 * NAR_ORDER_WRONG, NAR_TARGET_INVALID, NAR_TOO_DEEP, NAR_SIZE_TOO_LARGE, NAR_TRUNCATED, NAR_TRAILING_DATA
 */
export class NarParser {
  readonly #handler: NarHandler;
  #state: State = "magic";
  /** Start of a string that the last chunk cut off. */
  readonly #carry = Buffer.alloc(8 + roundUp(NAR_TARGET_SIZE_MAX));
  #carried = 0;
  #executable = false;
  #contentLeft = 0;
  #paddingLeft = 0;
  /** Bytes before the chunk at hand. */
  #offset = 0;
  readonly #names: (Uint8Array | undefined)[] = [];

  constructor(handler: NarHandler) {
    this.#handler = handler;
  }

  /** True once the whole NAR was read. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Bytes of the NAR read so far. */
  get sizeBytes(): number {
    return this.#offset;
  }

  /** Takes the next bytes; those after the NAR's end are an error. */
  push(chunk: Uint8Array): void {
    const taken = this.take(chunk);
    if (taken < chunk.length)
      throw pipeliteError("NAR_TRAILING_DATA", { size: chunk.length - taken, offset: this.#offset });
  }

  /** Takes the next bytes up to the NAR's end, for a NAR inside another stream; returns how many it took. */
  take(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && this.#state !== "done") {
      if (this.#state === "content") at = this.#takeContent(chunk, at);
      else if (this.#state === "padding") at = this.#takePadding(chunk, at);
      else at = this.#takeString(chunk, at);
    }
    this.#offset += at;
    return at;
  }

  /** Says that no more bytes come. */
  end(): void {
    if (this.#state !== "done") throw pipeliteError("NAR_TRUNCATED", { offset: this.#offset });
  }

  #takeContent(chunk: Uint8Array, at: number): number {
    const size = Math.min(this.#contentLeft, chunk.length - at);
    this.#handler.content(chunk.subarray(at, at + size));
    this.#contentLeft -= size;
    if (this.#contentLeft === 0) this.#endContent();
    return at + size;
  }

  #endContent(): void {
    if (this.#paddingLeft > 0) {
      this.#state = "padding";
      return;
    }
    this.#handler.endFile();
    this.#state = "close-node";
  }

  #takePadding(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#paddingLeft, chunk.length);
    for (let index = at; index < end; index++) {
      if (chunk[index] !== 0) throw pipeliteError("NAR_PADDING_WRONG", { offset: this.#offset + index });
    }
    this.#paddingLeft -= end - at;
    if (this.#paddingLeft === 0) this.#endContent();
    return end;
  }

  /** Reads one string, from the chunk itself where it holds all of it. */
  #takeString(chunk: Uint8Array, at: number): number {
    if (this.#carried === 0) {
      const jumped = this.#takeKnown(chunk, at);
      if (jumped > at) return jumped;
      const whole = this.#wholeString(chunk, at, chunk.length - at, at);
      if (whole > 0) {
        this.#accept(chunk, at, at);
        return at + whole;
      }
    }
    // Not all there: gather first the size, then as much as the size says.
    const carry = this.#carry;
    const known = this.#carried >= 8 ? this.#wantedSize(carry, 0, at - this.#carried) : 8;
    const size = Math.min(known - this.#carried, chunk.length - at);
    carry.set(chunk.subarray(at, at + size), this.#carried);
    this.#carried += size;
    const start = at + size - this.#carried;
    const whole = this.#wholeString(carry, 0, this.#carried, start);
    if (whole > 0 && whole === this.#carried) {
      this.#carried = 0;
      this.#accept(carry, 0, start);
    }
    return at + size;
  }

  /** Size of the framed string at `at` when `available` bytes hold all of it, else 0. */
  #wholeString(bytes: Uint8Array, at: number, available: number, start: number): number {
    if (available < 8) return 0;
    const size = this.#wantedSize(bytes, at, start);
    return size <= available ? size : 0;
  }

  /** Size, with frame, of the string whose size field is at `at`. The content's size is a field without a string. */
  #wantedSize(bytes: Uint8Array, at: number, start: number): number {
    if (this.#state === "size") return 8;
    const size = readSize(bytes, at);
    const max = this.#sizeMax();
    if (size <= max) return 8 + roundUp(size);
    if (this.#state === "magic") throw pipeliteError("NAR_MAGIC_WRONG", { offset: this.#offset + start });
    throw pipeliteError("NAR_STRING_TOO_LONG", { size, max, offset: this.#offset + start });
  }

  #sizeMax(): number {
    if (this.#state === "name") return NAR_NAME_SIZE_MAX;
    return this.#state === "target" ? NAR_TARGET_SIZE_MAX : TAG_SIZE_MAX;
  }

  /** The hot path: whole heads of nodes and entries, compared as one; anything else goes the way of single strings. */
  #takeKnown(chunk: Uint8Array, at: number): number {
    if (this.#state === "open-node") {
      if (startsWith(chunk, at, NAR_FRAMES.file)) {
        this.#checkDepth(at);
        this.#state = "size";
        this.#executable = false;
        return at + NAR_FRAMES.file.length;
      }
    } else if (this.#state === "entry-or-close" && startsWith(chunk, at, NAR_FRAMES.entry)) {
      this.#state = "name";
      return at + NAR_FRAMES.entry.length;
    } else if (this.#state === "key-node" && startsWith(chunk, at, NAR_FRAMES.node)) {
      this.#state = "open-node";
      return at + NAR_FRAMES.node.length;
    } else if (this.#state === "close-node" && startsWith(chunk, at, NAR_FRAMES.close)) {
      this.#endNode();
      return at + NAR_FRAMES.close.length;
    } else if (this.#state === "close-entry" && startsWith(chunk, at, NAR_FRAMES.close)) {
      this.#handler.endEntry();
      this.#state = "entry-or-close";
      return at + NAR_FRAMES.close.length;
    }
    return at;
  }

  /** Acts on the framed string at `at`, which is whole; `start` is where it began in the chunk, for messages. */
  #accept(bytes: Uint8Array, at: number, start: number): void {
    const size = readSize(bytes, at);
    if (this.#state === "size") {
      this.#startContent(size, start);
      return;
    }
    const text = bytes.subarray(at + 8, at + 8 + size);
    for (let index = at + 8 + size; index < at + 8 + roundUp(size); index++) {
      if (bytes[index] !== 0)
        throw pipeliteError("NAR_PADDING_WRONG", { offset: this.#offset + start + index - at });
    }
    if (this.#state === "name") this.#startEntry(Buffer.from(text));
    else if (this.#state === "target") this.#endSymlink(Buffer.from(text));
    else this.#acceptTag(toByteString(text), start);
  }

  #acceptTag(tag: string, start: number): void {
    const fixed = FIXED[this.#state];
    if (fixed !== undefined) {
      if (tag !== fixed[0]) throw this.#wrongTag(tag, fixed[0], start);
      if (this.#state === "open-node") this.#checkDepth(start);
      this.#state = fixed[1];
      return;
    }
    switch (this.#state) {
      case "type":
        return this.#startType(tag, start);
      case "key-contents":
        if (tag === "contents") this.#state = "size";
        else if (tag === "executable") {
          this.#executable = true;
          this.#state = "executable";
        } else throw this.#wrongTag(tag, "contents", start);
        return;
      case "entry-or-close":
        if (tag === "entry") this.#state = "open-entry";
        else if (tag === ")") this.#endDirectory();
        else throw this.#wrongTag(tag, "entry", start);
        return;
      case "close-node":
        if (tag !== ")") throw this.#wrongTag(tag, ")", start);
        this.#endNode();
        return;
      case "close-entry":
        if (tag !== ")") throw this.#wrongTag(tag, ")", start);
        this.#handler.endEntry();
        this.#state = "entry-or-close";
        return;
      default:
        throw new Error(`state ${this.#state} takes no tag`);
    }
  }

  #startType(tag: string, start: number): void {
    if (tag === "regular") {
      this.#executable = false;
      this.#state = "key-contents";
    } else if (tag === "symlink") this.#state = "key-target";
    else if (tag === "directory") {
      this.#handler.startDirectory();
      this.#names.push(undefined);
      this.#state = "entry-or-close";
    } else throw this.#wrongTag(tag, "regular, symlink or directory", start);
  }

  #startContent(size: number, start: number): void {
    if (!Number.isSafeInteger(size))
      throw pipeliteError("NAR_SIZE_TOO_LARGE", { size, offset: this.#offset + start });
    this.#handler.startFile(this.#executable, size);
    this.#contentLeft = size;
    this.#paddingLeft = roundUp(size) - size;
    this.#state = "content";
    if (size === 0) this.#endContent();
  }

  #startEntry(name: Uint8Array): void {
    checkNarName(name, this.#names.at(-1));
    this.#names[this.#names.length - 1] = name;
    this.#handler.entry(name);
    this.#state = "key-node";
  }

  #endSymlink(target: Uint8Array): void {
    checkNarTarget(target);
    this.#handler.symlink(target);
    this.#state = "close-node";
  }

  #endDirectory(): void {
    this.#names.pop();
    this.#handler.endDirectory();
    this.#endNode();
  }

  #endNode(): void {
    this.#state = this.#names.length === 0 ? "done" : "close-entry";
  }

  #checkDepth(start: number): void {
    if (this.#names.length >= NAR_DEPTH_MAX)
      throw narError("NAR_TOO_DEEP", { max: NAR_DEPTH_MAX, offset: this.#offset + start });
  }

  #wrongTag(tag: string, wanted: string, start: number): PipeliteError {
    if (this.#state === "magic") return pipeliteError("NAR_MAGIC_WRONG", { offset: this.#offset + start });
    return pipeliteError("NAR_TAG_WRONG", { tag: JSON.stringify(tag), wanted, offset: this.#offset + start });
  }
}

function startsWith(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  if (bytes.length - at < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}
