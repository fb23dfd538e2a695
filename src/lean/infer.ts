// Types of expressions. With `check`, every part is held against the rules; without, the expression is known to have a
// type and only that is computed.
import type { Inductive } from "./environment.ts";
import {
  APP,
  BVAR,
  CONST,
  FVAR,
  LAM,
  LET,
  NAT,
  PI,
  PROJ,
  SORT,
  argsOf,
  constantMemoOf,
  headOf,
  type Expr,
} from "./expr.ts";
import { reject, sure } from "./fault.ts";
import { isProposition, universeOf, type Kernel } from "./kernel.ts";
import type { Level } from "./level.ts";
import { textConstructor, textMaker, textNames } from "./literal.ts";
import { formatName } from "./name.ts";
import { formatExpr } from "./print.ts";

export function inferType(k: Kernel, e: Expr, check: boolean): Expr {
  switch (e.kind) {
    case BVAR:
      return reject("loose-variable", "A bound variable has no binder");
    case FVAR:
      return e.left;
    case SORT:
      return k.terms.universe(k.levels.succ(sure(e.levels[0])));
    case CONST:
      return constantType(k, e);
    case APP:
      return applicationType(k, e, check);
    case LAM:
      return lambdaType(k, e, check);
    case PI:
      return functionTypeType(k, e, check);
    case LET:
      return letType(k, e, check);
    case PROJ:
      return projectionType(k, e, check);
    default:
      return literalType(k, e);
  }
}

function typeOf(k: Kernel, e: Expr, check: boolean): Expr {
  return check ? k.check(e) : k.infer(e);
}

export function constantType(k: Kernel, e: Expr): Expr {
  const constant = k.environment.get(e.name);
  if (constant === undefined) {
    if (!k.excluded.has(e.name)) reject("unknown-constant", `Cannot find the constant ${formatName(e.name)}`);
    return reject("unsafe-dependency", `Cannot use ${formatName(e.name)}: it is unsafe or partial`);
  }
  const { levelParams, type } = constant;
  if (levelParams.length !== e.levels.length) {
    const counts = `${e.levels.length} universe levels where ${levelParams.length} are wanted`;
    reject("universe-count", `Cannot use ${formatName(e.name)} with ${counts}`);
  }
  const memo = constantMemoOf(e);
  return (memo.type ??= k.rewriter.instantiateLevels(type, levelParams, e.levels));
}

/** The level of the universe that `type` is in; rejects what is no type. */
export function levelOf(k: Kernel, type: Expr, check: boolean): Level {
  const sort = k.whnf(typeOf(k, type, check));
  const level = sort.levels[0];
  if (sort.kind !== SORT || level === undefined)
    return reject("not-a-type", `Not a type: ${formatExpr(type)}`);
  return level;
}

function applicationType(k: Kernel, e: Expr, check: boolean): Expr {
  const args = argsOf(e);
  let type = typeOf(k, headOf(e), check);
  // `type` still lacks the arguments from `start` on.
  let start = 0;
  for (let i = 0; i < args.length; i++) {
    if (type.kind !== PI) {
      type = k.whnf(k.rewriter.instantiate(type, args, i - start, start));
      start = i;
      if (type.kind !== PI) reject("not-a-function", `Not a function: ${formatExpr(headOf(e))}`);
    }
    if (check) {
      const wanted = k.rewriter.instantiate(type.left, args, i - start, start);
      const arg = sure(args[i]);
      const given = k.check(arg);
      if (given !== wanted && !k.isEqual(given, wanted)) rejectArgument(headOf(e), arg, given, wanted);
    }
    type = type.right;
  }
  return k.rewriter.instantiate(type, args, args.length - start, start);
}

function rejectArgument(f: Expr, arg: Expr, given: Expr, wanted: Expr): never {
  const types = `it has type ${formatExpr(given)}, wanted ${formatExpr(wanted)}`;
  return reject("argument-mismatch", `Cannot apply ${formatExpr(f)} to ${formatExpr(arg)}: ${types}`);
}

function lambdaType(k: Kernel, e: Expr, check: boolean): Expr {
  const variables: Expr[] = [];
  const domains: Expr[] = [];
  let at = e;
  for (; at.kind === LAM; at = at.right) {
    const domain = k.rewriter.instantiate(at.left, variables);
    if (check) levelOf(k, domain, true);
    domains.push(at.left);
    variables.push(k.terms.fvar(e.free + variables.length, domain));
  }
  const type = typeOf(k, k.rewriter.instantiate(at, variables), check);
  const range = k.rewriter.abstract(type, variables);
  return domains.reduceRight((body, domain) => k.terms.pi(domain, body), range);
}

function functionTypeType(k: Kernel, e: Expr, check: boolean): Expr {
  const variables: Expr[] = [];
  const domainLevels: Level[] = [];
  let at = e;
  for (; at.kind === PI; at = at.right) {
    const domain = k.rewriter.instantiate(at.left, variables);
    domainLevels.push(levelOf(k, domain, check));
    variables.push(k.terms.fvar(e.free + variables.length, domain));
  }
  const range = levelOf(k, k.rewriter.instantiate(at, variables), check);
  return k.terms.universe(domainLevels.reduceRight((body, domain) => k.levels.piSort(domain, body), range));
}

function letType(k: Kernel, e: Expr, check: boolean): Expr {
  const values: Expr[] = [];
  let at = e;
  for (; at.kind === LET; at = at.body) {
    const value = k.rewriter.instantiate(at.right, values);
    if (check) {
      const type = k.rewriter.instantiate(at.left, values);
      levelOf(k, type, true);
      const given = k.check(value);
      if (!k.isEqual(given, type)) {
        const types = `it has type ${formatExpr(given)}, wanted ${formatExpr(type)}`;
        reject("let-mismatch", `Cannot name ${formatExpr(value)} in a let: ${types}`);
      }
    }
    values.push(value);
  }
  return typeOf(k, k.rewriter.instantiate(at, values), check);
}

function projectionType(k: Kernel, e: Expr, check: boolean): Expr {
  const written = typeOf(k, e.left, check);
  const type = k.whnf(written);
  const head = headOf(type);
  const structure = head.kind === CONST ? k.environment.get(head.name) : undefined;
  const label = `projection ${e.index + 1} of ${formatName(e.name)}`;
  if (structure?.kind !== "inductive" || structure.name !== e.name || structure.constructors.length !== 1) {
    return reject("bad-projection", `Cannot take ${label}: its operand is no such structure`);
  }
  const params = argsOf(type);
  if (params.length !== structure.paramCount + structure.indexCount)
    reject("bad-projection", `Cannot take ${label}`);
  const constructor = k.terms.constant(sure(structure.constructors[0]), head.levels);
  const isProof = isMaybeProof(k, head, structure, [written, type]);
  const constructorType = constantType(k, constructor);
  return fieldType(k, e, { isProof, structure, constructorType, params }, label);
}

/**
 * Whether a value of the structure may be a proof. A wrong "no" permits to take data out of a proof, which proves False;
 * so "no" needs every evidence: a universe above Prop of the type as written, of the type as reduced (they may differ, as
 * reduction of a cast may forget that), and of the structure as it was declared.
 */
function isMaybeProof(k: Kernel, head: Expr, structure: Inductive, types: readonly Expr[]): boolean {
  const declared = k.levels.substitute(structure.level, structure.levelParams, head.levels);
  const levels = [declared, ...types.map((type) => universeOf(k, type))];
  return levels.some((level) => level === undefined || k.levels.isZero(level));
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
  const values = params.slice(0, structure.paramCount);
  let at = constructorType;
  for (let i = 0; i < structure.paramCount; i++) {
    if (at.kind !== PI) reject("bad-projection", `Cannot take ${label}`);
    at = at.right;
  }
  at = k.rewriter.instantiate(at, values);
  for (let i = 0; ; i++) {
    if (at.kind !== PI) at = k.whnf(at);
    if (at.kind !== PI) return reject("bad-projection", `Cannot take ${label}: there is no such field`);
    const dependent = at.right.loose > 0;
    if (isProof && (i === e.index || dependent) && !isProposition(k, at.left)) {
      reject("projection-from-proposition", `Cannot take ${label}: it would take data out of a proof`);
    }
    if (i === e.index) return at.left;
    at = k.rewriter.instantiate(at.right, [k.terms.proj(e.name, i, e.left)]);
  }
}

function literalType(k: Kernel, e: Expr): Expr {
  const { known, environment } = k;
  if (e.kind === NAT) {
    if (environment.get(known.nat)?.kind !== "inductive") {
      reject("missing-literal-type", "Cannot use a number: Nat is not declared");
    }
    return k.terms.constant(known.nat, []);
  }
  const missing = textNames(k).find((name) => !environment.has(name));
  if (missing !== undefined) {
    reject("missing-literal-type", `Cannot use a text: ${formatName(missing)} is not declared`);
  }
  const string = k.terms.constant(known.string, []);
  if (!k.isEqual(k.check(textConstructor(k, "a")), string)) {
    reject("primitive-mismatch", `Cannot use a text: ${formatName(textMaker(k))} does not make a String`);
  }
  k.literals.textMaker = textMaker(k);
  return string;
}
