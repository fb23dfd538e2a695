// What is sound is accepted: each rule of the kernel used in the way it is meant, and the real exports at hand.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { check, checkStream } from "#lean/index.ts";
import { SOUND } from "./accept.ts";
import { arithmetic, Nat, quotient, standard, start } from "./prelude.ts";
import { ap, c, eq, lam, pi, prop, refl, v } from "#lean/source/terms.ts";
import { NO_VECTORS, vectors } from "./vectors.ts";

for (const [name, make] of Object.entries(SOUND)) {
  test(`accepted: ${name}`, () => {
    const { status, problem } = check([make().text()], { allowAxioms: ["sound_here"] });
    assert.equal(status, "accepted", JSON.stringify(problem));
  });
}

for (const [file, { path, expected }] of Object.entries(vectors())) {
  test(`an export made by Lean: ${file}`, () => {
    const { status, problem } = check([readFileSync(path)]);
    assert.equal(problem === undefined ? status : `${status}: ${problem.reason}`, expected);
  });
}

test("exports made by Lean are given", { skip: NO_VECTORS }, () => {
  assert.notDeepEqual(vectors(), {});
});

test("theorems are listed with statement, place and axioms", () => {
  const e = standard(quotient(arithmetic(start("True", "Eq", "Iff", "Nat"))), {});
  const True = c("True");
  const yes = lam([["h", True]], v("h"));
  e.thm("plain", pi([["n", Nat]], eq(1, Nat, v("n"), v("n"))), lam([["n", Nat]], refl(1, Nat, v("n"))));
  e.thm(
    "from",
    eq(1, prop, True, True),
    ap(c("propext"), True, True, ap(c("Iff.intro"), True, True, yes, yes)),
  );
  const report = check([e.text()]);
  assert.deepEqual(
    report.theorems.map(({ name, statement, axioms, status }) => ({ name, statement, axioms, status })),
    [
      { name: "plain", statement: "∀ (n : Nat), n = n", axioms: [], status: "checked" },
      { name: "from", statement: "True = True", axioms: ["propext"], status: "checked" },
    ],
  );
  assert.deepEqual(
    report.axioms.map(({ name, allowed }) => [name, allowed]),
    [
      ["propext", true],
      ["Quot.sound", true],
    ],
  );
  assert.deepEqual(report.accelerated, ["Nat.add", "Nat.sub", "Nat.mul", "Nat.pow"]);
});

test("an axiom is accepted where it is allowed, and is listed", () => {
  const e = start("False").axiom("mine", { k: "const", name: "False", levels: [] });
  e.thm("bad", { k: "const", name: "False", levels: [] }, { k: "const", name: "mine", levels: [] });
  assert.equal(check([e.text()]).problem?.reason, "axiom-not-allowed");
  const report = check([e.text()], { allowAxioms: ["mine"] });
  assert.equal(report.status, "accepted");
  assert.deepEqual(report.theorems[0]?.axioms, ["mine"]);
});

test("bytes may be cut anywhere, also within a character", async () => {
  const bytes = Buffer.from(start("Eq", "Nat").text());
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) =>
    bytes.subarray(i * 7, i * 7 + 7),
  );
  assert.equal(check(pieces).status, "accepted");
  const stream = (async function* () {
    yield* pieces;
  })();
  assert.equal((await checkStream(stream)).status, "accepted");
});
