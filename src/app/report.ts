// The documents of a run, written into a folder that holds nothing else.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "#base/files.ts";
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
  const documents = [...contents].map(([name, bytes]) => ({ name, sha256: hexDigestOf(bytes) }));
  const sums = documents.map(({ name, sha256: digest }) => `${digest}  ${name}\n`).join("");
  // What is stopped on the way leaves nothing that a later report takes for a stranger's.
  writeFileAtomically(join(folder, SUMS), `${readSums(folder)}${sums}`);
  for (const [name, bytes] of contents) writeFileAtomically(join(folder, name), bytes);
  writeFileAtomically(join(folder, SUMS), sums);
  return { run, folder, documents };
}

function readSums(folder: string): string {
  const list = join(folder, SUMS);
  return existsSync(list) ? readFileSync(list, "utf8") : "";
}

/** @throws PipeliteError REPORT_FILE_FOREIGN for a file that is not as this command wrote it */
function requireOwn(folder: string, names: readonly string[]): void {
  const lines = readSums(folder).split("\n");
  const isOwnList = lines.some((line) => line.endsWith(`  ${HTML}`));
  const foreign = names.find((name) => {
    const file = join(folder, name);
    if (!existsSync(file)) return false;
    if (name === SUMS) return !isOwnList;
    return !isOwnList || !lines.includes(`${hexDigestOf(readFileSync(file))}  ${name}`);
  });
  if (foreign !== undefined) throw pipeliteError("REPORT_FILE_FOREIGN", { file: join(folder, foreign) });
}
