// The picture of a graph: alike nodes are one, no box lies on another, every edge leads forward, and Graphviz reads the DOT.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { foldGraph, stateWords, type DrawnNode } from "#chart/folded.ts";
import { layOut } from "#chart/graph-layout.ts";
import { drawGraph, writeDot } from "#chart/graph-picture.ts";
import { peer } from "../rig/peer.ts";

function nodeOf(id: string, inputs: string[], more: Partial<DrawnNode> = {}): DrawnNode {
  return { id, name: id, kind: "stage", what: "one.ts", state: "cached", inputs, ...more };
}

/** `count` stages over each of which another one stands, and one behind all of them. */
function fan(count: number): DrawnNode[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return [
    nodeOf("data", [], { kind: "source", what: "data", state: "source" }),
    ...numbers.map((n) => nodeOf(`one-${n}`, ["data"], { state: n < 3 ? "build" : "cached", lastMs: 10 })),
    ...numbers.map((n) => nodeOf(`two-${n}`, [`one-${n}`], { what: "two.ts", state: "build" })),
    nodeOf(
      "all",
      numbers.map((n) => `two-${n}`),
      { what: "all.ts", state: "build" },
    ),
  ];
}

test("300 alike stages are one, with how many of them stand in each state, and so is what stands behind each", () => {
  const folded = foldGraph(fan(300));
  assert.deepEqual(
    folded.map((node) => [node.name, stateWords(node), node.lastMs]),
    [
      ["data", "source", undefined],
      ["one ×300", "3 to build, 297 cached", 3000],
      ["two ×300", "300 to build", undefined],
      ["all", "to build", undefined],
    ],
  );
  assert.deepEqual(
    folded.slice(1).map(({ inputs }) => inputs),
    folded.slice(0, 3).map(({ id }) => [id]),
  );
  assert.equal(foldGraph(fan(300), true).length, 602);
});

test("few are drawn each for itself, and those that differ are not put together", () => {
  assert.deepEqual(
    foldGraph(fan(4)).map(({ name }) => name),
    ["data", "one-0", "one-1", "one-2", "one-3", "two-0", "two-1", "two-2", "two-3", "all"],
  );
  const nodes = Array.from({ length: 10 }, (_, n) =>
    nodeOf(`n${n}`, [], { what: n % 2 === 0 ? "a.ts" : "b.ts" }),
  );
  assert.deepEqual(
    foldGraph(nodes).map(({ count }) => count),
    [5, 5],
  );
});

const graphs = fc
  .array(fc.tuple(fc.array(fc.nat(), { maxLength: 4 }), fc.constantFrom("a.ts", "b.ts")), { maxLength: 60 })
  .map((rows) =>
    rows.map(([picks, what], index) =>
      nodeOf(`n${index}`, [...new Set(index === 0 ? [] : picks.map((pick) => `n${pick % index}`))], { what }),
    ),
  );

test("folding loses no node and no way from one to another, and keeps each behind what it reads", () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const folded = foldGraph(nodes);
      assert.equal(
        folded.reduce((sum, { count }) => sum + count, 0),
        nodes.length,
      );
      const seen = new Set<string>();
      for (const { id, inputs } of folded) {
        for (const input of inputs) assert.ok(seen.has(input), `${id} reads ${input}`);
        seen.add(id);
      }
      const edges = (each: readonly { inputs: readonly string[] }[]) =>
        each.some(({ inputs }) => inputs.length > 0);
      assert.equal(edges(folded), edges(nodes));
    }),
  );
});

test("no box lies on another, and every edge leads from left to right", () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const sized = nodes.map(({ id, inputs }, index) => ({
        id,
        inputs,
        width: 40 + (index % 5) * 20,
        height: 30,
      }));
      const { nodes: places, edges, width, height } = layOut(sized);
      const boxes = sized.map((node) => ({ ...node, ...(places.get(node.id) ?? { x: -1, y: -1 }) }));
      for (const [index, a] of boxes.entries()) {
        assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height, a.id);
        for (const b of boxes.slice(index + 1)) {
          const isApart =
            a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          assert.ok(isApart, `${a.id} and ${b.id}`);
        }
      }
      assert.equal(
        edges.length,
        nodes.reduce((sum, { inputs }) => sum + inputs.length, 0),
      );
      for (const points of edges) {
        for (const [index, [x]] of points.entries()) assert.ok(x >= (points[index - 1]?.[0] ?? 0));
      }
    }),
  );
});

test("names are text, whatever is in them", () => {
  const odd = [nodeOf('<a href="x">&\\', []), nodeOf("b", ['<a href="x">&\\'])];
  const svg = drawGraph('<t>"&', foldGraph(odd));
  assert.doesNotMatch(svg, /<a |<t>/);
  assert.equal(svg, drawGraph('<t>"&', foldGraph(odd)));
  assert.match(writeDot('a"b', foldGraph(odd)), /^digraph "a\\"b" \{/);
});

test("Graphviz reads the DOT, with every node and every edge", { skip: peer("dot") }, () => {
  const folded = foldGraph([...fan(300), nodeOf('odd "name" \\', ["all"])]);
  const { status, stdout, stderr } = spawnSync("dot", ["-Tplain"], {
    input: writeDot("a title", folded),
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const count = (word: string) => stdout.split("\n").filter((line) => line.startsWith(`${word} `)).length;
  assert.equal(count("node"), folded.length);
  assert.equal(
    count("edge"),
    folded.reduce((sum, { inputs }) => sum + inputs.length, 0),
  );
});
