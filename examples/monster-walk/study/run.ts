// `npm run study`: builds seeded variations of the Monster Walk's audio stage twice each, compares the bytes, and publishes
// what came out: result.json has the rows, and the page (README.md) and the pictures are computed from it.
//   --runs N   so many variations instead of all; written to a new temporary folder
//   --out DIR  write result, page and pictures there and leave the ones of this folder alone
//   --check    build nothing: hold the page and the pictures against the rows
//   --pages    build nothing: write the page and the pictures again from the rows
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { removeTree } from "../../../src/base/files.ts";
import { drawCapability } from "../../../src/chart/capability-page.ts";
import { drawSeriesPage } from "../../../src/chart/series-page.ts";
import { analyse } from "./analysis.ts";
import type { Analysis } from "./analysis.ts";
import { buildVariations } from "./builds.ts";
import { MARKS, replaceMarked, writePage } from "./page.ts";
import { parseStudy, writeStudy } from "./rows.ts";
import type { Study } from "./rows.ts";

const RUNS = 205;
const FOLDER = import.meta.dirname;
const EXIT_DIFFERENT = 3;
const EMPTY_PAGE = `${MARKS.begin}\n${MARKS.end}\n`;

/** Name of the file -> text, all computed from the rows. */
function documentsOf(study: Study, analysis: Analysis, page: string): Map<string, string> {
  const text = replaceMarked(page, writePage(study, analysis));
  if (text === undefined) throw new Error("README.md has no marks to write between");
  const { result, groups } = analysis.chord;
  const title = `Tones of ${study.asked} chords: deviation from nominal in Hz`;
  return new Map([
    ["README.md", text],
    ["frequencies.svg", drawCapability({ result, groups, title })],
    ["builds.svg", drawSeriesPage(analysis.series, `${2 * study.asked} builds in the order of time`)],
  ]);
}

function publishedDocuments(): Map<string, string> {
  const study = parseStudy(readFileSync(join(FOLDER, "result.json"), "utf8"));
  return documentsOf(study, analyse(study), readFileSync(join(FOLDER, "README.md"), "utf8"));
}

function check(): void {
  const different = [...publishedDocuments()].filter(
    ([name, text]) => readFileSync(join(FOLDER, name), "utf8") !== text,
  );
  for (const [name] of different) process.stderr.write(`${name} is not what result.json gives\n`);
  if (different.length > 0) process.exitCode = EXIT_DIFFERENT;
}

async function publish(asked: number, out: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-study-"));
  try {
    const study = await buildVariations(asked, folder, (done, of) => {
      if (done % 10 === 0 || done === of) process.stderr.write(`${done} of ${of} builds\n`);
    });
    const page = out === undefined ? readFileSync(join(FOLDER, "README.md"), "utf8") : EMPTY_PAGE;
    const target = out ?? FOLDER;
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, "result.json"), writeStudy(study));
    const analysis = analyse(study);
    for (const [name, text] of documentsOf(study, analysis, page)) writeFileSync(join(target, name), text);
    const { seeds } = analysis;
    process.stderr.write(`result, page and pictures: ${target}\n`);
    const words = Object.entries(seeds).map(([outcome, { length }]) => `${outcome} ${length} of ${asked}`);
    process.stdout.write(`${words.join("\n")}\n`);
    if (seeds.reproduced.length < asked) process.exitCode = EXIT_DIFFERENT;
  } finally {
    removeTree(folder);
  }
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: String(RUNS) },
    out: { type: "string" },
    check: { type: "boolean", default: false },
    pages: { type: "boolean", default: false },
  },
});
const asked = Number(values.runs);
if (!Number.isSafeInteger(asked) || asked < 1) throw new Error("--runs must be a whole number of at least 1");
if (values.check) check();
else if (values.pages)
  for (const [name, text] of publishedDocuments()) writeFileSync(join(FOLDER, name), text);
else {
  const aside =
    asked === RUNS || values.out !== undefined
      ? undefined
      : mkdtempSync(join(tmpdir(), "pipelite-study-result-"));
  await publish(asked, values.out ?? aside);
}
