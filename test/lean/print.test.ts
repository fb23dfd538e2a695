// Statements as Lean writes them, and so that a reader cannot be led to take one for another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#lean/index.ts";
import { arithmetic, Bool, Nat, start, succ, zero } from "./prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  nat,
  pi,
  prop,
  sort,
  v,
  type Binder,
  type Term,
} from "#lean/source/terms.ts";

const base = () => arithmetic(start("False", "Eq", "And", "Or", "Bool", "Nat", "List"));

/** The statement of an axiom as it is shown. */
function shown(term: Term, { levels = [] as string[], implicit = [] as string[] } = {}): string {
  const e = base();
  const marked = new Set(implicit);
  const before = e.records.length;
  const [k, other]: [Binder, Binder] = [
    ["k", Nat],
    ["other", Nat],
  ];
  e.def("pick", pi([k, other], Nat), lam([k, other], v("k")));
  e.axiom("it", term, levels);
  for (const record of e.records.slice(before)) {
    const binder = record["forallE"] as { name: number; binderInfo: string } | undefined;
    if (binder !== undefined && marked.has(nameOf(e.records, binder.name))) binder.binderInfo = "implicit";
  }
  const { axioms, problem } = check([e.text()]);
  assert.equal(problem, undefined);
  return axioms[0]?.statement ?? "";
}

function nameOf(records: readonly Record<string, unknown>[], index: number): string {
  const record = records.find((each) => each["in"] === index);
  return (record?.["str"] as { str: string } | undefined)?.str ?? "";
}

const [n, m]: [Binder, Binder] = [
  ["n", Nat],
  ["m", Nat],
];
const add = (a: Term, b: Term): Term => ap(c("Nat.add"), a, b);
const mul = (a: Term, b: Term): Term => ap(c("Nat.mul"), a, b);
const same = (a: Term, b: Term): Term => eq(1, Nat, a, b);

test("binders of one type stand together; what is not used becomes an arrow", () => {
  assert.equal(
    shown(pi([n, m, ["h", same(v("n"), v("m"))]], same(v("m"), v("n")))),
    "∀ (n m : Nat), n = m → m = n",
  );
  assert.equal(
    shown(pi([["p", arrow(Nat, prop)], n, ["h", ap(v("p"), v("n"))], m], ap(v("p"), v("m")))),
    "∀ (p : Nat → Prop) (n : Nat), p n → ∀ (m : Nat), p m",
  );
  assert.equal(shown(arrow(arrow(Nat, prop), prop)), "(Nat → Prop) → Prop");
  assert.equal(shown(pi([["p", prop]], prop), { implicit: ["p"] }), "∀ {_ : Prop}, Prop");
});

test("operators bind as in Lean", () => {
  assert.equal(
    shown(pi([n], same(mul(add(v("n"), nat(1)), v("n")), add(v("n"), mul(v("n"), v("n")))))),
    "∀ (n : Nat), (n + 1) * n = n + n * n",
  );
  const [a, b] = [c("False"), ap(c("Or"), c("False"), c("False"))];
  assert.equal(shown(ap(c("And"), a, b)), "False ∧ (False ∨ False)");
  assert.equal(shown(same(succ(zero), nat(1))), "Nat.succ Nat.zero = 1");
});

test("sorts, functions, projections and texts", () => {
  assert.equal(shown(sort(0)), "Prop");
  assert.equal(shown(sort(2)), "Type 1");
  assert.equal(shown(sort({ succ: "u" }), { levels: ["u"] }), "Type u");
  assert.equal(shown(sort({ max: ["u", "v"] }), { levels: ["u", "v"] }), "Sort (max u v)");
  const twice = lam([n, m], add(v("n"), v("m")));
  assert.equal(
    shown(eq(1, arrow(Nat, Nat, Nat), twice, c("Nat.add"))),
    "(fun (n m : Nat) => n + m) = Nat.add",
  );
});

test("arguments that Lean finds by itself are left out, and @ shows where they are not", () => {
  const list = ap(c("List.cons", 0), Bool, c("Bool.true"), ap(c("List.nil", 0), Bool));
  assert.equal(shown(eq(1, ap(c("List", 0), Bool), list, list)), "[Bool.true] = [Bool.true]");
  const implicit = ["k"];
  assert.equal(shown(same(ap(c("pick"), nat(1), nat(2)), nat(1)), { implicit }), "pick 2 = 1");
  assert.equal(
    shown(eq(1, arrow(Nat, Nat), ap(c("pick"), nat(1)), c("Nat.succ")), { implicit }),
    "pick = Nat.succ",
  );
  assert.equal(shown(eq(1, arrow(Nat, Nat, Nat), c("pick"), c("pick")), { implicit }), "@pick = @pick");
  assert.equal(shown(same(ap(c("pick"), nat(1), nat(2)), nat(1))), "pick 1 2 = 1");
});

test("no variable passes for a constant, for another variable, or for a part of the statement", () => {
  assert.equal(
    shown(
      pi(
        [
          ["False", prop],
          ["h", v("False")],
        ],
        c("False"),
      ),
    ),
    "∀ (False_1 : Prop), False_1 → False",
  );
  assert.equal(shown(pi([n, ["n", Nat]], same(v("n"), v("n")))), "Nat → ∀ (n : Nat), n = n");
  assert.equal(
    shown(pi([["n : Nat), n = n -- ", prop]], v("n : Nat), n = n -- "))),
    "∀ («n : Nat), n = n -- » : Prop), «n : Nat), n = n -- »",
  );
  assert.equal(
    shown(pi([["x» : Nat), «x", prop]], v("x» : Nat), «x"))),
    "∀ («x\\u{bb} : Nat), «x» : Prop), «x\\u{bb} : Nat), «x»",
  );
});

test("a level that is small as a graph and endless as a text is cut", () => {
  const e = start();
  e.raw({ param: e.name("u"), il: 7000 });
  for (let i = 7000; i < 7120; i += 2) e.raw({ succ: i, il: i + 1 }).raw({ max: [i, i + 1], il: i + 2 });
  e.raw({ sort: 7120, ie: 900_000 });
  e.raw({ axiom: { name: e.name("it"), levelParams: [e.name("u")], type: 900_000, isUnsafe: false } });
  const { status, axioms } = check([e.text()]);
  assert.equal(status, "accepted");
  assert.match(axioms[0]?.statement ?? "", /^Sort \(max .*…/);
});

test("a statement is found whatever the numbers of its lines are", () => {
  const statement = pi(
    [
      ["first", Nat],
      ["second", arrow(Nat, Nat)],
    ],
    eq(1, Nat, letIn("third", Nat, v("first"), ap(v("second"), v("third"))), v("first")),
  );
  const text = base().axiom("it", statement).text();
  const statementOf = (lines: string): string => {
    const { axioms, problem } = check([lines]);
    assert.equal(problem, undefined);
    return axioms[0]?.statement ?? "";
  };
  const field = /"(ie|fn|arg|type|value|body|rhs|struct)":(\d+)/g;
  for (const move of [
    (i: number) => 3 * i + 1,
    (i: number) => 100_000 - i,
    (i: number) => (i < 9 ? i : i + 1),
  ]) {
    const moved = text.replaceAll(
      field,
      (_, key: string, index: string) => `"${key}":${move(Number(index))}`,
    );
    assert.equal(statementOf(moved), statementOf(text));
  }
  assert.match(statementOf(text), /first.*second.*third/);
});

test("a refusal has the names of bound variables, and the way to where it lies", () => {
  const wrong = (claimed: Term, given: Term): string => {
    const e = base();
    e.def(
      "keep",
      pi(
        [
          ["height", Nat],
          ["h", same(v("height"), v("height"))],
        ],
        Nat,
      ),
      lam(
        [
          ["height", Nat],
          ["h", same(v("height"), v("height"))],
        ],
        v("height"),
      ),
    );
    const body = lam(
      [
        ["width", Nat],
        ["n", Nat],
      ],
      ap(c("keep"), claimed, ap(c("Eq.refl", 1), Nat, given)),
    );
    const { problem } = check([e.def("it", arrow(Nat, Nat, Nat), body).text()]);
    assert.equal(problem?.reason, "argument-mismatch");
    return problem?.message ?? "";
  };
  assert.equal(
    wrong(v("width"), v("n")),
    "Cannot apply keep to Eq.refl Nat n: it has type n = n, wanted width = width (in the value, fun width n)",
  );
  assert.match(
    wrong(add(v("n"), nat(1)), v("n")),
    /it has type n = n, wanted n \+ 1 = n \+ 1 \(in the value, fun width n\)$/,
  );
});
