// Files that the journal has a line of: each comes into being whole, and has its line before it has its name, so a process that is
// killed leaves all of it or nothing. Those that are sealed are written once and stay. A file in such a place without a line was put
// there by hand: it counts for nothing, and is moved aside when its place is needed.
import { closeSync, existsSync, linkSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestOf } from "#base/digest.ts";
import { bytesInside, entryAt, makeFolder, writeFileAtomically } from "#base/files.ts";
import { flock } from "#base/libc.ts";
import type { Journal, JournalKind } from "./journal.ts";
import { refuseLinks } from "#store/layout.ts";
import type { HomeLayout } from "./layout.ts";
import { finishPending, pendingOf, writeWithLine } from "./pending.ts";

export interface NewSealed {
  kind: JournalKind;
  /** The run it is about. */
  subject: string;
  /** Relative to `<home>/pipelite`. */
  file: string;
  content: string;
}

export interface Sealed {
  file: string;
  /** Undefined when it is gone, or no text. */
  text: string | undefined;
  /** `sha256:<hex>` of what is there now. */
  digest: string | undefined;
  isJournalled: boolean;
  /** Why it is not the file that was sealed. */
  problem: string | undefined;
}

const LOCK_TIMEOUT_MS = 60_000;

export class SealedFiles {
  readonly #layout: HomeLayout;
  readonly #journal: Journal;

  constructor(layout: HomeLayout, journal: Journal) {
    this.#layout = layout;
    this.#journal = journal;
  }

  /** Writes the file and its line, or neither. @throws the system's EEXIST where there is such a file */
  seal(sealed: NewSealed): void {
    const { file } = sealed;
    const path = this.#pathOf(file);
    finishPending(path, this.#digestsOf(file));
    const isFree = entryAt(path) === undefined;
    // Throws the system's EEXIST.
    if (!isFree && this.#isJournalled(file)) openSync(path, "wx");
    this.#writePending(sealed, () => {
      if (!isFree) renameSync(path, freeNameFor(path));
    });
    linkSync(pendingOf(path), path);
    rmSync(pendingOf(path));
  }

  /** Writes a file in the place of the one before it and its line, or neither. */
  replace(sealed: NewSealed): void {
    const { file, content } = sealed;
    const path = this.#pathOf(file);
    finishPending(path, this.#digestsOf(file).slice(-1));
    this.#writePending(sealed, () => {
      // What no file can take the place of is not in its place for ever.
      if (entryAt(path)?.isDirectory()) renameSync(path, freeNameFor(path));
    });
    finishPending(path, [digestOf(content)]);
  }

  /** Writes the file under the name that it has until its line is there, and the line. */
  #writePending({ kind, subject, file, content }: NewSealed, makeRoom: () => void): void {
    const path = this.#pathOf(file);
    refuseLinks(this.#layout.own, [dirname(path)]);
    const digest = digestOf(content);
    const isJournalled = () => this.#digestsOf(file).includes(digest);
    writeWithLine(path, isJournalled, () => {
      writeFileAtomically(pendingOf(path), content, { flush: true });
      makeRoom();
      this.#journal.append({ kind, subject, file, digest });
    });
  }

  /** The bytes of a file that the journal names, whatever they are; undefined where there is none. */
  bytesOf(file: string): Buffer | undefined {
    const path = this.#pathOf(file);
    const isPending = existsSync(pendingOf(path));
    return (
      (isPending ? finishPending(path, this.#digestsOf(file).slice(-1)) : undefined) ?? this.#bytesAt(file)
    );
  }

  /** A sealed file with what the journal says of it; `digest`: the one line that counts, else every line of it. */
  read(file: string, digest?: string): Sealed {
    const path = this.#pathOf(file);
    const wanted = digest === undefined ? this.#digestsOf(file) : [digest];
    const bytes = finishPending(path, wanted) ?? this.#bytesAt(file);
    const isJournalled = wanted.length > 0;
    const found = bytes === undefined ? undefined : digestOf(bytes);
    return {
      file,
      text: bytes?.toString("utf8"),
      digest: found,
      isJournalled,
      problem: problemOf(found, wanted),
    };
  }

  /** `<folder>/<n>.sigstore.json` that are there or in the journal, by number. */
  numbered(folder: string): string[] {
    const path = this.#pathOf(folder);
    const onDisk = existsSync(path) ? readdirSync(path).map((name) => `${folder}/${name}`) : [];
    const known = this.#journal.entries.map(({ file }) => file).filter((file) => dirname(file) === folder);
    const files = [...new Set([...onDisk, ...known])].filter((file) => sealNumberOf(file) !== undefined);
    return files.toSorted((a, b) => (sealNumberOf(a) ?? 0) - (sealNumberOf(b) ?? 0));
  }

  /** Those of them that are sealed: in the journal, whether or not they are there. */
  sealedIn(folder: string): string[] {
    return this.numbered(folder).filter((file) => this.#isJournalled(file));
  }

  /** The first number that no sealed file has: a line may name any, up to the last there is. */
  nextIn(folder: string): string {
    const taken = new Set(this.sealedIn(folder).map(sealNumberOf));
    let number = 1;
    while (taken.has(number)) number += 1;
    return `${folder}/${number}.sigstore.json`;
  }

  /** Runs `action` while no other process signs, moves or releases in this home. */
  async withLock<T>(action: () => T | Promise<T>): Promise<T> {
    makeFolder(this.#layout.own);
    const fd = openSync(this.#layout.sealLock, "a");
    try {
      await flock(fd, "exclusive", { timeoutMs: LOCK_TIMEOUT_MS });
      return await action();
    } finally {
      closeSync(fd);
    }
  }

  /** A line may name any file, and a link could lead to any of this machine. */
  #bytesAt(file: string): Buffer | undefined {
    return bytesInside(this.#layout.own, file);
  }

  #pathOf(file: string): string {
    return join(this.#layout.own, file);
  }

  #isJournalled(file: string): boolean {
    return this.#journal.entries.some((entry) => entry.file === file);
  }

  #digestsOf(file: string): string[] {
    return this.#journal.entries.filter((entry) => entry.file === file).map(({ digest }) => digest);
  }
}

/** Where what lies in the place of a file of ours is moved. */
export function freeNameFor(path: string): string {
  let number = 1;
  const name = () => `${path}.unsealed${number === 1 ? "" : `.${number}`}`;
  while (entryAt(name()) !== undefined) number += 1;
  return name();
}

function problemOf(found: string | undefined, wanted: readonly string[]): string | undefined {
  if (found === undefined) return "the file is gone";
  if (wanted.length === 0) return "the journal has no entry of it";
  return wanted.every((digest) => digest === found) ? undefined : "it is not the file that the journal has";
}

export function sealNumberOf(file: string): number | undefined {
  const digits = /\/([1-9]\d{0,8})\.sigstore\.json$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
