// Operations that are defined by well-founded recursion, with fuel or by decisions: computed directly where the definition is
// shown to be the standard one, else unfolded, and said so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#lean/index.ts";
import { acc } from "./accept.ts";
import { inductive } from "./inductive.ts";
import { arithmetic, binary, Bool, comparisons, Nat, start, succ, zero } from "./prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  pi,
  prop,
  refl,
  v,
  type Binder,
  type Export,
  type Term,
} from "#lean/source/terms.ts";

const one = succ(zero);
const two = succ(one);
const call = (name: string, ...args: Term[]): Term => ap(c(`Nat.${name}`), ...args);
const number = (name: string): Binder => [name, Nat];
const always = (of: Term, domain: Term = Nat): Term => lam([["_", domain]], of);
/** `if test then yes else no`, of a type. */
const choose = (of: Term, test: Term, yes: Term, no: Term): Term =>
  ap(c("Bool.rec", 1), always(of, Bool), no, yes, test);
const onNat = (of: Term, base: Term, step: Term, n: Term): Term =>
  ap(c("Nat.rec", 1), always(of), base, step, n);

const base = (): Export => comparisons(arithmetic(start("False", "Eq", "Bool", "Nat", "And")));

/** Recursion with fuel, on tests; `step` is what is made of the rest. */
function byFuel(e: Export, name: "div" | "mod", step: (rest: Term) => Term, end: Term): Export {
  const go = lam(
    [number("y"), number("fuel")],
    onNat(
      arrow(Nat, Nat),
      lam([number("x")], end),
      lam(
        [number("_"), ["ih", arrow(Nat, Nat)], number("x")],
        choose(Nat, call("ble", v("y"), v("x")), step(ap(v("ih"), call("sub", v("x"), v("y")))), end),
      ),
      v("fuel"),
    ),
  );
  e.def(`Nat.${name}.go`, arrow(Nat, Nat, Nat, Nat), go);
  const whole = choose(Nat, call("ble", one, v("y")), call(`${name}.go`, v("y"), succ(v("x")), v("x")), end);
  return e.def(`Nat.${name}`, binary, lam([number("x"), number("y")], whole));
}

const divMod = (): Export =>
  byFuel(
    byFuel(base(), "div", (rest) => succ(rest), zero),
    "mod",
    (rest) => rest,
    v("x"),
  );

/** `f x y` by recursion over a relation that an axiom says is well-founded; `body` has x, y and `ih : ∀ z, R z x → Nat → Nat`. */
function byAcc(e: Export, name: string, body: (e: Export) => Term): Export {
  if (!e.text().includes('"str":"Acc"')) {
    inductive(e, acc);
    e.axiom("R", arrow(Nat, Nat, prop));
    e.axiom("R.all", pi([number("a"), number("b")], ap(c("R"), v("a"), v("b"))));
    e.axiom("R.wf", pi([number("a")], ap(c("Acc", 1), Nat, c("R"), v("a"))));
  }
  const below = pi([number("z")], arrow(ap(c("R"), v("z"), v("x")), arrow(Nat, Nat)));
  const smaller = pi([number("z")], arrow(ap(c("R"), v("z"), v("x")), ap(c("Acc", 1), Nat, c("R"), v("z"))));
  const motive = lam([number("x"), ["_", ap(c("Acc", 1), Nat, c("R"), v("x"))]], arrow(Nat, Nat));
  const minor = lam([number("x"), ["_", smaller], ["ih", below], number("y")], body(e));
  const fix = ap(c("Acc.rec", 1, 1), Nat, c("R"), motive, minor, v("a"), ap(c("R.wf"), v("a")), v("b"));
  return e.def(`Nat.${name}`, binary, lam([number("a"), number("b")], fix));
}

const again = (z: Term, y: Term): Term => ap(v("ih"), z, ap(c("R.all"), z, v("x")), y);

const gcd = (atZero: Term = v("y")) =>
  byAcc(divMod(), "gcd", () =>
    choose(Nat, call("beq", v("x"), zero), atZero, again(call("mod", v("y"), v("x")), v("x"))),
  );

/** Bit by bit; `bit` is what is made of the rest and of whether the last bits are 1. */
function bitwise(name: string, atZeros: readonly [Term, Term], combine: (a: Term, b: Term) => Term): Export {
  return byAcc(divMod(), name, () => {
    const rest = again(call("div", v("x"), two), call("div", v("y"), two));
    const twice = call("add", rest, rest);
    const isOdd = (of: Term): Term => call("beq", call("mod", of, two), one);
    const both = choose(Nat, combine(isOdd(v("x")), isOdd(v("y"))), succ(twice), twice);
    const [left, right] = atZeros;
    return choose(Nat, call("beq", v("x"), zero), left, choose(Nat, call("beq", v("y"), zero), right, both));
  });
}

const AXIOMS = { allowAxioms: ["R", "R.all", "R.wf", "decLe"] };

function claim(e: Export, left: Term, right: Term) {
  const { status, accelerated, unaccelerated } = check(
    [e.thm("t", eq(1, Nat, left, right), refl(1, Nat, right)).text()],
    { ...AXIOMS, workMax: 1_000_000 },
  );
  return { status, accelerated, unaccelerated };
}

const yes = c("Bool.true");
const no = c("Bool.false");

const RIGHT: Readonly<Record<string, [make: () => Export, left: Term, right: Term]>> = {
  div: [divMod, call("div", nat(2n ** 40n), nat(7)), nat(2n ** 40n / 7n)],
  mod: [divMod, call("mod", nat(2n ** 31n + 5n), nat(256)), nat(5)],
  gcd: [() => gcd(), call("gcd", nat(123456789012), nat(987654321098)), nat(2)],
  land: [
    () => bitwise("land", [zero, zero], (a, b) => choose(Bool, a, b, no)),
    call("land", nat(0xffff0000ffff), nat(0x1234567890ab)),
    nat(0x1234000090ab),
  ],
  lor: [
    () => bitwise("lor", [v("y"), v("x")], (a, b) => choose(Bool, a, yes, b)),
    call("lor", nat(0xffff0000), nat(0x1234567)),
    nat(0xffff4567),
  ],
  xor: [
    () => bitwise("xor", [v("y"), v("x")], (a, b) => choose(Bool, a, choose(Bool, b, no, yes), b)),
    call("xor", nat(0xffff0000), nat(0xfff0000f)),
    nat(0x000f000f),
  ],
  log2: [
    () => {
      const e = divMod();
      byAcc(e, "log", () =>
        choose(Nat, call("ble", two, v("x")), succ(again(call("div", v("x"), two), zero)), zero),
      );
      return e.def("Nat.log2", arrow(Nat, Nat), lam([number("a")], call("log", v("a"), zero)));
    },
    call("log2", nat(2n ** 90n + 1n)),
    nat(90),
  ],
};

for (const [name, [make, left, right]] of Object.entries(RIGHT)) {
  test(`${name} is shown to be standard and computed`, () => {
    const { status, accelerated } = claim(make(), left, right);
    assert.equal(status, "accepted");
    assert.ok(accelerated.includes(`Nat.${name}`), accelerated.join());
    assert.equal(claim(make(), left, ap(c("Nat.succ"), right)).status, "rejected");
  });
}

const WRONG: Readonly<Record<string, () => Export>> = {
  "gcd, one more at the end": () => gcd(succ(v("y"))),
  "land with the bits of lor": () => bitwise("land", [zero, zero], (a, b) => choose(Bool, a, yes, b)),
  "land that keeps what is left": () => bitwise("land", [v("y"), zero], (a, b) => choose(Bool, a, b, no)),
  "xor with the bits of land": () => bitwise("xor", [v("y"), v("x")], (a, b) => choose(Bool, a, b, no)),
  "div that counts twice": () => byFuel(base(), "div", (rest) => succ(succ(rest)), zero),
  "div that ends with 1": () => byFuel(base(), "div", (rest) => succ(rest), one),
  "mod that counts": () => byFuel(base(), "mod", (rest) => succ(rest), v("x")),
  "mod that ends with 0": () => byFuel(base(), "mod", (rest) => rest, zero),
};

for (const [name, make] of Object.entries(WRONG)) {
  test(`not computed: ${name}`, () => {
    const [operation = ""] = name.split(/[ ,]/);
    const report = check([make().text()], AXIOMS);
    assert.equal(report.status, "accepted");
    assert.ok(report.unaccelerated.includes(`Nat.${operation}`), JSON.stringify(report));
    assert.ok(!report.accelerated.includes(`Nat.${operation}`));
  });
}

/** Division that decides `y ≤ x` by an instance and carries proofs, as Lean's does. */
function divisionByDecisions(end: Term): Export {
  const e = base();
  const le = (a: Term, b: Term): Term => ap(c("Nat.le"), a, b);
  inductive(e, {
    sort: 0,
    motive: null,
    params: [number("n")],
    types: [
      {
        name: "Nat.le",
        indices: [number("m")],
        ctors: [
          { name: "Nat.le.refl", indices: [v("n")] },
          {
            name: "Nat.le.step",
            fields: [
              { name: "m", type: Nat },
              { name: "h", target: 0, indices: [v("m")] },
            ],
            indices: [succ(v("m"))],
          },
        ],
      },
    ],
  });
  const False = c("False");
  inductive(e, {
    sort: 1,
    params: [["p", prop]],
    types: [
      {
        name: "Decidable",
        ctors: [
          { name: "Decidable.isFalse", fields: [{ name: "h", type: arrow(v("p"), False) }] },
          { name: "Decidable.isTrue", fields: [{ name: "h", type: v("p") }] },
        ],
      },
    ],
  });
  const decidable = (p: Term): Term => ap(c("Decidable"), p);
  e.axiom("decLe", pi([number("a"), number("b")], decidable(le(v("a"), v("b")))));
  const decide = (a: Term, b: Term, whenTrue: Term, whenFalse: Term): Term =>
    ap(
      c("Decidable.rec", 1),
      le(a, b),
      always(Nat, decidable(le(a, b))),
      lam([["h", arrow(le(a, b), False)]], whenFalse),
      lam([["h", le(a, b)]], whenTrue),
      ap(c("decLe"), a, b),
    );
  const rest = ap(v("ih"), call("sub", v("x"), v("y")));
  const go = lam(
    [number("y"), ["hy", le(one, v("y"))], number("fuel")],
    onNat(
      arrow(Nat, Nat),
      lam([number("x")], zero),
      lam([number("_"), ["ih", arrow(Nat, Nat)], number("x")], decide(v("y"), v("x"), succ(rest), end)),
      v("fuel"),
    ),
  );
  e.def("Nat.div.go", pi([number("y"), ["hy", le(one, v("y"))]], arrow(Nat, Nat, Nat)), go);
  const whole = decide(one, v("y"), call("div.go", v("y"), v("h"), succ(v("x")), v("x")), zero);
  return e.def("Nat.div", binary, lam([number("x"), number("y")], whole));
}

test("division by decisions with proofs is shown to be standard, and another one is not", () => {
  assert.deepEqual(
    claim(divisionByDecisions(zero), call("div", nat(10n ** 20n), nat(3)), nat(10n ** 20n / 3n)),
    {
      status: "accepted",
      accelerated: ["Nat.add", "Nat.sub", "Nat.mul", "Nat.pow", "Nat.beq", "Nat.ble", "Nat.div"],
      unaccelerated: [],
    },
  );
  const { unaccelerated } = check([divisionByDecisions(one).text()], AXIOMS);
  assert.deepEqual(unaccelerated, ["Nat.div"]);
});
