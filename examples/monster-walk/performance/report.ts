// The trace as a page to read.
import type { Summary } from "./summary.ts";
import type { Figure, Timings } from "./timings.ts";

export function writePerformanceReport({ clock, stages }: Timings, summary: Summary): string {
  const { criticalPath, elapsedMs, check, wallMs, peakMemoryBytes } = summary;
  return [
    "# What the stages took",
    "",
    `Clock: ${clock}.`,
    `${summary.measured} of ${summary.stages} stages measured, in ${summary.runs.length === 1 ? "one run" : `${summary.runs.length} runs`}.`,
    "",
    "| stage | status | wall | CPU user | CPU system | peak memory | read | written | sandbox | measured in run |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...stages.map((stage) => {
      const cells = [
        stage.name,
        stage.status,
        milliseconds(stage.wallMs),
        milliseconds(stage.cpuUserMs),
        milliseconds(stage.cpuSystemMs),
        mebibytes(stage.peakMemoryBytes),
        mebibytes(stage.ioReadBytes),
        mebibytes(stage.ioWriteBytes),
        stage.sandbox ?? "unknown",
        stage.measuredInRun ?? "none",
      ];
      return `| ${cells.join(" | ")} |`;
    }),
    "",
    `Sum of the stages: ${milliseconds({ value: wallMs.value, source: wallMs.sources.join(", ") })}.`,
    `Largest peak: ${mebibytes({ value: peakMemoryBytes.value, source: peakMemoryBytes.sources.join(", ") })}.`,
    elapsedMs === null
      ? "Elapsed: not computable, the stages were not all built in one run."
      : `Elapsed from first start to last end: ${elapsedMs.toFixed(1)} ms.`,
    criticalPath.wallMs === null
      ? `Critical path: not computable, ${criticalPath.reason}.`
      : `Critical path: ${criticalPath.stages.join(" -> ")}, ${criticalPath.wallMs.toFixed(1)} ms.`,
    `${check.statement}: ${check.status}.`,
    "",
  ].join("\n");
}

function milliseconds({ value, source }: Figure): string {
  return value === null ? "unavailable" : `${value.toFixed(1)} ms (${source})`;
}

function mebibytes({ value, source }: Figure): string {
  return value === null ? "unavailable" : `${(value / 1024 / 1024).toFixed(1)} MiB (${source})`;
}
