// Every single change to one field of an accepted export, and every line left out: refused, or harmless. Harmless is:
// 1. cosmetic: the field means nothing to the logic (names and styles of binders, hints, the list of a mutual group,
//    who exported). The report is the same but for names.
// 2. renamed: a name is spelled otherwise, and is so in all places, as names are written once.
// 3. unused: the line or record is used by nothing after it.
// 4. restated: a statement or definition is another one now and was checked as such; the report shows it. No such change
//    may give a proof of False.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { check, type ExportCheckOptions, type Report } from "#lean/index.ts";
import { SOUND } from "./accept.ts";
import { inductive } from "./inductive.ts";
import { GROUPS, Nat, start, succ, zero, bySecond, binary } from "./prelude.ts";
import { ap, c, eq, lam, nat, pi, prop, refl, v, type Export, type ExportLine } from "#lean/source/terms.ts";
import { NO_VECTORS, vectors } from "./vectors.ts";
import { sweep } from "../rig/peer.ts";

type Path = readonly (string | number)[];
type Class = "cosmetic" | "renamed" | "unused" | "restated";
type Verdict = Class | "refused";

const COSMETIC = new Set(["binderInfo", "nondep", "hints", "regular", "meta"]);

function base(): Export {
  const e = start("False", "Eq", "Nat");
  inductive(e, GROUPS.And);
  e.def("Nat.add", binary, bySecond(v("a"), succ(v("ih"))));
  e.opaque("hidden", Nat, nat(7));
  e.thm("sum", eq(1, Nat, ap(c("Nat.add"), nat(20), nat(22)), nat(42)), refl(1, Nat, nat(42)));
  const binders = [["n", Nat]] as const;
  e.thm(
    "zero",
    pi(binders, eq(1, Nat, ap(c("Nat.add"), v("n"), zero), v("n"))),
    lam(binders, refl(1, Nat, v("n"))),
  );
  const both = [
    ["p", prop],
    ["h", v("p")],
  ] as const;
  const twice = ap(c("And"), v("p"), v("p"));
  e.thm("both", pi(both, twice), lam(both, ap(c("And.intro"), v("p"), v("p"), v("h"), v("h"))));
  return e;
}

/** All values that one leaf of a record is changed to. */
function changesOf(value: unknown): unknown[] {
  if (typeof value === "number") return [value + 1, value - 1, 0].filter((other) => other !== value);
  if (typeof value === "boolean") return [!value];
  if (typeof value === "string")
    return /^\d+$/.test(value) ? [String(Number(value) + 1)] : [`${value}'`, "Nat", "implicit", "mk"];
  return Array.isArray(value) ? [value.slice(1), [...value, ...value.slice(-1)], value.toReversed()] : [];
}

function* mutate(record: ExportLine, path: Path = [], at: unknown = record): Generator<[Path, ExportLine]> {
  for (const other of changesOf(at)) {
    if (JSON.stringify(other) === JSON.stringify(at)) continue;
    const copy = structuredClone(record);
    let place: unknown = copy;
    for (const key of path.slice(0, -1)) place = (place as ExportLine)[key];
    (place as ExportLine)[path.at(-1) ?? ""] = other;
    yield [path, copy];
  }
  if (typeof at === "object" && at !== null) {
    for (const [key, value] of Object.entries(at)) yield* mutate(record, [...path, key], value);
  }
}

const text = (records: readonly ExportLine[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
const shown = ({ theorems, counts, axioms }: Report): string =>
  JSON.stringify([
    theorems.map(({ name, statement, axioms: used }) => [name, statement, used]),
    counts,
    axioms,
  ]);

/** Why an accepted change is harmless; undefined when it is not known to be. */
function classOf(path: Path, record: ExportLine, original: Report, changed: Report): Class | undefined {
  if (path.some((key) => COSMETIC.has(String(key)))) return "cosmetic";
  if (path[0] !== "inductive" && path.includes("all")) return "cosmetic";
  if (("lam" in record || "forallE" in record || "letE" in record) && path[1] === "name") return "cosmetic";
  if (path[0] === "str" || path[0] === "num") return "renamed";
  if (shown(changed) !== shown(original)) return "restated";
  return "def" in record || "opaque" in record || "ie" in record || "il" in record ? "restated" : undefined;
}

const records = base().records;
const original = check([text(records)]);

test("the export that is changed is accepted", () => {
  assert.equal(original.status, "accepted", JSON.stringify(original.problem));
});

/** Some sound exports prove it from an axiom that is allowed there. */
const provesFalse = ({ theorems }: Report): boolean =>
  theorems.some(({ statement }) => statement === "False");

/** Changes one field after the other and judges what is still accepted. Of so many changes, one in `every` is made. */
function tryChanges(
  records: readonly ExportLine[],
  every: number,
  options: ExportCheckOptions = {},
): Record<Verdict, number> {
  const original = check([text(records)], options);
  assert.equal(original.status, "accepted", JSON.stringify(original.problem));
  const counts = { refused: 0, cosmetic: 0, renamed: 0, unused: 0, restated: 0 };
  let next = 0;
  for (const [i, record] of records.entries()) {
    for (const [path, copy] of mutate(record)) {
      if (next++ % every !== 0) continue;
      const changed = check([text(records.with(i, copy))], options);
      const place = `line ${i + 1}, ${path.join(".")}: ${JSON.stringify(copy)}`;
      assert.notEqual(changed.status, "unavailable", place);
      if (changed.status !== "accepted") {
        assert.equal((changed.problem?.line ?? 0) >= i + 1, true, place);
        counts.refused++;
        continue;
      }
      const known = classOf(path, copy, original, changed);
      assert.notEqual(known, undefined, place);
      if (known !== undefined) counts[known]++;
      assert.equal(provesFalse(changed), provesFalse(original), place);
    }
  }
  return counts;
}

test("each change of one field is refused or harmless, and none proves False", { skip: sweep() }, () => {
  const counts = tryChanges(records, 1);
  assert.equal(counts.refused > 1000, true, JSON.stringify(counts));
  assert.equal(counts.refused > counts.restated * 5, true, JSON.stringify(counts));
});

test("so is each that is tried of all other sound exports", { skip: sweep() }, () => {
  let refused = 0;
  for (const make of Object.values(SOUND))
    refused += tryChanges(make().records, 97, { allowAxioms: ["sound_here"] }).refused;
  assert.equal(refused > 300, true, String(refused));
});

test("so is each that is tried of exports made by Lean", { skip: NO_VECTORS }, () => {
  for (const { path, expected } of Object.values(vectors())) {
    if (expected !== "accepted") continue;
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    tryChanges(
      lines.map((line) => JSON.parse(line) as ExportLine),
      7,
    );
  }
});

test("each line left out is missed, unless nothing uses it", { skip: sweep() }, () => {
  let unused = 0;
  for (const [i, record] of records.entries()) {
    const report = check([text(records.toSpliced(i, 1))]);
    if (report.status !== "accepted") continue;
    // A declaration that is not needed is seen to be gone; a name or expression was used by nothing.
    if (["thm", "def", "opaque", "inductive"].some((kind) => kind in record))
      assert.notEqual(shown(report), shown(original));
    unused++;
  }
  assert.equal(unused < 12, true, `${unused} lines are used by nothing`);
});
