// What most exports of the tests start with: core as src/lean/source has it, and what only the tests declare.
import { CORE } from "#lean/source/core.ts";
import { ap, arrow, c, Export, pi, prop, sort, v, type Term } from "#lean/source/terms.ts";
import { inductive, type SourceGroup } from "./inductive.ts";

export {
  arithmetic,
  binary,
  Bool,
  bySecond,
  comparison,
  comparisons,
  Nat,
  succ,
  zero,
} from "#lean/source/core.ts";

export const GROUPS = {
  ...CORE,
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
} satisfies Record<string, SourceGroup>;

/** An export that starts with these groups. */
export function start(...names: (keyof typeof GROUPS)[]): Export {
  const e = new Export();
  for (const name of names) inductive(e, GROUPS[name]);
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
