// What a stage may cost. It is the engine's affair and no part of what the stage is: its output has the same path whatever
// is said here.
import { pipeliteError } from "./errors.ts";

export interface Costs {
  /** Memory of all its processes together. Default: what the machine has, less 10 %. No more are started than have room. */
  readonly memoryBytes?: number | undefined;
  /** Processors: it is held to them, and told. Default: all there are, counting as one for what runs beside it. */
  readonly cpus?: number | undefined;
  /** It is stopped after this time. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** How often it is tried again after it failed, after a pause each time. Default: 0. */
  readonly retries?: number | undefined;
  /** Processes and threads at a time. Default: 4,096. */
  readonly processes?: number | undefined;
  /** Apparent size of its output, holes counted. Default: 1 TiB. */
  readonly outputBytes?: number | undefined;
  /** Default: 64 MiB. */
  readonly logBytes?: number | undefined;
}

const WHOLE_FROM_1 = {
  wanted: "a whole number from 1",
  accepts: (value: number) => isWhole(value) && value > 0,
};

const KINDS: Readonly<Record<keyof Costs, { wanted: string; accepts: (value: number) => boolean }>> = {
  memoryBytes: WHOLE_FROM_1,
  cpus: { wanted: "a number from 0.01", accepts: (value) => Number.isFinite(value) && value >= 0.01 },
  // What setTimeout can wait for.
  timeoutMs: { wanted: "from 1 to 2147483647", accepts: (value) => value >= 1 && value < 2 ** 31 },
  retries: { wanted: "a whole number from 0", accepts: (value) => isWhole(value) && value >= 0 },
  processes: WHOLE_FROM_1,
  outputBytes: WHOLE_FROM_1,
  logBytes: WHOLE_FROM_1,
};

export const COSTS: readonly string[] = Object.keys(KINDS);

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value);
}

/** @throws COST_INVALID */
export function checkCosts(costs: object, place: string): void {
  for (const [name, value] of Object.entries(costs)) {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name as keyof typeof KINDS] : undefined;
    if (kind === undefined || value === undefined) continue;
    const { wanted, accepts } = kind;
    if (typeof value === "number" && accepts(value)) continue;
    throw pipeliteError("COST_INVALID", { place, name, value: JSON.stringify(value), wanted });
  }
}
