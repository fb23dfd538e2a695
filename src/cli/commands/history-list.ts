// `pipelite history list`: the runs in the index, of all machines that share it.
import { formatCount } from "#base/numbers.ts";
import { formatDuration, formatTime } from "#base/quantities.ts";
import { command, optionalArgument } from "#cli/command.ts";
import { columnsOf, print, printJson, say } from "#cli/context.ts";
import { historyLocationOf, warnOfRecords } from "#cli/database.ts";
import { databaseFlag, limitFlags } from "#cli/flags.ts";
import { formatTable } from "#cli/table.ts";
import { pipelineWord } from "#cli/target.ts";
import type { RunRow } from "#history/schema.ts";

export const historyList = command({
  brief: "List the runs of all machines that share the database, newest first",
  examples: [
    ["pipelite history list", "the last runs"],
    ["pipelite history list monster-walk --all --json", "all runs of one pipeline, for programs"],
  ],
  flags: { database: databaseFlag, ...limitFlags },
  args: [optionalArgument("PIPELINE", "Only its runs: a name, a pipeline.ts or its folder")],
  async run(context, flags, word) {
    const { listHistory } = await import("#app/history.ts");
    const { sync, runs, total, changes, database } = await listHistory(historyLocationOf(context, flags), {
      pipeline: pipelineWord(context, word),
      limit: flags.all ? undefined : flags.limit,
    });
    warnOfRecords(context, sync);
    if (flags.json) return printJson(context, { database, total, runs: runs.map(runOf), sync, changes });
    if (total === 0) return say(context, flags, "no runs yet; `pipelite run` makes one");
    const rows = runs.map((run) => [
      run.run_id,
      run.pipeline,
      run.status,
      formatTime(run.started_at),
      formatDuration(run.duration_ms),
      `${run.built} of ${run.stages}`,
    ]);
    print(
      context,
      formatTable([["RUN", "PIPELINE", "STATUS", "STARTED", "TOOK", "BUILT"], ...rows], {
        right: [4],
        columns: columnsOf(context),
      }),
    );
    const noticed = formatCount(changes.length, "change");
    if (changes.length > 0) say(context, flags, `${noticed} of records noticed so far; --json lists them`);
    if (sync.missing.length > 0)
      say(context, flags, `${formatCount(sync.missing.length, "record")} gone from the home`);
    say(context, flags, `${runs.length} of ${formatCount(total, "run")} in ${database}`);
  },
});

function runOf(run: RunRow) {
  return {
    runId: run.run_id,
    digest: run.digest,
    pipeline: run.pipeline,
    pipelineFile: run.pipeline_file,
    startedAt: run.started_at,
    finishedAt: run.finished_at,
    durationMs: run.duration_ms,
    status: run.status,
    engine: run.engine,
    sandbox: run.sandbox,
    host: JSON.parse(run.host) as unknown,
    params: JSON.parse(run.params) as unknown,
    stages: run.stages,
    built: run.built,
  };
}
