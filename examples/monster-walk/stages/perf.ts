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

/** Figure of the engine -> name of its source, unit and size of the unit. */
const FIGURES: Record<string, [source: string, unit: string, size: number]> = {
  wallMs: ["wall", "ms", 1],
  cpuUserMs: ["cpu", "ms", 1],
  cpuSystemMs: ["cpu", "ms", 1],
  peakMemoryBytes: ["memory", "MiB", 2 ** 20],
  ioReadBytes: ["io", "MiB", 2 ** 20],
  ioWriteBytes: ["io", "MiB", 2 ** 20],
};

/** What each stage took, as the engine measured it, with the source of each figure. */
export default async function perf({ timings }: Inputs) {
  const { clock, stages } = JSON.parse(await timings.text()) as Timings;
  const measured = stages.map(({ name, source = {}, ...stage }) => ({
    name,
    figures: Object.entries(FIGURES).map(([figure, [kind]]): [string, Figure] => {
      const value = stage[figure];
      return typeof value === "number"
        ? [figure, { value, source: source[kind] ?? "unknown" }]
        : [figure, { value: null, source: "unavailable" }];
    }),
  }));
  const rows = measured.map(({ name, figures }) => [name, ...figures.map(describe)]);
  const table = [
    ["stage", ...Object.keys(FIGURES)],
    ["---", ...Object.keys(FIGURES).map(() => "---")],
    ...rows,
  ];
  return {
    "pipeline_trace.json": {
      clock,
      stages: measured.map(({ name, figures }) => ({ name, ...Object.fromEntries(figures) })),
    },
    "performance_report.md":
      `# What the stages took\n\nClock: ${clock}.\n\n` +
      table.map((cells) => `| ${cells.join(" | ")} |\n`).join(""),
  };
}

function describe([figure, { value, source }]: [string, Figure]): string {
  const [, unit, size] = FIGURES[figure] ?? ["", "", 1];
  return value === null ? source : `${(value / size).toFixed(1)} ${unit} (${source})`;
}
