// The record files of a home, as src/run/record-file.ts writes them: one JSON file a run. A file is bytes from somewhere:
// what the index needs of it is checked, and a wrong one is told, not trusted.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { statSignature } from "#base/files.ts";
import { isRepeat, repeatRecord } from "#evidence/repeat.ts";
import { RECORD_SCHEMA, type RunRecord } from "#evidence/run-record.ts";

export interface RecordFile {
  file: string;
  /** Changes whenever the file does. */
  signature: string;
}

/** All record files by run id, in the order of the runs. */
export function recordFiles(home: string): Map<string, RecordFile> {
  const folder = runsFolder(home);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return new Map(
    names.toSorted().flatMap((name) => {
      const file = join(folder, name);
      const signature = statSignature(file);
      return signature === undefined ? [] : [[name.slice(0, -".json".length), { file, signature }] as const];
    }),
  );
}

export interface ReadRecord {
  record: RunRecord;
  /** `sha256:<hex>` of the file. */
  digest: string;
}

/** Reads the record of a run; throws an Error that says what is wrong with it. */
export type RecordReader = (runId: string) => ReadRecord;

export function recordReader(home: string): RecordReader {
  // Runs without work repeat the same one, many in a row.
  let repeated: (ReadRecord & { runId: string }) | undefined;
  const readRepeated = (runId: string): ReadRecord => {
    if (repeated?.runId === runId) return repeated;
    const { content, digest } = readJson(home, runId);
    if (isRepeat(content)) throw new Error(`it repeats ${runId}, which repeats another`);
    repeated = { runId, record: checkRecord(content, runId), digest };
    return repeated;
  };
  return (runId) => {
    const { content, digest } = readJson(home, runId);
    if (!isRepeat(content)) return { record: checkRecord(content, runId), digest };
    const earlier = readRepeated(content.repeats.runId);
    if (earlier.digest !== content.repeats.digest) {
      throw new Error(`it repeats ${content.repeats.runId}, whose record is not the same any more`);
    }
    // Such a run built nothing, so its claims are no new measurements.
    return { record: checkRecord({ ...repeatRecord(earlier.record, content), claims: [] }, runId), digest };
  };
}

function readJson(home: string, runId: string): { content: unknown; digest: string } {
  const bytes = readFileSync(join(runsFolder(home), `${runId}.json`));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { content: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), digest };
}

function checkRecord(content: unknown, runId: string): RunRecord {
  if (typeof content !== "object" || content === null) throw new Error("it is no object");
  const record: Partial<RunRecord> = content;
  // Schema 1 is the same without claims.
  if (typeof record.schema !== "number" || record.schema > RECORD_SCHEMA) {
    throw new Error(`its schema is ${String(record.schema)}`);
  }
  if (record.runId !== runId) throw new Error(`it is the record of ${String(record.runId)}`);
  if (!Array.isArray(record.stages)) throw new Error("its stages are no list");
  return record as RunRecord;
}

function runsFolder(home: string): string {
  return join(home, "pipelite", "runs");
}
