// Which processors a stage with a limit on them runs on. Programs see how many there are and start as many threads: a quota
// alone would let them start too many. The stages of this process are spread over all it has.
import { readFileSync } from "node:fs";
import { largest } from "#base/extremes.ts";

const uses = new Map<number, number>();

/** Processors for one stage, those that the fewest others have. @returns them, and a function that gives them back */
export function takeProcessors(cpus: number, all: readonly number[] = ownProcessors()) {
  const usesOf = (processor: number): number => uses.get(processor) ?? 0;
  const taken = all.toSorted((a, b) => usesOf(a) - usesOf(b) || a - b).slice(0, Math.max(1, Math.ceil(cpus)));
  const count = (change: number): void => {
    for (const processor of taken) uses.set(processor, usesOf(processor) + change);
  };
  count(1);
  return { processors: taken, giveBack: () => count(-1) };
}

/** Those that this process may run on: `0-3,8`. */
function ownProcessors(): number[] {
  const [, list = ""] =
    /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** A cpu_set_t of whole words. */
export function processorMask(processors: readonly number[]): Uint8Array {
  const WORD_BITS = 64;
  const words = new BigUint64Array(Math.floor(largest(processors, 0) / WORD_BITS) + 1);
  for (const processor of processors)
    words[Math.floor(processor / WORD_BITS)] =
      (words[Math.floor(processor / WORD_BITS)] ?? 0n) | (1n << BigInt(processor % WORD_BITS));
  return new Uint8Array(words.buffer);
}
