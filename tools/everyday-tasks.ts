// Writes the table of docs/everyday-tasks.md: runs each task in Pipelite and in Snakemake, in turns, so many times (3).
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { formatCount } from "#base/numbers.ts";
import { formatDuration } from "#base/quantities.ts";
import { linesOf, runTask, TASKS, type Done } from "../test/everyday/tasks.ts";

const PAGE = join(import.meta.dirname, "../docs/everyday-tasks.md");
const [BEGIN, END] = ["<!-- table -->", "<!-- end of table -->"];
const RUNS = Number(process.argv[2] ?? 3);

/** The quickest first run, and the quickest one after it. */
function leastTimes(runs: readonly Done[]): string {
  if (runs.some(({ code }) => code !== 0)) return "failed";
  const again = runs.flatMap(({ againMs }) => againMs ?? []);
  const least = [Math.min(...runs.map(({ ms }) => ms)), ...(again.length > 0 ? [Math.min(...again)] : [])];
  return least.map(formatDuration).join(", ");
}

const load = (loadavg()[0] ?? 0).toFixed(0);
const rows: string[] = [];
for (const task of TASKS) {
  const [ours, theirs]: [Done[], Done[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    ours.push(await runTask(task, "pipelite"));
    theirs.push(await runTask(task, "snakemake"));
  }
  const [own, other] = [linesOf(task, "pipelite"), linesOf(task, "snakemake")];
  rows.push(`| ${task.title} | ${own} | ${other} | ${leastTimes(ours)} | ${leastTimes(theirs)} |`);
  console.log(rows.at(-1));
}
const head = [
  "| task | lines, Pipelite | lines, Snakemake | times, Pipelite | times, Snakemake |",
  "| --- | --- | --- | --- | --- |",
];
const page = readFileSync(PAGE, "utf8");
const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length);
const machine = `Measured on ${availableParallelism()} processors at a load of ${load}: the least of ${formatCount(RUNS, "run")}; the first run in an empty home, and the same again with nothing to do.`;
writeFileSync(
  PAGE,
  `${before}\n\n${machine}\n\n${[...head, ...rows].join("\n")}\n\n${page.slice(page.indexOf(END))}`,
);
