// A table in a document of which tool did what with what we made, and what came of it. Tests say a row behind the assertions that it
// tells of; PIPELITE_WRITE_TABLE=1 writes the table, and otherwise it has to be what they said.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const HEADS = ["tool", "version", "what it did", "outcome"];

export class OutcomeTable {
  readonly #page: string;
  readonly #start: string;
  readonly #rows: string[][] = [];

  /** @param page below docs/. @param test what fills it */
  constructor(page: string, test: string) {
    this.#page = join(import.meta.dirname, "../../docs", page);
    this.#start = `<!-- table: ${test} -->`;
  }

  say(tool: string, command: string, came: string): void {
    this.#rows.push([tool, versionOf(tool), `\`${command}\``, came]);
  }

  /** When all tests that say rows are done. */
  compare(): void {
    const text = readFileSync(this.#page, "utf8");
    const start = text.indexOf(this.#start);
    const end = text.indexOf(END, start);
    assert.ok(start >= 0 && end > start, `${this.#page} has no place for the table`);
    if (process.env["PIPELITE_WRITE_TABLE"] === "1") {
      const lines = [HEADS, HEADS.map(() => "---"), ...this.#rows].map((row) => `| ${row.join(" | ")} |`);
      const before = text.slice(0, start + this.#start.length);
      writeFileSync(this.#page, `${before}\n\n${lines.join("\n")}\n\n${text.slice(end)}`);
      return;
    }
    const there = text
      .slice(start, end)
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .slice(2)
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      );
    // The version that was there when the table was written may be another here.
    const without = (rows: readonly string[][]) => rows.map((row) => row.filter((_, index) => index !== 1));
    assert.deepEqual(without(this.#rows), without(there), "PIPELITE_WRITE_TABLE=1 writes it anew");
  }
}

const END = "<!-- end of the table -->";

/** As it says itself. */
function versionOf(tool: string): string {
  // openssl alone knows no such flag.
  for (const word of ["--version", "version"]) {
    const { stdout, stderr } = spawnSync(tool, [word], { encoding: "utf8" });
    const version = /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0];
    if (version !== undefined) return version;
  }
  return "unknown";
}
