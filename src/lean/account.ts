// The books of a check: what was declared, which theorems rest on which axioms, and what they say.
import { AxiomUse } from "./axioms.ts";
import { isExcluded } from "./declare/declare.ts";
import type { Judge } from "./declare/judge.ts";
import { isStandardAxiom } from "./declare/standard.ts";
import { Fault } from "./fault.ts";
import { textNames } from "./judge/literal.ts";
import { formatExpr, type BinderStyle, type SpelledExpr } from "./print.ts";
import { constantsOf, type Constant, type Declaration } from "./read/constants.ts";
import type { Spellings } from "./read/spellings.ts";
import type { AxiomReport, Counts, TheoremReport } from "./report.ts";
import type { Expr } from "./terms/kind.ts";
import { formatBinder, formatName, type Name } from "./terms/names.ts";

export interface AccountOptions {
  readonly allowAxioms?: readonly string[];
  readonly statements?: boolean | ((name: string) => boolean);
  readonly onTheorem?: (theorem: TheoremReport) => void;
}

export class Account {
  readonly #options: AccountOptions;
  readonly #judge: Judge;
  readonly #spellings: Spellings;
  readonly #use: AxiomUse;
  readonly #allowed: Set<string>;
  readonly #users = new Map<string, number>();
  readonly theorems: TheoremReport[] = [];
  readonly axioms: AxiomReport[] = [];
  readonly #counts: Record<keyof Counts, number> = {
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

  constructor(judge: Judge, spellings: Spellings, options: AccountOptions) {
    this.#judge = judge;
    this.#spellings = spellings;
    this.#options = options;
    this.#use = new AxiomUse(judge.terms, () => textNames(judge.kernel));
    this.#allowed = new Set(options.allowAxioms);
  }

  get counts(): Counts {
    return this.#counts;
  }

  get used(): { axiom: string; theorems: number }[] {
    const entries = [...this.#users].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([axiom, theorems]) => ({ axiom, theorems }));
  }

  /**
   * Enters an accepted declaration. Axioms are listed where they are declared, and judged where a proof rests on them.
   * @returns why it is not accepted after all
   */
  enter(order: number, declaration: Declaration, line: number): Fault | undefined {
    if (isExcluded(declaration)) {
      this.#counts.excluded++;
      return undefined;
    }
    const constants = constantsOf(declaration);
    for (const { kind } of constants) this.#counts[kind]++;
    const used = this.#use.add(constants);
    const [constant] = constants;
    switch (declaration.kind) {
      case "axiom":
        this.#enterAxiom(order, declaration, line);
        return undefined;
      case "theorem":
        return this.#enterTheorem(declaration, used, line);
      case "definition":
      case "opaque":
        // A definition may be a proof as well.
        if (constant === undefined || this.#forbidden(used).length === 0 || !this.#judge.isProof(order))
          return undefined;
        return this.#refuse(constant, this.#forbidden(used));
      default:
        return undefined;
    }
  }

  #text(name: Name): string {
    return formatName(this.#judge.names, name);
  }

  #forbidden(used: readonly Name[]): string[] {
    if (used.length === 0) return [];
    const axioms = used.map((name) => this.#text(name)).toSorted();
    return axioms.filter((axiom) => !this.#allowed.has(axiom));
  }

  #refuse({ name }: Constant, forbidden: readonly string[]): Fault {
    const message = `Cannot accept ${this.#text(name)}: it rests on ${forbidden.join(", ")}`;
    return new Fault("rejected", "axiom-not-allowed", message);
  }

  #enterAxiom(order: number, constant: Constant, line: number): void {
    const name = this.#text(constant.name);
    const isStandard = (): boolean =>
      constant.kind === "axiom" && this.#judge.ask(order, (k) => isStandardAxiom(k, constant)) === true;
    if (isStandard()) this.#allowed.add(name);
    const statement = this.#statement(constant, name);
    this.axioms.push({ name, statement, line, allowed: this.#allowed.has(name) });
  }

  #enterTheorem(constant: Constant, used: readonly Name[], line: number): Fault | undefined {
    const name = this.#text(constant.name);
    const axioms = used.map((axiom) => this.#text(axiom)).toSorted();
    const forbidden = this.#forbidden(used);
    const status = forbidden.length === 0 ? "checked" : "rejected";
    const universes = constant.levelParams.map((param) => this.#text(param));
    const theorem = {
      name,
      statement: this.#statement(constant, name),
      universes,
      axioms,
      line,
      status,
    } as const;
    for (const axiom of axioms) this.#users.set(axiom, (this.#users.get(axiom) ?? 0) + 1);
    if (this.#options.onTheorem === undefined) this.theorems.push(theorem);
    else this.#options.onTheorem(theorem);
    return forbidden.length === 0 ? undefined : this.#refuse(constant, forbidden);
  }

  #statement({ typePlace }: Constant, name: string): string {
    const { statements = true } = this.#options;
    const isWanted = typeof statements === "boolean" ? statements : statements(name);
    if (!isWanted) return "";
    const source = this.#source(typePlace);
    return formatExpr(this.#judge, source.expr, source, (constant) => this.#stylesOf(constant));
  }

  /** How bound variables are called in a declaration, by binder. */
  bindersOf(declaration: Declaration): Map<Expr, Name> {
    const names = new Map<Expr, Name>();
    const seen = new Set<number>();
    const stack = constantsOf(declaration).flatMap((constant) =>
      "valuePlace" in constant ? [constant.valuePlace, constant.typePlace] : [constant.typePlace],
    );
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (seen.has(place)) continue;
      seen.add(place);
      const { expr, binder, parts } = this.#spellings.at(place);
      if (binder !== undefined && !names.has(expr)) names.set(expr, binder);
      stack.push(...parts);
    }
    return names;
  }

  /** The expression with the names of its bound variables. */
  #source(place: number): SpelledExpr {
    const { expr, binder, style, parts } = this.#spellings.at(place);
    const sourceOf = (part: number): SpelledExpr => this.#source(part);
    return {
      expr,
      ...(binder === undefined ? {} : { binder: formatBinder(this.#judge.names, binder) }),
      ...(style === undefined ? {} : { style }),
      // Shared parts make this a graph: unfolded only where it is printed.
      get parts() {
        return parts.map(sourceOf);
      },
    };
  }

  /** How the arguments of a constant are bound, as exported. */
  #stylesOf(name: Name): readonly BinderStyle[] {
    const constant = this.#judge.declarations.find(name);
    const styles: BinderStyle[] = [];
    if (constant === undefined) return styles;
    for (let at = this.#spellings.at(constant.typePlace); at.style !== undefined;) {
      styles.push(at.style);
      const body = at.parts[1];
      if (body === undefined) break;
      at = this.#spellings.at(body);
    }
    return styles;
  }
}
