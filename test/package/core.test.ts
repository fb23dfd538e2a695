// What a run with nothing to do loads of Node, as the build knows it: an import that is added somewhere shows here at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleParts } from "../../tools/core.ts";
import { sweep } from "../rig/peer.ts";

test(
  "the core loads few modules of Node: others are left to the code that uses them",
  { skip: sweep() },
  async () => {
    const [core, , run] = await bundleParts();
    assert.ok(core !== undefined && run !== undefined);
    assert.deepEqual([...core.builtins].toSorted(), [
      "node:ffi",
      "node:fs",
      "node:module",
      "node:os",
      "node:path",
      "node:sqlite",
      "node:url",
    ]);
    assert.ok(core.modules.includes("src/run/no-op.ts"));
    assert.ok(run.modules.includes("src/run/execute.ts"));
  },
);
