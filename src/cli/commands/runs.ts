// `pipelite runs`: what was run on this store.
import { EXIT } from "#base/errors.ts";
import { formatCount } from "#base/numbers.ts";
import { formatDuration, formatTime } from "#base/quantities.ts";
import { command } from "#cli/command.ts";
import { columnsOf, print, printJson, say } from "#cli/context.ts";
import { limitFlags } from "#cli/flags.ts";
import { openHomeOf } from "#cli/run-argument.ts";
import { formatTable } from "#cli/table.ts";
import type { RunSummary } from "#home/runs.ts";
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
    const { total, shown } = app.runs(openHomeOf(context, flags), flags.all ? undefined : flags.limit);
    for (const { runId, problem } of shown)
      if (problem !== undefined) say(context, { quiet: false }, `warning: run ${runId}: ${problem}`);
    const verdict = shown.some(({ problem }) => problem !== undefined) ? EXIT.verification : EXIT.ok;
    if (flags.json) printJson(context, shown);
    if (shown.length === 0) say(context, flags, "no runs yet; `pipelite run` makes one");
    if (flags.json || shown.length === 0) return verdict;
    const rows = shown.map((run) =>
      "status" in run
        ? [
            run.runId,
            run.pipeline,
            run.problem === undefined ? run.status : "changed",
            formatTime(run.startedAt),
            formatDuration(run.durationMs),
            engineText(run),
            countsText(run.counts),
          ]
        : [run.runId, "?", "unreadable", "?", "?", "?", "?"],
    );
    print(
      context,
      formatTable([["RUN", "PIPELINE", "STATUS", "STARTED", "TOOK", "ENGINE", "STAGES"], ...rows], {
        right: [4],
        columns: columnsOf(context),
      }),
    );
    if (shown.length < total) say(context, flags, `${shown.length} of ${total} runs; --all shows the others`);
    return verdict;
  },
});

function engineText({ engine, machines }: Pick<RunSummary, "engine" | "machines">): string {
  return machines.length === 0 ? engine : `${engine}, ${formatCount(machines.length, "machine")}`;
}
