// Plain tables: columns as wide as their widest cell, two spaces between, nothing after the last.
import { displayWidth, oneLine, padToWidth } from "#view/format.ts";
import { span, wrapLine } from "#view/paint.ts";

export interface TableForm {
  /** Indexes of columns that are aligned to the right: figures. */
  right?: readonly number[];
  /** Of a terminal: what does not fit on the line of its row goes on below it. */
  columns?: number | undefined;
}

export function formatTable(
  texts: readonly (readonly string[])[],
  { right = [], columns }: TableForm = {},
): string {
  // What people and stages wrote must not look like a row of its own.
  const rows = texts.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  }
  const lines = rows.flatMap((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return right.includes(column) ? " ".repeat(width - displayWidth(cell)) + cell : padToWidth(cell, width);
    });
    return columns === undefined ? [cells.join("  ").trimEnd()] : breakRow(cells, columns);
  });
  return lines.join("\n");
}

const BELOW = "    ";

/** A row of padded cells in lines of at most so many columns; a cell that is wider begins a line, and goes on below at its spaces. */
function breakRow(cells: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const cell of cells) {
    const isBelow = lines.length > 0;
    const next = line === "" ? cell : `${line}  ${isBelow ? cell.trim() : cell}`;
    if (line === "" || displayWidth(next.trimEnd()) <= columns) {
      line = next;
      continue;
    }
    lines.push(line.trimEnd());
    line = BELOW + cell.trim();
  }
  return [...lines, line.trimEnd()].filter((each) => each !== "").flatMap((each) => wrapText(each, columns));
}

/** Without `columns` as it is. */
export function wrapText(text: string, columns: number | undefined): string[] {
  if (columns === undefined) return [text];
  const lines = wrapLine([span(text)], columns, BELOW.length);
  return lines.map((words) => words.map((word) => word.text).join(""));
}
