// Universes that are counted wrongly, and declarations that are not what they say.
import { Nat, quotient, start, succ, zero } from "../prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  nat,
  pi,
  prop,
  refl,
  sort,
  type,
  v,
  type LevelTerm,
  type Term,
  sure,
} from "#lean/source/terms.ts";
import { refuse, type Case } from "./case.ts";

const False = c("False");

/** `fun x => x` from one universe to another that must not hold it. */
const lowers =
  (from: LevelTerm, to: LevelTerm, levels: readonly string[] = ["u", "v"]) =>
  () =>
    start().def(
      "down",
      arrow(sort({ succ: from }), sort({ succ: to })),
      lam([["x", sort({ succ: from })]], v("x")),
      levels,
    );

const LOWERED: readonly (readonly [name: string, from: LevelTerm, to: LevelTerm])[] = [
  ["u + 1 into u", { succ: "u" }, "u"],
  ["u into v", "u", "v"],
  ["1 into 0", 1, 0],
  ["max u v into u", { max: ["u", "v"] }, "u"],
  ["max u v into imax u v", { max: ["u", "v"] }, { imax: ["u", "v"] }],
  ["imax u v into u", { imax: ["u", "v"] }, "u"],
  ["imax 0 v into 0", { imax: [0, "v"] }, 0],
  ["imax u v into 0", { imax: ["u", "v"] }, 0],
  ["imax 2 u into u", { imax: [2, "u"] }, "u"],
  ["u + 1 into max u 1", { succ: "u" }, { max: ["u", 1] }],
  ["max (u + 1) v into max u v", { max: [{ succ: "u" }, "v"] }, { max: ["u", "v"] }],
  ["imax (imax u v) u into v", { imax: [{ imax: ["u", "v"] }, "u"] }, "v"],
];

const levels = LOWERED.map(([name, from, to]) => refuse(name, "type-mismatch", lowers(from, to)));

const two = (): ReturnType<typeof start> => start("False", "True", "Eq", "Nat");
const id = lam(
  [
    ["p", prop],
    ["h", v("p")],
  ],
  v("h"),
);

export const LEVELS: readonly Case[] = [
  ...levels,
  refuse("a type of all types in itself", "type-mismatch", () => start().def("U", type, type)),
  refuse("a function type in the universe of its range", "type-mismatch", () =>
    start().def("F", type, pi([["x", type]], type)),
  ),
  refuse("a universe parameter that is not declared", "unknown-universe-parameter", () =>
    start().def("A", sort({ succ: "u" }), sort("u")),
  ),
  refuse("one that only the value uses", "unknown-universe-parameter", () =>
    start("Eq").def("A", prop, pi([["α", sort("u")]], prop)),
  ),
  refuse("two universe parameters of one name", "duplicate-universe-parameter", () =>
    start().axiom("A", sort("u"), ["u", "u"]),
  ),
  refuse("too few universe levels", "universe-count", () =>
    start("Eq").def("A", arrow(type, type, prop), c("Eq")),
  ),
  refuse("too many universe levels", "universe-count", () => start("Nat").def("A", type, c("Nat", 0))),
  refuse("a universe level on Nat.zero", "universe-count", () =>
    start("Nat").def("A", Nat, c("Nat.zero", 1)),
  ),
];

export const DECLARATIONS: readonly Case[] = [
  refuse("a proof of something else", "type-mismatch", () => two().thm("bad", False, c("True.intro"))),
  refuse("reflexivity of what differs", "type-mismatch", () =>
    two().thm("bad", eq(1, Nat, zero, succ(zero)), refl(1, Nat, zero)),
  ),
  refuse("a theorem that uses itself", "unknown-constant", () => two().thm("bad", False, c("bad"))),
  refuse("a definition that uses itself", "unknown-constant", () => two().def("bad", False, c("bad"))),
  refuse("two theorems that use each other", "unknown-constant", () =>
    two().thm("a", False, c("b")).thm("b", False, c("a")),
  ),
  refuse("a constant that is never declared", "unknown-constant", () => two().thm("bad", False, c("help"))),
  refuse("a constant of a statement that is never declared", "unknown-constant", () =>
    two().axiom("bad", ap(c("P"), zero)),
  ),
  refuse("a name declared again with another type", "duplicate-declaration", () =>
    two().def("A", prop, False).def("A", prop, c("True")),
  ),
  refuse("a theorem that takes the name of a constructor", "duplicate-declaration", () =>
    two().thm("Nat.zero", c("True"), c("True.intro")),
  ),
  refuse("a theorem that takes the name of a recursor", "duplicate-declaration", () =>
    two().thm("False.rec", c("True"), c("True.intro")),
  ),
  refuse("an axiom declared as an inductive type later", "duplicate-declaration", () =>
    start("False").axiom("False", prop),
  ),
  refuse("a quotient declared twice", "duplicate-declaration", () => {
    const e = quotient(start("Eq"));
    return e.raw(sure(e.records.findLast((record) => "quot" in record)));
  }),
  refuse("a theorem about data", "theorem-not-a-proposition", () => two().thm("five", Nat, nat(5))),
  refuse("a theorem that is a type", "theorem-not-a-proposition", () => two().thm("T", type, Nat)),
  refuse("a theorem in a universe that may be above Prop", "theorem-not-a-proposition", () =>
    two().thm(
      "t",
      pi(
        [
          ["α", sort("u")],
          ["a", v("α")],
        ],
        v("α"),
      ),
      lam(
        [
          ["α", sort("u")],
          ["a", v("α")],
        ],
        v("a"),
      ),
      ["u"],
    ),
  ),
  refuse("a type that is a number", "not-a-type", () => two().axiom("x", nat(5))),
  refuse("a type that is a proof", "not-a-type", () => two().axiom("x", c("True.intro"))),
  refuse("a binder over a number", "not-a-type", () => two().axiom("x", pi([["y", zero]], prop))),
  refuse("a lambda over a number", "not-a-type", () =>
    two().def("x", prop, ap(lam([["y", zero]], prop), zero)),
  ),
  refuse("a loose variable as a statement", "loose-variable", () =>
    start().axiom("x", { k: "loose", index: 0 }),
  ),
  refuse("a loose variable as a proof", "loose-variable", () =>
    two().thm("bad", False, { k: "loose", index: 0 }),
  ),
  refuse("a loose variable deep in a proof", "loose-variable", () =>
    two().thm(
      "bad",
      False,
      ap(id, False, ap(lam([["h", False]], { k: "loose", index: 1 }), { k: "loose", index: 0 })),
    ),
  ),
  refuse("an argument of another type", "argument-mismatch", () =>
    two().thm("bad", False, ap(id, False, c("True.intro"))),
  ),
  refuse("an argument to what is not a function", "not-a-function", () =>
    two().thm("bad", False, ap(c("True.intro"), zero)),
  ),
  refuse("one argument too many", "not-a-function", () =>
    two().thm("bad", False, ap(c("Nat.succ"), zero, zero)),
  ),
  refuse("a let of another type", "let-mismatch", () =>
    two().thm("bad", False, letIn("h", False, c("True.intro"), v("h"))),
  ),
  refuse("a let over what is no type", "not-a-type", () =>
    two().thm("bad", False, letIn("h", zero, zero, c("True.intro"))),
  ),
  refuse("an ill-typed let that nothing uses", "let-mismatch", () =>
    two().thm("t", c("True"), letIn("h", False, c("True.intro"), c("True.intro"))),
  ),
  refuse("an ill-typed argument that is thrown away", "argument-mismatch", () =>
    two().thm("t", c("True"), ap(lam([["h", False]], c("True.intro")), c("True.intro"))),
  ),
  refuse("a value behind opaque, seen through", "type-mismatch", () =>
    two()
      .opaque("one", Nat, succ(zero))
      .thm("bad", eq(1, Nat, c("one"), succ(zero)), refl(1, Nat, succ(zero))),
  ),
  refuse("an opaque of another type", "type-mismatch", () => two().opaque("bad", False, c("True.intro"))),
  refuse("another proof accepted for a changed statement", "type-mismatch", () =>
    two().thm("claim", eq(1, Nat, nat(4), nat(5)), refl(1, Nat, nat(4))),
  ),
  refuse("a proof of a sum with one digit changed", "type-mismatch", () =>
    two().thm("claim", eq(1, Nat, nat(8080), nat(8081)), refl(1, Nat, nat(8080))),
  ),
];

const choose = pi([["p", prop]], v("p"));
const axiomCase = (name: string, make: Case["make"]): Case => refuse(name, "axiom-not-allowed", make);
const fromAll = (axiom: string): Term => ap(c(axiom), False);

export const AXIOMS: readonly Case[] = [
  axiomCase("an axiom of one's own", () => two().axiom("trust_me", False).thm("bad", False, c("trust_me"))),
  axiomCase("sorryAx", () => two().axiom("sorryAx", choose).thm("bad", False, fromAll("sorryAx"))),
  axiomCase("Lean.ofReduceBool", () =>
    two().axiom("Lean.ofReduceBool", choose).thm("bad", False, fromAll("Lean.ofReduceBool")),
  ),
  axiomCase("an axiom behind an opaque", () =>
    two().axiom("trust_me", False).opaque("hidden", False, c("trust_me")).thm("bad", False, c("hidden")),
  ),
  axiomCase("an axiom behind an opaque number", () =>
    start("False", "True", "Eq", "Nat")
      .axiom("pick", Nat)
      .opaque("hidden", Nat, c("pick"))
      .thm("t", eq(1, Nat, c("hidden"), c("hidden")), refl(1, Nat, c("hidden"))),
  ),
  axiomCase("an axiom behind a definition that is a proof", () =>
    two().axiom("trust_me", False).def("bad", False, c("trust_me")),
  ),
  axiomCase("an axiom behind two theorems' statements", () =>
    two()
      .axiom("P", prop)
      .thm("t", arrow(c("P"), c("P")), lam([["h", c("P")]], v("h"))),
  ),
  axiomCase("an axiom in a type of the group a proof is about", () => {
    const e = two().axiom("A", type);
    return e.thm(
      "t",
      eq(1, arrow(c("A"), c("A")), id2("A"), id2("A")),
      refl(1, arrow(c("A"), c("A")), id2("A")),
    );
  }),
  axiomCase("an axiom with the name of an allowed one, as a part", () =>
    two().axiom("my.propext", False).thm("bad", False, c("my.propext")),
  ),
  refuse("a proof from an unsafe definition", "unsafe-dependency", () =>
    two().def("loop", False, c("True.intro"), [], { safety: "unsafe" }).thm("bad", False, c("loop")),
  ),
  refuse("a proof from a partial definition", "unsafe-dependency", () =>
    two().def("loop", False, c("True.intro"), [], { safety: "partial" }).thm("bad", False, c("loop")),
  ),
  refuse("a proof from an unsafe axiom", "unsafe-dependency", () => {
    const e = two();
    return e.raw({ axiom: { ...e.header("ouch", [], False), isUnsafe: true } }).thm("bad", False, c("ouch"));
  }),
  refuse("a proof from an unsafe opaque", "unsafe-dependency", () =>
    two().opaque("ouch", False, c("True.intro"), { isUnsafe: true }).thm("bad", False, c("ouch")),
  ),
  refuse("the name of an excluded definition used again", "duplicate-declaration", () =>
    two().def("a", False, c("a"), [], { safety: "unsafe" }).thm("a", c("True"), c("True.intro")),
  ),
];

function id2(name: string): Term {
  return lam([["x", c(name)]], v("x"));
}
