// What an export must declare before the theorems: types and arithmetic of Lean's core, as Lean has them, and the trees.
import { inductive, type Group } from "./terms/inductive.ts";
import { arithmetic, comparisons, GROUPS, Nat, succ } from "./terms/prelude.ts";
import { ap, arrow, Export, META, prop, sort, v } from "./terms/terms.ts";

const EXISTS: Group = {
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
};

const AT_MOST: Group = {
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
};

/** As library/trees.lean says it. */
const TREE: Group = {
  sort: 1,
  types: [
    {
      name: "MonsterWalk.Tree",
      ctors: [
        { name: "MonsterWalk.Tree.leaf" },
        {
          name: "MonsterWalk.Tree.node",
          fields: [
            { name: "left", target: 0 },
            { name: "value", type: Nat },
            { name: "right", target: 0 },
          ],
        },
      ],
    },
  ],
};

/** An export with all that the library starts from. */
export function startExport(): Export {
  const exporter = { name: "pipelite monster-walk", version: "2" };
  // No Lean took part.
  const out = new Export({ meta: { ...META.meta, exporter, lean: { githash: "", version: "" } } });
  const { False, True, Eq, And, Or, Bool, List } = GROUPS;
  for (const group of [True, False, Eq, And, Or, EXISTS, Bool, GROUPS.Nat, List, AT_MOST])
    inductive(out, group);
  comparisons(arithmetic(out));
  return inductive(out, TREE);
}
