// Types of expressions. With `check`, every part is held against the rules; without, the expression is known to have a
// type and only that is computed. An expression may stand in a scope, which has the values of its loose variables; a type
// never does.
import type { Inductive } from "#lean/read/constants.ts";
import { APP, BVAR, CONST, FVAR, LAM, LET, NAT, PI, PROJ, SORT, type Expr } from "#lean/terms/kind.ts";
import type { Level } from "#lean/terms/level-kind.ts";
import { EMPTY_SCOPE, type Scope } from "#lean/terms/scopes.ts";
import { Fault, reject } from "#lean/fault.ts";
import { isProposition, nameText, showExpr, universeOf, type Kernel } from "./kernel.ts";
import { textConstructor, textMaker, textNames } from "./literal.ts";

export function inferType(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  const { terms } = k;
  switch (terms.kind(e)) {
    case BVAR: {
      if (scope === EMPTY_SCOPE) return reject("loose-variable", "A bound variable has no binder");
      // A value of the scope was checked when it was put there.
      const value = k.scopes.valueAt(scope, terms.index(e));
      return terms.kind(value) === FVAR ? terms.left(value) : k.infer(value);
    }
    case FVAR:
      return terms.left(e);
    case SORT:
      return terms.universe(k.levels.succ(terms.level(e)));
    case CONST:
      return k.constantType(e);
    case APP:
      return applicationType(k, e, scope, check);
    case LAM:
      return lambdaType(k, e, scope, check);
    case PI:
      return functionTypeType(k, e, scope, check);
    case LET:
      return letType(k, e, scope, check);
    case PROJ:
      return projectionType(k, e, scope, check);
    default:
      return literalType(k, e, check);
  }
}

function typeOf(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  return check ? k.check(e, scope) : k.infer(e, scope);
}

/** The type of a constant, or why it cannot be used. */
export function declaredType(k: Kernel, e: Expr): Expr {
  const { terms, levels } = k;
  const name = terms.name(e);
  const constant = k.environment.find(name);
  if (constant === undefined)
    return reject("unknown-constant", `Cannot find the constant ${nameText(k, name)}`);
  if (constant.isUnsafe)
    return reject("unsafe-dependency", `Cannot use ${nameText(k, name)}: it is unsafe or partial`);
  const { levelParams, type } = constant;
  const given = levels.items(terms.list(e));
  if (levelParams.length !== given.length) {
    const counts = `${given.length} universe levels where ${levelParams.length} are wanted`;
    reject("universe-count", `Cannot use ${nameText(k, name)} with ${counts}`);
  }
  return k.rewriter.instantiateLevels(type, levelParams, given);
}

/** The level of the universe that `type` is in; rejects what is no type. */
export function sortLevelOf(k: Kernel, type: Expr, check: boolean, scope: Scope = EMPTY_SCOPE): Level {
  const sort = k.whnf(typeOf(k, type, scope, check));
  if (k.terms.kind(sort) !== SORT)
    return reject("not-a-type", `Not a type: ${showExpr(k, k.rewriter.close(type, scope))}`);
  return k.terms.level(sort);
}

function applicationType(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  const { terms, rewriter } = k;
  const raw = terms.args(e);
  // The arguments are put into the scope only where a type mentions them.
  const args = { raw, scope, made: raw.map((arg) => (terms.loose(arg) === 0 ? arg : -1)) };
  let type = typeOf(k, terms.head(e), scope, check);
  // `type` still lacks the arguments from `start` on.
  let start = 0;
  for (let i = 0; i < raw.length; i++) {
    if (terms.kind(type) !== PI) {
      type = k.whnf(rewriter.instantiateLazily(type, args, i - start, start));
      start = i;
      if (terms.kind(type) !== PI)
        reject("not-a-function", `Not a function: ${showExpr(k, rewriter.close(terms.head(e), scope))}`);
    }
    if (check) {
      const wanted = rewriter.instantiateLazily(terms.left(type), args, i - start, start);
      const given = k.check(raw[i]!, scope);
      if (given !== wanted && !k.isEqual(given, wanted)) rejectArgument(k, e, i, scope, given, wanted);
    }
    type = terms.right(type);
  }
  return rewriter.instantiateLazily(type, args, raw.length - start, start);
}

function rejectArgument(k: Kernel, e: Expr, i: number, scope: Scope, given: Expr, wanted: Expr): never {
  const types = `it has type ${showExpr(k, given)}, wanted ${showExpr(k, wanted)}`;
  const f = showExpr(k, k.rewriter.close(k.terms.head(e), scope));
  const arg = showExpr(k, k.rewriter.close(k.terms.args(e)[i]!, scope));
  return reject("argument-mismatch", `Cannot apply ${f} to ${arg}: ${types}`);
}

/** The level of the first variable that is opened around `e`: above all levels that `e` or its scope has. */
function baseOf(k: Kernel, e: Expr, scope: Scope): number {
  return Math.max(k.terms.free(e), k.scopes.free(scope));
}

function lambdaType(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  const { terms, rewriter } = k;
  const base = baseOf(k, e, scope);
  const variables: Expr[] = [];
  let inner = scope;
  let at = e;
  for (; terms.kind(at) === LAM; at = terms.right(at)) {
    if (check) sortLevelOf(k, terms.left(at), true, inner);
    const variable = terms.fvar(base + variables.length, rewriter.close(terms.left(at), inner));
    k.hints.copyToVariable(at, variable, terms.depth(variable));
    variables.push(variable);
    inner = k.scopes.extend(inner, variable);
  }
  let type = rewriter.abstract(typeOf(k, at, inner, check), variables);
  for (let i = variables.length - 1; i >= 0; i--)
    type = terms.pi(rewriter.abstract(terms.left(variables[i]!), variables, i), type);
  return type;
}

function functionTypeType(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  const { terms, rewriter } = k;
  const base = baseOf(k, e, scope);
  const domains: Level[] = [];
  let inner = scope;
  let at = e;
  for (; terms.kind(at) === PI; at = terms.right(at)) {
    domains.push(sortLevelOf(k, terms.left(at), check, inner));
    const domain = rewriter.close(terms.left(at), inner);
    const variable = terms.fvar(base + domains.length - 1, domain);
    k.hints.copyToVariable(at, variable, terms.depth(variable));
    inner = k.scopes.extend(inner, variable);
  }
  const range = sortLevelOf(k, at, check, inner);
  return terms.universe(domains.reduceRight((body, domain) => k.levels.piSort(domain, body), range));
}

function letType(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  const { terms, rewriter } = k;
  let inner = scope;
  let at = e;
  for (; terms.kind(at) === LET; at = terms.letBody(at)) {
    const value = rewriter.close(terms.letValue(at), inner);
    if (check) {
      sortLevelOf(k, terms.left(at), true, inner);
      const type = rewriter.close(terms.left(at), inner);
      const given = k.check(terms.letValue(at), inner);
      if (!k.isEqual(given, type)) {
        const types = `it has type ${showExpr(k, given)}, wanted ${showExpr(k, type)}`;
        reject("let-mismatch", `Cannot name ${showExpr(k, value)} in a let: ${types}`);
      }
    }
    inner = k.scopes.extend(inner, value);
  }
  return typeOf(k, at, inner, check);
}

function projectionType(k: Kernel, e: Expr, scope: Scope, check: boolean): Expr {
  const { terms, levels } = k;
  const [name, index] = terms.field(e);
  const written = typeOf(k, terms.left(e), scope, check);
  const type = k.whnf(written);
  const head = terms.head(type);
  const structure = terms.kind(head) === CONST ? k.environment.get(terms.name(head)) : undefined;
  const label = `projection ${index + 1} of ${nameText(k, name)}`;
  if (structure?.kind !== "inductive" || structure.name !== name || structure.constructors.length !== 1) {
    return reject("bad-projection", `Cannot take ${label}: its operand is no such structure`);
  }
  const params = terms.args(type);
  if (params.length !== structure.paramCount + structure.indexCount)
    reject("bad-projection", `Cannot take ${label}`);
  const constructor = terms.constant(structure.constructors[0] ?? 0, terms.list(head));
  const declared = levels.substitute(
    declaredLevel(k, structure),
    structure.levelParams,
    levels.items(terms.list(head)),
  );
  const isProof = isMaybeProof(k, declared, [written, type]);
  const constructorType = k.constantType(constructor);
  const closed = terms.projAt(terms.right(e), k.rewriter.close(terms.left(e), scope));
  return fieldType(k, closed, { isProof, structure, constructorType, params }, label);
}

/** Of the universe that the type of a structure ends in, as declared. */
function declaredLevel(k: Kernel, structure: Inductive): Level {
  const { terms } = k;
  const variables: Expr[] = [];
  let at = structure.type;
  for (; terms.kind(at) === PI; at = terms.right(at))
    variables.push(terms.fvar(variables.length, k.rewriter.instantiate(terms.left(at), variables)));
  const sort = k.whnf(k.rewriter.instantiate(at, variables));
  // A type of the environment ends in a universe; should it not, it counts as a proposition, the worse case.
  return terms.kind(sort) === SORT ? terms.level(sort) : 0;
}

/**
 * Whether a value of a structure may be a proof. A wrong "no" permits to take data out of a proof, which proves False; so
 * "no" needs every evidence: a universe above Prop of the type as written, of the type as reduced (they may differ, as
 * reduction of a cast may forget that), and of the structure as it was declared.
 */
function isMaybeProof(k: Kernel, declared: Level, types: readonly Expr[]): boolean {
  if (k.levels.isZero(declared)) return true;
  return types.some((type) => {
    const level = universeOf(k, type);
    return level === undefined || k.levels.isZero(level);
  });
}

interface Structure {
  readonly isProof: boolean;
  readonly structure: Inductive;
  readonly constructorType: Expr;
  readonly params: readonly Expr[];
}

/**
 * Walks the constructor's type to the field. Out of a proof only proofs can be taken, and not what depends on data: else
 * two equal proofs would have different projections.
 */
function fieldType(
  k: Kernel,
  e: Expr,
  { isProof, structure, constructorType, params }: Structure,
  label: string,
): Expr {
  const { terms, rewriter } = k;
  const [name, index] = terms.field(e);
  const values = params.slice(0, structure.paramCount);
  let at = constructorType;
  for (let i = 0; i < structure.paramCount; i++) {
    if (terms.kind(at) !== PI) reject("bad-projection", `Cannot take ${label}`);
    at = terms.right(at);
  }
  at = rewriter.instantiate(at, values);
  for (let i = 0; ; i++) {
    if (terms.kind(at) !== PI) at = k.whnf(at);
    if (terms.kind(at) !== PI)
      return reject("bad-projection", `Cannot take ${label}: there is no such field`);
    const domain = terms.left(at);
    const dependent = terms.loose(terms.right(at)) > 0;
    if (isProof && (i === index || dependent) && !isProposition(k, domain)) {
      reject("projection-from-proposition", `Cannot take ${label}: it would take data out of a proof`);
    }
    if (i === index) return domain;
    at = rewriter.instantiate(terms.right(at), [terms.proj(name, i, terms.left(e))]);
  }
}

/** A text has a type when what it stands for has, each text for itself: constants of those names may be anything. */
function literalType(k: Kernel, e: Expr, check: boolean): Expr {
  const { known, environment, terms } = k;
  if (terms.kind(e) === NAT) {
    if (environment.get(known.nat)?.kind !== "inductive") {
      reject("missing-literal-type", "Cannot use a number: Nat is not declared");
    }
    return terms.constant(known.nat, 0);
  }
  const missing = textNames(k).find((name) => !environment.has(name));
  if (missing !== undefined) {
    reject("missing-literal-type", `Cannot use a text: ${nameText(k, missing)} is not declared`);
  }
  const string = terms.constant(known.string, 0);
  if (check && !isText(k, e, string)) {
    reject(
      "primitive-mismatch",
      `Cannot use a text: ${nameText(k, textMaker(k))} does not make a String of it`,
    );
  }
  return string;
}

function isText(k: Kernel, e: Expr, string: Expr): boolean {
  try {
    return k.isEqual(k.check(textConstructor(k, k.terms.text(e))), string);
  } catch (error) {
    if (error instanceof Fault && error.kind === "rejected") return false;
    throw error;
  }
}
