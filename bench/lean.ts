// The Lean kernel beside nanoda, the checker in Rust: both check the same exports in turns, each in a process of its own,
// so that the start of Node is part of our time. Without nanoda only ours is measured, and that is said.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WORKLOADS } from "./lean-exports.ts";
import { median } from "./measure.ts";
import { sample, type Command, type Sample } from "./sample.ts";

/** A path, or a name on the PATH: nanoda is on no registry, and is built by hand. */
const NANODA = process.env["PIPELITE_NANODA"] ?? "nanoda_bin";
/** No more than this many times nanoda's processor time and memory. */
const TIME_TARGET = 3;
const MEMORY_TARGET = 4;
const RUN_MS_MAX = 900_000;
/** An empty program would be over before its memory is looked at. */
const IDLE = "setTimeout(() => {}, 100)";
const IDLE_REPEATS = 3;

export interface LeanReport {
  /** An empty program of Node: what of ours is the runtime's. */
  runtime: Sample[];
  results: LeanResult[];
}

export interface LeanResult {
  name: string;
  megabytes: number;
  ours: Sample[];
  /** Empty where nanoda is not at hand. */
  nanoda: Sample[];
}

/**
 * @param pipelite the installed command
 * @param wanted parts of names of workloads; empty for all
 */
export async function benchLean(
  folder: string,
  pipelite: string,
  wanted: readonly string[],
): Promise<LeanReport> {
  mkdirSync(folder, { recursive: true });
  const isWanted = (name: string): boolean =>
    wanted.length === 0 || wanted.some((part) => name.includes(part));
  const results: LeanResult[] = [];
  for (const { name, repeats, write } of WORKLOADS.filter((one) => isWanted(one.name))) {
    const file = join(folder, "export.ndjson");
    await write(file);
    const result: LeanResult = { name, megabytes: statSync(file).size / 1e6, ours: [], nanoda: [] };
    const peer = isPresent() ? nanodaCommand(folder, file) : undefined;
    for (let run = 0; run < repeats; run++) {
      result.ours.push(await sample({ command: [pipelite, "lean", "check", file] }, RUN_MS_MAX));
      if (peer !== undefined) result.nanoda.push(await sample({ command: peer }, RUN_MS_MAX));
    }
    rmSync(file);
    process.stderr.write(`${name}: ${shown(result.ours)} beside ${shown(result.nanoda)}\n`);
    results.push(result);
  }
  const runtime: Sample[] = [];
  for (let run = 0; run < IDLE_REPEATS; run++)
    runtime.push(await sample({ command: [process.execPath, "--eval", IDLE] }, RUN_MS_MAX));
  return { runtime, results };
}

function nanodaCommand(folder: string, file: string): Command {
  const config = join(folder, `nanoda.json`);
  const options = {
    export_file_path: file,
    use_stdin: false,
    permitted_axioms: ["propext", "Classical.choice", "Quot.sound"],
    unpermitted_axiom_hard_error: false,
    nat_extension: true,
    string_extension: true,
    print_success_message: false,
    num_threads: 1,
  };
  writeFileSync(config, JSON.stringify(options));
  // It recurses on the stack, and wants more of it than programs have by default.
  return ["sh", "-c", 'ulimit -s unlimited; exec "$0" "$1"', NANODA, config];
}

function isPresent(): boolean {
  return spawnSync("sh", ["-c", `command -v ${NANODA}`]).status === 0;
}

/** Below this nothing is said of ratios. */
const SHORTEST_MS = 50;

/** Rows of a Markdown table. */
export function leanTable({ runtime, results }: LeanReport): string {
  const head = ["export", "MB", "pipelite", "nanoda", "processor time", "memory"];
  const rows = results.map(({ name, megabytes, ours, nanoda }) => {
    const row = [name, megabytes.toFixed(1), shown(ours)];
    if (nanoda.length === 0) return [...row, `not run: ${NANODA} not found`, "", ""];
    return [...row, shown(nanoda), judge(ours, nanoda, "cpuMs"), judge(ours, nanoda, "peakMib")];
  });
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const what = [
    "Processor time in seconds (median), peak memory in MiB; ratios of minima, ours to nanoda's.",
    `A program of Node that only waits 100 ms: ${shown(runtime)}. Ours is \`pipelite lean check FILE\`, nanoda's \`nanoda_bin CONFIG\` with one thread.`,
  ];
  return `${lines.join("\n")}\n\n${what.join(" ")}\n`;
}

const TARGETS = { cpuMs: TIME_TARGET, peakMib: MEMORY_TARGET };

function judge(ours: readonly Sample[], nanoda: readonly Sample[], figure: keyof typeof TARGETS): string {
  if (ours.some(({ status }) => status !== 0)) return "missed: no answer";
  if (nanoda.some(({ status }) => status !== 0)) return "nanoda gives no answer";
  if (minimum(nanoda, "cpuMs") < SHORTEST_MS) return "too short";
  const ratio = minimum(ours, figure) / minimum(nanoda, figure);
  return `${ratio.toFixed(2)} of ${TARGETS[figure]}: ${ratio <= TARGETS[figure] ? "reached" : "missed"}`;
}

function shown(samples: readonly Sample[]): string {
  if (samples.length === 0) return "not run";
  const bad = samples.find(({ status }) => status !== 0);
  const cpu = median(samples.map(({ cpuMs }) => cpuMs).toSorted((a, b) => a - b));
  const figures = `${seconds(minimum(samples, "cpuMs"))} (${seconds(cpu)}), ${minimum(samples, "peakMib").toFixed(0)}`;
  if (bad === undefined) return figures;
  return `${bad.status === null ? `stopped after ${RUN_MS_MAX / 1000} s` : `status ${bad.status}`}: ${figures}`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);

function minimum(samples: readonly Sample[], figure: "cpuMs" | "peakMib"): number {
  return Math.min(...samples.map((one) => one[figure]));
}
