// nanoda, the checker in Rust, on the same exports: both must accept what is sound, and what nanoda refuses we refuse.
// The other way round we are stricter in a few named ways.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { check } from "#lean/index.ts";
import { optionalPeer } from "../rig/peer.ts";
import { SOUND } from "./accept.ts";
import { PUBLIC } from "./public/index.ts";
import { CONTEXTS } from "./refuse/contexts.ts";
import { FAMILIES } from "./refuse/families.ts";
import { HIDDEN } from "./refuse/hidden.ts";
import { AXIOMS, DECLARATIONS, LEVELS } from "./refuse/levels.ts";
import { LITERALS } from "./refuse/literals.ts";
import { PROJECTIONS } from "./refuse/projections.ts";
import { QUOTIENTS } from "./refuse/quotients.ts";
import { RECURSORS } from "./refuse/recursors.ts";
import { REVIEW } from "./refuse/review.ts";
import { vectors } from "./vectors.ts";
import { monsterWalkExport } from "./monster-walk.ts";

const NANODA = "nanoda_bin";
const skip = optionalPeer(NANODA, "no package registry has it");
const folder = mkdtempSync(join(tmpdir(), "pipelite-nanoda-"));
after(() => rmSync(folder, { recursive: true }));

function isAcceptedByNanoda(text: string): boolean {
  const [file, config] = [join(folder, "export.ndjson"), join(folder, "config.json")];
  writeFileSync(file, text);
  const options = {
    export_file_path: file,
    use_stdin: false,
    unpermitted_axiom_hard_error: false,
    permitted_axioms: ["propext", "Classical.choice", "Quot.sound", "sound_here"],
    nat_extension: true,
    string_extension: true,
    print_success_message: false,
  };
  writeFileSync(config, JSON.stringify(options));
  const env = { ...process.env, RUST_BACKTRACE: "0" };
  return spawnSync(NANODA, [config], { timeout: 120_000, env }).status === 0;
}

/** Sound, and refused by nanoda. */
const BEYOND_NANODA: Readonly<Record<string, string>> = {
  "division by another definition is computed by that definition":
    "it divides by itself, whatever Nat.div is",
  "unsafe definitions that nothing uses": "it does not read them",
  "indices of lines in any order": "it wants lines numbered in order",
};

test("nanoda accepts what we accept", { skip }, () => {
  const refused = Object.entries(SOUND).filter(([, make]) => !isAcceptedByNanoda(make().text()));
  assert.deepEqual(
    refused.map(([name]) => name),
    Object.keys(BEYOND_NANODA),
  );
});

/** Unsound or untrue exports that nanoda accepts, by what it takes on trust or never looks at. */
const TRUSTED_BY_NANODA: Readonly<Record<string, readonly string[]>> = {
  "axioms that are not permitted are left out unread": [
    "two universe parameters of one name",
    "a constant of a statement that is never declared",
    "an axiom declared as an inductive type later",
    "a type that is a number",
    "a type that is a proof",
    "a binder over a number",
    "a loose variable as a statement",
  ],
  "axioms are permitted by name, whatever they say": [
    "propext that says False",
    "propext that says all, twice",
    "Classical.choice of a type that may be empty",
    "Quot.sound that says all",
    "propext over an Iff with one half",
    "Classical.choice over a Nonempty that all types are",
  ],
  "what an inductive type says of itself is computed, not compared": [
    "a recursive type that says it is not",
    "a plain type that says it is recursive",
    "a plain type that says it is reflexive",
    "a plain type that says it is nested",
    "another number of indices",
    "constructors in another order",
    "constructors with exchanged numbers",
    "a constructor with another number of parameters",
    "a record without types",
    "another number of fields",
    "one field too many",
    "Nat with the k flag",
    "False with the k flag",
    "And with the k flag",
    "Eq without the k flag",
    "a recursor with another number of motives",
    "a recursor with another number of minor premises",
    "a recursor with another number of indices",
    "a recursor with another number of parameters",
    "one more recursor, that is a proof of False",
  ],
  "a projection is of the structure that its operand has": [
    "a projection of another structure",
    "a projection out of a definition's name",
  ],
  "Nat, Bool, String and arithmetic are what their names say": [
    "a number where Nat is a definition",
    "a text where String is made of nothing",
    "a text where String.ofList makes something else",
    "Nat with a third constructor",
    "Nat with its constructors exchanged",
    "Nat whose successor forgets",
    "Nat as a proposition",
    "Bool with true first",
    "addition that is always 0",
    "addition that is off by one",
    "addition of the first to itself",
    "multiplication that starts at 1",
    "a power that multiplies by two",
    "subtraction that does not subtract",
    "a comparison that is always true",
    "an order that is equality",
    "equality that is the order",
    "division that is always 0, computed as division",
    "a greatest common divisor that is always 1",
    "bitwise and that is or",
    "addition as an opaque, computed as addition",
    "an axiom behind a text",
    "subtraction where Nat and Nat.rec are definitions",
  ],
  "the parts of the quotient are made by itself": [
    "Quot.mk in the role of Quot.lift",
    "Quot.mk with two universe parameters",
    "Quot.mk before Quot",
    "Quot.mk of a quotient that is a definition",
  ],
};

test("nanoda refuses what we refuse, but for what it takes on trust", { skip }, () => {
  const all = [
    ...LEVELS,
    ...DECLARATIONS,
    ...AXIOMS,
    ...FAMILIES,
    ...RECURSORS,
    ...PROJECTIONS,
    ...LITERALS,
    ...QUOTIENTS,
    ...HIDDEN,
    ...CONTEXTS,
    ...REVIEW,
  ];
  const accepted = all.filter(({ make }) => {
    const made = make();
    return typeof made === "object" && "records" in made && isAcceptedByNanoda(made.text());
  });
  assert.deepEqual(
    accepted.map(({ name }) => name).toSorted(),
    Object.values(TRUSTED_BY_NANODA).flat().toSorted(),
  );
});

test("nanoda says to public reports what is written of it", { skip }, () => {
  const others = PUBLIC.filter(({ make, nanoda }) => {
    const made = make();
    return isAcceptedByNanoda(typeof made === "string" ? made : made.text()) !== (nanoda === "accept");
  });
  assert.deepEqual(
    others.map(({ name }) => name),
    [],
  );
});

for (const [name, { path, expected }] of Object.entries(vectors())) {
  test(`nanoda and we agree on an export made by Lean: ${name}`, { skip }, () => {
    assert.equal(isAcceptedByNanoda(readFileSync(path, "utf8")), expected === "accepted");
  });
}

test(
  "nanoda and we agree on the Monster Walk's proof, and on one with a digit changed",
  { skip },
  async () => {
    const ndjson = await monsterWalkExport();
    assert.equal(isAcceptedByNanoda(ndjson), true);
    const changed = ndjson.replace('"natVal":"8080"', '"natVal":"8081"');
    assert.notEqual(changed, ndjson);
    assert.equal(isAcceptedByNanoda(changed), false);
    assert.notEqual(check([changed]).status, "accepted");
  },
);

/** Loaded only where it is needed: it is a pipeline of its own. */
