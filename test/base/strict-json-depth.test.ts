// JSON that is nested without end is refused with its place, before anything of ours goes through it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateMarker } from "#package/python-marker.ts";
import { parseJudgedJson, parseStrictJson } from "#base/strict-json.ts";

const nested = (depth: number): string => `{\n"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

for (const parse of [parseStrictJson, parseJudgedJson])
  test(`${parse.name} refuses what is nested deeper than 500`, () => {
    assert.ok(parse(nested(500)));
    for (const depth of [501, 100_000])
      assert.throws(() => parse(nested(depth)), /^SyntaxError: it is nested more than 500 deep in line 2$/);
    assert.throws(() => parse('["'.repeat(1000)), SyntaxError);
    assert.deepEqual(parse(`["${'[\\\\\\"'.repeat(1000)}"]`), ['[\\"'.repeat(1000)]);
  });

test("a condition of Python has 100 brackets within one another at most", () => {
  const variables = { python_version: "3.11" };
  const nestedMarker = (depth: number) => `${"(".repeat(depth)}python_version > '3'${")".repeat(depth)}`;
  assert.equal(evaluateMarker(nestedMarker(100), variables), true);
  assert.throws(() => evaluateMarker(nestedMarker(100_000), variables), /the condition .* is not understood/);
});
