// Public reports about what an export says of its own constructors and recursors: counts, flags, rules, strangers.
import { inductive, type Ctor, type SourceGroup } from "../inductive.ts";
import { Bool, GROUPS, Nat, start, succ, zero } from "../prelude.ts";
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
  sort,
  sure,
  type,
  v,
  type Binder,
  type Export,
  type ExportLine,
  type Term,
} from "#lean/source/terms.ts";
import type { Tamper } from "../inductive.ts";
import { caseBool, False, ff, inconsistent, True, tt } from "./accessible.ts";
import { rows, type PublicCase } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat", "List");
const part = (record: ExportLine, list: "types" | "ctors" | "recs", index = 0): ExportLine =>
  sure((record[list] as ExportLine[])[index]);
const one = (name: string, ctors: readonly Ctor[], more: Partial<SourceGroup> = {}): SourceGroup => ({
  sort: 1,
  types: [{ name, ctors }],
  ...more,
});
const TWO: readonly Ctor[] = [{ name: "I.a" }, { name: "I.b" }];
const I = c("I");
const decide = (b: Term): Term => caseBool(1, () => prop, False, True, b);

/** From a recursor that tells `I.a` from `I.b`, two proofs of a proposition. */
function tellsApart(e: Export, of: Term, level: readonly (0 | 1)[], rest: readonly (0 | 1)[] = []): Export {
  const rec = ap(c("I.rec", ...level), lam([["_", of]], Bool), ff, tt);
  return inconsistent(e, of, rec, c("I.a", ...rest), c("I.b", ...rest));
}

/** Declared as a type, with the recursor of a type, and then said to be a proposition. */
function typeThatBecomesProp(): Export {
  const e = base();
  inductive(e, one("I", TWO), (record) => (part(record, "types")["type"] = e.expr(prop)));
  return tellsApart(e, I, [1]);
}

/** A recursor into Type without a universe of its own, for a proposition of two proofs. */
const suppliedRecursor = (of: Term) => (): Export => {
  const motive: Binder = ["motive", arrow(I, type)];
  const minors: Binder[] = [motive, ["a", ap(v("motive"), c("I.a"))], ["b", ap(v("motive"), c("I.b"))]];
  const e = base();
  const { level } = of as { level: number | { imax: [number, number] } };
  inductive(e, { ...one("I", TWO), sort: level, motive: null }, (record) => {
    const rec = part(record, "recs");
    rec["type"] = e.expr(pi([...minors, ["t", I]], ap(v("motive"), v("t"))));
    const [a, b] = rec["rules"] as ExportLine[];
    sure(a)["rhs"] = e.expr(lam(minors, v("a")));
    sure(b)["rhs"] = e.expr(lam(minors, v("b")));
  });
  e.def("AsProp", prop, I);
  return tellsApart(e, c("AsProp"), []);
};

function largeForSomeLevel(): Export {
  const e = inductive(base(), one("I", TWO, { levels: ["w"], sort: "w" }));
  return tellsApart(e, c("I", 0), [1, 0], [0]);
}

/** `S.mk` says that it has no fields: any two values would be equal. */
function noFields(where: "constructor" | "rule" | "both"): Export {
  const e = inductive(base(), one("S", [{ name: "S.mk", fields: [{ name: "f", type: Bool }] }]), (record) => {
    if (where !== "rule") part(record, "ctors")["numFields"] = 0;
    if (where !== "constructor") sure((part(record, "recs")["rules"] as ExportLine[])[0])["nfields"] = 0;
  });
  const S = c("S");
  const made = (b: Term): Term => ap(c("S.mk"), b);
  e.thm("h", eq(1, S, made(tt), made(ff)), refl(1, S, made(tt)));
  const motive = lam(
    [
      ["s", S],
      ["_", eq(1, S, made(tt), v("s"))],
    ],
    decide(proj("S", 0, v("s"))),
  );
  return e.thm("bad", False, ap(c("Eq.rec", 0, 1), S, made(tt), motive, c("True.intro"), made(ff), c("h")));
}

/** A recursor of two constructors that says it is K-like: any value is the first one. */
function kLie(): Export {
  const e = inductive(base(), one("I", TWO), (record) => (part(record, "recs")["k"] = true));
  const disc = (x: Term): Term => ap(c("I.rec", 1), lam([["_", I]], prop), True, False, x);
  return e.thm("bad", disc(c("I.b")), c("True.intro"));
}

function kLieOfNat(): Export {
  const e = start("False", "True", "Eq");
  inductive(e, GROUPS.Nat, (record) => (part(record, "recs")["k"] = true));
  const step = lam(
    [
      ["_", Nat],
      ["_", prop],
    ],
    False,
  );
  const g = (n: Term): Term => ap(c("Nat.rec", 1), lam([["_", Nat]], prop), True, step, n);
  e.thm("all", pi([["n", Nat]], g(v("n"))), lam([["n", Nat]], c("True.intro")));
  return e.thm("bad", False, ap(c("all"), nat(1)));
}

/** The rule of the successor gives what 0 gives. */
const ruleOfNat = (change: (e: Export, rules: ExportLine[]) => void) => (): Export => {
  const e = start("False", "True", "Eq");
  inductive(e, GROUPS.Nat, (record) => change(e, part(record, "recs")["rules"] as ExportLine[]));
  const step = lam(
    [
      ["_", Nat],
      ["_", prop],
    ],
    True,
  );
  const g = (n: Term): Term => ap(c("Nat.rec", 1), lam([["_", Nat]], prop), False, step, n);
  e.thm("one", g(nat(1)), c("True.intro"));
  return e.thm(
    "bad",
    pi([["n", Nat]], eq(2, prop, g(succ(v("n"))), False)),
    lam([["n", Nat]], refl(2, prop, False)),
  );
};
const motiveOfNat: Binder[] = [
  ["motive", arrow(Nat, sort("u"))],
  ["zero", ap(v("motive"), zero)],
  [
    "succ",
    pi(
      [
        ["n", Nat],
        ["ih", ap(v("motive"), v("n"))],
      ],
      ap(v("motive"), succ(v("n"))),
    ),
  ],
];

/** `False` with one more part in its record. */
const rogue = (list: "recs" | "ctors", record: ExportLine) => (): Export => {
  const out = start("True", "Eq");
  const tamper: Tamper = (of) => {
    const all = record["all"] === "own" ? [out.name("False")] : [];
    const header = { ...out.header("rogue", [], False), isUnsafe: false, numParams: 0 };
    const { all: _, induct, ...rest } = record;
    const more = list === "recs" ? { all, ...rest } : { induct: out.name(String(induct)), ...rest };
    (of[list] as ExportLine[]).push({ ...header, ...more });
  };
  inductive(out, GROUPS.False, tamper);
  return out.thm("inconsistent", False, c("rogue"));
};
const NO_RULES = { numIndices: 0, numMotives: 0, numMinors: 0, rules: [], k: false };

function bogusRecursor(): Export {
  const e = base();
  inductive(e, one("I", [{ name: "I.mk" }]), (record) => {
    Object.assign(part(record, "recs"), NO_RULES, { levelParams: [], type: e.expr(False) });
  });
  return e.thm("bad", False, c("I.rec"));
}

function misnamedRecursor(): Export {
  const e = base();
  inductive(
    e,
    one("I", [{ name: "I.mk" }]),
    (record) => (part(record, "recs")["name"] = e.name("I.not_rec")),
  );
  return e.def("user", arrow(I, Bool), ap(c("I.not_rec", 1), lam([["_", I]], Bool), tt));
}

/** The recursor's own counts; their sum is right, so that the type alone fits. */
function forgedSplit(): Export {
  const e = inductive(base(), one("I", TWO), (record) => {
    Object.assign(part(record, "recs"), { numMotives: 2, numMinors: 1 });
  });
  return e.def("t", Bool, ap(c("I.rec", 1), lam([["_", I]], Bool), ff, tt, c("I.b")));
}

export const RECURSORS: readonly PublicCase[] = rows("lean-kernel-arena", [
  ["bugs/large-elim-prop-bool", ["recursor-mismatch"], "reject", typeThatBecomesProp],
  ["large-elim-supplied-rec", ["recursor-mismatch"], "reject", suppliedRecursor(sort(0))],
  ["large-elim-imax-prop", ["recursor-mismatch"], "reject", suppliedRecursor(sort({ imax: [1, 0] }))],
  ["bugs/large-elim-param", ["recursor-mismatch"], "reject", largeForSomeLevel],
  ["bugs/ctor-num-fields", ["constructor-field-count"], "accept", () => noFields("constructor")],
  ["bugs/ctor-num-fields: of the rule", ["recursor-mismatch"], "reject", () => noFields("rule")],
  ["bugs/ctor-num-fields: of both", ["constructor-field-count"], "reject", () => noFields("both")],
  ["bugs/rec-k-lie", ["recursor-mismatch"], "accept", kLie],
  ["bugs/nat-rec-k-lie", ["recursor-mismatch"], "reject", kLieOfNat],
  [
    "bugs/nat-rec-rules",
    ["recursor-mismatch"],
    "reject",
    ruleOfNat((e, rules) => {
      sure(rules[1])["rhs"] = e.expr(lam([...motiveOfNat, ["n", Nat]], ap(v("succ"), v("n"), v("zero"))));
    }),
  ],
  [
    "bugs/nat-rec-rules: the first twice",
    ["recursor-mismatch"],
    "reject",
    ruleOfNat((_, rules) => void rules.splice(1, 1, { ...sure(rules[0]) })),
  ],
  ["other/extra-rec", ["recursor-unexpected"], "accept", rogue("recs", { ...NO_RULES, all: "own" })],
  ["bugs/orphan-rec", ["recursor-mismatch"], "accept", rogue("recs", { ...NO_RULES, all: "none" })],
  [
    "other/orphan-ctor",
    ["inductive-header"],
    "reject",
    rogue("ctors", { induct: "Orphan", cidx: 0, numFields: 0 }),
  ],
  [
    "other/orphan-ctor: of False itself",
    ["inductive-header"],
    "accept",
    rogue("ctors", { induct: "False", cidx: 0, numFields: 0 }),
  ],
  ["tutorial BogusRecursor", ["recursor-mismatch"], "reject", bogusRecursor],
  ["tutorial misnamed_rec", ["recursor-unexpected"], "reject", misnamedRecursor],
  ["ix pull 586, a forged split of motives and minor premises", ["recursor-mismatch"], "accept", forgedSplit],
]);
