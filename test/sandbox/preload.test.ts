// The library that shows a program another time, or random bytes that are the same each time: loaded by real programs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { writePreload, type Clock } from "#sandbox/preload.ts";
import { peer } from "../rig/peer.ts";

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-preload-"))));
after(() => removeTree(folder));

const skip =
  process.arch === "x64" ? peer("date", "perl", "python3") : "not run: there is none for this processor";

function run(
  preload: { clock?: Clock; isRandomFixed?: boolean },
  command: string,
  ...words: string[]
): string {
  const file = join(folder, "preload.so");
  writeFileSync(file, writePreload(preload));
  const { status, stdout, stderr } = spawnSync(command, words, {
    env: { ...process.env, LD_PRELOAD: file, TZ: "UTC" },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

test("programs see the clock that they are shown: clock_gettime, gettimeofday and time", { skip }, () => {
  const clock = { at: 1_000_000_000 };
  assert.equal(run({ clock }, "date", "+%s.%N"), "1000000000.000000000\n");
  assert.equal(run({ clock }, "perl", "-e", "print time"), "1000000000");
  assert.equal(run({ clock }, process.execPath, "-p", "Date.now()"), "1000000000000\n");
  const before = Math.floor(Date.now() / 1000);
  const shifted = Number(run({ clock: { shift: 86_400 } }, "date", "+%s"));
  const late = Math.floor(Date.now() / 1000);
  assert(shifted >= before + 86_400 && shifted <= late + 86_400);
  // Time goes on where it is measured.
  const waited = "const t = process.hrtime.bigint(); while (process.hrtime.bigint() === t); console.log(1)";
  assert.equal(run({ clock }, process.execPath, "-e", waited), "1\n");
});

test("random bytes are the same in each process", { skip }, () => {
  const draw = (preload: { isRandomFixed: boolean; clock?: Clock }) =>
    run(preload, "python3", "-c", "import os, uuid; print(os.urandom(40).hex(), uuid.uuid4())");
  const one = draw({ isRandomFixed: true });
  assert.equal(draw({ isRandomFixed: true }), one);
  assert.notEqual(draw({ isRandomFixed: false }), one);
  assert.match(one, /^(?!(..)\1{9})[0-9a-f]{80} /);
});
