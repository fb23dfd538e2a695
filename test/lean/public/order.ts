// Public reports about conversion that remembers too much: verdicts that depend on what was checked before.
import { inductive } from "../inductive.ts";
import { Bool, Nat, quotient, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  pi,
  prop,
  refl,
  sort,
  type,
  v,
  type Binder,
  type Export,
  type Term,
} from "#lean/source/terms.ts";
import {
  accessible,
  call,
  ff,
  gate,
  inconsistent,
  proofOfAC,
  proven,
  Q,
  same,
  True,
  tt,
} from "./accessible.ts";
import { accept, reject, type PublicCase } from "./case.ts";

const ORDER = "lean4 pull 14806";

/** A recursive type through a gate that opens only where something is remembered. */
function missingHypothesis(): Export {
  const e = proven(accessible());
  const x: Binder = ["x", Bool];
  e.thm("w", pi([x], Q(v("x"))), lam([x], proofOfAC(v("x"))));
  const O: Binder = ["O", type];
  e.def(
    "gate",
    arrow(type, Bool, type),
    lam([O, x], gate(v("x"), call("c", v("x")), ap(c("w"), v("x")), v("O"))),
  );
  for (const depth of [0, 1]) {
    const binders: Binder[] = [...Array.from({ length: depth }, (_, i): Binder => [`z${i}`, Bool]), x];
    const [a, b, end] = (["a", "b", "c"] as const).map((name) => call(name, v("x"))) as [Term, Term, Term];
    e.thm(`ab${depth}`, pi(binders, same(a, b)), lam(binders, refl(1, Bool, a)));
    e.thm(`bc${depth}`, pi(binders, same(b, end)), lam(binders, refl(1, Bool, b)));
  }
  const Owner = c("Owner");
  const gated = (b: Term): Term => ap(c("gate"), Owner, b);
  // The minor premise has a hypothesis for `r`, its rule has none.
  const step = {
    name: "Owner.step",
    fields: [
      { name: "x", type: Bool },
      { name: "r", type: gated(v("x")) },
    ],
  };
  inductive(e, { sort: 1, types: [{ name: "Owner", ctors: [{ name: "Owner.leaf" }, step] }] }, (record) => {
    const [of] = record["types"] as Record<string, unknown>[];
    if (of !== undefined) of["isRec"] = true;
    const [rec] = record["recs"] as Record<string, unknown>[];
    if (rec === undefined) return;
    const outer = withHypothesis(gated);
    const [leaf, next] = rec["rules"] as Record<string, unknown>[];
    rec["type"] = e.expr(pi([...outer, ["t", Owner]], ap(v("motive"), v("t"))));
    Object.assign(leaf ?? {}, { rhs: e.expr(lam(outer, v("leaf"))) });
    const fields: Binder[] = [
      ["x", Bool],
      ["r", gated(v("x"))],
    ];
    Object.assign(next ?? {}, { rhs: e.expr(lam([...outer, ...fields], ap(v("step"), v("x"), v("r")))) });
  });
  const inner = lam(
    [
      ["b", Bool],
      ["h", same(call("a", ff), v("b"))],
    ],
    gate(ff, v("b"), v("h"), Owner),
  );
  const r0 = ap(
    c("Eq.rec", 1, 1),
    Bool,
    call("a", ff),
    inner,
    c("Owner.leaf"),
    call("c", ff),
    ap(c("w"), ff),
  );
  e.def("r0", gated(ff), r0);
  const toProp = arrow(type, prop);
  const badProp = ap(
    c("Owner.rec", 2),
    lam([["_", Owner]], toProp),
    lam([["_", type]], True),
    lam(
      [
        ["x", Bool],
        ["r", gated(v("x"))],
        ["ih", toProp],
      ],
      v("ih"),
    ),
    ap(c("Owner.step"), ff, c("r0")),
    Bool,
  );
  e.def("badProp", prop, badProp).def("p", c("badProp"), ff).def("q", c("badProp"), tt);
  return inconsistent(e, c("badProp"), lam([["p", c("badProp")]], v("p")), c("p"), c("q"));
}

/** What `Owner.rec` takes first; `step` has a hypothesis for its field. */
function withHypothesis(gated: (b: Term) => Term): Binder[] {
  const step = pi(
    [
      ["x", Bool],
      ["r", gated(v("x"))],
      ["ih", ap(v("motive"), v("r"))],
    ],
    ap(v("motive"), ap(c("Owner.step"), v("x"), v("r"))),
  );
  return [
    ["motive", arrow(c("Owner"), sort("u"))],
    ["leaf", ap(v("motive"), c("Owner.leaf"))],
    ["step", step],
  ];
}

type Pair = "ab" | "bc" | "ac";
/** Theorems by reflexivity, one after the other. */
const inOrder =
  (...pairs: Pair[]) =>
  (): Export =>
    pairs.reduce((e, pair, i) => {
      const [left, right] = pair.split("") as ["a" | "b", "b" | "c"];
      return e.thm(`${pair}${i}`, same(call(left, ff), call(right, ff)), refl(1, Bool, call(left, ff)));
    }, proven(accessible()));

/** The three in one proof, so that nothing is forgotten in between. */
const inOneProof = (wrap: "let" | "arguments") => (): Export => {
  const e = proven(accessible());
  const of = (left: "a" | "b", right: "b" | "c"): Term => same(call(left, ff), call(right, ff));
  const by = (left: "a" | "b"): Term => refl(1, Bool, call(left, ff));
  if (wrap === "let") {
    const body = letIn("x", of("a", "b"), by("a"), letIn("y", of("b", "c"), by("b"), by("a")));
    return e.thm("ac", of("a", "c"), body);
  }
  const binders: Binder[] = [
    ["x", of("a", "b")],
    ["y", of("b", "c")],
    ["z", of("a", "c")],
  ];
  e.thm("all", pi(binders, of("a", "c")), lam(binders, v("z")));
  return e.thm("ac", of("a", "c"), ap(c("all"), by("a"), by("b"), by("a")));
};

const D: Binder = ["D", arrow(Bool, type)];
const at = (name: "a" | "b" | "c"): Term => ap(v("D"), call(name, ff));
const taken: Binder[] = [D, ["k", arrow(at("c"), Nat)], ["x0", at("a")]];
const subject = (value: Term) => (): Export =>
  accessible(start("False", "True", "Eq", "Bool", "Nat")).def("s", pi(taken, Nat), lam(taken, value));

/** A function on a proposition that takes related proofs to the same. */
const ON_PROOFS: readonly Binder[] = [
  ["P", prop],
  ["r", arrow(v("P"), v("P"), prop)],
  ["α", type],
  ["f", arrow(v("P"), v("α"))],
  [
    "h",
    pi(
      [
        ["x", v("P")],
        ["y", v("P")],
        ["_", ap(v("r"), v("x"), v("y"))],
      ],
      eq(1, v("α"), ap(v("f"), v("x")), ap(v("f"), v("y"))),
    ),
  ],
];

/** Quot.lift over a quotient of a proposition: its representative is a proof, so any is as good. */
function overProofs(how: "lift" | "named", to: "made" | "value"): Export {
  const e = quotient(start("Eq"));
  const binders: Binder[] = [...ON_PROOFS, ["q", ap(c("Quot", 0), v("P"), v("r"))], ["z", v("P")]];
  if (how === "named") {
    const lift = pi(binders.slice(0, 6), v("α"));
    e.def(
      "lift",
      lift,
      lam(binders.slice(0, 6), ap(c("Quot.lift", 0, 1), v("P"), v("r"), v("α"), v("f"), v("h"), v("q"))),
    );
  }
  const over = (q: Term): Term =>
    how === "named"
      ? ap(c("lift"), v("P"), v("r"), v("α"), v("f"), v("h"), q)
      : ap(c("Quot.lift", 0, 1), v("P"), v("r"), v("α"), v("f"), v("h"), q);
  const left = over(v("q"));
  const right = to === "made" ? over(ap(c("Quot.mk", 0), v("P"), v("r"), v("z"))) : ap(v("f"), v("z"));
  return e.thm("t", pi(binders, eq(1, v("α"), left, right)), lam(binders, refl(1, v("α"), left)));
}

/** Quot.lift f h (Quot.mk r z) = f z. */
function quotMade(): Export {
  const e = quotient(start("Eq"));
  const binders: Binder[] = [...ON_PROOFS, ["z", v("P")]];
  const left = ap(
    c("Quot.lift", 0, 1),
    v("P"),
    v("r"),
    v("α"),
    v("f"),
    v("h"),
    ap(c("Quot.mk", 0), v("P"), v("r"), v("z")),
  );
  return e.thm(
    "t",
    pi(binders, eq(1, v("α"), left, ap(v("f"), v("z")))),
    lam(binders, refl(1, v("α"), left)),
  );
}

/** K: (fun x => x) = (fun _ => y) has no reflexivity, so nothing computes. */
function kWithOtherIndices(): Export {
  const e = start("Eq", "Nat");
  const map = arrow(Nat, Nat);
  const id = lam([["x", Nat]], v("x"));
  const constant = lam([["_", Nat]], v("y"));
  const h = eq(1, map, id, constant);
  e.def("T", type, pi([["y", Nat]], arrow(h, Nat)));
  e.def(
    "t2",
    c("T"),
    lam(
      [
        ["y", Nat],
        ["_", h],
      ],
      c("Nat.zero"),
    ),
  );
  const motive = lam(
    [
      ["b", map],
      ["_", eq(1, map, id, v("b"))],
    ],
    Nat,
  );
  e.def(
    "t1",
    c("T"),
    lam(
      [
        ["y", Nat],
        ["h", h],
      ],
      ap(c("Eq.rec", 1, 1), map, id, motive, c("Nat.zero"), constant, v("h")),
    ),
  );
  return e.thm("bad", eq(1, c("T"), c("t1"), c("t2")), refl(1, c("T"), c("t1")));
}

export const ORDERS: readonly PublicCase[] = [
  reject(["non-positive", "recursor-mismatch", "recursor-ill-typed"], {
    name: "bugs/rec-missing-ih",
    report: `${ORDER}, arena bugs/rec-missing-ih`,
    nanoda: "reject",
    make: missingHypothesis,
  }),
  accept({
    name: "corner-cases/alg-conv-trans-acc-left, -right",
    report: ORDER,
    nanoda: "accept",
    make: inOrder("ab", "bc"),
  }),
  reject(["type-mismatch"], {
    name: "corner-cases/alg-conv-trans-acc",
    report: ORDER,
    nanoda: "reject",
    make: inOrder("ac"),
  }),
  reject(["type-mismatch"], {
    name: "corner-cases/alg-conv-trans-acc: after the two",
    report: ORDER,
    nanoda: "reject",
    make: inOrder("ab", "bc", "ac"),
  }),
  reject(["type-mismatch"], {
    name: "corner-cases/alg-conv-trans-acc: after the two, the other way",
    report: ORDER,
    nanoda: "reject",
    make: inOrder("bc", "ab", "ab", "bc", "ac"),
  }),
  reject(["type-mismatch"], {
    name: "corner-cases/alg-conv-trans-acc: in a let",
    report: ORDER,
    nanoda: "accept",
    make: inOneProof("let"),
  }),
  reject(["type-mismatch", "argument-mismatch"], {
    name: "corner-cases/alg-conv-trans-acc: among arguments",
    report: ORDER,
    nanoda: "accept",
    make: inOneProof("arguments"),
  }),
  accept({
    name: "corner-cases/subject-reduction-redex",
    report: "lean4 pull 14806, Carneiro's thesis",
    nanoda: "accept",
    make: subject(ap(lam([["y", at("b")]], ap(v("k"), v("y"))), v("x0"))),
  }),
  {
    name: "corner-cases/subject-reduction-reduct",
    report: "lean4 pull 14806, Carneiro's thesis",
    right: "either",
    ours: ["argument-mismatch"],
    nanoda: "reject",
    make: subject(ap(v("k"), v("x0"))),
  },
  accept({
    name: "corner-cases/alg-conv-trans-quot-right",
    report: "arena corner-cases/alg-conv-trans-quot",
    nanoda: "accept",
    make: () => quotMade(),
  }),
  {
    name: "corner-cases/alg-conv-trans-quot-left",
    report: "arena corner-cases/alg-conv-trans-quot",
    right: "either",
    ours: ["type-mismatch"],
    nanoda: "reject",
    make: () => overProofs("lift", "made"),
  },
  accept({
    name: "corner-cases/alg-conv-trans-quot-left-def",
    report: "arena corner-cases/alg-conv-trans-quot",
    nanoda: "accept",
    make: () => overProofs("named", "made"),
  }),
  reject(["type-mismatch"], {
    name: "corner-cases/alg-conv-trans-quot",
    report: "arena corner-cases/alg-conv-trans-quot",
    nanoda: "reject",
    make: () => overProofs("lift", "value"),
  }),
  reject(["type-mismatch"], {
    name: "bugs/k-rec-conv",
    report: "arena bugs/k-rec-conv",
    nanoda: "reject",
    make: kWithOtherIndices,
  }),
];
