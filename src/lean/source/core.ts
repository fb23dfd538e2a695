// What an export starts with: types and arithmetic of Lean's core, declared as core has them.
import { inductive, type SourceGroup } from "./inductive.ts";
import {
  ap,
  arrow,
  c,
  Export,
  lam,
  prop,
  sort,
  v,
  type ExportLine,
  type LevelTerm,
  type Term,
} from "./terms.ts";

export const Nat = c("Nat");
export const Bool = c("Bool");
export const zero = c("Nat.zero");
export const succ = (n: Term): Term => ap(c("Nat.succ"), n);

export const CORE = {
  False: { sort: 0, types: [{ name: "False" }] },
  True: { sort: 0, types: [{ name: "True", ctors: [{ name: "True.intro" }] }], k: true },
  Eq: {
    levels: ["u_1"],
    params: [
      ["α", sort("u_1")],
      ["a", v("α")],
    ],
    sort: 0,
    types: [{ name: "Eq", indices: [["b", v("α")]], ctors: [{ name: "Eq.refl", indices: [v("a")] }] }],
    k: true,
  },
  And: {
    params: [
      ["a", prop],
      ["b", prop],
    ],
    sort: 0,
    types: [
      {
        name: "And",
        ctors: [
          {
            name: "And.intro",
            fields: [
              { name: "left", type: v("a") },
              { name: "right", type: v("b") },
            ],
          },
        ],
      },
    ],
  },
  Or: {
    params: [
      ["a", prop],
      ["b", prop],
    ],
    sort: 0,
    motive: null,
    types: [
      {
        name: "Or",
        ctors: [
          { name: "Or.inl", fields: [{ name: "h", type: v("a") }] },
          { name: "Or.inr", fields: [{ name: "h", type: v("b") }] },
        ],
      },
    ],
  },
  Exists: {
    levels: ["u"],
    params: [
      ["α", sort("u")],
      ["p", arrow(v("α"), prop)],
    ],
    sort: 0,
    motive: null,
    types: [
      {
        name: "Exists",
        ctors: [
          {
            name: "Exists.intro",
            fields: [
              { name: "w", type: v("α") },
              { name: "h", type: ap(v("p"), v("w")) },
            ],
          },
        ],
      },
    ],
  },
  Bool: { sort: 1, types: [{ name: "Bool", ctors: [{ name: "Bool.false" }, { name: "Bool.true" }] }] },
  Nat: {
    sort: 1,
    types: [
      {
        name: "Nat",
        ctors: [{ name: "Nat.zero" }, { name: "Nat.succ", fields: [{ name: "n", target: 0 }] }],
      },
    ],
  },
  List: {
    levels: ["v"],
    params: [["α", sort({ succ: "v" })]],
    sort: { succ: "v" },
    types: [
      {
        name: "List",
        ctors: [
          { name: "List.nil" },
          {
            name: "List.cons",
            fields: [
              { name: "head", type: v("α") },
              { name: "tail", target: 0 },
            ],
          },
        ],
      },
    ],
  },
  AtMost: {
    params: [["n", Nat]],
    sort: 0,
    motive: null,
    types: [
      {
        name: "Nat.le",
        indices: [["b", Nat]],
        ctors: [
          { name: "Nat.le.refl", indices: [v("n")] },
          {
            name: "Nat.le.step",
            fields: [
              { name: "m", type: Nat },
              { name: "h", target: 0, indices: [v("m")] },
            ],
            indices: [succ(v("m"))],
          },
        ],
      },
    ],
  },
} satisfies Record<string, SourceGroup>;

const natRec = (motive: Term, base: Term, step: Term, n: Term): Term =>
  ap(c("Nat.rec", 1), motive, base, step, n);
const always = (result: Term): Term => lam([["_", Nat]], result);

/** `fun a b => Nat.rec base (fun _ ih => step) b`, with `a` and `ih` in reach. */
export const bySecond = (base: Term, step: Term): Term =>
  lam(
    [
      ["a", Nat],
      ["b", Nat],
    ],
    natRec(
      always(Nat),
      base,
      lam(
        [
          ["n", Nat],
          ["ih", Nat],
        ],
        step,
      ),
      v("b"),
    ),
  );

export const binary = arrow(Nat, Nat, Nat);

/** Core's arithmetic, by recursion. */
export function arithmetic(e: Export): Export {
  const pred = lam(
    [["n", Nat]],
    natRec(
      always(Nat),
      zero,
      lam(
        [
          ["n", Nat],
          ["_", Nat],
        ],
        v("n"),
      ),
      v("n"),
    ),
  );
  e.def("Nat.pred", arrow(Nat, Nat), pred);
  e.def("Nat.add", binary, bySecond(v("a"), succ(v("ih"))));
  e.def("Nat.sub", binary, bySecond(v("a"), ap(c("Nat.pred"), v("ih"))));
  e.def("Nat.mul", binary, bySecond(zero, ap(c("Nat.add"), v("ih"), v("a"))));
  e.def("Nat.pow", binary, bySecond(succ(zero), ap(c("Nat.mul"), v("ih"), v("a"))));
  return e;
}

/** Comparison by recursion on the first argument, into a function of the second. */
export function comparison(whenLess: boolean): Term {
  const bool = (value: boolean): Term => c(value ? "Bool.true" : "Bool.false");
  const onBool = (base: Term, step: Term): Term =>
    lam(
      [["m", Nat]],
      ap(
        c("Nat.rec", 1),
        always(Bool),
        base,
        lam(
          [
            ["m", Nat],
            ["_", Bool],
          ],
          step,
        ),
        v("m"),
      ),
    );
  const base = onBool(bool(true), bool(whenLess));
  const step = lam(
    [
      ["n", Nat],
      ["ih", arrow(Nat, Bool)],
    ],
    onBool(bool(false), ap(v("ih"), v("m"))),
  );
  return lam([["n", Nat]], ap(c("Nat.rec", 1), always(arrow(Nat, Bool)), base, step, v("n")));
}

export function comparisons(e: Export): Export {
  e.def("Nat.beq", arrow(Nat, Nat, Bool), comparison(false));
  e.def("Nat.ble", arrow(Nat, Nat, Bool), comparison(true));
  return e;
}

/** An export with what elaborated source may use of core: these types, arithmetic and comparisons. */
export function startExport(meta: ExportLine): Export {
  const out = new Export(meta);
  const { True, False, Eq, And, Or, Exists, Bool, Nat: numbers, List, AtMost } = CORE;
  for (const group of [True, False, Eq, And, Or, Exists, Bool, numbers, List, AtMost]) inductive(out, group);
  return comparisons(arithmetic(out));
}

/** How many arguments of core's constants are hidden, and their universe levels where none is written. */
export const CORE_ARGUMENTS: Readonly<
  Record<string, readonly [hidden: number, levels: readonly LevelTerm[]]>
> = {
  Eq: [1, [1]],
  "Eq.refl": [1, [1]],
  Exists: [1, [1]],
  "Exists.intro": [2, [1]],
  "And.intro": [2, []],
  "Or.inl": [2, []],
  "Or.inr": [2, []],
  List: [0, [0]],
  "List.nil": [1, [0]],
  "List.cons": [1, [0]],
  "Nat.le.refl": [1, []],
  "Nat.le.step": [2, []],
};
