// Feeds a parser with inputs that grow out of its corpus, keeps those that reach new code, and reports what a parser of
// foreign bytes must never do: throw anything but a refusal, or take longer than its size explains. The same seed gives the
// same inputs.
import { isPipeliteError } from "#base/errors.ts";
import { Coverage } from "./coverage.ts";
import { mutate, randomOf } from "./mutate.ts";

export interface Target {
  name: string;
  /** Takes the input in, or refuses it. */
  parse: (input: Uint8Array) => void | Promise<void>;
  /** What it may throw besides a PipeliteError of another kind than a fault of ours. */
  isRefusal?: (error: unknown) => boolean;
  /** Inputs that it takes, and some that it refuses. */
  corpus: readonly Uint8Array[];
}

export interface Finding {
  input: Uint8Array;
  problem: string;
}

export interface Fuzzed {
  inputs: number;
  /** The corpus with all that reached new code. */
  corpus: Uint8Array[];
  /** A finding ends the work on a target: the next would mostly be the same one. */
  finding: Finding | undefined;
}

export interface Budget {
  seed: number;
  /** Stops after so many inputs ... */
  inputsMax: number;
  /** ... or when this says so. */
  isOver?: () => boolean;
  /** Processor time for one input; by default far more than 16 KiB need. */
  limitMs?: number;
}

/** Asking for the coverage takes about a millisecond, so it is asked of many inputs at once. */
const BATCH = 16;
const SIZE_MAX = 16 * 1024;
export async function fuzz(
  target: Target,
  { seed, inputsMax, isOver = () => false, limitMs = 5000 }: Budget,
): Promise<Fuzzed> {
  using coverage = new Coverage((url) => url.includes("/src/") || url.includes("/test/fuzz/planted"));
  const random = randomOf(seed);
  const corpus = [...target.corpus];
  let finding = await first(corpus, (input) => attempt(target, input, limitMs));
  coverage.keep();
  let inputs = 0;
  while (finding === undefined && inputs < inputsMax && !isOver()) {
    const batch = Array.from({ length: BATCH }, () => mutate(corpus, random, SIZE_MAX));
    finding = await first(batch, (input) => attempt(target, input, limitMs));
    inputs += BATCH;
    if (!coverage.isNew()) continue;
    for (const input of batch) {
      await attempt(target, input, limitMs);
      if (coverage.keep()) corpus.push(input);
    }
  }
  return { inputs, corpus, finding };
}

async function first<T>(
  inputs: readonly Uint8Array[],
  find: (input: Uint8Array) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const input of inputs) {
    const found = await find(input);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function attempt(
  { parse, isRefusal }: Target,
  input: Uint8Array,
  limitMs: number,
): Promise<Finding | undefined> {
  const start = process.cpuUsage();
  try {
    await parse(input);
  } catch (error) {
    const isRefused = (isPipeliteError(error) && error.exitCode !== 70) || isRefusal?.(error) === true;
    if (!isRefused)
      return { input, problem: String(error instanceof Error ? (error.stack ?? error) : error) };
  }
  const { user } = process.cpuUsage(start);
  return user > limitMs * 1000 ? { input, problem: `it took ${Math.round(user / 1000)} ms` } : undefined;
}
