// The judgements of the kernel, remembered, and safe at any depth: nothing here can overflow the native stack.
//
// The parts of the kernel call each other recursively. When calls are nested deeper than DEPTH_MAX, the innermost
// question is put on an explicit stack and the whole nest is abandoned by an exception. The question is then answered
// from the bottom of the native stack, its answer is remembered, and the abandoned question is asked again: it now gets
// past that point. As expressions are hash-consed and free variables are named by what is opened, asking again
// meets the same numbers.
//
// All answers are of one declaration: what is remembered is emptied before the next one. Each answer depends on the very
// question alone, so that remembering changes no verdict.
import { APP, CONST, FVAR, LET, PROJ, type Expr } from "#lean/terms/kind.ts";
import { Hints } from "#lean/terms/hints.ts";
import { NONE, NumberMap, PairMap } from "#lean/terms/map.ts";
import type { Names } from "#lean/terms/names.ts";
import { Rewriter } from "#lean/terms/rewrite.ts";
import { EMPTY_SCOPE, Scopes, type Scope } from "#lean/terms/scopes.ts";
import type { Terms } from "#lean/terms/terms.ts";
import type { Recursor, RecursorRule } from "#lean/read/constants.ts";
import type { Declarations } from "#lean/read/declarations.ts";
import { Fault, giveUp } from "#lean/fault.ts";
import { KernelEnvironment } from "./environment.ts";
import { decideEqual } from "./equal.ts";
import { declaredType, inferType } from "./infer.ts";
import { createKnownNames, type Kernel } from "./kernel.ts";
import { CHEAP, CORE_STEPS, FULL, reduce } from "./reduce.ts";

/**
 * How deep calls may be nested where each is made. What others ask in passing may go deeper: else a nest would be abandoned
 * at its end once for each small question.
 */
const DEPTH_MAX: Readonly<Record<Judgement, number>> = {
  equal: 180,
  check: 180,
  infer: 200,
  whnf: 220,
  core: 230,
  cheap: 230,
};
const PENDING_MAX = 2_000_000;
/** Between two looks at the caller's clock. */
const STEPS_BETWEEN_LOOKS = 1 << 14;

type Judgement = "whnf" | "core" | "cheap" | "infer" | "check" | "equal";

interface Goal {
  readonly judgement: Judgement;
  readonly a: Expr;
  /** The other expression, or the scope. */
  readonly b: number;
}

export interface WorkLimits {
  /** Expressions made and steps taken for one declaration. */
  readonly workMax: number;
  /** Bytes of all that is made for one declaration. */
  readonly bytesMax: number;
  /** Asked now and then; gives up by throwing. */
  readonly look?: () => void;
}

/** Thrown to abandon a nest of calls; the question to answer first is in the driver's hands. */
const abandoned = Symbol("abandoned");

/** The kernel, and what drives it. */
export class KernelDriver {
  readonly kernel: Kernel;
  limits: WorkLimits;
  /** Where a refusal is worded: the expressions in which it lies, the innermost first. */
  trace: Expr[] | undefined;
  #depth = 0;
  #steps = 0;
  #nextLook = STEPS_BETWEEN_LOOKS;
  #next: Goal | undefined;
  // A wrong answer in any of these permits a proof of anything. Keys are numbers of expressions (and scopes): two that have
  // one number are the same but for names of bound variables.
  readonly #whnfs = new NumberMap();
  readonly #cores = new NumberMap();
  readonly #cheaps = new NumberMap();
  readonly #types = new PairMap();
  readonly #checked = new PairMap();
  readonly #constantTypes = new NumberMap();
  readonly #constantValues = new NumberMap();
  readonly #ruleValues = new PairMap();
  /**
   * Whether exactly these two are equal. Nothing is concluded from two answers: equality as it is decided is not
   * transitive, and what a = b and b = c together permit must not depend on whether somebody has asked.
   */
  readonly #equal = new PairMap();

  constructor(names: Names, terms: Terms, declarations: Declarations, limits: WorkLimits) {
    this.limits = limits;
    const scopes = new Scopes(terms);
    const hints = new Hints();
    const rewriter = new Rewriter(terms, scopes, hints, new Rewriter(terms, scopes, hints));
    this.kernel = {
      names,
      levels: terms.levels,
      terms,
      scopes,
      known: createKnownNames(names),
      rewriter,
      hints,
      replacer: new Rewriter(terms, scopes, hints),
      environment: new KernelEnvironment(declarations),
      accelerated: new Map(),
      isUnrolling: false,
      spend: () => this.#spend(),
      whnf: (e) => this.#whnf(e),
      core: (e) => this.#core(e),
      cheap: (e) => this.#cheap(e),
      infer: (e, scope = EMPTY_SCOPE) => this.#infer(e, scope),
      check: (e, scope = EMPTY_SCOPE) => this.#check(e, scope),
      isEqual: (a, b) => this.#isEqual(a, b),
      constantType: (e) => this.#constantType(e),
      constantValue: (e) => this.#constantValue(e),
      ruleValue: (e, recursor, rule) => this.#ruleValue(e, recursor, rule),
    };
  }

  /** Expressions made and steps taken since `run` began. */
  get work(): number {
    return this.#steps + this.kernel.terms.made;
  }

  get #bytes(): number {
    const maps = [this.#whnfs, this.#cores, this.#cheaps, this.#types, this.#checked, this.#equal];
    return (
      this.kernel.terms.scratchBytes +
      this.kernel.scopes.bytes +
      maps.reduce((sum, { bytes }) => sum + bytes, 0)
    );
  }

  /**
   * Runs `task` for the declaration of that order; the task may ask any question. It is run again from its start after each
   * question that lay too deep. Everything that it made is gone afterwards.
   */
  run<T>(order: number, visible: number, task: () => T): T {
    const { environment, terms } = this.kernel;
    this.#steps = 0;
    this.#nextLook = Math.min(STEPS_BETWEEN_LOOKS, this.limits.workMax);
    terms.mark(visible);
    try {
      for (;;) {
        environment.open(order);
        this.kernel.names.forgetFresh();
        const outcome = this.#attempt(task);
        if (outcome !== undefined) {
          this.#lookAround();
          return outcome.value;
        }
        this.#answer();
      }
    } finally {
      this.#forget();
    }
  }

  #forget(): void {
    for (const map of [this.#whnfs, this.#cores, this.#cheaps, this.#types, this.#checked, this.#equal])
      map.clear();
    this.#constantTypes.clear();
    this.#constantValues.clear();
    this.#ruleValues.clear();
    this.kernel.scopes.forget();
    this.kernel.terms.forget();
    this.#next = undefined;
  }

  #attempt<T>(task: () => T): { value: T } | undefined {
    this.#depth = 0;
    try {
      return { value: task() };
    } catch (error) {
      if (error !== abandoned) throw error;
      return undefined;
    }
  }

  /** Answers the question that was left, and those it leads to, innermost first. */
  #answer(): void {
    const stack: Goal[] = [];
    for (;;) {
      if (this.#next !== undefined) stack.push(this.#next);
      this.#next = undefined;
      const goal = stack.at(-1);
      if (goal === undefined) return;
      if (stack.length > PENDING_MAX) giveUp("Cannot check so deep an expression");
      if (this.#attempt(() => this.#ask(goal)) !== undefined) stack.pop();
    }
  }

  #ask({ judgement, a, b }: Goal): unknown {
    switch (judgement) {
      case "equal":
        return this.#isEqual(a, b);
      case "infer":
      case "check":
        return this.kernel[judgement](a, b);
      default:
        return this.kernel[judgement](a);
    }
  }

  #enter(judgement: Judgement, a: Expr, b: number): void {
    this.#spend();
    if (++this.#depth <= DEPTH_MAX[judgement]) return;
    this.#next = { judgement, a, b };
    throw abandoned;
  }

  #spend(): void {
    if (++this.#steps < this.#nextLook) return;
    this.#nextLook = this.#steps + STEPS_BETWEEN_LOOKS;
    this.#lookAround();
  }

  #lookAround(): void {
    const { workMax, bytesMax, look } = this.limits;
    if (this.work > workMax) giveUp("Cannot check within the work allowed");
    if (this.#bytes > bytesMax) giveUp("Cannot check within the memory allowed");
    look?.();
  }

  #whnf(e: Expr): Expr {
    const kind = this.kernel.terms.kind(e);
    if (kind !== APP && kind !== CONST && kind !== LET && kind !== PROJ) return e;
    const known = this.#whnfs.get(e);
    if (known !== NONE) return known;
    this.#enter("whnf", e, e);
    const answer = reduce(this.kernel, e, FULL);
    this.#depth--;
    this.#whnfs.set(e, answer);
    return answer;
  }

  #core(e: Expr): Expr {
    const kind = this.kernel.terms.kind(e);
    if (kind !== APP && kind !== LET && kind !== PROJ) return e;
    const known = this.#cores.get(e);
    if (known !== NONE) return known;
    this.#enter("core", e, e);
    const answer = reduce(this.kernel, e, CORE_STEPS);
    this.#depth--;
    this.#cores.set(e, answer);
    return answer;
  }

  #cheap(e: Expr): Expr {
    const kind = this.kernel.terms.kind(e);
    if (kind !== APP && kind !== LET && kind !== PROJ) return e;
    const known = this.#cheaps.get(e);
    if (known !== NONE) return known;
    this.#enter("cheap", e, e);
    const answer = reduce(this.kernel, e, CHEAP);
    this.#depth--;
    this.#cheaps.set(e, answer);
    return answer;
  }

  #infer(e: Expr, scope: Scope): Expr {
    const { terms } = this.kernel;
    if (terms.kind(e) === FVAR) return terms.left(e);
    const at = terms.loose(e) === 0 ? EMPTY_SCOPE : scope;
    const known = this.#types.get(e, at);
    if (known !== NONE) return known;
    const checked = this.#checked.get(e, at);
    if (checked !== NONE) return checked;
    this.#enter("infer", e, at);
    const answer = inferType(this.kernel, e, at, false);
    this.#depth--;
    this.#types.set(e, at, answer);
    return answer;
  }

  #check(e: Expr, scope: Scope): Expr {
    const { terms } = this.kernel;
    if (terms.kind(e) === FVAR) return terms.left(e);
    const at = terms.loose(e) === 0 ? EMPTY_SCOPE : scope;
    const known = this.#checked.get(e, at);
    if (known !== NONE) return known;
    this.#enter("check", e, at);
    const answer =
      this.trace === undefined ? inferType(this.kernel, e, at, true) : this.#traced(e, at, this.trace);
    this.#depth--;
    this.#checked.set(e, at, answer);
    return answer;
  }

  #traced(e: Expr, scope: Scope, trace: Expr[]): Expr {
    try {
      return inferType(this.kernel, e, scope, true);
    } catch (error) {
      if (error instanceof Fault) trace.push(e);
      throw error;
    }
  }

  #isEqual(a: Expr, b: Expr): boolean {
    if (a === b) return true;
    const known = this.#equal.get(a, b);
    if (known !== NONE) return known === 1;
    this.#enter("equal", a, b);
    const answer = decideEqual(this.kernel, a, b);
    this.#depth--;
    this.#equal.set(a, b, answer ? 1 : 0);
    return answer;
  }

  #constantType(e: Expr): Expr {
    const known = this.#constantTypes.get(e);
    if (known !== NONE) return known;
    const type = declaredType(this.kernel, e);
    this.#constantTypes.set(e, type);
    return type;
  }

  #constantValue(e: Expr): Expr {
    const known = this.#constantValues.get(e);
    if (known !== NONE) return known;
    const { environment, terms, levels, rewriter } = this.kernel;
    const constant = environment.get(terms.name(e));
    if (constant === undefined || !("value" in constant)) throw new Error("a constant without a value");
    const given = levels.items(terms.list(e));
    // Types were checked before: so many levels as parameters.
    const value = rewriter.instantiateLevels(constant.value, constant.levelParams, given);
    this.#constantValues.set(e, value);
    return value;
  }
  #ruleValue(e: Expr, { levelParams }: Recursor, { value }: RecursorRule): Expr {
    const known = this.#ruleValues.get(e, value);
    if (known !== NONE) return known;
    const { terms, levels, rewriter } = this.kernel;
    const made = rewriter.instantiateLevels(value, levelParams, levels.items(terms.list(e)));
    this.#ruleValues.set(e, value, made);
    return made;
  }
}
