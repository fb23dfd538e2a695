import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { schedule, type NodeEnd } from "#engine/schedule.ts";

interface Node {
  index: number;
  needs: Node[];
  isWork: boolean;
  end: NodeEnd;
}

const graphs = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(), { maxLength: 4 }),
      isWork: fc.boolean(),
      end: fc.constantFrom<NodeEnd>("done", "done", "done", "done", "failed"),
    }),
    { maxLength: 40 },
  )
  .map((specs) => {
    const nodes: Node[] = [];
    for (const [index, { needs, isWork, end }] of specs.entries()) {
      const needed = index === 0 ? [] : needs.flatMap((each) => nodes[each % index] ?? []);
      nodes.push({ index, needs: needed, isWork, end });
    }
    return nodes;
  });

test("property: each node ends once, after all it needs, at most `jobs` at a time, and what needs a failed one is skipped", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (nodes, jobs, keepGoing) => {
      const ended = new Map<Node, string>();
      const started: number[] = [];
      let working = 0;
      let hasFailed = false;
      await schedule(nodes, {
        needs: (node) => node.needs,
        isWork: (node) => node.isWork,
        jobs,
        keepGoing,
        signal: new AbortController().signal,
        run: async (node) => {
          assert.ok(node.needs.every((need) => ended.get(need) === "done"));
          if (node.isWork) {
            started.push(node.index);
            working += 1;
          }
          assert.ok(working <= jobs);
          await Promise.resolve();
          if (node.isWork) working -= 1;
          assert.equal(ended.has(node), false);
          ended.set(node, node.end);
          hasFailed ||= node.end === "failed";
          return node.end;
        },
        skip: (node, because) => {
          assert.equal(ended.has(node), false);
          ended.set(node, "skipped");
          if (because === undefined) assert.ok(hasFailed && !keepGoing);
          else if (keepGoing) assert.equal(because.end, "failed");
        },
      });
      assert.equal(ended.size, nodes.length);
      for (const node of nodes) {
        const isCut = node.needs.some((need) => ended.get(need) !== "done");
        if (isCut) assert.equal(ended.get(node), "skipped");
        else if (keepGoing) assert.equal(ended.get(node), node.end);
      }
    }),
  );
});

test("of the nodes that are ready, the first of the graph starts first; what run throws is thrown on", async () => {
  const order: number[] = [];
  const nodes: Node[] = Array.from({ length: 200 }, (_, index) => ({
    index,
    needs: [],
    isWork: true,
    end: "done",
  }));
  const options = {
    needs: (node: Node) => node.needs,
    isWork: () => true,
    jobs: 1,
    keepGoing: false,
    signal: new AbortController().signal,
    skip: () => undefined,
  };
  await schedule(nodes, {
    ...options,
    run: async ({ index }) => {
      order.push(index);
      return "done";
    },
  });
  assert.deepEqual(
    order,
    nodes.map(({ index }) => index),
  );
  await assert.rejects(
    schedule(nodes, { ...options, run: () => Promise.reject(new Error("a bug")) }),
    /a bug/,
  );
});
