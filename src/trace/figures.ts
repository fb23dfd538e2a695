// What a build used, as rows that everybody shows the same way: name, value, unit and where it comes from.
import type { StageRecord } from "#home/run-record.ts";

export interface Figure {
  /** `wall`, `cpu-user`, `io-read` ... */
  name: string;
  unit: "ms" | "bytes" | "count";
  /** Absent when it could not be had; its source then says `unavailable`. */
  value?: number;
  source: string;
  /** Why it could not be had, where that is known. */
  reason?: string;
}

type Usage = NonNullable<StageRecord["usage"]>;
type Counter = NonNullable<Usage["counters"]>[number];

/** Every figure of a build, also those that could not be had. */
export function figuresOf(usage: Usage): Figure[] {
  const { source } = usage;
  const rows: [name: string, unit: Figure["unit"], value: number | undefined, source: string][] = [
    ["wall", "ms", usage.wallMs, source.wall],
    ["cpu-user", "ms", usage.cpuUserMs, source.cpu],
    ["cpu-system", "ms", usage.cpuSystemMs, source.cpu],
    ["peak-memory", "bytes", usage.peakMemoryBytes, source.memory],
    ["io-read", "bytes", usage.ioReadBytes, source.io],
    ["io-write", "bytes", usage.ioWriteBytes, source.io],
    ["minor-faults", "count", usage.minorFaults, source.events ?? "unavailable"],
    ["major-faults", "count", usage.majorFaults, source.events ?? "unavailable"],
    ["voluntary-switches", "count", usage.voluntarySwitches, source.events ?? "unavailable"],
    ["involuntary-switches", "count", usage.involuntarySwitches, source.events ?? "unavailable"],
  ];
  const figures = rows.map(([name, unit, value, from]): Figure =>
    value === undefined ? { name, unit, source: "unavailable" } : { name, unit, value, source: from },
  );
  return [...figures, ...(usage.counters ?? []).map(ofCounter)];
}

function ofCounter({ name, unit, value, source, reason, scope, share }: Counter): Figure {
  const part = share === undefined ? "" : `, counting ${(100 * share).toFixed(0)} % of the time`;
  return {
    name,
    unit,
    ...(value !== undefined && { value }),
    source: value === undefined ? source : `${source}, ${scope ?? "user"}${part}`,
    ...(reason !== undefined && { reason }),
  };
}
