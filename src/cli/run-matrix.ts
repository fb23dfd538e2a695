// `pipelite run --matrix`: a line for each run as it ends, and one table at the end.
import { pipeliteError } from "./errors.ts";
import { columnsOf, pathOf, print, printJson, say, type Context, type ExitCode } from "./context.ts";
import type { GlobalFlags } from "./context.ts";
import { textOfTable } from "./matrix-text.ts";
import type { Axis, MatrixOptions, MatrixRow } from "#app/matrix.ts";
import { formatDuration } from "#base/quantities.ts";
import type { View } from "#view/view.ts";

type Flags = GlobalFlags & {
  matrix: readonly Axis[];
  watch: boolean;
  noLink: boolean;
  out: string | undefined;
};

export async function runMatrixCommand(
  context: Context,
  flags: Flags,
  asked: Omit<MatrixOptions, "axes" | "folder" | "begin" | "ended">,
  openView: () => View,
): Promise<ExitCode> {
  if (flags.watch) throw pipeliteError("FLAGS_APART", { one: "--matrix", other: "--watch" });
  const app = await import("#app/matrix.ts");
  const folder = flags.noLink ? null : pathOf(context, `${flags.out ?? "result"}-matrix`);
  const { table, exitCode } = await app.runMatrix({
    ...asked,
    axes: flags.matrix,
    folder,
    begin: () => (flags.json ? { listener: () => undefined, close: () => undefined } : openView()),
    ended: (row, done, total) =>
      say(context, flags, `[${done}/${total}] ${assignments(row)}  ${endText(row)}`),
  });
  if (flags.json) printJson(context, table);
  else print(context, textOfTable(table, columnsOf(context)));
  const where = folder === null ? "" : `; results and table.json in ${folder}`;
  say(context, flags, `  matrix-${table.matrixId}${where}`);
  return exitCode;
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
