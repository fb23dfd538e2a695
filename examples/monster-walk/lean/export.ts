// Writes declarations in the export format of lean4export, version 3.1 (format_ndjson.md of leanprover/lean4export): one
// name, level, expression or declaration a line. Equal ones are written once.
import type { Declaration, Inductive, Library, Valued } from "./library.ts";
import type { Level, Term, Variable } from "./term.ts";

const META = {
  meta: {
    exporter: { name: "pipelite monster-walk", version: "1" },
    // no Lean took part
    lean: { githash: "", version: "" },
    format: { version: "3.1.0" },
  },
};

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export function writeExport(library: Library): string {
  const writer = new Writer();
  for (const declaration of library.declarations) writer.declare(declaration);
  return `${writer.lines.join("\n")}\n`;
}

class Writer {
  readonly lines: string[] = [JSON.stringify(META)];
  readonly #indices = {
    in: new Map<string, number>(),
    il: new Map<string, number>(),
    ie: new Map<string, number>(),
  };
  readonly #heights = new Map<string, number>();

  declare(declaration: Declaration): void {
    const record =
      declaration.kind === "inductive" ? this.#inductive(declaration) : this.#valued(declaration);
    this.lines.push(JSON.stringify(record));
  }

  #valued({ kind, name, type, value }: Valued): Json {
    const header = { name: this.#name(name), levelParams: [], type: this.#term(type) };
    const common = { ...header, value: this.#term(value), all: [header.name] };
    if (kind === "theorem") return { thm: common };
    const height = 1 + this.#height(value);
    this.#heights.set(name, height);
    return { def: { ...common, hints: { regular: height }, safety: "safe" } };
  }

  /** The greatest height of the definitions that a term uses: checkers unfold the highest first. */
  #height(term: Term): number {
    switch (term.kind) {
      case "constant":
        return this.#heights.get(term.name) ?? 0;
      case "call":
        return Math.max(this.#height(term.fn), this.#height(term.arg));
      case "lam":
      case "pi":
        return Math.max(this.#height(term.type), this.#height(term.body));
      default:
        return 0;
    }
  }

  #inductive({ name, levelParams, type, paramCount, constructors, recursor }: Inductive): Json {
    const self = this.#name(name);
    const common = { levelParams: levelParams.map((param) => this.#name(param)), isUnsafe: false };
    const isRecursive = constructors.some((constructor) =>
      fieldsOf(constructor.type).some(mentionsConstant(name)),
    );
    return {
      inductive: {
        types: [
          {
            name: self,
            ...common,
            type: this.#term(type),
            all: [self],
            numParams: paramCount,
            numIndices: fieldsOf(type).length - paramCount,
            ctors: constructors.map((constructor) => this.#name(constructor.name)),
            numNested: 0,
            isRec: isRecursive,
            isReflexive: false,
          },
        ],
        ctors: constructors.map((constructor, cidx) => ({
          name: this.#name(constructor.name),
          ...common,
          type: this.#term(constructor.type),
          induct: self,
          cidx,
          numParams: paramCount,
          numFields: fieldsOf(constructor.type).length - paramCount,
        })),
        recs: [
          {
            name: this.#name(recursor.name),
            levelParams: recursor.levelParams.map((param) => this.#name(param)),
            type: this.#term(recursor.type),
            all: [self],
            numParams: paramCount,
            numIndices: fieldsOf(type).length - paramCount,
            numMotives: 1,
            numMinors: constructors.length,
            rules: recursor.rules.map(({ constructor, fieldCount, value }) => ({
              ctor: this.#name(constructor),
              nfields: fieldCount,
              rhs: this.#term(value),
            })),
            k: recursor.isK,
            isUnsafe: false,
          },
        ],
      },
    };
  }

  /** The index of what `content` writes, which gets a line when it is new. */
  #intern(table: "in" | "il" | "ie", content: { readonly [key: string]: Json }): number {
    const indices = this.#indices[table];
    const key = JSON.stringify(content);
    const known = indices.get(key);
    if (known !== undefined) return known;
    // 0 is the anonymous name and the level 0
    const index = indices.size + (table === "ie" ? 0 : 1);
    indices.set(key, index);
    this.lines.push(JSON.stringify({ ...content, [table]: index }));
    return index;
  }

  #name(name: string): number {
    return name.split(".").reduce((pre, str) => this.#intern("in", { str: { pre, str } }), 0);
  }

  #level({ base, plus }: Level): number {
    let index = base === undefined ? 0 : this.#intern("il", { param: this.#name(base) });
    for (let i = 0; i < plus; i++) index = this.#intern("il", { succ: index });
    return index;
  }

  /** `around`: the variables of the binders outside, innermost last. */
  #term(term: Term, around: readonly Variable[] = []): number {
    switch (term.kind) {
      case "variable": {
        const place = around.lastIndexOf(term);
        if (place < 0) throw new RangeError(`The variable ${term.name} has no binder`);
        return this.#intern("ie", { bvar: around.length - 1 - place });
      }
      case "sort":
        return this.#intern("ie", { sort: this.#level(term.level) });
      case "constant": {
        const us = term.levels.map((level) => this.#level(level));
        return this.#intern("ie", { const: { name: this.#name(term.name), us } });
      }
      case "number":
        return this.#intern("ie", { natVal: term.value.toString() });
      case "call":
        return this.#intern("ie", {
          app: { fn: this.#term(term.fn, around), arg: this.#term(term.arg, around) },
        });
      case "computed":
        return this.#term(term.proof, around);
      default: {
        const content = {
          name: this.#name(term.variable.name),
          type: this.#term(term.type, around),
          body: this.#term(term.body, [...around, term.variable]),
          binderInfo: term.implicit ? "implicit" : "default",
        };
        return this.#intern("ie", term.kind === "lam" ? { lam: content } : { forallE: content });
      }
    }
  }
}

function fieldsOf(type: Term): Term[] {
  return type.kind === "pi" ? [type.type, ...fieldsOf(type.body)] : [];
}

function mentionsConstant(name: string): (term: Term) => boolean {
  const within = (term: Term): boolean => {
    if (term.kind === "constant") return term.name === name;
    if (term.kind === "call") return within(term.fn) || within(term.arg);
    return (term.kind === "lam" || term.kind === "pi") && (within(term.type) || within(term.body));
  };
  return within;
}
