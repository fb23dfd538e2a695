// Files that a user names: all of it, or an error that has the path.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemErrorCode } from "#base/errors.ts";
import { readNamedFile } from "#base/files.ts";
import { createRig } from "../cli/rig.ts";

test("a file is read whole; a folder, a missing file and one without an end give an error with the path", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-named-"));
  const file = join(folder, "file");
  const content = Buffer.alloc(3_000_000, "0123456789");
  writeFileSync(file, content);
  assert.ok(content.equals(readNamedFile(file)));
  assert.ok(content.equals(readNamedFile(file, content.length)));
  writeFileSync(join(folder, "empty"), "");
  assert.equal(readNamedFile(join(folder, "empty")).length, 0);
  const refused: [path: string, code: string, most?: number][] = [
    [folder, "EISDIR"],
    [join(folder, "none"), "ENOENT"],
    [join(file, "below"), "ENOTDIR"],
    [file, "EFBIG", content.length - 1],
    ["/dev/zero", "EFBIG", 10_000_000],
  ];
  for (const [path, code, most] of refused)
    assert.throws(
      () => readNamedFile(path, most),
      (error) => systemErrorCode(error) === code && (error as { path?: string }).path === path,
    );
  rmSync(folder, { recursive: true });
});

test("a folder or an endless file in the place of a key ends with 2 and its name", async () => {
  using rig = createRig();
  for (const [key, reason] of [
    ["/", "illegal operation on a directory"],
    ["/dev/zero", "file too large"],
  ] as const) {
    const words = [
      "deviation",
      "move",
      "D-000000000000",
      "investigating",
      "--reason",
      "r",
      "--as",
      "A",
      "--key",
      key,
    ];
    const { code, stderr } = await rig(...words);
    assert.equal(code, 2, stderr);
    assert.equal(stderr, `error: Cannot use ${key}: ${reason}\n`);
  }
});
