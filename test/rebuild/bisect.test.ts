// Smallest sets that make a difference, found by asking.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { causes, isFoundAgain, minimise } from "#rebuild/bisect.ts";
import { inputs } from "../rig/peer.ts";

const ALL = Array.from({ length: 14 }, (_, index) => index);
const set = fc.uniqueArray(fc.constantFrom(...ALL), { minLength: 1, maxLength: 4 });
const holds = (wanted: readonly number[], given: readonly number[]) =>
  wanted.every((each) => given.includes(each));

test("what is found makes a difference, and without any member of it makes none", async () => {
  const property = fc.asyncProperty(fc.array(set, { minLength: 1, maxLength: 3 }), async (wanted) => {
    const differs = (given: readonly number[]) => Promise.resolve(wanted.some((each) => holds(each, given)));
    const found = await minimise(ALL, differs);
    assert(await differs(found));
    for (const left of found) assert(!(await differs(found.filter((each) => each !== left))));
  });
  await fc.assert(property, { numRuns: inputs(200) });
});

test("every cause is found that has members of its own, and the rest makes no difference", async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(fc.constantFrom(...ALL), { maxLength: 4 }),
    async (single) => {
      const differs = (given: readonly number[]) =>
        Promise.resolve(single.some((each) => given.includes(each)));
      const { sets, rest } = await causes(ALL, differs);
      assert.deepEqual(new Set(sets.flat()), new Set(single));
      assert(sets.every(({ length }) => length === 1));
      assert(!(await differs(rest)));
    },
  );
  await fc.assert(property, { numRuns: inputs(200) });
});

test("one cause among many is found with few questions", async () => {
  let asked = 0;
  const differs = (given: readonly number[]) => {
    asked += 1;
    return Promise.resolve(given.includes(9));
  };
  assert.deepEqual(await minimise(ALL, differs), [9]);
  assert(asked <= 8, `it asked ${asked} times`);
});

test("what is not found again, or is found with nothing varied, was found by chance", async () => {
  const answers = (...given: boolean[]) => {
    const left = [...given];
    return (): Promise<boolean> => Promise.resolve(left.shift() ?? assert.fail("asked too often"));
  };
  const [same, other] = [false, true];
  assert(await isFoundAgain([[1], [2]], answers(same, other, other, same, other, other)));
  assert(!(await isFoundAgain([[1], [2]], answers(other))));
  assert(!(await isFoundAgain([[1], [2]], answers(same, other, same))));
  assert(!(await isFoundAgain([[1]], answers(same, other, other))));
  assert(!(await isFoundAgain([[1]], answers(same, other, same, same))));
  assert(await isFoundAgain([], answers()));
});
