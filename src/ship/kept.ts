// What was packed before and may be taken again: a file, and beside it what is known of it. It is held against its hash whenever it
// is taken, and goes when the path of the store that it is named by has gone.
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "#base/canonical-json.ts";
import { hexDigestOf } from "#base/digest.ts";
import { bytesOfFile, makeFolder, temporaryFor, writeFileAtomically } from "#base/files.ts";
import type { Shape } from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { writeAll } from "#base/file-pieces.ts";
import { storePathBase, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/index.ts";

/** What is noted of every file. */
export interface FileNote {
  /** Hex, of its bytes. */
  sha256: string;
}

/** Where what is made of a path is kept. @param by all that its bytes depend on */
export function keptPlace(folder: string, path: StorePath, by: unknown): string {
  return join(folder, `${storePathBase(path)}-${hexDigestOf(canonicalJson(by)).slice(0, 32)}`);
}

/** What is noted of a kept file, when that is still what it was. */
export async function keptNotes<T extends FileNote>(
  file: string,
  shape: Shape<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const notes = readNotes(notesOf(file), shape);
  if (notes === undefined || !existsSync(file)) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of readPacked(file)) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex") === notes.sha256 ? notes : undefined;
}

/** Keeps a file while it is made: it is there from `finish` on. */
export class Keeper {
  readonly #file: string;
  readonly #unfinished: string;
  readonly #fd: number;

  constructor(folder: string, file: string) {
    makeFolder(folder);
    this.#file = file;
    this.#unfinished = temporaryFor(file);
    this.#fd = openSync(this.#unfinished, "wx");
  }

  add(packed: Uint8Array): void {
    writeAll(this.#fd, packed);
  }

  finish(notes: FileNote): void {
    closeSync(this.#fd);
    renameSync(this.#unfinished, this.#file);
    writeFileAtomically(notesOf(this.#file), canonicalJson(notes));
  }

  abandon(): void {
    closeSync(this.#fd);
    rmSync(this.#unfinished, { force: true });
  }
}

export function readPacked(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
}

/** Of paths that are gone nothing is kept. */
export function forgetGone(store: Store, folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const base = /^(.*)-[0-9a-f]{32}(\.json)?$/.exec(name)?.[1];
    if (base !== undefined && !store.isValid(`/nix/store/${base}` as StorePath))
      rmSync(join(folder, name), { force: true });
  }
}

function notesOf(file: string): string {
  return `${file}.json`;
}

function readNotes<T>(file: string, shape: Shape<T>): T | undefined {
  const bytes = bytesOfFile(file);
  if (bytes === undefined) return undefined;
  try {
    const value = parseStrictJson(bytes);
    return shape(value) === undefined ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
