// `pipelite run --matrix`: a line for each run while they go on, and one table at the end.
import { pipeliteError } from "./errors.ts";
import { columnsOf, pathOf, print, printJson, say, type Context, type ExitCode } from "./context.ts";
import type { GlobalFlags } from "./context.ts";
import { formatTable } from "./table.ts";
import type { Axis, Matrix, MatrixOptions, MatrixRow } from "#app/matrix.ts";
import { formatDuration } from "#base/quantities.ts";
import type { View } from "#view/view.ts";

type Flags = GlobalFlags & {
  matrix: readonly Axis[];
  watch: boolean;
  noLink: boolean;
  out: string | undefined;
};

export async function runMatrix(
  context: Context,
  flags: Flags,
  asked: Omit<MatrixOptions, "axes" | "folder" | "begin" | "ended">,
  openView: () => View,
): Promise<ExitCode> {
  if (flags.watch) throw pipeliteError("FLAGS_APART", { one: "--matrix", other: "--watch" });
  const app = await import("#app/matrix.ts");
  const folder = flags.noLink ? null : pathOf(context, `${flags.out ?? "result"}-matrix`);
  let view: View | undefined;
  try {
    const matrix = await app.runMatrix({
      ...asked,
      axes: flags.matrix,
      folder,
      begin: () => {
        view?.close();
        view = flags.json ? undefined : openView();
        return view?.listener ?? (() => undefined);
      },
      ended: (row, done, total) => {
        view?.close();
        say(context, flags, `[${done}/${total}] ${assignments(row)}  ${endText(row)}`);
      },
    });
    if (flags.json) printJson(context, matrix);
    else print(context, tableOf(matrix, columnsOf(context)));
    if (folder !== null) say(context, flags, `  results and table.json in ${folder}`);
    return matrix.exitCode;
  } finally {
    view?.close();
  }
}

function assignments({ params }: MatrixRow): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function endText({ status, counts, durationMs, repeats, problem }: MatrixRow): string {
  if (problem !== undefined) return `${status}: ${problem}`;
  const took = durationMs === undefined ? "" : ` in ${formatDuration(durationMs)}`;
  if (repeats !== undefined) return `${status}: made before${took}`;
  return `${status}: ${counts?.built ?? 0} built, ${counts?.cached ?? 0} cached${took}`;
}

function tableOf({ axes, rows }: Matrix, columns: number | undefined): string {
  const names = axes.map(({ name }) => name);
  const checks = [...new Set(rows.flatMap((row) => Object.keys(row.checks)))];
  const heads = [...names.map((name) => name.toUpperCase()), "STATUS", "BUILT", "CACHED", "TIME", ...checks];
  const lines = rows.map((row) => [
    ...names.map((name) => row.params[name] ?? ""),
    row.failed === undefined ? row.status : `${row.status}: ${row.failed.join(" ")}`,
    String(row.counts?.built ?? "-"),
    String(row.counts?.cached ?? "-"),
    row.durationMs === undefined ? "-" : formatDuration(row.durationMs),
    ...checks.map((id) => checkText(row.checks[id])),
  ]);
  return formatTable([heads, ...lines], { columns });
}

function checkText(check: MatrixRow["checks"][string] | undefined): string {
  if (check === undefined) return "-";
  const value = [String(check.value ?? "-"), check.unit].filter((part) => part !== undefined).join(" ");
  return check.status === "passed" ? value : `${value} (${check.status})`;
}
