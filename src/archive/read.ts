// Reads an archive: only one that is, byte for byte, what the writer makes of such members is taken. Nothing is written here.
import { createHash } from "node:crypto";
import { hexDigestOf } from "#base/digest.ts";
import { compareByteStrings, textOf, toByteString } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { messageOf } from "#base/strict-json.ts";
import { TAR_END, tarPadding } from "#package/tar-writer.ts";
import { readTar, type ByteSource } from "#package/tar-reader.ts";
import { pipeliteError } from "./errors.ts";
import { FORM, MEMBER_NAMES, formOf, isMemberName, parseManifest, type Manifest } from "./manifest.ts";
import { headerOf } from "./write.ts";

interface Place {
  offset: number;
  size: number;
}

/** What is read whole is no larger; a NAR is never read whole. */
const WHOLE_MAX = 2 ** 28;
const MEMBERS_MAX = 1_000_000;
const PIECE = 2 ** 18;

export class ArchiveReader {
  readonly manifest: Manifest;
  readonly #source: ByteSource;
  readonly #file: string;
  readonly #members: ReadonlyMap<string, Place>;
  /** What is signed is what members are compared with: the file may be another one by the time it is read again. */
  readonly #sumsFile: Uint8Array;
  readonly #sums: ReadonlyMap<string, string>;

  /**
   * Looks at every header and at SHA256SUMS, at no content of another member but that of archive.json.
   * @param file what errors call it
   * @throws PipeliteError RUN_ARCHIVE_INVALID, RUN_ARCHIVE_PACKED, RUN_ARCHIVE_FORM
   */
  constructor(source: ByteSource, file: string) {
    this.#source = source;
    this.#file = file;
    this.#refusePacked();
    this.#members = this.#index();
    this.#sumsFile = this.#whole(MEMBER_NAMES.sums);
    this.#sums = this.#readSums();
    this.manifest = this.#readManifest();
  }

  /** Names of the members below a folder; sorted. */
  below(folder: string): string[] {
    return [...this.#members.keys()].filter((name) => name.startsWith(`${folder}/`));
  }

  sizeOf(name: string): number {
    return this.#place(name).size;
  }

  /** In hex, as SHA256SUMS has it. */
  sumOf(name: string): string {
    return this.#sums.get(name) ?? this.fail(`SHA256SUMS does not name ${textOf(name)}`);
  }

  /** SHA256SUMS and what is signed over it: neither is named in it. */
  get signed(): { sums: Uint8Array; signature: Uint8Array } {
    return { sums: this.#sumsFile, signature: this.#whole(MEMBER_NAMES.signature) };
  }

  /** The bytes of a member, when they have the hash that SHA256SUMS says. */
  bytes(name: string): Uint8Array {
    const bytes = this.#whole(name);
    this.#compare(name, hexDigestOf(bytes));
    return bytes;
  }

  /** The same in pieces; whoever has read all of them knows that the hash is right. */
  *pieces(name: string): Generator<Uint8Array> {
    const { offset, size } = this.#place(name);
    const hash = createHash("sha256");
    for (let at = 0; at < size; at += PIECE) {
      const piece = this.#read(offset + at, offset + Math.min(at + PIECE, size));
      hash.update(piece);
      yield piece;
    }
    this.#compare(name, hash.digest("hex"));
  }

  fail(problem: string, cause?: unknown): never {
    throw pipeliteError("RUN_ARCHIVE_INVALID", { file: this.#file, problem }, cause);
  }

  #compare(name: string, found: string): void {
    if (found !== this.sumOf(name))
      this.fail(`${textOf(name)} has the SHA-256 ${found}, and SHA256SUMS has ${this.sumOf(name)}`);
  }

  #place(name: string): Place {
    return this.#members.get(name) ?? this.fail(`${textOf(name)} is missing`);
  }

  #whole(name: string): Uint8Array {
    const { offset, size } = this.#place(name);
    if (size > WHOLE_MAX) this.fail(`${textOf(name)} has ${size} bytes, more than such a file can have`);
    return this.#read(offset, offset + size);
  }

  #read(start: number, end: number): Uint8Array {
    try {
      return this.#source.subarray(start, end);
    } catch (error) {
      return this.fail(`it can't be read: ${messageOf(error)}`, error);
    }
  }

  #refusePacked(): void {
    const start = toByteString(this.#read(0, Math.min(6, this.#source.length)));
    const program = PACKED.find(([magic]) => start.startsWith(magic))?.[1];
    if (program !== undefined) throw pipeliteError("RUN_ARCHIVE_PACKED", { file: this.#file, program });
  }

  #index(): Map<string, Place> {
    const members = new Map<string, Place>();
    let end = 0;
    let last = "";
    try {
      for (const { kind, path, offset, size } of readTar(this.#source)) {
        const shown = textOf(path);
        if (kind !== "file") this.fail(`${shown === "" ? "." : shown} is a ${kind}, and it has files only`);
        if (members.has(path)) this.fail(`${shown} is in it twice`);
        if (!isMemberName(path)) this.fail(`${shown} is no file that an archive has`);
        if (members.size > 0 && compareByteStrings(last, path) > 0)
          this.fail(`${shown} stands after ${textOf(last)}`);
        // `a` and `a/b`: one of them would have to be a folder.
        if (parentsOf(path).some((parent) => members.has(parent)))
          this.fail(`${shown} lies in what is a file`);
        if (members.size >= MEMBERS_MAX) this.fail(`it has more than ${MEMBERS_MAX} files`);
        const header = headerOf(path, size);
        if (offset - end !== header.length || !isEqual(this.#read(end, offset), header))
          this.fail(`the header of ${shown} is not as it is written`);
        const contentEnd = offset + size;
        end = contentEnd + tarPadding(size).length;
        if (this.#read(contentEnd, end).some((byte) => byte !== 0))
          this.fail(`there is something behind ${shown}`);
        members.set(path, { offset, size });
        last = path;
      }
    } catch (error) {
      if (!isPipeliteError(error, "ARCHIVE_INVALID")) throw error;
      const { problem } = error.details;
      this.fail(typeof problem === "string" ? problem : error.message, error);
    }
    const isEnded = this.#source.length === end + TAR_END.length;
    if (!isEnded || !isEqual(this.#read(end, this.#source.length), TAR_END))
      this.fail("there is something behind its end");
    return members;
  }

  /** Lines of a digest, two spaces and a name, sorted: one for each member but this one and its signature. */
  #readSums(): Map<string, string> {
    const text = toByteString(this.#sumsFile);
    const lines = text.split("\n");
    if (lines.pop() !== "") this.fail("SHA256SUMS does not end with a line feed");
    const sums = new Map<string, string>();
    const names = [...this.#members.keys()].filter(
      (name) => name !== MEMBER_NAMES.sums && name !== MEMBER_NAMES.signature,
    );
    for (const [index, line] of lines.entries()) {
      const [, digest, name] = /^([0-9a-f]{64}) {2}(.+)$/s.exec(line) ?? [];
      if (digest === undefined || name === undefined)
        this.fail(`line ${index + 1} of SHA256SUMS is no digest and name`);
      if (!this.#members.has(name)) this.fail(`SHA256SUMS names ${textOf(name)}, which is missing`);
      if (name !== names[index]) {
        const other = textOf(names[index] ?? name);
        this.fail(
          sums.has(name)
            ? `SHA256SUMS names ${textOf(name)} twice`
            : `SHA256SUMS does not name ${other} in its place`,
        );
      }
      sums.set(name, digest);
    }
    const [more] = names.slice(lines.length);
    if (more !== undefined) this.fail(`SHA256SUMS does not name ${textOf(more)}`);
    return sums;
  }

  #readManifest(): Manifest {
    const bytes = this.bytes(MEMBER_NAMES.manifest);
    try {
      const form = formOf(bytes);
      if (typeof form === "number" && form > FORM)
        throw pipeliteError("RUN_ARCHIVE_FORM", { file: this.#file, form });
      return parseManifest(bytes);
    } catch (error) {
      if (isPipeliteError(error)) throw error;
      return this.fail(`${MEMBER_NAMES.manifest}: ${messageOf(error)}`, error);
    }
  }
}

const PACKED: readonly (readonly [magic: string, program: string])[] = [
  ["\x1f\x8b", "gzip"],
  ["\xfd7zXZ\0", "xz"],
  ["\x28\xb5\x2f\xfd", "zstd"],
  ["BZh", "bzip2"],
];

function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
