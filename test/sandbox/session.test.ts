// A program that speaks with the user, started in a folder that a stage left.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { runSession } from "#sandbox/sandbox.ts";
import { peer } from "../rig/peer.ts";
import { BUSYBOX, makeBusybox, temporaryFolder } from "./stage.ts";

const folder = temporaryFolder();
after(() => removeTree(folder));

test(
  "files of a derivation are not written where a link of the stage leads",
  { skip: peer("busybox") },
  async () => {
    const [storeDir, buildDir, outside] = ["store", "build", "outside"].map((name) => join(folder, name));
    assert.ok(storeDir !== undefined && buildDir !== undefined && outside !== undefined);
    mkdirSync(storeDir);
    mkdirSync(buildDir);
    symlinkSync(outside, join(buildDir, ".attr-stage"));
    const ending = await runSession({
      builder: `${BUSYBOX}/bin/sh`,
      args: ["-c", "exit 5"],
      env: new Map(),
      inputs: [{ path: BUSYBOX, physical: makeBusybox(folder) }],
      storeDir,
      buildDir,
      files: new Map([[".attr-stage", "what a stage chose"]]),
      signal: new AbortController().signal,
    });
    assert.deepEqual(ending, { kind: "exited", code: 5 });
    assert.ok(!existsSync(outside));
    assert.equal(readlinkSync(join(buildDir, ".attr-stage")), outside);
  },
);
