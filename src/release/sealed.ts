// Files that are written once and stay: each comes into being whole, replaces no other, and has a line in the journal. A
// file in such a place without a line was put there by hand, or by a process that was killed before it wrote the line: it
// counts for nothing, and is moved aside when its place is needed.
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { fsyncSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { flock } from "#base/libc.ts";
import { appendJournal, readJournal, type JournalEntry, type JournalKind } from "#evidence/journal.ts";
import { digestOfBytes } from "./run-file.ts";

export interface Sealed {
  kind: JournalKind;
  /** The run it is about. */
  subject: string;
  /** Relative to `<home>/pipelite`. */
  file: string;
  content: string;
}

/** Writes the file and its line, or neither. @throws the system's EEXIST where there is such a file */
export function sealFile(home: string, { kind, subject, file, content }: Sealed): void {
  const path = join(home, "pipelite", file);
  const temporary = `${path}.${process.pid}.tmp`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    const fd = openSync(temporary, "w");
    try {
      writeFileSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (existsSync(path) && !readJournal(home).some((entry) => entry.file === file)) {
      renameSync(path, `${path}.unsealed`);
    }
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  try {
    appendJournal(home, { kind, subject, file, digest: digestOfBytes(Buffer.from(content)) });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

export interface ReadSealed {
  file: string;
  /** Undefined when it is gone. */
  text: string | undefined;
  isJournalled: boolean;
  /** Why it is not the file that was sealed. */
  problem: string | undefined;
}

/** A sealed file with what the journal says of it. */
export function readSealed(home: string, file: string, journal: readonly JournalEntry[]): ReadSealed {
  const path = join(home, "pipelite", file);
  const bytes = existsSync(path) ? readFileSync(path) : undefined;
  const entries = journal.filter((each) => each.file === file);
  const isJournalled = entries.length > 0;
  const digest = bytes === undefined ? undefined : digestOfBytes(bytes);
  const problem =
    digest === undefined
      ? "the file is gone"
      : !isJournalled
        ? "the journal has no entry of it"
        : entries.every((entry) => entry.digest === digest)
          ? undefined
          : "it is not the file that the journal has";
  return { file, text: bytes?.toString("utf8"), isJournalled, problem };
}

/** `<folder>/<n>.sigstore.json` that are there or in the journal, by number. */
export function numberedFiles(home: string, folder: string, journal: readonly JournalEntry[]): string[] {
  const path = join(home, "pipelite", folder);
  const onDisk = existsSync(path) ? readdirSync(path).map((name) => `${folder}/${name}`) : [];
  const known = journal.map(({ file }) => file).filter((file) => dirname(file) === folder);
  const files = [...new Set([...onDisk, ...known])].filter((file) => numberOf(file) !== undefined);
  return files.toSorted((a, b) => (numberOf(a) ?? 0) - (numberOf(b) ?? 0));
}

/** Those of them that are sealed: in the journal, whether or not they are there. */
export function sealedFiles(home: string, folder: string, journal: readonly JournalEntry[]): string[] {
  return numberedFiles(home, folder, journal).filter((file) => journal.some((entry) => entry.file === file));
}

export function nextFile(home: string, folder: string, journal: readonly JournalEntry[]): string {
  const last = sealedFiles(home, folder, journal).at(-1);
  return `${folder}/${(last === undefined ? 0 : (numberOf(last) ?? 0)) + 1}.sigstore.json`;
}

export function numberOf(file: string): number | undefined {
  const digits = /\/([1-9]\d{0,8})\.sigstore\.json$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const LOCK_TIMEOUT_MS = 60_000;

/** Runs `action` while nobody else signs, moves or releases in this home. */
export async function withSealLock<T>(home: string, action: () => T): Promise<T> {
  mkdirSync(join(home, "pipelite"), { recursive: true });
  const fd = openSync(join(home, "pipelite", "seal.lock"), "a");
  try {
    await flock(fd, "exclusive", { timeoutMs: LOCK_TIMEOUT_MS });
    return action();
  } finally {
    closeSync(fd);
  }
}
