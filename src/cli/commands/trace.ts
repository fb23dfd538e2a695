// `pipelite trace`: one run as spans of time, to read or for the tools that draw them.
import { hasUnicode, homeOf, print, printJson, type Context, type GlobalFlags } from "#cli/context.ts";
import { drawTimeline } from "#cli/timeline.ts";
import { readRun } from "#run/records.ts";
import { writeChromeTrace } from "#trace/chrome.ts";
import { criticalPath } from "#trace/critical-path.ts";
import { writeOtlp } from "#trace/otlp.ts";
import { traceOf, type Span } from "#trace/spans.ts";
import { createPaint, wantsColor } from "#view/paint.ts";

export interface TraceFlags extends GlobalFlags {
  format: "text" | "chrome" | "otlp";
}

const COLUMNS_DEFAULT = 80;

export function trace(context: Context, flags: TraceFlags, run = "latest"): void {
  const record = readRun(homeOf(context, flags.store), run);
  const spans = traceOf(record);
  if (flags.format === "chrome") return print(context, writeChromeTrace(spans));
  if (flags.format === "otlp") return print(context, writeOtlp(spans));
  const path = criticalPath(record);
  if (flags.json) {
    const { runId, durationMs } = record;
    return printJson(context, { runId, durationMs, criticalPath: path, spans: spans.map(plain) });
  }
  const columns = context.stdout.columns || Number(context.env["COLUMNS"]) || COLUMNS_DEFAULT;
  print(
    context,
    drawTimeline(record, {
      spans,
      path,
      columns,
      paint: createPaint(wantsColor(flags.color, context.stdout)),
      unicode: hasUnicode(context),
      verbose: flags.verbose,
    }),
  );
}

/** A span as JSON can say it: nanoseconds as decimal text. */
function plain({ startNs, endNs, ...span }: Span) {
  return { ...span, startUnixNs: String(startNs), endUnixNs: String(endNs) };
}
