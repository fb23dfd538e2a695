// Measures programs against each other: one after the other in turns (A B A B ...), so that a change of the machine's
// load meets all of them, and each by its quickest run, which is disturbed least, and its median.
import { sample, type Run, type Sample } from "./sample.ts";

/** One side of a comparison. */
export interface Side extends Run {
  name: string;
  /** Done before every run and not measured. */
  prepare?: () => void | Promise<void>;
}

export interface Job {
  name: string;
  /** Ours first. */
  sides: readonly [Side, Side];
  repeats: number;
  /** The quickest of ours over the quickest of the other must not be more. */
  target: number;
  /** What stands between us and the target, from a profile, and how far away the floor is: said where it is missed. */
  limit: string;
  /** A run that takes longer is ended; five minutes without more. */
  limitMs?: number;
  /** Why the other can't be measured here: the job is skipped. */
  missing?: string;
  /** What else is asked of our side. */
  figures?: readonly WantedFigure[];
}

/** A figure of our side, or of what it takes more than the other, with a target of its own. */
export interface WantedFigure {
  name: string;
  unit: string;
  of: (ours: Measured, peer: Measured) => number | undefined;
  /** It must not be more. Absent for what is only told. */
  target?: number;
  /** As of a job. */
  limit?: string;
  /** A busy machine does not change it. */
  isSteady?: boolean;
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
  minMs: number;
  medianMs: number;
  /** Least processor time of a run: user and system, of the program and what it waited for. */
  cpuMs: number;
  /** Least processor time of the main thread of the program itself. */
  mainMs: number;
  /** Median of the most memory that the program itself had; undefined when it is over too soon to look. */
  peakMib: number | undefined;
  /** Median of the lines that were to be counted. */
  count: number;
  /** It was ended after its time, and not run again. */
  isOver: boolean;
}

export const LIMIT_MS = 5 * 60_000;

/** Runs every side once to warm up (not where a run takes long), then all in turns. A side that fails ends the measurement. */
export async function measure(
  sides: readonly Side[],
  repeats: number,
  { warmUp = repeats > 3, limitMs = LIMIT_MS }: { warmUp?: boolean; limitMs?: number } = {},
): Promise<Measured[]> {
  const all = sides.map((side) => ({ side, samples: [] as Sample[] }));
  if (warmUp) for (const side of sides) await once(side, limitMs);
  for (let run = 0; run < repeats; run += 1) {
    for (const { side, samples } of all)
      if (samples.at(-1)?.status !== null) samples.push(await once(side, limitMs));
  }
  return all.map(({ side, samples }) => summarise(side.name, samples));
}

async function once(side: Side, limitMs: number): Promise<Sample> {
  await side.prepare?.();
  const taken = await sample(side, limitMs);
  if (taken.status === 0 || taken.status === null) return taken;
  throw new Error(`${side.name} ended with ${taken.status}: ${side.command.join(" ")}\n${taken.stderr}`);
}

function summarise(name: string, samples: readonly Sample[]): Measured {
  const ended = samples.filter(({ status }) => status === 0);
  const sorted = (figure: "wallMs" | "cpuMs" | "mainMs" | "peakMib" | "count") =>
    ended.map((each) => each[figure]).toSorted((a, b) => a - b);
  return {
    name,
    runs: samples.length,
    minMs: sorted("wallMs")[0] ?? Number.NaN,
    medianMs: median(sorted("wallMs")),
    cpuMs: sorted("cpuMs")[0] ?? Number.NaN,
    mainMs: sorted("mainMs")[0] ?? Number.NaN,
    peakMib: median(sorted("peakMib").filter((peak) => peak > 0)) || undefined,
    count: median(sorted("count")),
    isOver: samples.some(({ status }) => status === null),
  };
}

export function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
