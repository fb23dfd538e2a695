// Checks a whole export, line by line, and reports on it.
import { Account, type AccountOptions } from "./account.ts";
import {
  OPERATION_NAMES,
  isStandardOperation,
  nameOfOperation,
  type OperationName,
} from "./declare/accelerate.ts";
import {
  BYTES_AN_EXPRESSION,
  Judge,
  faultOf,
  type Accelerated,
  type SharedDevelopment,
} from "./declare/judge.ts";
import { Fault, giveUp } from "./fault.ts";
import { constantsOf, type Declaration } from "./read/constants.ts";
import { Declarations } from "./read/declarations.ts";
import { LineSplitter } from "./read/lines.ts";
import { ExportReader } from "./read/reader.ts";
import { STATUS, type Problem, type Progress, type Report, type TheoremReport } from "./report.ts";
import { Levels } from "./terms/levels.ts";
import { Names, formatName } from "./terms/names.ts";
import { Terms } from "./terms/terms.ts";

export interface ExportCheckOptions extends AccountOptions {
  /** Axioms that theorems may rest on whatever they say, besides the three of standard Lean as stated there. */
  readonly allowAxioms?: readonly string[];
  /**
   * Work allowed for one declaration, in expressions made and steps taken (some millions a second); default 2,000,000,000.
   * So one verdict does not depend on the work for others.
   */
  readonly workMax?: number;
  /** Bytes allowed for the export and for what one declaration needs; default 4 GiB. */
  readonly memoryMax?: number;
  /** Whether theorems and axioms are reported with their statements, or of which names; default true. */
  readonly statements?: boolean | ((name: string) => boolean);
  /** Told before each declaration is checked: its name, and how many were before it. */
  readonly onStart?: (progress: Progress) => void;
  /** Told after each declaration. */
  readonly onDeclaration?: (progress: Progress) => void;
  /** Told of each theorem in order; the report has none then. */
  readonly onTheorem?: (theorem: TheoremReport) => void;
  /** Asked now and then; gives up by throwing a fault, as for a limit of time. */
  readonly look?: () => void;
}

const WORK_MAX = 2_000_000_000;
const MEMORY_MAX = 4 * 2 ** 30;

/** The state of one check; a line is pushed at a time. */
export class Checker {
  readonly #options: ExportCheckOptions;
  readonly #names = new Names();
  readonly #terms = new Terms(new Levels());
  readonly #declarations = new Declarations(this.#terms.levels);
  readonly #reader = new ExportReader(this.#names, this.#terms);
  readonly #judge: Judge;
  readonly #account: Account;
  readonly #memoryMax: number;
  /** Operations that are declared and not seen to be standard, with the order of their declarations. */
  readonly #waiting = new Map<OperationName, number>();
  #isPreparing = false;
  #isPrepared = false;
  readonly #accelerated: Accelerated[] = [];
  readonly #operations: ReadonlyMap<number, OperationName>;
  readonly #lines = new LineSplitter();
  #line = 0;
  #judged = 0;
  /** Of a declaration. */
  #problem: Problem | undefined;
  /** Of a line; what was declared before it counts first. */
  #lineProblem: Problem | undefined;

  constructor(options: ExportCheckOptions = {}) {
    this.#options = options;
    this.#memoryMax = options.memoryMax ?? MEMORY_MAX;
    const limits = {
      workMax: options.workMax ?? WORK_MAX,
      memoryMax: this.#memoryMax,
      ...(options.look === undefined ? {} : { look: options.look }),
    };
    this.#judge = new Judge(this.#names, this.#terms, this.#declarations, limits);
    this.#account = new Account(this.#judge, this.#reader.spellings, options);
    const { kernel } = this.#judge;
    this.#operations = new Map(OPERATION_NAMES.map((name) => [nameOfOperation(kernel, name), name]));
  }

  /**
   * Takes bytes or text cut anywhere.
   * @param isJudging whether declarations are judged as they come; else their verdicts go to `settle`
   * @returns whether to go on: not after a problem
   */
  push(chunk: Uint8Array | string, isJudging = true): boolean {
    try {
      if (this.#isGoing) this.#lines.push(chunk, (...line) => this.#take(...line, isJudging));
    } catch (error) {
      this.fail(error);
    }
    return this.#isGoing;
  }

  /** Takes the last line, where no line feed ended it. */
  end(isJudging = true): void {
    if (this.#isGoing) this.#lines.end((...line) => this.#take(...line, isJudging));
  }

  get #isGoing(): boolean {
    return this.#problem === undefined && this.#lineProblem === undefined;
  }

  /** Records a problem of the input itself. */
  fail(error: unknown): void {
    this.#lineProblem ??= problemOf(faultOf(error), this.#line + 1);
  }

  #take(bytes: Uint8Array, start: number, end: number, isJudging: boolean): boolean {
    this.#line++;
    try {
      const declarations = this.#reader.readLine(bytes, start, end);
      if (this.#terms.kept * BYTES_AN_EXPRESSION > this.#memoryMax)
        giveUp("Cannot check within the memory allowed");
      if (declarations === undefined) return true;
      for (const declaration of declarations) {
        this.#declarations.add(declaration, this.#line, this.#terms.kept);
        if (isJudging && !this.settle(this.#judgeNext(declaration))) return false;
      }
    } catch (error) {
      this.#lineProblem = problemOf(faultOf(error), this.#line);
    }
    return this.#isGoing;
  }

  #judgeNext(declaration: Declaration): Fault | undefined {
    this.#tell(this.#options.onStart, declaration);
    return this.#judge.judge(this.#judged);
  }

  /** How many declarations have been read. */
  get count(): number {
    return this.#declarations.count;
  }

  /**
   * Takes the verdict on the next declaration, in order: its fault or undefined.
   * @returns whether to go on
   */
  settle(verdict: Fault | undefined): boolean {
    const order = this.#judged;
    const line = this.#declarations.lineOf(order);
    const declaration = this.#declarations.get(order);
    const fault = verdict ?? this.#account.enter(order, declaration, line);
    if (fault !== undefined) {
      const isWorded = verdict?.kind === "rejected" && verdict.reason !== "duplicate-declaration";
      const worded = isWorded ? this.#judge.explain(order, this.#account.bindersOf(declaration)) : undefined;
      // Should it not be refused again for the same reason, the words of the verdict stand.
      const told = worded?.reason === fault.reason ? worded : fault;
      this.#problem = problemOf(told, line, this.#nameOf(declaration));
      return false;
    }
    if (!this.#isPrepared) this.#noteOperations(order, declaration);
    this.#judged++;
    this.#tell(this.#options.onDeclaration, declaration);
    return true;
  }

  /** Tries to show that operations are standard, once they are declared. */
  #noteOperations(order: number, declaration: Declaration): void {
    if (declaration.kind !== "definition") return;
    const operation = this.#operations.get(declaration.name);
    if (operation === undefined || declaration.isUnsafe) return;
    this.#waiting.set(operation, order);
    // One that is shown may be what another waits for.
    for (let isShown = true; isShown;) {
      isShown = false;
      for (const waiting of this.#waiting.keys()) {
        if (!this.#isStandard(order, waiting)) continue;
        this.#waiting.delete(waiting);
        this.#judge.accelerate(waiting, order + 1);
        this.#accelerated.push({ operation: waiting, from: order + 1 });
        isShown = true;
      }
    }
  }

  #isStandard(order: number, operation: OperationName): boolean {
    try {
      return this.#judge.ask(order, (k) => isStandardOperation(k, operation)) === true;
    } catch (error) {
      // Beforehand, definitions are looked at that have not been checked: they may be anything, and are refused in their turn.
      if (this.#isPreparing) return false;
      throw error;
    }
  }

  /**
   * For other threads, once all has been read: what they judge with. Verdicts go to `settle`, in order. Operations are
   * looked at beforehand: should a declaration that they rest on be refused, so is all that follows it.
   */
  share(threads: number): SharedDevelopment {
    this.#isPreparing = true;
    for (let order = 0; order < this.count; order++)
      this.#noteOperations(order, this.#declarations.get(order));
    this.#isPreparing = false;
    this.#isPrepared = true;
    return {
      names: this.#names.share(),
      terms: this.#terms.share(threads + 1),
      declarations: this.#declarations.share(),
      accelerated: this.#accelerated,
    };
  }

  finish(): Report {
    if (this.#isGoing && this.#reader.meta === undefined) {
      this.fail(new Fault("format", "not-an-export", "Cannot read the file: it is empty"));
    }
    const problem = this.#problem ?? this.#lineProblem;
    const judged = this.#judged;
    const { meta } = this.#reader;
    return {
      status: problem === undefined ? "accepted" : STATUS[problem.kind],
      ...(meta === undefined ? {} : { meta }),
      // What follows a problem was not looked at, whether it has been read or not.
      lines: problem?.line ?? this.#line,
      counts: this.#account.counts,
      theorems: this.#account.theorems,
      axioms: this.#account.axioms,
      used: this.#account.used,
      accelerated: this.#accelerated
        .filter(({ from }) => from <= judged)
        .map(({ operation }) => `Nat.${operation}`),
      unaccelerated: [...this.#waiting]
        .filter(([, order]) => order < judged)
        .map(([operation]) => `Nat.${operation}`),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #nameOf(declaration: Declaration): string {
    const [constant] = constantsOf(declaration);
    return constant === undefined ? "" : formatName(this.#names, constant.name);
  }

  #tell(listener: ExportCheckOptions["onStart"], declaration: Declaration): void {
    if (listener === undefined) return;
    const name = this.#nameOf(declaration);
    listener({ line: this.#declarations.lineOf(this.#judged), name, declarations: this.#judged });
  }
}

function problemOf({ kind, reason, message }: Fault, line: number, declaration?: string): Problem {
  return { kind, reason, message, line, ...(declaration === undefined ? {} : { declaration }) };
}

/** Checks an export held in memory or read piece by piece: texts, lines or bytes, cut anywhere. */
export function check(input: Iterable<Uint8Array | string>, options: ExportCheckOptions = {}): Report {
  const checker = new Checker(options);
  try {
    for (const chunk of input) if (!checker.push(chunk)) return checker.finish();
    checker.end();
  } catch (error) {
    checker.fail(error);
  }
  return checker.finish();
}

/** As `check`, for a stream. */
export async function checkStream(
  input: AsyncIterable<Uint8Array | string>,
  options: ExportCheckOptions = {},
): Promise<Report> {
  const checker = new Checker(options);
  try {
    for await (const chunk of input) if (!checker.push(chunk)) return checker.finish();
    checker.end();
  } catch (error) {
    checker.fail(error);
  }
  return checker.finish();
}
