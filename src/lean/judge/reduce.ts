// Weak head normal form: beta, zeta, iota (recursors, quotients), projections, literals, and unfolding of definitions.
import type { Quotient, Recursor, Valued } from "#lean/read/constants.ts";
import { APP, CONST, LAM, LET, NAT, PROJ, STR, type Expr } from "#lean/terms/kind.ts";
import { universeOf, type Kernel } from "./kernel.ts";
import { natConstructor, reduceCall, textConstructor } from "./literal.ts";
import { unrollAcc } from "./unroll.ts";

/** What is being reduced: `head`, applied to `args`, the last one first. */
interface State {
  head: Expr;
  readonly args: Expr[];
}

/** How far to go: projections look at their structure without unfolding definitions; without unfolding them; all the way. */
export const CHEAP = 0;
export const CORE_STEPS = 1;
export const FULL = 2;

export function reduce(k: Kernel, start: Expr, extent: number): Expr {
  const { terms } = k;
  const state: State = { head: start, args: [] };
  let steps = 0;
  for (;;) {
    while (terms.kind(state.head) === APP) {
      state.args.push(terms.right(state.head));
      state.head = terms.left(state.head);
    }
    if (!step(k, state, start, extent)) {
      if (extent < FULL || terms.kind(state.head) !== CONST) break;
      const number = state.args.length <= 2 ? reduceCall(k, state.head, state.args) : undefined;
      if (number !== undefined) return number;
      if (!isUnfoldable(k, state.head)) break;
      state.head = k.constantValue(state.head);
    }
    k.spend();
    steps++;
  }
  if (steps === 0) return start;
  let e = state.head;
  for (let i = state.args.length - 1; i >= 0; i--) e = terms.app(e, state.args[i]!);
  return e;
}

/** @returns whether there was anything to reduce */
function step(k: Kernel, state: State, start: Expr, extent: number): boolean {
  const { terms } = k;
  const { head } = state;
  switch (terms.kind(head)) {
    case LAM:
      return stepBeta(k, state);
    case LET:
      state.head = k.rewriter.instantiate(terms.letBody(head), [terms.letValue(head)]);
      return true;
    case PROJ:
      return stepProjection(k, state, start, extent === CHEAP);
    case CONST: {
      const constant = k.environment.get(terms.name(head));
      if (constant?.kind === "recursor") return stepRecursor(k, constant, state);
      return constant?.kind === "quotient" && stepQuotient(k, constant.role, state);
    }
    default:
      return false;
  }
}

/** Takes as many arguments as there are lambdas. */
function stepBeta(k: Kernel, state: State): boolean {
  const { terms } = k;
  const { args } = state;
  const taken: Expr[] = [];
  let { head } = state;
  while (terms.kind(head) === LAM && args.length > 0) {
    taken.push(args.pop()!);
    head = terms.right(head);
  }
  if (taken.length === 0) return false;
  state.head = k.rewriter.instantiate(head, taken);
  return true;
}

function stepProjection(k: Kernel, state: State, start: Expr, cheap: boolean): boolean {
  const e = state.head;
  // Asked for by itself its answer is remembered; but not while it is what is being asked.
  const reduced = e === start ? reduceProjection(k, e, cheap) : cheap ? k.cheap(e) : k.core(e);
  if (reduced === undefined || reduced === e) return false;
  state.head = reduced;
  return true;
}

function reduceProjection(k: Kernel, e: Expr, cheap: boolean): Expr | undefined {
  const { terms } = k;
  const operand = terms.left(e);
  const [name, index] = terms.field(e);
  let structure = cheap ? k.cheap(operand) : k.whnf(operand);
  if (terms.kind(structure) === STR) structure = k.whnf(textConstructor(k, terms.text(structure)));
  const head = terms.head(structure);
  const constructor = terms.kind(head) === CONST ? k.environment.get(terms.name(head)) : undefined;
  if (constructor?.kind !== "constructor" || constructor.inductive !== name) return undefined;
  return terms.args(structure)[constructor.paramCount + index];
}

function stepRecursor(k: Kernel, recursor: Recursor, state: State): boolean {
  const { terms } = k;
  const { head, args } = state;
  const { paramCount, motiveCount, minorCount, indexCount } = recursor;
  const firstIndex = paramCount + motiveCount + minorCount;
  const majorAt = args.length - 1 - firstIndex - indexCount;
  const major = args[majorAt];
  if (major === undefined) return false;
  const inductive = k.environment.targetOf(recursor, k.terms);
  const built =
    (recursor.isK ? rebuildForK(k, inductive, major) : undefined) ?? buildMajor(k, head, inductive, major);
  const builtHead = terms.head(built);
  if (terms.kind(builtHead) !== CONST) return false;
  const constructor = terms.name(builtHead);
  const rule = recursor.rules.find((each) => each.constructor === constructor);
  if (rule === undefined) return false;
  const fields = terms.args(built);
  // The parameters of a constructor are not fields.
  if (fields.length < rule.fieldCount) return false;
  const outer = args.slice(args.length - firstIndex);
  args.length = majorAt;
  for (let i = 1; i <= rule.fieldCount; i++) args.push(fields[fields.length - i]!);
  for (const arg of outer) args.push(arg);
  state.head = k.ruleValue(head, recursor, rule);
  return true;
}

function buildMajor(k: Kernel, recursor: Expr, inductive: number, major: Expr): Expr {
  const { terms } = k;
  const e = k.whnf(major);
  const kind = terms.kind(e);
  if (kind === NAT) return natConstructor(k, terms.number(e));
  if (kind === STR) return k.whnf(textConstructor(k, terms.text(e)));
  return rebuildStructure(k, inductive, e) ?? unrollAcc(k, recursor, inductive, e) ?? e;
}

/**
 * For a proposition with one constructor without fields: any proof of the right type is that constructor. A type that is
 * wrongly found to fit permits a cast between any two types.
 */
function rebuildForK(k: Kernel, inductive: number, major: Expr): Expr | undefined {
  const { terms } = k;
  const type = k.whnf(k.infer(major));
  const head = terms.head(type);
  if (terms.kind(head) !== CONST || terms.name(head) !== inductive) return undefined;
  const declared = k.environment.get(inductive);
  const constructor = declared?.kind === "inductive" ? declared.constructors[0] : undefined;
  if (declared?.kind !== "inductive" || constructor === undefined) return undefined;
  const params = terms.args(type).slice(0, declared.paramCount);
  const made = terms.apps(terms.constant(constructor, terms.list(head)), params);
  return k.isEqual(type, k.infer(made)) ? made : undefined;
}

/** Eta for structures: a value that is no constructor application is the constructor applied to its projections. */
function rebuildStructure(k: Kernel, inductive: number, e: Expr): Expr | undefined {
  const { terms } = k;
  const structure = k.environment.structureOf(inductive);
  if (structure === undefined) return undefined;
  const eHead = terms.head(e);
  if (terms.kind(eHead) === CONST && terms.name(eHead) === structure.constructor.name) return undefined;
  const type = k.whnf(k.infer(e));
  const head = terms.head(type);
  if (terms.kind(head) !== CONST || terms.name(head) !== inductive) return undefined;
  // Not for what may be a proof: a wrong "data" permits to take its fields out of a proof.
  const level = universeOf(k, type);
  if (level === undefined || k.levels.isZero(level)) return undefined;
  const { name, paramCount, fieldCount } = structure.constructor;
  const params = terms.args(type).slice(0, paramCount);
  const made = terms.apps(terms.constant(name, terms.list(head)), params);
  const fields = Array.from({ length: fieldCount }, (_, i) => terms.proj(inductive, i, e));
  return terms.apps(made, fields);
}

function stepQuotient(k: Kernel, role: Quotient["role"], state: State): boolean {
  const { terms } = k;
  const { args } = state;
  if (role === "type" || role === "ctor") return false;
  const valueAt = args.length - 1 - (role === "lift" ? 5 : 4);
  const f = args[args.length - 1 - 3];
  const value = args[valueAt];
  if (value === undefined || f === undefined) return false;
  const made = k.whnf(value);
  const head = terms.head(made);
  if (terms.kind(head) !== CONST || terms.name(head) !== k.known.quotMk) return false;
  const [, , of, ...more] = terms.args(made);
  if (of === undefined || more.length > 0) return false;
  if (k.environment.get(k.known.quotMk)?.kind !== "quotient") return false;
  args.length = valueAt;
  args.push(of);
  state.head = f;
  return true;
}

/** The definition or theorem that `e` applies, when it may be unfolded: an opaque never is. */
export function unfoldable(k: Kernel, e: Expr): Valued | undefined {
  const head = k.terms.head(e);
  if (k.terms.kind(head) !== CONST) return undefined;
  const constant = k.environment.get(k.terms.name(head));
  return constant?.kind === "definition" || constant?.kind === "theorem" ? constant : undefined;
}

function isUnfoldable(k: Kernel, constant: Expr): boolean {
  const kind = k.environment.get(k.terms.name(constant))?.kind;
  return kind === "definition" || kind === "theorem";
}

/** `e`, which applies a definition, with the value of that. */
export function unfold(k: Kernel, e: Expr): Expr {
  const { terms } = k;
  const head = terms.head(e);
  const value = k.constantValue(head);
  return head === e ? value : terms.apps(value, terms.args(e));
}
