// A path of the store as files of a package: listed in the order of their names, and read once. What packs a file hashes it in the same
// read: for the lists of packages, and for the NAR of the whole, whose hash must be the one that is registered.
import { createHash, type Hash } from "node:crypto";
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { byteStringOf, compareByteStrings, toByteString } from "#base/bytes.ts";
import { finish, inTurns, type Steps } from "#base/steps.ts";
import { NarWriter } from "#nix/nar-writer.ts";
import { NO_DIGESTS, type Digests } from "#package/packaged.ts";
import { pipeliteError } from "./errors.ts";
import type { Reader, ShippedFile, ShippedTree, TreeListener } from "./shipment.ts";
import {
  changedFile,
  changedFileIn,
  digestsInOneGo,
  fromDisk,
  heldReader,
  shownName,
  sortedFiles,
  sourceReader,
  type Algorithm,
} from "./tree.ts";

const SET_ID = 0o6000;
const PIECE = 256 * 1024;

export interface StoreTreeOf {
  /** The logical path. */
  path: string;
  /** Where it is on disk; a byte string. */
  place: string;
  /** As it is registered, in hex. */
  narHash: string;
  /** Those that a format asks for. */
  digests: readonly Algorithm[];
}

/** What a NAR tells, in its order. */
type Step = Entry | { name: Uint8Array } | "end entry" | "end folder";
interface Entry {
  file: ShippedFile;
  isExecutable: boolean;
}

/** @throws PipeliteError PACK_SET_ID, PACK_SPECIAL_FILE, and SHIPPED_PATH_CHANGED of what has nothing to read */
export class StoreTree implements ShippedTree {
  readonly narHash: string;
  /** Sorted by path. */
  readonly files: readonly ShippedFile[];
  readonly #of: StoreTreeOf;
  readonly #steps: Step[] = [];
  readonly #nar = createHash("sha256");
  readonly #writer = new NarWriter((chunk) => this.#nar.update(chunk));
  /** Step at which the NAR is: a file with content, which is read next for it. */
  #at = 0;
  /** Files that were packed before the NAR came to them: packages sort whole paths, a NAR the names in each folder. */
  readonly #early = new Set<ShippedFile>();
  #isRead = false;

  constructor(of: StoreTreeOf) {
    this.#of = of;
    this.narHash = of.narHash;
    const files: ShippedFile[] = [];
    this.#list(byteStringOf(of.path.slice(1)), of.place, files);
    this.files = sortedFiles(files);
    this.#tell();
  }

  readerOf(file: ShippedFile): Reader {
    if (this.#isRead) return heldReader(file);
    const isTurn = this.#turn() === file;
    const reader = this.#digesting(file, isTurn);
    const read = (target: Uint8Array): number => {
      const count = reader.read(target);
      if (reader.left() > 0) return count;
      if (isTurn) this.#told();
      else this.#early.add(file);
      return count;
    };
    return { read, close: () => reader.close() };
  }

  listener(): TreeListener | undefined {
    if (this.#isRead) return undefined;
    const entries = this.#steps.filter((step) => typeof step === "object" && "file" in step);
    return new Listener(entries, this.#of, () => (this.#isRead = true));
  }

  readRest(signal?: AbortSignal): Promise<void> {
    return inTurns(this.#restSteps(), signal);
  }

  *#restSteps(): Steps<void> {
    let buffer: Uint8Array | undefined;
    for (let file = this.#turn(); file !== undefined; file = this.#turn()) {
      buffer ??= Buffer.allocUnsafe(PIECE);
      yield* drainSteps(this.readerOf(file), file.size, buffer);
      yield;
    }
  }

  /** The file that is read next for the NAR; undefined when all was read. */
  #turn(): ShippedFile | undefined {
    if (this.#isRead) return undefined;
    const step = this.#steps[this.#at];
    return typeof step === "object" && "file" in step ? step.file : undefined;
  }

  /** The file whose turn it was has been read. */
  #told(): void {
    this.#writer.endFile();
    this.#at += 1;
    this.#tell();
  }

  /** What comes before the next file that is to be read. */
  #tell(): void {
    for (; this.#at < this.#steps.length; this.#at += 1) {
      const step = this.#steps[this.#at];
      if (step === "end entry") this.#writer.endEntry();
      else if (step === "end folder") this.#writer.endDirectory();
      else if (step !== undefined && "name" in step) this.#writer.entry(step.name);
      else if (step !== undefined && this.#isWaiting(step)) return;
    }
    this.#writer.end();
    this.#isRead = true;
    const got = this.#nar.digest("hex");
    const { path, place, narHash: wanted } = this.#of;
    if (got !== wanted)
      throw pipeliteError("SHIPPED_PATH_CHANGED", { path, file: changedFileIn(place), got, wanted });
  }

  /** Tells a folder, a link, an empty file, or one that was packed before; any other has to be read first. */
  #isWaiting({ file, isExecutable }: Entry): boolean {
    const { kind, size, target } = file;
    if (kind === "folder") this.#writer.startDirectory();
    if (kind === "link") this.#writer.symlink(fromDisk(target));
    if (kind !== "file") return false;
    this.#writer.startFile(isExecutable, size);
    if (size === 0) new Digester(file, this.#of.digests).take(new Uint8Array());
    else if (this.#early.delete(file))
      finish(drainSteps(this.#digesting(file, true), size, Buffer.allocUnsafe(Math.min(size, PIECE))));
    else return true;
    this.#writer.endFile();
    return false;
  }

  /** The content of a file, which has its digests when all of it was read. @param isTold whether the NAR takes it */
  #digesting(file: ShippedFile, isTold: boolean): Reader & { left: () => number } {
    const reader = sourceReader(file);
    const digester = new Digester(file, this.#of.digests);
    const read = (target: Uint8Array): number => {
      const count = reader.read(target);
      const piece = target.subarray(0, count);
      if (isTold) this.#writer.content(piece);
      digester.take(piece);
      return count;
    };
    return { read, close: () => reader.close(), left: () => digester.left };
  }

  #list(path: string, place: string, files: ShippedFile[]): void {
    const stat = lstatSync(fromDisk(place));
    const mode = stat.mode & 0o7777;
    const common = { path, target: "", size: 0, isConfiguration: false, isShared: false, source: undefined };
    const add = (file: ShippedFile): void => {
      files.push(file);
      this.#steps.push({ file, isExecutable: file.kind === "file" && (mode & 0o100) !== 0 });
    };
    if (stat.isDirectory()) {
      add({ ...common, kind: "folder", mode: 0o555, digests: NO_DIGESTS });
      const names = readdirSync(fromDisk(place), { encoding: "latin1" }).toSorted(compareByteStrings);
      for (const name of names) {
        this.#steps.push({ name: fromDisk(name) });
        this.#list(`${path}/${name}`, `${place}/${name}`, files);
        this.#steps.push("end entry");
      }
      this.#steps.push("end folder");
      return;
    }
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(fromDisk(place), { encoding: "latin1" });
      return add({ ...common, kind: "link", mode: 0o777, digests: NO_DIGESTS, target });
    }
    if (!stat.isFile()) throw pipeliteError("PACK_SPECIAL_FILE", { path: `/${path}`, file: shownName(path) });
    if ((mode & SET_ID) !== 0)
      throw pipeliteError("PACK_SET_ID", {
        path: `/${path}`,
        file: shownName(path),
        mode: mode.toString(8),
      });
    add({
      ...common,
      kind: "file",
      mode: (mode & 0o111) === 0 ? 0o444 : 0o555,
      size: stat.size,
      digests: { ...NO_DIGESTS },
      source: { file: place, tree: this },
    });
  }
}

/** Hashes a file as it comes: with its last byte it has its digests. */
class Digester {
  left: number;
  readonly #file: ShippedFile;
  readonly #algorithms: readonly Algorithm[];
  #hashes: (readonly [Algorithm, Hash])[] | undefined;

  constructor(file: ShippedFile, algorithms: readonly Algorithm[]) {
    this.#file = file;
    this.#algorithms = algorithms;
    this.left = file.size;
  }

  /** @throws PipeliteError SHIPPED_FILE_CHANGED where it was read before and was another */
  take(piece: Uint8Array): void {
    this.left -= piece.length;
    // Objects for a small file cost more than its hashes.
    if (this.#hashes === undefined && this.left === 0)
      return this.#note(digestsInOneGo(piece, this.#algorithms));
    this.#hashes ??= this.#algorithms.map((algorithm) => [algorithm, createHash(algorithm)]);
    for (const [, each] of this.#hashes) each.update(piece);
    if (this.left > 0) return;
    const made = this.#hashes.map(([algorithm, each]) => [algorithm, each.digest("hex")] as const);
    this.#note({ ...NO_DIGESTS, ...Object.fromEntries(made) });
  }

  #note(digests: Digests): void {
    const { sha256 } = this.#file.digests;
    if (sha256 !== "" && sha256 !== digests.sha256) throw changedFile(placeOf(this.#file));
    Object.assign(this.#file.digests, digests);
  }
}

/** Hears the tree as a NAR tells it: it must be what was listed. */
class Listener implements TreeListener {
  readonly #entries: readonly Entry[];
  readonly #of: StoreTreeOf;
  readonly #done: () => void;
  readonly #path: string[];
  #at = 0;
  #digester: Digester | undefined;

  constructor(entries: readonly Entry[], of: StoreTreeOf, done: () => void) {
    this.#entries = entries;
    this.#of = of;
    this.#done = done;
    this.#path = [byteStringOf(of.path.slice(1))];
  }

  startFile(executable: boolean, sizeBytes: number): void {
    const file = this.#next(
      (entry) =>
        entry.file.kind === "file" && entry.file.size === sizeBytes && entry.isExecutable === executable,
    );
    this.#digester = new Digester(file, this.#of.digests);
    if (sizeBytes === 0) this.#digester.take(new Uint8Array());
  }

  content(chunk: Uint8Array): void {
    this.#digester?.take(chunk);
  }

  endFile(): void {
    this.#digester = undefined;
  }

  symlink(target: Uint8Array): void {
    const text = toByteString(target);
    this.#next(({ file }) => file.kind === "link" && file.target === text);
  }

  startDirectory(): void {
    this.#next(({ file }) => file.kind === "folder");
  }

  entry(name: Uint8Array): void {
    this.#path.push(toByteString(name));
  }

  endEntry(): void {
    this.#path.pop();
  }

  endDirectory(): void {
    // What is in it was told.
  }

  finish(): void {
    const left = this.#entries[this.#at];
    if (left !== undefined) throw changedFile(left.file.path);
    this.#done();
  }

  #next(isSame: (entry: Entry) => boolean): ShippedFile {
    const entry = this.#entries[this.#at];
    const path = this.#path.join("/");
    if (entry === undefined || entry.file.path !== path || !isSame(entry)) throw changedFile(path);
    this.#at += 1;
    return entry.file;
  }
}

function placeOf({ source, path }: ShippedFile): string {
  return source !== undefined && "file" in source ? source.file : path;
}

/** Reads all of a file. */
function* drainSteps(reader: Reader, size: number, buffer: Uint8Array): Steps<void> {
  try {
    for (let left = size; left > 0;) {
      left -= reader.read(buffer.subarray(0, left));
      if (left > 0) yield;
    }
  } finally {
    reader.close();
  }
}
