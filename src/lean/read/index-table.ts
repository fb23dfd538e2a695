// What the indices of an export stand for. Exporters number lines in order, so that an index is a place in a row; any other
// numbering is kept in a map.
import { Column } from "#lean/terms/column.ts";
import { NONE } from "#lean/terms/map.ts";

export class IndexTable {
  readonly #width: number;
  /** Rows of `width` words; the first word is the value + 1, 0 for none. */
  readonly #rows = new Column();
  readonly #others = new Map<number, number>();
  /** Places of the others, from here on up; below 0 in references. */
  readonly #otherRows = new Column();
  #count = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get bytes(): number {
    return this.#rows.byteLength + this.#otherRows.byteLength + this.#others.size * 40;
  }

  /** The place of a defined index: from 0, or below 0 for those out of order; undefined when it is not defined. */
  placeOf(index: number): number | undefined {
    const at = index * this.#width;
    if (at < this.#rows.words.length && this.#rows.words[at] !== 0) return index;
    return this.#others.size === 0 ? undefined : this.#others.get(index);
  }

  /** The value of an index, NONE when it is not defined. */
  get(index: number): number {
    const at = index * this.#width;
    const { words } = this.#rows;
    if (at < words.length) {
      const value = words[at]!;
      if (value !== 0) return value - 1;
    }
    if (this.#others.size === 0) return NONE;
    const place = this.#others.get(index);
    return place === undefined ? NONE : this.wordAt(place, 0) - 1;
  }

  has(index: number): boolean {
    return this.get(index) !== NONE;
  }

  /** Defines a new index. @returns its place */
  define(index: number, value: number): number {
    this.#count++;
    if (index <= this.#count * 2 + 4096) {
      this.#rows.ensure((index + 1) * this.#width);
      this.#rows.words[index * this.#width] = value + 1;
      return index;
    }
    const row = this.#others.size;
    const place = -1 - row;
    this.#others.set(index, place);
    this.#otherRows.ensure((row + 1) * this.#width);
    this.#otherRows.words[row * this.#width] = value + 1;
    return place;
  }

  wordAt(place: number, word: number): number {
    return place >= 0
      ? this.#rows.words[place * this.#width + word]!
      : this.#otherRows.words[(-1 - place) * this.#width + word]!;
  }

  setWord(place: number, word: number, value: number): void {
    if (place >= 0) this.#rows.words[place * this.#width + word] = value;
    else this.#otherRows.words[(-1 - place) * this.#width + word] = value;
  }
}
