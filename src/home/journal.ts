// The journal: one line for every run, audit, signature, transition and release, each with the digest of the file it is
// about and of the line before it, so that no entry can be changed, taken out or put in between without a break in the
// chain (21 CFR 11.10(e): a time-stamped trail whose changes do not obscure what was recorded before). The chain has no
// key: who may rewrite the whole home can rewrite it as well. A signature over a later entry's digest closes that.
//
// Lines are appended under an flock(2) lock by one write. A process that is killed while it writes leaves a last line
// without an end; the next entry takes its place and carries what was there as `torn`. A line that is not an entry, or does
// not follow from the one before, is a break: what stands before the last break is vouched for by nothing, what is
// written after it forms a chain of its own.
import { closeSync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { monotonicMs } from "#base/clock.ts";
import { digestOf } from "#base/digest.ts";
import { bytesOfFile, entryAt, statSignature } from "#base/files.ts";
import { tryFlock } from "#base/libc.ts";
import * as shape from "#base/shape.ts";
import { pipeliteError as baseError } from "#base/base-errors.ts";
import { pipeliteError } from "./errors.ts";

export type JournalKind = (typeof KINDS)[number];

const KINDS = ["run", "repeat", "audit", "signature", "transition", "release", "break"] as const;

export interface JournalEntry {
  /** 1, 2, 3 ... */
  sequence: number;
  /** When it was appended, by the clock of the machine. */
  at: string;
  /** By how many ms that clock stood before the time of the entry before; absent when it did not. */
  setBackMs?: number;
  /** `repeat`: a run that had nothing to do; it has no record of its own. `break`: a person says what broke the chain. */
  kind: JournalKind;
  /** The run that the line is about; of a break, what `breakSubject` gives. */
  subject: string;
  /** Relative to `<home>/pipelite`; of a repeat, the record of the run that it repeats. */
  file: string;
  /** `sha256:<hex>` of the file as it was then. */
  digest: string;
  /** Of a repeat: when it started, and what it took. */
  startedAt?: string;
  durationMs?: number;
  /** `sha256:<hex>` of the line before, without its end; of nothing for the first. */
  previous: string;
  /** What a killed process had written of an entry at this place. */
  torn?: string;
  /** `sha256:<hex>` of this entry as JSON without this member: what shows a change of the last line. */
  own: string;
}

export type NewEntry = Pick<
  JournalEntry,
  "kind" | "subject" | "file" | "digest" | "startedAt" | "durationMs"
>;

/** Where in the file a line is: enough to find it again without reading what stands before it. */
export interface LineMark {
  /** Offset in bytes. */
  offset: number;
  /** `sha256:<hex>` of the line, without its end. */
  digest: string;
}

/** Where the chain is broken, and how. */
export interface JournalBreak {
  line: number;
  problem: string;
}

interface Chain {
  /** What the file was by stat when it was read. */
  signature: string;
  lines: string[];
  entries: JournalEntry[];
  breaks: JournalBreak[];
  bySubject: Map<string, JournalEntry[]>;
}

const ENTRY = shape.object<JournalEntry>({
  sequence: shape.count,
  at: shape.time,
  setBackMs: shape.optional(shape.amount),
  kind: shape.oneOf(...KINDS),
  subject: shape.matching(/^[\w-]+$/, "name of a run"),
  file: shape.matching(/^[\w-]+(\/[\w-]+(\.[\w-]+)*)+$/, "file of a home"),
  digest: shape.digest,
  startedAt: shape.optional(shape.time),
  durationMs: shape.optional(shape.amount),
  previous: shape.digest,
  torn: shape.optional((value) => (typeof value === "string" ? undefined : " is not text")),
  own: shape.digest,
});

const LOCK_TIMEOUT_MS = 10_000;
const WINDOW = 16 * 1024;

export class Journal {
  readonly file: string;
  #chain: Chain = { signature: "", lines: [], entries: [], breaks: [], bySubject: new Map() };

  constructor(file: string) {
    this.file = file;
  }

  /**
   * The entries after the last break, first to last. Read once, and again when the file has changed. A last line without
   * its end is not an entry yet.
   */
  get entries(): readonly JournalEntry[] {
    return this.#read().entries;
  }

  get breaks(): readonly JournalBreak[] {
    return this.#read().breaks;
  }

  /** The breaks, unless somebody has said after the last of them what it is. */
  get openBreaks(): readonly JournalBreak[] {
    const { breaks } = this.#read();
    const last = breaks.at(-1);
    return last !== undefined && this.about("break", breakSubject(last)).length > 0 ? [] : breaks;
  }

  /** @throws JOURNAL_BROKEN with the first break, when there are open ones */
  requireWhole(): readonly JournalEntry[] {
    const [first] = this.openBreaks;
    if (first !== undefined) throw this.broken(first);
    return this.entries;
  }

  broken({ line, problem }: JournalBreak): Error {
    const todo =
      this.#read().lines.length > 0
        ? "Find out where the line comes from: `pipelite journal accept` then says so by a signature, and later runs can be released"
        : "Move it away: the next command starts a new journal";
    return pipeliteError("JOURNAL_BROKEN", { file: this.file, line, problem, todo });
  }

  /** Number and digest of a line, breaks counted; of the last one without a number, and of nothing before the first. */
  head(sequence?: number): { sequence: number; digest: string } {
    const { lines } = this.#read();
    const number = Math.max(0, Math.min(sequence ?? lines.length, lines.length));
    return { sequence: number, digest: digestOf(lines[number - 1] ?? "") };
  }

  /** The entries of one kind about one run. */
  about(kind: JournalKind, subject: string): JournalEntry[] {
    return (this.#read().bySubject.get(subject) ?? []).filter((entry) => entry.kind === kind);
  }

  /**
   * Whether a line is still there, every line after it follows from the one before, and none of them is of the same kind and
   * subject. Reads no more than those, and of each no more than that.
   */
  isFollowed({ offset, digest }: LineMark, { kind, subject }: Pick<NewEntry, "kind" | "subject">): boolean {
    const text = bytesOfFile(this.file)?.toString("utf8", offset) ?? "";
    const [first = "", ...others] = text.split("\n").slice(0, -1);
    if (digestOf(first) !== digest) return false;
    let previous = digest;
    for (const line of others) {
      if (!line.includes(`"previous":"${previous}"`)) return false;
      if (line.includes(`"kind":"${kind}","subject":"${subject}"`)) return false;
      previous = digestOf(line);
    }
    return true;
  }

  /** Appends an entry, and says where it is. @throws LOCK_TIMEOUT */
  append({ kind, subject, file, digest, ...repeat }: NewEntry): { entry: JournalEntry; mark: LineMark } {
    if (statSync(this.file, { throwIfNoEntry: false })?.isFile() === false)
      throw this.broken({ line: 1, problem: "it is not a file" });
    const fd = openForAppending(this.file);
    try {
      lock(fd);
      const { last, end, torn } = readEnd(fd);
      const read = last === undefined ? undefined : linkOf(last);
      const before = typeof read === "string" ? undefined : read;
      const now = Date.now();
      const setBackMs = before === undefined ? 0 : Date.parse(before.at) - now;
      const content = {
        // After a line that is not an entry the lines are counted.
        sequence: last === undefined ? 1 : (before?.sequence ?? this.head().sequence) + 1,
        at: new Date(now).toISOString(),
        ...(setBackMs > 0 && { setBackMs }),
        kind,
        subject,
        file,
        digest,
        ...repeat,
        previous: digestOf(last ?? ""),
        ...(torn !== "" && { torn }),
      };
      const whole: JournalEntry = { ...content, own: digestOf(JSON.stringify(content)) };
      const isCurrent = this.#chain.signature === statSignature(this.file);
      const line = JSON.stringify(whole);
      writeAt(fd, `${line}\n`, end);
      if (isCurrent) this.#add(whole, line);
      return { entry: whole, mark: { offset: end, digest: digestOf(line) } };
    } finally {
      closeSync(fd);
    }
  }

  /** What this process has appended to a chain that it has read need not be read again. */
  #add(entry: JournalEntry, line: string): void {
    const { lines, entries, bySubject } = this.#chain;
    lines.push(line);
    entries.push(entry);
    bySubject.set(entry.subject, [...(bySubject.get(entry.subject) ?? []), entry]);
    this.#chain.signature = statSignature(this.file) ?? "";
  }

  #read(): Chain {
    const signature = statSignature(this.file) ?? "";
    if (this.#chain.signature !== signature) this.#chain = readChain(this.file, signature);
    return this.#chain;
  }
}

/** What a line of kind `break` is about: the last broken line before it. */
export function breakSubject({ line }: JournalBreak): string {
  return `line-${line}`;
}

function readChain(file: string, signature: string): Chain {
  const bytes = bytesOfFile(file);
  const lines = (bytes?.toString("utf8") ?? "").split("\n").slice(0, -1);
  const isOther = bytes === undefined && entryAt(file) !== undefined;
  const breaks: JournalBreak[] = isOther ? [{ line: 1, problem: "it is not a file" }] : [];
  let entries: JournalEntry[] = [];
  let before: JournalEntry | undefined;
  for (const [index, line] of lines.entries()) {
    const entry = linkOf(line);
    const previous = index === 0 ? "" : (lines[index - 1] ?? "");
    const problem = typeof entry === "string" ? entry : problemOf(entry, { index, previous, before });
    if (problem !== undefined) {
      breaks.push({ line: index + 1, problem });
      entries = [];
    }
    before = typeof entry === "string" ? undefined : entry;
    if (before !== undefined && isEntry(before)) entries.push(before);
  }
  return { signature, lines, entries, breaks, bySubject: Map.groupBy(entries, ({ subject }) => subject) };
}

interface Place {
  index: number;
  /** The line before. */
  previous: string;
  /** The entry before; undefined where the line before is none. */
  before: JournalEntry | undefined;
}

function problemOf(entry: JournalEntry, { index, previous, before }: Place): string | undefined {
  if (entry.sequence !== index + 1) return `it is numbered ${entry.sequence}`;
  if (entry.previous !== digestOf(previous)) return "it does not follow from the line before";
  const setBackMs = before === undefined ? 0 : Date.parse(before.at) - Date.parse(entry.at);
  if (Number.isNaN(setBackMs)) return "it has no time";
  if (setBackMs > 0 && entry.setBackMs !== setBackMs) return "its time is before that of the line before";
  return undefined;
}

/**
 * The link of the chain that a line is, as it was written in every byte; or why it is none. What else it says may be
 * anything: whoever can append a line must not be able to break the chain by what it says.
 */
function linkOf(line: string): JournalEntry | string {
  try {
    const { own, ...content } = JSON.parse(line) as JournalEntry;
    return own === digestOf(JSON.stringify(content)) && JSON.stringify({ ...content, own }) === line
      ? { ...content, own }
      : "it is not what was written";
  } catch (error) {
    return `it is not an entry: ${error instanceof SyntaxError ? error.message : "no object"}`;
  }
}

function isEntry(link: JournalEntry): boolean {
  return ENTRY(link) === undefined;
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
  const start = monotonicMs();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!tryFlock(fd, "exclusive")) {
    if (monotonicMs() - start > LOCK_TIMEOUT_MS)
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

function readEnd(fd: number): End {
  const { size } = fstatSync(fd);
  for (let window = WINDOW; ; window *= 2) {
    const start = Math.max(0, size - window);
    const bytes = Buffer.alloc(size - start);
    for (let read = 0; read < bytes.length;) {
      const got = readSync(fd, bytes, read, bytes.length - read, start + read);
      if (got === 0) throw new Error("the journal was cut off while its lock was held");
      read += got;
    }
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
