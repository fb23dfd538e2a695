// The language of formulas, held to straightforward evaluation by JavaScript, and its refusals with their places.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import type { ErrorCode } from "#cli/error-rows.ts";
import { pipeliteError } from "#formula/errors.ts";
import { callsOf, parseFormula, readsOf } from "#formula/syntax.ts";
import { evaluate } from "#formula/formula.ts";
import type { FormulaContext, Value } from "#formula/formula.ts";
import { judgeCapability } from "#stats/gate.ts";
import { deviationOf, meanOf } from "#stats/moments.ts";

function contextOf(evidence: readonly Value[], names: Record<string, Value> = {}): FormulaContext {
  const place = (shown: string) => ({ path: shown, shown });
  return {
    evidence: (index) => {
      const value = evidence[index - 1];
      if (value === undefined)
        throw pipeliteError("EVIDENCE_MISSING", { place: `$${index}`, problem: "nothing" });
      return value;
    },
    place: (index) => place(`$${index}`),
    realise: (drvPath) => place(`made ${drvPath}`),
    read: ({ shown }, reference) => `${reference} of ${shown}`,
    measure: (name, { shown }) => `${name} of ${shown}`,
    names,
  };
}

function valueOf(text: string, ...evidence: Value[]): Value {
  return evaluate(parseFormula(text), contextOf(evidence));
}

interface Pair {
  text: string;
  value: number;
}

const OPERATORS: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

/** NaN where a part is no finite number: then the whole is refused. */
function of(parts: Pair[], value: () => number | undefined): number {
  return parts.every((part) => Number.isFinite(part.value)) ? (value() ?? Number.NaN) : Number.NaN;
}

/** Arithmetic with brackets only where it has them, and what it comes to. */
const arithmetic = fc.letrec<{ pair: Pair; leaf: Pair }>((tie) => ({
  leaf: fc
    .oneof(fc.nat(1000), fc.double({ min: 0, max: 1e6, noNaN: true }))
    .map((value) => ({ text: String(value), value })),
  pair: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc
      .tuple(tie("pair"), fc.constantFrom(...Object.keys(OPERATORS)), tie("pair"))
      .map(([a, operator, b]) => ({
        text: `(${a.text}) ${operator}\n(${b.text})`,
        value: of([a, b], () => OPERATORS[operator]?.(a.value, b.value)),
      })),
    tie("pair").map(({ text, value }) => ({ text: `-(${text})`, value: -value })),
    tie("pair").map(({ text, value }) => ({ text: `abs(${text})`, value: Math.abs(value) })),
    fc.tuple(tie("pair"), tie("pair"), tie("pair")).map(([a, b, c]) => ({
      text: `if(${a.text} < ${b.text}, ${c.text}, ${a.text})`,
      value: of([a, b, c], () => (a.value < b.value ? c.value : a.value)),
    })),
    fc.tuple(tie("pair"), tie("pair")).map(([a, b]) => ({
      text: `max(${a.text}) + min(${b.text})`,
      value: of([a, b], () => a.value + b.value),
    })),
  ),
})).pair;

test("arithmetic comes to what JavaScript makes of it", () => {
  fc.assert(
    fc.property(arithmetic, ({ text, value }) => {
      if (Number.isFinite(value)) assert.equal(valueOf(text), value);
    }),
  );
});

test("without brackets, operators bind as in JavaScript", () => {
  const chain = fc
    .array(fc.tuple(fc.constantFrom("+", "-", "*", "/", "^"), fc.integer({ min: 1, max: 9 })), {
      maxLength: 8,
    })
    .map((parts) => `2 ${parts.flat().join(" ")}`);
  fc.assert(
    fc.property(chain, chain, fc.constantFrom("", "<", "==", ">="), (left, right, comparison) => {
      const text = comparison === "" ? left : `${left} ${comparison} ${right}`;
      const expected: unknown = runInNewContext(text.replaceAll("^", "**"));
      const sides: unknown[] = [left, right].map((side) => runInNewContext(side.replaceAll("^", "**")));
      // A part that overflows is refused, and JavaScript goes on with Infinity.
      if (sides.every(Number.isFinite) && !/\^ \d \^/.test(text)) assert.equal(valueOf(text), expected);
    }),
  );
});

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 30 });

test("lists go item by item, and aggregates are those of src/stats", () => {
  fc.assert(
    fc.property(numbers, fc.double({ min: -10, max: 10, noNaN: true }), (list, shift) => {
      assert.deepEqual(
        valueOf("$1 + $2", list, shift),
        list.map((item) => item + shift),
      );
      assert.deepEqual(
        valueOf("$1 - $1", list),
        list.map(() => 0),
      );
      assert.deepEqual(
        valueOf("$1 >= $2", list, shift),
        list.map((item) => item >= shift),
      );
      assert.equal(
        valueOf("max(abs($1 - $2))", list, shift),
        Math.max(...list.map((item) => Math.abs(item - shift))),
      );
      assert.equal(valueOf("mean($1)", list), meanOf(list));
      assert.equal(valueOf("sd($1)", list), deviationOf(list));
      assert.equal(valueOf("count($1)", [list, list]), 2 * list.length);
      assert.equal(
        valueOf("countOf($1 > $2, true)", list, shift),
        list.filter((item) => item > shift).length,
      );
      assert.deepEqual(valueOf("transpose(transpose($1))", [list, list]), [list, list]);
    }),
  );
});

test("capability by formula is capability by src/stats", () => {
  const groups = [
    [1.1, 0.9, 1],
    [1.2, 0.8, 1.05],
    [0.95, 1.02, 1.1],
    [1, 1.01, 0.9],
  ];
  const { bound, within } = judgeCapability({ groups }, { limits: { lower: 0, upper: 2 } });
  assert.equal(valueOf("capabilityBound($1, 0, 2)", groups), bound);
  assert.equal(valueOf("cpk($1, 0, 2)", groups), within?.nearest.value);
  assert.equal(valueOf("cpkLowerBound($1, 0, 2)", groups), within?.nearest.lowerBound);
  assert.equal(valueOf('sigma($1, "pooled")', groups), within?.sigma.value);
});

test("parts may have names, texts are those of JSON, and what is not taken is not looked at", () => {
  assert.equal(valueOf("d = abs($1 - 440); worst = max(d); significant(worst, 3)", [440.12345, 439.5]), 0.5);
  assert.equal(valueOf('"a\\u0062" == "ab"'), true);
  assert.equal(valueOf("if(true, 1, $9)"), 1);
  assert.equal(valueOf("false and $9"), false);
  assert.equal(valueOf("optional($9)"), null);
  assert.equal(valueOf("count(present($1))", [1, null, 3]), 2);
  assert.equal(evaluate(parseFormula("value <= limit"), contextOf([], { value: 1, limit: 1 })), true);
});

test("names that build on each other cost no more than their number", () => {
  const chain = (first: string, next: (name: string) => string) =>
    Array.from({ length: 150 }, (_, k) => `a${k} = ${k === 0 ? first : next(`a${k - 1}`)};`).join(" ");
  const doubled = `${chain("$1", (name) => `${name} + ${name}`)} a149`;
  assert.deepEqual(readsOf(parseFormula(doubled)), { entries: [1], isRealising: false });
  assert.equal(valueOf(doubled, 1), 2 ** 149);
  const escaped = `${chain("json($1)", (name) => `json(${name})`)} a149`;
  assert.throws(
    () => valueOf(escaped, '"'),
    (error) => isPipeliteError(error, "FORMULA_FAILED"),
  );
});

test("a formula that looks at very many items is given up, whatever is in them", () => {
  const list = Array.from({ length: 100_000 }, (_, k) => k);
  assert.equal(valueOf("sum($1 + $1) + max($1)", list), 2 * 4_999_950_000 + 99_999);
  assert.throws(
    () => valueOf(`sum(${Array.from({ length: 300 }, () => "$1").join(" + ")})`, list),
    (error) => isPipeliteError(error, "FORMULA_FAILED") && /more than 20000000 items/.test(error.message),
  );
});

test("a value counts more in a study of capability than in a sum", () => {
  const groups = [Array.from({ length: 2_000_000 }, (_, k) => k)];
  assert.equal(valueOf("sum($1)", groups), 1_999_999_000_000);
  assert.throws(
    () => valueOf("capabilityBound($1, 0, 1)", groups),
    (error) => isPipeliteError(error, "FORMULA_FAILED") && /more than 20000000 items/.test(error.message),
  );
});

test("an entry of the evidence is looked for once, however often it is named", () => {
  let reads = 0;
  const counting = (own: FormulaContext): FormulaContext => ({
    ...own,
    evidence: (index) => {
      reads += 1;
      return own.evidence(index);
    },
    read: (place, reference) => {
      reads += 1;
      return own.read(place, reference);
    },
  });
  const often = `${Array.from({ length: 100 }, (_, k) => `a${k} = $1; b${k} = realise("x", "v#/a");`).join(" ")} count(a7)`;
  assert.equal(evaluate(parseFormula(often), counting(contextOf([[1, 2]]))), 2);
  assert.equal(reads, 2);
});

test("a chain of any length has its longest path, in time and memory in proportion", () => {
  const names = Array.from({ length: 200_000 }, (_, k) => `s${k}`);
  const inputs = names.map((_, k) => (k === 0 ? [] : [`s${k - 1}`]));
  const durations = names.map(() => 1);
  assert.equal(valueOf("criticalPath($1, $2, $3)", names, inputs, durations), 200_000);
  const backwards: Value[] = [names.toReversed(), inputs.toReversed(), durations];
  assert.equal(valueOf("criticalPath($1, $2, $3)", ...backwards), 200_000);
});

test("a name that is defined again reads what stands before it", () => {
  assert.deepEqual(readsOf(parseFormula("a = $1; b = a; a = $2; a + b")).entries, [2, 1]);
  assert.deepEqual(readsOf(parseFormula("a = $1; a = a + $2; a")).entries, [1, 2]);
});

test("functions of files are asked of the caller", () => {
  assert.equal(valueOf("narHash($1)"), "narHash of $1");
  assert.equal(valueOf('narHash(realise("x.drv"))'), "narHash of made x.drv");
  const formula = parseFormula('optional(realise("x.drv", "v.json#/a"))');
  assert.equal(evaluate(formula, contextOf([])), "v.json#/a of made x.drv");
  assert.equal(callsOf(formula, "realise").length, 1);
});

const REFUSED: readonly (readonly [ErrorCode, string, number, ...Value[]])[] = [
  ["FORMULA_INVALID", "", 1],
  ["FORMULA_INVALID", "1 +", 4],
  ["FORMULA_INVALID", "1 2", 3],
  ["FORMULA_INVALID", "f(1", 4],
  ["FORMULA_INVALID", "max($1) # of all", 9],
  ["FORMULA_INVALID", "x = 1", 6],
  ["FORMULA_INVALID", '"open', 1],
  ["FORMULA_INVALID", '"\\q"', 1],
  ["FORMULA_INVALID", "a.b", 2],
  ["FORMULA_INVALID", `${"(".repeat(200)}1${")".repeat(200)}`, 102],
  ["FORMULA_INVALID", "1+".repeat(3000), 4001],
  ["FORMULA_FAILED", "x + 1", 1],
  ["FORMULA_FAILED", "1 + system(2)", 5],
  ["FORMULA_FAILED", "1 + constructor(2)", 5],
  ["FORMULA_FAILED", "2 * max($1)", 5, []],
  ["FORMULA_FAILED", "$1 + 1", 4, "text"],
  ["FORMULA_FAILED", "$1 + $2", 4, [1, 2], [1]],
  ["FORMULA_FAILED", "1 / 0", 3],
  ["FORMULA_FAILED", "sqrt(0 - 1)", 1],
  ["FORMULA_FAILED", "not any(sqrt($1) > 5)", 9, [-1]],
  ["FORMULA_FAILED", "all(ln($1) < 5)", 5, [[0], 1]],
  ["FORMULA_FAILED", "meanEach($1)", 1, [[]]],
  ["FORMULA_INVALID", "$1 < 1e400", 6, 1],
  ["FORMULA_FAILED", "time($1)", 1, "hello 1"],
  ["FORMULA_FAILED", "time($1)", 1, "2026-01-01T10:00:00"],
  ["FORMULA_FAILED", "time($1)", 1, "2026-02-31T10:00:00Z"],
  ["FORMULA_FAILED", "abs(1, 2)", 1],
  ["FORMULA_FAILED", "not 1", 1],
  ["FORMULA_FAILED", "sd($1)", 1, [1]],
  ["FORMULA_FAILED", "significant(1, 0)", 1],
  ["FORMULA_FAILED", 'sigma($1, "guess")', 1, [[1, 2]]],
  ["FORMULA_FAILED", "narHash(1)", 1],
  ["FORMULA_FAILED", 'realise("x")', 1],
  ["FORMULA_FAILED", "$1 == $1", 4, { a: 1 }],
  ["FORMULA_FAILED", "cpk($1, 2, 1)", 1, [[1, 2]]],
  ["EVIDENCE_MISSING", "$2", 0, 1],
];

for (const [code, text, column, ...evidence] of REFUSED) {
  test(`${code}: ${text.slice(0, 30)}`, () => {
    assert.throws(
      () => valueOf(text, ...evidence),
      (error) =>
        (isPipeliteError(error, code) && (column === 0 || error.details["column"] === column)) ||
        assert.fail(String(error)),
    );
  });
}

test("no text makes the parser or the evaluator fail in another way", () => {
  const words = fc.constantFrom(
    "max",
    "(",
    ")",
    "$1",
    "1",
    '"a"',
    ",",
    "+",
    "if",
    "and",
    "not",
    ";",
    "=",
    "x",
    "^",
    "null",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (text) => {
      try {
        valueOf(text.join(" "), [1, 2]);
      } catch (error) {
        assert.ok(isPipeliteError(error), String(error));
      }
    }),
  );
});
