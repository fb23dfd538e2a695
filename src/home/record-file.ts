// The file of one record, and its form of before for runs that had nothing to do.
import type { Hash } from "node:crypto";
import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { linesOfJson } from "#base/canonical-json.ts";
import { digestOf } from "#base/digest.ts";
import { bytesOfFile, makeFolder, writeContent } from "#base/files.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { pipeliteError } from "./errors.ts";
import { pendingOf } from "./pending.ts";
import { parseRecord } from "./record-shape.ts";
import { RECORD_SCHEMA, type RunRecord } from "./run-record.ts";

/** How runs that had nothing to do were kept up to November 2026: a file of their own. */
export interface OldRepeat {
  schema: typeof RECORD_SCHEMA;
  runId: string;
  repeats: { runId: string; digest: string };
  startedAt: string;
  finishedAt: string;
  durationMs: number;
}

const OLD_REPEAT = shape.object<OldRepeat>({
  schema: shape.oneOf(RECORD_SCHEMA),
  runId: shape.text,
  repeats: shape.object<OldRepeat["repeats"]>({ runId: shape.text, digest: shape.digest }),
  startedAt: shape.time,
  finishedAt: shape.time,
  durationMs: shape.amount,
});

export interface RecordContent {
  digest: string;
  value: RunRecord | OldRepeat;
}

/** @throws RUN_RECORD_INVALID */
export function readRecordFile(file: string, runId: string): RecordContent {
  try {
    const bytes = bytesOfFile(file);
    if (bytes === undefined) throw new SyntaxError("it is not a file");
    const value = parseStrictJson(bytes);
    const isRepeat =
      typeof value === "object" && value !== null && "repeats" in value && !("stages" in value);
    const content = isRepeat ? shape.requireShape(OLD_REPEAT, value) : parseRecord(value);
    if (content.runId !== runId) throw new SyntaxError(`it is the record of run ${content.runId}`);
    return { digest: digestOf(bytes), value: content };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("RUN_RECORD_INVALID", { file, problem }, error);
  }
}

/** Relative to `<home>/pipelite`. */
export function runFileOf(runId: string): string {
  return `runs/${runId}.json`;
}

export function runOfFile(file: string): string | undefined {
  return /^runs\/([\w-]+)\.json$/.exec(file)?.[1];
}

/**
 * Writes a record under another name than its own, which it gets when its line is in the journal: what is stopped before that has
 * left no record.
 * @returns its digest
 */
export function writePendingRecord(path: string, record: RunRecord): string {
  // Loaded now: a run with nothing to do writes no record.
  const sum = process.getBuiltinModule("node:crypto").createHash("sha256");
  makeFolder(dirname(path));
  writeContent(pendingOf(path), summed(linesOfJson({ ...record }), sum), { flush: true });
  return `sha256:${sum.digest("hex")}`;
}

export function nameRecord(path: string): void {
  renameSync(pendingOf(path), path);
}

function* summed(blocks: Iterable<string>, sum: Hash): Generator<string, undefined> {
  for (const block of blocks) {
    sum.update(block);
    yield block;
  }
}
