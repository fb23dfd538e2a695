// The verdict on one declaration, which depends on that declaration and on those before it alone. Each thread has a judge.
import { constantsOf } from "#lean/read/constants.ts";
import { Declarations, type SharedDeclarations } from "#lean/read/declarations.ts";
import { Levels } from "#lean/terms/levels.ts";
import type { Expr } from "#lean/terms/kind.ts";
import { Names, type Name, type SharedNames } from "#lean/terms/names.ts";
import { REGION_SIZE, Terms, type SharedTerms } from "#lean/terms/terms.ts";
import { Fault, giveUp } from "#lean/fault.ts";
import { KernelDriver } from "#lean/judge/engine.ts";
import { isProposition, type Kernel } from "#lean/judge/kernel.ts";
import { accelerate, type OperationName } from "./accelerate.ts";
import { checkFreshNames, declare, isExcluded } from "./declare.ts";
import { describeWay } from "./way.ts";

export interface JudgeLimits {
  /** Expressions made and steps taken for one declaration. */
  readonly workMax: number;
  /** Bytes of everything. */
  readonly memoryMax: number;
  /** Asked now and then; gives up by throwing. */
  readonly look?: () => void;
}

/** An operation that is computed directly, from that declaration on. */
export interface Accelerated {
  readonly operation: OperationName;
  readonly from: number;
}

/** What threads share, once all lines have been read. */
export interface SharedDevelopment {
  readonly names: SharedNames;
  readonly terms: SharedTerms;
  readonly declarations: SharedDeclarations;
  readonly accelerated: readonly Accelerated[];
}

/** Bytes that an expression of the export takes with its index, spelling and place in tables. */
export const BYTES_AN_EXPRESSION = 64;
/** Bytes that an expression takes that is made in a check, with its place in tables. */
const BYTES_MADE = 32;

export class Judge {
  readonly names: Names;
  readonly terms: Terms;
  readonly declarations: Declarations;
  readonly #limits: JudgeLimits;
  readonly #engine: KernelDriver;

  constructor(names: Names, terms: Terms, declarations: Declarations, limits: JudgeLimits) {
    this.names = names;
    this.terms = terms;
    this.declarations = declarations;
    this.#limits = limits;
    this.#engine = new KernelDriver(names, terms, declarations, { workMax: limits.workMax, bytesMax: 0 });
  }

  /** Of another thread, by its number from 1. */
  static attach(shared: SharedDevelopment, thread: number, limits: JudgeLimits): Judge {
    const levels = new Levels(shared.terms.levels);
    const start = shared.terms.count + thread * REGION_SIZE;
    const terms = new Terms(levels, shared.terms, { start });
    const judge = new Judge(
      new Names(shared.names),
      terms,
      new Declarations(levels, shared.declarations),
      limits,
    );
    for (const { operation, from } of shared.accelerated) judge.accelerate(operation, from);
    return judge;
  }

  get kernel(): Kernel {
    return this.#engine.kernel;
  }

  /** @returns why the declaration of that order is not accepted, undefined when it is */
  judge(order: number): Fault | undefined {
    const { kernel } = this.#engine;
    const declaration = this.declarations.get(order);
    return this.#try(order, () => {
      checkFreshNames(kernel, declaration);
      if (!isExcluded(declaration)) declare(kernel, declaration);
    });
  }

  /**
   * Judges a declaration that is refused once more, for its message.
   * @param names of bound variables, by binder
   * @returns the fault, in words with these names and with the way to where it lies
   */
  explain(order: number, names: Map<Expr, Name>): Fault | undefined {
    const { kernel } = this.#engine;
    const declaration = this.declarations.get(order);
    const trace: Expr[] = [];
    let way = "";
    kernel.hints.open(names);
    this.#engine.trace = trace;
    const fault = this.#try(order, () => {
      trace.length = 0;
      try {
        declare(kernel, declaration);
      } catch (error) {
        if (error instanceof Fault) way = describeWay(kernel, declaration, trace.toReversed());
        throw error;
      }
    });
    this.#engine.trace = undefined;
    kernel.hints.open(undefined);
    return fault && new Fault(fault.kind, fault.reason, fault.message + way);
  }

  /** Whether the type of a constant of that declaration is a proposition; asked only of accepted ones. */
  isProof(order: number): boolean {
    const [constant] = constantsOf(this.declarations.get(order));
    let answer = true;
    const fault = this.#try(order, () => {
      answer = constant === undefined || isProposition(this.kernel, constant.type);
    });
    // Should it not be known, it counts as one: then what it rests on is asked.
    return fault === undefined ? answer : true;
  }

  /** Runs a question after the declaration of that order. */
  ask<T>(order: number, question: (k: Kernel) => T): T | undefined {
    let answer: T | undefined;
    this.#try(order + 1, () => (answer = question(this.kernel)));
    return answer;
  }

  /** From that declaration on the operation is computed directly. */
  accelerate(operation: OperationName, from: number): void {
    accelerate(this.kernel, operation, from);
  }

  #try(order: number, task: () => unknown): Fault | undefined {
    const { count } = this.declarations;
    const visible = order < count ? this.declarations.visibleTo(order) : this.terms.kept;
    const bytesMax = this.#limits.memoryMax - visible * BYTES_AN_EXPRESSION;
    this.#engine.limits = { ...this.#limits, bytesMax };
    this.terms.scratchMax = Math.max(0, Math.min(REGION_SIZE, Math.floor(bytesMax / BYTES_MADE)));
    try {
      this.#engine.run(order, visible, task);
      return undefined;
    } catch (error) {
      return faultOf(error);
    }
  }
}

/** @throws what is no fault of an export: a bug of ours */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  // Too deep or too large for the engine: nothing is known about the declaration.
  if (error instanceof RangeError) {
    try {
      return giveUp("Cannot check so large an expression");
    } catch (fault) {
      if (fault instanceof Fault) return fault;
    }
  }
  throw error;
}
