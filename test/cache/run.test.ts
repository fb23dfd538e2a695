// Runs with caches: a second home builds nothing; what nobody signed is built.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeSecretKey, writeNixPublicKey } from "#nix/signature.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { Project, type RanOnce } from "../rig/project.ts";
import { KEY, OTHER_KEY, pushTo } from "./rig.ts";
import { sweep } from "../rig/peer.ts";

const PIPELINE = {
  "pipeline.ts": `
    import { pipeline, stage } from "pipelite";
    const first = stage(() => import("./first.ts"));
    const second = stage(() => import("./second.ts"), { first });
    export default pipeline({ second });`,
  "first.ts": `export default () => ({ "a.txt": "a" });`,
  "second.ts": `
    import type { Input } from "pipelite";
    export default async ({ first }: { first: Input }) => ({ "b.txt": (await first.text("a.txt")) + "b" });`,
};

/** Without the Node that made them, which would be packed, too. */
function outputsOf({ outputs }: RanOnce): StorePath[] {
  return Object.values(outputs).flatMap((path) => (path === undefined ? [] : [parseStorePath(path)]));
}

describe("runs with caches", () => {
  test(
    "a second home builds nothing with a signed cache, all with another one",
    { skip: sweep() },
    async () => {
      using one = new Project(PIPELINE);
      const built = await one.run();
      assert.deepEqual(built.ends, { first: "built", second: "built" });
      const cache = `${one.folder}/cache`;
      {
        using store = openStore(one.home);
        await pushTo(store, cache, outputsOf(built), { key: KEY });
      }
      const caches = (key = KEY) => ({
        caches: { caches: [cache], trustedKeys: [writeNixPublicKey(key.publicKey)], cwd: "/", env: {} },
      });
      using two = new Project(PIPELINE);
      const refused = await two.run(caches(OTHER_KEY));
      assert.deepEqual(refused.ends, { first: "built", second: "built" });
      using three = new Project(PIPELINE);
      const planned = (await three.plan(caches())).stages.map(({ status, from }) => [status, from]);
      const offered = ["substitute", `file://${cache}`];
      assert.deepEqual(planned, [offered, offered]);
      const taken = await three.run(caches());
      assert.deepEqual(taken.ends, { first: "substituted", second: "substituted" });
      assert.deepEqual(taken.outputs, built.outputs);
      const { stages } = three.record();
      assert.deepEqual(
        [...new Set(stages.map(({ substitutedFrom }) => substitutedFrom))],
        [`file://${cache}`],
      );
      assert.deepEqual((await three.run()).ends, { first: "cached", second: "cached" });
    },
  );

  test("a cache that lies is named in the run, which goes on", async () => {
    using one = new Project(PIPELINE);
    const built = await one.run();
    const cache = `${one.folder}/cache`;
    const liar = makeSecretKey("liar-1", new Uint8Array(32).fill(9));
    using store = openStore(one.home);
    await pushTo(store, cache, outputsOf(built), { key: liar });
    const output = built.outputs["first"] ?? "";
    const { storePathHash } = await import("#nix/store-path.ts");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${cache}/${storePathHash(parseStorePath(output))}.narinfo`, "nonsense\n");
    using two = new Project(PIPELINE);
    const trustedKeys = [writeNixPublicKey(liar.publicKey)];
    const ran = await two.run({ caches: { caches: [cache], trustedKeys, cwd: "/", env: {} } });
    assert.equal(ran.exitCode, 0);
    assert.deepEqual(ran.ends, { first: "built", second: "built" });
    const refusals = ran.events.flatMap((event) => (event.type === "cache-refused" ? [event] : []));
    assert.equal(refusals.length, 1);
    assert.match(refusals[0]?.problem ?? "", /answers wrongly/);
  });
});
