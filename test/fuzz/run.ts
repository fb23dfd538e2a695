// `node test/fuzz/run.ts [--seconds N] [--seed N] [TARGET...]`: fuzzes every target for its share of the time (120 seconds in all,
// a seed that is printed), writes what broke a parser to a file and shows it, and ends with 1 where something did.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

const { values, positionals } = parseArgs({
  options: { seconds: { type: "string", default: "120" }, seed: { type: "string" } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !targets.some((target) => target.name === name));
if (unknown !== undefined)
  throw new Error(`no target ${unknown}: ${targets.map(({ name }) => name).join(", ")}`);
const wanted = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const shareMs = (Number(values.seconds) * 1000) / wanted.length;
let failed = 0;
for (const target of wanted) {
  const end = performance.now() + shareMs;
  const { inputs, corpus, finding } = await fuzz(target, {
    seed,
    inputsMax: Infinity,
    isOver: () => performance.now() > end,
  });
  console.log(
    `${target.name}: ${inputs} inputs, ${corpus.length - target.corpus.length} of them reached new code`,
  );
  if (finding === undefined) continue;
  failed += 1;
  const file = join(mkdtempSync(join(tmpdir(), "pipelite-fuzz-")), target.name);
  writeFileSync(file, finding.input);
  console.log(`  FAILED on ${file} (seed ${seed}): ${finding.problem}`);
  console.log(`  its bytes in base64: ${Buffer.from(finding.input).toString("base64")}`);
}
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
