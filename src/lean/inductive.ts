// Inductive types: a mutual group with its constructors is held against the rules, its recursors are computed and then
// compared with the exported ones. Rules: Dybjer's inductive families, with Lean's treatment of nested types.
import type { Constant, Inductive } from "./environment.ts";
import { PI, SORT, argsOf, type Expr } from "./expr.ts";
import { reject, sure } from "./fault.ts";
import { isProposition, type Kernel } from "./kernel.ts";
import { levelOf } from "./infer.ts";
import { recursiveTarget, type Group, type GroupConstructor, type GroupType } from "./group.ts";
import type { Level } from "./level.ts";
import { formatName, type Name } from "./name.ts";
import { expandNested, type Expansion } from "./nested.ts";
import { formatExpr } from "./print.ts";
import { checkRecursors } from "./rule-check.ts";
import { compareRecursors, computeRecursors } from "./recursor.ts";
import type { ConstructorRecord, InductiveRecord, TypeRecord } from "./records.ts";
import { checkScope } from "./scope.ts";
import { mentions, openFunctionType } from "./telescope.ts";

/** @returns the constants of the group, which are also put into the environment */
export function addInductive(k: Kernel, record: InductiveRecord, line: number): Constant[] {
  checkHeaders(record);
  const [first] = record.types;
  if (first === undefined) return reject("inductive-header", "Cannot declare a group without types");
  const { params, level } = checkTypes(k, record.types);
  const isRecursive = isGroupRecursive(record);
  const inductives = record.types.map((type): Inductive => {
    const { name, levelParams, paramCount, indexCount, constructors, all } = type;
    const common = {
      name,
      levelParams,
      type: type.type,
      line,
      paramCount,
      indexCount,
      constructors,
      isRecursive,
    };
    return { kind: "inductive", level, ...common, group: all };
  });
  for (const inductive of inductives) k.environment.set(inductive.name, inductive);
  for (const constructor of record.constructors) {
    checkScope(constructor.type, constructor.levelParams);
    levelOf(k, constructor.type, true);
  }
  const expansion = expandNested(k, record, params, level);
  const { group } = expansion;
  checkNestedUniverses(k, group);
  for (const type of group.types)
    for (const constructor of type.constructors) checkConstructor(k, group, type, constructor);
  checkFlags(record, expansion, isRecursive);
  const large = isLargeElimination(k, group);
  const constructors = record.constructors.map((constructor): Constant => {
    const { name, levelParams, type, inductive, index, paramCount } = constructor;
    const fieldCount = checkFieldCount(k, constructor);
    return { kind: "constructor", name, levelParams, type, line, inductive, index, paramCount, fieldCount };
  });
  const recursors = computeRecursors(k, expansion, { large, line, exported: record.recursors });
  for (const type of group.types.slice(group.declaredCount)) k.environment.delete(type.name);
  const constants = [...inductives, ...constructors, ...recursors];
  for (const constant of [...inductives, ...constructors]) k.environment.set(constant.name, constant);
  checkRecursors(k, recursors);
  compareRecursors(k, recursors, record.recursors);
  return constants;
}

function checkHeaders({ types, constructors, recursors }: InductiveRecord): void {
  const names = types.map(({ name }) => name);
  const [first] = types;
  const sameNames = (a: readonly Name[], b: readonly Name[]): boolean =>
    a.length === b.length && a.every((name, i) => name === b[i]);
  let next = 0;
  for (const type of types) {
    const label = formatName(type.name);
    const wrong = (what: string): never => reject("inductive-header", `Cannot declare ${label}: ${what}`);
    if (!sameNames(type.all, names)) wrong("its group is not the types of the record");
    if (!sameNames(type.levelParams, first?.levelParams ?? []))
      wrong("its group has other universe parameters");
    if (type.paramCount !== first?.paramCount) wrong("its group has another number of parameters");
    for (const [index, name] of type.constructors.entries()) {
      const constructor = constructors[next++];
      if (constructor?.name !== name || constructor.inductive !== type.name || constructor.index !== index) {
        wrong(`constructor ${index} does not belong to it`);
      }
      if (!sameNames(constructor?.levelParams ?? [], type.levelParams))
        wrong("constructors have other universe parameters");
      if (constructor?.paramCount !== type.paramCount)
        wrong("constructors have another number of parameters");
    }
  }
  if (next !== constructors.length)
    reject("inductive-header", "Cannot declare a group with constructors of no type");
  for (const { name, all } of recursors) {
    if (!sameNames(all, names))
      reject("recursor-mismatch", `Cannot use ${formatName(name)}: it is of another group`);
  }
}

/** The types: parameters shared by all, then indices, then one universe for all. */
function checkTypes(k: Kernel, types: readonly TypeRecord[]): { params: readonly Expr[]; level: Level } {
  let params: readonly Expr[] | undefined;
  let level: Level | undefined;
  for (const { name, type, levelParams, paramCount, indexCount } of types) {
    const label = `Cannot declare ${formatName(name)}`;
    checkScope(type, levelParams);
    levelOf(k, type, true);
    const opened = openFunctionType(k, type, 0);
    if (opened.variables.length !== paramCount + indexCount) {
      reject("inductive-header", `${label}: it has another number of parameters and indices`);
    }
    const sort = k.whnf(opened.body);
    const own = sort.levels[0];
    if (sort.kind !== SORT || own === undefined) {
      return reject("inductive-not-a-sort", `${label}: its type does not end in a universe`);
    }
    if (level !== undefined && !k.levels.isSame(level, own)) {
      reject("inductive-universe", `${label}: its group is in another universe`);
    }
    level ??= own;
    const ownParams = opened.variables.slice(0, paramCount);
    if (
      params !== undefined &&
      !ownParams.every((param, i) => k.isEqual(param.left, sure(sure(params)[i]).left))
    ) {
      reject("inductive-parameters", `${label}: its group has other parameters`);
    }
    params ??= ownParams;
  }
  if (params === undefined || level === undefined)
    return reject("inductive-header", "Cannot declare a group without types");
  return { params, level };
}

/**
 * What stands for a nested occurrence is one more type of the group, so it is in the group's universe. Were it a
 * proposition inside of a type of data, its recursor would take data out of proofs.
 */
function checkNestedUniverses(k: Kernel, { types, declaredCount, level }: Group): void {
  for (const { type } of types.slice(declaredCount)) {
    const sort = k.whnf(openFunctionType(k, type, 0).body);
    const own = sort.levels[0];
    if (sort.kind === SORT && own !== undefined && k.levels.isSame(level, own)) continue;
    const label = types[0] === undefined ? "the group" : formatName(types[0].name);
    reject("inductive-universe", `Cannot declare ${label}: it is nested in a type of another universe`);
  }
}

function isGroupRecursive({ types, constructors }: InductiveRecord): boolean {
  const names = new Set(types.map(({ name }) => name));
  return constructors.some(({ type }) => fieldDomains(type).some((domain) => mentions(domain, names)));
}

/** Domains of a function type as written, under its binders. */
function fieldDomains(type: Expr): Expr[] {
  const domains: Expr[] = [];
  for (let at = type; at.kind === PI; at = at.right) domains.push(at.left);
  return domains;
}

function checkFlags(record: InductiveRecord, { group }: Expansion, isRecursive: boolean): void {
  const nestedCount = group.types.length - group.declaredCount;
  const isReflexive = group.types.some(({ constructors }) =>
    constructors.some(({ fields }) =>
      fieldDomains(fields).some((domain) => domain.kind === PI && mentions(domain, group.names)),
    ),
  );
  for (const type of record.types) {
    const right =
      type.nestedCount === nestedCount &&
      type.isReflexive === isReflexive &&
      type.isRecursive === isRecursive;
    if (!right)
      reject(
        "inductive-header",
        `Cannot declare ${formatName(type.name)}: its flags do not fit its constructors`,
      );
  }
}

function checkFieldCount(k: Kernel, { name, type, paramCount, fieldCount }: ConstructorRecord): number {
  const count = openFunctionType(k, type, 0).variables.length - paramCount;
  if (count !== fieldCount) {
    reject(
      "constructor-field-count",
      `Cannot declare ${formatName(name)}: it has ${count} fields, not ${fieldCount}`,
    );
  }
  return count;
}

function checkConstructor(k: Kernel, group: Group, type: GroupType, constructor: GroupConstructor): void {
  const label = `Cannot declare ${formatName(constructor.name)}`;
  const { variables, body } = openFunctionType(k, constructor.fields, group.params.length);
  const isProp = k.levels.isZero(group.level);
  for (const [i, field] of variables.entries()) {
    const level = levelOf(k, field.left, false);
    if (!isProp && !k.levels.isAtMost(level, group.level)) {
      reject("inductive-universe", `${label}: field ${i + 1} is in a universe above that of the type`);
    }
    checkPositivity(k, group, field, `${label}: field ${i + 1}`);
  }
  if (recursiveTarget(k, group, body) !== type) {
    reject(
      "constructor-result",
      `${label}: its result ${formatExpr(body)} is not the type with its parameters`,
    );
  }
}

/** A type of the group may stand only at the end of a field's type, never to the left of an arrow. */
function checkPositivity(k: Kernel, group: Group, field: Expr, label: string): void {
  let level = field.index;
  let at = k.whnf(field.left);
  while (mentions(at, group.names)) {
    if (at.kind !== PI) {
      if (recursiveTarget(k, group, at) !== undefined) return;
      return reject("non-positive", `${label} contains the type in another way than as its result`);
    }
    if (mentions(at.left, group.names)) reject("non-positive", `${label} takes the type as an argument`);
    at = k.whnf(k.rewriter.instantiate(at.right, [k.terms.fvar(level++, at.left)]));
  }
}

/**
 * Whether the recursor may make data. Always, when the type is never a proposition; else only when equal proofs cannot
 * be told apart by it: at most one constructor, whose fields are proofs or are given by the type's indices.
 */
function isLargeElimination(k: Kernel, group: Group): boolean {
  if (k.levels.isNeverZero(group.level)) return true;
  const [type, ...more] = group.types;
  if (type === undefined || more.length > 0 || type.constructors.length > 1) return false;
  const [constructor] = type.constructors;
  if (constructor === undefined) return true;
  const { variables, body } = openFunctionType(k, constructor.fields, group.params.length);
  const given = new Set(argsOf(body));
  return variables.every((field) => given.has(field) || isProposition(k, field.left));
}
