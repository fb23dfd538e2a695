// The journal: one line for every run, audit, table of a matrix, attestation, signature, transition and release, each with the digest of the file it is
// about and of the line before it, so that no entry can be changed, taken out or put in between without a break in the
// chain (21 CFR 11.10(e): a time-stamped trail whose changes do not obscure what was recorded before). The chain has no
// key: who may rewrite the whole home can rewrite it as well. A signature over a later entry's digest closes that.
//
// Lines are appended under an flock(2) lock by one write. A process that is killed while it writes leaves a last line
// without an end; the next entry takes its place and carries what was there as `torn`. A line that is not an entry, or does
// not follow from the one before, is a break: what stands before the last break is vouched for by nothing, what is
// written after it forms a chain of its own.
//
// The lines are also the entries of the home's transparency log (log.ts): those of attestations stand between the others as
// the log's format has them, without a link of their own; the line after has their digest.
import { closeSync, fsyncSync, statSync } from "node:fs";
import { digestOf } from "#base/digest.ts";
import { bytesOfFile, entryAt, statSignature } from "#base/files.ts";
import { naming } from "#base/naming.ts";
import * as shape from "#base/shape.ts";
import { isHashedRekord } from "#tlog/hashed-rekord.ts";
import type { BrokenLine } from "./break-statement.ts";
import { pipeliteError } from "./errors.ts";
import { openLocked, readEnd, takeBack, writeAt, type End } from "./journal-file.ts";
import type { SetBack } from "./set-backs.ts";

export type JournalKind = (typeof KINDS)[number];

const KINDS = [
  "run",
  "repeat",
  "audit",
  "signature",
  "transition",
  "release",
  "break",
  "matrix",
  "rebuild",
  "attestation",
  "retention",
] as const;

export interface JournalEntry {
  /** 1, 2, 3 ... */
  sequence: number;
  /** When it was appended, by the clock of the machine. */
  at: string;
  /** By how many ms that clock stood before the time of the entry before; absent when it did not. */
  setBackMs?: number;
  /** `repeat`: a run that had nothing to do; it has no record of its own. `break`: a person says what broke the chain. */
  kind: JournalKind;
  /** The run that the line is about; of a break, what `breakSubject` gives; of a retention, its name. */
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
  /** The last checkpoint of the log when it was appended. */
  checkpoint?: Anchor;
  /** What a killed process had written of an entry at this place. */
  torn?: string;
  /** `sha256:<hex>` of this entry as JSON without this member: what shows a change of the last line. */
  own: string;
}

/** A state of the log: whoever has this line has that of the log before it. */
export interface Anchor {
  size: number;
  /** Base64. */
  root: string;
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

/** Whether the file of an entry of kind `break` is signed, and about this line. */
type IsSigned = (entry: JournalEntry, line: BrokenLine) => boolean;

interface Chain {
  /** What the file was by stat when it was read. */
  signature: string;
  lines: string[];
  entries: JournalEntry[];
  breaks: JournalBreak[];
  setBacks: SetBack[];
  bySubject: Map<string, JournalEntry[]>;
}

const ANCHOR = shape.object<Anchor>({ size: shape.count, root: shape.matching(/^[\w+/]{43}=$/, "hash") });

const ENTRY = shape.object<JournalEntry>({
  sequence: shape.count,
  at: shape.time,
  setBackMs: shape.optional(shape.amount),
  kind: shape.oneOf(...KINDS),
  subject: shape.matching(/^[\w-]+$/, "name of a run"),
  file: shape.matching(/^[\w-]+(\/[\w+?=-]+(\.+[\w+?=-]+)*)+$/, "file of a home"),
  digest: shape.digest,
  startedAt: shape.optional(shape.time),
  durationMs: shape.optional(shape.amount),
  previous: shape.digest,
  checkpoint: shape.optional(ANCHOR),
  torn: shape.optional((value) => (typeof value === "string" ? undefined : " is not text")),
  own: shape.digest,
});

const NEWLINE = 0x0a;
/** Characters: an entry of the log has at most 65,535 bytes. */
const TORN_MAX = 8 * 1024;

export class Journal {
  readonly file: string;
  readonly #checkpoint: string | undefined;
  readonly #isSigned: IsSigned;
  #chain: Chain = { signature: "", lines: [], entries: [], breaks: [], setBacks: [], bySubject: new Map() };

  /** @param checkpoint the file with the log's last one */
  constructor(file: string, checkpoint?: string, isSigned: IsSigned = () => true) {
    this.file = file;
    this.#checkpoint = checkpoint;
    this.#isSigned = isSigned;
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

  /** Every place where its times run backwards, as the lines themselves say. */
  get setBacks(): readonly SetBack[] {
    return this.#read().setBacks;
  }

  /** The breaks, unless somebody has signed after the last of them what it is. */
  get openBreaks(): readonly JournalBreak[] {
    const { breaks } = this.#read();
    const last = breaks.at(-1);
    if (last === undefined) return [];
    const line = this.brokenLine(last);
    const said = this.about("break", breakSubject(last));
    return said.some((entry) => this.#isSigned(entry, line)) ? [] : breaks;
  }

  /** What a statement about a break must be about. */
  brokenLine({ line }: JournalBreak): BrokenLine {
    const lines = this.#read().lines.slice(0, line);
    return { digest: this.head(line).digest, upTo: digestOf(lines.join("\n")) };
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
      if (!isHashedRekord(line) && !line.includes(`"previous":"${previous}"`)) return false;
      if (line.includes(`"kind":"${kind}","subject":"${subject}"`)) return false;
      previous = digestOf(line);
    }
    return true;
  }

  /** Appends an entry, and says where it is. @throws LOCK_TIMEOUT */
  append({ kind, subject, file, digest, ...repeat }: NewEntry): { entry: JournalEntry; mark: LineMark } {
    return this.#appendLine(({ last, torn }) => {
      const read = last === undefined || isHashedRekord(last) ? undefined : linkOf(last);
      const before =
        last !== undefined && isHashedRekord(last)
          ? this.entries.at(-1)
          : typeof read === "string"
            ? undefined
            : read;
      const now = Date.now();
      const setBackMs = before === undefined ? 0 : Date.parse(before.at) - now;
      const checkpoint = this.#anchor();
      const content = {
        // After a line that is not an entry the lines are counted.
        sequence:
          last === undefined
            ? 1
            : ((typeof read === "object" ? read.sequence : undefined) ?? this.head().sequence) + 1,
        at: new Date(now).toISOString(),
        ...(setBackMs > 0 && { setBackMs }),
        kind,
        subject,
        file,
        digest,
        ...repeat,
        previous: digestOf(last ?? ""),
        ...(checkpoint !== undefined && { checkpoint }),
        ...(torn !== "" && { torn: torn.slice(0, TORN_MAX) }),
      };
      const entry: JournalEntry = { ...content, own: digestOf(JSON.stringify(content)) };
      return { entry, line: JSON.stringify(entry) };
    });
  }

  /** Appends the log's entry of an attestation. @returns its index in the log */
  appendRekord(line: string): number {
    if (!isHashedRekord(line)) throw new TypeError("it is no entry of an attestation");
    const { mark } = this.#appendLine(() => ({ entry: undefined, line }));
    return (
      bytesOfFile(this.file)
        ?.subarray(0, mark.offset)
        .filter((byte) => byte === NEWLINE).length ?? 0
    );
  }

  #appendLine<E extends JournalEntry | undefined>(
    make: (end: End) => { entry: E; line: string },
  ): { entry: E; mark: LineMark } {
    if (statSync(this.file, { throwIfNoEntry: false })?.isFile() === false)
      throw this.broken({ line: 1, problem: "it is not a file" });
    const fd = openLocked(this.file);
    try {
      const before = readEnd(fd);
      const { entry, line } = make(before);
      const isCurrent = this.#chain.signature === statSignature(this.file);
      try {
        naming(this.file, () => writeAt(fd, `${line}\n`, before.end));
        // What it vouches for may be named now, and is to be there with its line or not at all. Of a run without work nothing is made.
        if (entry?.kind !== "repeat") naming(this.file, () => fsyncSync(fd));
      } catch (error) {
        takeBack(fd, before);
        throw error;
      }
      if (isCurrent) this.#add(entry, line);
      return { entry, mark: { offset: before.end, digest: digestOf(line) } };
    } finally {
      closeSync(fd);
    }
  }

  /** A checkpoint that can't be read is left out: whoever holds the log to its checkpoints finds it. */
  #anchor(): Anchor | undefined {
    const text = this.#checkpoint === undefined ? undefined : bytesOfFile(this.#checkpoint)?.toString("utf8");
    const [, size, root] = text?.split("\n") ?? [];
    const anchor = { size: Number(size), root };
    return ANCHOR(anchor) === undefined ? (anchor as Anchor) : undefined;
  }

  /** What this process has appended to a chain that it has read need not be read again. */
  #add(entry: JournalEntry | undefined, line: string): void {
    const { lines, entries, setBacks, bySubject } = this.#chain;
    lines.push(line);
    if (entry !== undefined) {
      entries.push(entry);
      setBacks.push(...setBackOf(entry, lines.length));
      bySubject.set(entry.subject, [...(bySubject.get(entry.subject) ?? []), entry]);
    }
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
  const setBacks: SetBack[] = [];
  let entries: JournalEntry[] = [];
  let before: JournalEntry | undefined;
  for (const [index, line] of lines.entries()) {
    if (isHashedRekord(line)) continue;
    const entry = linkOf(line);
    const previous = index === 0 ? "" : (lines[index - 1] ?? "");
    const problem = typeof entry === "string" ? entry : problemOf(entry, { index, previous, before });
    if (problem !== undefined) {
      breaks.push({ line: index + 1, problem });
      entries = [];
    }
    before = typeof entry === "string" ? undefined : entry;
    if (before !== undefined) setBacks.push(...setBackOf(before, index + 1));
    if (before !== undefined && isEntry(before)) entries.push(before);
  }
  return {
    signature,
    lines,
    entries,
    breaks,
    setBacks,
    bySubject: Map.groupBy(entries, ({ subject }) => subject),
  };
}

function setBackOf({ setBackMs }: JournalEntry, line: number): SetBack[] {
  return typeof setBackMs === "number" && setBackMs > 0 ? [{ line, byMs: setBackMs }] : [];
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
