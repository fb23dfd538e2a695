// Homes with synthetic run records: as a run writes them, with figures that a test chooses.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import type { Claim } from "#home/run-record.ts";
import { openHome, type Home } from "#home/home.ts";
import { countsOf, RECORD_SCHEMA, type RunRecord, type StageRecord } from "#home/run-record.ts";
import { withHistory, type HistoryLocation } from "#history/history.ts";
import { TABLES } from "#history/schema.ts";

export interface FakeStage {
  status?: StageRecord["status"];
  wallMs?: number;
  memory?: number;
  /** Check id -> value, as the stage's verdict.json states them. */
  checks?: Record<string, number>;
}

export interface FakeRun {
  /** Minutes after the start of all: also makes the run id. */
  at: number;
  pipeline?: string;
  runId?: string;
  host?: string;
  unit?: string;
  stages?: Record<string, FakeStage>;
}

/** `20261101T000500000Z-000005` for 5. */
export function runIdAt(at: number): string {
  const time = timeAt(at).replaceAll(/[-:.]/g, "");
  return `${time}-${at.toString(16).padStart(6, "0")}`;
}

function timeAt(at: number): string {
  return new Date(Date.UTC(2026, 10, 1) + at * 60_000).toISOString();
}

export function fakeRecord(run: FakeRun): RunRecord {
  const { at, pipeline = "walk", runId = runIdAt(at), stages = { audio: {} }, unit = "cents" } = run;
  const records = Object.entries(stages).map(([name, stage], index) => stageRecord(name, stage, index));
  return {
    schema: RECORD_SCHEMA,
    runId,
    pipeline,
    pipelineFile: `/project/${pipeline}/pipeline.ts`,
    startedAt: timeAt(at),
    finishedAt: timeAt(at),
    durationMs: 100 + records.reduce((sum, { durationMs }) => sum + durationMs, 0),
    status: "passed",
    engine: "embedded",
    sandbox: { kind: "bubblewrap", tried: [] },
    params: { seconds: 10 },
    host: { system: "x64-linux", kernel: run.host ?? "6.1", cores: 2, node: "26.10.0", pipelite: "0.1.0" },
    stages: records,
    materials: [],
    results: {},
    counts: countsOf(records),
    claims: Object.entries(stages).flatMap(([name, { checks = {} }], index) => [
      figureClaim(name, index, records[index]?.usage?.wallMs),
      ...Object.entries(checks).map(([id, value], check) => checkClaim({ name, id, value, check, unit })),
    ]),
  };
}

function stageRecord(name: string, stage: FakeStage, index: number): StageRecord {
  const { status = "built", wallMs = 1000 + index, memory = 50_000_000 } = stage;
  return {
    name,
    kind: "stage",
    status,
    place: "pipeline.ts:1:1",
    inputs: [],
    outPath: outPath(name),
    narHash: `sha256:${"0".repeat(64)}`,
    narSize: 1234,
    durationMs: status === "built" ? wallMs + 10 : 0,
    usage: {
      wallMs,
      cpuUserMs: wallMs / 2,
      cpuSystemMs: wallMs / 8,
      peakMemoryBytes: memory,
      source: { wall: "monotonic clock", cpu: "cgroup2", memory: "cgroup2", io: "unavailable" },
    },
  };
}

function outPath(name: string): string {
  return `/nix/store/${"a".repeat(32)}-${Buffer.from(name).toString("hex")}`;
}

function figureClaim(name: string, index: number, value = 0): Claim {
  return {
    id: `${name}/wall`,
    kind: "figure",
    statement: "wall",
    value,
    unit: "ms",
    formula: "$1",
    evidence: [`run.json#/stages/${index}/usage/wallMs`],
    status: "recorded",
  };
}

interface FakeCheck {
  name: string;
  id: string;
  value: number;
  check: number;
  unit: string;
}

function checkClaim({ name, id, value, check, unit }: FakeCheck): Claim {
  return {
    id: `${name}/${id}`,
    kind: "check",
    statement: id,
    value,
    unit,
    formula: "$1",
    evidence: [`${outPath(name)}/verdict.json#/checks/${check}/value`],
    status: "passed",
  };
}

export function writeRecords(home: Home, records: readonly RunRecord[]): void {
  for (const record of records) writeRecord(home, record);
}

/** Where there is a record of that run, the journal is made to agree, as one who may write in the whole home can. */
function writeRecord({ journal, runs }: Home, record: RunRecord): void {
  const entries = [...journal.entries];
  if (entries.some(({ subject }) => subject === record.runId)) {
    rmSync(journal.file);
    for (const { kind, subject, file, digest } of entries)
      if (subject !== record.runId) journal.append({ kind, subject, file, digest });
  }
  runs.write(record);
}

export class FakeHome implements Disposable {
  readonly home = openHome(mkdtempSync(join(tmpdir(), "pipelite-history-")));

  file(runId: string): string {
    return this.home.runs.pathOf(runId);
  }

  write(...records: RunRecord[]): void {
    writeRecords(this.home, records);
  }

  [Symbol.dispose](): void {
    removeTree(this.home.folder);
  }
}

/** What the index holds of the runs, each table in a fixed order; without the sync's own and the log of changes. */
export function contentOf(place: HistoryLocation): Promise<unknown[][]> {
  return withHistory(place, async ({ db }) => {
    const tables: unknown[][] = [];
    for (const name of TABLES.slice(0, 3)) {
      const rows = await db.selectFrom(name).selectAll().execute();
      tables.push(rows.map((row) => JSON.stringify(row)).toSorted());
    }
    return tables;
  });
}
