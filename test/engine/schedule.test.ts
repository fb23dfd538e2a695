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
        costOf: () => [1],
        room: [jobs],
        rank: ({ index }) => (index * 7) % 5,
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

test("property: what a node finds when it is run comes before it, with all that follows from how that ends", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (nodes, jobs, keepGoing) => {
      const known = nodes.slice(0, nodes.length / 2);
      const found = nodes.slice(known.length);
      const finder: Node = { index: nodes.length, needs: known.slice(0, 1), isWork: false, end: "done" };
      const last: Node = { index: nodes.length + 1, needs: [finder], isWork: true, end: "done" };
      const ended = new Map<Node, string>();
      let working = 0;
      let isFound = false;
      await schedule([...known, finder, last], {
        needs: (node) => node.needs,
        isWork: (node) => node.isWork,
        costOf: () => [1],
        room: [jobs],
        keepGoing,
        signal: new AbortController().signal,
        run: async (node) => {
          assert.ok(node.needs.every((need) => ended.get(need) === "done"));
          assert.equal(ended.has(node), false);
          if (node === finder && !isFound) {
            isFound = true;
            finder.needs = [...finder.needs, ...found];
            return found;
          }
          working += node.isWork ? 1 : 0;
          assert.ok(working <= jobs);
          await Promise.resolve();
          working -= node.isWork ? 1 : 0;
          ended.set(node, node.end);
          return node.end;
        },
        skip: (node) => {
          assert.equal(ended.has(node), false);
          ended.set(node, "skipped");
        },
      });
      const all = [...known, ...(isFound ? found : []), finder, last];
      assert.equal(ended.size, all.length);
      for (const node of all) {
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
    costOf: () => [1],
    room: [1],
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

interface Sized {
  name: string;
  cost: number[];
  rank: number;
}

async function orderOf(nodes: Sized[], room: number[]): Promise<string[]> {
  const order: string[] = [];
  let taken = room.map(() => 0);
  let running = 0;
  await schedule(nodes, {
    needs: () => [],
    isWork: () => true,
    rank: (node) => node.rank,
    costOf: (node) => node.cost,
    room,
    keepGoing: true,
    signal: new AbortController().signal,
    skip: () => undefined,
    run: async ({ name, cost }) => {
      order.push(name);
      running += 1;
      taken = taken.map((sum, part) => sum + (cost[part] ?? 0));
      assert.ok(running === 1 || taken.every((sum, part) => sum <= (room[part] ?? 0) + 1e-6), name);
      await new Promise((resolve) => setImmediate(resolve));
      taken = taken.map((sum, part) => sum - (cost[part] ?? 0));
      running -= 1;
      return "done";
    },
  });
  return order;
}

test("of the nodes that are ready, the one of highest rank starts first, and never more than there is room for", async () => {
  const node = (name: string, cost: number[], rank = 0): Sized => ({ name, cost, rank });
  const nodes = [node("a", [1, 0], 1), node("b", [1, 0], 3), node("c", [1, 0], 2)];
  assert.deepEqual(await orderOf(nodes, [1, 0]), ["b", "c", "a"]);
  // By memory, too: what has no room waits, what has passes it.
  const sized = [node("big", [1, 8], 9), node("big2", [1, 8], 8), node("small", [1, 1], 1)];
  assert.deepEqual(await orderOf(sized, [4, 10]), ["big", "small", "big2"]);
  // More than there is: alone.
  assert.deepEqual(await orderOf([node("huge", [99, 99]), node("a", [1, 1])], [2, 10]), ["huge", "a"]);
  assert.deepEqual((await orderOf([node("a", [0.1, 0]), node("b", [0.2, 0])], [0.3, 1])).length, 2);
});

test("a node that has no room is not passed for ever", async () => {
  const small = Array.from({ length: 400 }, (_, index) => ({ name: `${index}`, cost: [1], rank: 0 }));
  const order = await orderOf(
    [...small.slice(0, 1), { name: "big", cost: [2], rank: -1 }, ...small.slice(1)],
    [2],
  );
  assert.equal(order.length, 401);
  const first = await orderOf(
    [{ name: "one", cost: [1], rank: 9 }, { name: "big", cost: [2], rank: 5 }, ...small],
    [2],
  );
  assert.ok(first.indexOf("big") < 60, `${first.indexOf("big")}`);
});

test("property: whatever they cost, all are run, in the room there is", async () => {
  const sizes = fc.array(
    fc.record({ cost: fc.tuple(fc.integer({ min: 0, max: 40 }), fc.nat(5)), rank: fc.nat(9) }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 30 }), async (specs, whole) => {
      const nodes = specs.map(({ cost, rank }, index) => ({
        name: String(index),
        cost: [cost[0] / 10, cost[1]],
        rank,
      }));
      const order = await orderOf(nodes, [whole / 10, 4]);
      assert.equal(new Set(order).size, nodes.length);
    }),
  );
});

/** `a` and what needs it, and another one that is ready from the beginning. One runs at a time. */
async function orderWithRoomGivenBack(ranks: Readonly<Record<string, number>>): Promise<string[]> {
  const order: string[] = [];
  const needs: Readonly<Record<string, string[]>> = { behind: ["a"] };
  const nodes = ["a", "other", "behind"].map((name) => ({ name }));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const wanted = Promise.withResolvers<void>();
  await schedule(nodes, {
    needs: ({ name }) => (needs[name] ?? []).flatMap((need) => byName.get(need) ?? []),
    isWork: () => true,
    rank: ({ name }) => ranks[name] ?? 0,
    costOf: () => [1],
    room: [1],
    keepGoing: false,
    signal: new AbortController().signal,
    skip: () => undefined,
    onWanted: () => {
      if (order.includes("a made")) wanted.resolve();
    },
    run: async ({ name }, giveBack) => {
      order.push(name);
      if (name !== "a") return "done";
      order.push("a made");
      giveBack();
      giveBack();
      await wanted.promise;
      order.push("a ended");
      return "done";
    },
  });
  return order;
}

test("what gives back its room lets others start before it ends, and is asked to end when nothing else can start", async () => {
  const order = await orderWithRoomGivenBack({ a: 2, other: 1, behind: 1 });
  assert.deepEqual(order, ["a", "a made", "other", "a ended", "behind"]);
});

test("room that is given back is kept for what comes first once the node ends", async () => {
  const order = await orderWithRoomGivenBack({ a: 9, other: 1, behind: 5 });
  assert.deepEqual(order, ["a", "a made", "a ended", "behind", "other"]);
});
