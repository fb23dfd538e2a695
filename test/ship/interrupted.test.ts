// Who asks to stop is heard while packages are written: while files are read, packed, and put together.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { finish } from "#base/steps.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { PACKAGE_FORMATS, type PackagePlan } from "#ship/shipment.ts";
import { StoreTree } from "#ship/store-tree.ts";
import { withFolders } from "#ship/tree.ts";
import { writePackage } from "#ship/write.ts";
import { hashSteps } from "#store/tree.ts";
import { planOf } from "./rig.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-interrupted-"));
after(() => rmSync(base, { recursive: true }));

const PATH = parseStorePath(`/nix/store/${"0".repeat(32)}-large`);
const place = join(base, "large");
mkdirSync(place);
writeFileSync(join(place, "hole"), "");
truncateSync(join(place, "hole"), 64 * 1024 * 1024);
const narHash = Buffer.from(finish(hashSteps(place)).narHash).toString("hex");

function plan(): PackagePlan {
  const tree = new StoreTree({ path: PATH, place, narHash, digests: ["sha1", "sha256", "md5"] });
  return { ...planOf(withFolders(tree.files, () => false)), paths: [PATH], trees: [tree] };
}

/** Aborted as soon as what goes on lets anybody else have a turn. */
function soon(reason: Error): AbortSignal {
  const stopped = new AbortController();
  setImmediate(() => stopped.abort(reason));
  return stopped.signal;
}

const reason = new Error("enough");

for (const format of PACKAGE_FORMATS)
  test(`${format}: packed for the first time, and again`, async () => {
    const kept = join(base, `kept-${format}`);
    const write = (name: string, signal?: AbortSignal) => {
      const folder = join(base, `${format}-${name}`);
      mkdirSync(folder);
      return writePackage(format, plan(), {
        folder,
        codec: undefined,
        key: undefined,
        kept,
        ...(signal && { signal }),
      });
    };
    await assert.rejects(write("first", soon(reason)), reason);
    assert.deepEqual(names(kept), []);
    await write("whole");
    const [payload = ""] = names(kept);
    assert.ok(payload !== "");
    await assert.rejects(write("again", soon(reason)), reason);
    assert.deepEqual(names(kept)[0], payload, "what was kept stays");
  });

test("what nobody else has read", async () => {
  const [tree] = plan().trees;
  await assert.rejects(tree?.readRest(soon(reason)) ?? Promise.resolve(), reason);
});

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
