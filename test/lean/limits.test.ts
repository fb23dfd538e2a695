// What is too deep, endless or hostile ends in a typed answer: never in a crash, and never in acceptance.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check } from "#lean/index.ts";
import { arithmetic, GROUPS, Nat, standard, start, succ } from "./prelude.ts";
import { inductive } from "./inductive.ts";
import { ap, arrow, c, eq, lam, nat, pi, prop, refl, v, type Export, type Term } from "#lean/source/terms.ts";
import { inputs, sweep } from "../rig/peer.ts";

const DEPTH = 100_000;

test("a limit on work makes the answer unavailable, never accepted", () => {
  const e = arithmetic(start("Eq", "Nat"));
  const report = check([e.text()], { workMax: 20 });
  assert.equal(report.status, "unavailable");
  assert.equal(report.problem?.reason, "resource-limit");
});

/**
 * A term without a normal form, by propext: Abel and Coquand, "Failure of normalization in impredicative type theory with
 * proof-irrelevant propositional equality" (2020).
 */
function endless(): Export {
  const e = standard(start("False", "True", "Eq", "And", "Iff", "Nat"), {});
  const top = pi([["p", prop]], arrow(v("p"), v("p")));
  const map = arrow(top, top);
  const id = lam([["x", top]], v("x"));
  e.def("delta", map, lam([["z", top]], ap(v("z"), map, id, v("z"))));
  const motive = lam(
    [
      ["b", prop],
      ["_", eq(1, prop, map, v("b"))],
    ],
    v("b"),
  );
  const both = ap(c("Iff.intro"), map, v("p"), lam([["_", map]], v("a")), lam([["_", v("p")]], id));
  const cast = ap(
    c("Eq.rec", 0, 1),
    prop,
    map,
    motive,
    c("delta"),
    v("p"),
    ap(c("propext"), map, v("p"), both),
  );
  e.def(
    "omega",
    top,
    lam(
      [
        ["p", prop],
        ["a", v("p")],
      ],
      cast,
    ),
  );
  const True = c("True");
  const pair = ap(c("And"), True, True);
  const made = ap(c("And.intro"), True, True, c("True.intro"), c("True.intro"));
  const major = ap(c("delta"), c("omega"), pair, made);
  const minor = lam(
    [
      ["l", True],
      ["r", True],
    ],
    nat(0),
  );
  const value = ap(c("And.rec", 1), True, True, lam([["_", pair]], Nat), minor, major);
  return e.thm("t", eq(1, Nat, value, nat(0)), refl(1, Nat, nat(0)));
}

test("a reduction that comes back to where it was is given up", () => {
  const { status, problem, axioms } = check([endless().text()], { workMax: 300_000 });
  assert.equal(status, "unavailable", JSON.stringify(problem));
  assert.equal(problem?.declaration, "t");
  assert.deepEqual(
    axioms.map(({ name, allowed }) => [name, allowed]),
    [["propext", true]],
  );
});

/** An export with one deep expression, written line by line: `step` says what stands around the last one. */
function deep(e: Export, from: Term, step: (inner: number, first: number) => object): [Export, number] {
  const first = e.expr(from);
  let [at, free] = [first, 1_000_000];
  for (let i = 0; i < DEPTH; i++, free++) {
    e.raw({ ...step(at, first), ie: free });
    at = free;
  }
  return [e, at];
}

const thm = (e: Export, type: number, value: number): Export => {
  const name = e.name("t");
  return e.raw({ thm: { name, levelParams: [], type, value, all: [name] } });
};

const DEEP: Readonly<Record<string, () => Export>> = {
  "successors, against the number": () => {
    const base = start("Eq", "Nat");
    const fn = base.expr(c("Nat.succ"));
    const [e, at] = deep(base, c("Nat.zero"), (arg) => ({ app: { fn, arg } }));
    const of = e.expr(ap(c("Eq", 1), Nat, nat(DEPTH)));
    e.raw({ app: { fn: of, arg: at }, ie: 5_000_000 });
    return thm(e, 5_000_000, e.expr(refl(1, Nat, nat(DEPTH))));
  },
  "successors of a variable, and 0 put in": () => {
    const base = start("Eq", "Nat");
    const fn = base.expr(c("Nat.succ"));
    const type = base.expr(Nat);
    const [e, body] = deep(base, { k: "loose", index: 0 }, (arg) => ({ app: { fn, arg } }));
    e.raw({ lam: { name: 0, type, body, binderInfo: "default" }, ie: 5_000_000 });
    e.raw({ app: { fn: 5_000_000, arg: e.expr(nat(0)) }, ie: 5_000_001 });
    e.raw({ app: { fn: e.expr(ap(c("Eq", 1), Nat, nat(DEPTH))), arg: 5_000_001 }, ie: 5_000_002 });
    return thm(e, 5_000_002, e.expr(refl(1, Nat, nat(DEPTH))));
  },
  "function types": () => {
    const [e, at] = deep(start("True"), c("True"), (body, type) => ({
      forallE: { name: 0, type, body, binderInfo: "default" },
    }));
    const [, value] = deepLambda(e);
    return thm(e, at, value);
  },
  "a let in a let": () => {
    const base = start("True");
    const value = base.expr(c("True.intro"));
    const type = base.expr(c("True"));
    const [e, at] = deep(base, c("True.intro"), (body) => ({
      letE: { name: 0, type, value, body, nondep: false },
    }));
    return thm(e, type, at);
  },
  "calls of one function": () => {
    const base = start("True", "Eq", "Nat").def(
      "same",
      arrow(c("True"), c("True")),
      lam([["h", c("True")]], v("h")),
    );
    const fn = base.expr(c("same"));
    const [e, at] = deep(base, c("True.intro"), (arg) => ({ app: { fn, arg } }));
    return thm(e, e.expr(c("True")), at);
  },
  arguments: () => {
    const base = start("True");
    const [typed, type] = deep(base, c("True"), (body, domain) => ({
      forallE: { name: 0, type: domain, body, binderInfo: "default" },
    }));
    const name = typed.name("f");
    typed.raw({ axiom: { name, levelParams: [], type, isUnsafe: false } });
    const arg = typed.expr(c("True.intro"));
    let at = typed.expr(c("f"));
    for (let i = 0; i < DEPTH; i++) {
      typed.raw({ app: { fn: at, arg }, ie: 3_000_000 + i });
      at = 3_000_000 + i;
    }
    return thm(typed, typed.expr(c("True")), at);
  },
};

function deepLambda(e: Export): [Export, number] {
  const type = e.expr(c("True"));
  let at = e.expr(c("True.intro"));
  for (let i = 0; i < DEPTH; i++) {
    e.raw({ lam: { name: 0, type, body: at, binderInfo: "default" }, ie: 2_000_000 + i });
    at = 2_000_000 + i;
  }
  return [e, at];
}

const FOR_THE_FIRST_LANE = ["a let in a let"];

for (const [name, make] of Object.entries(DEEP)) {
  test(`${DEPTH} deep: ${name}`, { skip: !FOR_THE_FIRST_LANE.includes(name) && sweep() }, () => {
    const { status, problem } = check([make().text()], { statements: false, allowAxioms: ["f"] });
    assert.equal(status, "accepted", problem?.message.slice(0, 400) ?? "");
  });
}

test(`${DEPTH} successors are not one more`, { skip: sweep() }, () => {
  const text = DEEP["successors, against the number"]?.().text() ?? "";
  const changed = text.replaceAll(`"natVal":"${DEPTH}"`, `"natVal":"${DEPTH + 1}"`);
  assert.notEqual(changed, text);
  assert.equal(check([changed], { statements: false }).status, "rejected");
});

test("levels 200,000 deep are no way out", () => {
  const e = start();
  for (let i = 0; i < 200_000; i++) e.raw({ succ: i, il: i + 1 });
  e.raw({ sort: 200_000, ie: 0 });
  const name = e.name("A");
  e.raw({ axiom: { name, levelParams: [], type: 0, isUnsafe: false } });
  assert.notEqual(check([e.text()]).status, "rejected");
});

const base = inductive(arithmetic(start("Eq", "Nat")), GROUPS.List)
  .thm("t", eq(1, Nat, succ(nat(1)), nat(2)), refl(1, Nat, nat(2)))
  .text();
const lines = base.split("\n");

test("any damage to a file ends in a typed answer", { skip: sweep() }, () => {
  const scrap = fc.oneof(
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "{}",
      "null",
      "[[]]",
      '{"in":1e308}',
      '{"__proto__":1,"ie":0}',
      '{"ie":0,"ie":1,"bvar":0}',
    ),
    fc.constantFrom(...lines),
  );
  const damage = fc.record({
    at: fc.nat(lines.length),
    remove: fc.nat(3),
    add: fc.array(scrap, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(damage, ({ at, remove, add }) => {
      const changed = lines.toSpliced(at, remove, ...add).join("\n");
      const { status, problem } = check([changed]);
      assert.equal(["accepted", "rejected", "malformed"].includes(status), true);
      assert.equal(status === "accepted", problem === undefined);
    }),
    { numRuns: inputs(150), seed: 7 },
  );
});

test("any damage to its bytes ends in a typed answer", () => {
  const bytes = Buffer.from(base);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 4 }), (at, put) => {
      const changed = Buffer.from(bytes);
      changed.set(put.subarray(0, bytes.length - at), at);
      assert.notEqual(check([changed]).status, "unavailable");
    }),
    { numRuns: inputs(150), seed: 7 },
  );
});
