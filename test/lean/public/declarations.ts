// Public reports about declarations, universes, names and numbers.
import { inductive, type SourceGroup } from "../inductive.ts";
import { arithmetic, binary, Bool, Nat, start, succ, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  pi,
  prop,
  refl,
  sort,
  type,
  v,
  type Binder,
  type Export,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import { False, ff, inconsistent, tt } from "./accessible.ts";
import { type PublicCase, rows, sound } from "./case.ts";

const base = (): Export => start("False", "True", "Eq", "Bool", "Nat");
const same = (x: Term, y: Term): Term => eq(1, Nat, x, y);
/** `down : Sort (from + 1) -> Sort from`, and with it a proposition that is Bool. */
function universeCollapse(from: LevelTerm, levels: readonly string[]): Export {
  const e = base();
  const [high, low] = [sort({ succ: from }), sort(from)];
  e.def("down", arrow(high, low), lam([["x", high]], v("x")), levels);
  const P = ap(c("down", ...levels.map(() => 0)), Bool);
  e.def("P", prop, P);
  return inconsistent(e, c("P"), lam([["p", c("P")]], v("p")), ff, tt);
}

const INDEXED: SourceGroup = {
  sort: 1,
  types: [{ name: "X", indices: [["i", Bool]], ctors: [{ name: "X.mk", indices: [tt] }] }],
};
/** As lean4 issue 10577: a constant with a wrong number of levels on one side of a comparison. */
const levelCount = (levels: LevelTerm[]) => (): Export => {
  const e = base();
  const F = ["F", "G"] as const;
  for (const name of F) e.def(name, sort({ succ: { succ: "u" } }), sort({ succ: "u" }), ["u"]);
  return e.thm("t", eq(3, sort(2), c("F", ...levels), c("G", 0)), refl(3, sort(2), c("G", 0)));
};

/** An operation on numbers where one is behind an opaque. */
const onOpaque = (name: string, args: readonly Term[], result: Term) => (): Export => {
  const e = arithmetic(start("Eq", "Nat"));
  e.opaque("hidden", Nat, nat(5));
  return e.thm("t", same(ap(c(`Nat.${name}`), ...args), result), refl(1, Nat, result));
};
const hidden = c("hidden");

const raw = (...lines: string[]): string =>
  [
    '{"meta":{"exporter":{"name":"test","version":"1"},"lean":{"githash":"","version":"4.29.0"},"format":{"version":"3.1.0"}}}',
    ...lines,
    "",
  ].join("\n");

export const DECLARATIONS: readonly PublicCase[] = [
  ...rows("lean-kernel-arena", [
    ["bogus1", ["type-mismatch"], "reject", () => base().thm("bogus", False, c("True.intro"))],
    [
      "tutorial nonPropThm",
      ["theorem-not-a-proposition"],
      "reject",
      () => base().thm("t", prop, pi([["p", prop]], v("p"))),
    ],
    [
      "tutorial nonTypeAxiom",
      ["not-a-type"],
      "accept",
      () =>
        base()
          .def("k", arrow(type, type), lam([["x", type]], v("x")))
          .axiom("a", c("k")),
    ],
    ["definition-self-reference", ["unknown-constant"], "reject", () => base().def("self", type, c("self"))],
    [
      "tutorial selfProof",
      ["unknown-constant"],
      "reject",
      () => base().thm("self", pi([["p", prop]], v("p")), c("self")),
    ],
    [
      "tutorial forallSortBad",
      ["not-a-type"],
      "reject",
      () =>
        base().def(
          "t",
          prop,
          pi(
            [
              ["x", type],
              ["y", v("x")],
              ["z", v("y")],
            ],
            v("x"),
          ),
        ),
    ],
    [
      "tutorial tut06_bad01",
      ["duplicate-universe-parameter"],
      "reject",
      () => base().def("t", type, prop, ["u", "u"]),
    ],
    [
      "bugs/level-imax-leq",
      ["type-mismatch"],
      "reject",
      () => universeCollapse({ imax: ["u", "v"] }, ["u", "v"]),
    ],
    [
      "bugs/level-imax-leq: u and u",
      ["type-mismatch"],
      "reject",
      () => universeCollapse({ imax: ["u", "u"] }, ["u"]),
    ],
    [
      "bugs/level-imax-leq: under max",
      ["type-mismatch"],
      "reject",
      () => universeCollapse({ max: [{ imax: ["u", "v"] }, "v"] }, ["u", "v"]),
    ],
    [
      "bugs/level-imax-leq: twice",
      ["type-mismatch"],
      "reject",
      () => universeCollapse({ imax: ["u", { imax: ["v", "u"] }] }, ["u", "v"]),
    ],
    [
      "bugs/level-imax-normalization",
      ["type-mismatch"],
      "reject",
      () => universeCollapse({ imax: [0, "v"] }, ["v"]),
    ],
    [
      "bugs/level-imax-normalization: 1",
      ["type-mismatch"],
      "reject",
      () => universeCollapse({ imax: [1, "v"] }, ["v"]),
    ],
    [
      "tutorial falseFromUnsafe",
      ["unsafe-dependency"],
      "reject",
      () => base().def("loop", False, c("loop"), [], { safety: "unsafe" }).thm("t", False, c("loop")),
    ],
    [
      "tutorial falseFromPartial",
      ["unsafe-dependency"],
      "reject",
      () => base().def("loop", False, c("loop"), [], { safety: "partial" }).thm("t", False, c("loop")),
    ],
    [
      "tutorial dup_defs",
      ["duplicate-declaration"],
      "reject",
      () => base().def("d", type, prop).def("d", type, prop),
    ],
    [
      "tutorial dup_ctor_def",
      ["duplicate-declaration"],
      "reject",
      () => base().def("X.mk", type, prop) && inductive(base().def("X.mk", type, prop), INDEXED),
    ],
    [
      "tutorial dup_rec_def",
      ["duplicate-declaration"],
      "reject",
      () => inductive(base(), INDEXED).def("X.rec", type, prop),
    ],
    [
      "tutorial dup_ind_con_con",
      ["duplicate-declaration"],
      "reject",
      () =>
        inductive(base(), { sort: 1, types: [{ name: "D", ctors: [{ name: "D.mk" }, { name: "D.mk" }] }] }),
    ],
  ]),
  ...rows("lean4 issue 10577, arena bugs/constlevels", [
    ["bugs/constlevels", ["universe-count"], "reject", levelCount([])],
    ["bugs/constlevels: one too many", ["universe-count"], "reject", levelCount([0, 0])],
  ]),
  ...rows("lean4 pull 8060", [
    ["Nat.pow of an opaque", ["type-mismatch"], "reject", onOpaque("pow", [hidden, nat(2)], nat(25))],
    ["Nat.pow to an opaque", ["type-mismatch"], "reject", onOpaque("pow", [nat(2), hidden], nat(32))],
    ["Nat.add of an opaque", ["type-mismatch"], "reject", onOpaque("add", [hidden, nat(2)], nat(7))],
    ["Nat.sub of an opaque", ["type-mismatch"], "reject", onOpaque("sub", [hidden, nat(2)], nat(3))],
    ["Nat.mul of an opaque", ["type-mismatch"], "reject", onOpaque("mul", [hidden, nat(2)], nat(10))],
  ]),
  ...rows("lean4 pull 14498", [
    [
      "a free variable in an opaque",
      ["loose-variable"],
      "reject",
      () => base().opaque("o", Bool, { k: "loose", index: 0 }),
    ],
    [
      "a free variable in an opaque: under a binder",
      ["loose-variable"],
      "reject",
      () => base().opaque("o", arrow(Bool, Bool), lam([["x", Bool]], { k: "loose", index: 1 })),
    ],
  ]),
  sound("Nat.pow of an opaque: to 0", "lean4 pull 8060", onOpaque("pow", [hidden, nat(0)], nat(1))),
  sound(
    "other/level-index-out-of-order",
    "lean-kernel-arena",
    () =>
      raw(
        '{"in":1,"str":{"pre":0,"str":"foo"}}',
        '{"il":2,"succ":0}',
        '{"il":1,"succ":2}',
        '{"ie":0,"sort":1}',
        '{"axiom":{"name":1,"levelParams":[],"type":0,"isUnsafe":false}}',
      ),
    "reject",
  ),
  sound(
    "other/sparse-name-index",
    "lean-kernel-arena",
    () =>
      raw(
        '{"in":2,"str":{"pre":0,"str":"foo"}}',
        '{"ie":4,"sort":0}',
        '{"axiom":{"name":2,"levelParams":[],"type":4,"isUnsafe":false}}',
      ),
    "reject",
  ),
  sound("corner-cases/imax-right-successor", "lean-kernel-arena", () =>
    start().def("i", sort({ succ: { max: ["u", { succ: "v" }] } }), sort({ imax: ["u", { succ: "v" }] }), [
      "u",
      "v",
    ]),
  ),
  sound("ProofIrrel", "lean-kernel-arena", () => {
    const P = prop;
    const [A, h] = [type, arrow(v("A"), v("P"))];
    const binders: Binder[] = [
      ["P", P],
      ["Q", arrow(v("P"), prop)],
      ["A", A],
      ["a", v("A")],
      ["b", v("A")],
    ];
    const at = (x: string): Term => pi([["h", h]], ap(v("Q"), ap(v("h"), v(x))));
    return base().thm(
      "bar",
      pi([...binders, ["foo", at("b")]], at("a")),
      lam([...binders, ["foo", at("b")]], v("foo")),
    );
  }),
  sound("Nat.add of a definition that is a number", "lean4 pull 8060", () => {
    const e = arithmetic(start("Eq", "Nat")).def("five", Nat, nat(5)).def("My.add", binary, c("Nat.add"));
    return e.thm("t", same(ap(c("My.add"), c("five"), succ(zero)), nat(6)), refl(1, Nat, nat(6)));
  }),
];
