// The syntax of formulas. A formula is an expression, with names for parts of it in front where that helps to read it:
//
//   deviation = abs($1 - $2); significant(max(deviation), 6)
//
//   numbers, "text" (as in JSON), true, false, null, $1 (the first entry of the claim's evidence), names,
//   + - * / ^, == != < <= > >=, not, and, or, f(x, ...), ( )
//
// A lexer and a parser by recursive descent; nothing is evaluated here and nothing else is understood.
import { type PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";

export type Expression = Node & { /** Where it starts in the text, from 0. */ at: number };

type Node =
  | { kind: "constant"; value: number | string | boolean | null }
  | { kind: "evidence"; index: number }
  | { kind: "name"; name: string }
  | { kind: "not" | "negative"; operand: Expression }
  | { kind: "binary"; operator: Operator; left: Expression; right: Expression }
  | { kind: "call"; name: string; parameters: Expression[] };

export type Operator = "+" | "-" | "*" | "/" | "^" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or";

export interface Formula {
  text: string;
  definitions: { name: string; value: Expression }[];
  result: Expression;
}

interface Token {
  kind: "number" | "text" | "evidence" | "word" | "sign" | "end";
  text: string;
  at: number;
}

const TOKEN =
  /\s*(?:(?<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<text>"(?:[^"\\\n]|\\.)*")|(?<evidence>\$\d+)|(?<word>[A-Za-z_]\w*)|(?<sign>==|!=|<=|>=|[-+*/^<>(),;=]))/y;

const CONSTANTS = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

const LENGTH_MAX = 4000;
const DEPTH_MAX = 100;

/** Binding strengths, weakest first; operators of one level group from the left. */
const LEVELS: readonly (readonly Operator[])[] = [
  ["or"],
  ["and"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/"],
];

/** @throws FORMULA_INVALID with the place */
export function parseFormula(text: string): Formula {
  if (text.length > LENGTH_MAX) throw invalid(text, LENGTH_MAX, `it is longer than ${LENGTH_MAX} characters`);
  return new Parser(text, tokensOf(text)).parse();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const scanner = new RegExp(TOKEN);
  const length = text.trimEnd().length;
  while (scanner.lastIndex < length) {
    const from = scanner.lastIndex;
    const match = scanner.exec(text);
    if (match === null) {
      const at = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
      throw invalid(text, at, `'${text[at] ?? ""}' has no meaning here`);
    }
    const [kind, found = ""] =
      Object.entries(match.groups ?? {}).find(([, each]) => each !== undefined) ?? [];
    tokens.push({ kind: kind as Token["kind"], text: found, at: scanner.lastIndex - found.length });
  }
  return [...tokens, { kind: "end", text: "the end", at: length }];
}

class Parser {
  readonly #text: string;
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string, tokens: Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  parse(): Formula {
    const definitions: Formula["definitions"] = [];
    while (this.#peek().kind === "word" && this.#peek(1).text === "=") {
      const name = this.#take().text;
      this.#take();
      const value = this.#binary(0);
      this.#expect(";");
      definitions.push({ name, value });
    }
    const result = this.#binary(0);
    if (this.#peek().kind !== "end") throw this.#wrong("an operator or the end");
    return { text: this.#text, definitions, result };
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((each) => this.#isOperator(each));
      if (operator === undefined) return left;
      const { at } = this.#take();
      left = { kind: "binary", operator, left, right: this.#binary(level + 1), at };
    }
  }

  #unary(): Expression {
    const token = this.#peek();
    if (token.text === "-" || (token.kind === "word" && token.text === "not")) {
      this.#take();
      return this.#deeper(() => ({
        kind: token.text === "-" ? "negative" : "not",
        operand: this.#unary(),
        at: token.at,
      }));
    }
    const base = this.#primary();
    if (!this.#isOperator("^")) return base;
    const { at } = this.#take();
    return { kind: "binary", operator: "^", left: base, right: this.#deeper(() => this.#unary()), at };
  }

  #primary(): Expression {
    const token = this.#take();
    const { kind, text, at } = token;
    if (kind === "number") return { kind: "constant", value: this.#numberOf(token), at };
    if (kind === "text") return { kind: "constant", value: this.#textOf(token), at };
    if (kind === "evidence") return { kind: "evidence", index: Number(text.slice(1)), at };
    if (kind === "word") return this.#word(token);
    if (text === "(") {
      const inner = this.#deeper(() => this.#binary(0));
      this.#expect(")");
      return inner;
    }
    this.#next -= 1;
    throw this.#wrong("a value");
  }

  #word({ text, at }: Token): Expression {
    const constant = CONSTANTS.get(text);
    if (constant !== undefined) return { kind: "constant", value: constant, at };
    if (["and", "or", "not"].includes(text)) {
      this.#next -= 1;
      throw this.#wrong("a value");
    }
    if (this.#peek().text !== "(" || this.#peek().kind !== "sign") return { kind: "name", name: text, at };
    this.#take();
    const parameters: Expression[] = [];
    while (this.#peek().text !== ")" || this.#peek().kind !== "sign") {
      if (parameters.length > 0) this.#expect(",");
      parameters.push(this.#deeper(() => this.#binary(0)));
    }
    this.#take();
    return { kind: "call", name: text, parameters, at };
  }

  #numberOf({ text, at }: Token): number {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw invalid(this.#text, at, "the number is too large");
  }

  #textOf({ text, at }: Token): string {
    try {
      return JSON.parse(text) as string;
    } catch {
      throw invalid(this.#text, at, "it is not text as JSON has it");
    }
  }

  #isOperator(operator: string): boolean {
    const { kind, text } = this.#peek();
    return text === operator && (kind === "sign" || kind === "word");
  }

  #peek(ahead = 0): Token {
    const last = this.#tokens.at(-1);
    if (last === undefined) throw new Error("a list of tokens has an end");
    return this.#tokens[this.#next + ahead] ?? last;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #expect(sign: string): void {
    if (!this.#isOperator(sign)) throw this.#wrong(`'${sign}'`);
    this.#take();
  }

  #deeper<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw invalid(this.#text, this.#peek().at, "it is nested too deeply");
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  #wrong(wanted: string): PipeliteError {
    const { at, kind, text } = this.#peek();
    return invalid(
      this.#text,
      at,
      `${kind === "end" ? "the end" : `'${text}'`} stands where ${wanted} belongs`,
    );
  }
}

function invalid(formula: string, at: number, problem: string): PipeliteError {
  return pipeliteError("FORMULA_INVALID", { formula: formula.slice(0, 200), column: at + 1, problem });
}

type Call = Extract<Expression, { kind: "call" }>;

/** Every call of this function in a formula. */
export function callsOf(formula: Formula, name: string): Call[] {
  return vocabularyOf(formula).calls.filter((call) => call.name === name);
}

/** Every call in a formula, and every name that it uses. */
export function vocabularyOf(formula: Formula): { calls: Call[]; names: string[] } {
  const calls: Call[] = [];
  const names = new Set<string>();
  const visit = (expression: Expression): void => {
    switch (expression.kind) {
      case "not":
      case "negative":
        return visit(expression.operand);
      case "binary":
        visit(expression.left);
        return visit(expression.right);
      case "call":
        calls.push(expression);
        return expression.parameters.forEach(visit);
      case "name":
        names.add(expression.name);
        return;
      default:
        return;
    }
  };
  for (const { value } of formula.definitions) visit(value);
  visit(formula.result);
  return { calls, names: [...names] };
}

/** What the result of a formula reads, names followed to their definitions: entries of the evidence, builds made again. */
export function readsOf({ definitions, result }: Formula): { entries: number[]; isRealising: boolean } {
  const entries = new Set<number>();
  let isRealising = false;
  /** Definitions that were followed already: a name that stands twice would double the work at each step. */
  const followed = new Set<number>();
  /** @param known how many of the definitions stand before the expression */
  const visit = (expression: Expression, known: number): void => {
    switch (expression.kind) {
      case "evidence":
        entries.add(expression.index);
        return;
      case "name": {
        const at = definitions.findLastIndex(({ name }, index) => index < known && name === expression.name);
        const definition = definitions[at];
        if (definition === undefined || followed.has(at)) return;
        followed.add(at);
        return visit(definition.value, at);
      }
      case "not":
      case "negative":
        return visit(expression.operand, known);
      case "binary":
        visit(expression.left, known);
        return visit(expression.right, known);
      case "call":
        isRealising ||= expression.name === "realise";
        return expression.parameters.forEach((parameter) => visit(parameter, known));
      case "constant":
        return;
    }
  };
  visit(result, definitions.length);
  return { entries: [...entries], isRealising };
}
