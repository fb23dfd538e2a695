// The transparency log of a home: the lines of its journal as the entries of a Merkle tree, in the files of tlog-tiles, with
// signed checkpoints. A checkpoint that somebody else has, or has signed as a witness, holds this home to all that stood in
// its journal then. Specification: https://c2sp.org/tlog-tiles
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bytesOfFile, isDirectory, makeFolder, temporaryFor, writeFileAtomically } from "#base/files.ts";
import { naming } from "#base/naming.ts";
import { flock } from "#base/libc.ts";
import { asBuffer, utf8 } from "#base/bytes.ts";
import { digestOf } from "#base/digest.ts";
import { parseCheckpoint, writeCheckpoint, type Checkpoint } from "#tlog/checkpoint.ts";
import { hashesOfLeaves, leafHash, rootHash, type SubtreeHashes } from "#tlog/merkle.ts";
import {
  parseNote,
  parseVerifier,
  signNote,
  noteSignerOf,
  verifyNote,
  withSignatures,
  writeNote,
  writeVerifier,
  type Note,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
} from "#tlog/note.ts";
import {
  ENTRY_MAX,
  TILE_WIDTH,
  bundlePath,
  hashesOfTiles,
  tileIn,
  tilePath,
  tileRoot,
  tilesBetween,
  writeEntryBundle,
  type Tile,
} from "#tlog/tiles.ts";
import { pipeliteError } from "./errors.ts";
import type { Home } from "./home.ts";

export interface SignedCheckpoint extends Checkpoint {
  note: Note;
}

const LOCK_TIMEOUT_MS = 60_000;
const PRIVATE_MODE = 0o600;
const HASH_SIZE = 32;

export class TransparencyLog {
  readonly folder: string;
  readonly #journalFile: string;
  readonly #checkpointFile: string;

  constructor({ layout }: Home) {
    this.folder = layout.log;
    this.#journalFile = layout.journal;
    this.#checkpointFile = layout.checkpoint;
  }

  /** The key that verifies checkpoints; undefined where the log has none yet. @throws PipeliteError LOG_DAMAGED */
  get verifier(): NoteVerifier | undefined {
    const text = bytesOfFile(join(this.folder, "log.pub"))?.toString("utf8");
    if (text === undefined) return undefined;
    return this.#reading("log.pub", () => parseVerifier(text, "log"));
  }

  /** The last checkpoint, by its signature. @throws PipeliteError LOG_DAMAGED */
  get last(): SignedCheckpoint | undefined {
    const text = bytesOfFile(this.#checkpointFile)?.toString("utf8");
    return text === undefined ? undefined : this.#reading("checkpoint", () => this.#verified(text));
  }

  /** The sizes that the log had when a checkpoint was signed; smallest first. */
  get checkpointSizes(): number[] {
    const names = namesIn(join(this.folder, "checkpoints")).filter((name) => /^\d{1,15}$/.test(name));
    return names.map(Number).toSorted((a, b) => a - b);
  }

  /** Every checkpoint that was ever signed, as files; smallest first. */
  get checkpointFiles(): string[] {
    return this.checkpointSizes.map((size) => join(this.folder, "checkpoints", String(size)));
  }

  /** The entries, first to last: the journal's lines. */
  entries(): Uint8Array[] {
    const bytes = bytesOfFile(this.#journalFile) ?? Buffer.alloc(0);
    const entries: Uint8Array[] = [];
    for (let at = 0, end = bytes.indexOf("\n"); end !== -1; at = end + 1, end = bytes.indexOf("\n", at))
      entries.push(entryOf(bytes.subarray(at, end)));
    return entries;
  }

  /** @throws RangeError where a tile is gone, or of another size */
  hashes(size: number): SubtreeHashes {
    return hashesOfTiles(size, (tile) => this.#readTile(tile));
  }

  /** Which file of the log is not what these entries come to; undefined where all are. */
  fileProblem(entries: readonly Uint8Array[], hashes: SubtreeHashes): string | undefined {
    for (const tile of tilesBetween(0, entries.length)) {
      const { level, index, width } = tile;
      const from = index * TILE_WIDTH;
      const wanted = Array.from({ length: width }, (_, at) => hashes(8 * level, from + at));
      const found = this.#findTile(tile);
      if (found === undefined) return `${tilePath(tile)} is gone`;
      if (!found.equals(Buffer.concat(wanted))) return `${tilePath(tile)} is not what the journal comes to`;
      if (level > 0) continue;
      const bundle = bytesOfFile(join(this.folder, bundlePath(tile)));
      if (bundle?.equals(writeEntryBundle(entries.slice(from, from + width))) !== true)
        return `${bundlePath(tile)} is not what the journal has`;
    }
    return undefined;
  }

  /**
   * Takes up what the journal has since the last checkpoint, and signs a new one; without anything new that one stays. The
   * log's key is made with the first.
   * @throws PipeliteError LOG_DAMAGED; LOG_REWRITTEN, since two checkpoints that differ are never signed
   */
  publish(): Promise<SignedCheckpoint> {
    return this.#withLock(() => this.#publish());
  }

  /** Adds signatures of others to the last checkpoint, if that is still the one they are of. */
  addSignatures(text: string, signatures: readonly NoteSignature[]): Promise<void> {
    return this.#withLock(() => {
      const { last } = this;
      if (last?.note.text !== text) return;
      this.#writeCheckpoint(last.size, writeNote(withSignatures(last.note, signatures)));
    });
  }

  async #withLock<T>(action: () => T): Promise<T> {
    makeFolder(this.folder);
    const fd = openSync(join(this.folder, "lock"), "a");
    try {
      await flock(fd, "exclusive", { timeoutMs: LOCK_TIMEOUT_MS });
      return action();
    } finally {
      closeSync(fd);
    }
  }

  #publish(): SignedCheckpoint {
    const signer = this.#signer();
    const { last } = this;
    const entries = this.entries();
    const size = entries.length;
    const isWhole = last === undefined || this.#isContinued(last, entries);
    if (isWhole && last?.size === size) return last;
    this.#writeTiles(isWhole ? (last?.size ?? 0) : 0, entries);
    const checkpoint = { origin: signer.name, size, root: asBuffer(rootHash(size, this.hashes(size))) };
    const text = writeCheckpoint(checkpoint);
    const note = { text, signatures: [signNote(text, signer)] };
    this.#writeCheckpoint(size, writeNote(note));
    this.#removeParts(size);
    return { ...checkpoint, note };
  }

  /**
   * What was signed for must still be there: the root, and the lines that came last. Tiles are made from the journal: where
   * they are damaged it is asked itself.
   * @returns whether the tiles are whole
   * @throws PipeliteError LOG_REWRITTEN
   */
  #isContinued({ size, root }: SignedCheckpoint, entries: readonly Uint8Array[]): boolean {
    if (entries.length < size)
      throw this.#rewritten(`it has ${entries.length} lines, and ${size} were signed for`);
    try {
      const hashes = this.hashes(size);
      const first = Math.floor(Math.max(0, size - 1) / TILE_WIDTH) * TILE_WIDTH;
      const isSame = entries
        .slice(first, size)
        .every((entry, at) => asBuffer(leafHash(entry)).equals(hashes(0, first + at)));
      if (isSame && asBuffer(rootHash(size, hashes)).equals(root)) return true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    const found = rootHash(size, hashesOfLeaves(entries.slice(0, size).map(leafHash)));
    if (!asBuffer(found).equals(root))
      throw this.#rewritten(`of its first ${size} lines at least one is not the one that was signed for`);
    return false;
  }

  #writeTiles(known: number, entries: readonly Uint8Array[]): void {
    for (const tile of tilesBetween(known, entries.length)) {
      const { level, index, width } = tile;
      const numbers = Array.from({ length: width }, (_, at) => index * TILE_WIDTH + at);
      const hashes = numbers.map((number) =>
        level === 0
          ? leafHash(entries[number] ?? new Uint8Array())
          : tileRoot(this.#readTile({ level: level - 1, index: number, width: TILE_WIDTH })),
      );
      if (level === 0) {
        const bundle = entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width);
        this.#write(bundlePath(tile), writeEntryBundle(bundle));
      }
      this.#write(tilePath(tile), Buffer.concat(hashes));
    }
  }

  /** Parts of tiles that a wider one has taken the place of. */
  #removeParts(size: number): void {
    for (let level = 0; TILE_WIDTH ** level <= size; level += 1) {
      const last = Math.floor(size / TILE_WIDTH ** (level + 1));
      for (const index of last === 0 ? [0] : [last - 1, last]) {
        const part = { level, index, width: 1 };
        const width = String(tileIn(size, level, index)?.width ?? 0);
        for (const path of level === 0 ? [tilePath(part), bundlePath(part)] : [tilePath(part)]) {
          const folder = dirname(join(this.folder, path));
          const others = namesIn(folder).filter((name) => name !== width);
          for (const name of others) rmSync(join(folder, name), { force: true });
          if (width === String(TILE_WIDTH)) rmSync(folder, { recursive: true, force: true });
        }
      }
    }
  }

  #readTile(tile: Tile): Uint8Array {
    const found = this.#findTile(tile);
    if (found === undefined) throw new RangeError(`${tilePath(tile)} is gone`);
    return found;
  }

  #findTile(tile: Tile): Buffer | undefined {
    const bytes = bytesOfFile(join(this.folder, tilePath(tile)));
    if (bytes !== undefined) return bytes;
    // A part of a tile is the start of any wider one.
    const { level, index, width } = tile;
    const folder = dirname(join(this.folder, tilePath({ level, index, width: 1 })));
    const wider = [
      join(this.folder, tilePath({ level, index, width: TILE_WIDTH })),
      ...namesIn(folder)
        .filter((name) => Number(name) > width)
        .map((name) => join(folder, name)),
    ];
    const found = wider.map(bytesOfFile).find((each) => each !== undefined);
    return found?.subarray(0, width * HASH_SIZE);
  }

  #verified(text: string): SignedCheckpoint {
    const { verifier } = this;
    const note = parseNote(text);
    if (verifier === undefined || verifyNote(note, verifier) === undefined)
      throw new RangeError("it is not signed by the log's key");
    const checkpoint = parseCheckpoint(note.text);
    if (checkpoint.origin !== verifier.name) throw new RangeError("it is of another log");
    return { ...checkpoint, note };
  }

  #signer(): NoteSigner {
    const file = join(this.folder, "log.key");
    const pem = bytesOfFile(file)?.toString("utf8");
    const { createPrivateKey, createPublicKey, generateKeyPairSync } =
      process.getBuiltinModule("node:crypto");
    if (pem === undefined && bytesOfFile(this.#checkpointFile) !== undefined)
      throw this.#damaged("log.key", "it is gone, and only it can sign the next checkpoint");
    const privateKey =
      pem === undefined
        ? generateKeyPairSync("ed25519").privateKey
        : this.#reading("log.key", () => createPrivateKey(pem));
    const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" });
    // The name is a host that there can't be (RFC 2606), of its own for each key: Sigstore's verifiers want one.
    const name = `${digestOf(publicKey).slice("sha256:".length, "sha256:".length + 16)}.log.invalid`;
    const signer = this.#reading("log.key", () => noteSignerOf(name, "log", privateKey));
    if (pem === undefined) writeNewKey(file, privateKey.export({ format: "pem", type: "pkcs8" }));
    if (this.verifier === undefined) this.#write("log.pub", `${writeVerifier(signer)}\n`);
    return signer;
  }

  #write(name: string, content: string | Uint8Array): void {
    // The checkpoint that is written after it speaks of it.
    writeFileAtomically(join(this.folder, name), content, { flush: true });
  }

  /** The journal is on the disk before what speaks for it; that is there whole, under both its names. */
  #writeCheckpoint(size: number, note: string): void {
    const kept = join(this.folder, `checkpoints/${size}`);
    makeFolder(dirname(kept));
    const temporary = temporaryFor(this.#checkpointFile);
    if (size > 0) syncFile(this.#journalFile);
    naming(temporary, () => writeFileSync(temporary, note, { flag: "wx" }));
    syncFile(temporary);
    rmSync(kept, { force: true });
    linkSync(temporary, kept);
    renameSync(temporary, this.#checkpointFile);
  }

  #reading<T>(file: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#damaged(file, error instanceof Error ? error.message : String(error), error);
    }
  }

  #damaged(file: string, problem: string, cause?: unknown): Error {
    return pipeliteError("LOG_DAMAGED", { file: join(this.folder, file), problem }, cause);
  }

  #rewritten(problem: string): Error {
    return pipeliteError("LOG_REWRITTEN", { file: this.#journalFile, problem });
  }
}

/** The entry for a line: the line, or, where that is longer than an entry may be, what says which it was. */
function entryOf(line: Uint8Array): Uint8Array {
  return line.length <= ENTRY_MAX ? line : utf8(JSON.stringify({ tooLong: digestOf(line) }));
}

/** The key is there whole, or not at all. */
function writeNewKey(file: string, pem: string | Buffer): void {
  const temporary = temporaryFor(file);
  naming(temporary, () => writeFileSync(temporary, pem, { mode: PRIVATE_MODE, flag: "wx" }));
  syncFile(temporary);
  renameSync(temporary, file);
}

function syncFile(file: string): void {
  const fd = openSync(file, "r+");
  try {
    naming(file, () => fsyncSync(fd));
  } finally {
    closeSync(fd);
  }
}

function namesIn(folder: string): string[] {
  return isDirectory(folder) ? readdirSync(folder) : [];
}
