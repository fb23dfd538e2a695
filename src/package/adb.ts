// The database in which apk-tools 3 keeps packages and indices: blocks of values that point at each other. Read strictly: what its
// own writer never makes is refused. Specification: apk-tools 3.0, doc/apk-v3.5.scd, src/adb.h, src/adb_comp.c.
import { hash, verify, type KeyObject } from "node:crypto";
import { inflateRawSync, zstdDecompressSync } from "node:zlib";
import { toByteString } from "#base/bytes.ts";
import { PACKAGE_UNPACKED_MAX, problemOf } from "./decompress.ts";
import { pipeliteError } from "./archive-errors.ts";

const ALIGNMENT = 8;
const BLOCK = { database: 0, signature: 1, data: 2, long: 3 } as const;
/** Of a block whose head has no room for its size, and where that stands. */
const SHORT_MAX = 0x3fffffff;
const [SHORT_HEAD, LONG_HEAD] = [4, 16];
const TYPE = {
  special: 0,
  int: 1,
  int32: 2,
  int64: 3,
  blob8: 8,
  blob16: 9,
  blob32: 10,
  array: 13,
  object: 14,
} as const;
const SIGNATURE_HEAD = 18;
const DIGESTS: Readonly<Record<number, "sha256" | "sha512">> = { 3: "sha256", 4: "sha512" };

export interface AdbSignature {
  /** Its own bytes before the signature, which are signed, too. */
  head: Uint8Array;
  /** Of the key, in hex: what the SHA-512 of its public half begins with. */
  keyId: string;
  digest: "sha256" | "sha512";
  bytes: Uint8Array;
}

export interface Adb {
  /** Four characters: `pckg`, `indx`. */
  schema: string;
  root: AdbValue;
  /** The block that signatures cover. */
  database: Uint8Array;
  signatures: AdbSignature[];
  /** Contents of files, in their order. */
  data: Uint8Array[];
}

/** @throws PipeliteError ARCHIVE_INVALID */
export function readAdb(packed: Uint8Array): Adb {
  const bytes = unpack(packed);
  if (toByteString(bytes.subarray(0, 4)) !== "ADB." || bytes.length < ALIGNMENT)
    throw wrong("it does not start as one");
  const schema = toByteString(bytes.subarray(4, 8));
  let database: Uint8Array | undefined;
  const signatures: AdbSignature[] = [];
  const data: Uint8Array[] = [];
  for (const { type, content, at } of blocksOf(bytes)) {
    if ((type === BLOCK.database) !== (database === undefined))
      throw wrong(`the block at byte ${at} is out of order`);
    if (type === BLOCK.database) database = content;
    else if (type === BLOCK.data) data.push(content);
    else if (data.length === 0) signatures.push(signatureIn(content));
    else throw wrong(`the block at byte ${at} is out of order`);
  }
  if (database === undefined || database.length < ALIGNMENT) throw wrong("it has no database");
  const view = Buffer.from(database.buffer, database.byteOffset, database.length);
  if (view.readUInt32LE(0) !== 0) throw wrong("its database is of another version");
  return { schema, root: new AdbValue(view, view.readUInt32LE(4)), database, signatures, data };
}

/** Whether it is one, by its first bytes. */
export function isAdb(bytes: Uint8Array): boolean {
  return toByteString(bytes.subarray(0, 3)) === "ADB";
}

function unpack(bytes: Uint8Array): Uint8Array {
  const magic = toByteString(bytes.subarray(0, 4));
  if (magic !== "ADBd" && magic !== "ADBc") return bytes;
  const codec = magic === "ADBd" ? 1 : bytes[4];
  const content = bytes.subarray(magic === "ADBd" ? 4 : 6);
  const maxOutputLength = PACKAGE_UNPACKED_MAX;
  try {
    if (codec === 2) return zstdDecompressSync(content, { maxOutputLength });
    if (codec !== 1) throw new Error(`its codec ${codec} is not known`);
    const inflate = inflateRawSync as unknown as (
      bytes: Uint8Array,
      options: object,
    ) => { buffer: Uint8Array; engine: { bytesWritten: number } };
    const { buffer, engine } = inflate(content, { info: true, maxOutputLength });
    if (engine.bytesWritten !== content.length) throw new Error("something follows its end");
    return buffer;
  } catch (error) {
    const problem = problemOf(error, maxOutputLength);
    throw pipeliteError("ARCHIVE_INVALID", { format: "adb", problem }, error);
  }
}

interface Block {
  type: number;
  content: Uint8Array;
  at: number;
}

function* blocksOf(bytes: Uint8Array): Generator<Block> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = ALIGNMENT; at < bytes.length;) {
    const cut = () => wrong(`the block at byte ${at} is cut off`);
    if (at + SHORT_HEAD > bytes.length) throw cut();
    const word = view.readUInt32LE(at);
    const isLong = word >>> 30 === BLOCK.long;
    const head = isLong ? LONG_HEAD : SHORT_HEAD;
    if (at + head > bytes.length) throw cut();
    const type = isLong ? word & SHORT_MAX : word >>> 30;
    const size = isLong ? Number(view.readBigUInt64LE(at + 8)) : word & SHORT_MAX;
    const isUsual = isLong
      ? size - head > SHORT_MAX - SHORT_HEAD && view.readUInt32LE(at + 4) === 0
      : size >= head;
    if (!isUsual || type > BLOCK.data) throw wrong(`the block at byte ${at} is of no known kind`);
    const end = at + Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    if (end > bytes.length) throw cut();
    if (bytes.subarray(at + size, end).some((byte) => byte !== 0))
      throw wrong(`something follows the block at byte ${at}`);
    yield { type, content: bytes.subarray(at + head, at + size), at };
    at = end;
  }
}

function signatureIn(block: Uint8Array): AdbSignature {
  const head = block.subarray(0, SIGNATURE_HEAD);
  const digest = DIGESTS[head[1] ?? 0];
  if (block.length <= SIGNATURE_HEAD || head[0] !== 0 || digest === undefined)
    throw wrong("a signature of it is of no known kind");
  const keyId = Buffer.from(head.subarray(2)).toString("hex");
  return { head, keyId, digest, bytes: block.subarray(SIGNATURE_HEAD) };
}

/** What a key is called in signatures. @param key a public key of RSA */
export function adbKeyId(key: KeyObject): string {
  return hash("sha512", key.export({ type: "pkcs1", format: "der" })).slice(0, 32);
}

/** Whether the key made one of the signatures. @param key a public key of RSA */
export function isAdbSigned({ schema, database, signatures }: Adb, key: KeyObject): boolean {
  const keyId = adbKeyId(key);
  return signatures.some((each) => {
    if (each.keyId !== keyId) return false;
    const digest = hash(each.digest, database, "buffer");
    const signed = Buffer.concat([Buffer.from(schema, "latin1"), each.head, digest]);
    return verify("sha512", signed, key, each.bytes);
  });
}

/** A value of the database. What is asked for as another kind than it is is refused; what is not there is `null`. */
export class AdbValue {
  readonly #database: Buffer;
  readonly #word: number;

  constructor(database: Buffer, word: number) {
    this.#database = database;
    this.#word = word;
  }

  get isNull(): boolean {
    return this.#word === 0;
  }

  /** 0 for what is not there, as apk reads it. */
  get number(): number {
    if (this.isNull) return 0;
    const { type, immediate } = this.#parts;
    if (type === TYPE.int) return immediate;
    if (type === TYPE.int32) return this.#slice(immediate, 4).readUInt32LE(0);
    if (type !== TYPE.int64) throw wrong("a number of it is none");
    const number = Number(this.#slice(immediate, 8).readBigUInt64LE(0));
    if (!Number.isSafeInteger(number)) throw wrong("a number of it is too large");
    return number;
  }

  /** Undefined for what is not there. */
  get blob(): Buffer | undefined {
    if (this.isNull) return undefined;
    const { type, immediate } = this.#parts;
    const width = { [TYPE.blob8]: 1, [TYPE.blob16]: 2, [TYPE.blob32]: 4 }[type];
    if (width === undefined) throw wrong("a text of it is none");
    return this.#slice(immediate + width, this.#slice(immediate, width).readUIntLE(0, width));
  }

  /** Byte string; empty for what is not there. */
  get text(): string {
    return toByteString(this.blob ?? Buffer.alloc(0));
  }

  /** Members of an array; none for what is not there. */
  get members(): AdbValue[] {
    return this.#members;
  }

  /** A field of an object, counted from 1. */
  field(index: number): AdbValue {
    return this.#members[index - 1] ?? new AdbValue(this.#database, 0);
  }

  /** Arrays and objects are written alike, and apk calls one as the other. */
  get #members(): AdbValue[] {
    if (this.isNull) return [];
    const { type, immediate } = this.#parts;
    const isObject = type === TYPE.array || type === TYPE.object;
    if (!isObject || immediate % 4 !== 0) throw wrong("an object of it is none");
    const count = this.#slice(immediate, 4).readUInt32LE(0);
    if (count === 0) throw wrong("an object of it has no count");
    const words = this.#slice(immediate + 4, (count - 1) * 4);
    return Array.from(
      { length: count - 1 },
      (_, at) => new AdbValue(this.#database, words.readUInt32LE(at * 4)),
    );
  }

  get #parts(): { type: number; immediate: number } {
    return { type: this.#word >>> 28, immediate: this.#word & 0x0fffffff };
  }

  #slice(at: number, size: number): Buffer {
    if (at + size > this.#database.length) throw wrong("a value of it is cut off");
    return this.#database.subarray(at, at + size);
  }
}

function wrong(problem: string): Error {
  return pipeliteError("ARCHIVE_INVALID", { format: "adb", problem });
}
