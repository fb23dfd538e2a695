// The tables of `matrix` in a record: every combination of the values once, in order, with stages of the run that stand in no
// other line; and where a stage has an input of the name of an axis, its derivation has the value of its line.
import { isDeepStrictEqual } from "node:util";
import type { ClaimValue, RunRecord, StageRecord, VariantRow, VariantTable } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { fails, holds, unavailable, type IntegrityFinding } from "./integrity.ts";
import { stageVariable } from "./stage-variable.ts";

/** @param paths what was found of every path that was hashed */
export function checkVariants(
  store: Store,
  { stages, variants = [] }: Pick<RunRecord, "stages" | "variants">,
  paths: ReadonlyMap<string, IntegrityFinding>,
): IntegrityFinding[] {
  const known = new Map(stages.map((stage) => [stage.name, stage]));
  return variants.map((table, index) => {
    const id = `variants/${index}`;
    const problem = problemOf(table, known);
    if (problem !== undefined) return fails(id, `run.json#/variants/${index} ${problem}`);
    for (const [line, row] of table.rows.entries()) {
      const wrong = heldToDerivations(store, row, { known, paths });
      if (wrong === undefined) continue;
      const at = `run.json#/variants/${index}/rows/${line}`;
      return "unread" in wrong
        ? unavailable(id, `${wrong.unread} was not looked at`)
        : fails(id, `${at}: ${wrong.problem}`);
    }
    return holds(id);
  });
}

function problemOf(
  { axes, rows }: VariantTable,
  known: ReadonlyMap<string, StageRecord>,
): string | undefined {
  const values = rows.map((row) => row.values);
  if (!isDeepStrictEqual(values, combinationsOf(axes)))
    return "has other lines than the combinations of its axes, each once, in their order";
  const named = rows.flatMap((row) => row.stages);
  const missing = named.find((name) => !known.has(name));
  if (missing !== undefined) return `names ${missing}, which is not in the run`;
  const seen = new Set<string>();
  const twice = named.find((name) => seen.size === seen.add(name).size);
  return twice === undefined ? undefined : `has ${twice} twice`;
}

function combinationsOf(axes: VariantTable["axes"]): Record<string, ClaimValue>[] {
  return axes.reduce<Record<string, ClaimValue>[]>(
    (all, { name, values }) => all.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  );
}

interface Ground {
  known: ReadonlyMap<string, StageRecord>;
  paths: ReadonlyMap<string, IntegrityFinding>;
}

/** What of the derivations of a line is not as its values are. */
function heldToDerivations(
  store: Store,
  { values, stages }: VariantRow,
  { known, paths }: Ground,
): { problem: string } | { unread: string } | undefined {
  for (const name of stages) {
    const drvPath = known.get(name)?.drvPath;
    if (drvPath === undefined) continue;
    if (paths.get(drvPath)?.status !== "holds") return { unread: drvPath };
    const params = stageVariable(store.readDerivation(parseStorePath(drvPath)))?.params ?? {};
    const axis = Object.keys(values).find(
      (each) => Object.hasOwn(params, each) && !isDeepStrictEqual(params[each], values[each]),
    );
    if (axis !== undefined) return { problem: `${drvPath} of ${name} has another ${axis}` };
  }
  return undefined;
}
