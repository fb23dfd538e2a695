// What the items of a list are called: each by a name of its own, that a file and a store path may have.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isNodeName } from "#base/node-name.ts";
import { itemsOf } from "#compile/items.ts";
import { hexDigestOf } from "#base/digest.ts";

function namesOf(keys: readonly string[]): string[] {
  return itemsOf(Buffer.from(JSON.stringify(keys)), null).map(({ name }) => name);
}

test("thousands of keys without a letter that names have come to as many names", () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => String.fromCodePoint(0x4e00 + index));
  assert.equal(new Set(namesOf(keys)).size, keys.length);
});

test("a key that is what another would be called keeps the two apart", () => {
  for (const digits of [6, 40, 44]) {
    const other = `x-y-${hexDigestOf("x/y").slice(0, digits)}`;
    const names = namesOf(["x/y", "x y", other, ""]);
    assert.equal(new Set(names).size, 4, names.join(" "));
  }
  const [empty, literal] = namesOf(["", hexDigestOf("").slice(0, 6)]);
  assert.notEqual(empty, literal);
});

test("whatever the keys are, their names can be names of stages, and a name does not hang on the order", () => {
  const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "..", "constructor", "a/b", "a b", "a-b"));
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 8 }), (keys) => {
      const names = namesOf(keys);
      assert.equal(new Set(names).size, keys.length);
      assert.ok(names.every(isNodeName), names.join(" "));
      assert.deepEqual(namesOf(keys.toReversed()).toReversed(), names);
    }),
  );
});
