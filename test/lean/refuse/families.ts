// Inductive types that make no sense.
import { inductive, type SourceGroup } from "../inductive.ts";
import { GROUPS, Nat, start } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  lam,
  pi,
  prop,
  sort,
  type,
  v,
  type Export,
  type ExportLine,
  type Term,
  sure,
} from "#lean/source/terms.ts";
import type { Tamper } from "../inductive.ts";
import { refuse, type Case } from "./case.ts";

const False = c("False");
const I = c("I");

/** A group `I` with one constructor of this type (whose recursor does not matter). */
const one = (
  of: Term,
  more: Partial<SourceGroup> = {},
  before = (): Export => start("False", "True", "Nat", "Bool", "List"),
): (() => Export) => {
  return () =>
    inductive(
      before(),
      { sort: 1, types: [{ name: "I", ctors: [{ name: "I.mk", type: of }] }], ...more },
      recursive,
    );
};
const recursive: Tamper = (record) => {
  for (const item of items(record, "types")) Object.assign(item, { isRec: true });
};

const items = (record: ExportLine, key: string): ExportLine[] => record[key] as ExportLine[];
const item = (record: ExportLine, key: string, index = 0): ExportLine => sure(items(record, key)[index]);
const bend =
  (group: SourceGroup, change: Tamper, ...before: Parameters<typeof start>) =>
  () =>
    inductive(start(...before), group, change);
const header = (name: string, change: Tamper, group: SourceGroup = GROUPS.Nat): Case =>
  refuse(name, "inductive-header", bend(group, change));

const list = (of: Term): Term => ap(c("List", 0), of);
const neg: SourceGroup = {
  params: [["α", type]],
  sort: 1,
  types: [{ name: "Neg", ctors: [{ name: "Neg.mk", fields: [{ name: "f", type: arrow(v("α"), False) }] }] }],
};

export const FAMILIES: readonly Case[] = [
  refuse("the type to the left of an arrow", "non-positive", one(arrow(arrow(I, False), I))),
  refuse(
    "the type to the left of an arrow, in Prop",
    "non-positive",
    one(arrow(arrow(I, False), I), { sort: 0 }),
  ),
  refuse("the type twice to the left", "non-positive", one(arrow(arrow(arrow(I, Nat), Nat), I))),
  refuse("the type to the left under a binder", "non-positive", one(pi([["f", arrow(Nat, I, I)]], I))),
  refuse("the type to the left, written as a definition", "non-positive", () =>
    one(arrow(ap(c("not"), I), I), {}, () =>
      start("False").def("not", arrow(type, prop), lam([["α", type]], arrow(v("α"), False))),
    )(),
  ),
  refuse(
    "the type to the left, in a let",
    "non-positive",
    one(arrow({ k: "let", name: "x", type, value: I, body: arrow(v("x"), False) }, I)),
  ),
  refuse("the type nested where it stands to the left", "non-positive", () =>
    one(arrow(ap(c("Neg"), I), I), {}, () => inductive(start("False"), neg))(),
  ),
  refuse(
    "the type as an argument of a variable",
    "non-positive",
    one(
      pi(
        [
          ["F", arrow(prop, prop)],
          ["x", ap(v("F"), I)],
        ],
        I,
      ),
      { sort: 0, motive: null },
    ),
  ),
  refuse("the type as an argument of an axiom", "non-positive", () =>
    one(arrow(ap(c("F"), I), I), {}, () => start().axiom("F", arrow(type, type)))(),
  ),
  refuse("the type in its own index", "non-positive", () =>
    inductive(
      start("Nat"),
      {
        sort: 1,
        types: [
          {
            name: "I",
            indices: [["i", type]],
            ctors: [{ name: "I.mk", type: arrow(ap(I, ap(I, Nat)), ap(I, Nat)) }],
          },
        ],
      },
      recursive,
    ),
  ),
  refuse("nested under a parameter that is a field", "nested-invalid", () => {
    const vec: SourceGroup = {
      params: [
        ["α", type],
        ["n", Nat],
      ],
      sort: 1,
      types: [{ name: "V", ctors: [{ name: "V.mk", fields: [{ name: "x", type: v("α") }] }] }],
    };
    return one(
      pi(
        [
          ["n", Nat],
          ["x", ap(c("V"), I, v("n"))],
        ],
        I,
      ),
      {},
      () => inductive(start("Nat"), vec),
    )();
  }),
  refuse(
    "nested under ill-typed parameters",
    "argument-mismatch",
    one(arrow(ap(c("List", 0), ap(c("Nat.succ"), I)), I)),
  ),
  refuse("nested with another parameter of its own", "non-positive", () =>
    inductive(
      start("Nat", "List"),
      {
        params: [["α", type]],
        sort: 1,
        types: [
          {
            name: "I",
            ctors: [
              {
                name: "I.mk",
                type: pi(
                  [
                    ["α", type],
                    ["x", list(ap(I, Nat))],
                  ],
                  ap(I, v("α")),
                ),
              },
            ],
          },
        ],
      },
      recursive,
    ),
  ),
  refuse("a constructor of another type", "constructor-result", one(Nat)),
  refuse("a constructor that makes a function", "constructor-result", one(arrow(Nat, list(I)))),
  refuse("a constructor of other parameters", "constructor-result", () =>
    inductive(start("Nat"), {
      params: [["α", type]],
      sort: 1,
      types: [{ name: "I", ctors: [{ name: "I.mk", type: pi([["α", type]], ap(I, Nat)) }] }],
    }),
  ),
  refuse("a constructor with the type in the index of its result", "constructor-result", () =>
    inductive(
      start("Nat"),
      {
        sort: 1,
        types: [{ name: "I", indices: [["i", type]], ctors: [{ name: "I.mk", type: ap(I, ap(I, Nat)) }] }],
      },
      recursive,
    ),
  ),
  refuse("a constructor that does not take the parameters", "inductive-parameters", () =>
    inductive(start("Nat"), {
      params: [["α", type]],
      sort: 1,
      types: [{ name: "I", ctors: [{ name: "I.mk", type: pi([["n", Nat]], ap(I, Nat)) }] }],
    }),
  ),
  refuse("a constructor whose type is a number", "not-a-type", one(c("Nat.zero"))),
  refuse("a field in a universe above", "inductive-universe", one(arrow(type, I))),
  refuse("a field in a universe that may be above", "inductive-universe", () =>
    inductive(start(), {
      levels: ["w"],
      params: [["α", sort("w")]],
      sort: 1,
      types: [{ name: "I", ctors: [{ name: "I.mk", fields: [{ name: "x", type: v("α") }] }] }],
    }),
  ),
  refuse("a field above Sort (imax 1 w)", "inductive-universe", () =>
    inductive(start(), {
      levels: ["w"],
      sort: { imax: [1, "w"] },
      types: [{ name: "I", ctors: [{ name: "I.mk", fields: [{ name: "x", type: prop }] }] }],
    }),
  ),
  refuse("a group in two universes", "inductive-universe", () => {
    const e = start();
    const other = e.expr(sort(2));
    return inductive(e, { sort: 1, types: [{ name: "I" }, { name: "J" }] }, (record) => {
      item(record, "types", 1)["type"] = other;
    });
  }),
  refuse("a group with two kinds of parameters", "inductive-parameters", () => {
    const e = start("Nat");
    const other = e.expr(pi([["n", Nat]], type));
    return inductive(
      e,
      { params: [["α", type]], sort: 1, types: [{ name: "I" }, { name: "J" }] },
      (record) => {
        item(record, "types", 1)["type"] = other;
      },
    );
  }),
  refuse("a type that is no type", "not-a-type", () => {
    const e = start("Nat");
    const other = e.expr(c("Nat.zero"));
    return inductive(
      e,
      { sort: 1, types: [{ name: "I" }] },
      (record) => (item(record, "types")["type"] = other),
    );
  }),
  refuse("a type that does not end in a universe", "inductive-not-a-sort", () => {
    const e = start("Nat");
    return inductive(
      e,
      { sort: 1, types: [{ name: "I" }] },
      (record) => (item(record, "types")["type"] = e.expr(Nat)),
    );
  }),
  header("a recursive type that says it is not", (record) => (item(record, "types")["isRec"] = false)),
  header(
    "a plain type that says it is recursive",
    (record) => (item(record, "types")["isRec"] = true),
    GROUPS.True,
  ),
  header("a plain type that says it is reflexive", (record) => (item(record, "types")["isReflexive"] = true)),
  header("a plain type that says it is nested", (record) => (item(record, "types")["numNested"] = 1)),
  header("another number of parameters", (record) => Object.assign(item(record, "types"), { numParams: 1 })),
  header("another number of indices", (record) => (item(record, "types")["numIndices"] = 1)),
  header(
    "an index counted as a parameter",
    (record) => {
      for (const one of [...items(record, "types"), ...items(record, "ctors")]) one["numParams"] = 3;
      item(record, "types")["numIndices"] = 1;
    },
    GROUPS.Eq,
  ),
  header(
    "constructors in another order",
    (record) => (record["ctors"] = items(record, "ctors").toReversed()),
  ),
  header("constructors with exchanged numbers", (record) => {
    item(record, "ctors", 0)["cidx"] = 1;
    item(record, "ctors", 1)["cidx"] = 0;
  }),
  header("a constructor left out", (record) => items(record, "ctors").pop()),
  header("a constructor that the type does not list", (record) =>
    (item(record, "types")["ctors"] as number[]).pop(),
  ),
  header("a constructor of another type's name", (record) => (item(record, "ctors")["induct"] = 0)),
  header(
    "a constructor with another number of parameters",
    (record) => (item(record, "ctors")["numParams"] = 1),
  ),
  header(
    "a constructor with other universe parameters",
    (record) => (item(record, "ctors")["levelParams"] = []),
    GROUPS.Eq,
  ),
  header("a group that lists another type", (record) => (item(record, "types")["all"] = [0])),
  header("a record without types", (record) => Object.assign(record, { types: [], ctors: [], recs: [] })),
  refuse(
    "two universe parameters of one name for a type",
    "duplicate-universe-parameter",
    bend(GROUPS.Eq, (record) => {
      const twice = item(record, "types")["levelParams"] as number[];
      for (const one of [...items(record, "types"), ...items(record, "ctors")])
        one["levelParams"] = [...twice, ...twice];
    }),
  ),
  refuse(
    "another number of fields",
    "constructor-field-count",
    bend(GROUPS.Nat, (record) => (item(record, "ctors", 1)["numFields"] = 0)),
  ),
  refuse(
    "one field too many",
    "constructor-field-count",
    bend(GROUPS.Nat, (record) => (item(record, "ctors", 1)["numFields"] = 2)),
  ),
  refuse("two constructors of one name", "duplicate-declaration", () =>
    inductive(start(), { sort: 1, types: [{ name: "I", ctors: [{ name: "I.mk" }, { name: "I.mk" }] }] }),
  ),
  refuse("two types of one name", "duplicate-declaration", () =>
    inductive(start(), { sort: 1, types: [{ name: "I" }, { name: "I" }] }),
  ),
  refuse("a constructor with the name of its type", "duplicate-declaration", () =>
    inductive(start(), { sort: 1, types: [{ name: "I", ctors: [{ name: "I" }] }] }),
  ),
  refuse("a loose variable in a constructor", "loose-variable", one(arrow({ k: "loose", index: 0 }, I))),
  refuse(
    "a universe parameter of no type in a constructor",
    "unknown-universe-parameter",
    one(arrow(sort("w"), I)),
  ),
  refuse("a constructor that names a later constant", "unknown-constant", one(arrow(c("Later"), I))),
  refuse(
    "a constructor that uses its own recursor",
    "unknown-constant",
    one(arrow(ap(c("I.rec", 1), lam([["_", I]], type)), I)),
  ),
];
