import type { Source } from "pipelite";

interface Figure {
  /** null when it could not be had; then the source is `unavailable`. */
  value: number | null;
  source: string;
}

interface Timings {
  clock: string;
  stages: ({ name: string; source?: Record<string, string> } & Partial<Record<string, unknown>>)[];
}

interface Inputs {
  /** The engine's own figures of the builds. */
  timings: Source;
  /** Not read: the figures are written only of a run whose validation was accepted. */
  accepted?: Source;
}

/** Figure of the engine -> name of its source. */
const FIGURES = {
  wallMs: "wall",
  cpuUserMs: "cpu",
  cpuSystemMs: "cpu",
  peakMemoryBytes: "memory",
  ioReadBytes: "io",
  ioWriteBytes: "io",
};

/** What each stage took, as the engine measured it, with the source of each figure. */
export default async function perf({ timings }: Inputs) {
  const { clock, stages } = JSON.parse(await timings.text()) as Timings;
  const measured = stages.map(({ name, source = {}, ...stage }) => {
    const figures = Object.entries(FIGURES).map(([figure, kind]): [string, Figure] => {
      const value = stage[figure];
      return typeof value === "number"
        ? [figure, { value, source: source[kind] ?? "unknown" }]
        : [figure, { value: null, source: "unavailable" }];
    });
    return { name, ...Object.fromEntries(figures) };
  });
  return { "pipeline_trace.json": { clock, stages: measured } };
}
