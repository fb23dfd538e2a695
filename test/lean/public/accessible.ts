// Three calls `a`, `b`, `c` of one function by recursion over accessibility, such that a = b and b = c are decided (their
// proofs of accessibility are equal because they are proofs) and a = c is not: `a` waits for an opaque proof. Conversion that
// can be decided is not transitive, which is public since Carneiro's thesis and was made into proofs of False in 2026.
import { acc } from "../accept.ts";
import { inductive } from "../inductive.ts";
import { Bool, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  pi,
  prop,
  refl,
  v,
  type Binder,
  type Export,
  type LevelTerm,
  sort,
  type Term,
} from "#lean/source/terms.ts";

export const tt = c("Bool.true");
export const ff = c("Bool.false");
export const False = c("False");
export const True = c("True");
const R = c("R");

/** `Bool.rec` with the motive `fun b => of`. */
export const caseBool = (level: LevelTerm, of: (b: Term) => Term, no: Term, yes: Term, b: Term): Term =>
  ap(c("Bool.rec", level), lam([["b'", Bool]], of(v("b'"))), no, yes, b);

const less = (m: Term, n: Term): Term => ap(R, m, n);
const reach = (n: Term): Term => ap(c("Acc", 1), Bool, R, n);
const intro = (n: Term, h: Term): Term => ap(c("Acc.intro", 1), Bool, R, n, h);
const below = (n: Term): readonly Binder[] => [
  ["y", Bool],
  ["hr", less(v("y"), n)],
];
const accRec = (level: LevelTerm, motive: Term, step: Term, n: Term, h: Term): Term =>
  ap(c("Acc.rec", level, 1), Bool, R, motive, step, n, h);

/** False < true, its accessibility, and the recursion `run x n h` that counts down to `x`. */
export function accessible(e: Export = start("False", "True", "Eq", "Bool")): Export {
  inductive(e, acc);
  const toProp = (no: Term, yes: Term, b: Term): Term => caseBool(1, () => prop, no, yes, b);
  const m: Binder = ["m", Bool];
  const n: Binder = ["n", Bool];
  e.def("R", arrow(Bool, Bool, prop), lam([m, n], toProp(False, toProp(True, False, v("m")), v("n"))));
  const absurd = (of: Term, h: Term): Term => ap(c("False.rec", 0), lam([["_", False]], of), h);
  const step = (at: Term): readonly Binder[] => [
    ["y", Bool],
    ["h", less(v("y"), at)],
  ];
  e.thm("accFalse", reach(ff), intro(ff, lam(step(ff), absurd(reach(v("y")), v("h")))));
  const byCases = ap(
    c("Bool.rec", 0),
    lam([["z", Bool]], arrow(less(v("z"), tt), reach(v("z")))),
    lam([["_", less(ff, tt)]], c("accFalse")),
    lam([["k", less(tt, tt)]], absurd(reach(tt), v("k"))),
    v("y"),
    v("h"),
  );
  e.thm("accTrue", reach(tt), intro(tt, lam(step(tt), byCases)));
  e.opaque("seed", reach(tt), c("accTrue"));
  return recursion(e);
}

function recursion(e: Export): Export {
  const h: Binder = ["h", reach(v("x"))];
  const inverse = (x: Term): Term => pi(below(x), reach(v("y")));
  const onX = lam(
    [
      ["x", Bool],
      ["_", reach(v("x"))],
    ],
    inverse(v("x")),
  );
  const again = pi(
    below(v("x")),
    pi(
      [
        ["z", Bool],
        ["_", less(v("z"), v("y"))],
      ],
      reach(v("z")),
    ),
  );
  const keep = lam(
    [
      ["x", Bool],
      ["h", inverse(v("x"))],
      ["_", again],
    ],
    v("h"),
  );
  e.def(
    "inv",
    pi([["x", Bool], h], inverse(v("x"))),
    lam([["x", Bool], h], accRec(0, onX, keep, v("x"), v("h"))),
  );
  const ih = (of: Term): Binder => ["ih", pi(below(of), Bool)];
  const motive = lam([["m", Bool]], arrow(pi(below(v("m")), Bool), Bool));
  const cases = ap(
    c("Bool.rec", 1),
    motive,
    lam([ih(ff)], v("x")),
    lam([ih(tt)], ap(v("ih"), ff, c("True.intro"))),
    v("m"),
    v("ih"),
  );
  const stepBinders: Binder[] = [["x", Bool], ["m", Bool], ih(v("m"))];
  e.def("step", pi(stepBinders, Bool), lam(stepBinders, cases));
  const minor = lam(
    [["m", Bool], ["_", inverse(v("m"))], ih(v("m"))],
    ap(c("step"), v("x"), v("m"), v("ih")),
  );
  const runBinders: Binder[] = [
    ["x", Bool],
    ["n", Bool],
    ["h", reach(v("n"))],
  ];
  const constant = lam(
    [
      ["n", Bool],
      ["_", reach(v("n"))],
    ],
    Bool,
  );
  e.def("run", pi(runBinders, Bool), lam(runBinders, accRec(1, constant, minor, v("n"), v("h"))));
  const invSeed = (y: Term, hr: Term): Term => ap(c("inv"), tt, c("seed"), y, hr);
  const rebuilt = intro(
    tt,
    lam(
      [
        ["y", Bool],
        ["h", less(v("y"), tt)],
      ],
      invSeed(v("y"), v("h")),
    ),
  );
  const call = (name: string, n: Term, of: Term): Export =>
    e.def(name, arrow(Bool, Bool), lam([["x", Bool]], ap(c("run"), v("x"), n, of)));
  call("a", tt, c("seed"));
  call("b", tt, rebuilt);
  return call("c", ff, invSeed(ff, c("True.intro")));
}

/** `run_eq : run x n h = x`, by recursion over accessibility, and from it that a x = c x. */
export function proven(e: Export): Export {
  const run = (x: Term, n: Term, h: Term): Term => ap(c("run"), x, n, h);
  const same = (n: Term, h: Term): Term => eq(1, Bool, run(v("x"), n, h), v("x"));
  const below2 = (n: Term): Binder => ["h", pi(below(n), reach(v("y")))];
  const ih = (n: Term): Binder => ["ih", pi(below(n), same(v("y"), ap(v("h"), v("y"), v("hr"))))];
  const made = (n: Term): Term => same(n, intro(n, v("h")));
  const step = ap(
    c("Bool.rec", 0),
    lam([["n", Bool]], pi([below2(v("n")), ih(v("n"))], made(v("n")))),
    lam([below2(ff), ih(ff)], refl(1, Bool, v("x"))),
    lam([below2(tt), ih(tt)], ap(v("ih"), ff, c("True.intro"))),
    v("n"),
  );
  const motive = lam(
    [
      ["n", Bool],
      ["h", reach(v("n"))],
    ],
    same(v("n"), v("h")),
  );
  const binders: Binder[] = [
    ["x", Bool],
    ["n", Bool],
    ["h", reach(v("n"))],
  ];
  const value = accRec(0, motive, lam([["n", Bool]], step), v("n"), v("h"));
  return e.thm("run_eq", pi(binders, same(v("n"), v("h"))), lam(binders, value));
}

export const call = (name: "a" | "b" | "c", x: Term): Term => ap(c(name), x);

/** A proof of a x = c x, which no unfolding gives. */
export function proofOfAC(x: Term): Term {
  const a = call("a", x);
  const end = call("c", x);
  const motive = lam(
    [
      ["b", Bool],
      ["_", eq(1, Bool, end, v("b"))],
    ],
    arrow(eq(1, Bool, a, v("b")), eq(1, Bool, a, end)),
  );
  const last = ap(c("inv"), tt, c("seed"), ff, c("True.intro"));
  return ap(
    c("Eq.rec", 0, 1),
    Bool,
    end,
    motive,
    lam([["k", eq(1, Bool, a, end)]], v("k")),
    x,
    ap(c("run_eq"), x, ff, last),
    ap(c("run_eq"), x, tt, c("seed")),
  );
}

/**
 * `observedProofsFalse`: what tells two proofs of one proposition apart proves False.
 * @param e has False, True, Eq and Bool
 */
export function observed(e: Export): Export {
  const decide = (b: Term): Term => caseBool(1, () => prop, True, False, b);
  const see = (of: string): Term => ap(v("obs"), v(of));
  const binders: Binder[] = [
    ["T", prop],
    ["obs", arrow(v("T"), Bool)],
    ["p", v("T")],
    ["q", v("T")],
    ["h0", eq(1, Bool, see("p"), ff)],
    ["h1", eq(1, Bool, see("q"), tt)],
  ];
  const first = ap(
    c("Eq.rec", 0, 1),
    Bool,
    see("p"),
    lam(
      [
        ["b", Bool],
        ["_", eq(1, Bool, see("p"), v("b"))],
      ],
      arrow(decide(v("b")), decide(see("p"))),
    ),
    lam([["k", decide(see("p"))]], v("k")),
    ff,
    v("h0"),
    c("True.intro"),
  );
  const second = ap(
    c("Eq.rec", 0, 1),
    Bool,
    see("q"),
    lam(
      [
        ["b", Bool],
        ["_", eq(1, Bool, see("q"), v("b"))],
      ],
      decide(v("b")),
    ),
    first,
    tt,
    v("h1"),
  );
  return e.thm("observedProofsFalse", pi(binders, False), lam(binders, second));
}

/** Ends with `inconsistent : False` from two proofs `p`, `q` of a proposition that `observe` tells apart. */
export function inconsistent(e: Export, of: Term, observe: Term, p: Term, q: Term): Export {
  observed(e);
  const value = ap(c("observedProofsFalse"), of, observe, p, q, refl(1, Bool, ff), refl(1, Bool, tt));
  return e.thm("inconsistent", False, value);
}

/** A proposition: `x` and `y`, two Booleans, are equal. */
export const same = (x: Term, y: Term): Term => eq(1, Bool, x, y);
/** Holds by reflexivity. */
export const P = (x: Term): Term => same(call("a", x), call("b", x));
/** Holds, but not by reflexivity. */
export const Q = (x: Term): Term => same(call("a", x), call("c", x));

/** A type that is Prop (or `sort`) where the equality `h` computes, and stuck where it doesn't. */
export const gate = (x: Term, to: Term, h: Term, chosen: Term, level: 2 | 3 = 2): Term =>
  ap(
    c("Eq.rec", level, 1),
    Bool,
    call("a", x),
    lam(
      [
        ["b", Bool],
        ["_", same(call("a", x), v("b"))],
      ],
      sort(level - 1),
    ),
    chosen,
    to,
    h,
  );
