// `pipelite trace`: one run as spans of time, to read or for the tools that draw them.
import { command, usualChoice } from "#cli/command.ts";
import { hasUnicode, paintOf, print, printDocument, printJson } from "#cli/context.ts";
import { runArgument } from "#cli/flags.ts";
import { openHomeOf, tellRun, runNamedBy } from "#cli/run-argument.ts";
import type { Span } from "#trace/spans.ts";

const COLUMNS_DEFAULT = 80;

export const trace = command({
  brief: "Show where the time of a run went",
  about: [
    "Draws a bar for each stage and marks the critical path: the longest chain of stages that read each other's " +
      "outputs. Dots are time in which a stage was ready and waited for its turn.",
    "The other formats are files: chrome for ui.perfetto.dev and chrome://tracing, otlp for any OpenTelemetry " +
      "collector. Both follow from the record alone.",
  ],
  examples: [
    ["pipelite trace", "the latest run as a timeline"],
    ["pipelite trace --verbose", "with every figure and its source"],
    ["pipelite trace 20261121T0351 --format chrome", "to stdout; redirect it to a file"],
  ],
  flags: {
    format: usualChoice(
      "FORMAT",
      ["text", "chrome", "otlp"],
      "A timeline to read, or a file for Perfetto or OpenTelemetry",
      "text",
    ),
  },
  args: [runArgument],
  async run(context, flags, word) {
    const { traceRun, writeTrace } = await import("#app/runs.ts");
    const traced = traceRun(openHomeOf(context, flags), runNamedBy(context, word));
    const { run, spans, path } = traced;
    const verdict = tellRun(context, flags, run);
    if (flags.format !== "text") {
      printDocument(context, writeTrace(traced, flags.format));
      return verdict;
    }
    if (flags.json) {
      const { runId, durationMs } = run.record;
      printJson(context, { runId, durationMs, criticalPath: path, spans: spans.map(plain) });
      return verdict;
    }
    const { drawTimeline } = await import("#cli/timeline.ts");
    const columns = context.stdout.columns || Number(context.env["COLUMNS"]) || COLUMNS_DEFAULT;
    const look = { paint: paintOf(context, flags), unicode: hasUnicode(context), verbose: flags.verbose };
    print(context, drawTimeline(run.record, { spans, path, columns, ...look }));
    return verdict;
  },
});

/** A span as JSON can say it: nanoseconds as decimal text. */
function plain({ startNs, endNs, ...span }: Span) {
  return { ...span, startUnixNs: String(startNs), endUnixNs: String(endNs) };
}
