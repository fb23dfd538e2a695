// Recursors computed from a checked group of inductive types, and the comparison with what the export says they are.
import assert from "node:assert/strict";
import type { Recursor, RecursorRule } from "#lean/read/constants.ts";
import type { Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { Fault, reject } from "#lean/fault.ts";
import { nameText, type Kernel } from "#lean/judge/kernel.ts";
import { recursiveTarget, type InductiveGroup, type GroupConstructor, type GroupType } from "./group.ts";
import type { NestedExpansion } from "./nested.ts";
import { checkScope } from "./scope.ts";
import { closeFunctionType, closeLambda, mentions, openFunctionType } from "./telescope.ts";

interface Request {
  /** Whether the recursor may make data: then it has one more universe parameter, in front. */
  readonly large: boolean;
  readonly exported: readonly Recursor[];
}

interface Build {
  readonly k: Kernel;
  readonly expansion: NestedExpansion;
  readonly group: InductiveGroup;
  readonly levelParams: readonly Name[];
  readonly sort: Expr;
  readonly motives: readonly Expr[];
  readonly minors: readonly Expr[];
  readonly recursorNames: readonly Name[];
}

export function computeRecursors(
  k: Kernel,
  expansion: NestedExpansion,
  { large, exported }: Request,
): Recursor[] {
  const { group, restore } = expansion;
  const universe = large ? chooseUniverse(k, group, exported) : undefined;
  const levelParams = universe === undefined ? group.levelParams : [universe, ...group.levelParams];
  const sort = k.terms.universe(universe === undefined ? k.levels.zero : k.levels.param(universe));
  const recursorNames = group.types.map((_, i) => recursorName(k, group, i));
  const empty: Build = { k, expansion, group, levelParams, sort, motives: [], minors: [], recursorNames };
  const motives = group.types.map((type, i) => makeMotive(empty, type, i));
  const withMotives = { ...empty, motives };
  const base = group.params.length + motives.length;
  const pairs = group.types.flatMap((type) =>
    type.constructors.map((constructor) => ({ type, constructor })),
  );
  const minors = pairs.map(({ constructor }, i) => {
    return k.terms.fvar(base + i, makeMinorType(withMotives, constructor, base));
  });
  const build = { ...withMotives, minors };
  const isK = isKTarget(k, group);
  return group.types.map((type, i): Recursor => {
    const rules: RecursorRule[] = [];
    for (const [at, pair] of pairs.entries()) {
      if (pair.type !== type) continue;
      rules.push(makeRule(build, pair.constructor, minors[at]!));
    }
    const counts = {
      paramCount: group.params.length,
      motiveCount: motives.length,
      minorCount: minors.length,
    };
    const recursorType = makeType(build, type, i, restore);
    assertRestored(k, group, [recursorType, ...rules.map(({ value }) => value)]);
    const common = {
      name: recursorNames[i]!,
      levelParams,
      type: recursorType,
      typePlace: 0,
      isUnsafe: false,
    };
    const shape = { all: [...group.names], indexCount: type.indexCount, order: k.environment.order };
    return { kind: "recursor", ...common, ...shape, ...counts, isK, rules };
  });
}

/** No auxiliary type may be left: it is gone from the environment. */
function assertRestored(
  { terms }: Kernel,
  { types, declaredCount }: InductiveGroup,
  made: readonly Expr[],
): void {
  const auxiliary = new Set(types.slice(declaredCount).map(({ name }) => name));
  if (auxiliary.size > 0)
    assert(!made.some((e) => mentions(terms, e, auxiliary)), "an auxiliary type is left");
}

/** `T.rec`, and `T.rec_1`, ... of the first type for nested occurrences. */
function recursorName(k: Kernel, { types, declaredCount }: InductiveGroup, i: number): Name {
  const own = i < declaredCount;
  const prefix = types[own ? i : 0]!.name;
  return k.names.child(prefix, own ? "rec" : `rec_${i - declaredCount + 1}`);
}

/** The name the export uses for the motive's universe; any other that is free is as good. */
function chooseUniverse(k: Kernel, group: InductiveGroup, exported: readonly Recursor[]): Name {
  const own = exported[0]?.levelParams[0];
  if (own !== undefined && !group.levelParams.includes(own)) return own;
  return k.names.fresh();
}

/** Proofs of an equality-like proposition: one constructor, without fields. */
function isKTarget(k: Kernel, { types, level, params }: InductiveGroup): boolean {
  const [type, ...more] = types;
  if (type === undefined || more.length > 0 || !k.levels.isZero(level) || type.constructors.length !== 1)
    return false;
  return openFunctionType(k, type.constructors[0]!.fields, params.length).variables.length === 0;
}

/** Opens the indices of a type and a value of it. */
function openIndices(
  { k, group }: Build,
  type: GroupType,
  base: number,
): { indices: readonly Expr[]; major: Expr } {
  const { params } = group;
  let rest = type.type;
  for (let i = 0; i < params.length; i++) rest = k.terms.right(rest);
  const indices = openFunctionType(k, k.rewriter.instantiate(rest, params), base).variables;
  const of = k.terms.apps(k.terms.apps(type.constant, params), indices);
  return { indices, major: k.terms.fvar(base + indices.length, of) };
}

function makeMotive(build: Build, type: GroupType, i: number): Expr {
  const { k, group, sort, expansion } = build;
  const { indices, major } = openIndices(build, type, group.params.length + i);
  const motiveType = closeFunctionType(k, [...indices, major], sort, expansion.restore);
  return k.terms.fvar(group.params.length + i, motiveType);
}

interface Field {
  readonly variable: Expr;
  /** Of a recursive field: what it takes, and the type and indices that it ends in. */
  readonly recursive: { arguments: readonly Expr[]; type: GroupType; indices: readonly Expr[] } | undefined;
}

/** @param above level for the arguments of recursive fields: above all that are open around them */
function openFields(
  build: Build,
  constructor: GroupConstructor,
  base: number,
): { fields: Field[]; result: Expr; above: number } {
  const { k, group } = build;
  const { variables, body } = openFunctionType(k, constructor.fields, base);
  const above = base + variables.length;
  const fields = variables.map((variable): Field => {
    const opened = openFunctionType(k, k.terms.left(variable), above, { normalise: (e) => k.whnf(e) });
    const type = recursiveTarget(k, group, opened.body);
    if (type === undefined) return { variable, recursive: undefined };
    const indices = k.terms.args(opened.body).slice(group.params.length);
    return { variable, recursive: { arguments: opened.variables, type, indices } };
  });
  return { fields, result: body, above };
}

function motiveOf({ group, motives }: Build, type: GroupType): Expr {
  return motives[group.types.indexOf(type)]!;
}

function makeMinorType(build: Build, constructor: GroupConstructor, base: number): Expr {
  const { k, group, expansion } = build;
  const { restore } = expansion;
  const { fields, result, above } = openFields(build, constructor, base);
  const variables = fields.map(({ variable }) => variable);
  const hypotheses: Expr[] = [];
  for (const { variable, recursive } of fields) {
    if (recursive === undefined) continue;
    const applied = k.terms.apps(variable, recursive.arguments);
    const motive = k.terms.app(k.terms.apps(motiveOf(build, recursive.type), recursive.indices), applied);
    const type = closeFunctionType(k, recursive.arguments, motive, restore);
    hypotheses.push(k.terms.fvar(above + hypotheses.length, type));
  }
  // It was checked that the result is the type with its parameters.
  const target = recursiveTarget(k, group, result)!;
  const indices = k.terms.args(result).slice(group.params.length);
  const made = k.terms.apps(k.terms.apps(constructor.constant, group.params), variables);
  const motive = k.terms.app(k.terms.apps(motiveOf(build, target), indices), made);
  return closeFunctionType(k, [...variables, ...hypotheses], motive, restore);
}

function makeType(build: Build, type: GroupType, i: number, restore: (e: Expr) => Expr): Expr {
  const { k, group, motives, minors } = build;
  const base = group.params.length + motives.length + minors.length;
  const { indices, major } = openIndices(build, type, base);
  const result = k.terms.app(k.terms.apps(motives[i]!, indices), major);
  return closeFunctionType(k, [...group.params, ...motives, ...minors, ...indices, major], result, restore);
}

function makeRule(build: Build, constructor: GroupConstructor, minor: Expr): RecursorRule {
  const { k, group, motives, minors, expansion, recursorNames } = build;
  const { restore, constructorOrigin } = expansion;
  const outer = [...group.params, ...motives, ...minors];
  const { fields } = openFields(build, constructor, outer.length);
  const variables = fields.map(({ variable }) => variable);
  const levels = k.levels.list(build.levelParams.map((name) => k.levels.param(name)));
  const hypotheses = fields.flatMap(({ variable, recursive }) => {
    if (recursive === undefined) return [];
    const recursor = k.terms.constant(recursorNames[group.types.indexOf(recursive.type)]!, levels);
    const applied = k.terms.apps(variable, recursive.arguments);
    const call = k.terms.app(k.terms.apps(k.terms.apps(recursor, outer), recursive.indices), applied);
    return [closeLambda(k, recursive.arguments, call, restore)];
  });
  const body = k.terms.apps(k.terms.apps(minor, variables), hypotheses);
  const value = closeLambda(k, [...outer, ...variables], body, restore);
  return {
    constructor: constructorOrigin.get(constructor.name) ?? constructor.name,
    fieldCount: fields.length,
    value,
  };
}

/** Recursors are in the environment by now. */
export function compareRecursors(
  k: Kernel,
  computed: readonly Recursor[],
  exported: readonly Recursor[],
): void {
  const byName = new Map(exported.map((record) => [record.name, record]));
  for (const { name } of exported) {
    if (computed.some((recursor) => recursor.name === name)) continue;
    reject("recursor-unexpected", `Cannot use ${nameText(k, name)}: the types have no such recursor`);
  }
  for (const recursor of computed) {
    const record = byName.get(recursor.name);
    const label = nameText(k, recursor.name);
    if (record === undefined) return reject("recursor-missing", `Cannot find ${label}: the export lacks it`);
    const difference = findDifference(k, recursor, record);
    if (difference !== undefined) {
      reject("recursor-mismatch", `Cannot use ${label}: its ${difference} is not what the types give`);
    }
  }
}

function findDifference(k: Kernel, computed: Recursor, exported: Recursor): string | undefined {
  const counts = ["paramCount", "indexCount", "motiveCount", "minorCount"] as const;
  if (counts.some((count) => computed[count] !== exported[count])) return "shape";
  if (computed.isK !== exported.isK) return "k flag";
  if (new Set(exported.levelParams).size !== exported.levelParams.length)
    return "list of universe parameters";
  if (computed.levelParams.length !== exported.levelParams.length) return "number of universe parameters";
  if (!isSame(k, computed.type, exported.type, computed, exported)) return "type";
  const { rules } = computed;
  if (rules.length !== exported.rules.length) return "number of rules";
  for (const [i, rule] of rules.entries()) {
    const other = exported.rules[i]!;
    if (rule.constructor !== other.constructor || rule.fieldCount !== other.fieldCount)
      return `rule ${i + 1}`;
    if (!isSame(k, rule.value, other.value, computed, exported)) return `rule ${i + 1}`;
  }
  return undefined;
}

function isSame(k: Kernel, own: Expr, other: Expr, computed: Recursor, exported: Recursor): boolean {
  try {
    checkScope(k, other, exported.levelParams);
    const levels = computed.levelParams.map((name) => k.levels.param(name));
    const renamed = k.rewriter.instantiateLevels(other, exported.levelParams, levels);
    if (own === renamed) return true;
    k.check(renamed);
    return k.isEqual(own, renamed);
  } catch (error) {
    if (error instanceof Fault && error.kind === "rejected") return false;
    throw error;
  }
}
