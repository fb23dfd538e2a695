// Writes declarations as Lean 4 source. Arguments and universe levels are explicit, so that Lean has nothing to guess; only
// the commonest notations are used, for a reader's sake.
import type { Declaration, Inductive, Library, Valued } from "./library.ts";
import type { Binder, Level, Term, Variable } from "./term.ts";
import { mentions, spread } from "./term.ts";

/** How a place binds: what is written more loosely gets parentheses. */
const [LOOSE, ARROW, OR, AND, NOT, EQUAL, CALL, ATOM] = [0, 25, 30, 35, 40, 50, 1000, 1024] as const;

const WIDTH = 110;

export class LeanWriter {
  /** Constants of core with hidden arguments: they are called with all of them, after an `@`. */
  readonly #hidden = new Set<string>();

  constructor({ declarations }: Library) {
    for (const declaration of declarations) {
      if (declaration.kind !== "inductive") continue;
      const { name, type, constructors, recursor } = declaration;
      for (const one of [{ name, type }, ...constructors, recursor])
        if (hasHidden(one.type)) this.#hidden.add(one.name);
    }
  }

  declaration(declaration: Declaration): string {
    return declaration.kind === "inductive" ? this.#inductive(declaration) : this.#valued(declaration);
  }

  #inductive({ name, type, constructors, comment }: Inductive): string {
    const lines = constructors.map(
      (one) => `  | ${one.name.slice(name.length + 1)} : ${this.term(one.type)}`,
    );
    return [...documented(comment), `inductive ${name} : ${this.term(type)} where`, ...lines].join("\n");
  }

  #valued({ kind, name, type, value, comment }: Valued): string {
    const keyword = kind === "theorem" ? "theorem" : "def";
    return [
      ...documented(comment),
      `${keyword} ${name} : ${this.term(type)} :=`,
      `  ${wrap(this.term(value))}`,
    ].join("\n");
  }

  term(term: Term): string {
    return this.#write(term, new Map(), LOOSE);
  }

  #write(term: Term, names: ReadonlyMap<Variable, string>, place: number): string {
    const [text, own] = this.#open(term, names);
    return own < place ? `(${text})` : text;
  }

  #open(term: Term, names: ReadonlyMap<Variable, string>): [text: string, binds: number] {
    switch (term.kind) {
      case "variable":
        return [names.get(term) ?? term.name, ATOM];
      case "sort":
        return [term.level.plus === 0 ? "Prop" : "Type", ATOM];
      case "number":
        return [term.value.toString(), ATOM];
      case "constant":
        return [this.#constant(term), ATOM];
      case "computed":
        return [`(by decide +kernel : ${this.#write(term.equation, names, LOOSE)})`, ATOM];
      case "call":
        return this.#call(term, names);
      default:
        return this.#binder(term, names);
    }
  }

  #constant({ name, levels }: Extract<Term, { kind: "constant" }>): string {
    const at = this.#hidden.has(name) ? "@" : "";
    const explicit = levels.length > 0 && name !== "List" ? `.{${levels.map(formatLevel).join(", ")}}` : "";
    return `${at}${name}${explicit}`;
  }

  #call(term: Term, names: ReadonlyMap<Variable, string>): [string, number] {
    const { head, args } = spread(term);
    const write = (i: number, place: number): string => this.#write(args[i] ?? term, names, place);
    if (head.kind === "constant") {
      const key = `${head.name}/${args.length}`;
      if (key === "Eq/3") return [`${write(1, EQUAL + 1)} = ${write(2, EQUAL + 1)}`, EQUAL];
      if (key === "And/2") return [`${write(0, AND + 1)} ∧ ${write(1, AND)}`, AND];
      if (key === "Or/2") return [`${write(0, OR + 1)} ∨ ${write(1, OR)}`, OR];
      if (key === "Not/1") return [`¬${write(0, NOT)}`, NOT];
      const [, predicate] = args;
      if (key === "Exists/2" && predicate?.kind === "lam") {
        const [name, inner] = nameVariable(predicate, names);
        return [
          `∃ (${name} : ${this.#write(predicate.type, names, LOOSE)}), ${this.#write(predicate.body, inner, LOOSE)}`,
          LOOSE,
        ];
      }
      const items = itemsOf(term);
      if (items !== undefined && items.length > 0)
        return [`[${items.map((item) => this.#write(item, names, LOOSE)).join(", ")}]`, ATOM];
    }
    const isRecursor = head.kind === "constant" && head.name.endsWith(".rec");
    const parts = args.map((arg) =>
      isRecursor && arg.kind === "number" ? `(${arg.value} : Nat)` : this.#write(arg, names, CALL + 1),
    );
    return [[this.#write(head, names, CALL + 1), ...parts].join(" "), CALL];
  }

  #binder(term: Binder, names: ReadonlyMap<Variable, string>): [string, number] {
    const type = (place: number): string => this.#write(term.type, names, place);
    if (term.kind === "pi" && !mentions(term.body, term.variable))
      return [`${type(ARROW + 1)} → ${this.#write(term.body, names, ARROW)}`, ARROW];
    const [name, inner] = nameVariable(term, names);
    const body = this.#write(term.body, inner, LOOSE);
    return term.kind === "pi"
      ? [`∀ (${name} : ${type(LOOSE)}), ${body}`, LOOSE]
      : [
          `fun ${term.implicit ? "{" : "("}${name} : ${type(LOOSE)}${term.implicit ? "}" : ")"} => ${body}`,
          LOOSE,
        ];
  }
}

function documented(comment: string | undefined): string[] {
  return comment === undefined ? [] : [`/-- ${comment} -/`];
}

/** A name for the variable that is not in use around it. */
function nameVariable(
  binder: Binder,
  names: ReadonlyMap<Variable, string>,
): [string, ReadonlyMap<Variable, string>] {
  const { variable, body } = binder;
  if (!mentions(body, variable)) return ["_", names];
  const wanted = variable.name === "_" ? "x" : variable.name;
  const taken = new Set(names.values());
  let name = wanted;
  for (let i = 1; taken.has(name); i++) name = `${wanted}${i}`;
  return [name, new Map([...names, [variable, name]])];
}

/** The items of a list that is written out. */
function itemsOf(term: Term): Term[] | undefined {
  const { head, args } = spread(term);
  if (head.kind !== "constant") return undefined;
  if (head.name === "List.nil") return [];
  const [, first, rest] = args;
  if (head.name !== "List.cons" || first === undefined || rest === undefined) return undefined;
  const items = itemsOf(rest);
  return items === undefined ? undefined : [first, ...items];
}

function hasHidden(type: Term): boolean {
  return type.kind === "pi" && (type.implicit || hasHidden(type.body));
}

function formatLevel({ base, plus }: Level): string {
  if (base === undefined) return `${plus}`;
  return plus === 0 ? base : `${base}+${plus}`;
}

/** Breaks a long text at spaces. White space has no meaning in a Lean term, but for the column of the first. */
function wrap(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n    ");
}
