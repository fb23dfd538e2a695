// What must not be mixed up: variables of one type, instances of one constant at other universe levels, values of one
// structure over other parameters. An answer remembered for the one must not be given for the other.
import { inductive } from "../inductive.ts";
import { Bool, Nat, start, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  nat,
  pi,
  proj,
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

const two = (): Export => start("False", "True", "Eq", "Nat", "Bool");
const mixed = (name: string, make: () => Export): Case => refuse(name, "type-mismatch", make);
const claim = (e: Export, binders: readonly Binder[], of: Term, left: Term, right: Term): Export =>
  e.thm("bad", pi(binders, eq(1, of, left, right)), lam(binders, refl(1, of, left)));
const xy: readonly Binder[] = [
  ["x", Nat],
  ["y", Nat],
];

const box = (e: Export): Export =>
  inductive(e, {
    levels: ["w"],
    params: [["α", sort({ succ: "w" })]],
    sort: { succ: "w" },
    types: [{ name: "Box", ctors: [{ name: "Box.mk", fields: [{ name: "value", type: v("α") }] }] }],
  });
const indexed = (e: Export): Export =>
  inductive(e, {
    sort: 1,
    types: [
      {
        name: "At",
        indices: [["n", Nat]],
        ctors: [{ name: "At.mk", fields: [{ name: "b", type: Bool }], indices: [zero] }],
      },
    ],
  });

export const CONTEXTS: readonly Case[] = [
  mixed("an outer variable taken for an inner one", () =>
    claim(two(), [["x", Nat]], arrow(Nat, Nat), lam([["y", Nat]], v("x")), lam([["y", Nat]], v("y"))),
  ),
  mixed("the first of two variables taken for the second", () =>
    claim(two(), [], arrow(Nat, Nat, Nat), lam(xy, v("x")), lam(xy, v("y"))),
  ),
  mixed("variables of a function type exchanged", () => {
    const of = (a: string, b: string): Term => pi(xy, eq(1, Nat, v(a), v(b)));
    return two().thm("bad", eq(1, prop, of("x", "y"), of("y", "x")), refl(1, prop, of("x", "y")));
  }),
  mixed("what is equal under one let taken as equal under another", () => {
    const under = (n: number): Term => letIn("x", Nat, nat(n), ap(c("Nat.succ"), v("x")));
    return claim(two(), [], Nat, under(3), under(4));
  }),
  mixed("what was found equal of one variable taken for another of its type", () => {
    const same = (name: string): Binder => ["h", eq(1, Nat, v(name), zero)];
    const binders: readonly Binder[] = [...xy, same("x")];
    return two().thm("bad", pi(binders, eq(1, Nat, v("y"), zero)), lam(binders, v("h")));
  }),
  mixed("one constant at two universe levels", () =>
    inductive(two(), { levels: ["w"], sort: 1, types: [{ name: "L" }] }).thm(
      "bad",
      eq(2, type, c("L", 0), c("L", 1)),
      refl(2, type, c("L", 0)),
    ),
  ),
  mixed("one definition at two universe levels, of which one fits", () => {
    const e = two().def("U", sort({ succ: { succ: "u" } }), sort({ succ: "u" }), ["u"]);
    return e.def("good", c("U", 0), Nat).def("bad", c("U", 1), Nat);
  }),
  mixed("fields of two boxes", () => {
    const of = ap(c("Box", 0), Nat);
    const binders: readonly Binder[] = [
      ["x", of],
      ["y", of],
    ];
    return claim(box(two()), binders, Nat, proj("Box", 0, v("x")), proj("Box", 0, v("y")));
  }),
  mixed("a value of an indexed type taken for its constructor", () => {
    const of = ap(c("At"), zero);
    const binders: readonly Binder[] = [["x", of]];
    return claim(indexed(two()), binders, of, v("x"), ap(c("At.mk"), proj("At", 0, v("x"))));
  }),
  mixed("two proofs of different propositions", () => {
    const binders: readonly Binder[] = [
      ["p", prop],
      ["q", prop],
      ["h", v("p")],
    ];
    return two().thm("bad", pi(binders, v("q")), lam(binders, v("h")));
  }),
];
