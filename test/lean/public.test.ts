// What is public about faults of Lean kernels, each report as exports of our own: refused or accepted as it must be, and for
// the right reason. docs/lean.md has the table, with what nanoda says (peer.test.ts holds it to that).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { check } from "#lean/index.ts";
import { PUBLIC } from "./public/index.ts";
import { AWAITED } from "./public/awaited.ts";
import { reportRows } from "./public/table.ts";

/** Far above what any of them needs; a kernel that counts on its fingers is over it. */
const WORK_MAX = 50_000_000;

for (const { name, right, ours, mayGiveUp, make } of PUBLIC) {
  const todo = AWAITED[name];
  test(`${right}: ${name}`, todo === undefined ? {} : { todo }, () => {
    const made = make();
    const { status, problem } = check([typeof made === "string" ? made : made.text()], { workMax: WORK_MAX });
    if (mayGiveUp === true && status === "unavailable") return;
    const said = JSON.stringify(problem ?? status);
    if (ours === undefined) assert.equal(status, "accepted", said);
    else {
      const isRefused = status === "rejected" && ours.includes(problem?.reason ?? "resource-limit");
      assert.equal(isRefused || (status === "malformed" && ours.includes("malformed")), true, said);
    }
    if (right !== "either") assert.equal(status === "accepted", right === "accept", said);
  });
}

test("no two have one name, and what is awaited is one of them", () => {
  const names = new Set(PUBLIC.map(({ name }) => name));
  assert.equal(names.size, PUBLIC.length);
  assert.deepEqual(
    Object.keys(AWAITED).filter((name) => !names.has(name)),
    [],
  );
});

test("docs/lean.md has a row for each report, with what is right, what ours says and what nanoda says", () => {
  const docs = readFileSync(join(import.meta.dirname, "../../docs/lean.md"), "utf8");
  const rows = docs.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const missing = reportRows(PUBLIC).filter(
    (row) => !rows.some((cells) => row.every((cell, i) => cells[i + 1] === cell)),
  );
  assert.deepEqual(
    missing.map((row) => `| ${row.join(" | ")} |`),
    [],
  );
});
