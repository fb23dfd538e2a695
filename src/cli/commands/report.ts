// `pipelite report`: the documents of any run, as files.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hex } from "#base/bytes.ts";
import { homeOf, pathOf, print, printJson, say, type Context, type GlobalFlags } from "#cli/context.ts";
import { formatTable } from "#cli/table.ts";
import { documentsOf, gather } from "#report/index.ts";
import { printToPdf } from "#report/pdf.ts";
import { sha256 } from "#nix/hash.ts";
import { readRun } from "#run/records.ts";
import { pipeliteError } from "#cli/errors.ts";

export interface ReportFlags extends GlobalFlags {
  out: string | undefined;
  pdf: boolean;
}

const HTML = "report.html";
const PDF = "report.pdf";
/** Says which files of a folder are documents, and that they are as they were written: only those may be replaced. */
const SUMS = "SHA256SUMS";

export async function report(context: Context, flags: ReportFlags, which = "latest"): Promise<void> {
  const home = homeOf(context, flags.store);
  const record = readRun(home, which);
  const folder = pathOf(context, flags.out ?? `report-${record.runId}`);
  const documents = documentsOf(gather(home, record));
  if (flags.pdf) documents.set(PDF, await printToPdf(documents.get(HTML) ?? new Uint8Array(), context.env));
  requireOwn(folder, [...documents.keys(), SUMS]);
  mkdirSync(folder, { recursive: true });
  const rows = [...documents].map(([name, bytes]) => {
    writeFileSync(join(folder, name), bytes);
    return { name, sha256: hex(sha256(bytes)) };
  });
  writeFileSync(join(folder, SUMS), rows.map(({ name, sha256: digest }) => `${digest}  ${name}\n`).join(""));
  if (flags.json) return printJson(context, { runId: record.runId, folder, documents: rows });
  print(context, formatTable([["DOCUMENT", "SHA256"], ...rows.map((row) => [row.name, row.sha256])]));
  say(context, flags, `documents of run ${record.runId} (${record.status}): ${folder}`);
}

/** @throws PipeliteError REPORT_FILE_FOREIGN for a file that is not as this command wrote it */
function requireOwn(folder: string, names: readonly string[]): void {
  const list = join(folder, SUMS);
  const lines = existsSync(list) ? readFileSync(list, "utf8").split("\n") : [];
  const isOwnList = lines.some((line) => line.endsWith(`  ${HTML}`));
  const foreign = names.find((name) => {
    const file = join(folder, name);
    if (!existsSync(file)) return false;
    if (name === SUMS) return !isOwnList;
    return !isOwnList || !lines.includes(`${hex(sha256(readFileSync(file)))}  ${name}`);
  });
  if (foreign !== undefined) throw pipeliteError("REPORT_FILE_FOREIGN", { file: join(folder, foreign) });
}
