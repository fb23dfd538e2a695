// Measures programs against each other: one after the other in turns (A B A B ...), so that a change of the machine's
// load meets all of them, and each by its median and its quickest run.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** One side of a comparison. */
export interface Side {
  name: string;
  command: readonly [program: string, ...words: string[]];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Done before every run and not measured. */
  prepare?: () => void;
  /** It prints the milliseconds that count, without its own start, as its last line. */
  timesItself?: boolean;
}

export interface Job {
  name: string;
  /** Ours first. */
  sides: readonly [Side, Side];
  repeats: number;
  /** The quickest of ours over the quickest of the other must not be more. */
  target: number;
}

export interface Place {
  /** An empty folder for everything that is made. */
  folder: string;
  /** The installed command. */
  pipelite: string;
}

export interface Measured {
  name: string;
  runs: number;
  medianMs: number;
  minMs: number;
  /** User and system time of the program and what it waited for, mean of all runs. */
  cpuMs: number;
}

/** /proc counts processor time in hundredths of a second, whatever the kernel's own clock. */
const TICK_MS = 10;

/** Runs every side once to warm up, then all in turns. A side that fails ends the measurement. */
export function measure(sides: readonly Side[], repeats: number): Measured[] {
  for (const side of sides) time(side);
  const samples = sides.map((): { wallMs: number; cpuMs: number }[] => []);
  for (let run = 0; run < repeats; run += 1) {
    for (const [index, side] of sides.entries()) samples[index]?.push(time(side));
  }
  return sides.map(({ name }, index) => summarise(name, samples[index] ?? []));
}

function time({ name, command, env, cwd, prepare, timesItself = false }: Side): {
  wallMs: number;
  cpuMs: number;
} {
  prepare?.();
  const [program, ...words] = command;
  const cpuBefore = childrenCpuMs();
  const start = performance.now();
  const { status, signal, stdout, stderr, error } = spawnSync(program, words, {
    stdio: ["ignore", timesItself ? "pipe" : "ignore", "pipe"],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const wallMs = performance.now() - start;
  if (status !== 0) {
    const ending = error?.message ?? (signal === null ? `status ${status}` : `signal ${signal}`);
    throw new Error(`${name} ended with ${ending}: ${command.join(" ")}\n${stderr?.toString()}`);
  }
  const ownMs = timesItself ? Number(stdout.toString().trim().split("\n").at(-1)) : wallMs;
  return { wallMs: ownMs, cpuMs: childrenCpuMs() - cpuBefore };
}

/** What all programs we waited for have used so far. */
export function childrenCpuMs(): number {
  const fields = readFileSync("/proc/self/stat", "latin1").split(") ")[1]?.split(" ") ?? [];
  // Fields 16 and 17 of proc(5), counted from behind the name: cutime and cstime.
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

function summarise(name: string, samples: readonly { wallMs: number; cpuMs: number }[]): Measured {
  const walls = samples.map(({ wallMs }) => wallMs).toSorted((a, b) => a - b);
  const cpu = samples.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  return {
    name,
    runs: samples.length,
    medianMs: median(walls),
    minMs: walls[0] ?? Number.NaN,
    cpuMs: cpu / samples.length,
  };
}

export function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
