// Weak head normal form: beta, zeta, iota (recursors, quotients), projections, literals, and unfolding of definitions.
import { structureOf, type Recursor, type Rule, type Valued } from "./environment.ts";
import { APP, CONST, LAM, LET, NAT, PROJ, STR, argsOf, headOf, memoOf, type Expr } from "./expr.ts";
import { isProposition, type Kernel } from "./kernel.ts";
import { natConstructor, reduceNat, textConstructor } from "./literal.ts";
import { sure } from "./fault.ts";

/** `cheap`: projections look at their structure without unfolding definitions. */
export function reduceCore(k: Kernel, start: Expr, cheap: boolean): Expr {
  let e = start;
  for (;;) {
    const next = stepCore(k, e, cheap);
    if (next === undefined) return e;
    k.spend();
    e = next;
  }
}

function stepCore(k: Kernel, e: Expr, cheap: boolean): Expr | undefined {
  if (e.kind === LET) return k.rewriter.instantiate(e.body, [e.right]);
  if (e.kind === PROJ) return reduceProjection(k, e, cheap);
  if (e.kind !== APP) return undefined;
  const head = headOf(e);
  switch (head.kind) {
    case LAM:
      return applyBeta(k, head, argsOf(e));
    case LET:
    case PROJ: {
      const reduced = cheap ? reduceCore(k, head, true) : k.core(head);
      return reduced === head ? undefined : k.terms.apps(reduced, argsOf(e));
    }
    case CONST: {
      const constant = k.environment.get(head.name);
      if (constant?.kind === "recursor") return reduceRecursor(k, constant, head, argsOf(e));
      return constant?.kind === "quotient" ? reduceQuotient(k, constant.role, argsOf(e)) : undefined;
    }
    default:
      return undefined;
  }
}

/** Puts as many arguments into lambdas as there are of both. */
export function applyBeta(k: Kernel, f: Expr, args: readonly Expr[]): Expr {
  let body = f;
  let count = 0;
  while (body.kind === LAM && count < args.length) {
    body = body.right;
    count++;
  }
  return k.terms.apps(k.rewriter.instantiate(body, args, count), args, count);
}

function reduceProjection(k: Kernel, e: Expr, cheap: boolean): Expr | undefined {
  let structure = cheap ? reduceCore(k, e.left, true) : k.whnf(e.left);
  if (structure.kind === STR && typeof structure.literal === "string") {
    structure = k.whnf(textConstructor(k, structure.literal));
  }
  const head = headOf(structure);
  const constructor = head.kind === CONST ? k.environment.get(head.name) : undefined;
  if (constructor?.kind !== "constructor" || constructor.inductive !== e.name) return undefined;
  return argsOf(structure)[constructor.paramCount + e.index];
}

function reduceRecursor(k: Kernel, recursor: Recursor, head: Expr, args: Expr[]): Expr | undefined {
  const { paramCount, motiveCount, minorCount, indexCount } = recursor;
  const firstIndex = paramCount + motiveCount + minorCount;
  const major = args[firstIndex + indexCount];
  if (major === undefined) return undefined;
  const built =
    (recursor.isK ? rebuildForK(k, recursor, major) : undefined) ?? buildMajor(k, recursor, major);
  const builtHead = headOf(built);
  if (builtHead.kind !== CONST) return undefined;
  const rule = recursor.rules.get(builtHead.name);
  if (rule === undefined) return undefined;
  const fields = argsOf(built);
  if (fields.length < rule.fieldCount) return undefined;
  const value = ruleValue(k, recursor, head, rule);
  const all = args.slice(0, firstIndex);
  for (let i = fields.length - rule.fieldCount; i < fields.length; i++) all.push(sure(fields[i]));
  for (let i = firstIndex + indexCount + 1; i < args.length; i++) all.push(sure(args[i]));
  return applyBeta(k, value, all);
}

function ruleValue(k: Kernel, { levelParams }: Recursor, head: Expr, { constructor, value }: Rule): Expr {
  const memo = memoOf(head);
  const values = (memo.ruleValues ??= new Map());
  const known = values.get(constructor);
  if (known !== undefined) return known;
  const made = k.rewriter.instantiateLevels(value, levelParams, head.levels);
  values.set(constructor, made);
  return made;
}

function buildMajor(k: Kernel, recursor: Recursor, major: Expr): Expr {
  const e = k.whnf(major);
  if (e.kind === NAT && typeof e.literal === "bigint") return natConstructor(k, e.literal);
  if (e.kind === STR && typeof e.literal === "string") return k.whnf(textConstructor(k, e.literal));
  return rebuildStructure(k, recursor, e) ?? e;
}

/** For a proposition with one constructor without fields: any proof of the right type is that constructor. */
function rebuildForK(k: Kernel, recursor: Recursor, major: Expr): Expr | undefined {
  const type = k.whnf(k.infer(major));
  const head = headOf(type);
  if (head.kind !== CONST || head.name !== recursor.inductive) return undefined;
  const inductive = k.environment.get(head.name);
  const constructor = inductive?.kind === "inductive" ? inductive.constructors[0] : undefined;
  if (inductive?.kind !== "inductive" || constructor === undefined) return undefined;
  const made = k.terms.apps(
    k.terms.constant(constructor, head.levels),
    argsOf(type),
    0,
    inductive.paramCount,
  );
  return k.isEqual(type, k.infer(made)) ? made : undefined;
}

/** Eta for structures: a value that is no constructor application is the constructor applied to its projections. */
function rebuildStructure(k: Kernel, recursor: Recursor, e: Expr): Expr | undefined {
  const structure = structureOf(k.environment, recursor.inductive);
  if (structure === undefined) return undefined;
  const eHead = headOf(e);
  if (eHead.kind === CONST && eHead.name === structure.constructor.name) return undefined;
  const type = k.whnf(k.infer(e));
  const head = headOf(type);
  if (head.kind !== CONST || head.name !== recursor.inductive || isProposition(k, type)) return undefined;
  const { constructor } = structure;
  const made = k.terms.apps(
    k.terms.constant(constructor.name, head.levels),
    argsOf(type),
    0,
    constructor.paramCount,
  );
  const fields = Array.from({ length: constructor.fieldCount }, (_, i) =>
    k.terms.proj(structure.type.name, i, e),
  );
  return k.terms.apps(made, fields);
}

function reduceQuotient(k: Kernel, role: "type" | "ctor" | "lift" | "ind", args: Expr[]): Expr | undefined {
  if (role === "type" || role === "ctor") return undefined;
  const [functionAt, valueAt] = role === "lift" ? [3, 5] : [3, 4];
  const value = args[valueAt];
  const f = args[functionAt];
  if (value === undefined || f === undefined) return undefined;
  const made = k.whnf(value);
  const head = headOf(made);
  const makeArgs = argsOf(made);
  if (head.kind !== CONST || head.name !== k.known.quotMk || makeArgs.length !== 3) return undefined;
  return k.terms.apps(k.terms.app(f, sure(makeArgs[2])), args, valueAt + 1);
}

export function reduce(k: Kernel, start: Expr): Expr {
  let e = start;
  for (;;) {
    e = k.core(e);
    const next = reduceNat(k, e);
    if (next !== undefined) return next;
    const unfolded = unfold(k, e);
    if (unfolded === undefined) return e;
    k.spend();
    e = unfolded;
  }
}

/** The definition or theorem that `e` applies, when it may be unfolded. */
export function unfoldable(k: Kernel, e: Expr): Valued | undefined {
  const head = headOf(e);
  if (head.kind !== CONST) return undefined;
  const constant = k.environment.get(head.name);
  return constant?.kind === "definition" || constant?.kind === "theorem" ? constant : undefined;
}

export function unfold(k: Kernel, e: Expr): Expr | undefined {
  const constant = unfoldable(k, e);
  if (constant === undefined) return undefined;
  const head = headOf(e);
  const memo = memoOf(head);
  memo.constValue ??= k.rewriter.instantiateLevels(constant.value, constant.levelParams, head.levels);
  return e.kind === APP ? applyBeta(k, memo.constValue, argsOf(e)) : memo.constValue;
}
