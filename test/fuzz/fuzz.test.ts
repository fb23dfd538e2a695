// The fuzzer finds what is planted, says the same for the same seed, and finds nothing in the product's parsers by a short run;
// `node test/fuzz/run.ts` is the long one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./fuzz.ts";
import { plantedParser } from "./planted.ts";
import { targets } from "./targets.ts";
import { inputs } from "../rig/peer.ts";

const planted = { name: "planted", parse: plantedParser, corpus: [Buffer.from("none of it")] };

test("a fault behind one branch after another is found by way of the coverage", async () => {
  const { finding, corpus } = await fuzz(planted, { seed: 1, inputsMax: 40_000 });
  assert.match(finding?.problem ?? "", /the planted fault/);
  assert.ok(corpus.length >= 3, "each branch on the way was kept");
});

test("what is slow is found", async () => {
  const slow = () => {
    const end = process.cpuUsage().user + 60_000;
    while (process.cpuUsage().user < end);
  };
  const { finding } = await fuzz(
    { name: "slow", parse: slow, corpus: [Buffer.from("x")] },
    { seed: 1, inputsMax: 16, limitMs: 50 },
  );
  assert.match(finding?.problem ?? "", /it took \d+ ms/);
});

for (const target of targets) {
  test(`${target.name} takes its corpus and refuses in words`, async () => {
    assert.ok(target.corpus.length > 0);
    const [good] = target.corpus;
    await target.parse(good ?? new Uint8Array());
    const { finding } = await fuzz(target, { seed: 1, inputsMax: inputs(96) });
    assert.equal(finding, undefined, finding?.problem ?? "");
  });
}
