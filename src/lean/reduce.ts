// Weak head normal form: beta, zeta, iota (recursors, quotients), projections, literals, and unfolding of definitions.
import { EMPTY_SCOPE, delay, extend, force, make, valueAt, type Scope, type Value } from "./closure.ts";
import { structureOf, type Quotient, type Recursor, type Rule, type Valued } from "./environment.ts";
import {
  APP,
  BVAR,
  CONST,
  LAM,
  LET,
  NAT,
  PROJ,
  STR,
  argsOf,
  constantMemoOf,
  headOf,
  type Expr,
} from "./expr.ts";
import { universeOf, type Kernel } from "./kernel.ts";
import { natConstructor, reduceNat, textConstructor } from "./literal.ts";
import { sure } from "./fault.ts";

/** What is being reduced: `head`, whose loose variables have the values of `scope`, applied to `args`, the last one first. */
interface State {
  head: Expr;
  scope: Scope;
  readonly args: Value[];
}

/** `cheap`: projections look at their structure without unfolding definitions. */
export function reduceCore(k: Kernel, start: Expr, cheap: boolean): Expr {
  const state: State = { head: start, scope: EMPTY_SCOPE, args: [] };
  let steps = 0;
  while (step(k, state, start, cheap)) {
    k.spend();
    steps++;
  }
  if (steps === 0) return start;
  let e = make(k.rewriter, state.head, state.scope);
  for (let i = state.args.length - 1; i >= 0; i--) e = k.terms.app(e, force(k.rewriter, sure(state.args[i])));
  return e;
}

/** @returns whether there was anything to reduce */
function step(k: Kernel, state: State, start: Expr, cheap: boolean): boolean {
  unwind(k, state);
  const { head, scope } = state;
  switch (head.kind) {
    case LAM:
      return stepBeta(state);
    case LET:
      state.scope = extend(scope, [delay(k.rewriter, head.right, scope)]);
      state.head = head.body;
      return true;
    case PROJ:
      return stepProjection(k, state, make(k.rewriter, head, scope), start, cheap);
    case CONST: {
      const constant = k.environment.get(head.name);
      if (constant?.kind === "recursor") return stepRecursor(k, constant, state);
      return constant?.kind === "quotient" && stepQuotient(k, constant.role, state);
    }
    default:
      return false;
  }
}

/** Moves arguments from the head to the others, and puts the head's value in for it when it is a variable. */
function unwind(k: Kernel, state: State): void {
  let { head, scope } = state;
  for (;;) {
    if (head.kind === APP) {
      state.args.push(delay(k.rewriter, head.right, scope));
      head = head.left;
    } else if (head.kind === BVAR) {
      enter(state, valueAt(scope, head.index));
      ({ head, scope } = state);
    } else break;
  }
  state.head = head;
  state.scope = scope;
}

/** Makes `value` the head. */
function enter(state: State, value: Value): void {
  if (value.kind !== "closure") [state.head, state.scope] = [value, EMPTY_SCOPE];
  else if (value.made === undefined) [state.head, state.scope] = [value.body, value.scope];
  else [state.head, state.scope] = [value.made, EMPTY_SCOPE];
}

/** Takes as many arguments as there are lambdas. */
function stepBeta(state: State): boolean {
  const taken: Value[] = [];
  let { head } = state;
  while (head.kind === LAM && state.args.length > 0) {
    taken.push(sure(state.args.pop()));
    head = head.right;
  }
  if (taken.length === 0) return false;
  state.head = head;
  state.scope = extend(state.scope, taken);
  return true;
}

function stepProjection(k: Kernel, state: State, e: Expr, start: Expr, cheap: boolean): boolean {
  // Asked for by itself its answer is remembered; but not while it is what is being asked.
  const reduced = cheap || e === start ? reduceProjection(k, e, cheap) : k.core(e);
  if (reduced === undefined || reduced === e) {
    [state.head, state.scope] = [e, EMPTY_SCOPE];
    return false;
  }
  [state.head, state.scope] = [reduced, EMPTY_SCOPE];
  return true;
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

function stepRecursor(k: Kernel, recursor: Recursor, state: State): boolean {
  const { head, args } = state;
  const { paramCount, motiveCount, minorCount, indexCount } = recursor;
  const firstIndex = paramCount + motiveCount + minorCount;
  const majorAt = args.length - 1 - firstIndex - indexCount;
  const given = args[majorAt];
  if (given === undefined) return false;
  const major = force(k.rewriter, given);
  const built =
    (recursor.isK ? rebuildForK(k, recursor, major) : undefined) ?? buildMajor(k, recursor, major);
  const builtHead = headOf(built);
  if (builtHead.kind !== CONST) return false;
  const rule = recursor.rules.get(builtHead.name);
  if (rule === undefined) return false;
  const fields = argsOf(built);
  if (fields.length < rule.fieldCount) return false;
  const outer = args.slice(args.length - firstIndex);
  args.length = majorAt;
  for (let i = 1; i <= rule.fieldCount; i++) args.push(sure(fields[fields.length - i]));
  for (const arg of outer) args.push(arg);
  enter(state, ruleValue(k, recursor, head, rule));
  return true;
}

function ruleValue(k: Kernel, { levelParams }: Recursor, head: Expr, { constructor, value }: Rule): Expr {
  const memo = constantMemoOf(head);
  const values = (memo.rules ??= new Map());
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
  if (head.kind !== CONST || head.name !== recursor.inductive) return undefined;
  // Not for what may be a proof: a wrong "data" permits to take its fields out of a proof.
  const level = universeOf(k, type);
  if (level === undefined || k.levels.isZero(level)) return undefined;
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

function stepQuotient(k: Kernel, role: Quotient["role"], state: State): boolean {
  const { args } = state;
  if (role === "type" || role === "ctor") return false;
  const functionAt = args.length - 1 - 3;
  const valueAt = args.length - 1 - (role === "lift" ? 5 : 4);
  const f = args[functionAt];
  const value = args[valueAt];
  if (value === undefined || f === undefined) return false;
  const made = k.whnf(force(k.rewriter, value));
  const head = headOf(made);
  const [, , of, ...more] = argsOf(made);
  if (head.kind !== CONST || head.name !== k.known.quotMk || of === undefined || more.length > 0)
    return false;
  args.length = valueAt;
  args.push(of);
  enter(state, f);
  return true;
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
  const memo = constantMemoOf(head);
  memo.value ??= k.rewriter.instantiateLevels(constant.value, constant.levelParams, head.levels);
  return k.terms.apps(memo.value, argsOf(e));
}
