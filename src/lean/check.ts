// Checks a whole export, line by line, and reports on it.
import { AxiomUse } from "./axioms.ts";
import type { Constant } from "./environment.ts";
import { checkNames, declare, headersOf, isExcluded, namesOf } from "./declare.ts";
import { Fault, reject, type FaultKind, type Reason, sure } from "./fault.ts";
import { Engine } from "./goals.ts";
import { isProposition } from "./kernel.ts";
import { LineSplitter } from "./lines.ts";
import { textNames } from "./literal.ts";
import { formatName, type Name } from "./name.ts";
import { ExportReader, type Meta } from "./parse.ts";
import { formatExpr, type BinderStyle } from "./print.ts";
import type { Declaration } from "./records.ts";
import { isStandardAxiom } from "./standard.ts";

export interface CheckOptions {
  /** Axioms that theorems may rest on whatever they say, besides the three of standard Lean as stated there. */
  readonly allowAxioms?: readonly string[];
  /** Work allowed, in expressions made and steps taken (some millions a second); default 2,000,000,000. */
  readonly workMax?: number;
  /** Whether theorems are reported with their statements; default true. */
  readonly statements?: boolean;
  /** Told before each declaration is checked: its name, and how many were before it. */
  readonly onStart?: (progress: Progress) => void;
  /** Told after each declaration. */
  readonly onDeclaration?: (progress: Progress) => void;
}

export interface Progress {
  readonly line: number;
  readonly name: string;
  readonly declarations: number;
}

export interface TheoremReport {
  readonly name: string;
  /** The proposition as Lean, with the universe parameters and names of bound variables of the export. */
  readonly statement: string;
  readonly universes: readonly string[];
  /** All axioms it rests on, in order of name. */
  readonly axioms: readonly string[];
  /** Line of the export, from 1. */
  readonly line: number;
  readonly status: "checked" | "rejected";
}

export interface AxiomReport {
  readonly name: string;
  readonly statement: string;
  readonly line: number;
  readonly allowed: boolean;
}

/** Why an export is not accepted, and where. */
export interface Problem {
  readonly kind: FaultKind;
  readonly reason: Reason;
  readonly message: string;
  readonly line: number;
  readonly declaration?: string;
}

export interface Report {
  /** `malformed`: not a file in the format; `unavailable`: the checker gave up, nothing is said. */
  readonly status: "accepted" | "rejected" | "malformed" | "unavailable";
  readonly meta?: Meta;
  readonly lines: number;
  /** Constants accepted, by kind. */
  readonly counts: Readonly<Record<Constant["kind"] | "excluded", number>>;
  readonly theorems: readonly TheoremReport[];
  readonly axioms: readonly AxiomReport[];
  /** Operations on numbers that were computed directly, after their definitions had been held against them. */
  readonly accelerated: readonly string[];
  readonly problem?: Problem;
}

type Counts = Record<Constant["kind"] | "excluded", number>;

/** The state of one check; a line is pushed at a time. */
export class Checker {
  readonly #options: CheckOptions;
  readonly #engine: Engine;
  readonly #reader: ExportReader;
  readonly #use: AxiomUse;
  readonly #allowed: Set<string>;
  readonly #theorems: TheoremReport[] = [];
  readonly #axioms: AxiomReport[] = [];
  readonly #counts: Counts = {
    axiom: 0,
    definition: 0,
    theorem: 0,
    opaque: 0,
    quotient: 0,
    inductive: 0,
    constructor: 0,
    recursor: 0,
    excluded: 0,
  };
  /** By constant: how its arguments are bound, or, until that is asked for, where its type is. */
  readonly #styles = new Map<Name, number | readonly BinderStyle[]>();
  #line = 0;
  #declarations = 0;
  #problem: Problem | undefined;

  constructor(options: CheckOptions = {}) {
    this.#options = options;
    this.#engine = new Engine(options.workMax ?? 2_000_000_000);
    const { names, levels, terms } = this.#engine.kernel;
    this.#reader = new ExportReader(names, levels, terms);
    this.#use = new AxiomUse(() => textNames(this.#engine.kernel));
    this.#allowed = new Set(options.allowAxioms);
  }

  /** @returns whether to go on: not after a problem */
  push(line: string): boolean {
    if (this.#problem !== undefined) return false;
    this.#line++;
    let declaration: Declaration | undefined;
    try {
      declaration = this.#reader.readLine(line);
      if (declaration !== undefined) this.#declare(declaration);
    } catch (error) {
      this.#problem = problemOf(error, this.#line, declaration);
    }
    return this.#problem === undefined;
  }

  /** Records a problem of the input itself. */
  fail(error: unknown): void {
    this.#problem ??= problemOf(error, this.#line + 1, undefined);
  }

  finish(): Report {
    if (this.#problem === undefined && this.#reader.meta === undefined) {
      this.fail(new Fault("format", "not-an-export", "Cannot read the file: it is empty"));
    }
    const problem = this.#problem;
    const { meta } = this.#reader;
    return {
      status: problem === undefined ? "accepted" : STATUS[problem.kind],
      ...(meta === undefined ? {} : { meta }),
      lines: this.#line,
      counts: this.#counts,
      theorems: this.#theorems,
      axioms: this.#axioms,
      accelerated: [...this.#engine.kernel.accelerated.keys()].map(formatName),
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #declare(declaration: Declaration): void {
    const { kernel } = this.#engine;
    this.#tell(this.#options.onStart, declaration);
    checkNames(kernel, declaration);
    if (isExcluded(declaration)) {
      for (const name of namesOf(declaration)) kernel.excluded.add(name);
      this.#counts.excluded++;
    } else {
      const constants = this.#engine.run(() => declare(kernel, declaration, this.#line));
      for (const constant of constants) this.#counts[constant.kind]++;
      for (const { name, typeIndex } of headersOf(declaration)) this.#styles.set(name, typeIndex);
      this.#account(declaration, constants);
    }
    this.#engine.settle();
    this.#declarations++;
    this.#tell(this.#options.onDeclaration, declaration);
  }

  #tell(listener: CheckOptions["onStart"], declaration: Declaration): void {
    if (listener === undefined) return;
    const [name] = namesOf(declaration);
    const spelled = name === undefined ? "" : formatName(name);
    listener({ line: this.#line, name: spelled, declarations: this.#declarations });
  }

  /** Axioms are listed where they are declared, and judged where a proof rests on them. */
  #account(declaration: Declaration, constants: readonly Constant[]): void {
    const used = this.#use.add(constants);
    const [constant] = constants;
    if (constant === undefined || declaration.kind === "inductive" || declaration.kind === "quotient") return;
    const name = formatName(constant.name);
    const line = this.#line;
    if (constant.kind === "axiom") {
      if (isStandardAxiom(this.#engine.kernel, constant)) this.#allowed.add(name);
      this.#axioms.push({
        name,
        statement: this.#statement(declaration),
        line,
        allowed: this.#allowed.has(name),
      });
      return;
    }
    if (constant.kind !== "theorem" && !this.#isProof(constant)) return;
    const axioms = [...used].map(formatName).toSorted();
    const forbidden = axioms.filter((axiom) => !this.#allowed.has(axiom));
    const status = forbidden.length === 0 ? "checked" : "rejected";
    const universes = constant.levelParams.map(formatName);
    if (constant.kind === "theorem") {
      this.#theorems.push({ name, statement: this.#statement(declaration), universes, axioms, line, status });
    }
    if (forbidden.length > 0)
      reject("axiom-not-allowed", `Cannot accept ${name}: it rests on ${forbidden.join(", ")}`);
  }

  #isProof({ type }: Constant): boolean {
    return this.#engine.run(() => isProposition(this.#engine.kernel, type));
  }

  #statement(declaration: { readonly typeIndex: number }): string {
    if (this.#options.statements === false) return "";
    const source = this.#reader.source(declaration.typeIndex);
    return formatExpr(source.expr, source, (name) => this.#stylesOf(name));
  }

  /** How the arguments of a constant are bound, as exported. */
  #stylesOf(name: Name): readonly BinderStyle[] {
    const known = this.#styles.get(name);
    if (typeof known !== "number") return known ?? [];
    const styles: BinderStyle[] = [];
    for (let at = this.#reader.source(known); at.style !== undefined; at = sure(at.parts[1]))
      styles.push(at.style);
    this.#styles.set(name, styles);
    return styles;
  }
}

const STATUS = { format: "malformed", rejected: "rejected", limit: "unavailable" } as const;

function problemOf(error: unknown, line: number, declaration: Declaration | undefined): Problem {
  const name: Name | undefined = declaration === undefined ? undefined : namesOf(declaration)[0];
  const place = { line, ...(name === undefined ? {} : { declaration: formatName(name) }) };
  if (error instanceof Fault)
    return { kind: error.kind, reason: error.reason, message: error.message, ...place };
  if (error instanceof RangeError) {
    // Too deep or too large for the engine: nothing is known about the declaration.
    return {
      kind: "limit",
      reason: "resource-limit",
      message: "Cannot check so large an expression",
      ...place,
    };
  }
  throw error;
}

/** Checks an export held in memory or read piece by piece: texts, lines or bytes, cut anywhere. */
export function check(input: Iterable<Uint8Array | string>, options: CheckOptions = {}): Report {
  const checker = new Checker(options);
  const lines = new LineSplitter();
  try {
    for (const chunk of input)
      for (const line of lines.push(chunk)) if (!checker.push(line)) return checker.finish();
    for (const line of lines.end()) if (!checker.push(line)) break;
  } catch (error) {
    checker.fail(error);
  }
  return checker.finish();
}

/** As `check`, for a stream. */
export async function checkStream(
  input: AsyncIterable<Uint8Array | string>,
  options: CheckOptions = {},
): Promise<Report> {
  const checker = new Checker(options);
  const lines = new LineSplitter();
  try {
    for await (const chunk of input)
      for (const line of lines.push(chunk)) if (!checker.push(line)) return checker.finish();
    for (const line of lines.end()) if (!checker.push(line)) break;
  } catch (error) {
    checker.fail(error);
  }
  return checker.finish();
}
