// Everyday tasks in Pipelite and in Snakemake: both make the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { linesOf, runTask, TASKS } from "./tasks.ts";

for (const task of TASKS) {
  test(
    `${task.title}: Pipelite and Snakemake agree`,
    { skip: peer("snakemake", ...(task.peers ?? [])) },
    async () => {
      const ours = await runTask(task, "pipelite");
      assert.equal(ours.code, 0, ours.stderr);
      const theirs = await runTask(task, "snakemake");
      assert.equal(theirs.code, 0, theirs.stderr);
      if (task.prints === undefined) assert.equal(ours.made, theirs.made);
      else for (const { made } of [ours, theirs]) assert.match(made, task.prints);
    },
  );
}

test("the page has every task, with the lines of code that there are (node tools/everyday-tasks.ts)", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/everyday-tasks.md"), "utf8");
  for (const task of TASKS) {
    const [row = ""] = page.split("\n").filter((line) => line.startsWith(`| ${task.title} `));
    const cells = row.split("|").map((cell) => cell.trim());
    assert.deepEqual(
      cells.slice(2, 4),
      [`${linesOf(task, "pipelite")}`, `${linesOf(task, "snakemake")}`],
      task.title,
    );
  }
});
