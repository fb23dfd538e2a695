// What random terms are made of: types of every kind that the theory has, and a few definitions over them.
import { acc, pair, tree, unit, vector } from "../accept.ts";
import { inductive, type SourceGroup } from "../inductive.ts";
import { arithmetic, Nat, quotient, start } from "../prelude.ts";
import type { Export } from "#lean/source/terms.ts";
import { ap, arrow, c, lam, nat, pi, proj, prop, sort, type, v, type Binder } from "#lean/source/terms.ts";

const PROD: SourceGroup = {
  levels: ["a", "b"],
  params: [
    ["α", sort({ succ: "a" })],
    ["β", sort({ succ: "b" })],
  ],
  sort: { max: [{ succ: "a" }, { succ: "b" }] },
  types: [
    {
      name: "Prod",
      ctors: [
        {
          name: "Prod.mk",
          fields: [
            { name: "fst", type: v("α") },
            { name: "snd", type: v("β") },
          ],
        },
      ],
    },
  ],
};
/** A structure whose second field's type depends on its first, in any universe. */
const SIGMA: SourceGroup = {
  levels: ["a"],
  params: [["α", sort({ succ: "a" })]],
  sort: { succ: { succ: "a" } },
  types: [
    {
      name: "Sigma",
      ctors: [
        {
          name: "Sigma.mk",
          fields: [
            { name: "of", type: sort({ succ: "a" }) },
            { name: "is", type: v("of") },
          ],
        },
      ],
    },
  ],
};
const PUNIT: SourceGroup = {
  levels: ["a"],
  sort: "a",
  types: [{ name: "PUnit", ctors: [{ name: "PUnit.unit" }] }],
};

/** Names of constants that a random term may have, with how many universe levels they take. */
export const CONSTANTS: readonly (readonly [name: string, levels: number])[] = [
  ["Nat", 0],
  ["Nat.zero", 0],
  ["Nat.succ", 0],
  ["Nat.add", 0],
  ["Nat.rec", 1],
  ["Bool", 0],
  ["Bool.true", 0],
  ["Bool.rec", 1],
  ["True", 0],
  ["True.intro", 0],
  ["False", 0],
  ["False.rec", 1],
  ["And", 0],
  ["And.intro", 0],
  ["Eq", 1],
  ["Eq.refl", 1],
  ["Eq.rec", 2],
  ["List", 1],
  ["List.nil", 1],
  ["P", 0],
  ["P.mk", 0],
  ["P.rec", 1],
  ["U", 0],
  ["U.mk", 0],
  ["PUnit", 1],
  ["PUnit.unit", 1],
  ["Prod.mk", 2],
  ["Sigma", 1],
  ["Vec", 0],
  ["Vec.nil", 0],
  ["Acc.rec", 2],
  ["Quot.mk", 1],
  ["same", 1],
  ["compose", 1],
  ["hidden", 0],
  ["five", 0],
  ["proven", 0],
];

export function world(): Export {
  const e = start("False", "True", "Eq", "And", "Bool", "Nat", "List");
  for (const group of [pair, unit, vector, acc, PROD, SIGMA, PUNIT, tree]) inductive(e, group);
  quotient(arithmetic(e));
  const A: Binder = ["A", sort("u")];
  e.def("same", pi([A], arrow(v("A"), v("A"))), lam([A, ["x", v("A")]], v("x")), ["u"]);
  const map = arrow(v("A"), v("A"));
  const maps: Binder[] = [A, ["f", map], ["g", map]];
  e.def("compose", pi(maps, map), lam([...maps, ["x", v("A")]], ap(v("f"), ap(v("g"), v("x")))), ["u"]);
  e.def("five", Nat, nat(5)).opaque("hidden", Nat, nat(7));
  e.def(
    "swap",
    arrow(c("P"), c("P")),
    lam([["p", c("P")]], ap(c("P.mk"), proj("P", 1, v("p")), proj("P", 0, v("p")))),
  );
  e.def("Twice", arrow(type, type), lam([["A", type]], ap(c("Prod", 0, 0), v("A"), v("A"))));
  return e.thm(
    "proven",
    pi([["p", prop]], arrow(v("p"), v("p"))),
    lam(
      [
        ["p", prop],
        ["h", v("p")],
      ],
      v("h"),
    ),
  );
}
