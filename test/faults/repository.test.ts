// A disk that fails while the indices of a repository are written is told as one, whichever call it fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { FaultyScript, moduleText } from "./each-call.ts";

const SWITCH = `
  const { switchFolder } = await import(${moduleText("ship/repository/switch.ts")});
  try {
    const files = new Map([["a/b/one", Buffer.from("one")]]);
    await switchFolder(process.argv[2], { folder: "dists", files, isKept: () => false });
  } catch (error) {
    console.log(error.code);
  }
`;

test("each call that fails is told by its own error", { skip: peer("gcc") }, () => {
  using script = new FaultyScript(SWITCH);
  const failed = script.failEachCall("EIO", (_folder, { status, stdout }, at) => {
    assert.equal(status, 0, `call ${at}`);
    if (stdout !== "") assert.equal(stdout, "EIO\n", `call ${at}`);
    return stdout === "";
  });
  assert.ok(failed >= 8, `${failed} calls`);
});
