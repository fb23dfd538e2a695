// Rows of four words, one for each expression, and how to read them.
import { APP, CONST, type Expr, type ExprKind } from "./kind.ts";
import type { Level } from "./level-kind.ts";
import type { List } from "./levels.ts";
import type { Name } from "./names.ts";

// Word 0: kind, whether there is a universe parameter, and how many binders must stand around it so that no bound variable
// is loose. Word 1: one more than the highest level of a free variable in it, 0 without any. Words 2 and 3 by kind:
//   BVAR index | FVAR type, level | SORT level | CONST name, levels | NAT number or place of it | STR place
//   APP function, argument | LAM, PI domain, body | LET type, PAIR | PAIR value, body | PROJ structure, field (by name, index)
export const SHIFT = 2;
export const KIND_MASK = 15;
export const PARAM_BIT = 16;
export const LOOSE_SHIFT = 8;
export class Rows {
  words: Int32Array;

  constructor(words: Int32Array) {
    this.words = words;
  }

  kind(e: Expr): ExprKind {
    return (this.words[e << SHIFT]! & KIND_MASK) as ExprKind;
  }

  /** How many binders must stand around it so that no bound variable is loose. */
  loose(e: Expr): number {
    return this.words[e << SHIFT]! >>> LOOSE_SHIFT;
  }

  hasParam(e: Expr): boolean {
    return (this.words[e << SHIFT]! & PARAM_BIT) !== 0;
  }

  /** One more than the highest level of a free variable in it, 0 without any. */
  free(e: Expr): number {
    return this.words[(e << SHIFT) + 1]!;
  }

  /** Function of APP; domain of LAM and PI; type of LET and FVAR; structure of PROJ; value of PAIR. */
  left(e: Expr): number {
    return this.words[(e << SHIFT) + 2]!;
  }

  /** Argument of APP; body of LAM, PI and PAIR; PAIR of LET. */
  right(e: Expr): number {
    return this.words[(e << SHIFT) + 3]!;
  }

  /** Index of BVAR. */
  index(e: Expr): number {
    return this.words[(e << SHIFT) + 2]!;
  }

  /** Level of FVAR. */
  depth(e: Expr): number {
    return this.words[(e << SHIFT) + 3]!;
  }

  /** Of SORT. */
  level(e: Expr): Level {
    return this.words[(e << SHIFT) + 2]!;
  }

  /** Of CONST. */
  name(e: Expr): Name {
    return this.words[(e << SHIFT) + 2]!;
  }

  /** Levels of CONST. */
  list(e: Expr): List {
    return this.words[(e << SHIFT) + 3]!;
  }

  letValue(e: Expr): Expr {
    return this.left(this.right(e));
  }

  letBody(e: Expr): Expr {
    return this.right(this.right(e));
  }

  head(e: Expr): Expr {
    let at = e;
    while (this.kind(at) === APP) at = this.left(at);
    return at;
  }

  /** The arguments of an application, in order. */
  args(e: Expr): Expr[] {
    let count = 0;
    for (let at = e; this.kind(at) === APP; at = this.left(at)) count++;
    const args = Array.from<Expr>({ length: count });
    for (let at = e; count > 0; at = this.left(at)) args[--count] = this.right(at);
    return args;
  }

  /** Whether it is the constant of that name, without universe levels: with other levels it would be another one. */
  isConst(e: Expr, name: Name): boolean {
    return this.kind(e) === CONST && this.name(e) === name && this.list(e) === 0;
  }
}
