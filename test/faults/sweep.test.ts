// Whatever ends a process, fails a call or takes the power away: Nix finds nothing wrong with the store, and nothing that was
// registered is lost. What a process leaves that is killed is tried at hundreds of places, the other faults at a few of each kind;
// `node tools/store-faults.ts` tries them all.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { peer } from "../rig/peer.ts";
import { SCENARIOS } from "./scenarios.ts";
import { Sweep } from "./sweep.ts";
import { FAULTS } from "./work.ts";

const skip = peer("nix-store", "gcc");
const PLACES = { kill: 12, EIO: 1, ENOSPC: 1, full: 1, short: 1, power: 1, torn: 1 };
/** Of the first place: other runs try others. */
const seed = Number(process.env["PIPELITE_FAULT_SEED"] ?? Date.now() % 97);
const tried = { kill: 0, EIO: 0, ENOSPC: 0, full: 0, short: 0, power: 0, torn: 0 };

const inTurn = SCENARIOS.filter(({ inCi }) => inCi === "in turn");
const chosen = SCENARIOS.filter((each) => each.inCi === undefined || each === inTurn[seed % inTurn.length]);

for (const scenario of chosen)
  describe(scenario.name, { skip }, () => {
    let sweep: Sweep | undefined;
    before(async () => (sweep = await Sweep.make(scenario)));
    after(() => sweep?.[Symbol.dispose]());
    for (const fault of FAULTS)
      test(`${scenario.name}: ${fault}`, async (t) => {
        assert(sweep);
        const swept = await sweep.try(fault, { most: PLACES[fault], seed });
        tried[fault] += swept.tried;
        t.diagnostic(`${swept.tried} of ${swept.calls} places, seed ${seed}`);
        assert.ok(swept.tried > 0);
        assert.deepEqual(swept.lost, []);
      });
  });

test("hundreds of places were tried", { skip }, (t) => {
  const total = Object.values(tried).reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${total} places: ${JSON.stringify(tried)}`);
  assert.ok(tried.kill >= 200, `${tried.kill} places of kill -9`);
});
