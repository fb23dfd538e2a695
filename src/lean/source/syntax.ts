// Reads a small part of Lean 4's syntax: declarations whose proofs are terms. Precedences are Lean's.

export interface SyntaxBinder {
  readonly name: string;
  readonly type: Syntax | undefined;
  readonly implicit: boolean;
}

export type Syntax =
  | {
      readonly t: "name";
      readonly name: string;
      readonly explicit: boolean;
      readonly levels: readonly number[];
    }
  | { readonly t: "call"; readonly fn: Syntax; readonly args: readonly Syntax[] }
  | {
      readonly t: "fun" | "forall" | "exists";
      readonly binders: readonly SyntaxBinder[];
      readonly body: Syntax;
    }
  | { readonly t: "number"; readonly value: string }
  | { readonly t: "list" | "tuple"; readonly items: readonly Syntax[] }
  | { readonly t: "typed"; readonly of: Syntax; readonly type: Syntax }
  | { readonly t: "hole" | "compute" };

/** A type of plain constructors: no parameters, no indices. */
export interface InductiveDeclaration {
  readonly kind: "inductive";
  readonly name: string;
  readonly ctors: readonly { readonly name: string; readonly type: Syntax }[];
}

export interface ValueDeclaration {
  readonly kind: "theorem" | "def";
  readonly name: string;
  readonly binders: readonly SyntaxBinder[];
  readonly type: Syntax;
  readonly value: Syntax;
  /** As it is written. */
  readonly statement: string;
}

export type SourceDeclaration = ValueDeclaration | InductiveDeclaration;

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /\s+|\/-[^]*?-\/|--[^\n]*|[\p{L}_][\p{L}\p{N}_']*(?:\.[\p{L}_][\p{L}\p{N}_']*)*|\p{N}+|:=|=>|::|&&|\|\||\.\{|[^\s]/guy;

/** Infix symbol -> precedence, where its right side binds (equal: to the right), and what it calls. */
const INFIX: Readonly<Record<string, readonly [binds: number, right: number, calls: string]>> = {
  "→": [25, 25, "→"],
  "∨": [30, 30, "Or"],
  "||": [30, 31, "or"],
  "∧": [35, 35, "And"],
  "&&": [35, 36, "and"],
  "=": [50, 51, "Eq"],
  "≤": [50, 51, "Nat.le"],
  "<": [50, 51, "Nat.lt"],
  "+": [65, 66, "Nat.add"],
  "::": [67, 67, "List.cons"],
  "*": [70, 71, "Nat.mul"],
  "^": [75, 75, "Nat.pow"],
};
const PREFIX: Readonly<Record<string, readonly [binds: number, calls: string]>> = {
  "¬": [40, "Not"],
  "!": [40, "not"],
};
const ENDS = new Set([
  ")",
  "]",
  "}",
  "⟩",
  ",",
  ":=",
  "=>",
  ":",
  "theorem",
  "def",
  "inductive",
  "|",
  "end",
  "namespace",
  "noncomputable",
]);

export function name(text: string, ...levels: number[]): Syntax {
  return { t: "name", name: text, explicit: false, levels };
}

/** The declarations of a Lean file; other commands are passed over. Throws RangeError with the line. */
export function parse(text: string): SourceDeclaration[] {
  return new Parser(text).file();
}

class Parser {
  readonly #text: string;
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = [...text.matchAll(TOKEN)]
      .map(({ 0: match, index }) => ({ text: match, start: index, end: index + match.length }))
      .filter((token) => !/^(\s|\/-|--)/.test(token.text));
  }

  file(): SourceDeclaration[] {
    const found: SourceDeclaration[] = [];
    while (this.#at < this.#tokens.length) {
      const { text } = this.#next();
      if (text === "theorem" || text === "def") found.push(this.#declaration(text));
      else if (text === "inductive") found.push(this.#inductive());
      else if (!/^(namespace|end|noncomputable|section|[\p{L}.]+)$/u.test(text))
        this.#fail(`'${text}' begins no declaration`);
    }
    return found;
  }

  #inductive(): InductiveDeclaration {
    const declared = this.#next().text;
    this.#expect("where");
    const ctors: { name: string; type: Syntax }[] = [];
    while (this.#peek()?.text === "|") {
      this.#next();
      const ctor = this.#next().text;
      this.#expect(":");
      ctors.push({ name: ctor, type: this.#term() });
    }
    return { kind: "inductive", name: declared, ctors };
  }

  #declaration(kind: "theorem" | "def"): ValueDeclaration {
    const declared = this.#next().text;
    const from = this.#peek()?.start ?? 0;
    const binders = this.#binders();
    this.#expect(":");
    const type = this.#term();
    const statement = this.#text
      .slice(from, this.#tokens[this.#at - 1]?.end)
      .replaceAll(/\s+/g, " ")
      .replace(/^: /, "");
    this.#expect(":=");
    return { kind, name: declared, binders, type, value: this.#term(), statement };
  }

  #binders(): SyntaxBinder[] {
    const found: SyntaxBinder[] = [];
    for (;;) {
      const open = this.#peek()?.text;
      if (open === "(" || open === "{") {
        this.#next();
        const names = this.#names();
        this.#expect(":");
        const type = this.#term();
        this.#expect(open === "(" ? ")" : "}");
        found.push(...names.map((one) => ({ name: one, type, implicit: open === "{" })));
      } else if (open !== undefined && isName(open)) {
        found.push({ name: this.#next().text, type: undefined, implicit: false });
      } else return found;
    }
  }

  #names(): string[] {
    const names: string[] = [];
    while (isName(this.#peek()?.text ?? "")) names.push(this.#next().text);
    return names;
  }

  #term(least = 0): Syntax {
    let left = this.#prefix();
    for (;;) {
      const operator = INFIX[this.#peek()?.text ?? ""];
      if (operator === undefined || operator[0] < least) return left;
      this.#next();
      left = infix(operator[2], left, this.#term(operator[1]));
    }
  }

  #prefix(): Syntax {
    const text = this.#peek()?.text ?? "";
    const prefix = PREFIX[text];
    if (prefix !== undefined) {
      this.#next();
      return { t: "call", fn: name(prefix[1]), args: [this.#term(prefix[0])] };
    }
    if (text === "fun" || text === "∀" || text === "∃") return this.#bound(text);
    if (text === "by") {
      for (const word of ["by", "decide", "+", "kernel"]) this.#expect(word);
      return { t: "compute" };
    }
    const fn = this.#atom();
    const args: Syntax[] = [];
    while (this.#startsAtom()) args.push(this.#peek()?.text === "fun" ? this.#prefix() : this.#atom());
    return args.length === 0 ? fn : { t: "call", fn, args };
  }

  #bound(text: "fun" | "∀" | "∃"): Syntax {
    this.#next();
    const bare = this.#binders();
    // `∃ k : Nat, ...` has no parentheses.
    const type = text !== "fun" && this.#peek()?.text === ":" ? (this.#next(), this.#term()) : undefined;
    const binders = bare.map((one) => (type === undefined ? one : { ...one, type }));
    this.#expect(text === "fun" ? "=>" : ",");
    const kind = ({ fun: "fun", "∀": "forall", "∃": "exists" } as const)[text];
    return { t: kind, binders, body: this.#term() };
  }

  #startsAtom(): boolean {
    const text = this.#peek()?.text;
    if (text === undefined || ENDS.has(text) || INFIX[text] !== undefined) return false;
    return /^[\p{L}\p{N}_(@[⟨]/u.test(text);
  }

  #atom(): Syntax {
    const { text } = this.#next();
    if (/^\p{N}/u.test(text)) return { t: "number", value: text };
    if (text === "_") return { t: "hole" };
    if (text === "[") return { t: "list", items: this.#items("]") };
    if (text === "⟨") return { t: "tuple", items: this.#items("⟩") };
    if (text === "(") {
      const of = this.#term();
      if (this.#next().text === ")") return of;
      const type = this.#term();
      this.#expect(")");
      return { t: "typed", of, type };
    }
    const explicit = text === "@";
    const named = explicit ? this.#next().text : text;
    if (!isName(named)) this.#fail(`'${named}' begins no term`);
    if (this.#peek()?.text !== ".{") return { t: "name", name: named, explicit, levels: [] };
    this.#next();
    const levels = this.#items("}").map((item) => (item.t === "number" ? Number(item.value) : 0));
    return { t: "name", name: named, explicit, levels };
  }

  #items(end: string): Syntax[] {
    const items: Syntax[] = [];
    while (this.#peek()?.text !== end) {
      items.push(this.#term());
      if (this.#peek()?.text === ",") this.#next();
    }
    this.#next();
    return items;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token ?? this.#fail("the file ends too soon");
  }

  #expect(text: string): void {
    const found = this.#next().text;
    if (found !== text) this.#fail(`'${found}' where '${text}' should be`);
  }

  #fail(reason: string): never {
    const end = this.#tokens[this.#at - 1]?.start ?? this.#text.length;
    throw new RangeError(`line ${this.#text.slice(0, end).split("\n").length}: ${reason}`);
  }
}

function infix(calls: string, left: Syntax, right: Syntax): Syntax {
  if (calls === "→") {
    const binder = { name: "_", type: left, implicit: false };
    return { t: "forall", binders: [binder], body: right };
  }
  // n + 1 is the successor of n, as in Lean's own recursors.
  if (calls === "Nat.add" && right.t === "number" && right.value === "1")
    return { t: "call", fn: name("Nat.succ"), args: [left] };
  return { t: "call", fn: name(calls), args: [left, right] };
}

function isName(text: string): boolean {
  return /^[\p{L}_]/u.test(text) && !ENDS.has(text) && text !== "fun" && text !== "by";
}
