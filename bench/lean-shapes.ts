// Exports of one shape each: terms that share much, reductions that are long, theorems that are many. The shapes of the
// first five are public, in lean-kernel-arena (tests/perf).
import { arithmetic, binary, bySecond, Nat, start, succ, zero } from "../test/lean/prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  pi,
  refl,
  type,
  v,
  type Export,
  type ExportLine,
  type Term,
} from "#lean/source/terms.ts";
import { LineFile } from "./lean-copies.ts";

/** Writes an export further by hand: with the next index of an expression or name, whatever it refers to. */
class Lines {
  readonly #file: LineFile;
  readonly #known = new Map<string, number>();
  #names: number;
  #exprs: number;

  constructor(path: string, from: Export) {
    this.#file = new LineFile(path);
    for (const record of from.records) this.#file.write(JSON.stringify(record));
    this.#names = from.records.filter((record) => "in" in record).length + 1;
    for (const { ie, ...record } of from.records)
      if (ie !== undefined) this.#known.set(JSON.stringify(record), Number(ie));
    this.#exprs = this.#known.size;
  }

  name(text: string): number {
    this.write({ str: { pre: 0, str: text }, in: this.#names });
    return this.#names++;
  }

  /** nanoda refuses an expression that is written twice. */
  expr(record: ExportLine): number {
    const key = JSON.stringify(record);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.fresh(record);
    this.#known.set(key, index);
    return index;
  }

  /** An expression that no line has yet. */
  fresh(record: ExportLine): number {
    this.write({ ...record, ie: this.#exprs });
    return this.#exprs++;
  }

  app(fn: number, ...args: number[]): number {
    return args.reduce((f, arg) => this.expr({ app: { fn: f, arg } }), fn);
  }

  lam(name: number, of: number, body: number): number {
    return this.expr({ lam: { name, type: of, body, binderInfo: "default" } });
  }

  write(record: ExportLine): void {
    this.#file.write(JSON.stringify(record));
  }

  def(name: number, of: number, value: number): void {
    const rest = { hints: { regular: 1 }, safety: "safe", all: [name] };
    this.write({ def: { name, levelParams: [], type: of, value, ...rest } });
  }

  close(): void {
    this.#file.close();
  }
}

const base = (): Export => arithmetic(start("Eq", "Nat"));

/** `wrap2 (fun x1 => wrap2 (fun x2 => ... x1 + x2 + ...) (the same)) (the same)`, `n` deep. */
export function writeAppLam(path: string, n: number): void {
  const e = base();
  const map = arrow(Nat, Nat);
  const both = ap(c("Nat.add"), ap(v("f"), nat(0)), ap(v("g"), nat(0)));
  e.def(
    "wrap2",
    arrow(map, map, Nat),
    lam(
      [
        ["f", map],
        ["g", map],
      ],
      both,
    ),
  );
  const [add, wrap, of] = [e.expr(c("Nat.add")), e.expr(c("wrap2")), e.expr(Nat)];
  const out = new Lines(path, e);
  const x = out.name("x");
  const bound = Array.from({ length: n }, (_, i) => out.expr({ bvar: i }));
  let body = bound[n - 1] ?? 0;
  for (let i = 1; i < n; i++) body = out.app(add, body, bound[n - 1 - i] ?? 0);
  for (let i = 0; i < n; i++) {
    const lambda = out.lam(x, of, body);
    body = out.app(wrap, lambda, lambda);
  }
  out.def(out.name("nested"), of, body);
  out.close();
}

/** `fun a => let f1 := fun x => a x; let f2 := fun x => a (f1 x); ... fn 0`. */
export function writeShiftCascade(path: string, n: number): void {
  const e = base();
  const [map, of, first] = [e.expr(arrow(Nat, Nat)), e.expr(Nat), e.expr(nat(0))];
  const out = new Lines(path, e);
  const x = out.name("x");
  const bound = Array.from({ length: n + 2 }, (_, i) => out.expr({ bvar: i }));
  const at = (i: number): number => bound[i] ?? 0;
  let body = out.app(at(0), first);
  for (let i = n; i >= 1; i--) {
    // Under `x`, the function before is 1 and `a` is i.
    const inner = i === 1 ? at(0) : out.app(at(1), at(0));
    const value = out.lam(x, of, out.app(at(i), inner));
    body = out.expr({ letE: { name: x, type: map, value, body, nondep: false } });
  }
  const value = out.lam(x, map, body);
  out.def(
    out.name("cascade"),
    out.expr({ forallE: { name: x, type: map, body: of, binderInfo: "default" } }),
    value,
  );
  out.close();
}

/** 2^16 in two ways, as Church numerals: 256 times 256 and 128 times 512. */
export function writeChurch(path: string): void {
  const e = base();
  const step = arrow(v("X"), v("X"));
  e.def("Church", { k: "sort", level: 2 }, pi([["X", type]], arrow(step, v("X"), v("X"))));
  const C = c("Church");
  const product = lam(
    [
      ["X", type],
      ["s", step],
    ],
    ap(v("a"), v("X"), ap(v("b"), v("X"), v("s"))),
  );
  e.def(
    "times",
    arrow(C, C, C),
    lam(
      [
        ["a", C],
        ["b", C],
      ],
      product,
    ),
  );
  const numeral = (n: number): Term => {
    const body = Array.from({ length: n }).reduce<Term>((z) => ap(v("s"), z), v("z"));
    return lam(
      [
        ["X", type],
        ["s", step],
        ["z", v("X")],
      ],
      body,
    );
  };
  const left = ap(c("times"), numeral(256), numeral(256));
  const right = ap(c("times"), numeral(128), numeral(512));
  writeWhole(path, e.thm("t", eq(2, C, left, right), refl(2, C, left)));
}

/** Thirty calls in one another of a function that is sixteen calls of the identity, on both sides. */
export function writeIdenticalNesting(path: string): void {
  const e = base();
  const N = Nat;
  e.def("f0", arrow(N, N), lam([["x", N]], v("x")));
  for (let i = 1; i <= 4; i++) {
    const before = c(`f${i - 1}`);
    e.def(`f${i}`, arrow(N, N), lam([["x", N]], ap(before, ap(before, v("x")))));
  }
  const nested = Array.from({ length: 30 }).reduce<Term>((x) => ap(c("f4"), x), c("Nat.zero"));
  writeWhole(path, e.thm("t", eq(1, N, nested, nested), refl(1, N, nested)));
}

/** count (n + 1) against count n + 1, by recursion: one unrolling makes the two sides equal. */
export function writeUnrolling(path: string, n: number): void {
  const e = start("Eq", "Nat");
  e.def("plus", binary, bySecond(v("a"), succ(v("ih"))));
  const motive = lam([["_", Nat]], Nat);
  const step = lam(
    [
      ["m", Nat],
      ["ih", Nat],
    ],
    ap(c("plus"), v("ih"), succ(zero)),
  );
  e.def("count", arrow(Nat, Nat), lam([["n", Nat]], ap(c("Nat.rec", 1), motive, zero, step, v("n"))));
  const numeral = Array.from({ length: n }).reduce<Term>((m) => succ(m), zero);
  const [left, right] = [ap(c("count"), succ(numeral)), ap(c("plus"), ap(c("count"), numeral), succ(zero))];
  writeWhole(path, e.thm("t", eq(1, Nat, left, right), refl(1, Nat, left)));
}

/** Products of 40 with 1 to 200, under names that no kernel computes with by itself. */
export function writeCounting(path: string): void {
  const e = start("Eq", "Nat");
  e.def("count.add", binary, bySecond(v("a"), succ(v("ih"))));
  e.def("count.mul", binary, bySecond(zero, ap(c("count.add"), v("ih"), v("a"))));
  for (let times = 1; times <= 200; times++) {
    const product = ap(c("count.mul"), nat(40), nat(times));
    e.thm(`times${times}`, eq(1, Nat, product, nat(times * 40)), refl(1, Nat, nat(times * 40)));
  }
  writeWhole(path, e);
}

/** `n` theorems, each that i + 1 is the successor of i, over numbers of their own. */
export function writeTheorems(path: string, n: number): void {
  const e = base();
  const [add, next, equal, reflexive] = [
    e.expr(c("Nat.add")),
    e.expr(c("Nat.succ")),
    e.expr(ap(c("Eq", 1), Nat)),
    e.expr(ap(c("Eq.refl", 1), Nat)),
  ];
  const one = e.expr(nat(1));
  const out = new Lines(path, e);
  const app = (fn: number, arg: number): number => out.fresh({ app: { fn, arg } });
  for (let i = 0; i < n; i++) {
    const number = out.fresh({ natVal: String(i + 2) });
    const [sum, after] = [app(app(add, number), one), app(next, number)];
    const name = out.name(`t${i}`);
    const record = { name, levelParams: [], type: app(app(equal, sum), after), value: app(reflexive, after) };
    out.write({ thm: { ...record, all: [name] } });
  }
  out.close();
}

function writeWhole(path: string, e: Export): void {
  new Lines(path, e).close();
}
