// The declarations of an export in the order of its lines, as rows of numbers that threads can share.
import { Column } from "#lean/terms/column.ts";
import type { Levels } from "#lean/terms/levels.ts";
import type { Name } from "#lean/terms/names.ts";
import {
  ROLES,
  constantsOf,
  type Constant,
  type Constructor,
  type Declaration,
  type Inductive,
  type Recursor,
  type RecursorRule,
} from "./constants.ts";

export interface SharedDeclarations {
  readonly words: Column["shared"];
  readonly starts: Column["shared"];
  readonly places: Column["shared"];
  readonly count: number;
}

const KINDS = [
  "axiom",
  "definition",
  "theorem",
  "opaque",
  "quotient",
  "inductive",
  "constructor",
  "recursor",
] as const;
const UNSAFE_BIT = 16;
const RECURSIVE_BIT = 1;
const REFLEXIVE_BIT = 2;
/** Three words a declaration: where it begins, its line, how many expressions were read before it. */
const STARTS = 3;

/** Reads one row from its beginning. */
class Row {
  readonly #words: Int32Array;
  readonly #levels: Levels;
  #at: number;

  constructor(words: Int32Array, levels: Levels, at: number) {
    this.#words = words;
    this.#levels = levels;
    this.#at = at;
  }

  next(): number {
    return this.#words[this.#at++]!;
  }

  list(): readonly number[] {
    return this.#levels.items(this.next());
  }
}

export class Declarations {
  readonly #levels: Levels;
  /** A declaration: how many constants, then those. */
  readonly #words: Column;
  readonly #starts: Column;
  /** By name: where its constant is, 0 for none. */
  readonly #places: Column;
  #count: number;

  constructor(levels: Levels, shared?: SharedDeclarations) {
    this.#levels = levels;
    this.#words = new Column(shared?.words);
    this.#starts = new Column(shared?.starts);
    this.#places = new Column(shared?.places);
    this.#count = shared?.count ?? 0;
    if (shared === undefined) this.#words.used = 1;
  }

  share(): SharedDeclarations {
    const [words, starts, places] = [this.#words.shared, this.#starts.shared, this.#places.shared];
    return { words, starts, places, count: this.#count };
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#words.byteLength + this.#starts.byteLength + this.#places.byteLength;
  }

  lineOf(order: number): number {
    return this.#starts.words[order * STARTS + 1]!;
  }

  /** How many expressions were read before it. */
  visibleTo(order: number): number {
    return this.#starts.words[order * STARTS + 2]!;
  }

  /** Whether a declaration before this one has the name. */
  isTaken(name: Name, order: number): boolean {
    const place = this.#places.words[name] ?? 0;
    return place !== 0 && this.#words.words[place]! < order;
  }

  /** @param line of the export, from 1 */
  add(declaration: Declaration, line: number, visible: number): void {
    const constants = constantsOf(declaration);
    this.#starts.ensure((this.#count + 1) * STARTS);
    this.#starts.words.set([this.#words.used, line, visible], this.#count * STARTS);
    this.#write([constants.length]);
    for (const constant of constants) {
      this.#places.ensure(constant.name + 1);
      // Of two declarations of a name the first one counts; the second one is rejected.
      this.#places.words[constant.name] ||= this.#words.used;
      this.#write(this.#encode(constant));
    }
    this.#count++;
  }

  #write(row: readonly number[]): void {
    const at = this.#words.used;
    this.#words.ensure(at + row.length);
    this.#words.words.set(row, at);
    this.#words.used = at + row.length;
  }

  #encode(constant: Constant): number[] {
    const { kind, isUnsafe, name, levelParams, type, typePlace } = constant;
    const list = (items: readonly number[]): number => this.#levels.list(items);
    const flags = KINDS.indexOf(kind) | (isUnsafe ? UNSAFE_BIT : 0);
    const row = [this.#count, flags, name, list(levelParams), type, typePlace];
    switch (constant.kind) {
      case "axiom":
        return row;
      case "quotient":
        return [...row, ROLES.indexOf(constant.role)];
      case "inductive": {
        const { paramCount, indexCount, all, constructors, nestedCount, isRecursive, isReflexive } = constant;
        const bits = (isRecursive ? RECURSIVE_BIT : 0) | (isReflexive ? REFLEXIVE_BIT : 0);
        return [...row, paramCount, indexCount, list(all), list(constructors), nestedCount, bits];
      }
      case "constructor": {
        const { inductive, index, paramCount, fieldCount } = constant;
        return [...row, inductive, index, paramCount, fieldCount];
      }
      case "recursor": {
        const { all, paramCount, indexCount, motiveCount, minorCount, isK, rules } = constant;
        const parts = rules.flatMap((rule) => [rule.constructor, rule.fieldCount, rule.value]);
        const counts = [paramCount, indexCount, motiveCount, minorCount];
        return [...row, list(all), ...counts, isK ? 1 : 0, rules.length, ...parts];
      }
      default:
        return [...row, constant.value, constant.valuePlace, constant.hint];
    }
  }

  /** The declaration of that order, from 0. */
  get(order: number): Declaration {
    const row = new Row(this.#words.words, this.#levels, this.#starts.words[order * STARTS]!);
    const count = row.next();
    const constants = Array.from({ length: count }, () => decode(row));
    const [first] = constants;
    if (count === 1 && first !== undefined && isRecord(first)) return first;
    const types = constants.filter((constant): constant is Inductive => constant.kind === "inductive");
    const constructors = constants.filter(
      (constant): constant is Constructor => constant.kind === "constructor",
    );
    const recursors = constants.filter((constant): constant is Recursor => constant.kind === "recursor");
    return { kind: "inductive", types, constructors, recursors };
  }

  /** The constant of that name, undefined when no declaration brings it in. */
  find(name: Name): Constant | undefined {
    const place = this.#places.words[name] ?? 0;
    return place === 0 ? undefined : decode(new Row(this.#words.words, this.#levels, place));
  }
}

function isRecord(constant: Constant): constant is Exclude<Constant, Inductive | Constructor | Recursor> {
  return constant.kind !== "inductive" && constant.kind !== "constructor" && constant.kind !== "recursor";
}

function decode(row: Row): Constant {
  const order = row.next();
  const flags = row.next();
  const common = {
    name: row.next(),
    levelParams: row.list(),
    type: row.next(),
    typePlace: row.next(),
    isUnsafe: (flags & UNSAFE_BIT) !== 0,
    order,
  };
  const kind = KINDS[flags & (UNSAFE_BIT - 1)]!;
  switch (kind) {
    case "axiom":
      return { kind, ...common };
    case "quotient":
      return { kind, ...common, role: ROLES[row.next()]! };
    case "inductive": {
      const [paramCount, indexCount, all, constructors] = [row.next(), row.next(), row.list(), row.list()];
      const [nestedCount, bits] = [row.next(), row.next()];
      const isRecursive = (bits & RECURSIVE_BIT) !== 0;
      const isReflexive = (bits & REFLEXIVE_BIT) !== 0;
      const shape = { paramCount, indexCount, all, constructors, nestedCount, isRecursive, isReflexive };
      return { kind, ...common, ...shape };
    }
    case "constructor": {
      const [inductive, index, paramCount, fieldCount] = [row.next(), row.next(), row.next(), row.next()];
      return { kind, ...common, inductive, index, paramCount, fieldCount };
    }
    case "recursor":
      return decodeRecursor(row, common);
    default:
      return { kind, ...common, value: row.next(), valuePlace: row.next(), hint: row.next() };
  }
}

function decodeRecursor(row: Row, common: Omit<Constant, "kind">): Recursor {
  const all = row.list();
  const [paramCount, indexCount, motiveCount, minorCount] = [row.next(), row.next(), row.next(), row.next()];
  const isK = row.next() === 1;
  const rules = Array.from({ length: row.next() }, (): RecursorRule => ({
    constructor: row.next(),
    fieldCount: row.next(),
    value: row.next(),
  }));
  return { kind: "recursor", ...common, all, paramCount, indexCount, motiveCount, minorCount, isK, rules };
}
