// The table of all expressions: makes each once (hash-consing), and forgets those that only one declaration needed.
import {
  APP,
  BVAR,
  CONST,
  FVAR,
  LAM,
  LET,
  NAT,
  PI,
  PROJ,
  SORT,
  STR,
  Expr,
  type Kind,
  type Rest,
} from "./expr.ts";
import { ZERO, type Level } from "./level.ts";
import type { Name } from "./name.ts";

const SIZE_MIN = 1 << 10;

export class Terms {
  readonly #none: Expr;
  /** Of kinds without any of these fields. */
  readonly #nothing: Rest;
  // Open addressing with linear probing. The hashes lie beside each other: most of what is passed over is never looked at.
  #slots: (Expr | undefined)[] = emptySlots(SIZE_MIN);
  #hashes = new Int32Array(SIZE_MIN);
  #used = 0;
  #temporary = 0;
  /** How many expressions have been made: the measure of work. */
  created = 0;

  constructor(noName: Name) {
    this.#nothing = { index: 0, body: undefined, name: noName, levels: [], literal: "" };
    this.#none = new Expr(BVAR, 0, undefined, undefined, this.#nothing, 0, 0, 0, false);
    this.#none.keep();
  }

  /** Expressions of the present declaration only. */
  get temporary(): number {
    return this.#temporary;
  }

  /** The one expression with these fields. Those of a kind that has no rest have the same one, so it is not compared. */
  #intern(kind: Kind, hash: number, left: Expr, right: Expr, rest: Rest): Expr {
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    const plain = rest === this.#nothing;
    let at = slotOf(hash) & mask;
    for (let found = slots[at]; found !== undefined; found = slots[at]) {
      if (
        hashes[at] === hash &&
        found.left === left &&
        found.right === right &&
        found.kind === kind &&
        (plain || isSameRest(found.rest, rest))
      ) {
        return found;
      }
      at = (at + 1) & mask;
    }
    const e = makeNode(kind, ++this.created, left, right, rest);
    slots[at] = e;
    hashes[at] = hash;
    this.#temporary++;
    if (++this.#used * 3 > hashes.length * 2) this.#resize(hashes.length * 2);
    return e;
  }

  #resize(size: number): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#slots = emptySlots(size);
    this.#hashes = new Int32Array(size);
    this.#used = 0;
    for (let at = 0; at < slots.length; at++) {
      const e = slots[at];
      if (e !== undefined) this.#put(e, hashes[at] ?? 0);
    }
  }

  #put(e: Expr, hash: number): void {
    const mask = this.#hashes.length - 1;
    let at = slotOf(hash) & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = e;
    this.#hashes[at] = hash;
    this.#used++;
  }

  /**
   * Forgets everything that was computed, and all expressions that are not kept. Midway through a declaration free
   * variables stay, as they are told apart by being one object.
   */
  forget(midway: boolean): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    if (midway) for (const e of slots) if (e?.kind === FVAR) this.keep(e);
    const kept = this.created === 0 ? 0 : this.#used - this.#temporary;
    let size = SIZE_MIN;
    while (size < kept * 3) size *= 2;
    const mask = hashes.length - 1;
    const inPlace = hashes.length <= size * 2;
    if (!inPlace) {
      this.#slots = emptySlots(size);
      this.#hashes = new Int32Array(size);
    }
    this.#used = 0;
    // In place: from behind an empty slot on, each one finds its place where it was or between there and its first slot.
    const start = slots.findIndex((e) => e === undefined);
    for (let i = 1; i <= hashes.length; i++) {
      const at = (start + i) & mask;
      const e = slots[at];
      if (e === undefined) continue;
      if (inPlace) slots[at] = undefined;
      if (!e.kept) continue;
      e.memo = undefined;
      this.#put(e, hashes[at] ?? 0);
    }
    this.#temporary = 0;
  }

  /** Marks `e` and its parts as belonging to the environment. */
  keep(e: Expr): Expr {
    const stack = [e];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at.kept) continue;
      at.keep();
      this.#temporary--;
      stack.push(at.left, at.right);
      if (at.kind === LET) stack.push(at.body);
    }
    return e;
  }

  #leaf(kind: Kind, hash: number, rest: Partial<Rest>): Expr {
    return this.#intern(kind, hash, this.#none, this.#none, { ...this.#nothing, ...rest });
  }

  bvar(index: number): Expr {
    return this.#leaf(BVAR, combine(1, index, 0), { index });
  }

  fvar(level: number, type: Expr): Expr {
    const rest = { ...this.#nothing, index: level };
    return this.#intern(FVAR, combine(2, level, type.id), type, this.#none, rest);
  }

  universe(level: Level): Expr {
    return this.#leaf(SORT, combine(3, level.id, 0), { levels: [level] });
  }

  constant(name: Name, levels: readonly Level[]): Expr {
    let hash = combine(4, name.id, levels.length);
    for (const level of levels) hash = combine(4, hash, level.id);
    return this.#leaf(CONST, hash, { name, levels });
  }

  app(left: Expr, right: Expr): Expr {
    return this.#intern(APP, combine(5, left.id, right.id), left, right, this.#nothing);
  }

  apps(head: Expr, args: readonly Expr[], start = 0, end: number = args.length): Expr {
    let e = head;
    for (let i = start; i < end; i++) {
      const arg = args[i];
      if (arg !== undefined) e = this.app(e, arg);
    }
    return e;
  }

  lam(left: Expr, right: Expr): Expr {
    return this.#intern(LAM, combine(6, left.id, right.id), left, right, this.#nothing);
  }

  pi(left: Expr, right: Expr): Expr {
    return this.#intern(PI, combine(7, left.id, right.id), left, right, this.#nothing);
  }

  let(left: Expr, right: Expr, body: Expr): Expr {
    const hash = combine(8, combine(8, left.id, right.id), body.id);
    return this.#intern(LET, hash, left, right, { ...this.#nothing, body });
  }

  proj(name: Name, index: number, left: Expr): Expr {
    const hash = combine(9, combine(9, name.id, index), left.id);
    return this.#intern(PROJ, hash, left, this.#none, { ...this.#nothing, index, name });
  }

  nat(literal: bigint): Expr {
    // the low bits of many numbers are all zero: of multiples of a power of ten, for one
    return this.#leaf(NAT, combine(10, Number(literal % HASH_PRIME) | 0, 0), { literal });
  }

  str(literal: string): Expr {
    let hash = literal.length;
    for (let i = 0; i < literal.length; i++) hash = combine(11, hash, literal.charCodeAt(i));
    return this.#leaf(STR, hash, { literal });
  }
}

/** The greatest prime below 2^32. */
const HASH_PRIME = 4_294_967_291n;

function emptySlots(size: number): (Expr | undefined)[] {
  const slots: (Expr | undefined)[] = [];
  slots.length = size;
  return slots;
}

function combine(kind: number, a: number, b: number): number {
  const h = Math.imul(a ^ (a >>> 15), 0x85ebca6b) ^ Math.imul(b + kind * 0x61c88647, 0xc2b2ae35);
  return (h ^ (h >>> 13)) | 0;
}

function slotOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 16), 0x9e3779b1) >>> 4;
}

function isSameRest(a: Rest, b: Rest): boolean {
  if (a.index !== b.index || a.body !== b.body || a.name !== b.name || a.literal !== b.literal) return false;
  return a.levels.length === b.levels.length && a.levels.every((level, i) => level === b.levels[i]);
}

function makeNode(kind: Kind, id: number, left: Expr, right: Expr, rest: Rest): Expr {
  const { index, body, levels } = rest;
  let loose = Math.max(left.loose, right.loose);
  let free = Math.max(left.free, right.free);
  let height = Math.max(left.height, right.height);
  let hasParam = left.hasParam || right.hasParam;
  if (kind === BVAR) loose = index + 1;
  else if (kind === LAM || kind === PI) loose = Math.max(left.loose, right.loose - 1);
  else if (kind === FVAR) free = Math.max(free, index + 1);
  else if (body !== undefined) {
    loose = Math.max(loose, body.loose - 1);
    free = Math.max(free, body.free);
    height = Math.max(height, body.height);
    hasParam ||= body.hasParam;
  } else if (levels.length > 0) hasParam = levels.some((level) => level.hasParam && level.kind !== ZERO);
  height++;
  return new Expr(kind, id, left, right, rest, loose, free, height, hasParam);
}
