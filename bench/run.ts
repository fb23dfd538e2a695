// `npm run bench`: Pipelite beside real Nix and other tools, measured in this one run. Prints Markdown, or JSON with `--json`;
// with `--write` the tables of docs/benchmarks.md are made anew. `--only hash,add,image,cold,no-op,log,graph,peers,lean` chooses; `lean` is
// the kernel beside nanoda, and `lean:PART` those of its exports whose names have PART in them. What is measured is the
// package, built and installed for it. `--quick` runs each side once, to see that every row can be measured; it writes nothing.
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { removeTree } from "#base/files.ts";
import { install } from "./installed.ts";
import { JOBS } from "./jobs.ts";
import { benchLean, leanTable, type LeanReport } from "./lean.ts";
import { measure, type Job, type Place } from "./measure.ts";
import { nixVersion } from "./nix.ts";
import { benchPeers, type PeerTable } from "./peer-jobs.ts";
import { getTools } from "./peers.ts";
import {
  comparison,
  peersTable,
  provenance,
  writeTables,
  type Host,
  type Result,
  type Skipped,
} from "./report.ts";

const DOCUMENT = join(import.meta.dirname, "../docs/benchmarks.md");
const MISSING_CAPABILITY = 4;

/** Graphs of so many stages are built by other tools, too. */
const PEERS: Readonly<Record<string, readonly number[]>> = { peers: [6, 1000], "peers-10000": [10_000] };

/** One kind of measurement: its table, and the same for programs. */
type Measurement = { results: Result[]; skipped: Skipped[] } | { peers: PeerTable[] } | { lean: LeanReport };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      write: { type: "boolean" },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
    },
  });
  const { quick } = values;
  if (quick && values.write === true) throw new Error("What --quick measures is not to be written down");
  const names = values.only?.split(",") ?? [...Object.keys(JOBS), ...Object.keys(PEERS), "lean"];
  for (const name of names) {
    if (!(name in JOBS || name in PEERS || /^lean(:|$)/.test(name)))
      throw new Error(
        `Nothing is called ${name}: ${[...Object.keys(JOBS), ...Object.keys(PEERS), "lean"].join(", ")}`,
      );
  }
  const nix = nixVersion();
  if (nix === undefined && names.some((name) => !name.startsWith("lean"))) {
    process.stderr.write("nix-store is not on the PATH: there is nothing to measure beside\n");
    process.exitCode = MISSING_CAPABILITY;
    return;
  }
  const host = {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    node: process.versions.node,
    nix: nix ?? "unavailable",
  };
  await inFolder("pipelite-bench-", async (folder) => {
    const pipelite = install(join(folder, "installed"));
    const measured: Record<string, Measurement> = {};
    for (const name of names) {
      measured[name] = await inFolder(`pipelite-bench-${name.replace(":", "-")}-`, (own) =>
        measureOne(name, { folder: own, pipelite }, quick),
      );
      // Written at once: what comes after may be stopped.
      if (values.write === true) write(name, measured[name], host);
    }
    if (values.json === true) process.stdout.write(`${JSON.stringify({ host, measured }, undefined, 2)}\n`);
    else
      for (const [name, each] of Object.entries(measured))
        process.stdout.write(`${textOf(name, each, host)}\n`);
  });
}

async function measureOne(name: string, place: Place, isQuick: boolean): Promise<Measurement> {
  if (name.startsWith("lean")) {
    const part = name.slice("lean:".length);
    return {
      lean: await benchLean(join(place.folder, "exports"), place.pipelite, part === "" ? [] : [part]),
    };
  }
  const sizes = PEERS[name];
  if (sizes !== undefined) {
    const tools = getTools(join(place.folder, "tools"));
    const peers: PeerTable[] = [];
    for (const stages of sizes) peers.push(await benchPeers(place, stages, tools, oneMinuteLoad, isQuick));
    return { peers };
  }
  const results: Result[] = [];
  const skipped: Skipped[] = [];
  for (const job of JOBS[name]?.(place) ?? [])
    if (job.missing === undefined) results.push(await runJob(isQuick ? { ...job, repeats: 1 } : job));
    else skipped.push({ job: job.name, reason: job.missing });
  return { results, skipped };
}

async function runJob({ name, sides, repeats, target, limit, limitMs, figures = [] }: Job): Promise<Result> {
  const before = oneMinuteLoad();
  const [ours, peer] = await measure(sides, repeats, limitMs === undefined ? {} : { limitMs });
  if (ours === undefined || peer === undefined) throw new Error("a side was not measured");
  const ratioOfMinima = ours.minMs / peer.minMs;
  process.stderr.write(`${name}: ${ratioOfMinima.toFixed(2)}\n`);
  return {
    job: name,
    ours,
    peer,
    ratioOfMinima,
    ratioOfMedians: ours.medianMs / peer.medianMs,
    ratioOfProcessorTime: ours.cpuMs / peer.cpuMs,
    target,
    limit,
    figures: figures.map(({ of, ...figure }) => ({ ...figure, value: of(ours, peer) })),
    load: [before, oneMinuteLoad()],
  };
}

function textOf(name: string, measured: Measurement, host: Host): string {
  const tables =
    "lean" in measured
      ? leanTable(measured.lean)
      : "peers" in measured
        ? measured.peers.map(peersTable).join("\n\n")
        : comparison(measured.results, measured.skipped);
  return `${tables.trimEnd()}\n\n${provenance(name, host)}`;
}

function write(name: string, measured: Measurement, host: Host): void {
  if (name !== "lean" && name.startsWith("lean")) return leave(name, "it is a part of the table");
  if ("lean" in measured && measured.lean.results.every(({ nanoda }) => nanoda.length === 0))
    return leave(name, "nanoda is not here");
  writeTables(DOCUMENT, new Map([[name, textOf(name, measured, host)]]));
  spawnSync(join(import.meta.dirname, "../node_modules/.bin/oxfmt"), [DOCUMENT], { stdio: "ignore" });
}

function leave(name: string, why: string): void {
  process.stderr.write(`The table of ${name} stays as it is: ${why}\n`);
}

function oneMinuteLoad(): number {
  return loadavg()[0] ?? Number.NaN;
}

async function inFolder<T>(prefix: string, action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  try {
    return await action(folder);
  } finally {
    removeTree(folder);
  }
}

// Programs that are being measured end with us.
process.once("SIGINT", () => process.exit(130));
await main();
