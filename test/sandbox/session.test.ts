// A program that speaks with the user, started in a folder that a stage left.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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

test(
  "a terminal is lent: its mode stays, nobody outside is signalled, and the next one reads from it as before",
  { skip: peer("cc", "script", "stty") },
  () => {
    const lent = join(folder, "lent");
    for (const name of ["program", "store", "build"]) mkdirSync(join(lent, name), { recursive: true });
    const source = join(import.meta.dirname, "borrow-terminal.c");
    const made = spawnSync("cc", ["-static", "-o", join(lent, "program", "borrow"), source], {
      encoding: "utf8",
    });
    assert.equal(made.status, 0, made.stderr);
    const lend = `'${process.execPath}' --no-warnings '${join(import.meta.dirname, "lend-terminal.ts")}' '${lent}'`;
    // All of it is one process group, as in a script.
    const script = `
      before=$(stty -g; stat -c %a $(tty)); ${lend}; after=$(stty -g; stat -c %a $(tty))
      test "$before" = "$after" && echo as it was; read line; echo "read: $line"`;
    const { stdout } = spawnSync("script", ["-qec", script, "/dev/null"], {
      input: "what comes next\n",
      encoding: "utf8",
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    const said = stdout.replaceAll("\r", "");
    assert.deepEqual(
      [...said.matchAll(/^([a-z ]+): (E[A-Z]+|done)$/gm)].map(([, name, found]) => `${name}: ${found}`),
      [
        "type: EPERM",
        "paste: EPERM",
        "chmod: EROFS",
        "chmod by path: EROFS",
        "nice: EPERM",
        "ionice: EPERM",
        "signal: EPERM",
        "signal itself: done",
        "signal by descriptor: EPERM",
        "take: done",
        "raw: done",
      ],
      said,
    );
    assert.match(said, /^as it was$/m);
    assert.match(said, /^read: what comes next$/m);
  },
);
