// Inductive types: a mutual group with its constructors is held against the rules, its recursors are computed and then
// compared with the exported ones. Rules: Dybjer's inductive families, with Lean's treatment of nested types.
import type { Constructor, GroupRecord, Inductive } from "#lean/read/constants.ts";
import { PI, SORT, type Expr } from "#lean/terms/kind.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { reject } from "#lean/fault.ts";
import { sortLevelOf } from "#lean/judge/infer.ts";
import { isProposition, nameText, showExpr, type Kernel } from "#lean/judge/kernel.ts";
import { recursiveTarget, type InductiveGroup, type GroupConstructor, type GroupType } from "./group.ts";
import { expandNested, type NestedExpansion } from "./nested.ts";
import { compareRecursors, computeRecursors } from "./recursor.ts";
import { checkRecursors } from "./rule-check.ts";
import { checkScope } from "./scope.ts";
import { mentions, openFunctionType } from "./telescope.ts";

/** Checks a group and its recursors, for which it adds its constants to the environment. */
export function checkInductive(k: Kernel, record: GroupRecord): void {
  const { environment } = k;
  checkHeaders(k, record);
  const { params, level } = checkTypes(k, record.types);
  const isRecursive = isGroupRecursive(k, record);
  // Flags are believed when they are right; until then a wrong one rejects in the end.
  for (const type of record.types) environment.add({ ...type, isRecursive });
  for (const constructor of record.constructors) {
    checkScope(k, constructor.type, constructor.levelParams);
    sortLevelOf(k, constructor.type, true);
  }
  const expansion = expandNested(k, record, params, level);
  const { group } = expansion;
  checkNestedUniverses(k, group);
  for (const type of group.types)
    for (const constructor of type.constructors) checkConstructor(k, group, type, constructor);
  checkFlags(k, record, expansion, isRecursive);
  const large = isLargeElimination(k, group);
  for (const constructor of record.constructors) checkFieldCount(k, constructor);
  const recursors = computeRecursors(k, expansion, { large, exported: record.recursors });
  for (const type of group.types.slice(group.declaredCount)) environment.remove(type.name);
  for (const constructor of record.constructors) environment.add(constructor);
  checkRecursors(k, recursors);
  compareRecursors(k, recursors, record.recursors);
}

function checkHeaders(k: Kernel, { types, constructors, recursors }: GroupRecord): void {
  const names = types.map(({ name }) => name);
  const [first] = types;
  const sameNames = (a: readonly Name[], b: readonly Name[]): boolean =>
    a.length === b.length && a.every((name, i) => name === b[i]);
  let next = 0;
  for (const type of types) {
    const label = nameText(k, type.name);
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
  if (first === undefined) reject("inductive-header", "Cannot declare a group without types");
  if (next !== constructors.length)
    reject("inductive-header", "Cannot declare a group with constructors of no type");
  for (const { name, all } of recursors) {
    if (!sameNames(all, names))
      reject("recursor-mismatch", `Cannot use ${nameText(k, name)}: it is of another group`);
  }
}

/** The types: parameters shared by all, then indices, then one universe for all. */
function checkTypes(k: Kernel, types: readonly Inductive[]): { params: readonly Expr[]; level: Level } {
  let params: readonly Expr[] | undefined;
  let level: Level | undefined;
  for (const { name, type, levelParams, paramCount, indexCount } of types) {
    const label = `Cannot declare ${nameText(k, name)}`;
    checkScope(k, type, levelParams);
    sortLevelOf(k, type, true);
    const opened = openFunctionType(k, type, 0);
    if (opened.variables.length !== paramCount + indexCount) {
      reject("inductive-header", `${label}: it has another number of parameters and indices`);
    }
    const sort = k.whnf(opened.body);
    if (k.terms.kind(sort) !== SORT) {
      return reject("inductive-not-a-sort", `${label}: its type does not end in a universe`);
    }
    const own = k.terms.level(sort);
    if (level !== undefined && !k.levels.isSame(level, own)) {
      reject("inductive-universe", `${label}: its group is in another universe`);
    }
    level ??= own;
    const ownParams = opened.variables.slice(0, paramCount);
    if (
      params !== undefined &&
      !ownParams.every((param, i) => k.isEqual(k.terms.left(param), k.terms.left(params![i]!)))
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
function checkNestedUniverses(k: Kernel, { types, declaredCount, level }: InductiveGroup): void {
  for (const { type } of types.slice(declaredCount)) {
    const sort = k.whnf(openFunctionType(k, type, 0).body);
    if (k.terms.kind(sort) === SORT && k.levels.isSame(level, k.terms.level(sort))) continue;
    const label = types[0] === undefined ? "the group" : nameText(k, types[0].name);
    reject("inductive-universe", `Cannot declare ${label}: it is nested in a type of another universe`);
  }
}

function isGroupRecursive({ terms }: Kernel, { types, constructors }: GroupRecord): boolean {
  const names = new Set(types.map(({ name }) => name));
  return constructors.some(({ type }) =>
    fieldDomains(terms, type).some((domain) => mentions(terms, domain, names)),
  );
}

/** Domains of a function type as written, under its binders. */
function fieldDomains(terms: Kernel["terms"], type: Expr): Expr[] {
  const domains: Expr[] = [];
  for (let at = type; terms.kind(at) === PI; at = terms.right(at)) domains.push(terms.left(at));
  return domains;
}

function checkFlags(k: Kernel, record: GroupRecord, { group }: NestedExpansion, isRecursive: boolean): void {
  const { terms } = k;
  const nestedCount = group.types.length - group.declaredCount;
  const isReflexive = group.types.some(({ constructors }) =>
    constructors.some(({ fields }) =>
      fieldDomains(terms, fields).some(
        (domain) => terms.kind(domain) === PI && mentions(terms, domain, group.names),
      ),
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
        `Cannot declare ${nameText(k, type.name)}: its flags do not fit its constructors`,
      );
  }
}

function checkFieldCount(k: Kernel, { name, type, paramCount, fieldCount }: Constructor): void {
  const count = openFunctionType(k, type, 0).variables.length - paramCount;
  if (count !== fieldCount) {
    reject(
      "constructor-field-count",
      `Cannot declare ${nameText(k, name)}: it has ${count} fields, not ${fieldCount}`,
    );
  }
}

function checkConstructor(
  k: Kernel,
  group: InductiveGroup,
  type: GroupType,
  constructor: GroupConstructor,
): void {
  const label = `Cannot declare ${nameText(k, constructor.name)}`;
  const { variables, body } = openFunctionType(k, constructor.fields, group.params.length);
  const isProp = k.levels.isZero(group.level);
  for (const [i, field] of variables.entries()) {
    const level = sortLevelOf(k, k.terms.left(field), false);
    if (!isProp && !k.levels.isAtMost(level, group.level)) {
      reject("inductive-universe", `${label}: field ${i + 1} is in a universe above that of the type`);
    }
    checkPositivity(k, group, field, `${label}: field ${i + 1}`);
  }
  if (recursiveTarget(k, group, body) !== type) {
    reject(
      "constructor-result",
      `${label}: its result ${showExpr(k, body)} is not the type with its parameters`,
    );
  }
}

/** A type of the group may stand only at the end of a field's type, never to the left of an arrow. */
function checkPositivity(k: Kernel, group: InductiveGroup, field: Expr, label: string): void {
  const { terms } = k;
  let level = terms.depth(field);
  let at = k.whnf(terms.left(field));
  while (mentions(terms, at, group.names)) {
    if (terms.kind(at) !== PI) {
      if (recursiveTarget(k, group, at) !== undefined) return;
      return reject("non-positive", `${label} contains the type in another way than as its result`);
    }
    const domain = terms.left(at);
    if (mentions(terms, domain, group.names))
      reject("non-positive", `${label} takes the type as an argument`);
    at = k.whnf(k.rewriter.instantiate(terms.right(at), [terms.fvar(level++, domain)]));
  }
}

/**
 * Whether the recursor may make data. Always, when the type is never a proposition; else only when equal proofs cannot
 * be told apart by it: at most one constructor, whose fields are proofs or are given by the type's indices. A wrong "yes"
 * permits to take data out of proofs.
 */
function isLargeElimination(k: Kernel, group: InductiveGroup): boolean {
  if (k.levels.isNeverZero(group.level)) return true;
  const [type, ...more] = group.types;
  if (type === undefined || more.length > 0 || type.constructors.length > 1) return false;
  const [constructor] = type.constructors;
  if (constructor === undefined) return true;
  const { variables, body } = openFunctionType(k, constructor.fields, group.params.length);
  const given = new Set(k.terms.args(body));
  return variables.every((field) => given.has(field) || isProposition(k, k.terms.left(field)));
}
