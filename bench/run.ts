// `npm run bench`: Pipelite beside real Nix, both measured in this one run. Prints a Markdown table, or JSON with
// `--json`. `--only hash,add,cold,no-op,graph,graph-10000,lean` chooses; `lean` is the kernel beside nanoda, which needs no Nix,
// and `lean:PART` those of its exports whose names have PART in them. What is measured is the package, built and installed for it.
import { mkdtempSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { removeTree } from "#base/files.ts";
import { install } from "./installed.ts";
import { JOBS } from "./jobs.ts";
import { benchLean, leanTable } from "./lean.ts";
import { measure, type Job, type Measured } from "./measure.ts";
import { nixVersion } from "./nix.ts";

interface Result {
  job: string;
  ours: Measured;
  peer: Measured;
  /** Ours over the peer's. */
  ratioOfMinima: number;
  ratioOfMedians: number;
  target: number;
  /** One-minute load of the machine, before and after. */
  load: [number, number];
}

const MISSING_CAPABILITY = 4;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, only: { type: "string" } } });
  const wanted = values.only?.split(",") ?? [...Object.keys(JOBS), "lean"];
  const lean = wanted.filter((name) => /^lean(:|$)/.test(name));
  if (lean.length > 0) await runLean(values.json === true, lean);
  const names = wanted.filter((name) => !lean.includes(name));
  if (names.length === 0) return;
  const nix = nixVersion();
  if (nix === undefined) return missing("nix-store is not on the PATH: there is nothing to measure beside");
  const folder = mkdtempSync(join(tmpdir(), "pipelite-bench-"));
  try {
    const place = { folder, pipelite: install(join(folder, "installed")) };
    const results = names.flatMap((name) => {
      const jobs = JOBS[name];
      if (jobs === undefined) throw new Error(`No job is called ${name}: ${Object.keys(JOBS).join(", ")}`);
      return inFolder(mkdtempSync(join(folder, `${name}-`)), (own) =>
        jobs({ ...place, folder: own }).map(runJob),
      );
    });
    const host = {
      processor: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      node: process.versions.node,
      nix,
    };
    process.stdout.write(
      values.json ? `${JSON.stringify({ host, results }, undefined, 2)}\n` : table(host, results),
    );
  } finally {
    removeTree(folder);
  }
}

async function runLean(json: boolean, wanted: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-bench-lean-"));
  try {
    const parts = wanted.includes("lean") ? [] : wanted.map((name) => name.slice("lean:".length));
    const results = await benchLean(join(folder, "exports"), install(join(folder, "installed")), parts);
    process.stdout.write(json ? `${JSON.stringify({ lean: results })}\n` : `${leanTable(results)}\n`);
  } finally {
    removeTree(folder);
  }
}

function missing(what: string): void {
  process.stderr.write(`${what}\n`);
  process.exitCode = MISSING_CAPABILITY;
}

function runJob({ name, sides, repeats, target }: Job): Result {
  const before = oneMinuteLoad();
  const [ours, peer] = measure(sides, repeats);
  if (ours === undefined || peer === undefined) throw new Error("a side was not measured");
  const ratioOfMinima = ours.minMs / peer.minMs;
  process.stderr.write(`${name}: ${ratioOfMinima.toFixed(2)}\n`);
  return {
    job: name,
    ours,
    peer,
    ratioOfMinima,
    ratioOfMedians: ours.medianMs / peer.medianMs,
    target,
    load: [before, oneMinuteLoad()],
  };
}

function oneMinuteLoad(): number {
  return loadavg()[0] ?? Number.NaN;
}

function table(host: Record<string, string | number>, results: readonly Result[]): string {
  const rows = results.map(({ job, ours, peer, ratioOfMinima, ratioOfMedians, target, load }) => [
    job,
    figures(ours),
    `${figures(peer)} ${peer.name}`,
    ratioOfMinima.toFixed(2),
    ratioOfMedians.toFixed(2),
    `${target.toFixed(2)}: ${ratioOfMinima <= target ? "reached" : "missed"}`,
    String(ours.runs),
    load.map((value) => value.toFixed(1)).join("-"),
  ]);
  const head = ["job", "pipelite", "beside", "ratio of minima", "of medians", "target", "runs", "load"];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const about = Object.entries(host).map(([name, value]) => `${name} ${value}`);
  return `${lines.join("\n")}\n\nMinimum (median; processor time, user and system) in ms. ${about.join(", ")}.\n`;
}

function figures({ minMs, medianMs, cpuMs }: Measured): string {
  return `${minMs.toFixed(0)} (${medianMs.toFixed(0)}; ${cpuMs.toFixed(0)})`;
}

function inFolder<T>(folder: string, action: (folder: string) => T): T {
  try {
    return action(folder);
  } finally {
    removeTree(folder);
  }
}

await main();
