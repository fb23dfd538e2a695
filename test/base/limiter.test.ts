// So many at a time, the others in the order of asking.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as later } from "node:timers/promises";
import { Limiter } from "#base/limiter.ts";

test("who takes a turn is alone, comes in the order of asking, and is not held by one that failed", async () => {
  const turns = new Limiter(1);
  const said: string[] = [];
  const ends = await Promise.allSettled(
    ["a", "b", "c"].map((name) =>
      turns.run(async () => {
        said.push(`${name} begins`);
        await later();
        said.push(`${name} ends`);
        if (name === "b") throw new Error("b fails");
        return name;
      }),
    ),
  );
  assert.deepEqual(said, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});
