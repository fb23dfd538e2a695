// The stream of `nix-store --export`: for each path the number 1, its NAR, a magic number, then its path, references
// and deriver; the number 0 ends it. References come before what refers to them. Specification: Nix manual, "Nix
// Export Format"; `libstore/export-import.cc`. Behind that end, where Nix reads no further, our own streams carry the
// realisations of the paths: the bytes `pipelite` and a JSON list of them.
import { parseStrictJson } from "#base/strict-json.ts";
import { assert } from "#base/assert.ts";
import { fromByteString, toByteString } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { NarParser } from "./nar-parser.ts";
import { readSize, roundUp, type NarHandler } from "./nar-format.ts";
import { parseStorePath, sortPaths, STORE_DIR, STORE_NAME_LENGTH_MAX, type StorePath } from "./store-path.ts";
import { pipeliteError } from "./errors.ts";
import { realisationJson, realisationOf, type Realisation } from "./realisation.ts";

const MAGIC = 0x4558494e;
/** Longest string after a NAR: a path, or the signature that very old Nix wrote. */
const STRING_SIZE_MAX = 4096;
const PATH_SIZE_MAX = STORE_DIR.length + 1 + 32 + 1 + STORE_NAME_LENGTH_MAX;
/** More references than any path has. */
const REFERENCES_MAX = 1_000_000;

export interface ExportedPath {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
  readonly deriver?: StorePath;
}

/** Writes an export stream: for each path `startPath`, `nar` any number of times, `endPath`; then `end`. */
export class ExportWriter {
  readonly #sink: (chunk: Uint8Array) => void;
  #isInPath = false;

  constructor(sink: (chunk: Uint8Array) => void) {
    this.#sink = sink;
  }

  startPath(): void {
    assert(!this.#isInPath);
    this.#isInPath = true;
    this.#sink(number(1));
  }

  /** Passes on bytes of the path's NAR. */
  nar(chunk: Uint8Array): void {
    assert(this.#isInPath);
    this.#sink(chunk);
  }

  endPath({ path, references, deriver }: ExportedPath): void {
    assert(this.#isInPath);
    this.#isInPath = false;
    const sorted = sortPaths(references);
    const strings = [number(sorted.length), ...sorted.map(string), string(deriver ?? "")];
    this.#sink(Buffer.concat([number(MAGIC), string(path), ...strings, number(0)]));
  }

  end(realisations: readonly Realisation[] = []): void {
    assert(!this.#isInPath);
    const list = Buffer.from(canonicalJson(realisations.map(realisationJson)));
    this.#sink(realisations.length === 0 ? number(0) : Buffer.concat([number(0), TRAILER, list]));
  }
}

/** What a parser of an export stream calls, in this order for each path. */
export interface ExportHandler {
  /** A path begins; gives the handler of its tree. */
  startPath(): NarHandler;
  /** Bytes of its NAR, for hashing; valid only during the call. */
  nar?(chunk: Uint8Array): void;
  endPath(path: ExportedPath): void;
  /** What the stream says of derivations, at its end. */
  realisations?(realisations: readonly Realisation[]): void;
}

type Step =
  | "next"
  | "nar"
  | "magic"
  | "path"
  | "count"
  | "reference"
  | "deriver"
  | "has-signature"
  | "signature";

const TRAILER = Buffer.from("pipelite");
const TRAILER_SIZE_MAX = 256 * 1024 * 1024;

/** @throws PipeliteError EXPORT_INVALID, and those of the NAR, of store paths and of realisations */
export class ExportParser {
  readonly #handler: ExportHandler;
  #step: Step | "done" = "next";
  #nar: NarParser | undefined;
  readonly #carry = Buffer.alloc(8 + roundUp(STRING_SIZE_MAX));
  #carried = 0;
  #offset = 0;
  #path: StorePath | undefined;
  #references: StorePath[] = [];
  #referencesLeft = 0;
  #deriver: StorePath | undefined;
  readonly #trailer: Uint8Array[] = [];
  #trailerSize = 0;

  constructor(handler: ExportHandler) {
    this.#handler = handler;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#step === "done") return this.#takeTrailer(chunk.subarray(at));
      const taken =
        this.#nar === undefined ? this.#takeField(chunk, at) : this.#takeNar(this.#nar, chunk, at);
      this.#offset += taken;
      at += taken;
    }
  }

  /** Says that no more bytes come. */
  end(): void {
    this.#nar?.end();
    if (this.#step !== "done") this.#refuse("it ends too early");
    if (this.#trailerSize > 0) this.#readTrailer(Buffer.concat(this.#trailer));
  }

  #takeTrailer(bytes: Uint8Array): void {
    this.#trailer.push(bytes.slice());
    this.#trailerSize += bytes.length;
    this.#offset += bytes.length;
    if (this.#trailerSize > TRAILER_SIZE_MAX) this.#refuse("too much follows its end");
  }

  #readTrailer(bytes: Buffer): void {
    if (!bytes.subarray(0, TRAILER.length).equals(TRAILER)) this.#refuse("bytes follow its end");
    let list: unknown;
    try {
      list = parseStrictJson(bytes.subarray(TRAILER.length));
    } catch {
      this.#refuse("what follows its end is not JSON");
    }
    if (!Array.isArray(list)) this.#refuse("what follows its end is not a list");
    const realisations = list.map(realisationOf);
    this.#handler.realisations?.(realisations);
  }

  #takeNar(nar: NarParser, chunk: Uint8Array, at: number): number {
    const taken = nar.take(chunk.subarray(at));
    this.#handler.nar?.(chunk.subarray(at, at + taken));
    if (nar.done) {
      this.#nar = undefined;
      this.#step = "magic";
    }
    return taken;
  }

  #takeField(chunk: Uint8Array, at: number): number {
    const carry = this.#carry;
    const wanted = this.#carried < 8 ? 8 : this.#fieldSize();
    const size = Math.min(wanted - this.#carried, chunk.length - at);
    carry.set(chunk.subarray(at, at + size), this.#carried);
    this.#carried += size;
    if (this.#carried < 8 || this.#carried < this.#fieldSize()) return size;
    const value = readSize(carry, 0);
    const text = toByteString(carry.subarray(8, this.#carried === 8 ? 8 : 8 + value));
    if (carry.subarray(8 + text.length, this.#carried).some((byte) => byte !== 0)) {
      this.#refuse("padding is not zero");
    }
    this.#carried = 0;
    this.#accept(value, text);
    return size;
  }

  /** Size of the field whose first 8 bytes were gathered. */
  #fieldSize(): number {
    const max = this.#step === "signature" ? STRING_SIZE_MAX : PATH_SIZE_MAX;
    switch (this.#step) {
      case "path":
      case "reference":
      case "deriver":
      case "signature": {
        const size = readSize(this.#carry, 0);
        if (size > max) this.#refuse(`a string of ${size} bytes`);
        return 8 + roundUp(size);
      }
      default:
        return 8;
    }
  }

  #accept(value: number, text: string): void {
    switch (this.#step) {
      case "next":
        if (value > 1) this.#refuse(`${value} stands where 0 or 1 must be`);
        if (value === 1) this.#nar = new NarParser(this.#handler.startPath());
        this.#step = value === 1 ? "nar" : "done";
        return;
      case "magic":
        if (value !== MAGIC) this.#refuse("no magic number follows the NAR");
        this.#step = "path";
        return;
      case "path":
        this.#path = parseStorePath(text);
        this.#step = "count";
        return;
      case "count":
        if (value > REFERENCES_MAX) this.#refuse(`${value} references`);
        this.#references = [];
        this.#referencesLeft = value;
        this.#step = value === 0 ? "deriver" : "reference";
        return;
      case "reference":
        this.#references.push(parseStorePath(text));
        if (--this.#referencesLeft === 0) this.#step = "deriver";
        return;
      case "deriver":
        this.#deriver = text === "" ? undefined : parseStorePath(text);
        this.#step = "has-signature";
        return;
      case "has-signature":
        if (value > 1) this.#refuse(`${value} stands where 0 or 1 must be`);
        if (value === 1) this.#step = "signature";
        else this.#endPath();
        return;
      case "signature":
        this.#endPath();
        return;
      default:
        throw new Error(`a field was read in the step ${this.#step}`);
    }
  }

  #endPath(): void {
    assert(this.#path !== undefined);
    const deriver = this.#deriver;
    this.#step = "next";
    this.#handler.endPath({
      path: this.#path,
      references: sortPaths(this.#references),
      ...(deriver !== undefined && { deriver }),
    });
  }

  #refuse(reason: string): never {
    throw pipeliteError("EXPORT_INVALID", { offset: this.#offset, reason });
  }
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value);
  return bytes;
}

function string(text: string): Uint8Array {
  return Buffer.concat([
    number(text.length),
    fromByteString(text),
    Buffer.alloc(roundUp(text.length) - text.length),
  ]);
}
