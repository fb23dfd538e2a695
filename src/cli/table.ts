// Plain tables: columns as wide as their widest cell, two spaces between, nothing after the last.
import { cleanLine, displayWidth, padToWidth } from "#view/format.ts";

/** @param right indexes of columns that are aligned to the right: figures. */
export function formatTable(texts: readonly (readonly string[])[], right: readonly number[] = []): string {
  // What people and stages wrote must not look like a row of its own.
  const rows = texts.map((row) => row.map((cell) => cleanLine(cell.replaceAll(/[\r\n]+/g, " "))));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return right.includes(column) ? " ".repeat(width - displayWidth(cell)) + cell : padToWidth(cell, width);
    });
    return cells.join("  ").trimEnd();
  });
  return lines.join("\n");
}
