// Texts where what they are made with is not Lean's: each makes a term that has no type pass for a String, and a proof of
// False of it. A text is made of `String.ofList`, `List.cons`, `List.nil` and `Char.ofNat`, found by their names.
import { inductive, type SourceGroup } from "../inductive.ts";
import { Bool, GROUPS, Nat, start } from "../prelude.ts";
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
  type Export,
  type Term,
} from "#lean/source/terms.ts";
import { caseBool, False, ff, True, tt } from "./accessible.ts";
import { rows, type PublicCase } from "./case.ts";

/** A Boolean with a proof that it is `c`. */
const SUB: SourceGroup = {
  params: [["c", Bool]],
  sort: 1,
  types: [
    {
      name: "Sub",
      ctors: [
        {
          name: "Sub.mk",
          fields: [
            { name: "b", type: Bool },
            { name: "h", type: eq(1, Bool, v("b"), v("c")) },
          ],
        },
      ],
    },
  ],
};
const sub = (of: Term): Term => ap(c("Sub"), of);
const made = (of: Term): Term => ap(c("Sub.mk"), of, of, refl(1, Bool, of));
const odd = (n: Term): Term => ap(c("odd"), n);

/** False, True, Eq, Bool, Nat, List, Sub and `odd`. */
function base(lists = true): Export {
  const e = start("False", "True", "Eq", "Bool", "Nat");
  if (lists) inductive(e, GROUPS.List);
  inductive(e, SUB);
  const flip = lam(
    [
      ["_", Nat],
      ["ih", Bool],
    ],
    caseBool(1, () => Bool, tt, ff, v("ih")),
  );
  const value = ap(c("Nat.rec", 1), lam([["_", Nat]], Bool), ff, flip, v("n"));
  return e.def("odd", arrow(Nat, Bool), lam([["n", Nat]], value));
}

/** From a value `x` of `Sub true` that is false: False. */
function contradiction(e: Export, x: Term): Export {
  e.def("x", sub(tt), x).thm("wrong", eq(1, Bool, ff, tt), proj("Sub", 1, c("x")));
  const decide = (b: Term): Term => caseBool(1, () => prop, True, False, b);
  const motive = lam(
    [
      ["b", Bool],
      ["_", eq(1, Bool, ff, v("b"))],
    ],
    decide(v("b")),
  );
  return e.thm("bad", False, ap(c("Eq.rec", 0, 1), Bool, ff, motive, c("True.intro"), tt, c("wrong")));
}

const chars = ap(c("List", 0), c("Char"));
const STRING: SourceGroup = {
  sort: 1,
  types: [{ name: "String", ctors: [{ name: "String.ofList", fields: [{ name: "data", type: chars }] }] }],
};
const plainChar = (e: Export): Export =>
  e.def("Char", type, Nat).def("Char.ofNat", arrow(Nat, c("Char")), lam([["n", Nat]], v("n")));

/** `Char.ofNat n : Sub (odd n)`, and Char is Sub true: "a" (97) has a type, "b" (98) has none. */
function letters(text: string): Export {
  const e = base().def("Char", type, sub(tt));
  e.def("Char.ofNat", pi([["n", Nat]], sub(odd(v("n")))), lam([["n", Nat]], made(odd(v("n")))));
  inductive(e, STRING);
  const step = lam(
    [
      ["h", c("Char")],
      ["t", chars],
      ["ih", c("Char")],
    ],
    v("h"),
  );
  const motive = lam([["_", chars]], c("Char"));
  const first = ap(
    c("List.rec", 1, 0),
    c("Char"),
    motive,
    ap(c("Char.ofNat"), nat(97)),
    step,
    proj("String", 0, str(text)),
  );
  return contradiction(e, first);
}

/** `String.ofList l : Sub (f l)`, and String is Sub true, which f of "a" is. */
function wholes(text: string): Export {
  const e = plainChar(base());
  const motive = lam([["_", chars]], Bool);
  const step = lam(
    [
      ["h", c("Char")],
      ["t", chars],
      ["ih", Bool],
    ],
    odd(v("h")),
  );
  const f = (l: Term): Term => ap(c("List.rec", 1, 0), c("Char"), motive, ff, step, l);
  e.def("String", type, sub(tt));
  e.def("String.ofList", pi([["l", chars]], sub(f(v("l")))), lam([["l", chars]], made(f(v("l")))));
  return contradiction(e, str(text));
}

/** `List.cons α n l : Sub (odd n)`, and a list is Sub true, which one of the letter 97 is. */
function conses(text: string): Export {
  const e = plainChar(base(false));
  const listOf = (of: Term): Term => ap(c("List", "w"), of);
  const levels = ["w"];
  const list = ap(c("List", 0), c("Char"));
  e.def("List", arrow(type, type), lam([["α", type]], sub(tt)), levels);
  e.def("List.nil", pi([["α", type]], listOf(v("α"))), lam([["α", type]], made(tt)), levels);
  const binders = [
    ["α", type],
    ["n", c("Char")],
    ["l", listOf(v("α"))],
  ] as const;
  e.def("List.cons", pi(binders, sub(odd(v("n")))), lam(binders, made(odd(v("n")))), levels);
  e.def("String", type, sub(tt)).def("String.ofList", arrow(list, c("String")), lam([["l", list]], v("l")));
  return contradiction(e, str(text));
}

export const TEXTS: readonly PublicCase[] = rows(
  "own",
  [
    [
      "letters of another type than Char",
      ["primitive-mismatch", "missing-literal-type"],
      "accept",
      () => letters("b"),
    ],
    [
      "texts of another type than String",
      ["primitive-mismatch", "missing-literal-type"],
      "accept",
      () => wholes("b"),
    ],
    [
      "texts of another type than String, the empty one",
      ["primitive-mismatch", "missing-literal-type"],
      "accept",
      () => wholes(""),
    ],
    ["lists of another type", ["primitive-mismatch", "missing-literal-type"], "accept", () => conses("b")],
  ],
  "texts of other constants",
);
