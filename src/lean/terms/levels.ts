// Universe levels, each once: terms of 0, +1, max, imax and parameters; and lists of them (or of names).
//
// What an export brings stays; what the check of a declaration adds is dropped with `forget`.
import { giveUp } from "#lean/fault.ts";
import { IMAX, MAX, PARAM, SUCC, ZERO, type Level } from "./level-kind.ts";
import { decideOrder } from "./level-order.ts";
import { NONE, PairMap } from "./map.ts";
import type { Name } from "./names.ts";

/** A number from 0; 0 is the empty list. */
export type List = number;

export interface SharedLevels {
  readonly kinds: readonly number[];
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly before: readonly number[];
  readonly last: readonly number[];
}

const EVERYTHING = Number.MAX_SAFE_INTEGER;
/** More levels are no proof. */
const COUNT_MAX = 50_000_000;

export class Levels {
  readonly zero: Level = 0;
  readonly one: Level;
  readonly #kinds: number[] = [ZERO];
  readonly #first: number[] = [0];
  readonly #second: number[] = [0];
  readonly #hasParam: boolean[] = [false];
  // Of what stays, and of what the present declaration added. By kind.
  readonly #kept = Array.from({ length: 5 }, () => new PairMap());
  readonly #added = Array.from({ length: 5 }, () => new PairMap());
  /** Answers to "is it at most", of the present declaration. A wrong one permits a type of itself. */
  readonly #order = new PairMap();
  readonly #before: number[] = [0];
  readonly #last: number[] = [0];
  readonly #listsKept = new PairMap();
  readonly #listsAdded = new PairMap();
  #items: (readonly number[] | undefined)[] = [[]];
  #levelMark = EVERYTHING;
  #listMark = EVERYTHING;

  constructor(shared?: SharedLevels) {
    if (shared !== undefined) {
      for (let i = 1; i < shared.kinds.length; i++)
        this.#intern(shared.kinds[i]!, shared.first[i]!, shared.second[i]!);
      for (let i = 1; i < shared.before.length; i++) this.append(shared.before[i]!, shared.last[i]!);
    }
    this.one = this.succ(0);
  }

  share(): SharedLevels {
    return {
      kinds: this.#kinds,
      first: this.#first,
      second: this.#second,
      before: this.#before,
      last: this.#last,
    };
  }

  get bytes(): number {
    return this.#kinds.length * 48 + this.#before.length * 40;
  }

  /** From here on everything belongs to one declaration. */
  mark(): void {
    this.#levelMark = this.#kinds.length;
    this.#listMark = this.#before.length;
  }

  /** Drops what was made since the mark. */
  forget(): void {
    this.#order.clear();
    if (this.#kinds.length > this.#levelMark) {
      for (const column of [this.#kinds, this.#first, this.#second, this.#hasParam])
        column.length = this.#levelMark;
      for (const map of this.#added) map.clear();
    }
    if (this.#before.length > this.#listMark) {
      this.#before.length = this.#listMark;
      this.#last.length = this.#listMark;
      this.#listsAdded.clear();
    }
    if (this.#items.length > this.#listMark) this.#items.length = this.#listMark;
    this.#levelMark = EVERYTHING;
    this.#listMark = EVERYTHING;
  }

  #intern(kind: number, a: number, b: number): Level {
    const known = this.#kept[kind]!.get(a, b);
    if (known !== NONE) return known;
    const added = this.#added[kind]!;
    const found = added.get(a, b);
    if (found !== NONE) return found;
    const level = this.#kinds.length;
    if (level > COUNT_MAX) giveUp("Cannot check with so many universe levels");
    this.#kinds.push(kind);
    this.#first.push(a);
    this.#second.push(b);
    const hasParam =
      kind === PARAM || this.#hasParam[a]! || ((kind === MAX || kind === IMAX) && this.#hasParam[b]!);
    this.#hasParam.push(hasParam);
    (level < this.#levelMark ? this.#kept[kind]! : added).set(a, b, level);
    return level;
  }

  kind(level: Level): number {
    return this.#kinds[level]!;
  }

  /** The operand of SUCC, the first of MAX and IMAX, the name of PARAM. */
  first(level: Level): number {
    return this.#first[level]!;
  }

  second(level: Level): number {
    return this.#second[level]!;
  }

  hasParam(level: Level): boolean {
    return this.#hasParam[level]!;
  }

  succ(a: Level): Level {
    return this.#intern(SUCC, a, 0);
  }

  max(a: Level, b: Level): Level {
    return this.#intern(MAX, a, b);
  }

  imax(a: Level, b: Level): Level {
    return this.#intern(IMAX, a, b);
  }

  param(name: Name): Level {
    return this.#intern(PARAM, name, 0);
  }

  /** The universe of a function type: imax, in its shortest obvious form. */
  piSort(domain: Level, range: Level): Level {
    const kind = this.kind(range);
    if (kind === ZERO || domain === range) return range;
    if (kind === SUCC) return domain === 0 ? range : this.max(domain, range);
    return domain === 0 ? range : this.imax(domain, range);
  }

  list(items: readonly number[]): List {
    let list = 0;
    for (const item of items) list = this.append(list, item);
    return list;
  }

  append(before: List, item: number): List {
    const known = this.#listsKept.get(before, item);
    if (known !== NONE) return known;
    const found = this.#listsAdded.get(before, item);
    if (found !== NONE) return found;
    const list = this.#before.length;
    this.#before.push(before);
    this.#last.push(item);
    (list < this.#listMark ? this.#listsKept : this.#listsAdded).set(before, item, list);
    return list;
  }

  items(list: List): readonly number[] {
    const known = this.#items[list];
    if (known !== undefined) return known;
    const items: number[] = [];
    for (let at = list; at !== 0; at = this.#before[at]!) items.push(this.#last[at]!);
    return (this.#items[list] = items.toReversed());
  }

  hasParamIn(list: List): boolean {
    for (let at = list; at !== 0; at = this.#before[at]!) if (this.#hasParam[this.#last[at]!]!) return true;
    return false;
  }

  /** Replaces parameters by levels. `from` and `to` have one length. */
  substitute(level: Level, from: readonly Name[], to: readonly Level[]): Level {
    if (!this.#hasParam[level]!) return level;
    const kind = this.#kinds[level]!;
    const first = this.#first[level]!;
    if (kind === PARAM) return to[from.indexOf(first)] ?? level;
    // Most levels are small: a parameter and one more.
    if (kind === SUCC && this.#kinds[first] === PARAM)
      return this.succ(to[from.indexOf(this.#first[first]!)] ?? first);
    const done = new Map<Level, Level>();
    const get = (part: Level): Level => done.get(part) ?? part;
    for (const at of this.partsOf(level)) {
      if (!this.#hasParam[at]!) continue;
      const a = this.#first[at]!;
      const kind = this.#kinds[at]!;
      if (kind === PARAM) done.set(at, to[from.indexOf(a)] ?? at);
      else if (kind === SUCC) done.set(at, this.succ(get(a)));
      else done.set(at, this.#intern(kind, get(a), get(this.#second[at]!)));
    }
    return get(level);
  }

  /** The level and all of its parts, parts first; without recursion, as levels may be deep. */
  partsOf(...levels: readonly Level[]): Level[] {
    const seen = new Set<Level>();
    const stack = [...levels];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const kind = this.#kinds[at]!;
      if (kind === SUCC || kind === MAX || kind === IMAX) stack.push(this.#first[at]!);
      if (kind === MAX || kind === IMAX) stack.push(this.#second[at]!);
    }
    // The parts of a level have smaller numbers.
    return [...seen].toSorted((a, b) => a - b);
  }

  /** Whether a ≤ b under every assignment of the parameters. */
  isAtMost(a: Level, b: Level): boolean {
    if (a === b || a === 0) return true;
    const known = this.#order.get(a, b);
    if (known !== NONE) return known === 1;
    const answer = decideOrder(this, a, b);
    this.#order.set(a, b, answer ? 1 : 0);
    return answer;
  }

  isSame(a: Level, b: Level): boolean {
    return a === b || (this.isAtMost(a, b) && this.isAtMost(b, a));
  }

  areSame(a: List, b: List): boolean {
    if (a === b) return true;
    const [left, right] = [this.items(a), this.items(b)];
    return left.length === right.length && left.every((level, i) => this.isSame(level, right[i]!));
  }

  /** Under every assignment. A wrong "yes" permits to take data for a proof, so that any two are equal. */
  isZero(level: Level): boolean {
    return level === 0 || (this.#kinds[level] !== SUCC && this.isAtMost(level, 0));
  }

  /** Whether the level is at least 1 under every assignment. A wrong "yes" permits to take data out of a proof. */
  isNeverZero(level: Level): boolean {
    return this.#kinds[level] === SUCC || this.isAtMost(this.one, level);
  }
}
