// A small language for Lean terms with named variables, and a writer of exports: what elaborated source and the tests of the
// kernel are made of. It knows nothing of the kernel's code, so that one cannot repeat the other's mistakes.

export type LevelTerm =
  | number
  | string
  | { succ: LevelTerm }
  | { max: [LevelTerm, LevelTerm] }
  | { imax: [LevelTerm, LevelTerm] };

export type Binder = readonly [name: string, type: Term];

export type Term =
  | { readonly k: "var"; readonly name: string }
  | { readonly k: "loose"; readonly index: number }
  | { readonly k: "const"; readonly name: string; readonly levels: readonly LevelTerm[] }
  | { readonly k: "sort"; readonly level: LevelTerm }
  | { readonly k: "app"; readonly fn: Term; readonly arg: Term }
  | { readonly k: "lam" | "forallE"; readonly name: string; readonly type: Term; readonly body: Term }
  | {
      readonly k: "let";
      readonly name: string;
      readonly type: Term;
      readonly value: Term;
      readonly body: Term;
    }
  | { readonly k: "proj"; readonly type: string; readonly index: number; readonly of: Term }
  | { readonly k: "nat"; readonly value: string }
  | { readonly k: "str"; readonly value: string };

export const v = (name: string): Term => ({ k: "var", name });
export const c = (name: string, ...levels: LevelTerm[]): Term => ({ k: "const", name, levels });
export const sort = (level: LevelTerm): Term => ({ k: "sort", level });
export const prop = sort(0);
export const type = sort(1);
export const nat = (value: bigint | number): Term => ({ k: "nat", value: String(value) });
export const str = (value: string): Term => ({ k: "str", value });
export const ap = (fn: Term, ...args: Term[]): Term =>
  args.reduce<Term>((f, arg) => ({ k: "app", fn: f, arg }), fn);
export const pi = (binders: readonly Binder[], body: Term): Term =>
  binders.reduceRight<Term>((inner, [name, of]) => ({ k: "forallE", name, type: of, body: inner }), body);
export const lam = (binders: readonly Binder[], body: Term): Term =>
  binders.reduceRight<Term>((inner, [name, of]) => ({ k: "lam", name, type: of, body: inner }), body);
export const arrow = (...parts: Term[]): Term =>
  parts.slice(0, -1).reduceRight<Term>((body, part) => pi([["_", part]], body), parts.at(-1) ?? prop);
export const letIn = (name: string, of: Term, value: Term, body: Term): Term => ({
  k: "let",
  name,
  type: of,
  value,
  body,
});
export const proj = (structure: string, index: number, of: Term): Term => ({
  k: "proj",
  type: structure,
  index,
  of,
});
export const eq = (level: LevelTerm, of: Term, a: Term, b: Term): Term => ap(c("Eq", level), of, a, b);
export const refl = (level: LevelTerm, of: Term, a: Term): Term => ap(c("Eq.refl", level), of, a);

/** What is known to be there. */
export function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a term or type that was described is missing");
  return value;
}

export type ExportLine = Record<string, unknown>;
export const META = {
  meta: {
    exporter: { name: "test", version: "1" },
    lean: { githash: "", version: "4.29.0" },
    format: { version: "3.1.0" },
  },
};

/** Writes an export line by line. */
export class Export {
  readonly records: ExportLine[];
  /** What was declared, by name. */
  readonly types = new Map<string, { readonly levels: readonly string[]; readonly of: Term }>();
  readonly #names = new Map<string, number>([["", 0]]);
  readonly #levels = new Map<string, number>([["0", 0]]);
  readonly #exprs = new Map<string, number>();

  constructor(meta: ExportLine = META) {
    this.records = [structuredClone(meta)];
  }

  text(): string {
    return this.records.map((record) => `${JSON.stringify(record)}\n`).join("");
  }

  raw(record: ExportLine): this {
    this.records.push(record);
    return this;
  }

  name(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const dot = text.lastIndexOf(".");
    const pre = this.name(text.slice(0, Math.max(dot, 0)));
    this.raw({ str: { pre, str: text.slice(dot + 1) }, in: this.#names.size });
    return set(this.#names, text);
  }

  level(level: LevelTerm): number {
    const value: LevelTerm = typeof level === "number" && level > 0 ? { succ: level - 1 } : level;
    const key = JSON.stringify(value);
    const known = this.#levels.get(key);
    if (known !== undefined) return known;
    const il = (record: ExportLine): number => {
      this.raw({ ...record, il: this.#levels.size });
      return set(this.#levels, key);
    };
    if (typeof value === "string") return il({ param: this.name(value) });
    if (typeof value === "number") return 0;
    if ("succ" in value) return il({ succ: this.level(value.succ) });
    if ("max" in value) return il({ max: value.max.map((one) => this.level(one)) });
    return il({ imax: value.imax.map((one) => this.level(one)) });
  }

  expr(term: Term, scope: readonly string[] = []): number {
    const record = this.#record(term, scope);
    const key = JSON.stringify(record);
    const known = this.#exprs.get(key);
    if (known !== undefined) return known;
    this.raw({ ...record, ie: this.#exprs.size });
    return set(this.#exprs, key);
  }

  #record(term: Term, scope: readonly string[]): ExportLine {
    switch (term.k) {
      case "var": {
        const index = scope.lastIndexOf(term.name);
        if (index < 0) throw new Error(`no variable ${term.name}`);
        return { bvar: scope.length - 1 - index };
      }
      case "loose":
        return { bvar: term.index };
      case "const":
        return { const: { name: this.name(term.name), us: term.levels.map((level) => this.level(level)) } };
      case "sort":
        return { sort: this.level(term.level) };
      case "app":
        return { app: { fn: this.expr(term.fn, scope), arg: this.expr(term.arg, scope) } };
      case "let": {
        const common = { name: this.name(term.name), type: this.expr(term.type, scope) };
        const value = this.expr(term.value, scope);
        return {
          letE: { ...common, value, body: this.expr(term.body, [...scope, term.name]), nondep: false },
        };
      }
      case "proj":
        return {
          proj: { typeName: this.name(term.type), idx: term.index, struct: this.expr(term.of, scope) },
        };
      case "nat":
        return { natVal: term.value };
      case "str":
        return { strVal: term.value };
      default: {
        const common = { name: this.name(term.name), type: this.expr(term.type, scope) };
        const body = this.expr(term.body, [...scope, term.name]);
        return { [term.k]: { ...common, body, binderInfo: "default" } };
      }
    }
  }

  header(name: string, levels: readonly string[], of: Term): ExportLine {
    for (const level of levels) this.level(level);
    this.types.set(name, { levels, of });
    return {
      name: this.name(name),
      levelParams: levels.map((level) => this.name(level)),
      type: this.expr(of),
    };
  }

  axiom(name: string, of: Term, levels: readonly string[] = []): this {
    return this.raw({ axiom: { ...this.header(name, levels, of), isUnsafe: false } });
  }

  def(name: string, of: Term, value: Term, levels: readonly string[] = [], more: ExportLine = {}): this {
    const record = { ...this.header(name, levels, of), value: this.expr(value), all: [this.name(name)] };
    return this.raw({ def: { ...record, hints: { regular: 1 }, safety: "safe", ...more } });
  }

  thm(name: string, of: Term, value: Term, levels: readonly string[] = []): this {
    const record = { ...this.header(name, levels, of), value: this.expr(value), all: [this.name(name)] };
    return this.raw({ thm: record });
  }

  opaque(name: string, of: Term, value: Term, more: ExportLine = {}): this {
    const record = { ...this.header(name, [], of), value: this.expr(value), all: [this.name(name)] };
    return this.raw({ opaque: { ...record, isUnsafe: false, ...more } });
  }

  quot(name: string, kind: string, levels: readonly string[], of: Term): this {
    return this.raw({ quot: { ...this.header(name, levels, of), kind } });
  }
}

function set(table: Map<string, number>, key: string): number {
  const index = table.size;
  table.set(key, index);
  return index;
}
