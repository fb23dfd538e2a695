// What hides behind a name that the kernel knows: axioms that bear the name of a standard one, a quotient that is none, a
// text whose meaning changes, a literal that carries an axiom.
import { inductive, type SourceGroup } from "../inductive.ts";
import { GROUPS, Nat, quotient, standard, start, type Statement } from "../prelude.ts";
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
  str,
  type,
  v,
  type Export,
  type Term,
} from "#lean/source/terms.ts";
import { refuse, type Case } from "./case.ts";

const False = c("False");
const char = c("Char");
const text = c("String");
const chars = ap(c("List", 0), char);
const nil = ap(c("List.nil", 0), char);
const letter = (code: number): Term => ap(c("List.cons", 0), char, ap(c("Char.ofNat"), nat(code)), nil);

const characters = (): Export =>
  inductive(start("False", "True", "Eq", "Nat"), GROUPS.List)
    .def("Char", type, Nat)
    .def("Char.ofNat", arrow(Nat, char), lam([["n", Nat]], v("n")));

const empty = (name: string, level: string): SourceGroup => ({
  levels: [level],
  sort: level,
  types: [{ name }],
});
const boxOfText: SourceGroup = {
  sort: 1,
  types: [{ name: "String", ctors: [{ name: "String.mk", fields: [{ name: "data", type: chars }] }] }],
};
const relation = arrow(v("α"), v("α"), prop);

/** Quot is a type without values here, and Quot.mk would make one. */
function quotientThatIsNone(): Export {
  const e = inductive(start("False", "True", "Eq", "Nat"), empty("None", "w"));
  const binders = [
    ["α", sort("u")],
    ["r", relation],
  ] as const;
  e.def("Quot", pi(binders, sort("u")), lam(binders, c("None", "u")), ["u"]);
  const whole = quotient(start("Eq")).records;
  const mk = structuredClone(whole.filter((record) => "quot" in record)[1]?.["quot"]) as object;
  const quot = ap(c("Quot", "u"), v("α"), v("r"));
  e.raw({ quot: { ...mk, ...e.header("Quot.mk", ["u"], pi(binders, pi([["a", v("α")]], quot))) } });
  const all = lam([["a", Nat]], lam([["b", Nat]], c("True")));
  const value = ap(c("Quot.mk", 1), Nat, all, nat(0));
  return e.thm("bad", False, ap(c("None.rec", 0, 1), lam([["_", c("None", 1)]], False), value));
}

const misnamed = (name: string, make: () => Export): Case => refuse(name, "axiom-not-allowed", make);
const misstated = (axiom: string, what: string, other: Statement, proof: Term): Case =>
  misnamed(`${axiom} ${what}`, () =>
    standard(start("False", "True", "Eq", "Iff", "Nonempty"), { [axiom]: other }).thm("bad", False, proof),
  );
const everything = pi([["p", prop]], v("p"));

/** Iff without its second half: then propext makes False equal to True. */
const halfIff: SourceGroup = {
  ...GROUPS.Iff,
  types: [
    {
      name: "Iff",
      ctors: [{ name: "Iff.intro", fields: [{ name: "mp", type: arrow(v("a"), v("b")) }] }],
    },
  ],
};
const constant = (of: Term, value: Term): Term => lam([["_", of]], value);

export const HIDDEN: readonly Case[] = [
  misnamed("an axiom behind a text", () => {
    const e = inductive(characters(), { sort: 1, types: [{ name: "String" }] });
    e.axiom("String.ofList", arrow(chars, text));
    return e.thm("bad", False, ap(c("String.rec", 0), constant(text, False), str("x")));
  }),
  misnamed("an axiom two steps behind a text", () => {
    const e = inductive(characters(), { sort: 1, types: [{ name: "String" }] });
    e.axiom("pick", text).def("String.ofList", arrow(chars, text), constant(chars, c("pick")));
    e.def("hello", text, str("x"));
    return e.thm("bad", False, ap(c("String.rec", 0), constant(text, False), c("hello")));
  }),
  refuse("a text that becomes another one", "type-mismatch", () => {
    const e = inductive(characters(), boxOfText);
    const made = ap(c("String.mk"), letter(120));
    e.thm("before", eq(1, text, str("x"), made), refl(1, text, made));
    e.def("String.ofList", arrow(chars, text), constant(chars, ap(c("String.mk"), nil)));
    return e.thm("bad", eq(1, chars, proj("String", 0, str("x")), nil), refl(1, chars, nil));
  }),
  refuse("Quot.mk of a quotient that is a definition", "quotient-mismatch", quotientThatIsNone),
  misstated("propext", "that says False", { of: False, levels: [] }, c("propext")),
  misstated("propext", "that says all, twice", { of: everything, levels: ["u"] }, ap(c("propext", 0), False)),
  misstated(
    "Classical.choice",
    "of a type that may be empty",
    { of: pi([["α", sort("u")]], v("α")), levels: ["u"] },
    ap(c("Classical.choice", 0), False),
  ),
  misstated("Quot.sound", "that says all", { of: everything, levels: [] }, ap(c("Quot.sound"), False)),
  misnamed("propext over an Iff with one half", () => {
    const e = standard(inductive(start("False", "True", "Eq"), halfIff), {});
    const half = ap(c("Iff.intro"), False, c("True"), lam([["_", False]], c("True.intro")));
    const same = ap(c("propext"), False, c("True"), half);
    const motive = lam(
      [
        ["p", prop],
        ["_", eq(1, prop, False, v("p"))],
      ],
      arrow(v("p"), False),
    );
    const out = ap(c("Eq.rec", 0, 1), prop, False, motive, lam([["h", False]], v("h")), c("True"), same);
    return e.thm("bad", False, ap(out, c("True.intro")));
  }),
  misnamed("Classical.choice over a Nonempty that all types are", () => {
    const e = start("False", "True", "Eq", "Iff");
    const types = [{ name: "Nonempty", ctors: [{ name: "Nonempty.intro" }] }];
    standard(inductive(e, { levels: ["w"], params: [["α", sort("w")]], sort: 0, types, k: true }), {});
    return e.thm("bad", False, ap(c("Classical.choice", 0), False, ap(c("Nonempty.intro", 0), False)));
  }),
  misnamed("an axiom whose one part is spelled Quot.sound", () => {
    const e = start("False");
    e.raw({ str: { pre: 0, str: "Quot.sound" }, in: 900 });
    const { type: of } = e.header("unused", [], False);
    e.raw({ axiom: { name: 900, levelParams: [], type: of, isUnsafe: false } });
    e.raw({ const: { name: 900, us: [] }, ie: 900 });
    const name = e.name("bad");
    return e.raw({ thm: { name, levelParams: [], type: of, value: 900, all: [name] } });
  }),
];
