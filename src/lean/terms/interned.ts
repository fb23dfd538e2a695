/** Values with places, of which those since the mark are dropped. */
export class Interned<T extends bigint | string> {
  readonly items: T[] = [];
  readonly #places = new Map<T, number>();
  #mark = Number.MAX_SAFE_INTEGER;

  place(item: T): number {
    const known = this.#places.get(item);
    if (known !== undefined) return known;
    const place = this.items.length;
    this.items.push(item);
    this.#places.set(item, place);
    return place;
  }

  mark(): void {
    this.#mark = this.items.length;
  }

  forget(): void {
    while (this.items.length > this.#mark) {
      const item = this.items.pop();
      if (item !== undefined) this.#places.delete(item);
    }
    this.#mark = Number.MAX_SAFE_INTEGER;
  }
}
