// Public reports about which inductive types there are: positivity, nesting, parameters, universes.
import { inductive, type Ctor, type ConstructorField, type SourceGroup } from "../inductive.ts";
import { Bool, Nat, start, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  lam,
  pi,
  proj,
  sort,
  prop,
  sure,
  type,
  v,
  type Binder,
  type Export,
  type ExportLine,
  type Term,
} from "#lean/source/terms.ts";
import { ff, True } from "./accessible.ts";
import { accept, type PublicCase, rows } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat", "List");
const part = (record: ExportLine, list: "types" | "ctors" | "recs", index = 0): ExportLine =>
  sure((record[list] as ExportLine[])[index]);
const one = (name: string, ctors: readonly Ctor[], more: Partial<SourceGroup> = {}): SourceGroup => ({
  sort: 1,
  types: [{ name, ctors }],
  ...more,
});
const I = c("I");

const field = (of: Term, name = "x"): readonly ConstructorField[] => [{ name, type: of }];
const withField = (of: Term, before: Export = base(), more: Partial<SourceGroup> = {}): Export =>
  inductive(before, one("I", [{ name: "I.mk", fields: field(of) }], more), (record) => {
    part(record, "types")["isRec"] = true;
  });
const ignore = (e: Export): Export =>
  e.def(
    "Ignore",
    arrow(type, type, type),
    lam(
      [
        ["A", type],
        ["B", type],
      ],
      v("A"),
    ),
  );

/** `nested`: L with I in it, where only the parameter `b` is wrong. */
function nestedWith(b: Term): Export {
  const e = base();
  inductive(e, one("C", [{ name: "C.mk", fields: field(Bool, "b") }]));
  inductive(e, one("W", [{ name: "W.mk", fields: field(Bool, "b") }]));
  const params: Binder[] = [
    ["α", type],
    ["b", Bool],
  ];
  inductive(e, one("L", [{ name: "L.mk" }], { params }));
  const former = ap(c("L"), ap(I, v("w")), b);
  const extra = { former, ctors: [{ name: "L.mk", term: ap(c("L.mk"), ap(I, v("w")), b) }] };
  const ctor: Ctor = { name: "I.mk", fields: [{ name: "l", target: 1 }] };
  return inductive(e, one("I", [ctor], { params: [["w", c("W")]], nested: [extra] }));
}

/** `E : W -> Type`, with E of a constant inside a nested type instead of E of its parameter. */
function nonUniform(stores: boolean): Export {
  const e = base();
  inductive(e, one("L", [{ name: "L.mk", fields: stores ? field(v("α")) : [] }], { params: [["α", type]] }));
  const inner = ap(I, ff);
  const lMk: Ctor & { term: Term } = {
    name: "L.mk",
    term: ap(c("L.mk"), inner),
    fields: stores ? [{ name: "x", target: 0 }] : [],
  };
  const extra = { former: ap(c("L"), inner), ctors: [lMk] };
  const ctor: Ctor = { name: "I.mk", fields: [{ name: "l", target: 1 }] };
  return inductive(e, one("I", [ctor], { params: [["w", Bool]], nested: [extra] }));
}

/** Names that a kernel would give to the auxiliary types of a nested one are the user's, too. */
function auxiliaryNames(): Export {
  const e = base();
  e.def("_nested.I_1", prop, True).def("I._nested_1", prop, True).def("_nested.Tree_1", prop, True);
  return inductive(e, one("K", [{ name: "K.mk", fields: field(c("_nested.I_1")) }], { sort: 0 }));
}

/** Two proofs as parameters, in the constructor's result in this order. */
function proofParameters(order: readonly ["p" | "q", "p" | "q"]): Export {
  const params: Binder[] = [
    ["A", prop],
    ["p", v("A")],
    ["q", v("A")],
  ];
  const mk: Ctor = { name: "I.mk", type: pi(params, ap(I, v("A"), v(order[0]), v(order[1]))) };
  return inductive(base(), one("I", [mk], { params }));
}

const ctorOf = (of: Term, more: Partial<SourceGroup> = {}): Export =>
  inductive(base(), one("I", [{ name: "I.mk", type: of }], more));

function noSort(): Export {
  const e = base();
  return inductive(e, one("I", []), (record) => (part(record, "types")["type"] = e.expr(Nat)));
}

export const FAMILIES: readonly PublicCase[] = [
  ...rows("lean-kernel-arena", [
    ["field-too-high-imax", ["inductive-universe"], "reject", () => withField(sort({ imax: [1, 1] }))],
    ["tutorial indNeg", ["non-positive"], "reject", () => withField(arrow(I, I))],
    [
      "tutorial indNegReducible",
      ["non-positive"],
      "reject",
      () => withField(arrow(ap(c("Ignore"), Nat, I), I), ignore(base())),
    ],
    ["tutorial reflOccLeft", ["non-positive"], "reject", () => withField(arrow(Nat, I, Nat))],
    ["bugs/nested-unused-param", ["bad-projection"], "accept", () => nestedWith(proj("C", 0, v("w")))],
    ["bugs/nested-unused-param: of another type", ["argument-mismatch"], "reject", () => nestedWith(zero)],
    [
      "bugs/nested-unused-param: an unknown constant",
      ["unknown-constant"],
      "reject",
      () => nestedWith(c("nothing")),
    ],
    ["nested-nonuniform-param, stored", ["non-positive", "nested-invalid"], "reject", () => nonUniform(true)],
    ["tutorial inductBadNonSort", ["inductive-not-a-sort"], "reject", () => noSort()],
    [
      "tutorial inductLevelParam",
      ["duplicate-universe-parameter"],
      "reject",
      () => inductive(base(), one("I", [], { levels: ["w", "w"] })),
    ],
    [
      "tutorial inductTooFewParams",
      ["inductive-header"],
      "reject",
      () =>
        inductive(
          base(),
          one("I", [], { params: [["α", type]] }),
          (record) => (part(record, "types")["numParams"] = 2),
        ),
    ],
    [
      "tutorial inductWrongCtorParams",
      ["inductive-parameters"],
      "reject",
      () => ctorOf(arrow(type, ap(I, True)), { params: [["α", prop]] }),
    ],
    [
      "tutorial inductWrongCtorResParams",
      ["constructor-result"],
      "reject",
      () =>
        ctorOf(
          pi(
            [
              ["x", prop],
              ["y", prop],
            ],
            ap(I, v("y"), v("x")),
          ),
          {
            params: [
              ["x", prop],
              ["y", prop],
            ],
          },
        ),
    ],
    [
      "tutorial inductWrongCtorResLevel",
      ["constructor-result"],
      "reject",
      () => inductive(base(), one("I", [{ name: "I.mk", type: c("I", "v", "w") }], { levels: ["w", "v"] })),
    ],
    [
      "tutorial inductInIndex",
      ["constructor-result"],
      "reject",
      () =>
        inductive(base(), {
          sort: 1,
          types: [{ name: "I", indices: [["i", type]], ctors: [{ name: "I.mk", type: ap(I, ap(I, Nat)) }] }],
        }),
    ],
    [
      "tutorial reduceCtorType",
      ["constructor-result"],
      "reject",
      () => ctorOf(ap(lam([["α", type]], v("α")), I)),
    ],
  ]),
  {
    name: "corner-cases/positivity-whnf",
    report: "lean-kernel-arena",
    right: "either",
    ours: ["non-positive"],
    nanoda: "reject",
    make: () => withField(arrow(ap(c("Ignore"), Nat, I), I), ignore(base())),
  },
  {
    name: "corner-cases/nested-nonuniform-param",
    report: "lean4 pull 14577, lean-kernel-arena",
    right: "either",
    nanoda: "accept",
    make: () => nonUniform(false),
  },
  {
    name: "corner-cases/proof-param-swap",
    report: "lean-kernel-arena",
    right: "either",
    nanoda: "reject",
    make: () => proofParameters(["q", "p"]),
  },
  accept({
    name: "corner-cases/proof-param-ok",
    report: "lean-kernel-arena",
    nanoda: "accept",
    make: () => proofParameters(["p", "q"]),
  }),
  accept({
    name: "bugs/nested-unused-param: a sound one",
    report: "lean4 pull 14577",
    nanoda: "accept",
    make: () => nestedWith(proj("W", 0, v("w"))),
  }),
  accept({
    name: "nested-aux-name",
    report: "lean4 pull 14616, lean-kernel-arena",
    nanoda: "accept",
    make: auxiliaryNames,
  }),
];
