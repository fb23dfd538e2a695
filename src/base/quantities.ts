// Times, spans of time and sizes as people read them, everywhere: one choice of the unit, and three figures at most.
import { own } from "./own.ts";
import { formatNumber } from "./numbers.ts";

/** A finished span of time: `12ms`, `1.23s`, `42.1s`, `2m03s`, `1h02m`. */
export function formatDuration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)}ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)}s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  return formatElapsed(ms);
}

/** A running span of time, in whole seconds so that it does not flicker: `4s`, `2m03s`, `1h02m`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}

/** Bytes with a binary unit: `0 B`, `84.0 KiB`, `1.68 MiB`. */
export function formatSize(bytes: number): string {
  const [text, unit] = formatQuantity(bytes, "B");
  return `${text} ${unit}`;
}

/** A size that somebody set, with the digits that it has: `64 MiB`, `24.5 GiB`. */
export function formatSetSize(bytes: number): string {
  const { unit, divisor } = unitFor("B", bytes);
  return `${formatNumber(bytes / divisor)} ${unit}`;
}

/** `2026-11-21T07:01:42.788Z` -> `2026-11-21 07:01:42 UTC`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

export const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

interface Step {
  unit: string;
  divisor: number;
}

const STEPS: Readonly<Record<string, readonly Step[]>> = {
  ms: [
    { unit: "ms", divisor: 1 },
    { unit: "s", divisor: 1000 },
    { unit: "min", divisor: 60_000 },
    { unit: "h", divisor: 3_600_000 },
  ],
  B: ["B", "KiB", "MiB", "GiB", "TiB"].map((unit, power) => ({ unit, divisor: 1024 ** power })),
};

/** From here on in minutes or hours: 119 s, but 2 min. */
const KEPT_SECONDS = 120;

/** The unit for values up to `size` of what was measured in `unit`: one for a whole series. */
export function unitFor(unit: string, size: number): Step {
  const steps = own(STEPS, unit) ?? [{ unit, divisor: 1 }];
  const fits = ({ divisor }: Step, index: number) => {
    const kept = index >= 2 && unit === "ms" ? KEPT_SECONDS / 60 : 1;
    // What would be rounded to the next unit is written in it: 1023.9 KiB are 1 MiB.
    return index === 0 || Math.abs(size) >= kept * divisor * (kept === 1 ? 0.9995 : 1);
  };
  return steps.findLast(fits) ?? { unit, divisor: 1 };
}

/** A value in the unit that fits it, with three figures where it is a measured time or size, else as formatNumber has it. */
export function formatQuantity(value: number, unit: string): [text: string, unit: string] {
  const step = unitFor(unit, value);
  const scaled = value / step.divisor;
  if (own(STEPS, unit) === undefined || (step.divisor === 1 && Number.isInteger(scaled)))
    return [formatNumber(scaled), step.unit];
  const size = Math.abs(scaled);
  if (step.divisor === 1 && size < 1) return [formatNumber(scaled, 3), step.unit];
  return [scaled.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2), step.unit];
}
