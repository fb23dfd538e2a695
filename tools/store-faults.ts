// Sweeps over faults at each step of what changes a store, and writes what was lost into the table of docs/store.md: the rows of
// what was tried, the others stay. Without options it tries every call of every command. Ends with 1 where something was lost.
//   --commands A,B   only these (default: all)
//   --faults A,B     only faults of these kinds (default: all)
//   --places N       so many places of each kind at the most (default: all)
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SCENARIOS } from "../test/faults/scenarios.ts";
import { Sweep } from "../test/faults/sweep.ts";
import { FAULTS } from "../test/faults/work.ts";

const PAGE = join(import.meta.dirname, "../docs/store.md");
const [BEGIN, END] = ["<!-- faults -->", "<!-- end of faults -->"];
const HEAD = [
  "command",
  "what it does",
  "fault",
  "calls",
  "tried",
  "ended with 0",
  "lost or wrong afterwards",
];

const TEXT = { type: "string" } as const;
const { values } = parseArgs({ options: { commands: TEXT, faults: TEXT, places: TEXT } });
const most = Number(values.places ?? Infinity);
let lostInAll = 0;
const commands = chosen(
  values.commands,
  SCENARIOS.map(({ name }) => name),
);
const faults = chosen(values.faults, FAULTS);
for (const scenario of SCENARIOS.filter(({ name }) => commands.includes(name))) {
  using sweep = await Sweep.make(scenario);
  for (const fault of FAULTS.filter((each) => faults.includes(each))) {
    const { name, what } = scenario;
    const { calls, tried, unnoticed, lost } = await sweep.try(fault, { most, seed: 0 });
    for (const problem of lost) console.log(`${name}, ${fault}, call ${problem}`);
    lostInAll += lost.length;
    const row = [name, what, fault, calls, tried, unnoticed, lost.length === 0 ? "nothing" : lost.length];
    console.log(row.join(" | "));
    writeRow(row.map(String));
  }
}
process.exitCode = lostInAll === 0 ? 0 : 1;

function chosen<Name extends string>(words: string | undefined, known: readonly Name[]): readonly Name[] {
  const wanted = words?.split(",") ?? known;
  const unknown = wanted.find((word) => !known.includes(word as Name));
  if (unknown !== undefined) throw new Error(`no ${unknown}: ${known.join(", ")}`);
  return known.filter((name) => wanted.includes(name));
}

/** In the order of commands and faults. */
function writeRow(row: readonly string[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
  const before = page
    .slice(begin, end)
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .slice(2);
  const rows = new Map([...before, row].map((each) => [`${each[0]} ${each[2]}`, each]));
  const ordered = SCENARIOS.flatMap(({ name }) =>
    FAULTS.flatMap((fault) => [rows.get(`${name} ${fault}`) ?? []]),
  );
  const lines = [HEAD, HEAD.map(() => "---"), ...ordered.filter((each) => each.length > 0)];
  const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  writeFileSync(PAGE, `${page.slice(0, begin)}\n\n${table}\n\n${page.slice(end)}`);
}
