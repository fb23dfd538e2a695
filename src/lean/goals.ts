// The judgements of the kernel, remembered, and safe at any depth: nothing here can overflow the native stack.
//
// The parts of the kernel call each other recursively. When calls are nested deeper than DEPTH_MAX, the innermost
// question is put on an explicit stack and the whole nest is abandoned by an exception. The question is then answered
// from the bottom of the native stack, its answer is remembered, and the abandoned question is asked again: it now gets
// past that point. As expressions are hash-consed and free variables are named by what is opened, asking again
// meets the same objects.
import type { Environment } from "./environment.ts";
import { decideEqual } from "./equal.ts";
import { APP, CONST, LET, PROJ, memoOf, type Expr } from "./expr.ts";
import { giveUp } from "./fault.ts";
import { inferType } from "./infer.ts";
import { createKnownNames, type Kernel } from "./kernel.ts";
import { Levels } from "./level.ts";
import { Names } from "./name.ts";
import { reduce, reduceCore } from "./reduce.ts";
import { Rewriter } from "./rewrite.ts";
import { Terms } from "./terms.ts";

const DEPTH_MAX = 160;
const PENDING_MAX = 200_000;
/** Expressions of one declaration after which answers are forgotten to free memory, and again at each doubling. */
const TEMPORARY_MAX = 3_000_000;
const TEMPORARY_LIMIT = 24_000_000;
/** Expressions that may stay after a declaration for the next ones. */
const LEFT_OVER_MAX = 150_000;

type Judgement = "whnf" | "core" | "infer" | "check" | "equal";

interface Goal {
  readonly judgement: Judgement;
  readonly a: Expr;
  readonly b: Expr;
}

/** Thrown to abandon a nest of calls; the question to answer first is in the driver's hands. */
const abandoned = Symbol("abandoned");

/** The kernel, and what drives it. */
export class Engine {
  readonly kernel: Kernel;
  readonly #workMax: number;
  #depth = 0;
  #steps = 0;
  #next: Goal | undefined;
  #pending = 0;
  #temporaryMax = TEMPORARY_MAX;
  /**
   * Answers of the present declaration to "are these two equal", by the ids of exactly these two. Nothing is concluded
   * from two answers: equality as it is decided is not transitive, and what a = b and b = c together permit must not
   * depend on whether somebody has asked. A wrong answer here permits any conversion. Free variables carry their types, so
   * a pair stands for one local context.
   */
  readonly #equal = new Map<number, Map<number, boolean>>();

  /** @param workMax how many expressions may be made and steps taken in all before the check is given up */
  constructor(workMax: number) {
    this.#workMax = workMax;
    const names = new Names();
    const levels = new Levels();
    const terms = new Terms(names.anonymous);
    this.kernel = {
      names,
      levels,
      terms,
      known: createKnownNames(names),
      rewriter: new Rewriter(terms, levels),
      environment: new Map() as Environment,
      excluded: new Set(),
      nestedRoot: names.fresh("_nested"),
      accelerated: new Map(),
      literals: { textMaker: undefined },
      spend: () => this.#spend(),
      whnf: (e) => this.#whnf(e),
      core: (e) => this.#core(e),
      infer: (e) => this.#infer(e),
      check: (e) => this.#check(e),
      isEqual: (a, b) => this.#isEqual(a, b),
    };
  }

  /** Runs `task`, which may ask any question; it is run again from its start after each question that lay too deep. */
  run<T>(task: () => T): T {
    this.#temporaryMax = TEMPORARY_MAX;
    for (;;) {
      const outcome = this.#attempt(task);
      if (outcome !== undefined) return outcome.value;
      this.#answer();
    }
  }

  /** Forgets what only the last declaration needed, when that has become much. */
  settle(): void {
    // A verdict must not depend on what was asked for an earlier declaration.
    this.#equal.clear();
    if (this.kernel.terms.temporary > LEFT_OVER_MAX) this.#forget(false);
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
      this.#pending = stack.length;
      if (this.#attempt(() => this.#ask(goal)) !== undefined) stack.pop();
    }
  }

  #ask({ judgement, a, b }: Goal): unknown {
    return judgement === "equal" ? this.#isEqual(a, b) : this.kernel[judgement](a);
  }

  #enter(judgement: Judgement, a: Expr, b: Expr): void {
    const { terms } = this.kernel;
    this.#spend();
    if (terms.temporary > this.#temporaryMax) this.#forget(true);
    if (++this.#depth <= DEPTH_MAX) return;
    this.#next = { judgement, a, b };
    throw abandoned;
  }

  #spend(): void {
    if (++this.#steps + this.kernel.terms.created > this.#workMax) {
      giveUp(`Cannot check within ${this.#workMax} expressions and steps`);
    }
  }

  #forget(midway: boolean): void {
    const { terms } = this.kernel;
    if (midway) {
      // Abandoned questions would be asked of new objects: each time let more be remembered, so that they come to an end.
      if (this.#pending > 0) this.#temporaryMax *= 2;
      if (this.#temporaryMax > TEMPORARY_LIMIT) giveUp("Cannot check within the memory allowed");
    }
    terms.forget(midway);
    this.#equal.clear();
  }

  #whnf(e: Expr): Expr {
    if (e.kind !== APP && e.kind !== CONST && e.kind !== LET && e.kind !== PROJ) return e;
    const known = e.memo?.weak;
    if (known !== undefined) return known;
    this.#enter("whnf", e, e);
    const answer = reduce(this.kernel, e);
    this.#depth--;
    return (memoOf(e).weak = answer);
  }

  #core(e: Expr): Expr {
    if (e.kind !== APP && e.kind !== LET && e.kind !== PROJ) return e;
    const known = e.memo?.core;
    if (known !== undefined) return known;
    this.#enter("core", e, e);
    const answer = reduceCore(this.kernel, e, false);
    this.#depth--;
    return (memoOf(e).core = answer);
  }

  #infer(e: Expr): Expr {
    const known = e.memo?.type ?? e.memo?.checked;
    if (known !== undefined) return known;
    this.#enter("infer", e, e);
    const answer = inferType(this.kernel, e, false);
    this.#depth--;
    return (memoOf(e).type = answer);
  }

  #check(e: Expr): Expr {
    const known = e.memo?.checked;
    if (known !== undefined) return known;
    this.#enter("check", e, e);
    const answer = inferType(this.kernel, e, true);
    this.#depth--;
    return (memoOf(e).checked = answer);
  }

  #isEqual(a: Expr, b: Expr): boolean {
    if (a === b) return true;
    const known = this.#equal.get(a.id)?.get(b.id);
    if (known !== undefined) return known;
    this.#enter("equal", a, b);
    const answer = decideEqual(this.kernel, a, b);
    this.#depth--;
    const others = this.#equal.get(a.id);
    if (others === undefined) this.#equal.set(a.id, new Map([[b.id, answer]]));
    else others.set(b.id, answer);
    return answer;
  }
}
