// `pipelite show`: one run, as its record has it.
import { formatCount } from "#base/numbers.ts";
import { formatDuration, formatSize, formatTime } from "#base/quantities.ts";
import { EXIT } from "#base/errors.ts";
import { command } from "#cli/command.ts";
import { columnsOf, paintOf, print, printJson } from "#cli/context.ts";
import { runArgument } from "#cli/flags.ts";
import { formatTable, wrapText } from "#cli/table.ts";
import { variantTables } from "#cli/variants-text.ts";
import { meansMatrix, openHomeOf, tellRun, runNamedBy } from "#cli/run-argument.ts";
import type { LoggedRun } from "#home/event-log.ts";
import type { RunRecord, StageRecord } from "#home/run-record.ts";
import { countsText } from "#view/lines.ts";
import { renderLine, span, wrapLine, type Line, type Paint } from "#view/paint.ts";

export const show = command({
  brief: "Show one run: stages, times, outputs, failures",
  examples: [
    ["pipelite show", "the latest run"],
    ["pipelite show 20261121T0351", "the run whose id starts so"],
    ["pipelite show matrix", "the table of the latest `run --matrix`, or matrix-ID, or its table.json"],
  ],
  args: [runArgument],
  async run(context, flags, word) {
    if (meansMatrix(word)) return (await import("#cli/matrix-text.ts")).showMatrix(context, flags, word);
    const app = await import("#app/runs.ts");
    const home = openHomeOf(context, flags);
    const run = app.showRun(home, runNamedBy(context, word));
    if ("isRunning" in run) {
      if (flags.json) printJson(context, { ...run, stages: [...run.stages.values()] });
      else print(context, describeLogged(run, columnsOf(context)));
      return EXIT.ok;
    }
    const { record, repetition, problem } = run;
    const { reproductions } = await import("#app/reproductions.ts");
    const reproduced = reproductions(home, record);
    const removed = app.removedLogs(home, record);
    if (flags.json) printJson(context, { ...record, repetition, problem, reproduced, removedLogs: removed });
    else {
      const rebuilt = reproduced.map(({ stage, text }) => [stage, text]);
      const parts = [describeRun(record, paintOf(context, flags), columnsOf(context))];
      if (rebuilt.length > 0)
        parts.push(formatTable([["STAGE", "REBUILT"], ...rebuilt], { columns: columnsOf(context) }));
      const gone = removed.map(
        ({ stage, removedAt, file }) =>
          `log of ${stage}: removed by retention on ${formatTime(removedAt)} (${file})`,
      );
      parts.push(gone.flatMap((text) => wrapText(text, columnsOf(context))).join("\n"));
      print(context, parts.filter((part) => part !== "").join("\n\n"));
    }
    return tellRun(context, flags, run);
  },
});

/** All there is of a run without a record: it was killed, or it goes on. */
function describeLogged({ started, stages, isRunning }: LoggedRun, columns: number | undefined): string {
  const state = isRunning
    ? "running"
    : "interrupted: it has no record, and what it says is vouched for by nothing";
  const facts = [
    ["run", started.runId],
    ["pipeline", `${started.pipeline} (${started.pipelineFile})`],
    ["status", state],
    ["started", formatTime(started.startedAt)],
    ["engine", `${started.engine}, ${sandboxText(started.sandbox)}`],
  ];
  const rows = started.stages.map(({ name }) => {
    const stage = stages.get(name);
    return stage === undefined ? [name, "no end", "-", "-", "-", "-", "-"] : stageRow(stage);
  });
  return `${formatTable(facts, { columns })}\n\n${stageTable(rows, columns)}`;
}

function describeRun(record: RunRecord, paint: Paint, columns: number | undefined): string {
  const facts = formatTable(factsOf(record), { columns });
  const stages = stageTable(record.stages.map(stageRow), columns);
  const failures = record.stages
    .flatMap(failureLines)
    .flatMap((line) => (columns === undefined ? [line] : wrapLine(line, columns, 4)))
    .map((line) => renderLine(line, paint));
  return [facts, stages, variantTables(record, columns), claimTable(record, columns), failures.join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

function factsOf(record: RunRecord): string[][] {
  const { sandbox, params, tree, evidenceOfRun, runId } = record;
  const values = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`);
  const facts = [
    ["run", runId],
    ["pipeline", `${record.pipeline} (${record.pipelineFile})`],
    ["status", `${record.status}: ${countsText(record.counts)}`],
    [
      "started",
      `${formatTime(record.startedAt)}, took ${formatDuration(record.tookMs ?? record.durationMs)}`,
    ],
    ["engine", `${record.engine}, ${sandboxText(sandbox)}`],
    ["host", `${record.host.system}, ${record.host.cores} cores, Linux ${record.host.kernel}`],
    ["params", values.join(" ")],
    ["lists", listsText(record)],
    ["result", tree ?? ""],
    ["evidence", evidenceOfRun === undefined || evidenceOfRun === runId ? "" : `of run ${evidenceOfRun}`],
  ];
  return facts.filter(([, value]) => value !== "");
}

/** What came of the lists that stages wrote. */
function listsText({ expansions = [] }: RunRecord): string {
  return expansions
    .map(({ name, from, file, items }) => {
      const list = file === undefined ? from : `${from}/${file}`;
      return `${name}: ${formatCount(items.length, "item")} of ${list}`;
    })
    .join("; ");
}

function sandboxText({ kind, version }: RunRecord["sandbox"]): string {
  if (kind === "not-used") return "nothing was built";
  return version === undefined ? `sandbox ${kind}` : `sandbox ${kind} ${version}`;
}

const STAGE_HEADS = ["STAGE", "STATUS", "TIME", "CPU", "MEMORY", "SIZE", "OUTPUT"];

function stageTable(rows: readonly string[][], columns: number | undefined): string {
  return formatTable([STAGE_HEADS, ...rows], { right: [2, 3, 4, 5], columns });
}

/** Figures of a cached stage are those of the build that made its output. */
function stageRow({ name, status, durationMs, usage, narSize, outPath }: StageRecord): string[] {
  const cpuMs = usage?.cpuUserMs === undefined ? undefined : usage.cpuUserMs + (usage.cpuSystemMs ?? 0);
  const timeMs = usage?.wallMs ?? durationMs;
  return [
    name,
    status,
    status === "skipped" ? "-" : formatDuration(timeMs),
    cpuMs === undefined ? "-" : formatDuration(cpuMs),
    usage?.peakMemoryBytes === undefined ? "-" : formatSize(usage.peakMemoryBytes),
    narSize === undefined ? "-" : formatSize(narSize),
    outPath ?? "-",
  ];
}

/** The checks; --json and `pipelite audit --json` have the others, too. */
function claimTable({ claims }: RunRecord, columns: number | undefined): string {
  const judged = claims.filter(({ kind }) => kind === "check");
  if (judged.length === 0) return "";
  const rows = judged.map(({ id, status, value, limit, unit }) => [
    id,
    status,
    String(value ?? "-"),
    String(limit ?? "-"),
    unit ?? "",
  ]);
  return formatTable([["CLAIM", "STATUS", "VALUE", "LIMIT", "UNIT"], ...rows], { columns });
}

function failureLines({ name, failure }: StageRecord): Line[] {
  if (failure === undefined) return [];
  const place = failure.place === undefined ? "" : ` at ${failure.place}`;
  return [
    [span("failed", "failure"), span(" "), span(name, "name"), span(`${place}: ${failure.message}`)],
    ...(failure.hint === undefined ? [] : [[span(`hint: ${failure.hint}`)]]),
    [span(`pipelite log ${name} shows what it printed`)],
  ];
}
