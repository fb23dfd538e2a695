// Second implementations, slow and obvious, beside the quick ones of the kernel: the order of universe levels, arithmetic on
// numbers, and recursors.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { check } from "#lean/index.ts";
import type { Level as KernelLevel } from "#lean/terms/level-kind.ts";
import { Levels } from "#lean/terms/levels.ts";
import { Names } from "#lean/terms/names.ts";
import { group } from "./groups.ts";
import { inductive } from "./inductive.ts";
import { arithmetic, binary, Bool, comparison, comparisons, Nat, start, zero } from "./prelude.ts";
import {
  ap,
  arrow,
  c,
  eq,
  lam,
  nat,
  refl,
  v,
  type Export,
  type ExportLine,
  type LevelTerm,
  type Term,
} from "#lean/source/terms.ts";
import { inputs } from "../rig/peer.ts";

const PARAMS = ["u", "v", "w"];
/** Successors in one level: an assignment up to two more shows every difference of two such levels. */
const SUCCESSORS_MAX = 4;

const { level } = fc.letrec<{ level: LevelTerm }>((tie) => ({
  level: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom<LevelTerm>(0, ...PARAMS),
    fc.record({ succ: tie("level") }),
    fc.record({ max: fc.tuple(tie("level"), tie("level")) }),
    fc.record({ imax: fc.tuple(tie("level"), tie("level")) }),
  ),
}));

type Assignment = Readonly<Record<string, number>>;

function valueOf(of: LevelTerm, assignment: Assignment): number {
  if (typeof of === "number") return of;
  if (typeof of === "string") return assignment[of] ?? Number.NaN;
  if ("succ" in of) return valueOf(of.succ, assignment) + 1;
  const [a, b] = ("max" in of ? of.max : of.imax).map((one) => valueOf(one, assignment)) as [number, number];
  return "imax" in of && b === 0 ? 0 : Math.max(a, b);
}

const successorsOf = (of: LevelTerm): number =>
  typeof of === "object"
    ? "succ" in of
      ? 1 + successorsOf(of.succ)
      : Math.max(...("max" in of ? of.max : of.imax).map(successorsOf))
    : 0;

const RANGE = Array.from({ length: SUCCESSORS_MAX + 3 }, (_, i) => i);
const ASSIGNMENTS: readonly Assignment[] = RANGE.flatMap((u) =>
  RANGE.flatMap((v) => RANGE.map((w) => ({ u, v, w }))),
);

test("levels are ordered as their values are under every assignment", () => {
  const names = new Names();
  const levels = new Levels();
  const make = (of: LevelTerm): KernelLevel => {
    if (of === 0 || typeof of === "number") return levels.zero;
    if (typeof of === "string") return levels.param(names.of(of));
    if ("succ" in of) return levels.succ(make(of.succ));
    return "max" in of
      ? levels.max(make(of.max[0]), make(of.max[1]))
      : levels.imax(make(of.imax[0]), make(of.imax[1]));
  };
  const seen = { below: 0, above: 0, same: 0 };
  const small = level.filter((one) => successorsOf(one) <= SUCCESSORS_MAX);
  fc.assert(
    fc.property(small, small, (a, b) => {
      const below = ASSIGNMENTS.every((one) => valueOf(a, one) <= valueOf(b, one));
      const above = ASSIGNMENTS.every((one) => valueOf(a, one) >= valueOf(b, one));
      const [left, right] = [make(a), make(b)];
      assert.equal(levels.isAtMost(left, right), below);
      assert.equal(levels.isSame(left, right), below && above);
      assert.equal(
        levels.isZero(left),
        ASSIGNMENTS.every((one) => valueOf(a, one) === 0),
      );
      assert.equal(
        levels.isNeverZero(left),
        ASSIGNMENTS.every((one) => valueOf(a, one) > 0),
      );
      seen.below += Number(below);
      seen.above += Number(above);
      seen.same += Number(below && above);
    }),
    { numRuns: inputs(2000), seed: 11 },
  );
  assert.equal(Math.min(...Object.values(seen)) >= inputs(50), true, JSON.stringify(seen));
});

test("a level means the same after parameters are put in", () => {
  const names = new Names();
  const levels = new Levels();
  const make = (of: LevelTerm): KernelLevel => {
    if (typeof of === "number") return levels.zero;
    if (typeof of === "string") return levels.param(names.of(of));
    if ("succ" in of) return levels.succ(make(of.succ));
    const [a, b] = ("max" in of ? of.max : of.imax).map(make) as [KernelLevel, KernelLevel];
    return "max" in of ? levels.max(a, b) : levels.imax(a, b);
  };
  const put = (of: LevelTerm, by: Readonly<Record<string, LevelTerm>>): LevelTerm => {
    if (typeof of === "number") return of;
    if (typeof of === "string") return by[of] ?? of;
    if ("succ" in of) return { succ: put(of.succ, by) };
    return "max" in of
      ? { max: [put(of.max[0], by), put(of.max[1], by)] }
      : { imax: [put(of.imax[0], by), put(of.imax[1], by)] };
  };
  fc.assert(
    fc.property(level, level, level, (of, first, second) => {
      const from = ["u", "v"].map((name) => names.of(name));
      const made = levels.substitute(make(of), from, [make(first), make(second)]);
      assert.equal(made, make(put(of, { u: first, v: second })));
    }),
    { numRuns: inputs(500), seed: 11 },
  );
});

/** Each operation, what it computes, and how large its operands are where the kernel has to count. */
const OPERATIONS: Readonly<
  Record<string, [run: (a: bigint, b: bigint) => bigint | boolean, countable: bigint]>
> = {
  add: [(a, b) => a + b, 40n],
  sub: [(a, b) => (a < b ? 0n : a - b), 40n],
  mul: [(a, b) => a * b, 12n],
  pow: [(a, b) => a ** b, 4n],
  beq: [(a, b) => a === b, 40n],
  ble: [(a, b) => a <= b, 40n],
};
const LARGE: Readonly<Record<string, bigint>> = { pow: 60n };

const value = (of: bigint | boolean): Term =>
  typeof of === "bigint" ? nat(of) : c(of ? "Bool.true" : "Bool.false");
const claim = (e: Export, name: string, left: Term, right: Term, of: Term): Export =>
  e.thm(name, eq(1, of, left, right), refl(1, of, right));

test("arithmetic gives what BigInt gives, and nothing else", () => {
  const e = comparisons(arithmetic(start("Eq", "Nat", "Bool")));
  const wrong: [string, Term, Term, Term][] = [];
  for (const [name, [run]] of Object.entries(OPERATIONS)) {
    const operand = fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, LARGE[name] ?? 2n ** 200n));
    for (const [i, [a, b]] of fc.sample(fc.tuple(operand, operand), { numRuns: 40, seed: 5 }).entries()) {
      const result = run(a, b);
      const of = typeof result === "bigint" ? Nat : Bool;
      const left = ap(c(`Nat.${name}`), nat(a), nat(b));
      claim(e, `${name}${i}`, left, value(result), of);
      const other = typeof result === "bigint" ? result + 1n : !result;
      if (i % 8 === 0) wrong.push([`${name}${i}`, left, value(other), of]);
    }
  }
  assert.equal(check([e.text()], { statements: false }).problem, undefined);
  for (const [name, left, right, of] of wrong) {
    const one = comparisons(arithmetic(start("Eq", "Nat", "Bool")));
    assert.equal(check([claim(one, name, left, right, of).text()]).problem?.reason, "type-mismatch", name);
  }
});

test("arithmetic gives what counting gives", () => {
  const e = comparisons(arithmetic(start("Eq", "Nat", "Bool")));
  const compare = arrow(Nat, Nat, Bool);
  const rec = (base: Term, step: Term): Term =>
    lam(
      [
        ["a", Nat],
        ["b", Nat],
      ],
      ap(
        c("Nat.rec", 1),
        lam([["_", Nat]], Nat),
        base,
        lam(
          [
            ["n", Nat],
            ["ih", Nat],
          ],
          step,
        ),
        v("b"),
      ),
    );
  e.def("slow.add", binary, rec(v("a"), ap(c("Nat.succ"), v("ih"))));
  const before = ap(
    c("Nat.rec", 1),
    lam([["_", Nat]], Nat),
    zero,
    lam(
      [
        ["m", Nat],
        ["_", Nat],
      ],
      v("m"),
    ),
    v("ih"),
  );
  e.def("slow.sub", binary, rec(v("a"), before));
  e.def("slow.mul", binary, rec(zero, ap(c("slow.add"), v("ih"), v("a"))));
  e.def("slow.pow", binary, rec(ap(c("Nat.succ"), zero), ap(c("slow.mul"), v("ih"), v("a"))));
  e.def("slow.beq", compare, comparison(false));
  e.def("slow.ble", compare, comparison(true));
  for (const [name, [run, countable]] of Object.entries(OPERATIONS)) {
    const operand = fc.bigInt(0n, countable);
    for (const [i, [a, b]] of fc.sample(fc.tuple(operand, operand), { numRuns: 20, seed: 5 }).entries()) {
      const of = typeof run(a, b) === "bigint" ? Nat : Bool;
      const call = (prefix: string): Term => ap(c(`${prefix}.${name}`), nat(a), nat(b));
      claim(e, `${name}${i}`, call("Nat"), call("slow"), of);
      claim(e, `${name}${i}b`, call("slow"), value(run(a, b)), of);
    }
  }
  const report = check([e.text()], { statements: false });
  assert.equal(report.problem, undefined);
  assert.deepEqual(
    report.accelerated.toSorted(),
    Object.keys(OPERATIONS)
      .map((name) => `Nat.${name}`)
      .toSorted(),
  );
});

test("recursors are those that a plain recipe writes down", () => {
  let rules = 0;
  fc.assert(
    fc.property(group, (one) => {
      const e = inductive(start("Nat"), one);
      assert.equal(check([e.text()]).problem, undefined);
      rules += one.types.flatMap(({ ctors = [] }) => ctors).length;
    }),
    { numRuns: inputs(150), seed: 3 },
  );
  assert.equal(rules > inputs(200), true);
});

test("recursors with any two rules or minor premises exchanged are refused", () => {
  fc.assert(
    fc.property(
      group.filter(({ types }) => (types[0]?.ctors ?? []).length > 1),
      (one) => {
        const e = inductive(start("Nat"), one, (record) => {
          const [first] = record["recs"] as { rules: ExportLine[] }[];
          const [a, b, ...rest] = first?.rules ?? [];
          if (first !== undefined && a !== undefined && b !== undefined) {
            first.rules = [{ ...a, rhs: b["rhs"] }, { ...b, rhs: a["rhs"] }, ...rest];
          }
        });
        assert.equal(check([e.text()]).problem?.reason, "recursor-mismatch");
      },
    ),
    { numRuns: inputs(60), seed: 3 },
  );
});
