// The documents of a run, written into a folder that holds nothing else.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "#base/files.ts";
import { hexDigestOf } from "#base/digest.ts";
import { pipeliteError } from "./errors.ts";
import { documentsOf, gatherDocuments } from "#report/index.ts";
import type { Home } from "#home/home.ts";
import type { ReadRun, WhichRun } from "#home/runs.ts";

const HTML = "report.html";
const PDF = "report.pdf";
/** Says which files of a folder are documents, and that they are as they were written: only those may be replaced. */
const SUMS = "SHA256SUMS";

export interface WriteReport {
  home: Home;
  which: WhichRun;
  /** Where the documents of a run go. */
  folderFor: (runId: string) => string;
  /** The environment in which Chromium is found, for report.pdf; without it there is no PDF. */
  pdfEnv?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface WrittenReport {
  run: ReadRun;
  folder: string;
  documents: { name: string; sha256: string }[];
}

/** @throws PipeliteError RUN_NOT_FOUND, REPORT_FILE_FOREIGN for a file that is not as this wrote it, PDF_FAILED */
export async function writeReport({ home, which, folderFor, pdfEnv }: WriteReport): Promise<WrittenReport> {
  const run = home.runs.find(which);
  const folder = folderFor(run.runId);
  const contents = documentsOf(gatherDocuments(home, run));
  if (pdfEnv !== undefined) {
    const { printToPdf } = await import("#report/pdf.ts");
    contents.set(PDF, await printToPdf(contents.get(HTML) ?? new Uint8Array(), pdfEnv));
  }
  requireOwn(folder, [...contents.keys(), SUMS]);
  makeFolder(folder);
  const documents = [...contents].map(([name, bytes]) => {
    writeFileSync(join(folder, name), bytes);
    return { name, sha256: hexDigestOf(bytes) };
  });
  const sums = documents.map(({ name, sha256: digest }) => `${digest}  ${name}\n`);
  writeFileSync(join(folder, SUMS), sums.join(""));
  return { run, folder, documents };
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
    return !isOwnList || !lines.includes(`${hexDigestOf(readFileSync(file))}  ${name}`);
  });
  if (foreign !== undefined) throw pipeliteError("REPORT_FILE_FOREIGN", { file: join(folder, foreign) });
}
