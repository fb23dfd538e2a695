// Builds of one rebuild come one at a time, whatever else runs beside them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as later } from "node:timers/promises";
import { Turns } from "#rebuild/turns.ts";

test("who takes a turn is alone, comes in the order of asking, and is not held by one that failed", async () => {
  const turns = new Turns();
  const said: string[] = [];
  const ends = await Promise.allSettled(
    ["a", "b", "c"].map((name) =>
      turns.take(async () => {
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
