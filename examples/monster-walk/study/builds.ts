// Builds the variations: each in one home, then all again in another, from the last to the first.
import { mkdtempSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../../src/base/files.ts";
import { openHome } from "../../../src/home/home.ts";
import type { RunRecord, StageRecord } from "../../../src/home/run-record.ts";
import { runPipeline } from "../../../src/run/run.ts";
import type { Build, Row, Study, Tone } from "./rows.ts";

const PIPELINE = join(import.meta.dirname, "pipeline.ts");
const STAGE = "audio";

interface Measured {
  chord: MeasuredTones;
  walk: MeasuredTones;
}

interface MeasuredTones {
  measured: { tones: { deviationHz: number; standardErrorHz: number }[] };
}

/** @param folder where the two homes are made; they are removed at the end */
export async function buildVariations(
  asked: number,
  folder: string,
  onBuild: (done: number, of: number) => void,
): Promise<Study> {
  const homes = [mkdtempSync(join(folder, "first-")), mkdtempSync(join(folder, "second-"))] as const;
  const rows = Array.from({ length: asked }, (_, index): Row => ({ seed: index + 1, chord: [], walk: [] }));
  const startedAt = new Date().toISOString();
  const loadBefore = oneMinuteLoad();
  const records: RunRecord[] = [];
  const build = async (row: Row, home: string): Promise<Build> => {
    const record = await run(row.seed, home);
    records.push(record);
    onBuild(records.length, 2 * asked);
    return buildOf(record, records.length);
  };
  try {
    for (const row of rows) {
      row.first = await build(row, homes[0]);
      Object.assign(row, readMeasured(homes[0], records.at(-1)));
    }
    for (const row of rows.toReversed()) row.second = await build(row, homes[1]);
  } finally {
    for (const home of homes) removeTree(home);
  }
  return {
    asked,
    startedAt,
    finishedAt: new Date().toISOString(),
    host: { ...hostOf(records), "load before": loadBefore, "load after": oneMinuteLoad() },
    sandbox: distinct(records.map(({ sandbox: { kind, version = "" } }) => `${kind} ${version}`.trim())),
    sources: sourcesOf(records),
    rows,
  };
}

async function run(seed: number, folder: string): Promise<RunRecord> {
  const home = openHome(folder);
  const { runId } = await runPipeline({
    pipeline: PIPELINE,
    stages: [],
    home,
    engine: "embedded",
    params: { seed: String(seed) },
    out: null,
    keepGoing: false,
    paranoid: false,
    listener: () => undefined,
    signal: new AbortController().signal,
  });
  return home.runs.read(runId).record;
}

function stageOf({ stages }: RunRecord): StageRecord {
  const stage = stages.find(({ name }) => name === STAGE);
  if (stage === undefined) throw new Error(`the run has no stage ${STAGE}`);
  return stage;
}

function buildOf(record: RunRecord, order: number): Build {
  const { status, drvPath, narHash, narSize, failure, usage } = stageOf(record);
  return {
    status,
    order,
    ...(drvPath !== undefined && { drvPath }),
    ...(narHash !== undefined && { narHash }),
    ...(narSize !== undefined && { narSize }),
    ...(failure !== undefined && { failure: failure.code }),
    ...(usage !== undefined && { wallMs: rounded(usage.wallMs) }),
    ...(usage?.cpuUserMs !== undefined && { cpuUserMs: rounded(usage.cpuUserMs) }),
    ...(usage?.cpuSystemMs !== undefined && { cpuSystemMs: rounded(usage.cpuSystemMs) }),
    ...(usage?.peakMemoryBytes !== undefined && { peakMemoryBytes: usage.peakMemoryBytes }),
  };
}

/** Microseconds: less than the clocks resolve. */
function rounded(ms: number): number {
  return Number(ms.toFixed(3));
}

function readMeasured(home: string, record: RunRecord | undefined): { chord: Tone[]; walk: Tone[] } {
  const outPath = record === undefined ? undefined : stageOf(record).outPath;
  if (outPath === undefined) return { chord: [], walk: [] };
  const { chord, walk } = JSON.parse(readFileSync(join(home, outPath, "measured.json"), "utf8")) as Measured;
  const tonesOf = ({ measured: { tones } }: MeasuredTones) =>
    tones.map(({ deviationHz, standardErrorHz }): Tone => [
      inMicrohertz(deviationHz),
      inMicrohertz(standardErrorHz),
    ]);
  return { chord: tonesOf(chord), walk: tonesOf(walk) };
}

/** To the digits that the stage writes. */
function inMicrohertz(hertz: number): number {
  return Number((hertz * 1e6).toFixed(3));
}

function sourcesOf(records: readonly RunRecord[]): Record<string, string> {
  const usages = records.flatMap(({ stages }) => stages.flatMap(({ usage }) => usage ?? []));
  const names = ["wall", "cpu", "memory", "io"] as const;
  return Object.fromEntries(names.map((name) => [name, distinct(usages.map(({ source }) => source[name]))]));
}

function hostOf(records: readonly RunRecord[]): Record<string, string | number> {
  const host = records[0]?.host;
  if (host === undefined) return {};
  const { system, kernel, cores, node, pipelite } = host;
  return { system, processor: cpus()[0]?.model ?? "unknown", cores, kernel, node, pipelite };
}

function distinct(words: readonly string[]): string {
  return [...new Set(words)].toSorted().join(", ");
}

function oneMinuteLoad(): number {
  return loadavg()[0] ?? Number.NaN;
}
