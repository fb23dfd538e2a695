// Whatever ends a process, fails a call or takes the power away: Nix finds nothing wrong with the store, and nothing that was
// registered is lost. A few places of each kind; `node tools/store-faults.ts` tries them all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { FAULTS, SCENARIOS, sweepFaults } from "./sweep.ts";

const skip = peer("nix-store", "gcc");
const PLACES = { kill: 6, EIO: 2, ENOSPC: 2, full: 2, power: 4, torn: 4 };
/** Of the first place: other runs try others. */
const seed = Number(process.env["PIPELITE_FAULT_SEED"] ?? Date.now() % 97);

for (const scenario of SCENARIOS)
  for (const fault of FAULTS)
    test(`${scenario.name}: ${fault}`, { skip }, async (t) => {
      const { calls, tried, lost } = await sweepFaults(scenario, fault, PLACES[fault], seed);
      t.diagnostic(`${tried} of ${calls} places, seed ${seed}`);
      assert.ok(tried > 0);
      assert.deepEqual(lost, []);
    });
