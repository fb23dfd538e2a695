// The Lean kernel beside nanoda, the checker in Rust: both check the same exports in turns, each in a process of its own,
// so that the start of Node is part of our time. Without nanoda only ours is measured, and that is said.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { exportsToCheck } from "./lean-exports.ts";
import { childrenCpuMs, median } from "./measure.ts";

const NANODA = "nanoda_bin";
const REPEATS = 3;
/** Of the issue that asked for the kernel: no more than this many times nanoda's time and memory. */
const TIME_TARGET = 5;
const MEMORY_TARGET = 4;
const POLL_MS = 5;
/** An empty program would be over before its memory is looked at. */
const IDLE = "setTimeout(() => {}, 100)";
const OUTPUT_MAX = 2 ** 28;

interface Sample {
  wallMs: number;
  /** Processor time, user and system, of all threads. */
  cpuMs: number;
  peakMib: number;
}

export interface LeanReport {
  /** An empty program of Node: what of ours is the runtime's. */
  runtime: Sample[];
  results: LeanResult[];
}

export interface LeanResult {
  file: string;
  /** Accepted, of all kinds. */
  constants: number;
  ours: Sample[];
  /** Empty where nanoda is not at hand. */
  nanoda: Sample[];
}

/** @param pipelite the installed command */
export async function benchLean(folder: string, pipelite: string): Promise<LeanReport> {
  const results: LeanResult[] = [];
  for (const file of await exportsToCheck(folder)) {
    const ours = ourCommand(pipelite, file);
    const constants = countAccepted(ours);
    const peer = isPresent() ? nanodaCommand(folder, file) : undefined;
    const result: LeanResult = { file: basename(file), constants, ours: [], nanoda: [] };
    for (let run = 0; run < REPEATS; run++) {
      result.ours.push(await sample(ours));
      if (peer !== undefined) result.nanoda.push(await sample(peer));
    }
    results.push(result);
  }
  const runtime: Sample[] = [];
  for (let run = 0; run < REPEATS; run++) runtime.push(await sample([process.execPath, "--eval", IDLE]));
  return { runtime, results };
}

type Command = readonly [program: string, ...words: string[]];

function ourCommand(pipelite: string, file: string): Command {
  return [pipelite, "lean", "check", "--json", file];
}

function countAccepted([program, ...words]: Command): number {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8", maxBuffer: OUTPUT_MAX });
  if (status !== 0) throw new Error(`${words.join(" ")} did not accept: ${stdout}${stderr}`);
  const { counts } = JSON.parse(stdout) as { counts: Record<string, number> };
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function nanodaCommand(folder: string, file: string): Command {
  const config = join(folder, `${basename(file)}.config.json`);
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
  return [NANODA, config];
}

function isPresent(): boolean {
  return spawnSync("sh", ["-c", `command -v ${NANODA}`]).status === 0;
}

async function sample([program, ...words]: Command): Promise<Sample> {
  const cpuBefore = childrenCpuMs();
  const start = performance.now();
  const child = spawn(program, words, { stdio: "ignore" });
  let peakMib = 0;
  const poll = setInterval(() => {
    peakMib = Math.max(peakMib, peakOf(child.pid));
  }, POLL_MS);
  const status = await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  clearInterval(poll);
  if (status !== 0) throw new Error(`${program} ended with status ${String(status)}`);
  return { wallMs: performance.now() - start, cpuMs: childrenCpuMs() - cpuBefore, peakMib };
}

/** The kernel's own high-water mark, which only grows: the last look before the end is close to it. */
function peakOf(pid: number | undefined): number {
  try {
    const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Below this nothing is said of ratios: the clock of processor time counts in hundredths of a second. */
const SHORTEST_MS = 50;

/** Rows of a Markdown table. */
export function leanTable({ runtime, results }: LeanReport): string {
  const nodeMib = minimum(runtime, "peakMib");
  const head = ["export", "constants", "a second", "pipelite", "nanoda", "time", "memory", "empty Node"];
  const rows = results.map(({ file, constants, ours, nanoda }) => {
    const quickest = minimum(ours, "cpuMs");
    const row = [file, String(constants), (constants / (quickest / 1000)).toFixed(0), figures(ours)];
    if (nanoda.length === 0) return [...row, `not run: ${NANODA} not found`, "", "", ""];
    if (minimum(nanoda, "cpuMs") < SHORTEST_MS) return [...row, figures(nanoda), "too short", "", ""];
    const time = quickest / minimum(nanoda, "cpuMs");
    const memory = minimum(ours, "peakMib") / minimum(nanoda, "peakMib");
    const node = `${(nodeMib / minimum(nanoda, "peakMib")).toFixed(2)} of the memory`;
    return [...row, figures(nanoda), judge(time, TIME_TARGET), judge(memory, MEMORY_TARGET), node];
  });
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const what = [
    "Processor time in ms (median; time by the clock), peak memory in MiB; ratios of minima, ours to nanoda's.",
    `A program of Node that only waits 100 ms: ${figures(runtime)}. Ours is \`pipelite lean check --json FILE\`, nanoda's \`${NANODA} CONFIG\`.`,
  ];
  return `${lines.join("\n")}\n\n${what.join(" ")}\n`;
}

function judge(ratio: number, target: number): string {
  return `${ratio.toFixed(2)} of ${target}: ${ratio <= target ? "reached" : "missed"}`;
}

function figures(samples: readonly Sample[]): string {
  const cpu = median(samples.map(({ cpuMs }) => cpuMs).toSorted((a, b) => a - b));
  const wall = minimum(samples, "wallMs");
  const memory = minimum(samples, "peakMib");
  return `${minimum(samples, "cpuMs").toFixed(0)} (${cpu.toFixed(0)}; ${wall.toFixed(0)}), ${memory.toFixed(0)}`;
}

function minimum(samples: readonly Sample[], figure: keyof Sample): number {
  return Math.min(...samples.map((one) => one[figure]));
}
