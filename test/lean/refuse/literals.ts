// Numbers, texts and arithmetic: what the kernel computes by itself.
import { inductive } from "../inductive.ts";
import {
  arithmetic,
  binary,
  Bool,
  bySecond,
  comparison,
  comparisons,
  GROUPS,
  Nat,
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
  prop,
  refl,
  str,
  type,
  sure,
  v,
  type Export,
  type Term,
} from "#lean/source/terms.ts";
import { refuse, type Case } from "./case.ts";

const two = (): Export => start("False", "True", "Eq", "Nat", "Bool");

const claim = (e: Export, left: Term, right: Term): Export =>
  e.thm("bad", eq(1, Nat, left, right), refl(1, Nat, right));
const operate = (name: string, a: number, b: number): Term => ap(c(`Nat.${name}`), nat(a), nat(b));
/** What the operation of that name gives for 3 and 5, of another definition. */
const OF_3_AND_5: Readonly<Record<string, Term>> = {
  add: nat(8),
  sub: nat(0),
  mul: nat(15),
  pow: nat(243),
  beq: c("Bool.false"),
  ble: c("Bool.true"),
};

/** Another operation under a known name, which is not computed as the known one. */
const wrongOperation = (name: string, operation: string, value: Term, of = binary): Case =>
  refuse(name, "type-mismatch", () => {
    const e = two();
    if (operation === "mul" || operation === "pow") e.def("Nat.add", binary, bySecond(v("a"), succ(v("ih"))));
    if (operation === "pow") e.def("Nat.mul", binary, bySecond(zero, ap(c("Nat.add"), v("ih"), v("a"))));
    e.def(`Nat.${operation}`, of, value);
    const result = sure(OF_3_AND_5[operation]);
    const type = of === binary ? Nat : c("Bool");
    return e.thm("bad", eq(1, type, operate(operation, 3, 5), result), refl(1, type, result));
  });
const compare = arrow(Nat, Nat, Bool);
const bool = (value: boolean): Term => c(value ? "Bool.true" : "Bool.false");

export const LITERALS: readonly Case[] = [
  refuse("a number before there is Nat", "missing-literal-type", () => start("Eq").def("n", prop, nat(0))),
  refuse("a number where Nat is an axiom", "missing-literal-type", () =>
    start().axiom("Nat", type).def("n", c("Nat"), nat(0)),
  ),
  refuse("a number where Nat is a definition", "missing-literal-type", () =>
    start("Bool").def("Nat", type, Bool).def("n", c("Nat"), nat(0)),
  ),
  refuse("a text before there is String", "missing-literal-type", () => two().def("s", Nat, str("x"))),
  refuse("a text where String is made of nothing", "missing-literal-type", () =>
    two().def("String", type, Nat).def("s", c("String"), str("x")),
  ),
  refuse("a text where String.ofList makes something else", "primitive-mismatch", () => {
    const e = inductive(two(), GROUPS.List).def("Char", type, Nat).def("String", type, Bool);
    e.def("Char.ofNat", arrow(Nat, c("Char")), lam([["n", Nat]], v("n")));
    const list = ap(c("List", 0), c("Char"));
    return e.def("String.ofList", arrow(list, Nat), lam([["l", list]], zero)).def("s", c("String"), str("x"));
  }),
  refuse("a number as a Boolean", "type-mismatch", () => two().def("b", Bool, nat(1))),
  refuse("two numbers that differ", "type-mismatch", () => claim(two(), nat(2), nat(3))),
  refuse("two large numbers that differ in the last digit", "type-mismatch", () =>
    claim(two(), nat(2n ** 64n), nat(2n ** 64n + 1n)),
  ),
  refuse("a number and a successor that differ", "type-mismatch", () =>
    claim(two(), nat(2), succ(succ(succ(zero)))),
  ),
  refuse("0 and a successor", "type-mismatch", () =>
    two().thm(
      "bad",
      pi([["n", Nat]], eq(1, Nat, nat(0), succ(v("n")))),
      lam([["n", Nat]], refl(1, Nat, nat(0))),
    ),
  ),
  refuse("Nat with a third constructor", "primitive-mismatch", () =>
    inductive(start(), {
      sort: 1,
      types: [
        {
          name: "Nat",
          ctors: [
            { name: "Nat.zero" },
            { name: "Nat.succ", fields: [{ name: "n", target: 0 }] },
            { name: "Nat.omega" },
          ],
        },
      ],
    }),
  ),
  refuse("Nat with its constructors exchanged", "primitive-mismatch", () =>
    inductive(start(), {
      sort: 1,
      types: [
        {
          name: "Nat",
          ctors: [{ name: "Nat.succ", fields: [{ name: "n", target: 0 }] }, { name: "Nat.zero" }],
        },
      ],
    }),
  ),
  refuse("Nat whose successor forgets", "primitive-mismatch", () =>
    inductive(start(), {
      sort: 1,
      types: [{ name: "Nat", ctors: [{ name: "Nat.zero" }, { name: "Nat.succ" }] }],
    }),
  ),
  refuse("Nat as a proposition", "primitive-mismatch", () =>
    inductive(start(), {
      sort: 0,
      motive: null,
      types: [
        {
          name: "Nat",
          ctors: [{ name: "Nat.zero" }, { name: "Nat.succ", fields: [{ name: "n", target: 0 }] }],
        },
      ],
    }),
  ),
  refuse("Bool with true first", "primitive-mismatch", () =>
    inductive(start(), {
      sort: 1,
      types: [{ name: "Bool", ctors: [{ name: "Bool.true" }, { name: "Bool.false" }] }],
    }),
  ),
  wrongOperation(
    "addition that is always 0",
    "add",
    lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      zero,
    ),
  ),
  wrongOperation("addition that is off by one", "add", bySecond(succ(v("a")), succ(v("ih")))),
  wrongOperation("addition of the first to itself", "add", bySecond(v("a"), succ(succ(v("ih"))))),
  wrongOperation(
    "multiplication that starts at 1",
    "mul",
    bySecond(succ(zero), ap(c("Nat.add"), v("ih"), v("a"))),
  ),
  wrongOperation(
    "a power that multiplies by two",
    "pow",
    bySecond(succ(zero), ap(c("Nat.mul"), v("ih"), nat(2))),
  ),
  wrongOperation(
    "subtraction that does not subtract",
    "sub",
    lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      v("a"),
    ),
  ),
  wrongOperation(
    "a comparison that is always true",
    "beq",
    lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      bool(true),
    ),
    compare,
  ),
  wrongOperation("an order that is equality", "ble", comparison(false), compare),
  wrongOperation("equality that is the order", "beq", comparison(true), compare),
  refuse("division that is always 0, computed as division", "type-mismatch", () =>
    claim(
      two().def(
        "Nat.div",
        binary,
        lam(
          [
            ["a", Nat],
            ["b", Nat],
          ],
          zero,
        ),
      ),
      operate("div", 4, 2),
      nat(2),
    ),
  ),
  refuse("a greatest common divisor that is always 1", "type-mismatch", () =>
    claim(
      two().def(
        "Nat.gcd",
        binary,
        lam(
          [
            ["a", Nat],
            ["b", Nat],
          ],
          nat(1),
        ),
      ),
      operate("gcd", 4, 6),
      nat(2),
    ),
  ),
  refuse("bitwise and that is or", "type-mismatch", () => {
    const e = arithmetic(two()).def("Nat.land", binary, bySecond(v("a"), succ(v("ih"))));
    return claim(e, operate("land", 4, 2), nat(0));
  }),
  refuse("addition as an axiom, computed as addition", "type-mismatch", () =>
    claim(two().axiom("Nat.add", binary), operate("add", 2, 2), nat(4)),
  ),
  refuse("addition as an opaque, computed as addition", "type-mismatch", () =>
    claim(two().opaque("Nat.add", binary, bySecond(v("a"), succ(v("ih")))), operate("add", 2, 2), nat(4)),
  ),
  refuse("2 + 2 = 5", "type-mismatch", () => claim(arithmetic(two()), operate("add", 2, 2), nat(5))),
  refuse("3 - 5 taken below 0", "type-mismatch", () =>
    claim(arithmetic(two()), operate("sub", 3, 5), nat(2)),
  ),
  refuse("0 ^ 0 = 0", "type-mismatch", () => claim(arithmetic(two()), operate("pow", 0, 0), nat(0))),
  refuse("5 ≤ 4", "type-mismatch", () =>
    comparisons(arithmetic(two())).thm(
      "bad",
      eq(1, Bool, operate("ble", 5, 4), bool(true)),
      refl(1, Bool, bool(true)),
    ),
  ),
  refuse("False from 2 = 3 by deciding", "type-mismatch", () =>
    comparisons(two()).thm("bad", eq(1, Bool, operate("beq", 2, 3), bool(true)), refl(1, Bool, bool(true))),
  ),
];
