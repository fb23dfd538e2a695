// Writes the table of docs/store.md: what was lost by faults at each step of what changes a store, from a sweep over them.
//   --places N   so many places of each kind at the most (default: all)
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SCENARIOS } from "../test/faults/scenarios.ts";
import { Sweep } from "../test/faults/sweep.ts";
import { FAULTS } from "../test/faults/work.ts";

const PAGE = join(import.meta.dirname, "../docs/store.md");
const [BEGIN, END] = ["<!-- faults -->", "<!-- end of faults -->"];

const { values } = parseArgs({ options: { places: { type: "string" } } });
const places = Number(values.places ?? Infinity);
const rows: string[] = [];
for (const scenario of SCENARIOS) {
  using sweep = await Sweep.make(scenario);
  for (const fault of FAULTS) {
    const { name, what } = scenario;
    const { calls, tried, unnoticed, lost } = await sweep.try(fault, { most: places, seed: 0 });
    for (const problem of lost) console.log(`${name}, ${fault}, call ${problem}`);
    const row = [name, what, fault, calls, tried, unnoticed, lost.length === 0 ? "nothing" : lost.length];
    console.log(row.join(" | "));
    rows.push(`| ${row.join(" | ")} |`);
  }
}
const head = [
  "| command | what it does | fault | calls | tried | ended with 0 | lost or wrong afterwards |",
  "| --- | --- | --- | --- | --- | --- | --- |",
];
const page = readFileSync(PAGE, "utf8");
const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length);
writeFileSync(PAGE, `${before}\n\n${[...head, ...rows].join("\n")}\n\n${page.slice(page.indexOf(END))}`);
