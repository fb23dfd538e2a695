// What is sound is accepted: each rule of the kernel used in the way it is meant, and the real exports at hand.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { check, checkStream } from "#lean/index.ts";
import { SOUND } from "./accept.ts";
import { arithmetic, Nat, quotient, start } from "./prelude.ts";
import { eq, lam, pi, refl, v } from "./terms.ts";

for (const [name, make] of Object.entries(SOUND)) {
  test(`accepted: ${name}`, () => {
    const { status, problem } = check([make().text()], { allowAxioms: ["sound_here"] });
    assert.equal(status, "accepted", JSON.stringify(problem));
  });
}

const vectors = new URL("vectors/", import.meta.url);

for (const file of readdirSync(vectors).filter((name) => name.endsWith(".ndjson"))) {
  test(`a real export is accepted: ${file}`, () => {
    const { status, problem, theorems } = check([readFileSync(new URL(file, vectors))]);
    assert.equal(status, "accepted", JSON.stringify(problem));
    assert.equal(
      theorems.every((theorem) => theorem.status === "checked"),
      true,
    );
  });
}

test("theorems are listed with statement, place and axioms", () => {
  const e = quotient(arithmetic(start("Eq", "Nat")));
  e.axiom("propext", pi([["n", Nat]], eq(1, Nat, v("n"), v("n"))));
  e.thm("plain", pi([["n", Nat]], eq(1, Nat, v("n"), v("n"))), lam([["n", Nat]], refl(1, Nat, v("n"))));
  e.thm("from", pi([["m", Nat]], eq(1, Nat, v("m"), v("m"))), { k: "const", name: "propext", levels: [] });
  const report = check([e.text()]);
  assert.deepEqual(
    report.theorems.map(({ name, statement, axioms, status }) => ({ name, statement, axioms, status })),
    [
      { name: "plain", statement: "∀ (n : Nat), n = n", axioms: [], status: "checked" },
      { name: "from", statement: "∀ (m : Nat), m = m", axioms: ["propext"], status: "checked" },
    ],
  );
  assert.deepEqual(
    report.axioms.map(({ name, allowed }) => [name, allowed]),
    [["propext", true]],
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

test("a limit on work makes the answer unavailable, never accepted", () => {
  const e = arithmetic(start("Eq", "Nat"));
  const report = check([e.text()], { workMax: 100 });
  assert.equal(report.status, "unavailable");
  assert.equal(report.problem?.reason, "resource-limit");
});
