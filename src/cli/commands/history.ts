// `pipelite history`: the index of run records in SQLite or PostgreSQL.
import { endWith, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { placeOf, warnOfRecords } from "#cli/database-flag.ts";
import { pipelineOf } from "#cli/pipeline-key.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import { EXIT } from "#base/errors.ts";
import { withHistory } from "#history/history.ts";
import { countRuns, readChanges, readRuns } from "#history/read.ts";
import { rebuildHistory, type Rebuilt } from "#history/rebuild.ts";
import type { RunRow } from "#history/schema.ts";
import { syncHistory, type SyncReport } from "#history/sync.ts";
import { formatCount, formatDuration } from "#view/format.ts";

export interface HistoryFlags extends GlobalFlags {
  database: string | undefined;
}

export interface HistoryListFlags extends HistoryFlags {
  limit: number;
  all: boolean;
}

export async function historyList(context: Context, flags: HistoryListFlags, word?: string): Promise<void> {
  const found = await withHistory(placeOf(context, flags), async (history) => {
    const sync = await syncHistory(history);
    const key = word === undefined ? {} : await pipelineOf(context, history, word);
    const runs = await readRuns(history, { ...key, limit: flags.all ? undefined : flags.limit });
    return {
      sync,
      runs,
      total: await countRuns(history),
      changes: await readChanges(history),
      name: history.name,
    };
  });
  const { sync, runs, total, changes, name } = found;
  warnOfRecords(context, sync);
  if (flags.json) return printJson(context, { database: name, total, runs: runs.map(runOf), sync, changes });
  if (total === 0) return say(context, flags, "no runs yet; `pipelite run` makes one");
  const rows = runs.map((run) => [
    run.run_id,
    run.pipeline,
    run.status,
    formatTime(run.started_at),
    formatDuration(run.duration_ms),
    `${run.built} of ${run.stages}`,
  ]);
  print(context, formatTable([["RUN", "PIPELINE", "STATUS", "STARTED", "TOOK", "BUILT"], ...rows], [4]));
  if (changes.length > 0) {
    say(
      context,
      flags,
      `${formatCount(changes.length, "change")} of records noticed so far; --json lists them`,
    );
  }
  if (sync.missing.length > 0)
    say(context, flags, `${formatCount(sync.missing.length, "record")} gone from the home`);
  say(context, flags, `${runs.length} of ${formatCount(total, "run")} in ${name}`);
}

export async function historySync(context: Context, flags: HistoryFlags): Promise<void> {
  const { report, name } = await withHistory(placeOf(context, flags), async (history) => ({
    report: await syncHistory(history),
    name: history.name,
  }));
  finish(context, flags, { report, name, done: `${formatCount(report.added, "run")} added to` });
}

export async function historyRebuild(context: Context, flags: HistoryFlags): Promise<void> {
  const place = placeOf(context, flags);
  const report = await rebuildHistory(place);
  const { total, name } = await withHistory(place, async (history) => ({
    total: await countRuns(history),
    name: history.name,
  }));
  if (report.replaced !== undefined) say(context, flags, `what was damaged: ${report.replaced}`);
  finish(context, flags, { report, name, done: `${formatCount(total, "run")} in` });
}

interface Done {
  report: SyncReport | Rebuilt;
  name: string;
  done: string;
}

/** A record that is not what it was, or can't be read, is a failed verification. */
function finish(context: Context, flags: HistoryFlags, { report, name, done }: Done): void {
  warnOfRecords(context, report);
  if (flags.json) printJson(context, { database: name, ...report });
  else say(context, flags, `${done} ${name}`);
  const isWrong = report.changed.length + report.conflicts.length + report.unreadable.length > 0;
  if (isWrong) endWith(context, EXIT.verification);
}

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
