// Recursors computed from a checked group of inductive types, and the comparison with what the export says they are.
import assert from "node:assert/strict";
import type { Recursor, Rule } from "./environment.ts";
import { argsOf, type Expr } from "./expr.ts";
import { Fault, reject, sure } from "./fault.ts";
import { recursiveTarget, type Group, type GroupConstructor, type GroupType } from "./group.ts";
import type { Kernel } from "./kernel.ts";
import type { Level } from "./level.ts";
import { formatName, type Name } from "./name.ts";
import type { Expansion } from "./nested.ts";
import type { RecursorRecord } from "./records.ts";
import { checkScope } from "./scope.ts";
import { closeFunctionType, closeLambda, mentions, openFunctionType } from "./telescope.ts";

interface Request {
  /** Whether the recursor may make data: then it has one more universe parameter, in front. */
  readonly large: boolean;
  readonly line: number;
  readonly exported: readonly RecursorRecord[];
}

interface Build {
  readonly k: Kernel;
  readonly expansion: Expansion;
  readonly group: Group;
  readonly levelParams: readonly Name[];
  readonly sort: Expr;
  readonly motives: readonly Expr[];
  readonly minors: readonly Expr[];
  readonly recursorNames: readonly Name[];
}

export function computeRecursors(
  k: Kernel,
  expansion: Expansion,
  { large, line, exported }: Request,
): Recursor[] {
  const { group, restore, origin } = expansion;
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
    const rules = new Map<Name, Rule>();
    for (const [at, pair] of pairs.entries()) {
      if (pair.type !== type) continue;
      const rule = makeRule(build, pair.constructor, sure(minors[at]));
      rules.set(rule.constructor, rule);
    }
    const counts = {
      paramCount: group.params.length,
      motiveCount: motives.length,
      minorCount: minors.length,
    };
    const name = sure(recursorNames[i]);
    const recursorType = k.terms.keep(makeType(build, type, i, restore));
    assertRestored(group, [recursorType, ...[...rules.values()].map(({ value }) => value)]);
    const inductive = origin.get(type.name) ?? type.name;
    const shape = { name, levelParams, type: recursorType, line, inductive, indexCount: type.indexCount };
    return { kind: "recursor", ...shape, ...counts, isK, rules };
  });
}

/** No auxiliary type may be left: it is gone from the environment. */
function assertRestored({ types, declaredCount }: Group, made: readonly Expr[]): void {
  const auxiliary = new Set(types.slice(declaredCount).map(({ name }) => name));
  if (auxiliary.size > 0) assert(!made.some((e) => mentions(e, auxiliary)), "an auxiliary type is left");
}

/** `T.rec`, and `T.rec_1`, ... of the first type for nested occurrences. */
function recursorName(k: Kernel, { types, declaredCount }: Group, i: number): Name {
  const own = i < declaredCount;
  const prefix = sure(types[own ? i : 0]).name;
  return k.names.child(prefix, own ? "rec" : `rec_${i - declaredCount + 1}`);
}

/** The name the export uses for the motive's universe; any other that is free is as good. */
function chooseUniverse(k: Kernel, group: Group, exported: readonly RecursorRecord[]): Name {
  const own = exported[0]?.levelParams[0];
  if (own !== undefined && !group.levelParams.includes(own)) return own;
  return k.names.child(k.nestedRoot, "u");
}

/** Proofs of an equality-like proposition: one constructor, without fields. */
function isKTarget(k: Kernel, { types, level, params }: Group): boolean {
  const [type, ...more] = types;
  if (type === undefined || more.length > 0 || !k.levels.isZero(level) || type.constructors.length !== 1)
    return false;
  return openFunctionType(k, sure(type.constructors[0]).fields, params.length).variables.length === 0;
}

/** Opens the indices of a type and a value of it. */
function openIndices(
  { k, group }: Build,
  type: GroupType,
  base: number,
): { indices: readonly Expr[]; major: Expr } {
  const { params } = group;
  let rest = type.type;
  for (let i = 0; i < params.length; i++) rest = rest.right;
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
    const opened = openFunctionType(k, variable.left, above, { normalise: (e) => k.whnf(e) });
    const type = recursiveTarget(k, group, opened.body);
    if (type === undefined) return { variable, recursive: undefined };
    const indices = argsOf(opened.body).slice(group.params.length);
    return { variable, recursive: { arguments: opened.variables, type, indices } };
  });
  return { fields, result: body, above };
}

function motiveOf({ group, motives }: Build, type: GroupType): Expr {
  return sure(motives[group.types.indexOf(type)]);
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
  const target = recursiveTarget(k, group, result);
  const indices = argsOf(result).slice(group.params.length);
  const made = k.terms.apps(k.terms.apps(constructor.constant, group.params), variables);
  const motive = k.terms.app(k.terms.apps(motiveOf(build, sure(target)), indices), made);
  return closeFunctionType(k, [...variables, ...hypotheses], motive, restore);
}

function makeType(build: Build, type: GroupType, i: number, restore: (e: Expr) => Expr): Expr {
  const { k, group, motives, minors } = build;
  const base = group.params.length + motives.length + minors.length;
  const { indices, major } = openIndices(build, type, base);
  const result = k.terms.app(k.terms.apps(sure(motives[i]), indices), major);
  return closeFunctionType(k, [...group.params, ...motives, ...minors, ...indices, major], result, restore);
}

function makeRule(build: Build, constructor: GroupConstructor, minor: Expr): Rule {
  const { k, group, motives, minors, expansion, recursorNames } = build;
  const { restore, constructorOrigin } = expansion;
  const outer = [...group.params, ...motives, ...minors];
  const { fields } = openFields(build, constructor, outer.length);
  const variables = fields.map(({ variable }) => variable);
  const levels: Level[] = build.levelParams.map((name) => k.levels.param(name));
  const hypotheses = fields.flatMap(({ variable, recursive }) => {
    if (recursive === undefined) return [];
    const recursor = k.terms.constant(sure(recursorNames[group.types.indexOf(recursive.type)]), levels);
    const applied = k.terms.apps(variable, recursive.arguments);
    const call = k.terms.app(k.terms.apps(k.terms.apps(recursor, outer), recursive.indices), applied);
    return [closeLambda(k, recursive.arguments, call, restore)];
  });
  const body = k.terms.apps(k.terms.apps(minor, variables), hypotheses);
  const value = k.terms.keep(closeLambda(k, [...outer, ...variables], body, restore));
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
  exported: readonly RecursorRecord[],
): void {
  const byName = new Map(exported.map((record) => [record.name, record]));
  for (const { name } of exported) {
    if (computed.some((recursor) => recursor.name === name)) continue;
    reject("recursor-unexpected", `Cannot use ${formatName(name)}: the types have no such recursor`);
  }
  for (const recursor of computed) {
    const record = byName.get(recursor.name);
    const label = formatName(recursor.name);
    if (record === undefined) return reject("recursor-missing", `Cannot find ${label}: the export lacks it`);
    const difference = findDifference(k, recursor, record);
    if (difference !== undefined) {
      reject("recursor-mismatch", `Cannot use ${label}: its ${difference} is not what the types give`);
    }
  }
}

function findDifference(k: Kernel, computed: Recursor, exported: RecursorRecord): string | undefined {
  const counts = ["paramCount", "indexCount", "motiveCount", "minorCount"] as const;
  if (counts.some((count) => computed[count] !== exported[count])) return "shape";
  if (computed.isK !== exported.isK) return "k flag";
  if (new Set(exported.levelParams).size !== exported.levelParams.length)
    return "list of universe parameters";
  if (computed.levelParams.length !== exported.levelParams.length) return "number of universe parameters";
  if (!isSame(k, computed.type, exported.type, computed, exported)) return "type";
  const rules = [...computed.rules.values()];
  if (rules.length !== exported.rules.length) return "number of rules";
  for (const [i, rule] of rules.entries()) {
    const other = sure(exported.rules[i]);
    if (rule.constructor !== other.constructor || rule.fieldCount !== other.fieldCount)
      return `rule ${i + 1}`;
    if (!isSame(k, rule.value, other.value, computed, exported)) return `rule ${i + 1}`;
  }
  return undefined;
}

function isSame(k: Kernel, own: Expr, other: Expr, computed: Recursor, exported: RecursorRecord): boolean {
  try {
    checkScope(other, exported.levelParams);
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
