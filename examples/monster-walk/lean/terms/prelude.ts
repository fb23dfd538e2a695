// What most test exports start with, declared as Lean's core has it.
import { inductive, type Group } from "./inductive.ts";
import { ap, arrow, c, Export, lam, pi, prop, sort, v, type Term } from "./terms.ts";

export const Nat = c("Nat");
export const Bool = c("Bool");
export const zero = c("Nat.zero");
export const succ = (n: Term): Term => ap(c("Nat.succ"), n);

export const GROUPS = {
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
  Iff: {
    params: [
      ["a", prop],
      ["b", prop],
    ],
    sort: 0,
    types: [
      {
        name: "Iff",
        ctors: [
          {
            name: "Iff.intro",
            fields: [
              { name: "mp", type: arrow(v("a"), v("b")) },
              { name: "mpr", type: arrow(v("b"), v("a")) },
            ],
          },
        ],
      },
    ],
  },
  Nonempty: {
    levels: ["u"],
    params: [["α", sort("u")]],
    sort: 0,
    motive: null,
    types: [
      { name: "Nonempty", ctors: [{ name: "Nonempty.intro", fields: [{ name: "val", type: v("α") }] }] },
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
} satisfies Record<string, Group>;

/** An export that starts with these groups. */
export function start(...names: (keyof typeof GROUPS)[]): Export {
  const e = new Export();
  for (const name of names) inductive(e, GROUPS[name]);
  return e;
}

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

export function quotient(e: Export): Export {
  const relation = pi(
    [
      ["_", v("α")],
      ["_", v("α")],
    ],
    prop,
  );
  const open = (body: Term): Term =>
    pi(
      [
        ["α", sort("u")],
        ["r", relation],
      ],
      body,
    );
  const quot = ap(c("Quot", "u"), v("α"), v("r"));
  e.quot("Quot", "type", ["u"], open(sort("u")));
  e.quot("Quot.mk", "ctor", ["u"], open(pi([["a", v("α")]], quot)));
  e.quot("Quot.lift", "lift", ["u", "v"], open(liftType(quot)));
  const mk = ap(c("Quot.mk", "u"), v("α"), v("r"), v("a"));
  const ind = pi(
    [
      ["β", arrow(quot, prop)],
      ["mk", pi([["a", v("α")]], ap(v("β"), mk))],
      ["q", quot],
    ],
    ap(v("β"), v("q")),
  );
  e.quot("Quot.ind", "ind", ["u"], open(ind));
  return e;
}

export type Statement = Readonly<{ of: Term; levels: readonly string[] }>;

/** The standard axioms that can be stated with what is declared; each may be given another statement. */
export function standard(e: Export, others: Readonly<Record<string, Statement>>): Export {
  const has = (name: string): boolean => e.text().includes(`"str":"${name}"`);
  const relation = arrow(v("α"), v("α"), prop);
  const make = (a: string): Term => ap(c("Quot.mk", "u"), v("α"), v("r"), v(a));
  const quot = ap(c("Quot", "u"), v("α"), v("r"));
  const sound = arrow(ap(v("r"), v("a"), v("b")), ap(c("Eq", "u"), quot, make("a"), make("b")));
  const statements: Record<string, Statement & { needs: string }> = {
    propext: {
      needs: "Iff",
      levels: [],
      of: pi(
        [
          ["a", prop],
          ["b", prop],
          ["_", ap(c("Iff"), v("a"), v("b"))],
        ],
        ap(c("Eq", 1), prop, v("a"), v("b")),
      ),
    },
    "Classical.choice": {
      needs: "Nonempty",
      levels: ["u"],
      of: pi([["α", sort("u")]], arrow(ap(c("Nonempty", "u"), v("α")), v("α"))),
    },
    "Quot.sound": {
      needs: "Quot",
      levels: ["u"],
      of: pi(
        [
          ["α", sort("u")],
          ["r", relation],
          ["a", v("α")],
          ["b", v("α")],
        ],
        sound,
      ),
    },
  };
  for (const [name, { needs, ...statement }] of Object.entries(statements)) {
    const other = others[name];
    if (other === undefined && !has(needs)) continue;
    const { of, levels } = other ?? statement;
    e.axiom(name, of, levels);
  }
  return e;
}

function liftType(quot: Term): Term {
  const same = ap(c("Eq", "v"), v("β"), ap(v("f"), v("a")), ap(v("f"), v("b")));
  const sound = pi(
    [
      ["a", v("α")],
      ["b", v("α")],
      ["_", ap(v("r"), v("a"), v("b"))],
    ],
    same,
  );
  return pi(
    [
      ["β", sort("v")],
      ["f", arrow(v("α"), v("β"))],
      ["h", sound],
      ["q", quot],
    ],
    v("β"),
  );
}
