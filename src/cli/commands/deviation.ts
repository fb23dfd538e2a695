// `pipelite deviation`: what departed from the plan in a run, and the signed moves by which people deal with it.
import { homeOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { readKey, type KeyFlags } from "#cli/signing-key.ts";
import { readSignals } from "#cli/signals.ts";
import { formatTable, formatTime } from "#cli/table.ts";
import type { Deviation, Transition } from "#release/deviation.ts";
import { moveDeviation, openDeviations, readDeviations, runOfDeviation } from "#release/deviations.ts";
import { listRuns, readRun } from "#run/records.ts";

export interface DeviationListFlags extends GlobalFlags {
  history: boolean;
}

export interface DeviationMoveFlags extends KeyFlags {
  as: string;
  reason: string;
  disposition: string | undefined;
}

export async function deviationList(
  context: Context,
  flags: DeviationListFlags,
  word = "latest",
): Promise<void> {
  const home = homeOf(context, flags.store);
  const record = readRun(home, word);
  const { runId } = record;
  const signals = await readSignals(context, home, record);
  const deviations = await openDeviations(home, record, { signals });
  if (flags.json) return printJson(context, { runId, deviations });
  if (deviations.length === 0) return say(context, flags, `run ${runId} has no deviations`);
  print(context, `run ${runId}\n\n${describeAll(deviations)}`);
  const moves = deviations.filter(({ history }) => history.length > 0);
  if (flags.history && moves.length > 0) print(context, `\n${moves.map(describeHistory).join("\n\n")}`);
}

function describeAll(deviations: readonly Deviation[]): string {
  const rows = deviations.map(({ id, severity, state, disposition, kind, recurrence, statement }) => [
    id,
    severity,
    disposition === undefined ? state : `${state} (${disposition})`,
    kind,
    recurrence === 0 ? "-" : String(recurrence),
    statement,
  ]);
  return formatTable([["ID", "SEVERITY", "STATE", "KIND", "EARLIER", "WHAT"], ...rows], [4]);
}

function describeHistory({ id, severityReason, history }: Deviation): string {
  const heads = ["TIME", "BY", "FROM", "TO", "REASON"];
  return `${id}: ${severityReason}\n${formatTable([heads, ...history.map(moveRow)])}`;
}

function moveRow({ at, signer, from, to, disposition, reason }: Transition): string[] {
  return [formatTime(at), signer, from, disposition === undefined ? to : `${to} (${disposition})`, reason];
}

export async function deviationMove(
  context: Context,
  flags: DeviationMoveFlags,
  id: string,
  to: string,
): Promise<void> {
  const home = homeOf(context, flags.store);
  const { reason, disposition, as: name } = flags;
  await openIfFound(home, id);
  const key = readKey(context, flags);
  const moved = await moveDeviation({ home, id, to, disposition, reason, name, key });
  if (flags.json) return printJson(context, moved);
  print(context, `${describeAll([moved])}\n\n${describeHistory(moved)}`);
}

/** A report may show one that no command has written down yet. */
async function openIfFound(home: string, id: string): Promise<void> {
  if (runOfDeviation(home, id) !== undefined) return;
  for (const run of listRuns(home)) {
    if (!readDeviations(home, run).some((each) => each.id === id)) continue;
    await openDeviations(home, run);
    return;
  }
}
