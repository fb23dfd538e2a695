// `pipelite diff`: what differs between two runs.
import { cleanLine } from "#view/format.ts";
import { shownJson } from "#base/shown-json.ts";
import { formatDuration } from "#base/quantities.ts";
import { argument, command, optionalArgument, toggle } from "#cli/command.ts";
import { columnsOf, paintOf, print, printJson, say, type ExitCode } from "#cli/context.ts";
import { formatTable } from "#cli/table.ts";
import { openHomeOf, tellRun, runNamedBy } from "#cli/run-argument.ts";
import type { StageRecord } from "#home/run-record.ts";
import type { StageDifference } from "#run/records.ts";

export const diff = command({
  brief: "Compare two runs: parameters, outputs, times",
  examples: [
    ["pipelite diff 20261121T0351", "that run against the latest"],
    ["pipelite diff 20261120 20261121", "one run against another"],
  ],
  flags: { all: toggle("Show equal stages, too", "a") },
  args: [
    argument("RUN", "Run id or its start", "run"),
    optionalArgument("RUN", "The run to compare it with (default: the latest)", "run"),
  ],
  async run(context, flags, first, second) {
    const app = await import("#app/runs.ts");
    const [one, other] = [runNamedBy(context, first), runNamedBy(context, second)];
    const { a, b, params, stages } = app.compareRuns(openHomeOf(context, flags), one, other);
    const verdict = Math.max(tellRun(context, flags, a), tellRun(context, flags, b)) as ExitCode;
    if (flags.json) {
      printJson(context, { a: a.runId, b: b.runId, params, stages });
      return verdict;
    }
    const paint = paintOf(context, flags);
    const shown = flags.all ? stages : stages.filter(({ output }) => output !== "same");
    const parts = [`${paint(a.runId, "name")} -> ${paint(b.runId, "name")}`];
    for (const { name, a: before, b: now } of params) {
      parts.push(`  param ${cleanLine(name)}: ${valueText(before)} -> ${valueText(now)}`);
    }
    if (shown.length > 0) parts.push(formatTable(shown.map(stageRow), { columns: columnsOf(context) }));
    const same = stages.filter(({ output }) => output === "same").length;
    print(context, parts.join("\n"));
    say(context, flags, `${same} of ${stages.length} outputs are the same`);
    return verdict;
  },
});

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

function valueText(value: unknown): string {
  return value === undefined ? "unset" : shownJson(value);
}
