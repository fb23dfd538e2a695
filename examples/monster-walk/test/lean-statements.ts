// Reads the theorems back from an export, by a reader of its own, and writes their statements as Lean text.
import type { Term, Variable } from "../lean/term.ts";
import { Library } from "../lean/library.ts";
import { LeanWriter } from "../lean/text.ts";
import { declareCore } from "../lean/core-library.ts";

interface Line {
  in?: number;
  ie?: number;
  il?: number;
  str?: { pre: number; str: string };
  succ?: number;
  bvar?: number;
  sort?: number;
  natVal?: string;
  const?: { name: number; us: number[] };
  app?: { fn: number; arg: number };
  lam?: Bound;
  forallE?: Bound;
  thm?: { name: number; type: number };
}

interface Bound {
  name: number;
  type: number;
  body: number;
  binderInfo: string;
}

export function readStatements(lines: readonly string[]): { name: string; statement: string }[] {
  const names = new Map([[0, ""]]);
  const levels = new Map([[0, 0]]);
  const exprs = new Map<number, Line>();
  const found: { name: string; statement: string }[] = [];
  const library = new Library();
  declareCore(library);
  const writer = new LeanWriter(library);
  const nameOf = (index: number): string => names.get(index) ?? "?";
  const read = (index: number, around: readonly Variable[]): Term => {
    const { bvar, sort, natVal, const: constant, app, lam, forallE } = exprs.get(index) ?? {};
    const bound = lam ?? forallE;
    if (bvar !== undefined) return around.at(-1 - bvar) ?? { kind: "variable", name: "?" };
    if (sort !== undefined) return { kind: "sort", level: { plus: levels.get(sort) ?? 0 } };
    if (natVal !== undefined) return { kind: "number", value: BigInt(natVal) };
    if (constant !== undefined) {
      const us = constant.us.map((level) => ({ plus: levels.get(level) ?? 0 }));
      return { kind: "constant", name: nameOf(constant.name), levels: us };
    }
    if (app !== undefined) return { kind: "call", fn: read(app.fn, around), arg: read(app.arg, around) };
    if (bound === undefined) throw new RangeError(`No expression ${index}`);
    const variable: Variable = { kind: "variable", name: nameOf(bound.name) };
    return {
      kind: lam === undefined ? "pi" : "lam",
      variable,
      type: read(bound.type, around),
      body: read(bound.body, [...around, variable]),
      implicit: bound.binderInfo !== "default",
    };
  };
  for (const text of lines) {
    const line = JSON.parse(text) as Line;
    if (line.in !== undefined && line.str !== undefined)
      names.set(line.in, [nameOf(line.str.pre), line.str.str].filter((part) => part !== "").join("."));
    if (line.il !== undefined)
      levels.set(line.il, line.succ === undefined ? 0 : 1 + (levels.get(line.succ) ?? 0));
    if (line.ie !== undefined) exprs.set(line.ie, line);
    if (line.thm !== undefined)
      found.push({ name: nameOf(line.thm.name), statement: writer.term(read(line.thm.type, [])) });
  }
  return found;
}
