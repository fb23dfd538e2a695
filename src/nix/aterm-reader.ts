// Reads the few pieces of ATerm syntax that derivations are made of, in their one canonical form.
import { compareByteStrings } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

const UNESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

export class ATermReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  startsWith(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  expect(token: string): void {
    if (!this.startsWith(token)) this.#refuse(`'${token}'`);
    this.#at += token.length;
  }

  end(): void {
    if (this.#at !== this.#text.length) this.#refuse("its end");
  }

  string(): string {
    this.expect('"');
    const text = this.#text;
    let value = "";
    let from = this.#at;
    for (;;) {
      const quote = text.indexOf('"', from);
      if (quote === -1) {
        this.#at = text.length;
        this.#refuse("a closing quote");
      }
      const escape = text.lastIndexOf("\\", quote);
      if (escape < from) {
        this.#at = quote + 1;
        return value + this.#raw(from, quote);
      }
      // Somewhere before the quote stands an escape: take the text up to the first one, and what it stands for.
      const first = text.indexOf("\\", from);
      const char = UNESCAPES.get(text[first + 1] ?? "");
      if (char === undefined) {
        this.#at = first;
        this.#refuse('one of the escapes \\" \\\\ \\n \\r \\t');
      }
      value += this.#raw(from, first) + char;
      from = first + 2;
    }
  }

  /** A string of a kind that is written without escapes. */
  plainString(what: string): string {
    const at = this.#at;
    const value = this.string();
    if (this.#at - at !== value.length + 2) {
      throw pipeliteError("DRV_NOT_CANONICAL", { reason: `${what} has an escape` });
    }
    return value;
  }

  list<T>(item: () => T): T[] {
    const items: T[] = [];
    this.expect("[");
    if (this.startsWith("]")) {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(item());
      if (this.startsWith("]")) break;
      this.expect(",");
    }
    this.#at++;
    return items;
  }

  /** A list of plain strings, sorted and each once. */
  sortedStrings(what: string): string[] {
    const items = this.list(() => this.plainString(what));
    checkSorted(what, items);
    return items;
  }

  /** A list of tuples whose first members are sorted and each once. */
  map<K extends string, V>(what: string, entry: () => [K, V]): Map<K, V> {
    const entries = this.list(() => {
      this.expect("(");
      const read = entry();
      this.expect(")");
      return read;
    });
    checkSorted(
      what,
      entries.map(([key]) => key),
    );
    return new Map(entries);
  }

  #raw(from: number, to: number): string {
    const piece = this.#text.slice(from, to);
    if (/[\n\r\t]/.test(piece)) {
      throw pipeliteError("DRV_NOT_CANONICAL", {
        reason: "a line feed, return or tab is not escaped",
      });
    }
    return piece;
  }

  #refuse(wanted: string): never {
    throw pipeliteError("DRV_SYNTAX", { offset: this.#at, wanted });
  }
}

function checkSorted(what: string, keys: readonly string[]): void {
  for (let index = 1; index < keys.length; index++) {
    const [previous, key] = [keys[index - 1] ?? "", keys[index] ?? ""];
    if (compareByteStrings(previous, key) >= 0) {
      const reason = `${what} '${key}' does not follow '${previous}' in order`;
      throw pipeliteError("DRV_NOT_CANONICAL", { reason });
    }
  }
}
