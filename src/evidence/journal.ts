// The journal: one line for every run, audit, signature, transition and release, each with the digest of the file it is
// about and of the line before it, so that no entry can be changed, taken out or put in between without a break in the
// chain (21 CFR 11.10(e): a time-stamped trail whose changes do not obscure what was recorded before). The chain has no
// key: who may rewrite the whole home can rewrite it as well. A signature over a later entry's digest closes that.
//
// Lines are appended under an flock(2) lock by one write. A process that is killed while it writes leaves a last line
// without an end; the next entry takes its place and carries what was there as `torn`.
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type PipeliteError } from "#base/errors.ts";
import { tryFlock } from "#base/libc.ts";
import { sha256OfShort } from "#base/sha256.ts";
import { pipeliteError as baseError } from "#base/base-errors.ts";
import { pipeliteError } from "./errors.ts";

export type JournalKind = "run" | "audit" | "signature" | "transition" | "release";

export interface JournalEntry {
  /** 1, 2, 3 ... */
  sequence: number;
  /** When it was appended, by the clock of the machine. */
  at: string;
  kind: JournalKind;
  /** The run that the file is about. */
  subject: string;
  /** Relative to `<home>/pipelite`. */
  file: string;
  /** `sha256:<hex>` of the file as it was then. */
  digest: string;
  /** `sha256:<hex>` of the line before, without its end; of nothing for the first. */
  previous: string;
  /** `sha256:<hex>` of this entry as JSON without this member: what shows a change of the last line. */
  own: string;
  /** What a killed process had written of an entry at this place. */
  torn?: string;
}

export type NewEntry = Pick<JournalEntry, "kind" | "subject" | "file" | "digest">;

const LOCK_TIMEOUT_MS = 10_000;
const WINDOW = 16 * 1024;

export function journalFile(home: string): string {
  return join(home, "pipelite", "journal.ndjson");
}

/** Appends an entry. @throws JOURNAL_BROKEN when the last line is no entry, LOCK_TIMEOUT */
export function appendJournal(home: string, entry: NewEntry): JournalEntry {
  const file = journalFile(home);
  const fd = openForAppending(file);
  try {
    lock(fd);
    const { last, end, torn } = readEnd(fd, file);
    const { kind, subject, file: about, digest } = entry;
    const content = {
      sequence: last === undefined ? 1 : parseLine(last, file, "last").sequence + 1,
      at: new Date().toISOString(),
      kind,
      subject,
      file: about,
      digest,
      previous: digestOf(last ?? ""),
      ...(torn !== "" && { torn }),
    };
    const whole: JournalEntry = { ...content, own: digestOf(JSON.stringify(content)) };
    writeAt(fd, `${JSON.stringify(whole)}\n`, end);
    return whole;
  } finally {
    closeSync(fd);
  }
}

/** All entries, first to last; a last line without its end is not one yet. @throws JOURNAL_BROKEN with the line */
export function readJournal(home: string): JournalEntry[] {
  const file = journalFile(home);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  let previous = "";
  return lines.map((line, index) => {
    const entry = parseLine(line, file, index + 1);
    if (entry.sequence !== index + 1)
      throw broken(file, index + 1, `it is numbered ${String(entry.sequence)}`);
    if (entry.previous !== digestOf(previous))
      throw broken(file, index + 1, "it does not follow from the line before");
    const { own, ...content } = entry;
    if (own !== digestOf(JSON.stringify(content)))
      throw broken(file, index + 1, "it is not what was written");
    previous = line;
    return entry;
  });
}

/** The entries of one kind about one run. */
export function journalled(home: string, kind: JournalKind, subject: string): JournalEntry[] {
  return readJournal(home).filter((entry) => entry.kind === kind && entry.subject === subject);
}

/** The digest of a file's content as entries have it: for content that is short or already in memory. */
export function digestOf(text: string): string {
  return `sha256:${sha256OfShort(text)}`;
}

function openForAppending(file: string): number {
  try {
    // Not "a": writes then go to the end whatever offset is given.
    return openSync(file, "r+");
  } catch {
    mkdirSync(dirname(file), { recursive: true });
    // Made without being cut off: another process may have made it, and written to it, meanwhile.
    closeSync(openSync(file, "a"));
    return openSync(file, "r+");
  }
}

function lock(fd: number): void {
  const start = performance.now();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!tryFlock(fd, "exclusive")) {
    if (performance.now() - start > LOCK_TIMEOUT_MS)
      throw baseError("LOCK_TIMEOUT", { timeoutMs: LOCK_TIMEOUT_MS });
    Atomics.wait(clock, 0, 0, 2);
  }
}

interface End {
  /** The last whole line, without its end. */
  last: string | undefined;
  /** Where the next line goes. */
  end: number;
  torn: string;
}

function readEnd(fd: number, file: string): End {
  const { size } = fstatSync(fd);
  for (let window = WINDOW; ; window *= 2) {
    const start = Math.max(0, size - window);
    const bytes = Buffer.alloc(size - start);
    if (readSync(fd, bytes, 0, bytes.length, start) !== bytes.length)
      throw broken(file, "last", "it can't be read");
    const lineEnd = bytes.lastIndexOf("\n");
    const lineStart = lineEnd < 1 ? -1 : bytes.lastIndexOf("\n", lineEnd - 1);
    if (lineStart === -1 && start > 0) continue;
    return {
      last: lineEnd === -1 ? undefined : bytes.toString("utf8", lineStart + 1, lineEnd),
      end: start + lineEnd + 1,
      torn: bytes.toString("utf8", lineEnd + 1),
    };
  }
}

/** What is written is longer than what is torn, since it holds that: nothing of it stays behind. */
function writeAt(fd: number, line: string, position: number): void {
  const bytes = Buffer.from(line);
  for (let written = 0; written < bytes.length;)
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
}

function parseLine(line: string, file: string, at: number | "last"): JournalEntry {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    if (typeof entry.sequence === "number") return entry;
  } catch {
    // Told below.
  }
  throw broken(file, at, "it is no entry");
}

function broken(file: string, line: number | "last", problem: string): PipeliteError {
  return pipeliteError("JOURNAL_BROKEN", { file, line, problem });
}
