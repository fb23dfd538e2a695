// A disk that fails while the indices of a repository are written is told as one, whichever call it fails.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { removeTree } from "#base/files.ts";
import { peer } from "../rig/peer.ts";
import { compileFaults } from "./work.ts";

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-repository-faults-"))));
after(() => removeTree(folder));

const MODULE = pathToFileURL(join(import.meta.dirname, "../../src/ship/repository/switch.ts")).href;
const SWITCH = `
  const { switchFolder } = await import(${JSON.stringify(MODULE)});
  try {
    const files = new Map([["a/b/one", Buffer.from("one")]]);
    await switchFolder(process.argv[2], { folder: "dists", files, isKept: () => false });
  } catch (error) {
    console.log(error.code);
  }
`;

test("each call that fails is told by its own error", { skip: peer("gcc") }, () => {
  const library = compileFaults(folder);
  const script = join(folder, "switch.ts");
  writeFileSync(script, SWITCH);
  let failed = 0;
  for (let at = 1; ; at += 1) {
    const root = join(folder, `root-${at}`);
    mkdirSync(root);
    const fault = { FAULT_HOME: root, FAULT_AT: String(at), FAULT_KIND: "EIO", LD_PRELOAD: library };
    const env = { ...process.env, ...fault };
    const { stdout } = spawnSync(process.execPath, [script, root], { env, encoding: "utf8" });
    if (stdout === "") break;
    assert.equal(stdout, "EIO\n", `call ${at}`);
    failed += 1;
  }
  assert.ok(failed >= 8, `${failed} calls`);
});
