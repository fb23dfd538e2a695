// Faults that this kernel has had, or nearly: sorts that are stuck, names of universes that nothing declares, names that
// look like others, numbers and levels beyond what a machine word holds.
import type { Reason } from "#lean/index.ts";
import { inductive, type SourceGroup } from "../inductive.ts";
import { arithmetic, Bool, Nat, standard, start, succ, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  pi,
  refl,
  sort,
  type,
  v,
  type Export,
  type ExportLine,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import type { Tamper } from "../inductive.ts";
import { True } from "./accessible.ts";
import { type PublicCase, rows, type Row } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat");

/** An inductive type in what an opaque or axiom hides, or in what computes to a universe. */
function typeIn(sortOf: Term, before: (e: Export) => Export = (e) => e): Export {
  const e = before(base());
  const group: SourceGroup = { sort: 1, types: [{ name: "I", ctors: [{ name: "I.mk" }] }] };
  return inductive(e, group, (record) => {
    const [of] = record["types"] as Record<string, unknown>[];
    if (of !== undefined) of["type"] = e.expr(sortOf);
  });
}

/** A definition with `declared` universe parameters that uses `used`. */
const universes = (declared: readonly string[], used: LevelTerm) => (): Export =>
  base().def("d", sort({ succ: used }), sort(used), declared);

/** A theorem by the name of a constructor, written in two ways that look the same. */
const alike = (name: string, other: string): Export => {
  const e = base().axiom(name, c("False"));
  return e.thm("t", c("False"), c(other));
};

/** A name of two parts, and one part with a dot in it: both are spelled alike. */
function dotted(): Export {
  const e = base().axiom("a.b", c("False"));
  const dot = 9_000;
  e.raw({ str: { pre: 0, str: "a.b" }, in: dot });
  e.raw({ const: { name: dot, us: [] }, ie: dot });
  return e.raw({
    thm: { name: e.name("t"), levelParams: [], type: e.expr(c("False")), value: dot, all: [e.name("t")] },
  });
}

/** A numeric part of a name and a text of the same digits. */
function digits(): Export {
  const e = base().axiom("a.1", c("False"));
  const numbered = 9_000;
  e.raw({ num: { pre: e.name("a"), i: 1 }, in: numbered });
  e.raw({ const: { name: numbered, us: [] }, ie: numbered });
  return e.raw({
    thm: {
      name: e.name("t"),
      levelParams: [],
      type: e.expr(c("False")),
      value: numbered,
      all: [e.name("t")],
    },
  });
}

/** An axiom of False by a name that may be printed as that of a standard one, which is there, too; `!` is a dot in a part. */
function besideStandard(name: string): Export {
  const e = standard(start("False", "True", "Eq", "Iff", "Nonempty"), {});
  const [index, expr] = [9_000, 9_000];
  e.raw({ str: { pre: 0, str: name.replace("!", ".") }, in: index });
  e.raw({ axiom: { name: index, levelParams: [], type: e.expr(c("False")), isUnsafe: false } });
  e.raw({ const: { name: index, us: [] }, ie: expr });
  const [of, t] = [e.expr(c("False")), e.name("t")];
  return e.raw({ thm: { name: t, levelParams: [], type: of, value: expr, all: [t] } });
}

/** Every declaration has a name that objects of JavaScript have. */
function namesOfObjects(): Export {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "__defineGetter__", "valueOf"];
  const e = start("True");
  for (const name of names) {
    e.axiom(name, True).def(`${name}.${name}`, arrow(True, True), lam([["__proto__", True]], v("__proto__")));
    e.def(`of.${name}`, sort({ succ: name }), sort(name), [name]);
  }
  inductive(e, {
    sort: 1,
    types: [{ name: "I", ctors: [{ name: "I.__proto__" }, { name: "I.constructor" }] }],
  });
  return e.thm("t", True, c("True.intro"));
}

/** `levels` deep, and then a universe above or below it. */
function deep(kind: "succ" | "imax" | "max", levels: number, from: "same" | "one below"): Export {
  const e = start();
  const u = e.level("u");
  let at = u;
  let before = u;
  for (let i = 0; i < levels; i++) {
    before = at;
    const il = 10_000 + i;
    e.raw(kind === "succ" ? { succ: at, il } : { [kind]: [at, at], il });
    at = il;
  }
  const [low, high] = [900_000, 900_001];
  e.raw({ sort: from === "same" ? at : before, ie: low });
  e.raw({ succ: kind === "succ" ? at : u, il: high });
  e.raw({ sort: high, ie: high });
  const name = e.name("d");
  const record = { name, levelParams: [e.name("u")], type: high, value: low, all: [name] };
  return e.raw({ def: { ...record, hints: "abbrev", safety: "safe" } });
}

const same = (left: Term, right: Term): Export =>
  base().thm("t", eq(1, Nat, left, right), refl(1, Nat, left));
const operate = (name: string, a: bigint, b: bigint, result: bigint) => (): Export =>
  arithmetic(start("Eq", "Nat")).thm(
    "t",
    eq(1, Nat, ap(c(`Nat.${name}`), nat(a), nat(b)), nat(result)),
    refl(1, Nat, nat(result)),
  );
const M = 2n ** 64n;

/** A structure with a Boolean, whose record says something else. */
function counted(change: Tamper): Export {
  const fields = [{ name: "b", type: Bool }];
  return inductive(base(), { sort: 1, types: [{ name: "S", ctors: [{ name: "S.mk", fields }] }] }, change);
}
const COUNTS: readonly (readonly [list: string, key: string, by: number])[] = [
  ["types", "numParams", 2 ** 32],
  ["types", "numIndices", 2 ** 32],
  ["types", "numNested", 2 ** 32],
  ["ctors", "numFields", 2 ** 32],
  ["ctors", "numFields", 2 ** 31],
  ["ctors", "numParams", 2 ** 32],
  ["ctors", "cidx", 2 ** 32],
  ["recs", "numMinors", 2 ** 32],
  ["recs", "numMotives", 2 ** 32],
];
const COUNT_REASONS: readonly (Reason | "malformed")[] = [
  "inductive-header",
  "constructor-field-count",
  "recursor-mismatch",
  "bad-index",
  "malformed",
];
function bumped(record: ExportLine, list: string, key: string, by: number): void {
  const [of] = record[list] as Record<string, number>[];
  if (of !== undefined) of[key] = (of[key] ?? 0) + by;
}
/** The identity, but for the index of its variable. */
const variable = (by: number): Export =>
  base().def("id", arrow(Bool, Bool), lam([["x", Bool]], { k: "loose", index: by }));

const TRUE_EXPORT = (): string => start("True").thm("t", True, c("True.intro")).text();
/** The theorem's record with a second value for one of its keys. */
const twice = (key: string, value: string, where: "before" | "after") => (): string =>
  TRUE_EXPORT()
    .replace(/\{"thm":\{/, (whole) => (where === "before" ? `${whole}"${key}":${value},` : whole))
    .replace(/\}\}\n$/, (whole) => (where === "after" ? `,"${key}":${value}${whole}` : whole));

const of = (label: string, all: readonly Row[]): readonly PublicCase[] => rows("own", all, label);

export const OWN: readonly PublicCase[] = [
  ...of("an inductive type in a stuck sort", [
    ["an axiom", ["inductive-not-a-sort"], "reject", () => typeIn(c("S"), (e) => e.axiom("S", type))],
    [
      "an opaque that is Type",
      ["inductive-not-a-sort"],
      "reject",
      () => typeIn(c("S"), (e) => e.opaque("S", sort(2), type)),
    ],
    ["a definition that is Type", "accept", "accept", () => typeIn(c("S"), (e) => e.def("S", sort(2), type))],
    [
      "a recursor that is stuck",
      ["inductive-not-a-sort"],
      "reject",
      () =>
        typeIn(ap(c("Bool.rec", 3), lam([["_", Bool]], sort(2)), type, type, c("b")), (e) =>
          e.axiom("b", Bool),
        ),
    ],
    [
      "a recursor that computes",
      "accept",
      "accept",
      () => typeIn(ap(c("Bool.rec", 3), lam([["_", Bool]], sort(2)), type, type, c("Bool.false"))),
    ],
  ]),
  ...of("phantom universe names", [
    ["declared", "accept", "accept", universes(["u"], "u")],
    ["not declared", ["unknown-universe-parameter"], "reject", universes([], "u")],
    ["another is declared", ["unknown-universe-parameter"], "reject", universes(["w"], "u")],
    [
      "in a level that is 0 whatever it is",
      ["unknown-universe-parameter"],
      "reject",
      universes([], { imax: ["u", 0] }),
    ],
    [
      "in a constant's level",
      ["unknown-universe-parameter"],
      "reject",
      () =>
        base().def(
          "d",
          arrow(Nat, Nat),
          lam([["n", ap(lam([["x", sort({ succ: "u" })]], Nat), sort("u"))]], v("n")),
        ),
    ],
  ]),
  ...of("names that look alike", [
    ["one that exists", ["axiom-not-allowed"], "reject", () => alike("bad", "bad")],
    ["composed and decomposed", ["unknown-constant"], "reject", () => alike("\u00e9", "e\u0301")],
    ["Latin and Cyrillic", ["unknown-constant"], "reject", () => alike("a", "\u0430")],
    ["with a zero-width space", ["unknown-constant"], "reject", () => alike("a", "a\u200b")],
    ["a.b and «a.b»", ["unknown-constant"], "reject", dotted],
    ["a.1 and a.«1»", ["unknown-constant"], "reject", digits],
    [
      "propext behind a mark of byte order",
      ["axiom-not-allowed"],
      "reject",
      () => besideStandard("\ufeffpropext"),
    ],
    [
      "Classical.choice in one part",
      ["axiom-not-allowed"],
      "reject",
      () => besideStandard("Classical!choice"),
    ],
    ["propext with a soft hyphen", ["axiom-not-allowed"], "reject", () => besideStandard("prop\u00adext")],
    ["propext with a zero in front", ["axiom-not-allowed"], "reject", () => besideStandard("\u0000propext")],
    ["those of JavaScript's objects", "accept", "accept", namesOfObjects],
  ]),
  ...of("levels 60,000 deep", [
    ["succ", "accept", "reject", () => deep("succ", 60_000, "same")],
    ["succ, one below", ["type-mismatch"], "reject", () => deep("succ", 60_000, "one below")],
    ["max of itself", "accept", "reject", () => deep("max", 60_000, "same")],
    ["imax of itself", "accept", "reject", () => deep("imax", 60_000, "same")],
  ]).map((one): PublicCase => ({ ...one, mayGiveUp: true })),
  ...of("numbers beyond 64 bits", [
    ["2^64 + 1", "accept", "accept", operate("add", M, 1n, M + 1n)],
    ["2^64 + 1 is not 1", ["type-mismatch"], "reject", operate("add", M, 1n, 1n)],
    ["2^64 - 1 + 1 is not 0", ["type-mismatch"], "reject", operate("add", M - 1n, 1n, 0n)],
    ["2^32 * 2^32 is not 0", ["type-mismatch"], "reject", operate("mul", 2n ** 32n, 2n ** 32n, 0n)],
    ["2^53 + 1 is not 2^53", ["type-mismatch"], "reject", operate("add", 2n ** 53n, 1n, 2n ** 53n)],
    ["0 - 1 is not 2^64 - 1", ["type-mismatch"], "reject", operate("sub", 0n, 1n, M - 1n)],
    ["2^64 is not 0", ["type-mismatch"], "reject", () => same(nat(M), zero)],
    ["2^128 has a successor", "accept", "accept", () => same(succ(nat(M * M)), nat(M * M + 1n))],
    [
      "2 to the 2^64 is given up or stands",
      "accept",
      "accept",
      () =>
        arithmetic(start("Eq", "Nat")).thm(
          "t",
          pi([["n", Nat]], eq(1, Nat, ap(c("Nat.pow"), nat(2), nat(M)), ap(c("Nat.pow"), nat(2), nat(M)))),
          lam([["n", Nat]], refl(1, Nat, ap(c("Nat.pow"), nat(2), nat(M)))),
        ),
    ],
  ]),
  ...of("counts beyond 32 bits", [
    ["as they are", "accept", "accept", () => counted(() => undefined)],
    ...COUNTS.map(([list, key, by]): Row => {
      const make = (): Export => counted((record) => bumped(record, list, key, by));
      return [`${key} of ${list} and 2^${Math.log2(by)}`, COUNT_REASONS, "reject", make];
    }),
    ["a variable", ["loose-variable", "bad-index"], "reject", () => variable(2 ** 32)],
    ["a variable and 2^30", ["loose-variable", "bad-index"], "reject", () => variable(2 ** 30)],
    [
      "a field",
      ["bad-projection", "bad-index"],
      "reject",
      () =>
        counted(() => undefined).def("f", Bool, {
          k: "proj",
          type: "S",
          index: 2 ** 32,
          of: ap(c("S.mk"), c("Bool.true")),
        }),
    ],
  ]),
  ...of("a key given twice", [
    ["none", "accept", "accept", TRUE_EXPORT],
    ["the value, at first another", ["malformed"], "reject", twice("value", "0", "before")],
    ["the value, another at last", ["malformed"], "reject", twice("value", "0", "after")],
    ["the type, at first another", ["malformed"], "reject", twice("type", "0", "before")],
    ["the name, written otherwise", ["malformed"], "reject", twice("\\u006eame", "1", "before")],
  ]),
];
