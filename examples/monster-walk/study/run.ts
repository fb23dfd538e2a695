// `npm run study`: builds seeded variations of the Monster Walk's audio stage twice each, compares the bytes, and publishes
// what came out: result.json has the rows, the page (README.md) what follows from them.
//   --runs N   so many variations instead of all; written to a new temporary folder
//   --out DIR  write there and leave the files of this folder alone
//   --check    build nothing: hold the page against the rows
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run, show } from "../../../src/api/index.ts";
import { removeTree } from "../../../src/base/files.ts";
import {
  outcomeOf,
  OUTCOMES,
  parseStudy,
  writePage,
  writeStudy,
  type Build,
  type Row,
  type Study,
} from "./study.ts";

const RUNS = 205;
const FOLDER = import.meta.dirname;
const EXIT_DIFFERENT = 3;

interface Measured {
  measured: { tones: { deviationHz: number }[] };
}

async function build(seed: number, home: string) {
  const { runId } = await run({ pipeline: FOLDER, params: { seed: String(seed) }, home }).outcome;
  const { record } = await show({ run: runId, home });
  const stage = record.stages.find(({ name }) => name === "audio");
  if (stage === undefined) throw new Error(`run ${runId} has no stage audio`);
  const { status, drvPath = null, narHash = null, outPath, usage } = stage;
  return {
    build: { status, drvPath, narHash, wallMs: usage?.wallMs ?? null } satisfies Build,
    outPath,
    record,
  };
}

function largestDeviations(file: string): Row["largestMicrohertz"] {
  const { chord, walk } = JSON.parse(readFileSync(file, "utf8")) as { chord: Measured; walk: Measured };
  const largest = ({ measured: { tones } }: Measured): number =>
    Number((1e6 * Math.max(...tones.map(({ deviationHz }) => Math.abs(deviationHz)))).toFixed(3));
  return { chord: largest(chord), walk: largest(walk) };
}

/** All in one home, then all again in another, from the last to the first. */
async function buildVariations(count: number, folder: string): Promise<Study> {
  const startedAt = new Date().toISOString();
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  const [firstHome, secondHome] = [join(folder, "first"), join(folder, "second")];
  const rows = new Map<number, Omit<Row, "second">>();
  let about: Pick<Study, "host" | "sandbox"> | undefined;
  for (const seed of seeds) {
    const { build: first, outPath, record } = await build(seed, firstHome);
    const measured =
      outPath === undefined ? null : largestDeviations(join(firstHome, outPath, "measured.json"));
    rows.set(seed, { seed, first, largestMicrohertz: measured });
    const { system, kernel, cores, node } = record.host;
    const { kind, version = "" } = record.sandbox;
    const processor = cpus()[0]?.model ?? "unknown processor";
    about ??= { host: { system, processor, cores, kernel, node }, sandbox: `${kind} ${version}`.trim() };
    if (seed % 10 === 0) process.stderr.write(`${seed} of ${2 * count} builds, load ${loadavg()[0]}\n`);
  }
  const both: Row[] = [];
  for (const seed of seeds.toReversed()) {
    const row = rows.get(seed);
    if (row !== undefined) both.unshift({ ...row, second: (await build(seed, secondHome)).build });
  }
  const finishedAt = new Date().toISOString();
  return { startedAt, finishedAt, ...(about ?? { host: {}, sandbox: "none" }), rows: both };
}

async function publish(count: number, out: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-study-"));
  try {
    const study = await buildVariations(count, folder);
    mkdirSync(out, { recursive: true });
    if (out !== FOLDER) copyFileSync(join(FOLDER, "README.md"), join(out, "README.md"));
    writeFileSync(join(out, "result.json"), writeStudy(study));
    writeFileSync(join(out, "README.md"), pageOf(out));
    const outcomes = study.rows.map(outcomeOf);
    for (const outcome of OUTCOMES)
      process.stdout.write(`${outcome} ${outcomes.filter((one) => one === outcome).length} of ${count}\n`);
    process.stderr.write(`result and page: ${out}\n`);
    if (outcomes.some((outcome) => outcome !== "reproduced")) process.exitCode = EXIT_DIFFERENT;
  } finally {
    removeTree(folder);
  }
}

function pageOf(folder: string): string {
  const study = parseStudy(readFileSync(join(folder, "result.json"), "utf8"));
  return writePage(readFileSync(join(folder, "README.md"), "utf8"), study);
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: String(RUNS) },
    out: { type: "string" },
    check: { type: "boolean", default: false },
  },
});
const count = Number(values.runs);
if (!Number.isSafeInteger(count) || count < 1) throw new Error("--runs must be a whole number of at least 1");
if (!values.check) {
  const aside = count === RUNS ? FOLDER : mkdtempSync(join(tmpdir(), "pipelite-study-result-"));
  await publish(count, values.out ?? aside);
} else if (pageOf(FOLDER) !== readFileSync(join(FOLDER, "README.md"), "utf8")) {
  process.stderr.write("README.md is not what result.json gives\n");
  process.exitCode = EXIT_DIFFERENT;
}
