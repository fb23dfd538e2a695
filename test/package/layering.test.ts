// Which paths share a layer: all are there once, no order of the input and no hash decides, what was together stays together, and
// what one change makes to be fetched again is less than by popularity, as other tools have it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planLayers, type LayerPath } from "#package/layering.ts";
import { bytesAfterChange, popularity } from "../rig/layer-costs.ts";

/** Paths that refer to earlier ones; names are numbers in the order of the list. */
const closures = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 2 ** 28 }), fc.array(fc.nat(30), { maxLength: 4 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((paths) =>
    paths.map(([size, references], index): LayerPath => ({
      id: `id${index}`,
      name: `path-${String(index).padStart(3, "0")}`,
      size,
      references: references.filter((each) => each < index).map((each) => `id${each}`),
    })),
  );

test("every path is in one layer, and there are no more layers than wanted", () => {
  fc.assert(
    fc.property(closures, fc.integer({ min: 1, max: 12 }), (paths, most) => {
      const layers = planLayers(paths, { most });
      assert.ok(layers.length <= most && layers.every((layer) => layer.length > 0));
      assert.deepEqual(layers.flat().toSorted(), paths.map(({ id }) => id).toSorted());
      assert.equal(layers.length, Math.min(most, paths.length));
    }),
  );
});

test("neither the order of the paths nor their hashes decide", () => {
  fc.assert(
    fc.property(closures, fc.integer({ min: 1, max: 8 }), (paths, most) => {
      const namesOf = (all: readonly LayerPath[]) => {
        const nameOf = new Map(all.map(({ id, name }) => [id, name]));
        return planLayers(all, { most }).map((layer) => layer.map((id) => nameOf.get(id)));
      };
      const other = (id: string) => `${9_999 - Number(id.slice(2))}`;
      const renamed = paths.map((path) => ({
        ...path,
        id: other(path.id),
        references: path.references.map(other),
      }));
      assert.deepEqual(namesOf(renamed.toReversed()), namesOf(paths));
    }),
  );
});

test("what was together stays together, also when sizes change and paths are added", () => {
  fc.assert(
    fc.property(closures, fc.integer({ min: 2, max: 8 }), (paths, most) => {
      const nameOf = (id: string) => paths.find((path) => path.id === id)?.name ?? id;
      const before = planLayers(paths, { most }).map((layer) => layer.map(nameOf));
      const grown = paths.map((path, index) => ({ ...path, size: path.size * (1 + (index % 5)) }));
      const again = planLayers(grown, { most, before });
      const sets = (layers: string[][]) => layers.map((layer) => layer.toSorted().join()).toSorted();
      assert.deepEqual(sets(again.map((layer) => layer.map(nameOf))), sets(before));
      const added = { id: "new", name: "new", size: 1, references: ["id0"] };
      const more = planLayers([...grown, added], { most, before }).map((layer) => layer.map(nameOf));
      for (const together of before)
        assert.ok(more.some((layer) => together.every((name) => layer.includes(name))));
    }),
  );
});

test("after one change less is fetched again than where paths are layered by popularity", () => {
  // A program with its library and data, behind each of ten others that share a base: what popularity puts into its last layer.
  const base = ["libc", "zlib", "ssl"].map((name, index): LayerPath => ({
    id: name,
    name,
    size: 2 ** (20 + index),
    references: index === 0 ? [] : ["libc"],
  }));
  const tools = Array.from({ length: 10 }, (_, index): LayerPath => ({
    id: `tool${index}`,
    name: `tool${index}`,
    size: 2 ** 22,
    references: ["ssl", "zlib"],
  }));
  const paths = [
    ...base,
    ...tools,
    { id: "whole", name: "whole", size: 1000, references: tools.map(({ id }) => id) },
  ];
  const own = bytesAfterChange(paths, planLayers(paths, { most: 6 }), "whole");
  const others = bytesAfterChange(paths, popularity(paths, 6), "whole");
  assert.ok(own * 2 <= others, `${own} bytes, by popularity ${others}`);
});
