// The tables of matrices that were run: read, and held against the records of their runs.
import { readFileSync } from "node:fs";
import { systemErrorCode } from "#base/errors.ts";
import { auditMatrix, type MatrixAudit } from "#evidence/audit-matrix.ts";
import type { Home } from "#home/home.ts";
import { fileOfMatrix, parseTable, type MatrixTable } from "#home/matrix-table.ts";
import { pipeliteError } from "./errors.ts";

export type { MatrixAudit };

/** `matrix`: the latest of the pipeline; `matrix-ID`, by the start of the id; or the table.json of one. */
export interface WhichMatrix {
  word: string;
  /** Of the pipeline that is meant by `matrix`; undefined for any. */
  pipelineFile: string | undefined;
}

export interface ReadMatrix {
  table: MatrixTable;
  audit: MatrixAudit;
}

/** A table, with what holds of it. @throws MATRIX_NOT_FOUND, MATRIX_INVALID */
export function readMatrix(home: Home, which: WhichMatrix): ReadMatrix {
  const { content, file } = which.word.endsWith(".json") ? readGiven(which.word) : readKept(home, which);
  const table = parseTable(content, file);
  return { table, audit: auditMatrix(home, table, content) };
}

interface Found {
  content: Uint8Array;
  file: string;
}

function readGiven(file: string): Found {
  try {
    return { content: readFileSync(file), file };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw pipeliteError("MATRIX_NOT_FOUND", { matrix: file }, error);
  }
}

function readKept(home: Home, { word, pipelineFile }: WhichMatrix): Found {
  const start = word.replace(/^matrix-?/, "");
  const ids = home.journal.entries
    .filter(({ kind, subject }) => kind === "matrix" && subject.startsWith(start))
    .map(({ subject }) => subject);
  for (const id of ids.toReversed()) {
    const file = fileOfMatrix(id);
    const content = home.readFile(file);
    if (content === undefined) continue;
    if (start !== "" || pipelineFile === undefined) return { content, file };
    if (parseTable(content, file).pipelineFile === pipelineFile) return { content, file };
  }
  throw pipeliteError("MATRIX_NOT_FOUND", { matrix: word });
}
