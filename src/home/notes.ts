// Notes for the next process, found again by a text that says what they are about, and the source maps of bundles. All of
// it can be made again: what can't be read counts as not there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { hexDigestOf } from "#base/digest.ts";
import { systemErrorCode } from "#base/errors.ts";
import { writeFileAtomically } from "#base/files.ts";

interface Note {
  key: string;
  value: unknown;
}

export class Notes {
  readonly #folder: string;
  readonly #maps: string;

  constructor({ notes, sourceMaps }: { notes: string; sourceMaps: string }) {
    this.#folder = notes;
    this.#maps = sourceMaps;
  }

  /** Keeps a value of JSON for the next process that asks with the same words. */
  remember(kind: string, key: string, value: unknown): void {
    keep(this.#fileOf(kind, key), JSON.stringify({ key, value }));
  }

  /** What was remembered last under this key; undefined where nothing was or it can't be read. */
  recall(kind: string, key: string): unknown {
    const note = this.#noteIn(this.#fileOf(kind, key));
    return note?.key === key ? note.value : undefined;
  }

  /** All that is remembered of a kind. */
  all(kind: string): Note[] {
    const folder = join(this.#folder, kind);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    return files.flatMap((file) => this.#noteIn(join(folder, file)) ?? []);
  }

  #noteIn(file: string): Note | undefined {
    try {
      const { key, value } = JSON.parse(readFileSync(file, "utf8")) as Partial<Note>;
      return typeof key === "string" ? { key, value } : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param bundle store path of a bundle */
  sourceMap(bundle: string): string | undefined {
    try {
      return readFileSync(this.#mapOf(bundle), "utf8");
    } catch {
      return undefined;
    }
  }

  keepSourceMap(bundle: string, map: string): void {
    keep(this.#mapOf(bundle), map);
  }

  #mapOf(bundle: string): string {
    return join(this.#maps, `${basename(bundle)}.map`);
  }

  #fileOf(kind: string, key: string): string {
    return join(this.#folder, kind, `${hexDigestOf(key)}.json`);
  }
}

/** On a full disk nothing is remembered: what it is about is done all the same. */
function keep(file: string, text: string): void {
  try {
    writeFileAtomically(file, text);
  } catch (error) {
    if (!["ENOSPC", "EDQUOT"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}
