// `push` and `verify` of images as they are typed: what is printed, and what they end with.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
import { startOciRegistry } from "../rig/oci-registry.ts";
import { createRig, type Ended } from "./rig.ts";

const image = makeImage({ layers: [{ members: [{ name: "hello", content: "hello" }] }] });
const errorOf = ({ stdout }: Ended) => (JSON.parse(stdout) as { error: { code: string } }).error.code;

test("push says what the name stands for, and how much was sent", async () => {
  using rig = createRig();
  await using registry = await startOciRegistry();
  writeLayout(join(rig.folder, "demo.oci"), [{ image, tag: "1.0" }]);
  const to = `oci://${registry.host}/team/demo`;
  const first = await rig("push", "demo.oci", to);
  assert.equal(first.stdout, `${registry.host}/team/demo:1.0@sha256:${image.manifest}\n`);
  assert.match(first.stderr, /^linux\/\w+: 2 blobs sent \(.*\)\n$/);
  const again = await rig("push", "demo.oci", `${to}:2`, "--json");
  const { tag, blobs } = JSON.parse(again.stdout) as { tag: string; blobs: object };
  assert.deepEqual([tag, blobs], ["2", { there: 2, mounted: 0, sent: 0 }]);
});

test("push wants a layout and one name", async () => {
  using rig = createRig();
  for (const words of [
    ["demo.oci"],
    ["oci://x.example/y"],
    ["demo.oci", "oci://x.example/y", "oci://x.example/z"],
  ]) {
    const ended = await rig("push", ...words, "--json");
    assert.equal(ended.code, EXIT.usage);
    assert.match(errorOf(ended), /^ARGUMENT_/);
  }
  writeFileSync(join(rig.folder, "file.oci"), "words");
  mkdirSync(join(rig.folder, "folder.oci"));
  for (const [name, problem] of [
    ["demo.oci", /there is nothing$/],
    ["file.oci", /it is a file$/],
    ["folder.oci", /it is a folder without one$/],
  ] as const)
    for (const to of ["oci://x.example/y", "oci:joined.oci"]) {
      const ended = await rig("push", name, to, "--json");
      assert.deepEqual([ended.code, errorOf(ended)], [EXIT.usage, "LAYOUT_NOT_FOUND"]);
      const { message } = (JSON.parse(ended.stdout) as { error: { message: string } }).error;
      assert.match(message, problem);
      assert.ok(message.includes(`${rig.folder}/${name}`), message);
    }
});

test("verify takes an image of somebody else for none of ours, here and in a registry", async () => {
  using rig = createRig();
  await using registry = await startOciRegistry();
  writeLayout(join(rig.folder, "demo.oci"), [{ image, tag: "1.0" }]);
  const to = `oci://${registry.host}/team/demo:1.0`;
  await rig("push", "demo.oci", to);
  for (const word of ["./demo.oci", to]) {
    const ended = await rig("verify", word, "--json");
    assert.deepEqual([ended.code, errorOf(ended)], [EXIT.verification, "IMAGE_WRONG"], word);
  }
  const absent = await rig("verify", `oci://${registry.host}/team/other`, "--json");
  assert.deepEqual([absent.code, errorOf(absent)], [EXIT.usage, "IMAGE_UNKNOWN"]);
});
