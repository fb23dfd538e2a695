// Public reports about projections, eta, K and proof irrelevance.
import { acc } from "../accept.ts";
import { inductive, type SourceGroup } from "../inductive.ts";
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
  type,
  v,
  type Binder,
  type Export,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import { False, ff, True, tt } from "./accessible.ts";
import { type PublicCase, rows, sound } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat");
const of = (
  name: string,
  ctor: string,
  fields: SourceGroup["types"][number]["ctors"],
  more: Partial<SourceGroup> = {},
): SourceGroup => ({
  sort: 1,
  types: [{ name, ctors: fields ?? [{ name: ctor }] }],
  ...more,
});
const forAll = (e: Export, binders: readonly Binder[], statement: Term, value: Term): Export =>
  e.thm("t", pi(binders, statement), lam(binders, value));

/** A structure in Sort w with data, then a proof about it, then a proof. */
function maybeProp(index: number, result: Term, at: LevelTerm = "w"): Export {
  const e = base();
  inductive(e, of("PUnit", "PUnit.unit", undefined, { levels: ["w"], sort: "w" }));
  const unit = c("PUnit", "w");
  const fields = [
    { name: "field", type: unit },
    { name: "proof", type: eq("w", unit, v("field"), v("field")) },
    { name: "tail", type: True },
  ];
  inductive(e, {
    levels: ["w"],
    sort: "w",
    motive: null,
    types: [{ name: "M", ctors: [{ name: "M.mk", fields }] }],
  });
  const M = c("M", at);
  return e.def(
    "project",
    arrow(M, result),
    lam([["x", M]], proj("M", index, v("x"))),
    at === "w" ? ["w"] : [],
  );
}

/** A proposition of which one field is data that a later one depends on. */
function propStructure(index: number, result: (x: Term) => Term): Export {
  const e = base();
  const fields = [
    { name: "p0", type: True },
    { name: "d1", type: Bool },
    { name: "p2", type: True },
    { name: "d3", type: Bool },
    { name: "p4", type: eq(1, Bool, v("d3"), v("d3")) },
    { name: "p5", type: True },
  ];
  inductive(e, of("S", "", [{ name: "S.mk", fields }], { sort: 0, motive: null }));
  const x: Binder = ["x", c("S")];
  return e.def("project", pi([x], result(v("x"))), lam([x], proj("S", index, v("x"))));
}

/** Data that is an index, too: the recursor may give it, a projection may not. */
function indexData(index: number, result: Term): Export {
  const e = base();
  const fields = [
    { name: "n", type: Bool },
    { name: "p", type: True },
  ];
  inductive(e, {
    sort: 0,
    types: [{ name: "D", indices: [["i", Bool]], ctors: [{ name: "D.mk", fields, indices: [v("n")] }] }],
  });
  const binders: Binder[] = [
    ["i", Bool],
    ["x", ap(c("D"), v("i"))],
  ];
  return e.def("project", pi(binders, result), lam(binders, proj("D", index, v("x"))));
}

function proofOfWrapper(): Export {
  const e = inductive(
    base(),
    of("W", "", [{ name: "W.mk", fields: [{ name: "p", type: False }] }], { sort: 0 }),
  );
  return e.thm("badFalse", False, proj("W", 0, ap(c("W.mk"), c("True.intro"))));
}
function nonStructure(): Export {
  const ctors = [
    { name: "B.one", fields: [{ name: "p", type: False }] },
    { name: "B.two", fields: [{ name: "p", type: True }] },
  ];
  const e = inductive(base(), of("B", "", ctors, { sort: 0, motive: null }));
  return e.thm("bad", False, proj("B", 0, ap(c("B.two"), c("True.intro"))));
}

const INDEXED: SourceGroup = {
  sort: 1,
  types: [{ name: "X", indices: [["i", Bool]], ctors: [{ name: "X.mk", indices: [tt] }] }],
};
const INDEXED_WITH_PROOF: SourceGroup = {
  sort: 1,
  types: [
    {
      name: "X",
      indices: [["i", Bool]],
      ctors: [{ name: "X.mk", fields: [{ name: "p", type: True }], indices: [tt] }],
    },
  ],
};
const X = ap(c("X"), tt);

/** Eq.rec of a proof that is no reflexivity by its type. */
function ruleK(left: Term, right: Term): Export {
  const h = eq(1, Bool, left, right);
  const motive = lam(
    [
      ["b", Bool],
      ["_", eq(1, Bool, left, v("b"))],
    ],
    Bool,
  );
  const value = ap(c("Eq.rec", 1, 1), Bool, left, motive, v("a"), right, v("h"));
  return forAll(
    base(),
    [
      ["h", h],
      ["a", Bool],
    ],
    eq(1, Bool, value, v("a")),
    refl(1, Bool, v("a")),
  );
}

/** Acc.rec of a variable has no rule. */
function ruleKAcc(): Export {
  const relation = arrow(v("α"), v("α"), prop);
  const at = (x: Term): Term => ap(c("Acc", 1), v("α"), v("r"), x);
  const below = pi(
    [
      ["y", v("α")],
      ["_", ap(v("r"), v("y"), v("x"))],
    ],
    at(v("y")),
  );
  const hypothesis = pi(
    [
      ["y", v("α")],
      ["_", ap(v("r"), v("y"), v("x"))],
    ],
    Bool,
  );
  const motive = lam(
    [
      ["x", v("α")],
      ["_", at(v("x"))],
    ],
    Bool,
  );
  const step = lam(
    [
      ["x", v("α")],
      ["h", below],
      ["ih", hypothesis],
    ],
    v("a"),
  );
  const value = ap(c("Acc.rec", 1, 1), v("α"), v("r"), motive, step, v("x"), v("h"));
  const binders: Binder[] = [
    ["α", type],
    ["r", relation],
    ["x", v("α")],
    ["h", at(v("x"))],
    ["a", Bool],
  ];
  return forAll(inductive(base(), acc), binders, eq(1, Bool, value, v("a")), refl(1, Bool, v("a")));
}

function etaOfK(): Export {
  const h = eq(1, Bool, tt, tt);
  const motive = lam(
    [
      ["b", Bool],
      ["_", eq(1, Bool, tt, v("b"))],
    ],
    Bool,
  );
  const partly = ap(c("Eq.rec", 1, 1), Bool, tt, motive, ap(v("a"), refl(1, Bool, tt)), tt);
  const of = arrow(h, Bool);
  return forAll(base(), [["a", of]], eq(1, of, partly, v("a")), refl(1, of, v("a")));
}

function etaOfConstructor(): Export {
  const fields = [
    { name: "val", type: Bool },
    { name: "proof", type: True },
  ];
  const e = inductive(base(), of("T", "", [{ name: "T.mk", fields }]));
  const to = arrow(True, c("T"));
  const partly = ap(c("T.mk"), proj("T", 0, ap(v("x"), c("True.intro"))));
  return forAll(e, [["x", to]], eq(1, to, partly, v("x")), refl(1, to, v("x")));
}

export const STRUCTURES: readonly PublicCase[] = [
  ...rows("lean-kernel-arena", [
    ["other/proj-of-prop", ["argument-mismatch"], "reject", proofOfWrapper],
    ["bugs/proj-non-structure", ["bad-projection"], "accept", nonStructure],
    [
      "ProjNoConstructors",
      ["bad-projection"],
      "reject",
      () => base().def("t", arrow(False, Bool), lam([["x", False]], proj("False", 0, v("x")))),
    ],
    [
      "tutorial projOutOfRange",
      ["bad-projection", "projection-from-proposition"],
      "reject",
      () => propStructure(6, () => True),
    ],
    [
      "tutorial projNotStruct",
      ["bad-projection"],
      "reject",
      () => base().def("t", arrow(Nat, Nat), lam([["x", Nat]], proj("Nat", 0, v("x")))),
    ],
    ["tutorial projProp2", ["projection-from-proposition"], "reject", () => propStructure(1, () => Bool)],
    ["tutorial projProp4", ["projection-from-proposition"], "reject", () => propStructure(3, () => Bool)],
    [
      "tutorial projProp5",
      ["projection-from-proposition"],
      "reject",
      () => propStructure(4, (x) => eq(1, Bool, proj("S", 3, x), proj("S", 3, x))),
    ],
    ["tutorial projProp6", ["projection-from-proposition"], "reject", () => propStructure(5, () => True)],
    ["tutorial projIndexData", ["projection-from-proposition"], "reject", () => indexData(0, Bool)],
    ["tutorial projIndexData2", ["projection-from-proposition"], "reject", () => indexData(1, True)],
    [
      "tutorial indexedUnitEta",
      ["type-mismatch"],
      "reject",
      () =>
        forAll(
          inductive(base(), INDEXED),
          [
            ["x", X],
            ["y", X],
          ],
          eq(1, X, v("x"), v("y")),
          refl(1, X, v("x")),
        ),
    ],
    [
      "tutorial indexedStructEta",
      ["type-mismatch"],
      "reject",
      () =>
        forAll(
          inductive(base(), INDEXED_WITH_PROOF),
          [["x", X]],
          eq(1, X, ap(c("X.mk"), c("True.intro")), v("x")),
          refl(1, X, v("x")),
        ),
    ],
    ["tutorial ruleKbad", ["type-mismatch"], "reject", () => ruleK(tt, ff)],
    ["tutorial ruleKAcc", ["type-mismatch"], "reject", ruleKAcc],
    [
      "tutorial proofIrrelevanceBad",
      ["type-mismatch"],
      "reject",
      () =>
        forAll(
          base(),
          [
            ["p", type],
            ["x", v("p")],
            ["y", v("p")],
          ],
          eq(1, v("p"), v("x"), v("y")),
          refl(1, v("p"), v("x")),
        ),
    ],
    [
      "tutorial funEtaBad",
      ["type-mismatch"],
      "reject",
      () =>
        forAll(
          base(),
          [
            ["g", arrow(Nat, Nat)],
            ["f", arrow(Nat, Bool)],
          ],
          eq(1, arrow(Nat, Bool), lam([["x", Nat]], ap(v("f"), ap(v("g"), v("x")))), v("f")),
          refl(1, arrow(Nat, Bool), v("f")),
        ),
    ],
    ["tutorial etaRuleK", ["type-mismatch"], "reject", etaOfK],
    ["tutorial etaCtor", ["type-mismatch"], "reject", etaOfConstructor],
  ]),
  sound("tutorial ruleK", "lean-kernel-arena", () => ruleK(tt, tt)),
  sound("tutorial projProp1", "lean-kernel-arena", () => propStructure(0, () => True)),
  sound("tutorial projProp3", "lean-kernel-arena", () => propStructure(2, () => True)),
  sound("corner-cases/proj-maybe-prop", "lean-kernel-arena, nanoda issue 35", () =>
    maybeProp(0, c("PUnit", "w")),
  ),
  sound("corner-cases/proj-maybe-prop: where it is one", "nanoda issue 35", () => maybeProp(2, True, 0)),
  sound("corner-cases/proj-maybe-prop: past", "lean-kernel-arena, nanoda issue 35", () => maybeProp(2, True)),
];
