// Classes of faults that kernels have had over the years, each as mutations of one sound export: types, their values, and
// the literals that stand for some.
import type { Reason } from "#lean/index.ts";
import { vector } from "../accept.ts";
import { inductive, type SourceGroup } from "../inductive.ts";
import {
  arithmetic,
  binary,
  Bool,
  comparisons,
  GROUPS,
  Nat,
  quotient,
  start,
  succ,
  zero,
} from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  pi,
  proj,
  prop,
  refl,
  str,
  type,
  v,
  type Binder,
  type Export,
  type ExportLine,
  type LevelTerm,
  type Term,
  sure,
} from "#lean/source/terms.ts";
import { True, tt } from "./accessible.ts";
import { type PublicCase, rows, type Row } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat");
const thm = (
  binders: readonly Binder[],
  of: Term,
  left: Term,
  right: Term,
  level: LevelTerm = 1,
  e = base(),
): Export => e.thm("t", pi(binders, eq(level, of, left, right)), lam(binders, refl(level, of, left)));

/** A proposition with one field, eliminated into Type. */
const eliminated = (
  indices: readonly Binder[],
  result: readonly Term[],
  fields: SourceGroup["types"][number]["ctors"],
): Export => {
  const ctor = { ...sure((fields ?? [])[0]), indices: result };
  return inductive(base(), { sort: 0, motive: "m", types: [{ name: "D", indices, ctors: [ctor] }] });
};
const oneField = (of: Term): SourceGroup["types"][number]["ctors"] => [
  { name: "D.mk", fields: [{ name: "n", type: of }] },
];

/** Two values of a structure or family, equal by eta or not. */
const values = (group: SourceGroup, of: Term, level: LevelTerm = 1): Export =>
  thm(
    [
      ["x", of],
      ["y", of],
    ],
    of,
    v("x"),
    v("y"),
    level,
    inductive(base(), group),
  );
const structure = (fields: readonly Term[], more: Partial<SourceGroup> = {}): SourceGroup => ({
  sort: 1,
  types: [
    { name: "S", ctors: [{ name: "S.mk", fields: fields.map((type, i) => ({ name: `f${i}`, type })) }] },
  ],
  ...more,
});

/** A number against constructors. */
const number = (left: Term, right: Term) => (): Export => thm([], Nat, left, right);
const numberOf = (x: (n: Term) => Term, y: (n: Term) => Term) => (): Export =>
  thm([["n", Nat]], Nat, x(v("n")), y(v("n")));

function text(left: string, codes: readonly number[]): Export {
  const e = inductive(base(), GROUPS.List);
  e.def("Char", type, Nat).def("Char.ofNat", arrow(Nat, c("Char")), lam([["n", Nat]], v("n")));
  const list = ap(c("List", 0), c("Char"));
  inductive(e, {
    sort: 1,
    types: [{ name: "String", ctors: [{ name: "String.ofList", fields: [{ name: "data", type: list }] }] }],
  });
  const nil = ap(c("List.nil", 0), c("Char"));
  const chars = codes.reduceRight<Term>(
    (rest, code) => ap(c("List.cons", 0), c("Char"), ap(c("Char.ofNat"), nat(code)), rest),
    nil,
  );
  return thm([], c("String"), str(left), ap(c("String.ofList"), chars), 1, e);
}

/** A group of two types of which the record has only a part. */
const partly = (change: (record: ExportLine) => unknown) => (): Export =>
  inductive(
    base(),
    {
      sort: 1,
      types: [
        { name: "A", ctors: [{ name: "A.leaf" }, { name: "A.of", fields: [{ name: "b", target: 1 }] }] },
        { name: "B", ctors: [{ name: "B.of", fields: [{ name: "a", target: 0 }] }] },
      ],
    },
    change,
  );
const list = (record: ExportLine, key: string): ExportLine[] => record[key] as ExportLine[];

/** An operation that bears the name of a known one: what its own definition says holds, and nothing else. */
const ownAdd = (result: number) => (): Export => {
  const e = start("False", "True", "Eq", "Nat");
  e.def(
    "Nat.add",
    binary,
    lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      v("a"),
    ),
  );
  return e.thm("t", eq(1, Nat, ap(c("Nat.add"), nat(20), nat(22)), nat(result)), refl(1, Nat, nat(result)));
};
const NOT_ITS_OWN: readonly Reason[] = ["primitive-mismatch", "type-mismatch"];

const of = (label: string, all: readonly Row[]): readonly PublicCase[] => rows("class", all, label);

export const DATA: readonly PublicCase[] = [
  ...of("large elimination of a field that no index gives", [
    ["an index is the field", "accept", "accept", () => eliminated([["i", Nat]], [v("n")], oneField(Nat))],
    ["there is no index", ["recursor-mismatch"], "reject", () => eliminated([], [], oneField(Nat))],
    [
      "the index is a constant",
      ["recursor-mismatch"],
      "reject",
      () => eliminated([["i", Nat]], [zero], oneField(Nat)),
    ],
    [
      "the index is a function of it",
      ["recursor-mismatch"],
      "reject",
      () => eliminated([["i", Nat]], [succ(v("n"))], oneField(Nat)),
    ],
    [
      "the index reduces to it",
      ["recursor-mismatch"],
      "reject",
      () => eliminated([["i", Nat]], [ap(lam([["x", Nat]], v("x")), v("n"))], oneField(Nat)),
    ],
    [
      "the index's type mentions it",
      ["recursor-mismatch"],
      "reject",
      () => eliminated([["i", prop]], [eq(1, Nat, v("n"), v("n"))], oneField(Nat)),
    ],
    ["the field is a proposition's proof", "accept", "accept", () => eliminated([], [], oneField(True))],
    ["the field is a proposition", ["recursor-mismatch"], "reject", () => eliminated([], [], oneField(prop))],
  ]),
  ...of("eta of structures", [
    ["a unit", "accept", "accept", () => values(structure([]), c("S"))],
    ["one field", ["type-mismatch"], "reject", () => values(structure([Bool]), c("S"))],
    ["a proof as the field", ["type-mismatch"], "reject", () => values(structure([True]), c("S"))],
    ["a proof and a number", ["type-mismatch"], "reject", () => values(structure([True, Nat]), c("S"))],
    [
      "with an index",
      ["type-mismatch"],
      "reject",
      () =>
        values(
          {
            sort: 1,
            types: [{ name: "S", indices: [["i", Nat]], ctors: [{ name: "S.mk", indices: [zero] }] }],
          },
          ap(c("S"), zero),
        ),
    ],
    [
      "with two constructors",
      ["type-mismatch"],
      "reject",
      () => values({ sort: 1, types: [{ name: "S", ctors: [{ name: "S.a" }, { name: "S.b" }] }] }, c("S")),
    ],
    [
      "recursive",
      ["type-mismatch"],
      "reject",
      () =>
        values(
          { sort: 1, types: [{ name: "S", ctors: [{ name: "S.mk", fields: [{ name: "f", target: 0 }] }] }] },
          c("S"),
        ),
    ],
    [
      "data projected out of a proposition",
      ["projection-from-proposition"],
      "reject",
      () => {
        const e = inductive(base(), structure([Bool], { sort: 0, motive: null }));
        return thm([["x", c("S")]], c("S"), v("x"), ap(c("S.mk"), proj("S", 0, v("x"))), 0, e);
      },
    ],
  ]),
  ...of("numbers against constructors", [
    ["0", "accept", "accept", number(nat(0), zero)],
    ["3", "accept", "accept", number(nat(3), succ(succ(succ(zero))))],
    ["3 is not 2", ["type-mismatch"], "reject", number(nat(3), succ(succ(zero)))],
    ["3 is not a successor of itself", ["type-mismatch"], "reject", number(nat(3), succ(nat(3)))],
    ["2^64 is not 0", ["type-mismatch"], "reject", number(nat(2n ** 64n), nat(0))],
    ["2^64 is not zero's constructor", ["type-mismatch"], "reject", number(nat(2n ** 64n), zero)],
    ["2^32 + 5 is not 5", ["type-mismatch"], "reject", number(nat(2n ** 32n + 5n), nat(5))],
    ["2^53 + 1 is not 2^53", ["type-mismatch"], "reject", number(nat(2n ** 53n + 1n), nat(2n ** 53n))],
    [
      "2^53 + 1 is a successor of 2^53",
      "accept",
      "accept",
      number(nat(2n ** 53n + 1n), succ(nat(2n ** 53n))),
    ],
    ["2^64 is a successor", "accept", "accept", number(nat(2n ** 64n), succ(nat(2n ** 64n - 1n)))],
    [
      "2^64 is a successor of another",
      ["type-mismatch"],
      "reject",
      number(nat(2n ** 64n), succ(nat(2n ** 64n))),
    ],
    [
      "n + 1 is not n",
      ["type-mismatch"],
      "reject",
      numberOf(
        (n) => succ(n),
        (n) => n,
      ),
    ],
    [
      "n + 1 is not 1",
      ["type-mismatch"],
      "reject",
      numberOf(
        (n) => succ(n),
        () => nat(1),
      ),
    ],
    [
      "n + 1 is not 0",
      ["type-mismatch"],
      "reject",
      numberOf(
        (n) => succ(n),
        () => nat(0),
      ),
    ],
  ]),
  ...of("texts against constructors", [
    ["two letters", "accept", "accept", () => text("ab", [0x61, 0x62])],
    ["exchanged", ["type-mismatch"], "reject", () => text("ab", [0x62, 0x61])],
    ["one more", ["type-mismatch"], "reject", () => text("ab", [0x61, 0x62, 0])],
    ["the empty one", "accept", "accept", () => text("", [])],
    ["a letter beyond 2^16", "accept", "accept", () => text("\u{1f600}", [0x1f600])],
    ["it as two halves", ["type-mismatch"], "reject", () => text("\u{1f600}", [0xd83d, 0xde00])],
    ["composed and decomposed", ["type-mismatch"], "reject", () => text("\u00e9", [0x65, 0x301])],
    ["a letter and it plus 2^32", ["type-mismatch"], "reject", () => text("a", [2 ** 32 + 0x61])],
  ]),
  ...of("quotients before Quot", [
    ["in order", "accept", "accept", () => quotient(base())],
    [
      "used before",
      ["unknown-constant"],
      "reject",
      () =>
        base().def(
          "q",
          type,
          ap(
            c("Quot", 1),
            Nat,
            lam(
              [
                ["a", Nat],
                ["b", Nat],
              ],
              True,
            ),
          ),
        ),
    ],
    ["without Eq", ["unknown-constant", "quotient-mismatch"], "reject", () => quotient(start("Nat"))],
  ]),
  ...of("a mutual group in part", [
    ["whole", "accept", "accept", partly(() => undefined)],
    [
      "without the second type",
      ["inductive-header", "unknown-constant"],
      "reject",
      partly((record) => list(record, "types").pop()),
    ],
    [
      "without the second recursor",
      ["recursor-missing"],
      "reject",
      partly((record) => list(record, "recs").pop()),
    ],
    [
      "without the last constructor",
      ["inductive-header"],
      "reject",
      partly((record) => list(record, "ctors").pop()),
    ],
    [
      "a constructor twice",
      ["duplicate-declaration"],
      "reject",
      partly((record) => list(record, "ctors").push({ ...sure(list(record, "ctors")[0]) })),
    ],
    [
      "a recursor twice",
      ["duplicate-declaration"],
      "reject",
      partly((record) => list(record, "recs").push({ ...sure(list(record, "recs")[0]) })),
    ],
  ]),
  ...of("Nat.add redefined", [
    ["the standard sum", NOT_ITS_OWN, "accept", ownAdd(42)],
    ["another number", NOT_ITS_OWN, "reject", ownAdd(21)],
    [
      "comparisons exchanged",
      NOT_ITS_OWN,
      "reject",
      () => {
        const e = comparisons(arithmetic(start("Eq", "Nat", "Bool")));
        return thm([], Bool, ap(c("Nat.ble"), nat(5), nat(3)), tt, 1, e);
      },
    ],
  ]),
  ...of("vectors", [
    [
      "of length 0 is not of length 1",
      ["argument-mismatch", "type-mismatch"],
      "reject",
      () => inductive(base(), vector).def("t", ap(c("Vec"), Nat, nat(1)), ap(c("Vec.nil"), Nat)),
    ],
    [
      "of length 0",
      "accept",
      "accept",
      () => inductive(base(), vector).def("t", ap(c("Vec"), Nat, nat(0)), ap(c("Vec.nil"), Nat)),
    ],
  ]),
];
