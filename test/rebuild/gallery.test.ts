// Every stage of examples/irreproducible is caught, and its cause named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { GALLERY, rebuildGallery } from "./gallery.ts";

test(
  "each stage of the gallery is caught with its cause, and a good one is not",
  { skip: peer("perl", "tar", "gzip") },
  async () => {
    const { outputs } = await rebuildGallery();
    const found = new Map(outputs.map((output) => [output.stage, output]));
    assert.deepEqual([...found.keys()].toSorted(), [...Object.keys(GALLERY), "fine"].toSorted());
    assert.equal(found.get("fine")?.status, "reproduced");
    for (const [stage, { by, heldStill, guess, status = "differs" }] of Object.entries(GALLERY)) {
      const output = found.get(stage);
      const cause = output?.causes.find((each) => each.by.length === 1 && each.by[0] === by);
      const said = JSON.stringify({ stage, status: output?.status, causes: output?.causes }, undefined, 1);
      assert.equal(output?.status, status, said);
      assert(cause, said);
      assert(cause.guesses.includes(guess), said);
      assert(cause.difference, said);
      if (heldStill !== undefined) assert.deepEqual(cause.heldStill, heldStill, said);
    }
  },
);
