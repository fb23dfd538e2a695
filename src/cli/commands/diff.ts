// `pipelite diff`: what differs between two runs.
import { formatDuration } from "#base/quantities.ts";
import { argument, command, optional, toggle } from "#cli/command.ts";
import { homeOf, paintOf, print, printJson, say } from "#cli/context.ts";
import { formatTable } from "#cli/table.ts";
import type { StageDifference, StageRecord } from "#run/records.ts";

export const diff = command({
  brief: "Compare two runs: parameters, outputs, times",
  examples: [
    ["pipelite diff 20261121T0351", "that run against the latest"],
    ["pipelite diff 20261120 20261121", "one run against another"],
  ],
  flags: { all: toggle("Show equal stages, too", "a") },
  args: [
    argument("RUN", "Run id or its start", "run"),
    optional("RUN", "The run to compare it with (default: the latest)", "run"),
  ],
  async run(context, flags, first, second = "latest") {
    const app = await import("#app/runs.ts");
    const compared = app.compareRuns(homeOf(context, flags.store), first, second);
    if (flags.json) return printJson(context, compared);
    const { a, b, params, stages } = compared;
    const paint = paintOf(context, flags);
    const shown = flags.all ? stages : stages.filter(({ output }) => output !== "same");
    const parts = [`${paint(a, "name")} -> ${paint(b, "name")}`];
    for (const { name, a: before, b: now } of params) {
      parts.push(
        `  param ${name}: ${JSON.stringify(before) ?? "unset"} -> ${JSON.stringify(now) ?? "unset"}`,
      );
    }
    if (shown.length > 0) parts.push(formatTable(shown.map(stageRow)));
    const same = stages.filter(({ output }) => output === "same").length;
    print(context, parts.join("\n"));
    say(context, flags, `${same} of ${stages.length} outputs are the same`);
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
