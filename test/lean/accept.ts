// Sound exports, one for each rule: near misses of what refuse/ has.
import { inductive, type SourceGroup } from "./inductive.ts";
import { arithmetic, binary, Bool, comparisons, Nat, quotient, start, succ, zero } from "./prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  letIn,
  nat,
  pi,
  proj,
  prop,
  refl,
  sort,
  str,
  type,
  v,
  type Binder,
  type Export,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";

const base = (): Export =>
  comparisons(arithmetic(start("False", "True", "Eq", "And", "Or", "Bool", "Nat", "List")));

const by = (level: LevelTerm, of: Term, left: Term, right: Term): Export =>
  base().thm("t", eq(level, of, left, right), refl(level, of, right));
const forAll = (e: Export, binders: readonly Binder[], of: Term, left: Term, right: Term): Export =>
  e.thm("t", pi(binders, eq(1, of, left, right)), lam(binders, refl(1, of, right)));

const cumulative =
  (from: LevelTerm, to: LevelTerm): (() => Export) =>
  () =>
    start().def(
      "same",
      arrow(sort({ succ: from }), sort({ succ: to })),
      lam([["x", sort({ succ: from })]], v("x")),
      ["u", "v"],
    );

export const tree: SourceGroup = {
  levels: ["v"],
  params: [["α", sort({ succ: "v" })]],
  sort: { succ: "v" },
  types: [
    {
      name: "Tree",
      ctors: [
        {
          name: "Tree.node",
          fields: [
            { name: "x", type: v("α") },
            { name: "kids", target: 1 },
          ],
        },
      ],
    },
  ],
  nested: [
    {
      former: ap(c("List", "v"), ap(c("Tree", "v"), v("α"))),
      ctors: [
        { name: "List.nil", term: ap(c("List.nil", "v"), ap(c("Tree", "v"), v("α"))) },
        {
          name: "List.cons",
          term: ap(c("List.cons", "v"), ap(c("Tree", "v"), v("α"))),
          fields: [
            { name: "head", target: 0 },
            { name: "tail", target: 1 },
          ],
        },
      ],
    },
  ],
};

export const evenOdd: SourceGroup = {
  sort: 0,
  motive: null,
  types: [
    {
      name: "Even",
      indices: [["n", Nat]],
      ctors: [
        { name: "Even.zero", indices: [zero] },
        {
          name: "Even.succ",
          fields: [
            { name: "n", type: Nat },
            { name: "h", target: 1, indices: [v("n")] },
          ],
          indices: [succ(v("n"))],
        },
      ],
    },
    {
      name: "Odd",
      indices: [["n", Nat]],
      ctors: [
        {
          name: "Odd.succ",
          fields: [
            { name: "n", type: Nat },
            { name: "h", target: 0, indices: [v("n")] },
          ],
          indices: [succ(v("n"))],
        },
      ],
    },
  ],
};

export const vector: SourceGroup = {
  params: [["α", type]],
  sort: 1,
  types: [
    {
      name: "Vec",
      indices: [["n", Nat]],
      ctors: [
        { name: "Vec.nil", indices: [zero] },
        {
          name: "Vec.cons",
          fields: [
            { name: "n", type: Nat },
            { name: "x", type: v("α") },
            { name: "xs", target: 0, indices: [v("n")] },
          ],
          indices: [succ(v("n"))],
        },
      ],
    },
  ],
};

export const acc: SourceGroup = {
  levels: ["w"],
  sort: 0,
  params: [
    ["α", sort("w")],
    ["r", arrow(v("α"), v("α"), prop)],
  ],
  types: [
    {
      name: "Acc",
      indices: [["x", v("α")]],
      ctors: [
        {
          name: "Acc.intro",
          fields: [
            { name: "x", type: v("α") },
            {
              name: "h",
              target: 0,
              args: [
                ["y", v("α")],
                ["_", ap(v("r"), v("y"), v("x"))],
              ],
              indices: [v("y")],
            },
          ],
          indices: [v("x")],
        },
      ],
    },
  ],
};

export const w: SourceGroup = {
  params: [
    ["α", type],
    ["β", arrow(v("α"), type)],
  ],
  sort: 1,
  types: [
    {
      name: "W",
      ctors: [
        {
          name: "W.sup",
          fields: [
            { name: "a", type: v("α") },
            { name: "f", target: 0, args: [["b", ap(v("β"), v("a"))]] },
          ],
        },
      ],
    },
  ],
};

export const pair: SourceGroup = {
  sort: 1,
  types: [
    {
      name: "P",
      ctors: [
        {
          name: "P.mk",
          fields: [
            { name: "m", type: Nat },
            { name: "n", type: Nat },
          ],
        },
      ],
    },
  ],
};
export const unit: SourceGroup = { sort: 1, types: [{ name: "U", ctors: [{ name: "U.mk" }] }] };
const P = c("P");
const operate = (name: string, a: bigint | number, b: bigint | number): Term =>
  ap(c(`Nat.${name}`), nat(a), nat(b));

function withText(): Export {
  const e = base();
  e.def("Char", type, Nat).def("Char.ofNat", arrow(Nat, c("Char")), lam([["n", Nat]], v("n")));
  const list = ap(c("List", 0), c("Char"));
  inductive(e, {
    sort: 1,
    types: [{ name: "String", ctors: [{ name: "String.ofList", fields: [{ name: "data", type: list }] }] }],
  });
  return e;
}

const chars = (...codes: number[]): Term =>
  codes.reduceRight<Term>(
    (rest, code) => ap(c("List.cons", 0), c("Char"), ap(c("Char.ofNat"), nat(code)), rest),
    ap(c("List.nil", 0), c("Char")),
  );

const addsByRec = (n: Term): Term =>
  ap(
    c("Nat.rec", 1),
    lam([["_", Nat]], Nat),
    zero,
    lam(
      [
        ["k", Nat],
        ["ih", Nat],
      ],
      succ(v("ih")),
    ),
    n,
  );

const casts = (): Export => {
  // K: a proof of a = a that is a variable computes as reflexivity.
  const of: Term = eq(1, Nat, zero, zero);
  const motive = lam(
    [
      ["b", Nat],
      ["_", eq(1, Nat, zero, v("b"))],
    ],
    Nat,
  );
  const cast = ap(c("Eq.rec", 1, 1), Nat, zero, motive, nat(7), zero, v("h"));
  return forAll(base(), [["h", of]], Nat, cast, nat(7));
};

export const SOUND: Readonly<Record<string, () => Export>> = {
  "u into max u v": cumulative({ max: ["u", "u"] }, "u"),
  "imax u u is u": cumulative({ imax: ["u", "u"] }, "u"),
  "imax 1 u is u": cumulative({ imax: [1, "u"] }, "u"),
  "imax u 0 is 0": cumulative({ imax: ["u", 0] }, 0),
  "imax u (v + 1) is max u (v + 1)": cumulative(
    { imax: ["u", { succ: "v" }] },
    { max: ["u", { succ: "v" }] },
  ),
  "max of imax both ways": cumulative(
    { max: [{ imax: ["u", "v"] }, "v"] },
    { max: ["v", { imax: ["u", "v"] }] },
  ),
  "imax over max": cumulative({ imax: ["u", { max: ["u", "v"] }] }, { max: ["u", "v"] }),
  beta: () => by(1, Nat, ap(lam([["x", Nat]], v("x")), nat(5)), nat(5)),
  delta: () =>
    base()
      .def("five", Nat, nat(5))
      .thm("t", eq(1, Nat, c("five"), nat(5)), refl(1, Nat, nat(5))),
  zeta: () => by(1, Nat, letIn("x", Nat, nat(5), v("x")), nat(5)),
  eta: () =>
    forAll(base(), [["f", arrow(Nat, Nat)]], arrow(Nat, Nat), v("f"), lam([["x", Nat]], ap(v("f"), v("x")))),
  "iota on a literal": () => by(1, Nat, addsByRec(nat(40)), nat(40)),
  "proof irrelevance": () =>
    forAll(
      base(),
      [
        ["p", prop],
        ["h", v("p")],
        ["k", v("p")],
      ],
      Nat,
      nat(1),
      nat(1),
    ),
  "two proofs are equal": () => {
    const binders = [
      ["p", prop],
      ["h", v("p")],
      ["k", v("p")],
    ] as const;
    return base().thm("t", pi(binders, eq(0, v("p"), v("h"), v("k"))), lam(binders, refl(0, v("p"), v("h"))));
  },
  "eta of structures": () =>
    forAll(
      inductive(base(), pair),
      [["x", P]],
      P,
      v("x"),
      ap(c("P.mk"), proj("P", 0, v("x")), proj("P", 1, v("x"))),
    ),
  "a projection of a constructor": () => {
    const e = inductive(base(), pair);
    return e.thm("t", eq(1, Nat, proj("P", 1, ap(c("P.mk"), nat(1), nat(2))), nat(2)), refl(1, Nat, nat(2)));
  },
  "values of a unit type": () =>
    forAll(
      inductive(base(), unit),
      [
        ["x", c("U")],
        ["y", c("U")],
      ],
      c("U"),
      v("x"),
      v("y"),
    ),
  "recursion over a structure that is a variable": () => {
    const e = inductive(base(), pair);
    const sum = ap(
      c("P.rec", 1),
      lam([["_", P]], Nat),
      lam(
        [
          ["m", Nat],
          ["n", Nat],
        ],
        v("m"),
      ),
      v("x"),
    );
    return forAll(e, [["x", P]], Nat, sum, proj("P", 0, v("x")));
  },
  K: casts,
  "a nested type": () => inductive(base(), tree),
  "a mutual group of indexed propositions": () => inductive(base(), evenOdd),
  vectors: () => inductive(base(), vector),
  "accessibility: reflexive, and data from a proposition": () => inductive(base(), acc),
  "well-founded trees": () => inductive(base(), w),
  "proofs out of a conjunction": () => {
    const and = ap(c("And"), v("p"), v("q"));
    const binders = [
      ["p", prop],
      ["q", prop],
      ["h", and],
    ] as const;
    return base().thm("t", pi(binders, v("q")), lam(binders, proj("And", 1, v("h"))));
  },
  "quotients compute": () => {
    const e = quotient(base());
    const all = lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      c("True"),
    );
    const f = lam([["n", Nat]], nat(3));
    const sound = lam(
      [
        ["a", Nat],
        ["b", Nat],
        ["_", ap(all, v("a"), v("b"))],
      ],
      refl(1, Nat, nat(3)),
    );
    const lifted = ap(c("Quot.lift", 1, 1), Nat, all, Nat, f, sound, ap(c("Quot.mk", 1), Nat, all, nat(9)));
    return e.thm("t", eq(1, Nat, lifted, nat(3)), refl(1, Nat, nat(3)));
  },
  "a text is the list of its characters": () => {
    const e = withText();
    return e.thm(
      "t",
      eq(1, c("String"), str("aé\u{1d11e}"), ap(c("String.ofList"), chars(0x61, 0xe9, 0x1d11e))),
      refl(1, c("String"), str("aé\u{1d11e}")),
    );
  },
  "large sums": () => by(1, Nat, operate("add", 2n ** 200n, 1), nat(2n ** 200n + 1n)),
  "large powers": () => by(1, Nat, operate("pow", 3, 5000), nat(3n ** 5000n)),
  "subtraction stops at 0": () => by(1, Nat, operate("sub", 3, 5), nat(0)),
  "a comparison of large numbers": () => by(1, Bool, operate("ble", 10n ** 50n, 10n ** 50n), c("Bool.true")),
  "an operation that is not core's, under another name": () =>
    base().def(
      "My.add",
      binary,
      lam(
        [
          ["a", Nat],
          ["b", Nat],
        ],
        zero,
      ),
    ),
  "division by another definition is computed by that definition": () => {
    const e = base().def(
      "Nat.div",
      binary,
      lam(
        [
          ["a", Nat],
          ["b", Nat],
        ],
        zero,
      ),
    );
    return e.thm("t", eq(1, Nat, operate("div", 4, 2), zero), refl(1, Nat, zero));
  },
  "an allowed axiom": () => base().axiom("sound_here", c("False")).thm("t", c("False"), c("sound_here")),
  "an axiom that no theorem uses": () => base().axiom("sorryAx", pi([["p", prop]], v("p"))),
  "unsafe definitions that nothing uses": () =>
    base().def("loop", c("False"), c("loop"), [], { safety: "unsafe" }),
  "indices of lines in any order": () => {
    const e = start();
    return e
      .raw({ succ: 0, il: 7 })
      .raw({ sort: 7, ie: 40 })
      .raw({ axiom: { name: e.name("A"), levelParams: [], type: 40, isUnsafe: false } });
  },
};
