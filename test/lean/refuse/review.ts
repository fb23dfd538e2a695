// Found by a review of the kernel against the rules: each of these was once accepted, with a proof of False.
import { inductive } from "../inductive.ts";
import { Bool, start, succ, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
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
import { refuse, type Case } from "./case.ts";

const False = c("False");

/** From `h : left = right` and a proof of `property left`, one of `property right`. */
function transport(
  of: Term,
  left: Term,
  right: Term,
  property: (x: Term) => Term,
  h: Term,
  proof: Term,
): Term {
  const motive = lam(
    [
      ["b", of],
      ["_", eq(1, of, left, v("b"))],
    ],
    property(v("b")),
  );
  return ap(c("Eq.rec", 0, 1), of, left, motive, proof, right, h);
}

/** Nat is only a name for N, and Nat.rec is no recursor: the equations of Nat.sub hold for a function that is none. */
function subtractionOfAnotherNat(): Export {
  const e = start("False", "True", "Eq");
  const ctors = [{ name: "Nat.zero" }, { name: "Nat.succ", fields: [{ name: "n", target: 0 }] }];
  inductive(e, { sort: 1, types: [{ name: "N", ctors }] });
  const [N, one] = [c("N"), succ(zero)];
  e.def("Nat", type, N);
  const last: readonly Binder[] = [
    ["motive", arrow(N, type)],
    ["base", N],
    ["step", arrow(N, N, N)],
    ["n", N],
  ];
  e.def("Nat.rec", pi(last, N), lam(last, v("n")), ["u"]);
  const two: readonly Binder[] = [
    ["x", c("Nat")],
    ["y", c("Nat")],
  ];
  e.def("Nat.sub", arrow(c("Nat"), c("Nat"), c("Nat")), lam(two, v("x")));
  const difference = ap(c("Nat.sub"), one, one);
  e.thm("first", pi(two, eq(1, N, ap(c("Nat.sub"), v("x"), v("y")), v("x"))), lam(two, refl(1, N, v("x"))));
  e.thm("nothing", eq(1, N, zero, difference), refl(1, N, zero));
  const step = lam(
    [
      ["n", N],
      ["_", prop],
    ],
    False,
  );
  const isZero = (n: Term): Term => ap(c("N.rec", 1), lam([["_", N]], prop), c("True"), step, n);
  const atZero = transport(N, zero, difference, isZero, c("nothing"), c("True.intro"));
  return e.thm("bad", False, transport(N, difference, one, isZero, ap(c("first"), one, one), atZero));
}

/** The recursor of T would take apart proofs of `Some T`, and make data of them. */
function dataOutOfNestedProof(): Export {
  const e = start("False", "True", "Eq", "Bool");
  const some = { name: "Some.intro", fields: [{ name: "x", type: v("α") }] };
  inductive(e, { params: [["α", type]], sort: 0, types: [{ name: "Some", ctors: [some] }], motive: null });
  const [T, proofs] = [c("T"), ap(c("Some"), c("T"))];
  const ctors = [
    { name: "T.leaf", fields: [{ name: "b", type: Bool }] },
    { name: "T.node", fields: [{ name: "x", target: 1 }] },
  ];
  const term = ap(c("Some.intro"), T);
  const nested = [
    { former: proofs, ctors: [{ name: "Some.intro", term, fields: [{ name: "x", target: 0 }] }] },
  ];
  inductive(e, { sort: 1, types: [{ name: "T", ctors }], nested });
  const always = (of: Term): Term => lam([["_", of]], prop);
  const same = (of: Term): Term =>
    lam(
      [
        ["x", of],
        ["ih", prop],
      ],
      v("ih"),
    );
  const leaf = lam([["b", Bool]], ap(c("Bool.rec", 1), always(Bool), False, c("True"), v("b")));
  const valueOf = (proof: Term): Term =>
    ap(c("T.rec_1", 1), always(T), always(proofs), leaf, same(proofs), same(T), proof);
  const proofOf = (bool: string): Term => ap(term, ap(c("T.leaf"), c(bool)));
  const [left, right] = [proofOf("Bool.true"), proofOf("Bool.false")];
  e.thm("irrelevant", eq(0, proofs, left, right), refl(0, proofs, left));
  const motive = lam(
    [
      ["b", proofs],
      ["_", eq(0, proofs, left, v("b"))],
    ],
    valueOf(v("b")),
  );
  return e.thm(
    "bad",
    False,
    ap(c("Eq.rec", 0, 0), proofs, left, motive, c("True.intro"), right, c("irrelevant")),
  );
}

/** `name` is a type with a universe parameter, and is not the same at two levels, whatever the name is known for. */
function confusedLevels(name: string): Export {
  const e = start("False", "True", "Eq");
  const [two, left, right] = [c("Two"), c("Two.left"), c("Two.right")];
  inductive(e, { sort: 1, types: [{ name: "Two", ctors: [{ name: "Two.left" }, { name: "Two.right" }] }] });
  const field = { name: "s", type: sort("w") };
  const types = [{ name, ctors: [{ name: `${name}.mk`, fields: [field] }] }];
  inductive(e, { levels: ["w"], sort: { succ: { succ: "w" } }, types });
  const box = c(name, "w");
  const motive = lam([["_", box]], sort("w"));
  const open = ap(c(`${name}.rec`, { succ: "w" }, "w"), motive, lam([["s", sort("w")]], v("s")), v("b"));
  e.def("open", pi([["b", box]], sort("w")), lam([["b", box]], open), ["w"]);
  const proofs: readonly Binder[] = [
    ["p", prop],
    ["a", v("p")],
    ["b", v("p")],
  ];
  const same = eq(0, v("p"), v("a"), v("b"));
  e.thm("irrelevant", pi(proofs, same), lam(proofs, refl(0, v("p"), v("a"))));
  // Two, put into a box of types and taken out of a box of propositions
  const proof = ap(c("open", 0), ap(c(`${name}.mk`, 1), two));
  const isLeft = (b: Term): Term => ap(c("Two.rec", 1), lam([["_", two]], prop), c("True"), False, b);
  const toProp = lam(
    [
      ["b", proof],
      ["_", eq(0, proof, left, v("b"))],
    ],
    isLeft(v("b")),
  );
  const equal = ap(c("irrelevant"), proof, left, right);
  return e.thm("bad", False, ap(c("Eq.rec", 0, 0), proof, left, toProp, c("True.intro"), right, equal));
}

export const REVIEW: readonly Case[] = [
  refuse("subtraction where Nat and Nat.rec are definitions", "type-mismatch", subtractionOfAnotherNat),
  refuse("a type of data nested in a proposition", "inductive-universe", dataOutOfNestedProof),
  refuse("a type Nat.zero at two levels", "argument-mismatch", () => confusedLevels("Nat.zero")),
  refuse("a type Bool.true at two levels", "argument-mismatch", () => confusedLevels("Bool.true")),
];
