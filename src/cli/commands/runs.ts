// `pipelite runs`: what was run on this store.
import { formatDuration, formatTime } from "#base/quantities.ts";
import { command } from "#cli/command.ts";
import { homeOf, print, printJson, say } from "#cli/context.ts";
import { limitFlags } from "#cli/flags.ts";
import { formatTable } from "#cli/table.ts";
import { countsText } from "#view/lines.ts";

export const runs = command({
  brief: "List runs, newest first",
  examples: [
    ["pipelite runs", "the last runs, newest first"],
    ["pipelite runs --all --json", "all of them, for programs"],
  ],
  flags: limitFlags,
  async run(context, flags) {
    const app = await import("#app/runs.ts");
    const found = app.runs(homeOf(context, flags.store));
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
  },
});
