// The theorems of the Monster Walk as Lean terms: what the kernel accepts, what it rejects, and that the export and the Lean
// file say the same.
import assert from "node:assert/strict";
import test from "node:test";
import { check } from "../../../src/lean/index.ts";
import { computeFacts, type Facts } from "../mathematics/facts.ts";
import type { Harmonic } from "../mathematics/harmonics.ts";
import { listStatements } from "../mathematics/statements.ts";
import "../../../test/rig/own-libraries.ts";
import { sweep } from "../../../test/rig/peer.ts";

const { monsterWalkLean } = await import("../lean/index.ts");
const { checkExport, isKernelChecked } = await import("../lean/check.ts");

const facts = computeFacts();
const made = monsterWalkLean(facts);
const lines = made.ndjson.trimEnd().split("\n");

/** The export without what comes after the declaration whose comment in the Lean file names it. */
function upTo(name: string): string[] {
  const index = made.theorems.findIndex((theorem) => theorem.name === `MonsterWalk.${name}`);
  assert.ok(index >= 0, name);
  let seen = -1;
  const end = lines.findIndex((line) => line.startsWith('{"thm"') && ++seen === index);
  return lines.slice(0, end + 1);
}

test("the kernel accepts every theorem, and none rests on an axiom", (t) => {
  const started = performance.now();
  const report = checkExport(made);
  t.diagnostic(`the kernel took ${Math.round(performance.now() - started)} ms`);
  assert.equal(report.status, "accepted");
  assert.deepEqual(report.axioms, []);
  assert.equal(report.theorems.length, made.theorems.length);
  for (const { name, axioms, status } of report.theorems)
    assert.deepEqual([name, axioms, status], [name, [], "checked"]);
  for (const operation of ["add", "mul", "pow", "ble", "beq"])
    assert.ok(report.accelerated.includes(`Nat.${operation}`));
  const covered = listStatements(facts).filter(({ id }) => isKernelChecked(id, report));
  const ids = covered.map(({ id }) => id);
  assert.equal(ids.filter((id) => id.startsWith("prime.")).length, facts.powers.length);
  assert.equal(ids.filter((id) => id.startsWith("group.")).length, facts.walk.groups.length);
  for (const id of [
    "order.value",
    "best.unique",
    "best.quotient",
    "sound.chord.highest",
    "sound.chord.quietest",
  ])
    assert.ok(ids.includes(id), id);
  assert.ok(!ids.includes("walk"), "that no longer run exists is recomputed only");
});

test("the Lean file has the theorems that the export has, and the kernel reads the statements as they are written", () => {
  const written = [...made.text.matchAll(/^theorem (\S+)/gm)].map(([, name]) => `MonsterWalk.${name}`);
  const report = check([made.ndjson]);
  const exported = report.theorems.map(({ name }) => name);
  assert.deepEqual(exported, written);
  assert.deepEqual(
    made.theorems.map(({ name }) => name),
    written,
  );
  const statementOf = (list: readonly { name: string; statement: string }[], name: string): string =>
    list.find((theorem) => theorem.name === `MonsterWalk.${name}`)?.statement ?? "";
  const wanted = [
    ["sample_count", "44100 * 10 = 441000", "44100 * 10 = 441000"],
    [
      "no_other_removal_keeps",
      "∀ s : List Bool, length s = 15 → ¬ s = nothing → ¬ s = removal → ∀ q : Nat, chosen powers s * q = order → ¬ Keeps q",
      "∀ (s : List Bool), MonsterWalk.length Bool s = 15 → ¬s = MonsterWalk.nothing → ¬s = MonsterWalk.removal → " +
        "∀ (q : Nat), MonsterWalk.chosen MonsterWalk.powers s * q = MonsterWalk.order → ¬MonsterWalk.Keeps q",
    ],
    [
      "all_prime",
      "∀ p : Nat, Member p primes → IsPrime p",
      "∀ (p : Nat), MonsterWalk.Member Nat p MonsterWalk.primes → MonsterWalk.IsPrime p",
    ],
    [
      "le_trans",
      "{a b c : Nat} (one : a ≤ b) (other : b ≤ c) : a ≤ c",
      "∀ (a b c : Nat), a ≤ b → b ≤ c → a ≤ c",
    ],
  ] as const;
  for (const [name, text, read] of wanted) {
    assert.equal(statementOf(made.theorems, name), text);
    assert.equal(statementOf(report.theorems, name), read);
  }
});

test("the Lean file leaves nothing out and assumes nothing", () => {
  const code = made.text.replace(/\/-[\s\S]*?-\//g, "");
  assert.doesNotMatch(code, /sorry|axiom|native_decide|import|unsafe|opaque|set_option/);
});

test("the same facts give the same bytes", () => {
  assert.deepEqual(monsterWalkLean(computeFacts()), made);
});

test("another digit in what the order begins with is rejected at the theorem", () => {
  for (const wrong of ["8081", "8180", "7080"]) {
    const start = upTo("order_leads").map((line) => line.replace('{"natVal":"8080"', `{"natVal":"${wrong}"`));
    const report = check([start.join("\n")]);
    assert.equal(report.status, "rejected", wrong);
    assert.equal(report.problem?.declaration, "MonsterWalk.order_leads");
    assert.throws(
      () => checkExport({ ...made, ndjson: start.join("\n") }),
      /line \d+, MonsterWalk\.order_leads/,
    );
  }
});

test("an export without one of its lines is malformed there", () => {
  const ndjson = made.ndjson.replace(/^.*"natVal":"8080".*\n/m, "");
  assert.throws(() => checkExport({ ...made, ndjson }), /The proof is malformed: line \d+, /);
});

const { sound, walk } = facts;
const { best } = facts.removals;

/** The facts with this of the only removal that keeps the most digits. */
function withBest(change: Partial<typeof best>): Facts {
  return { ...facts, removals: { ...facts.removals, best: { ...best, ...change } } };
}

function withHarmonic(prime: number, change: Partial<Harmonic>): Facts {
  const harmonics = sound.chord.harmonics.map((one) => (one.prime === prime ? { ...one, ...change } : one));
  return { ...facts, sound: { ...sound, chord: { ...sound.chord, harmonics } } };
}

/** The facts, false in one figure, and the theorem at which the kernel rejects them. */
const FALSE: readonly [what: string, wrong: Facts, theorem: string, skip?: string | false][] = [
  [
    "another order",
    { ...facts, order: { decimal: facts.order.decimal.replace(/^8080/, "8081") } },
    "order_factored",
  ],
  ["another quotient", withBest({ quotient: `${best.quotient.slice(0, -1)}1` }), "removal_leaves"],
  [
    "a number that is not prime",
    { ...facts, powers: facts.powers.map((one) => (one.prime === 71 ? { ...one, prime: 69 } : one)) },
    "all_prime",
  ],
  ["that only one removal keeps three digits", withBest({ digits: best.digits.slice(0, 3) }), "all_settled"],
  [
    "a group elsewhere",
    {
      ...facts,
      walk: { ...walk, groups: walk.groups.map((one) => (one.index === 3 ? { ...one, position: 9 } : one)) },
    },
    "group_3",
    sweep(),
  ],
  ["another highest frequency", withHarmonic(71, { frequencyHz: 15_610 }), "highest_frequency", sweep()],
  ["another quietest harmonic", withHarmonic(2, { exponent: 1 }), "quietest", sweep()],
  [
    "another length of the chord",
    { ...facts, sound: { ...sound, chord: { ...sound.chord, samples: 441_001 } } },
    "sample_count",
    sweep(),
  ],
];

for (const [what, wrong, theorem, skip = false] of FALSE)
  test(`${what} is rejected at the theorem that says it`, { skip }, () => {
    const report = check([monsterWalkLean(wrong).ndjson]);
    assert.equal(report.status, "rejected");
    assert.equal(report.problem?.declaration, `MonsterWalk.${theorem}`);
  });
