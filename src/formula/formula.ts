// Evaluates formulas of claims: pure, by walking the parsed expression. What evidence and files say is asked of the
// caller, so that the same formula can be evaluated over files, over a build made again, or over values in a test.
// Arithmetic and comparisons of lists go item by item; a single value goes with every item.
import { type PipeliteError, isPipeliteError } from "#base/errors.ts";
import {
  CallProblem,
  FUNCTIONS,
  booleanValue,
  isList,
  kindOf,
  mapNumbers,
  numberValue,
  textValue,
} from "./functions.ts";
import type { Expression, Formula, Operator } from "./syntax.ts";
import type { Value } from "./value.ts";
import { pipeliteError } from "./errors.ts";

export type { Value } from "./value.ts";

export const FILE_FUNCTIONS = ["narHash", "narSize", "files", "bytes", "size", "sha256", "lines"] as const;
/** All that a formula can call. */
export function functionNames(): string[] {
  return [...Object.keys(FUNCTIONS), ...FILE_FUNCTIONS, "if", "optional", "realise"];
}
export type FileFunction = (typeof FILE_FUNCTIONS)[number];

export interface FormulaContext {
  /** The value of the n-th entry of the evidence, from 1. @throws EVIDENCE_MISSING */
  evidence: (index: number) => Value;
  /** Where the n-th entry of the evidence is, for functions of files. */
  place: (index: number) => NamedPath;
  /** The output that building a derivation again gives. */
  realise: (drvPath: string) => NamedPath;
  /** The value at `<file>#<pointer>` of a place. @throws EVIDENCE_MISSING */
  read: (place: NamedPath, reference: string) => Value;
  /** What is measured of a file or folder. */
  measure: (name: FileFunction, place: NamedPath) => Value;
  /** Names that are there besides the formula's own. */
  names?: Readonly<Record<string, Value>>;
}

/** A file or folder on disk, and what to call it. */
export interface NamedPath {
  path: string;
  shown: string;
}

/** Items of lists that one formula may look at, each time it does: ten seconds of work or so. */
const ITEMS_MAX = 20_000_000;

/** @throws FORMULA_FAILED with the place, or what the context throws. */
export function evaluate(formula: Formula, context: FormulaContext): Value {
  return new Evaluation(formula, context).run();
}

class Evaluation {
  readonly #formula: Formula;
  readonly #context: FormulaContext;
  readonly #names: Map<string, Value>;
  /** What was read of the evidence: a formula may name an entry a thousand times, and finding it in a large file takes time. */
  readonly #read = new Map<string, Value>();
  #itemsLeft = ITEMS_MAX;

  constructor(formula: Formula, context: FormulaContext) {
    this.#formula = formula;
    this.#context = context;
    this.#names = new Map(Object.entries(context.names ?? {}));
  }

  run(): Value {
    for (const { name, value } of this.#formula.definitions) this.#names.set(name, this.#value(value));
    return this.#value(this.#formula.result);
  }

  #value(expression: Expression): Value {
    try {
      return this.#unchecked(expression);
    } catch (error) {
      // A RangeError is how src/stats refuses an argument.
      if (!(error instanceof CallProblem) && !(error instanceof RangeError)) throw error;
      throw this.#failed(expression, error.message);
    }
  }

  #unchecked(expression: Expression): Value {
    switch (expression.kind) {
      case "constant":
        return expression.value;
      case "evidence":
        return this.#once(`$${expression.index}`, () => this.#context.evidence(expression.index));
      case "name": {
        const value = this.#names.get(expression.name);
        if (value === undefined) throw new CallProblem(`nothing is called ${expression.name}`);
        return value;
      }
      case "negative":
        return mapNumbers(this.#value(expression.operand), (number) => -number);
      case "not":
        return !booleanValue(this.#value(expression.operand));
      case "binary":
        return this.#binary(expression.operator, expression.left, expression.right);
      case "call":
        return this.#call(expression.name, expression.parameters);
    }
  }

  /** A value whose items are all looked at, so many times. */
  #looked(expression: Expression, weight = 1): Value {
    const value = this.#value(expression);
    this.#itemsLeft -= itemsOf(value) * weight;
    if (this.#itemsLeft < 0) throw new CallProblem(`it looks at more than ${ITEMS_MAX} items`);
    return value;
  }

  #binary(operator: Operator, left: Expression, right: Expression): Value {
    if (operator === "and") return booleanValue(this.#value(left)) && booleanValue(this.#value(right));
    if (operator === "or") return booleanValue(this.#value(left)) || booleanValue(this.#value(right));
    return pairwise(this.#looked(left), this.#looked(right), (a, b) => combine(operator, a, b));
  }

  #call(name: string, parameters: Expression[]): Value {
    if (name === "if") return this.#if(parameters);
    if (name === "optional") return this.#optional(parameters);
    if (name === "realise") return this.#realised(parameters);
    const measured = FILE_FUNCTIONS.find((known) => known === name);
    if (measured !== undefined) return this.#context.measure(measured, this.#place(parameters));
    const row = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (row === undefined) throw new CallProblem(`there is no function ${name}`);
    const [least, most] = row.takes;
    if (parameters.length < least || parameters.length > most) throw wrongNumber(name, row.takes, parameters);
    const result = row.call(...parameters.map((parameter) => this.#looked(parameter, row.weight)));
    if (!isComputed(result)) throw new CallProblem(`${name} gives no number`);
    return result;
  }

  #if(parameters: Expression[]): Value {
    const [condition, then, otherwise] = parameters;
    if (condition === undefined || then === undefined || otherwise === undefined || parameters.length > 3)
      throw wrongNumber("if", [3, 3], parameters);
    return this.#value(booleanValue(this.#value(condition)) ? then : otherwise);
  }

  /** The value, or null where the evidence has nothing at that place. */
  #optional(parameters: Expression[]): Value {
    const [value] = parameters;
    if (value === undefined || parameters.length > 1) throw wrongNumber("optional", [1, 1], parameters);
    try {
      return this.#value(value);
    } catch (error) {
      if (isPipeliteError(error, "EVIDENCE_MISSING")) return null;
      throw error;
    }
  }

  #realised(parameters: Expression[]): Value {
    const [drvPath, reference] = parameters;
    if (drvPath === undefined || reference === undefined || parameters.length > 2)
      throw wrongNumber("realise", [2, 2], parameters);
    const place = this.#context.realise(textValue(this.#value(drvPath)));
    const file = textValue(this.#value(reference));
    return this.#once(`${place.path}\0${file}`, () => this.#context.read(place, file));
  }

  #once(key: string, read: () => Value): Value {
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const value = read();
    this.#read.set(key, value);
    return value;
  }

  /** What a function of files is called on: `$1`, or `realise("<drvPath>")`. */
  #place(parameters: Expression[]): NamedPath {
    const [of] = parameters;
    if (of?.kind === "evidence" && parameters.length === 1) return this.#context.place(of.index);
    if (
      of?.kind === "call" &&
      of.name === "realise" &&
      of.parameters.length === 1 &&
      parameters.length === 1
    ) {
      const [drvPath] = of.parameters;
      if (drvPath !== undefined) return this.#context.realise(textValue(this.#value(drvPath)));
    }
    throw new CallProblem("it must be called on one entry of the evidence, or on realise of a derivation");
  }

  #failed({ at }: Expression, problem: string): PipeliteError {
    const { text } = this.#formula;
    return pipeliteError("FORMULA_FAILED", { formula: text.slice(0, 200), column: at + 1, problem });
  }
}

function itemsOf(value: Value): number {
  return isList(value) ? value.reduce((sum: number, item) => sum + itemsOf(item), 1) : 1;
}

/** Whether all numbers in a value are some: one that is none compares as false with anything. */
function isComputed(value: Value): boolean {
  if (isList(value)) return value.every(isComputed);
  return typeof value !== "number" || Number.isFinite(value);
}

function wrongNumber(
  name: string,
  [least, most]: readonly [number, number],
  parameters: readonly unknown[],
): CallProblem {
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  return new CallProblem(`${name} takes ${wanted} values, not ${parameters.length}`);
}

function pairwise(left: Value, right: Value, combineTwo: (a: Value, b: Value) => Value): Value {
  if (isList(left) && isList(right)) {
    if (left.length !== right.length)
      throw new CallProblem(`lists of ${left.length} and ${right.length} items do not go together`);
    return left.map((item, index) => pairwise(item, right[index] ?? null, combineTwo));
  }
  if (isList(left)) return left.map((item) => pairwise(item, right, combineTwo));
  if (isList(right)) return right.map((item) => pairwise(left, item, combineTwo));
  return combineTwo(left, right);
}

function combine(operator: Exclude<Operator, "and" | "or">, left: Value, right: Value): Value {
  if (operator === "==" || operator === "!=") {
    if ([left, right].some((value) => typeof value === "object" && value !== null))
      throw new CallProblem("objects are not compared");
    return (left === right) === (operator === "==");
  }
  if (typeof left !== typeof right || (typeof left !== "number" && typeof left !== "string"))
    throw new CallProblem(`'${operator}' does not go with ${kindOf(left)} and ${kindOf(right)}`);
  if (operator === "<") return left < (right as typeof left);
  if (operator === "<=") return left <= (right as typeof left);
  if (operator === ">") return left > (right as typeof left);
  if (operator === ">=") return left >= (right as typeof left);
  return finite(arithmetic(operator, numberValue(left), numberValue(right)), operator);
}

function arithmetic(operator: "+" | "-" | "*" | "/" | "^", left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return operator === "/" ? left / right : left ** right;
}

function finite(value: number, operator: string): number {
  if (Number.isFinite(value)) return value;
  throw new CallProblem(`'${operator}' gives no number`);
}
