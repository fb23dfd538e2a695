// `pipelite diff`: what differs between two runs.
import { homeOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { formatTable } from "#cli/table.ts";
import { diffRuns, readRun, type StageDifference, type StageRecord } from "#run/records.ts";
import { formatDuration } from "#view/format.ts";
import { createPaint, wantsColor } from "#view/paint.ts";

export interface DiffFlags extends GlobalFlags {
  all: boolean;
}

export function diff(context: Context, flags: DiffFlags, first: string, second = "latest"): void {
  const home = homeOf(context, flags.store);
  const [a, b] = [readRun(home, first), readRun(home, second)];
  const { params, stages } = diffRuns(a, b);
  if (flags.json) return printJson(context, { a: a.runId, b: b.runId, params, stages });
  const paint = createPaint(wantsColor(flags.color, context.stdout));
  const shown = flags.all ? stages : stages.filter(({ output }) => output !== "same");
  const parts = [`${paint(a.runId, "name")} -> ${paint(b.runId, "name")}`];
  for (const { name, a: before, b: now } of params) {
    parts.push(`  param ${name}: ${JSON.stringify(before) ?? "unset"} -> ${JSON.stringify(now) ?? "unset"}`);
  }
  if (shown.length > 0) parts.push(formatTable(shown.map(stageRow)));
  const same = stages.filter(({ output }) => output === "same").length;
  print(context, parts.join("\n"));
  say(context, flags, `${same} of ${stages.length} outputs are the same`);
}

function stageRow({ name, a, b, output }: StageDifference): string[] {
  return [`  ${name}`, output, change(a, b, statusOf), change(a, b, timeOf), b?.reason?.text ?? ""];
}

function change(
  a: StageRecord | undefined,
  b: StageRecord | undefined,
  textOf: (stage: StageRecord) => string,
): string {
  const [before, now] = [a, b].map((stage) => (stage === undefined ? "absent" : textOf(stage)));
  return before === now ? (now ?? "") : `${before} -> ${now}`;
}

function statusOf({ status }: StageRecord): string {
  return status;
}

function timeOf({ usage, durationMs }: StageRecord): string {
  return formatDuration(usage?.wallMs ?? durationMs);
}
