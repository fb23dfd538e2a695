// The record of a run as the file that is signed for: its bytes, its digest, and whether the journal knows it so.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { hex } from "#base/bytes.ts";
import { finish } from "#base/steps.ts";
import { readJournal, type JournalEntry } from "#evidence/journal.ts";
import { isRepeat, wholeRecord } from "#evidence/repeat.ts";
import { RECORD_SCHEMA, type RunRecord } from "#evidence/run-record.ts";
import { sha256 } from "#nix/hash.ts";
import { hashSteps } from "#store/tree.ts";
import { pipeliteError } from "./errors.ts";

export interface RunFile {
  runId: string;
  /** Relative to `<home>/pipelite`, as in the journal. */
  file: string;
  /** `sha256:<hex>` of the file's bytes as they are now. */
  digest: string;
  record: RunRecord;
  /** A run that had nothing to do repeats another: what its file says of that one. */
  repeats?: { runId: string; digest: string; digestNow: string };
}

export function digestOfBytes(bytes: Uint8Array): string {
  return `sha256:${hex(sha256(bytes))}`;
}

/** @throws PipeliteError RUN_NOT_FOUND, RUN_RECORD_INVALID */
export function readRunFile(home: string, runId: string): RunFile {
  const { file, bytes, value } = readJsonFile(home, runId);
  const run = { runId, file, digest: digestOfBytes(bytes) };
  if (!isRepeat(value)) return { ...run, record: value as RunRecord };
  const earlier = readJsonFile(home, value.repeats.runId);
  const repeats = { ...value.repeats, digestNow: digestOfBytes(earlier.bytes) };
  return { ...run, record: wholeRecord(value, () => earlier.value), repeats };
}

function readJsonFile(home: string, runId: string): { file: string; bytes: Uint8Array; value: unknown } {
  const file = `runs/${runId}.json`;
  const path = join(home, "pipelite", file);
  if (!/^[\w-]+$/.test(runId) || !existsSync(path)) throw pipeliteError("RUN_NOT_FOUND", { run: runId });
  const bytes = readFileSync(path);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value = JSON.parse(text) as { schema?: unknown };
    if (value.schema !== RECORD_SCHEMA) throw new Error(`its schema is ${String(value.schema)}`);
    return { file, bytes, value };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("RUN_RECORD_INVALID", { file: path, problem }, error);
  }
}

/** Why the record is not the one that was written when the run ended; undefined when it is. */
export function recordProblem(
  { runId, digest, record, repeats }: RunFile,
  journal: readonly JournalEntry[],
): string | undefined {
  if (record.runId !== runId) return "it is the record of another run";
  const entries = journal.filter(({ kind, subject }) => kind === "run" && subject === runId);
  const [entry] = entries;
  if (entry === undefined) return "the journal has no entry of this run";
  if (entries.length > 1) return "the journal has more than one entry of this run";
  if (entry.digest !== digest) return "it is not the record that the journal has";
  if (repeats === undefined || repeats.digest === repeats.digestNow) return undefined;
  return `it repeats ${repeats.runId}, whose record has changed`;
}

/**
 * The record, if it is as it was written.
 * @throws PipeliteError RECORD_CHANGED, RUN_NOT_FOUND, JOURNAL_BROKEN
 */
export function requireUnchanged(home: string, runId: string): RunFile {
  const run = readRunFile(home, runId);
  const problem = recordProblem(run, readJournal(home));
  if (problem !== undefined) throw pipeliteError("RECORD_CHANGED", { run: runId, problem });
  return run;
}

/** sha256 of the NAR of the result tree, in hex, from what is on disk now; undefined where there is no tree. */
export function treeDigest(home: string, { tree }: Pick<RunRecord, "tree">): string | undefined {
  const physical = tree === undefined ? undefined : join(resolve(home), tree);
  return physical === undefined || !existsSync(physical)
    ? undefined
    : hex(finish(hashSteps(physical)).narHash);
}

/** How many earlier runs count for recurrence, and how many records are read to find them. */
const EARLIER_MAX = 50;
const READ_MAX = 500;

/**
 * The last runs of the same pipeline before this one that did something, newest first. Records that can't be read are
 * passed over: what they held can't be counted.
 */
export function readEarlier(
  home: string,
  { runId, pipeline }: Pick<RunRecord, "runId" | "pipeline">,
): RunRecord[] {
  const folder = join(home, "pipelite", "runs");
  if (!existsSync(folder)) return [];
  const ids = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .filter((id) => id < runId)
    .toSorted()
    .toReversed();
  const found: RunRecord[] = [];
  for (const id of ids.slice(0, READ_MAX)) {
    if (found.length === EARLIER_MAX) break;
    try {
      const { value } = readJsonFile(home, id);
      if (!isRepeat(value) && (value as RunRecord).pipeline === pipeline) found.push(value as RunRecord);
    } catch {
      continue;
    }
  }
  return found;
}
