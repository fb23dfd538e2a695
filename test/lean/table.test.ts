// The table of expressions: one object for each, also after others were forgotten.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Names } from "#lean/name.ts";
import { Terms } from "#lean/terms.ts";

/** The expressions that are kept of `count` made ones: every `step`-th, with its parts. */
function fill(terms: Terms, count: number, step: number): () => unknown[] {
  const make = () =>
    Array.from({ length: count }, (_, i) => i)
      .filter((i) => i % step === 0)
      .map((i) => terms.app(terms.bvar(i), terms.bvar(i + 1)));
  for (let i = 0; i < count; i++) {
    const e = terms.app(terms.bvar(i), terms.bvar(i + 1));
    if (i % step === 0) terms.keep(e);
  }
  return make;
}

for (const [count, step] of [
  [400, 2],
  [5000, 4],
  [5000, 3],
  [40_000, 7],
  [40_000, 900],
] as const) {
  test(`of ${count} expressions every ${step}th is kept, and found again as the same object`, () => {
    const terms = new Terms(new Names().anonymous);
    const make = fill(terms, count, step);
    const before = make();
    for (let round = 0; round < 3; round++) {
      terms.forget(false);
      assert.equal(terms.temporary, 0);
      const { created } = terms;
      const after = make();
      assert.ok(after.every((e, i) => e === before[i]));
      assert.equal(terms.created, created);
      fill(terms, count, count);
      assert.ok(terms.created > created);
    }
  });
}
