// Packages of apk-tools 3, as that tool has made them, and what of them is refused.
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { isPipeliteError } from "#base/errors.ts";
import { isAdb } from "#package/adb.ts";
import { isApk3Signed, readApk3 } from "#package/apk3.ts";
import { inputs } from "../rig/peer.ts";

const vector = (name: string): Buffer => readFileSync(join(import.meta.dirname, "vectors/apk3", name));
const key = createPublicKey(vector("team.pub"));

const refused = (bytes: Uint8Array, words: RegExp) =>
  assert.throws(
    () => readApk3(bytes),
    (error) => isPipeliteError(error, "ARCHIVE_INVALID") && words.test(error.message),
  );

describe("a package of version 3", () => {
  for (const name of ["deflate.apk", "zstd.apk", "none.apk"])
    test(`is read as apk-tools made it: ${name}`, () => {
      const bytes = vector(name);
      assert.ok(isAdb(bytes));
      const read = readApk3(bytes);
      const { "installed-size": size, ...info } = Object.fromEntries(read.info);
      assert.deepEqual(info, {
        name: "hello",
        version: "1.0-r0",
        description: "Says hello",
        arch: "noarch",
        license: "MIT",
        origin: "hello",
        maintainer: "Anna Example <anna@example.org>",
        url: "https://example.org/",
        "build-time": "1700000000",
      });
      assert.ok(Number(size) > 5000);
      assert.deepEqual(read.relations.get("depends"), [
        "busybox>=1.36",
        "!other",
        "so:libc.musl-x86_64.so.1",
      ]);
      assert.deepEqual(read.relations.get("provides"), ["cmd:hello=1.0-r0"]);
      assert.deepEqual(Object.fromEntries(read.scripts), { "post-install": "#!/bin/sh\necho installed\n" });
      const shown = read.files.map(({ path, kind, mode, target, content }) => [
        path,
        kind,
        mode.toString(8),
        target,
        content.length,
      ]);
      assert.deepEqual(shown, [
        ["etc", "folder", "755", "", 0],
        ["etc/hello.conf", "file", "644", "", 17],
        ["usr", "folder", "755", "", 0],
        ["usr/bin", "folder", "755", "", 0],
        ["usr/bin/hello", "file", "755", "", 21],
        ["usr/bin/link", "link", "777", "hello", 0],
        ["usr/share", "folder", "755", "", 0],
        ["usr/share/xx", "folder", "755", "", 0],
        ["usr/share/xx/data", "file", "644", "", 5000],
        ["usr/share/xx/empty", "file", "600", "", 0],
      ]);
      assert.ok(
        read.files.every(
          ({ user, group, mtime, kind }) =>
            user === "root" && group === "root" && (kind === "folder" || mtime > 0),
        ),
      );
    });

  test("is signed by the key that made it, and by no other", () => {
    for (const name of ["deflate.apk", "zstd.apk"])
      assert.ok(isApk3Signed(readApk3(vector(name)), key), name);
    assert.ok(!isApk3Signed(readApk3(vector("none.apk")), key));
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
    assert.ok(!isApk3Signed(readApk3(vector("deflate.apk")), other));
  });

  test("with one changed byte is refused, or no longer signed", () => {
    const packed = vector("deflate.apk");
    const plain = inflateRawSync(packed.subarray(4));
    const step = Math.max(1, Math.floor(plain.length / inputs(600)));
    for (let at = 0; at < plain.length; at += step) {
      const changed = Buffer.from(plain);
      changed[at] = (changed[at] ?? 0) ^ 0x11;
      const bytes = Buffer.concat([packed.subarray(0, 4), deflateRawSync(changed)]);
      try {
        assert.ok(!isApk3Signed(readApk3(bytes), key), `byte ${at}`);
      } catch (error) {
        assert.ok(isPipeliteError(error, "ARCHIVE_INVALID"), `byte ${at}: ${String(error)}`);
      }
    }
  });
});

describe("what is no package, or not a whole one, is refused:", () => {
  const plain = vector("none.apk");
  const patched = (from: string, to: string): Buffer => {
    const at = plain.indexOf(from, 0, "latin1");
    assert.ok(at > 0 && from.length === to.length, from);
    return Buffer.concat([
      plain.subarray(0, at),
      Buffer.from(to, "latin1"),
      plain.subarray(at + from.length),
    ]);
  };
  const lastBlock = plain.lastIndexOf("data data");

  test("an index", () => refused(vector("index.adb"), /it is no package but 'indx'/));
  test("something else", () => refused(Buffer.from("ADBx"), /does not start as one/));
  test("nothing behind the head", () => refused(plain.subarray(0, 8), /has no database/));
  test("a file that leads out", () => refused(patched("share/xx", "share/.."), /leads out of it/));
  test("a file of other bytes", () => refused(patched("data data", "DATA data"), /is not the one/));
  test("a file that is missing", () =>
    refused(plain.subarray(0, Math.floor((lastBlock - 12) / 8) * 8), /cut off|not there whole/));
  test("what follows the end", () => refused(Buffer.concat([plain, Buffer.alloc(8)]), /no known kind/));
  test("what follows what is packed", () =>
    refused(Buffer.concat([vector("deflate.apk"), Buffer.from("x")]), /something follows its end/));
  test("a codec that is not known", () => refused(Buffer.from("ADBc\x07\x01xx"), /codec 7/));
});
