// Projections, and what eta makes of structures.
import { inductive } from "../inductive.ts";
import { Bool, Nat, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  pi,
  proj,
  prop,
  refl,
  sort,
  type,
  v,
  type Export,
  type LevelTerm,
} from "#lean/source/terms.ts";
import { refuse, type Case } from "./case.ts";

const BOOL_FIELD = [{ name: "b", type: Bool }];

/** A structure with one Boolean in some universe, of which only propositions can be made. */
const boxed = (level: LevelTerm): Export => {
  const group = {
    sort: level,
    motive: level === 1 ? "u" : null,
    types: [{ name: "Box", ctors: [{ name: "Box.mk", fields: BOOL_FIELD }] }],
  };
  return inductive(start("False", "True", "Eq", "Bool", "Nat"), group);
};
const unbox = (e: Export): Export =>
  e.def("unbox", arrow(c("Box"), Bool), lam([["x", c("Box")]], proj("Box", 0, v("x"))));

/** A number and a list-like structure that contains itself. */
const tower = (): Export =>
  inductive(start("False", "Eq", "Nat"), {
    sort: 1,
    types: [{ name: "T", ctors: [{ name: "T.mk", fields: [{ name: "of", target: 0 }] }] }],
  });

const pair = (e: Export): Export =>
  inductive(e, {
    sort: 1,
    types: [
      {
        name: "P",
        ctors: [
          {
            name: "P.mk",
            fields: [
              { name: "m", type: Nat },
              { name: "n", type: Nat },
            ],
          },
        ],
      },
    ],
  });

const exists = (): Export =>
  inductive(start("False", "True", "Eq", "Bool"), {
    levels: ["w"],
    sort: 0,
    motive: null,
    params: [
      ["α", sort("w")],
      ["p", arrow(v("α"), prop)],
    ],
    types: [
      {
        name: "Ex",
        ctors: [
          {
            name: "Ex.mk",
            fields: [
              { name: "x", type: v("α") },
              { name: "h", type: ap(v("p"), v("x")) },
            ],
          },
        ],
      },
    ],
  });

const two = (): Export => start("False", "True", "Eq", "Nat", "Bool");

export const PROJECTIONS: readonly Case[] = [
  refuse("data out of a proposition", "projection-from-proposition", () => unbox(boxed(0))),
  refuse("data out of Sort (imax 1 0)", "projection-from-proposition", () => unbox(boxed({ imax: [1, 0] }))),
  refuse("data out of Sort (max 0 0)", "projection-from-proposition", () => unbox(boxed({ max: [0, 0] }))),
  refuse("a witness out of Exists", "projection-from-proposition", () => {
    const of = ap(c("Ex", 1), Bool, v("p"));
    return exists().def(
      "w",
      pi(
        [
          ["p", arrow(Bool, prop)],
          ["h", of],
        ],
        Bool,
      ),
      lam(
        [
          ["p", arrow(Bool, prop)],
          ["h", of],
        ],
        proj("Ex", 0, v("h")),
      ),
    );
  }),
  refuse("a proof about a witness out of Exists", "projection-from-proposition", () => {
    const of = ap(c("Ex", 1), Bool, v("p"));
    const binders = [
      ["p", arrow(Bool, prop)],
      ["h", of],
    ] as const;
    return exists().thm(
      "w",
      pi(binders, ap(v("p"), proj("Ex", 0, v("h")))),
      lam(binders, proj("Ex", 1, v("h"))),
    );
  }),
  refuse("a field that is not there", "bad-projection", () =>
    pair(two()).def("x", arrow(c("P"), Nat), lam([["x", c("P")]], proj("P", 2, v("x")))),
  ),
  refuse("a projection of another structure", "bad-projection", () =>
    pair(boxed(1)).def("x", arrow(c("P"), Nat), lam([["x", c("P")]], proj("Box", 0, v("x")))),
  ),
  refuse("a projection out of a type with two constructors", "bad-projection", () =>
    two().def("x", arrow(Nat, Nat), lam([["x", Nat]], proj("Nat", 0, v("x")))),
  ),
  refuse("a projection out of a function", "bad-projection", () =>
    pair(two()).def("x", Nat, proj("P", 0, lam([["x", Nat]], v("x")))),
  ),
  refuse("a projection out of a definition's name", "bad-projection", () =>
    pair(two())
      .def("Q", type, c("P"))
      .def("x", arrow(c("Q"), Nat), lam([["x", c("Q")]], proj("Q", 0, v("x")))),
  ),
  refuse("eta of a structure that contains itself", "type-mismatch", () =>
    tower().thm(
      "bad",
      pi([["t", c("T")]], eq(1, c("T"), v("t"), ap(c("T.mk"), proj("T", 0, v("t"))))),
      lam([["t", c("T")]], refl(1, c("T"), v("t"))),
    ),
  ),
  refuse("two values of a structure with fields taken as equal", "type-mismatch", () => {
    const binders = [
      ["x", c("P")],
      ["y", c("P")],
    ] as const;
    return pair(two()).thm(
      "bad",
      pi(binders, eq(1, c("P"), v("x"), v("y"))),
      lam(binders, refl(1, c("P"), v("x"))),
    );
  }),
  refuse("two numbers taken as equal as if they were proofs", "type-mismatch", () => {
    const binders = [
      ["x", Nat],
      ["y", Nat],
    ] as const;
    return two().thm("bad", pi(binders, eq(1, Nat, v("x"), v("y"))), lam(binders, refl(1, Nat, v("x"))));
  }),
  refuse("fields exchanged by eta", "type-mismatch", () => {
    const other = ap(c("P.mk"), proj("P", 1, v("x")), proj("P", 0, v("x")));
    return pair(two()).thm(
      "bad",
      pi([["x", c("P")]], eq(1, c("P"), v("x"), other)),
      lam([["x", c("P")]], refl(1, c("P"), v("x"))),
    );
  }),
];
