// JSON as strictly as RFC 8259 has it, and more strictly in one point: a key given twice is an error, as readers differ in
// which of the two they take. For lines that the scanner does not know by form.
import { refuseFormat } from "#lean/fault.ts";

export type ExportJson = null | boolean | number | string | readonly ExportJson[] | JsonObject;
/** Keys are only texts: `__proto__` is one like others. */
export type JsonObject = ReadonlyMap<string, ExportJson>;

const DEPTH_MAX = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
const WORD = /true|false|null/y;
const WORDS: ReadonlyMap<string, ExportJson> = new Map<string, ExportJson>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

export function parseJson(text: string): ExportJson {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at < this.#text.length) this.#refuse();
  }

  #refuse(): never {
    return refuseFormat("not-json", "Cannot read the line: it is not JSON");
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Whether the next character that is no space is this one; it is passed over then. */
  #take(character: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  value(depth: number): ExportJson {
    if (depth > DEPTH_MAX) this.#refuse();
    if (this.#take("{")) return this.#object(depth);
    if (this.#take("[")) return this.#list(depth);
    if (this.#text[this.#at] === '"') return this.#string();
    const word = this.#match(WORD);
    if (word !== undefined) return WORDS.get(word) ?? null;
    return Number(this.#match(NUMBER) ?? this.#refuse());
  }

  #object(depth: number): JsonObject {
    const entries = new Map<string, ExportJson>();
    if (this.#take("}")) return entries;
    do {
      this.#match(SPACE);
      const key = this.#string();
      if (entries.has(key)) refuseFormat("duplicate-key", `Cannot read the line: it has ${key} twice`);
      if (!this.#take(":")) this.#refuse();
      entries.set(key, this.value(depth + 1));
    } while (this.#take(","));
    return this.#take("}") ? entries : this.#refuse();
  }

  #list(depth: number): readonly ExportJson[] {
    const items: ExportJson[] = [];
    if (this.#take("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.#take(","));
    return this.#take("]") ? items : this.#refuse();
  }

  #string(): string {
    const text = this.#text;
    if (text[this.#at] !== '"') this.#refuse();
    let end = text.indexOf('"', this.#at + 1);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end === -1) this.#refuse();
    const found = text.slice(this.#at, end + 1);
    this.#at = end + 1;
    try {
      return JSON.parse(found) as string;
    } catch {
      return this.#refuse();
    }
  }
}

/** Whether there is an odd number of backslashes before that place. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start--;
  return (at - start) % 2 === 1;
}
