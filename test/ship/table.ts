// The table of docs/packages.md: which tool did what with our packages, and what came of it. Tests say it when it has come so;
// PIPELITE_WRITE_TABLE=1 writes it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PAGE = join(import.meta.dirname, "../../docs/packages.md");
const [START, END] = ["<!-- table: test/ship/peers.test.ts -->", "<!-- end of the table -->"];
const VERSION: Readonly<Record<string, readonly string[]>> = { openssl: ["version"] };

const rows: [tool: string, command: string, outcome: string][] = [];

/** To be called behind the assertions that it tells of. */
export function outcome(tool: string, command: string, came: string): void {
  rows.push([tool, command, came]);
}

/** When all tests that tell are done. */
export function compareTable(): void {
  const page = readFileSync(PAGE, "utf8");
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  assert.ok(start >= 0 && end > start, "docs/packages.md has no place for the table");
  const lines = rows.map(([tool, command, came]) => [tool, versionOf(tool), `\`${command}\``, came]);
  if (process.env["PIPELITE_WRITE_TABLE"] === "1") {
    const table = [["tool", "version", "what it did", "outcome"], ["---", "---", "---", "---"], ...lines];
    const text = table.map((row) => `| ${row.join(" | ")} |`).join("\n");
    writeFileSync(PAGE, `${page.slice(0, start + START.length)}\n\n${text}\n\n${page.slice(end)}`);
    return;
  }
  const there = page
    .slice(start, end)
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map(cells);
  // The version that was there when the table was written may be another here.
  const without = (row: readonly string[]) => row.filter((_, index) => index !== 1);
  assert.deepEqual(
    lines.map(without),
    there.map(without),
    "PIPELITE_WRITE_TABLE=1 writes docs/packages.md anew",
  );
}

function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}

/** As it says itself. */
function versionOf(tool: string): string {
  const { stdout } = spawnSync(tool === "apt" ? "apt-get" : tool, VERSION[tool] ?? ["--version"], {
    encoding: "utf8",
  });
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? "unknown";
}
