// What was made of lists: the list as it stands in the store, against what the record says was made for its items, and
// against the derivations that put it together. A run that leaves out an item, or takes another's, is found here.
import { own } from "#base/own.ts";
import { isDeepStrictEqual } from "node:util";
import { bytesInside } from "#base/files.ts";
import { itemsOf } from "#compile/items.ts";
import type { StageEnvironment } from "#compile/runtime.ts";
import type { Expansion, RunRecord, StageRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { fails, holds, unavailable, type IntegrityFinding } from "./integrity.ts";
import { stageVariable } from "./stage-variable.ts";

interface Ground {
  store: Store;
  /** What was found of every path that was hashed. */
  paths: ReadonlyMap<string, IntegrityFinding>;
  stages: ReadonlyMap<string, StageRecord>;
  /** Name of a stage or a source -> its output. */
  outputs: ReadonlyMap<string, string | undefined>;
}

/** One finding for each list of the run, and one for each that the record should have told of. */
export function checkExpansions(
  store: Store,
  { stages, materials, expansions = [] }: RunRecord,
  paths: ReadonlyMap<string, IntegrityFinding>,
): IntegrityFinding[] {
  const ground: Ground = {
    store,
    paths,
    stages: new Map(stages.map((stage) => [stage.name, stage])),
    outputs: new Map([
      ...materials.map(({ name, path }) => [name, path] as const),
      ...stages.map(({ name, outPath }) => [name, outPath] as const),
    ]),
  };
  const told = new Set(expansions.map(({ name }) => name));
  const untold = stages.filter(
    ({ kind, name, outPath }) => kind === "each" && outPath !== undefined && !told.has(name),
  );
  return [
    ...(told.size === expansions.length
      ? []
      : [fails("list", "run.json#/expansions has two lists of one name")]),
    ...expansions.map((expansion) => checkExpansion(ground, expansion)),
    ...untold.map(({ name }) => fails(`list/${name}`, `run.json#/expansions does not tell of ${name}`)),
    ...stages.flatMap((stage) => checkTaker(ground, stage)),
  ];
}

function checkExpansion(ground: Ground, expansion: Expansion): IntegrityFinding {
  const { name, from, file, items } = expansion;
  const id = `list/${name}`;
  const path = ground.outputs.get(from);
  const stage = ground.stages.get(name);
  if (path === undefined || stage?.kind !== "each")
    return fails(id, `run.json has no output of ${from}, or no stage ${name} that takes it`);
  const known = ground.paths.get(path);
  if (known?.status !== "holds")
    return unavailable(id, `the list was not looked at: ${known?.reason ?? path}`);
  const list = file === undefined ? path : `${path}/${file}`;
  const found = readNames(ground, { path, file: file ?? "" }, expansion);
  if (typeof found === "string") return fails(id, `${list}: ${found}`);
  const missing = items
    .flatMap((item) => [item.made, ...item.stages])
    .find((each) => !ground.outputs.has(each));
  if (missing !== undefined)
    return fails(id, `run.json#/expansions names ${missing}, which is not in the run`);
  const made = items.map((item) => ({ key: item.key, name: item.name }));
  const lacking = found.find((item) => !made.some(({ key }) => key === item.key));
  if (lacking !== undefined)
    return fails(id, `${list} has the item ${lacking.key}, for which run.json#/expansions has nothing`);
  if (!isDeepStrictEqual(found, made))
    return fails(id, `run.json#/expansions has other items than ${list}, or another order`);
  const { drvPath } = stage;
  if (drvPath === undefined || ground.paths.get(drvPath)?.status !== "holds") return holds(id);
  const problem = compareWithDerivation(ground, expansion, { list, drvPath });
  return problem === undefined ? holds(id) : fails(id, `${drvPath} ${problem}`);
}

/** The items that the list has; a text says why there are none. */
function readNames(
  { store }: Ground,
  { path, file }: { path: string; file: string },
  { key }: Expansion,
): { key: string; name: string }[] | string {
  const bytes = bytesInside(store.physical(parseStorePath(path)), file);
  if (bytes === undefined) return "there is no such file, or only through a link";
  try {
    return itemsOf(bytes, key ?? null).map((item) => ({ key: item.key, name: item.name }));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return error.message;
    throw error;
  }
}

/** What of the derivation of a list is not as the record has it. */
function compareWithDerivation(
  { store, outputs }: Ground,
  { items, key }: Expansion,
  { list, drvPath }: { list: string; drvPath: string },
): string | undefined {
  const { inputs, groups, params } = readStage(store, drvPath) ?? {};
  if (inputs?.["list"] !== list) return `does not read ${list}`;
  if (params?.["key"] !== (key ?? null)) return "calls its items by another property";
  const names = items.map(({ name }) => name);
  if (!isDeepStrictEqual(params["names"], names)) return "has other items, or another order";
  const parts = groups?.["parts"];
  const given = Array.isArray(parts) ? parts.map((part) => own(inputs, part)) : [];
  const wrong = items.findIndex(({ made, file }, index) => {
    const path = outputs.get(made);
    return path !== undefined && given[index] !== (file === undefined ? path : `${path}/${file}`);
  });
  if (wrong !== -1 || given.length !== items.length)
    return `takes something else than the output of ${items[wrong]?.made ?? "each"} for the item ${names[wrong] ?? "after the last"}`;
  return undefined;
}

/** What takes a list takes one that the record tells of. */
function checkTaker(
  { store, paths, stages, outputs }: Ground,
  { name, kind, drvPath, inputs }: StageRecord,
): IntegrityFinding[] {
  if (kind !== "stage" || drvPath === undefined || paths.get(drvPath)?.status !== "holds") return [];
  const stage = readStage(store, drvPath);
  const taken = (stage?.lists ?? []).map((input) => stage?.inputs[input]);
  const told = inputs
    .filter((input) => stages.get(input)?.kind === "each")
    .map((input) => outputs.get(input));
  const other = taken.find((path) => !told.includes(path));
  if (other === undefined) return [];
  return [
    fails(`list/${name}`, `${drvPath} takes ${other} as a list, of which run.json#/expansions does not tell`),
  ];
}

function readStage(store: Store, drvPath: string): StageEnvironment | undefined {
  return stageVariable(store.readDerivation(parseStorePath(drvPath)));
}
