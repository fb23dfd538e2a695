// Files of any size: read whole where that can be, else in pieces; one that is too large is an error of ours.
import { spawnSync } from "node:child_process";
import { layoutOf } from "#store/layout.ts";
import { openStore } from "#store/store.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hexDigestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { hexDigestOfFile, piecesOfFile } from "#base/file-pieces.ts";
import { bytesOfFile, isTooLarge, wholeFile } from "#base/files.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-whole-"));
after(() => rmSync(folder, { recursive: true }));

test("more than 2 GiB are refused with the name, whoever wants them whole", () => {
  const file = join(folder, "large");
  writeFileSync(file, "");
  truncateSync(file, 2 ** 31 + 1);
  for (const read of [wholeFile, bytesOfFile])
    assert.throws(
      () => read(file),
      (error) =>
        isPipeliteError(error, "FILE_TOO_LARGE") && error.exitCode === 2 && error.message.includes(file),
    );
  assert.ok(isTooLarge(Object.assign(new Error("too long"), { code: "ERR_STRING_TOO_LONG" })));
  assert.ok(!isTooLarge(new Error("ERR_STRING_TOO_LONG")));
});

test("a pipe in the place of a file is not waited for, not even where the store has one", () => {
  const home = join(folder, "home");
  openStore(home).close();
  const { schemaFile } = layoutOf(home);
  rmSync(schemaFile);
  assert.equal(spawnSync("mkfifo", [schemaFile]).status, 0);
  const isEndless = (error: unknown): boolean => isPipeliteError(error, "FILE_ENDLESS");
  assert.throws(() => openStore(home, { readOnly: true }), isEndless);
  for (const read of [wholeFile, hexDigestOfFile]) assert.throws(() => read(schemaFile), isEndless);
});

test("pieces are the file, and so is their digest", () => {
  for (const size of [0, 1, 2 ** 20, 2 ** 20 + 1, 3_000_000]) {
    const file = join(folder, String(size));
    const bytes = Buffer.alloc(size, "abc");
    writeFileSync(file, bytes);
    assert.deepEqual(Buffer.concat([...piecesOfFile(file)].map((piece) => Buffer.from(piece))).length, size);
    assert.equal(hexDigestOfFile(file), hexDigestOf(bytes));
    assert.ok(wholeFile(file).equals(bytes));
  }
});
