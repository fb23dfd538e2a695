// The runs of a home: one JSON file each, written whole, so that a killed run leaves none or a complete one, with a line in
// the journal that says what its bytes were. A run that had nothing to do has no file: its line names the record it
// repeats. Whoever reads a record learns here, and only here, whether it is the one that was written.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { statSignature } from "#base/files.ts";
import { isPipeliteError } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";
import { EventLog, readEventLog, type LoggedRun } from "./event-log.ts";
import type { Journal, JournalEntry, LineMark } from "./journal.ts";
import type { HomeLayout } from "./layout.ts";
import { finishPending, writeWithLine } from "./pending.ts";
import {
  runFileOf,
  nameRecord,
  readRecordFile,
  runOfFile,
  writePendingRecord,
  type RecordContent,
  type OldRepeat,
} from "./record-file.ts";
import { cachedStages, workOf, type RunRecord, type RunWork } from "./run-record.ts";

/** A record that was read, and what is wrong with it. */
export interface ReadRun {
  /** The run whose record this is: what `record.runId` says, too. */
  runId: string;
  /** The file of the record, relative to `<home>/pipelite`, as in the journal. */
  file: string;
  /** `sha256:<hex>` of the bytes of that file as they are now. */
  digest: string;
  record: RunRecord;
  /** The run that was asked for, when that had nothing to do and repeats this one. */
  repetition?: Repetition;
  /** Why it is not the record that was written when the run ended; absent when it is. */
  problem?: string;
}

/** A run by its id, by the start of it that no other has, or as `latest`: the newest that the journal has. */
export interface WhichRun {
  word: string;
  /** `latest` is then the latest of this pipeline.ts. */
  pipelineFile?: string | undefined;
}

/** What the next process needs to see that a record is the one that was written. */
export interface WrittenRun {
  runId: string;
  digest: string;
  /** Its line of the journal. */
  line: LineMark;
  /** Of the file, by stat. */
  signature: string;
}

export interface Repetition {
  runId: string;
  startedAt: string;
  durationMs: number;
}

export type RunSummary = Pick<RunRecord, "runId" | "pipeline" | "pipelineFile" | "startedAt" | "durationMs"> &
  RunWork & {
    /** `interrupted`: killed before it had a record. */
    status: RunRecord["status"] | "running" | "interrupted";
    repeats?: string;
    problem?: string;
  };

/** A run whose record can't be read at all. */
export interface UnreadableRun {
  runId: string;
  problem: string;
}

/** Records that are kept after they were read: runs without work repeat the same few. */
const KEPT_MAX = 8;
/** How many runs before one are found, and how many records are read to find them. */
const BEFORE_MAX = 50;
const READ_MAX = 500;
const RUN_ID = /^[\w-]+$/;

export class Runs {
  readonly #layout: HomeLayout;
  readonly #journal: Journal;
  readonly #kept = new Map<string, RecordContent & { signature: string | undefined }>();

  constructor(layout: HomeLayout, journal: Journal) {
    this.#layout = layout;
    this.#journal = journal;
  }

  /** Of all runs, newest first. */
  ids(): string[] {
    const { runs, events } = this.#layout;
    const repeats = this.#journal.entries.filter(({ kind }) => kind === "repeat");
    const ids = [
      ...namesIn(runs, ".json"),
      ...namesIn(events, ".ndjson").filter(
        (runId) => existsSync(this.pathOf(runId)) || this.#hasBegun(runId),
      ),
      ...repeats.map(({ subject }) => subject),
    ];
    return [...new Set(ids)].toSorted().toReversed();
  }

  /** @throws RUN_NOT_FOUND, RUN_INTERRUPTED, RUN_RECORD_INVALID, RUN_FORM_OLD */
  read(runId: string): ReadRun {
    const file = runFileOf(runId);
    const repeats = this.#journal.about("repeat", runId);
    if (repeats.length > 0 && !existsSync(this.#pathOf(file))) return this.#readRepeat(runId, repeats);
    const { value, digest } = this.#readFile(runId);
    if ("repeats" in value) return this.#readOldRepeat(value, digest);
    const problem = this.#problemOf(runId, digest);
    return { runId, file, digest, record: value, ...(problem !== undefined && { problem }) };
  }

  /** @throws RECORD_CHANGED, and what `read` throws */
  requireUnchanged(runId: string): ReadRun {
    const run = this.read(runId);
    if (run.problem !== undefined)
      throw pipeliteError("RECORD_CHANGED", { run: runId, problem: run.problem });
    return run;
  }

  /** Whether a word can only mean a run: `latest`, or how an id of one begins. */
  isCalled(word: string): boolean {
    return word === "latest" || (word !== "" && this.ids().some((id) => id.startsWith(word)));
  }

  /**
   * The run that is meant: see `WhichRun`.
   * @throws RUN_NONE, RUN_NOT_FOUND, RUN_AMBIGUOUS, and what `read` throws
   */
  find({ word, pipelineFile }: WhichRun): ReadRun {
    if (word === "latest") return this.#latest(pipelineFile);
    const matching = this.ids().filter((id) => id.startsWith(word));
    const [found, other] = matching.includes(word) ? [word] : matching;
    if (found === undefined) throw pipeliteError("RUN_NOT_FOUND", { run: word });
    if (other !== undefined) throw pipeliteError("RUN_AMBIGUOUS", { run: word, first: found, second: other });
    return this.read(found);
  }

  /** What is to be said of each run in a line, newest first. */
  list(max = Number.POSITIVE_INFINITY): (RunSummary | UnreadableRun)[] {
    return this.ids()
      .slice(0, max)
      .map((runId) => {
        try {
          return this.#summaryOf(runId);
        } catch (error) {
          return { runId, problem: error instanceof Error ? error.message : String(error) };
        }
      });
  }

  /**
   * The last runs of the same pipeline before this one that have a record of their own, newest first. Those that can't be
   * read, or are not as they were written, are passed over: what they held can't be counted.
   */
  before({ runId, pipeline }: Pick<RunRecord, "runId" | "pipeline">): RunRecord[] {
    const found: RunRecord[] = [];
    for (const id of this.ids()
      .filter((each) => each < runId)
      .slice(0, READ_MAX)) {
      if (found.length === BEFORE_MAX) break;
      try {
        const { record, repetition, problem } = this.read(id);
        if (repetition === undefined && problem === undefined && record.pipeline === pipeline)
          found.push(record);
      } catch {
        continue;
      }
    }
    return found;
  }

  /** Those of these runs whose records can be read and are as they were written. */
  intact(runIds: readonly string[]): ReadRun[] {
    return runIds.flatMap((id) => {
      try {
        const run = this.read(id);
        return run.problem === undefined ? [run] : [];
      } catch (error) {
        if (isPipeliteError(error)) return [];
        throw error;
      }
    });
  }

  /** A run by the log of its events: all there is of one that goes on, or was killed. @throws RUN_RECORD_INVALID */
  readLog(runId: string): LoggedRun {
    const file = this.#logOf(runId);
    try {
      return readEventLog(file);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw pipeliteError("RUN_RECORD_INVALID", { file, problem }, error);
    }
  }

  /** What changes whenever what is kept of this run does; undefined when nothing is. */
  signatureOf(runId: string): string | undefined {
    return statSignature(this.#pathOf(runFileOf(runId))) ?? this.#journal.about("repeat", runId).at(-1)?.own;
  }

  /** The absolute path of a record. */
  pathOf(runId: string): string {
    return this.#pathOf(runFileOf(runId));
  }

  /** Opens the log of the events of a run that starts. */
  openLog(runId: string): EventLog {
    return new EventLog(this.#logOf(runId));
  }

  /** Writes and journals a record; returns its digest, and where its line is. */
  write(record: RunRecord): WrittenRun {
    const { runId } = record;
    const path = this.pathOf(runId);
    const file = runFileOf(runId);
    const isJournalled = () => this.#journal.about("run", runId).length > 0;
    return writeWithLine(path, isJournalled, () => {
      const digest = writePendingRecord(path, record);
      const { mark: line } = this.#journal.append({ kind: "run", subject: runId, file, digest });
      nameRecord(path);
      return { runId, digest, line, signature: this.signatureOf(runId) ?? "" };
    });
  }

  /** Whether the record is still what was written, by stat, and the journal vouches for it: no more than that is read. */
  isAsWritten({ runId, line, signature }: WrittenRun): boolean {
    const isSame = statSignature(this.pathOf(runId)) === signature;
    return isSame && this.#journal.isFollowed(line, { kind: "run", subject: runId });
  }

  /** Journals a run that had nothing to do. @param earlier the run that it repeats, and the digest of its record */
  repeat({ runId, startedAt, durationMs }: Repetition, earlier: { runId: string; digest: string }): void {
    const { runId: of, digest } = earlier;
    const times = { startedAt, durationMs };
    this.#journal.append({ kind: "repeat", subject: runId, file: runFileOf(of), digest, ...times });
  }

  #summaryOf(runId: string): RunSummary {
    if (!this.#isUnrecorded(runId)) return summaryOf(this.read(runId));
    const { started, stages, isRunning } = this.readLog(runId);
    const { pipeline, pipelineFile, startedAt } = started;
    const ended = [...stages.values()];
    const durationMs = ended.reduce(
      (sum, stage) => Math.max(sum, (stage.startMs ?? 0) + stage.durationMs),
      0,
    );
    const status = isRunning ? "running" : "interrupted";
    return { runId, pipeline, pipelineFile, startedAt, durationMs, status, ...workOf(started, ended) };
  }

  /** Whether there is a log of its events, and neither a record nor a line that says there was one. */
  #isUnrecorded(runId: string): boolean {
    const isKnown = (["run", "repeat"] as const).some((kind) => this.#journal.about(kind, runId).length > 0);
    return !isKnown && !existsSync(this.pathOf(runId)) && existsSync(this.#logOf(runId));
  }

  /** A log without an event is no run: its process was stopped, or the power went, before it was one. */
  #hasBegun(runId: string): boolean {
    const stat = lstatSync(this.#logOf(runId), { throwIfNoEntry: false });
    return stat !== undefined && !(stat.isFile() && stat.size === 0);
  }

  #latest(pipelineFile: string | undefined): ReadRun {
    const runs = this.#journal.entries.filter(({ kind }) => kind === "run" || kind === "repeat");
    const there = new Set(this.ids());
    // By the journal's order, not by ids, which a clock names. Where the journal knows of no run, it was moved away.
    // Of a home out of an archive most runs stayed where it came from, and so did every pipeline.ts.
    const isMoved = existsSync(this.#layout.formerLogs);
    const kept = runs.filter(({ file }) => !isMoved || existsSync(this.#pathOf(file)));
    const journalled = kept.map(({ subject }) => subject).toReversed();
    const known = runs.length === 0 ? [...there] : journalled.filter((id) => there.has(id));
    const isWanted = (id: string): boolean =>
      pipelineFile === undefined || this.read(id).record.pipelineFile === pipelineFile;
    const found = known.find(isWanted) ?? (isMoved ? known[0] : undefined);
    if (found !== undefined) return this.read(found);
    throw pipeliteError("RUN_NONE", { of: pipelineFile === undefined ? "" : ` of ${pipelineFile}` });
  }

  #readRepeat(runId: string, entries: readonly JournalEntry[]): ReadRun {
    const [entry] = entries;
    const earlier = entry && runOfFile(entry.file);
    if (entry === undefined || earlier === undefined) throw pipeliteError("RUN_NOT_FOUND", { run: runId });
    const { digest, value } = this.#readFile(earlier);
    const file = this.#pathOf(entry.file);
    if ("repeats" in value)
      throw pipeliteError("RUN_RECORD_INVALID", { file, problem: "it repeats another record" });
    const { startedAt = entry.at, durationMs = 0 } = entry;
    const problem =
      entries.length > 1
        ? "the journal has more than one entry of this run"
        : digest === entry.digest
          ? this.#problemOf(earlier, digest)
          : `it repeats ${earlier}, whose record has changed`;
    const repetition = { runId, startedAt, durationMs };
    const run = { runId: earlier, file: entry.file, digest, record: value, repetition };
    return { ...run, ...(problem !== undefined && { problem }) };
  }

  #readOldRepeat({ runId, repeats, startedAt, durationMs }: OldRepeat, digest: string): ReadRun {
    const signed = ["signature", "transition", "release", "rebuild"];
    if (this.#journal.entries.some(({ kind, subject }) => subject === runId && signed.includes(kind)))
      throw pipeliteError("RUN_FORM_OLD", { run: runId, repeated: repeats.runId });
    const earlier = this.#readFile(repeats.runId);
    const file = runFileOf(repeats.runId);
    if ("repeats" in earlier.value)
      throw pipeliteError("RUN_RECORD_INVALID", { file, problem: "it repeats another record" });
    const problem =
      this.#problemOf(runId, digest) ??
      (earlier.digest === repeats.digest
        ? this.#problemOf(repeats.runId, earlier.digest)
        : `it repeats ${repeats.runId}, whose record has changed`);
    const run = { runId: repeats.runId, file, digest: earlier.digest, record: earlier.value };
    return {
      ...run,
      repetition: { runId, startedAt, durationMs },
      ...(problem !== undefined && { problem }),
    };
  }

  /** Why what has this digest is not what was written as the record of a run. */
  #problemOf(runId: string, digest: string): string | undefined {
    const entries = this.#journal.about("run", runId);
    const [entry] = entries;
    if (entry === undefined) {
      const [first] = this.#journal.breaks;
      const where = first === undefined ? "" : ` after it was broken at line ${first.line}`;
      return `the journal has no entry of this run${where}`;
    }
    if (entries.length > 1) return "the journal has more than one entry of this run";
    return entry.digest === digest ? undefined : "it is not the record that the journal has";
  }

  #readFile(runId: string): RecordContent {
    const path = this.pathOf(runId);
    const isId = RUN_ID.test(runId);
    if (isId && !existsSync(path))
      finishPending(
        path,
        this.#journal.about("run", runId).map(({ digest }) => digest),
      );
    const signature = isId ? statSignature(path) : undefined;
    if (signature === undefined) {
      const code = isId && this.#isUnrecorded(runId) ? "RUN_INTERRUPTED" : "RUN_NOT_FOUND";
      throw pipeliteError(code, { run: runId });
    }
    const kept = this.#kept.get(runId);
    if (kept?.signature === signature) return kept;
    const content = { ...readRecordFile(path, runId), signature };
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= KEPT_MAX) this.#kept.delete(oldest);
    this.#kept.set(runId, content);
    return content;
  }

  #logOf(runId: string): string {
    return join(this.#layout.events, `${runId}.ndjson`);
  }

  #pathOf(file: string): string {
    return join(this.#layout.own, file);
  }
}

/** What is called so in a folder, without the ending. */
function namesIn(folder: string, ending: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
  return names.map((name) => name.slice(0, -ending.length)).filter((name) => RUN_ID.test(name));
}

/** One run in a line: of a repetition its own times, and nothing built. */
export function summaryOf({ runId: of, record, repetition, problem }: ReadRun): RunSummary {
  const { pipeline, pipelineFile, status } = record;
  const { runId, startedAt, durationMs } = repetition ?? {
    runId: of,
    startedAt: record.startedAt,
    durationMs: record.tookMs ?? record.durationMs,
  };
  return {
    runId,
    pipeline,
    pipelineFile,
    startedAt,
    durationMs,
    status,
    ...workOf(record, repetition === undefined ? record.stages : cachedStages(record)),
    ...(repetition !== undefined && { repeats: of }),
    ...(problem !== undefined && { problem }),
  };
}
