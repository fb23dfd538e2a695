// Universe levels: hash-consed terms of 0, +1, max, imax and parameters, and their order.
//
// The order is decided, not approximated: every parameter on which an imax depends is split into "is 0" and "is at least
// 1"; then no imax is left, both sides are maxima of `parameter + constant`, and those are compared atom by atom.
import { largest } from "#base/extremes.ts";
import { giveUp } from "./fault.ts";
import { formatName, type Name } from "./name.ts";

export const ZERO = 0;
export const SUCC = 1;
export const MAX = 2;
export const IMAX = 3;
export const PARAM = 4;

export interface Level {
  readonly id: number;
  readonly kind: 0 | 1 | 2 | 3 | 4;
  /** The operand of SUCC, the first of MAX and IMAX; itself undefined otherwise. */
  readonly a: Level | undefined;
  readonly b: Level | undefined;
  readonly name: Name | undefined;
  readonly hasParam: boolean;
}

/** More split parameters than real developments have; each doubles the work. */
const SPLIT_MAX = 10;

export class Levels {
  readonly zero: Level;
  readonly one: Level;
  readonly #table = new Map<string, Level>();
  readonly #order = new Map<number, boolean>();
  #count = 0;

  constructor() {
    this.zero = this.#intern(ZERO, undefined, undefined, undefined);
    this.one = this.succ(this.zero);
  }

  #intern(kind: Level["kind"], a?: Level, b?: Level, name?: Name): Level {
    const key = `${kind} ${a?.id ?? ""} ${b?.id ?? ""} ${name?.id ?? ""}`;
    const found = this.#table.get(key);
    if (found !== undefined) return found;
    const hasParam = kind === PARAM || a?.hasParam === true || b?.hasParam === true;
    const level: Level = { id: this.#count++, kind, a, b, name, hasParam };
    this.#table.set(key, level);
    return level;
  }

  succ(a: Level): Level {
    return this.#intern(SUCC, a);
  }

  max(a: Level, b: Level): Level {
    return this.#intern(MAX, a, b);
  }

  imax(a: Level, b: Level): Level {
    return this.#intern(IMAX, a, b);
  }

  param(name: Name): Level {
    return this.#intern(PARAM, undefined, undefined, name);
  }

  /** The universe of a function type: imax, in its shortest obvious form. */
  piSort(domain: Level, range: Level): Level {
    if (range.kind === ZERO || domain === range) return range;
    if (range.kind === SUCC) return domain.kind === ZERO ? range : this.max(domain, range);
    return domain.kind === ZERO ? range : this.imax(domain, range);
  }

  /** Replaces parameters by levels. `from` and `to` have one length. */
  substitute(level: Level, from: readonly Name[], to: readonly Level[]): Level {
    return this.#substitute(level, from, to, new Map());
  }

  #substitute(level: Level, from: readonly Name[], to: readonly Level[], done: Map<Level, Level>): Level {
    if (!level.hasParam) return level;
    const { a, b } = level;
    if (level.kind === PARAM) {
      const index = level.name === undefined ? -1 : from.indexOf(level.name);
      return to[index] ?? level;
    }
    if (a === undefined) return level;
    const known = done.get(level);
    if (known !== undefined) return known;
    const first = this.#substitute(a, from, to, done);
    let answer = b === undefined ? this.succ(first) : level;
    if (b !== undefined) {
      const second = this.#substitute(b, from, to, done);
      answer = level.kind === MAX ? this.max(first, second) : this.imax(first, second);
    }
    done.set(level, answer);
    return answer;
  }

  /** Whether a ≤ b under every assignment of the parameters. */
  isAtMost(a: Level, b: Level): boolean {
    if (a === b || a.kind === ZERO) return true;
    const key = a.id * 0x4000000 + b.id;
    const known = this.#order.get(key);
    if (known !== undefined) return known;
    const answer = decideOrder(a, b);
    this.#order.set(key, answer);
    return answer;
  }

  isSame(a: Level, b: Level): boolean {
    return a === b || (this.isAtMost(a, b) && this.isAtMost(b, a));
  }

  isZero(level: Level): boolean {
    return level.kind === ZERO || (level.kind !== SUCC && this.isAtMost(level, this.zero));
  }

  /** Whether the level is at least 1 under every assignment. */
  isNeverZero(level: Level): boolean {
    return level.kind === SUCC || this.isAtMost(this.one, level);
  }
}

/** A maximum of a constant and of `parameter + offset`, of parameters that are at least 1 where `positive`. */
interface Maximum {
  constant: number;
  readonly atoms: Map<Name, number>;
}

function decideOrder(a: Level, b: Level): boolean {
  const split = new Set<Name>();
  const seen = new Set<Level>();
  const seenUnder = new Set<Level>();
  collectSplit(a, false, split, [seen, seenUnder]);
  collectSplit(b, false, split, [seen, seenUnder]);
  const names = [...split];
  if (names.length > SPLIT_MAX) giveUp("Cannot compare universe levels: too many parameters under imax");
  for (let bits = 0; bits < 2 ** names.length; bits++) {
    const zero = new Set(names.filter((_, index) => ((bits >> index) & 1) === 0));
    const done = new Map<Level, Maximum>();
    const valueOf = (level: Level): Maximum => {
      const known = done.get(level) ?? maximumOf(level, { split, zero, valueOf });
      done.set(level, known);
      return known;
    };
    if (!isCovered(valueOf(a), valueOf(b))) return false;
  }
  return true;
}

/** Parameters on which it depends whether the second operand of an imax is 0. */
function collectSplit(level: Level, under: boolean, into: Set<Name>, seen: [Set<Level>, Set<Level>]): void {
  const visited = seen[under ? 1 : 0];
  if (!level.hasParam || visited.has(level)) return;
  visited.add(level);
  if (level.kind === PARAM && level.name !== undefined && under) into.add(level.name);
  if (level.a !== undefined) collectSplit(level.a, under, into, seen);
  if (level.b !== undefined) collectSplit(level.b, under || level.kind === IMAX, into, seen);
}

interface Case {
  /** Parameters that are split, and those of them that are 0 in this case. */
  readonly split: Set<Name>;
  readonly zero: Set<Name>;
  readonly valueOf: (level: Level) => Maximum;
}

function maximumOf(level: Level, { split, zero, valueOf }: Case): Maximum {
  const { kind, a, b, name } = level;
  if (kind === PARAM && name !== undefined) {
    if (zero.has(name)) return { constant: 0, atoms: new Map() };
    const offset = split.has(name) ? 1 : 0;
    return { constant: offset, atoms: new Map([[name, offset]]) };
  }
  if (a === undefined) return { constant: 0, atoms: new Map() };
  if (b === undefined) {
    const { constant, atoms } = valueOf(a);
    return { constant: constant + 1, atoms: new Map([...atoms].map(([atom, offset]) => [atom, offset + 1])) };
  }
  const second = valueOf(b);
  if (kind === IMAX && second.constant === 0 && second.atoms.size === 0) return second;
  const first = valueOf(a);
  const atoms = new Map(first.atoms);
  for (const [atom, offset] of second.atoms) atoms.set(atom, Math.max(offset, atoms.get(atom) ?? 0));
  return { constant: Math.max(first.constant, second.constant), atoms };
}

function isCovered(small: Maximum, large: Maximum): boolean {
  if (small.constant > largest(large.atoms.values(), large.constant)) return false;
  return [...small.atoms].every(([atom, offset]) => offset <= (large.atoms.get(atom) ?? -1));
}

/** Parts of a level that are shown: shared parts make it a graph, which may be large without end when unfolded. */
const SHOWN_MAX = 200;

/** As Lean writes it: `u`, `u+1`, `max u v`; what is too large is cut. */
export function formatLevel(level: Level): string {
  return format(level, { room: SHOWN_MAX });
}

function format(level: Level, left: { room: number }): string {
  if (left.room-- <= 0) return "…";
  let offset = 0;
  let base = level;
  for (; base.kind === SUCC && base.a !== undefined; base = base.a) offset++;
  const { kind, a, b, name } = base;
  if (kind === ZERO) return String(offset);
  let text = name === undefined ? "" : formatName(name);
  if (a !== undefined && b !== undefined) {
    text = `${kind === MAX ? "max" : "imax"} ${formatOperand(a, left)} ${formatOperand(b, left)}`;
    if (offset > 0) text = `(${text})`;
  }
  return offset === 0 ? text : `${text}+${offset}`;
}

function formatOperand(level: Level, left: { room: number }): string {
  const text = format(level, left);
  return text.includes(" ") ? `(${text})` : text;
}
