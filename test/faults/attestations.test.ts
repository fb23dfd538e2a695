// What ends `release`, `archive` or `run --attest` between the bundles of two outputs leaves a run that verifies as before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { Work } from "./work.ts";

test("a run has bundles of all its outputs, or none", { skip: peer("gcc", "busybox") }, async () => {
  using work = await Work.make();
  await work.pipelite(["run", work.project, "--no-link"]);
  const words = ["archive", "save", "--out", work.text("run.tar")];
  const below = `${work.home}/pipelite/attestations`;
  work.save();
  assert.equal(work.start({ words }, work.faulty("none", 0, below)).status, 0);
  const calls = work.count();
  assert.ok(calls >= 1, `${calls} calls`);
  for (let at = 1; at <= calls; at += 1) {
    work.restore();
    work.start({ words }, work.faulty("kill", at, below));
    await work.pipelite(["verify", "latest"]);
  }
});
