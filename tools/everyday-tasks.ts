// Writes the table of docs/everyday-tasks.md: runs each task in Pipelite and in Snakemake.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { formatDuration } from "#base/quantities.ts";
import { linesOf, runTask, TASKS, UNAVAILABLE, type Done } from "../test/everyday/tasks.ts";

const PAGE = join(import.meta.dirname, "../docs/everyday-tasks.md");
const [BEGIN, END] = ["<!-- table -->", "<!-- end of table -->"];

const load = (loadavg()[0] ?? 0).toFixed(0);
const rows: string[] = [];
for (const task of TASKS) {
  const ours = await runTask(task, "pipelite");
  const theirs = await runTask(task, "snakemake");
  const times = (done: Done) =>
    done.code === 0 ? `${formatDuration(done.ms)}, ${formatDuration(done.againMs)}` : "failed";
  const [own, other] = [linesOf(task, "pipelite"), linesOf(task, "snakemake")];
  rows.push(`| ${task.title} | ${own} | ${other} | ${times(ours)} | ${times(theirs)} |`);
  console.log(rows.at(-1));
}
for (const { title, reason } of UNAVAILABLE) rows.push(`| ${title} | unavailable: ${reason} | | | |`);
const head = [
  "| task | lines, Pipelite | lines, Snakemake | times, Pipelite | times, Snakemake |",
  "| --- | --- | --- | --- | --- |",
];
const page = readFileSync(PAGE, "utf8");
const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length);
const machine = `Measured on ${availableParallelism()} processors at a load of ${load}: the first run, and the same again with nothing to do.`;
writeFileSync(
  PAGE,
  `${before}\n\n${machine}\n\n${[...head, ...rows].join("\n")}\n\n${page.slice(page.indexOf(END))}`,
);
