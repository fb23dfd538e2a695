// The table of expressions: one number for each, also after others were forgotten.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Levels } from "#lean/terms/levels.ts";
import { Terms } from "#lean/terms/terms.ts";

const fill = (terms: Terms, from: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => terms.app(terms.bvar(from + i), terms.bvar(from + i + 1)));

for (const count of [3, 400, 5000, 40_000]) {
  test(`of ${count} expressions those that stay are found again, and others are made again`, () => {
    const terms = new Terms(new Levels());
    const kept = fill(terms, 0, count);
    for (let round = 0; round < 3; round++) {
      const before = terms.kept;
      terms.mark(before);
      assert.deepEqual(fill(terms, 0, count), kept);
      assert.equal(terms.made, 0);
      const made = fill(terms, count, count);
      assert.deepEqual(fill(terms, count, count), made);
      assert.ok(Math.min(...made) >= before);
      const number = terms.nat(2n ** 70n + BigInt(round));
      assert.equal(terms.number(number), 2n ** 70n + BigInt(round));
      terms.forget();
      assert.equal(terms.kept, before);
      // What is read between two declarations stays.
      const more = fill(terms, 100_000 * (round + 1), 7);
      assert.deepEqual(fill(terms, 100_000 * (round + 1), 7), more);
    }
  });
}

test("what is read later is not seen before", () => {
  const terms = new Terms(new Levels());
  const early = fill(terms, 0, 10);
  const visible = terms.kept;
  const late = fill(terms, 50, 10);
  terms.mark(visible);
  assert.deepEqual(fill(terms, 0, 10), early);
  const made = fill(terms, 50, 10);
  assert.ok(made.every((e, i) => e !== late[i]));
  assert.deepEqual(fill(terms, 50, 10), made);
  terms.forget();
});
