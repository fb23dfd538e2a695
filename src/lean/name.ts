// Hierarchical names of Lean, hash-consed: two names are the same when they are the same object.

export interface Name {
  readonly id: number;
  /** undefined for the anonymous name only. */
  readonly prefix: Name | undefined;
  readonly part: string | number;
}

export class Names {
  readonly anonymous: Name = { id: 0, prefix: undefined, part: "" };
  readonly #table = new Map<string, Name>();
  #count = 1;

  child(prefix: Name, part: string | number): Name {
    const key = `${prefix.id}${typeof part === "number" ? "#" : "."}${part}`;
    const found = this.#table.get(key);
    if (found !== undefined) return found;
    const name = { id: this.#count++, prefix, part };
    this.#table.set(key, name);
    return name;
  }

  /** The name that `text` spells with plain dots: for the kernel's own constants, as `Nat.add`. */
  of(text: string): Name {
    return text.split(".").reduce((prefix, part) => this.child(prefix, part), this.anonymous);
  }

  /** A name that no export can spell: two calls never give the same one. */
  fresh(part: string): Name {
    return { id: this.#count++, prefix: this.anonymous, part };
  }
}

const PLAIN = /^[\p{L}_][\p{L}\p{N}_'!?\u2080-\u209c]*$/u;

/** As Lean writes it: parts joined by dots, parts that are no identifiers in «guillemets». */
export function formatName(name: Name): string {
  const parts: string[] = [];
  for (let at: Name | undefined = name; at?.prefix !== undefined; at = at.prefix) {
    const { part } = at;
    parts.push(
      typeof part === "number" || PLAIN.test(part) ? String(part) : `«${part.replaceAll("»", "\\u{bb}")}»`,
    );
  }
  return parts.length === 0 ? "[anonymous]" : parts.toReversed().join(".");
}

/** The name of a bound variable, without what Lean's elaborator adds to keep names apart: `a._@.Main._hyg.7` is `a`. */
export function formatBinder(name: Name): string {
  let kept: Name = name;
  for (let at: Name | undefined = name; at?.prefix !== undefined; at = at.prefix) {
    if (at.part === "_@") kept = at.prefix;
  }
  const isSpelled = kept.prefix !== undefined && typeof kept.part === "string" && kept.part !== "";
  return isSpelled ? formatName(kept) : "x";
}
