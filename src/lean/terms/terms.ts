// The table of all expressions: each is made once (hash-consing) and takes four words. What the export brings stays and can
// be shared between threads; what the check of a declaration makes is dropped after it.
import { giveUp } from "#lean/fault.ts";
import { APP, BVAR, CONST, FVAR, LAM, LET, NAT, PAIR, PI, PROJ, SORT, STR, type Expr } from "./kind.ts";
import { Column } from "./column.ts";
import { Interned } from "./interned.ts";
import { NONE, PairMap } from "./map.ts";
import { KIND_MASK, LOOSE_SHIFT, PARAM_BIT, Rows, SHIFT } from "./rows.ts";
import type { Level } from "./level-kind.ts";
import type { Levels, List, SharedLevels } from "./levels.ts";
import type { Name } from "./names.ts";

/** From here on nobody counts: loose under any number of binders. */
const LOOSE_ALWAYS = (1 << 22) - 1;

/** Larger ones are all the same: they have no binder. */
const INDEX_MAX = 0x3fff_ffff;

const SLOTS_MIN = 1 << 10;
const SCRATCH_SLOTS_MIN = 1 << 9;
const SCRATCH_SLOTS_KEPT = 1 << 14;
/** Place of a large number, in contrast to a small number. */
const LARGE = 1;
/** Their words are numbered in 32 bits. */
const COUNT_MAX = 0x1fff_ff00;
const EVERYTHING = 0x7fff_ffff;
const SMALL_MAX = 0x3fff_ffffn;

export interface SharedTerms {
  readonly words: Column["shared"];
  readonly slots: SharedArrayBuffer;
  readonly count: number;
  readonly levels: SharedLevels;
  readonly numbers: readonly bigint[];
  readonly texts: readonly string[];
  readonly fields: readonly (readonly [Name, number])[];
}

/** How many expressions one declaration may make at most. Memory that is not touched costs nothing. */
export const REGION_SIZE = 1 << 25;

/** Of a worker: where its own expressions begin in shared memory. */
export interface Region {
  readonly start: number;
}

export class Terms extends Rows {
  readonly levels: Levels;
  readonly #column: Column;
  #slots: Int32Array;
  #scratch: Int32Array = new Int32Array(SCRATCH_SLOTS_MIN);
  /** Expressions below stay. */
  #kept: number;
  /** Where the expressions of the present declaration begin. */
  #start = 0;
  readonly #region: Region | undefined;
  #isMarked = false;
  /**
   * Expressions from here on are of later lines, and not looked at: whether another thread has read them already must not
   * show in what is made, and so in when the check gives up.
   */
  #visible = EVERYTHING;
  #next: number;
  readonly #numbers = new Interned<bigint>();
  readonly #texts = new Interned<string>();
  /** Fields of structures, which only what is read and what is checked brings in: few, and they stay. */
  readonly #fields: (readonly [Name, number])[] = [];
  readonly #fieldPlaces = new PairMap();
  /** How many expressions the present declaration may make. */
  scratchMax = REGION_SIZE;

  constructor(levels: Levels, shared?: SharedTerms, region?: Region) {
    const column = new Column(shared?.words);
    super(column.words);
    this.levels = levels;
    this.#column = column;
    this.#slots = new Int32Array(shared?.slots ?? new SharedArrayBuffer(SLOTS_MIN * 4));
    this.#kept = shared?.count ?? 1;
    this.#next = this.#kept;
    for (const number of shared?.numbers ?? []) this.#numbers.place(number);
    for (const text of shared?.texts ?? []) this.#texts.place(text);
    for (const [name, index] of shared?.fields ?? []) this.#fieldPlace(name, index);
    this.#region = region;
    if (region !== undefined) this.#start = region.start;
  }

  /** @param regions how many threads will make expressions, this one among them; each has room for REGION_SIZE */
  share(regions: number): SharedTerms {
    this.#column.ensure((this.#kept + regions * REGION_SIZE) << SHIFT);
    this.words = this.#column.words;
    return {
      words: this.#column.shared,
      slots: this.#slots.buffer as SharedArrayBuffer,
      count: this.#kept,
      levels: this.levels.share(),
      numbers: this.#numbers.items,
      texts: this.#texts.items,
      fields: this.#fields,
    };
  }

  /** How many expressions stay. */
  get kept(): number {
    return this.#kept;
  }

  /** How many expressions the present declaration has made. */
  get made(): number {
    return this.#next - this.#start;
  }

  /** Bytes of what the present declaration has made. */
  get scratchBytes(): number {
    return this.made * 16 + this.#scratch.byteLength;
  }

  /** From here on everything belongs to one declaration, before which so many expressions were read. */
  mark(visible: number): void {
    this.#isMarked = true;
    this.#visible = visible;
    if (this.#region === undefined) this.#start = this.#kept;
    this.#next = this.#start;
    for (const table of [this.#numbers, this.#texts]) table.mark();
    this.levels.mark();
  }

  /** Drops what was made since the mark: every number of it is free again, so none may be held anywhere. */
  forget(): void {
    if (this.#next > this.#start) {
      if (this.#scratch.length > SCRATCH_SLOTS_KEPT) this.#scratch = new Int32Array(SCRATCH_SLOTS_MIN);
      else this.#scratch.fill(0);
    }
    this.#next = this.#region === undefined ? this.#kept : this.#start;
    this.#isMarked = false;
    this.#visible = EVERYTHING;
    for (const table of [this.#numbers, this.#texts]) table.forget();
    this.levels.forget();
  }

  #intern(head: number, free: number, a: number, b: number): Expr {
    const { words } = this;
    const hash = combine(head, a, b);
    // What has a part of the present declaration is not among what stays.
    const visible = this.#visible;
    const kind = head & KIND_MASK;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    if (kind < APP ? kind !== FVAR : a < visible && (b < visible || kind === PROJ)) {
      for (let found = slots[slot]!; found !== 0; found = slots[(slot = (slot + 1) & mask)]!) {
        const at = found << SHIFT;
        if (words[at + 2] !== a || words[at + 3] !== b || ((words[at]! ^ head) & KIND_MASK) !== 0) continue;
        if (found < visible) return found;
        break;
      }
    }
    if (this.#isMarked) return this.#internScratch(hash, head, free, a, b);
    const e = this.#next++;
    if (e > COUNT_MAX) giveUp("Cannot check so many expressions");
    this.#kept = this.#next;
    this.#write(e, head, free, a, b);
    this.#slots[slot] = e;
    if (this.#kept * 3 > this.#slots.length * 2) this.#grow();
    return e;
  }

  #internScratch(hash: number, head: number, free: number, a: number, b: number): Expr {
    const { words } = this;
    const scratch = this.#scratch;
    const mask = scratch.length - 1;
    let slot = hash & mask;
    for (let found = scratch[slot]!; found !== 0; found = scratch[(slot = (slot + 1) & mask)]!) {
      const at = found << SHIFT;
      if (words[at + 2] === a && words[at + 3] === b && ((words[at]! ^ head) & KIND_MASK) === 0) return found;
    }
    const e = this.#next++;
    if (this.made > this.scratchMax) {
      this.#next = e;
      giveUp("Cannot check within the memory allowed");
    }
    this.#write(e, head, free, a, b);
    scratch[slot] = e;
    if (this.made * 2 > scratch.length) this.#growScratch();
    return e;
  }

  #write(e: Expr, head: number, free: number, a: number, b: number): void {
    const at = e << SHIFT;
    if (at + 3 >= this.words.length) {
      this.#column.ensure(at + 4);
      this.words = this.#column.words;
    }
    const { words } = this;
    words[at] = head;
    words[at + 1] = free;
    words[at + 2] = a;
    words[at + 3] = b;
  }

  #grow(): void {
    const slots = new Int32Array(new SharedArrayBuffer(this.#slots.length * 8));
    this.#fill(slots, 1, this.#kept);
    this.#slots = slots;
  }

  #growScratch(): void {
    this.#scratch = new Int32Array(this.#scratch.length * 4);
    this.#fill(this.#scratch, this.#start, this.#next);
  }

  #fill(slots: Int32Array, first: Expr, end: Expr): void {
    const { words } = this;
    const mask = slots.length - 1;
    for (let e = first; e < end; e++) {
      const at = e << SHIFT;
      let slot = combine(words[at]!, words[at + 2]!, words[at + 3]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = e;
    }
  }

  /** Name of the structure and index of the field of PROJ. */
  field(e: Expr): readonly [Name, number] {
    return this.#fields[this.right(e)]!;
  }

  number(e: Expr): bigint {
    const a = this.left(e);
    return this.right(e) === LARGE ? this.#numbers.items[a]! : BigInt(a);
  }

  text(e: Expr): string {
    return this.#texts.items[this.left(e)]!;
  }

  bvar(index: number): Expr {
    const loose = Math.min(index + 1, LOOSE_ALWAYS);
    // With fewer expressions than that there can be no binder for it.
    if (loose === LOOSE_ALWAYS && index < this.#next) giveUp("Cannot check under so many binders");
    return this.#intern(BVAR | (loose << LOOSE_SHIFT), 0, Math.min(index, INDEX_MAX), 0);
  }

  fvar(level: number, type: Expr): Expr {
    const head = FVAR | (this.words[type << SHIFT]! & PARAM_BIT);
    return this.#intern(head, Math.max(this.free(type), level + 1), type, level);
  }

  universe(level: Level): Expr {
    return this.#intern(SORT | (this.levels.hasParam(level) ? PARAM_BIT : 0), 0, level, 0);
  }

  constant(name: Name, levels: List): Expr {
    return this.#intern(CONST | (this.levels.hasParamIn(levels) ? PARAM_BIT : 0), 0, name, levels);
  }

  app(f: Expr, arg: Expr): Expr {
    const { words } = this;
    const [at, to] = [f << SHIFT, arg << SHIFT];
    const [x, y] = [words[at]!, words[to]!];
    const loose = Math.max(x >>> LOOSE_SHIFT, y >>> LOOSE_SHIFT);
    const free = Math.max(words[at + 1]!, words[to + 1]!);
    return this.#intern(APP | ((x | y) & PARAM_BIT) | (loose << LOOSE_SHIFT), free, f, arg);
  }

  apps(head: Expr, args: readonly Expr[], start = 0, end: number = args.length): Expr {
    let e = head;
    for (let i = start; i < end; i++) e = this.app(e, args[i]!);
    return e;
  }

  lam(domain: Expr, body: Expr): Expr {
    return this.binder(LAM, domain, body);
  }

  pi(domain: Expr, body: Expr): Expr {
    return this.binder(PI, domain, body);
  }

  binder(kind: typeof LAM | typeof PI | typeof PAIR, domain: Expr, body: Expr): Expr {
    const { words } = this;
    const [at, to] = [domain << SHIFT, body << SHIFT];
    const [x, y] = [words[at]!, words[to]!];
    const loose = Math.max(x >>> LOOSE_SHIFT, under(y >>> LOOSE_SHIFT));
    const free = Math.max(words[at + 1]!, words[to + 1]!);
    return this.#intern(kind | ((x | y) & PARAM_BIT) | (loose << LOOSE_SHIFT), free, domain, body);
  }

  let(type: Expr, value: Expr, body: Expr): Expr {
    return this.letPair(type, this.binder(PAIR, value, body));
  }

  letPair(type: Expr, pair: Expr): Expr {
    const { words } = this;
    const [at, to] = [type << SHIFT, pair << SHIFT];
    const [x, y] = [words[at]!, words[to]!];
    const loose = Math.max(x >>> LOOSE_SHIFT, y >>> LOOSE_SHIFT);
    const free = Math.max(words[at + 1]!, words[to + 1]!);
    return this.#intern(LET | ((x | y) & PARAM_BIT) | (loose << LOOSE_SHIFT), free, type, pair);
  }

  proj(name: Name, index: number, structure: Expr): Expr {
    return this.projAt(this.#fieldPlace(name, Math.min(index, INDEX_MAX)), structure);
  }

  projAt(field: number, structure: Expr): Expr {
    const at = structure << SHIFT;
    const { words } = this;
    const head = PROJ | (words[at]! & ~(KIND_MASK | 0xe0));
    return this.#intern(head, words[at + 1]!, structure, field);
  }

  #fieldPlace(name: Name, index: number): number {
    const known = this.#fieldPlaces.get(name, index);
    if (known !== NONE) return known;
    this.#fields.push([name, index]);
    this.#fieldPlaces.set(name, index, this.#fields.length - 1);
    return this.#fields.length - 1;
  }

  nat(value: bigint): Expr {
    if (value <= SMALL_MAX) return this.#intern(NAT, 0, Number(value), 0);
    return this.#intern(NAT, 0, this.#numbers.place(value), LARGE);
  }

  str(text: string): Expr {
    return this.#intern(STR, 0, this.#texts.place(text), 0);
  }
}

function under(loose: number): number {
  return loose === LOOSE_ALWAYS ? loose : loose === 0 ? 0 : loose - 1;
}

function combine(head: number, a: number, b: number): number {
  const kind = head & KIND_MASK;
  const h = Math.imul(a ^ (a >>> 15), 0x85ebca6b) ^ Math.imul(b + kind * 0x61c88647, 0xc2b2ae35);
  return (Math.imul(h ^ (h >>> 13), 0x9e3779b1) ^ h) >>> 2;
}
