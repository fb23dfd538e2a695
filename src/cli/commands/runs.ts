// `pipelite runs`: what was run on this store.
import { homeOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import { listRuns } from "#run/records.ts";
import { formatDuration } from "#view/format.ts";
import { countsText } from "#view/lines.ts";

export interface RunsFlags extends GlobalFlags {
  limit: number;
  all: boolean;
}

export function runs(context: Context, flags: RunsFlags): void {
  const found = listRuns(homeOf(context, flags.store));
  const shown = flags.all ? found : found.slice(0, flags.limit);
  if (flags.json) return printJson(context, shown);
  if (shown.length === 0) return say(context, flags, "no runs yet; `pipelite run` makes one");
  const rows = shown.map(({ runId, pipeline, status, startedAt, durationMs, counts }) => [
    runId,
    pipeline,
    status,
    formatTime(startedAt),
    formatDuration(durationMs),
    countsText(counts),
  ]);
  print(context, formatTable([["RUN", "PIPELINE", "STATUS", "STARTED", "TOOK", "STAGES"], ...rows], [4]));
  if (shown.length < found.length) {
    say(context, flags, `${shown.length} of ${found.length} runs; --all shows the others`);
  }
}
