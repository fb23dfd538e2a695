// How the expressions of an export were spelled, by index: what hash-consing does not keep. An export has more of these
// than of anything else, so that they are columns and not objects.
import type { Expr } from "./expr.ts";
import type { Name } from "./name.ts";
import type { BinderStyle } from "./print.ts";

export interface Spelling {
  readonly expr: Expr;
  readonly binder: Name | undefined;
  readonly style: BinderStyle | undefined;
  /** Indices of its parts: up to three. */
  readonly parts: readonly number[];
}

export const STYLES: readonly BinderStyle[] = ["default", "implicit", "strictImplicit", "instImplicit"];

const PARTS_MAX = 3;
/** The places of the parts and the number of the style. */
const WIDTH = PARTS_MAX + 1;
const NONE = -1;

export class Spellings {
  readonly #exprs: Expr[] = [];
  readonly #binders: (Name | undefined)[] = [];
  #details = new Int32Array(WIDTH << 10);
  /** Expressions whose index is their place, as all have it where they are numbered in order: those before this one. */
  #ordered = 0;
  /** Places of the others. */
  readonly #places = new Map<number, number>();
  /** Indices of the others, by place. */
  readonly #indices = new Map<number, number>();

  #placeOf(index: number): number | undefined {
    return index < this.#ordered ? index : this.#places.get(index);
  }

  has(index: number): boolean {
    return this.#placeOf(index) !== undefined;
  }

  expr(index: number): Expr | undefined {
    const place = this.#placeOf(index);
    return place === undefined ? undefined : this.#exprs[place];
  }

  get(index: number): Spelling | undefined {
    const place = this.#placeOf(index);
    const expr = place === undefined ? undefined : this.#exprs[place];
    if (place === undefined || expr === undefined) return undefined;
    const details = this.#details.subarray(place * WIDTH, (place + 1) * WIDTH);
    const places = [...details.subarray(0, PARTS_MAX)].filter((part) => part !== NONE);
    const parts = places.map((part) => this.#indices.get(part) ?? part);
    return { expr, binder: this.#binders[place], style: STYLES[details[PARTS_MAX] ?? NONE], parts };
  }

  /** `index` must be new, and those of the parts known. */
  set(index: number, { expr, binder, style, parts }: Spelling): void {
    const place = this.#exprs.length;
    if (index === place && index === this.#ordered) this.#ordered++;
    else {
      this.#places.set(index, place);
      this.#indices.set(place, index);
    }
    this.#exprs.push(expr);
    this.#binders.push(binder);
    if ((place + 1) * WIDTH > this.#details.length) this.#grow();
    for (let i = 0; i < PARTS_MAX; i++) {
      const part = parts[i];
      this.#details[place * WIDTH + i] = part === undefined ? NONE : (this.#placeOf(part) ?? NONE);
    }
    this.#details[place * WIDTH + PARTS_MAX] = style === undefined ? NONE : STYLES.indexOf(style);
  }

  #grow(): void {
    const old = this.#details;
    this.#details = new Int32Array(old.length * 2);
    this.#details.set(old);
  }
}
