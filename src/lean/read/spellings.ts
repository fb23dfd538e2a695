// The expressions of an export by index, with how they were spelled there: what hash-consing does not keep.
import type { Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import type { BinderStyle } from "#lean/print.ts";
import { IndexTable } from "./index-table.ts";

export const STYLES: readonly BinderStyle[] = ["default", "implicit", "strictImplicit", "instImplicit"];

/** Not a place. */
export const NO_PART = 0x7fff_ffff;
/** The number of a LET's style: it has none. */
export const NO_STYLE = STYLES.length;

export interface Spelling {
  readonly expr: Expr;
  readonly binder: Name | undefined;
  readonly style: BinderStyle | undefined;
  /** Places of its parts: up to three. */
  readonly parts: readonly number[];
}

// Words of a row: expression + 1; binder's name and style (0: none); places of up to three parts.
const WIDTH = 5;
const STYLE_BITS = 3;

export class Spellings {
  readonly #table = new IndexTable(WIDTH);

  get bytes(): number {
    return this.#table.bytes;
  }

  has(index: number): boolean {
    return this.#table.has(index);
  }

  /** NONE when it is not defined. */
  get(index: number): Expr {
    return this.#table.get(index);
  }

  placeOf(index: number): number | undefined {
    return this.#table.placeOf(index);
  }

  /** @param parts indices, which must be defined; NO_PART where there is none */
  define(index: number, expr: Expr, first = NO_PART, second = NO_PART, third = NO_PART): number {
    const table = this.#table;
    const place = table.define(index, expr);
    table.setWord(place, 2, first === NO_PART ? NO_PART : (table.placeOf(first) ?? NO_PART));
    table.setWord(place, 3, second === NO_PART ? NO_PART : (table.placeOf(second) ?? NO_PART));
    table.setWord(place, 4, third === NO_PART ? NO_PART : (table.placeOf(third) ?? NO_PART));
    return place;
  }

  setBinder(place: number, binder: Name, style: number): void {
    this.#table.setWord(place, 1, ((binder + 1) << STYLE_BITS) | style);
  }

  /** The same expression under one more index. */
  alias(index: number, of: number): void {
    const table = this.#table;
    const from = table.placeOf(of)!;
    const place = table.define(index, table.get(of));
    for (let word = 1; word < WIDTH; word++) table.setWord(place, word, table.wordAt(from, word));
  }

  at(place: number): Spelling {
    const table = this.#table;
    const bits = table.wordAt(place, 1);
    const style = bits & ((1 << STYLE_BITS) - 1);
    const parts = [2, 3, 4].map((word) => table.wordAt(place, word)).filter((part) => part !== NO_PART);
    return {
      expr: table.wordAt(place, 0) - 1,
      binder: bits === 0 ? undefined : (bits >>> STYLE_BITS) - 1,
      style: bits === 0 ? undefined : STYLES[style],
      parts,
    };
  }
}
