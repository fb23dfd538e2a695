// Choosing a sandbox, and what is said when one does not work. In processes of their own: the choice is made once in each.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { createExecutable } from "#base/libc.ts";
import { isPipeliteError } from "#base/errors.ts";
import { VERSION } from "#base/version.ts";
import { findSandboxProgram } from "#sandbox/host.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
import type { DetectedSandbox } from "#sandbox/sandbox.ts";
import { peer } from "../rig/peer.ts";
import { isRoot, NOBODY, runHere, temporaryFolder } from "./stage.ts";

const folder = temporaryFolder();
after(() => removeTree(folder));

interface Answer {
  detected?: DetectedSandbox;
  code?: string;
  message?: string;
}

/** What detectSandbox says in a process with these programs in front of its PATH. */
function detectWith(fakes: Record<string, string>, wanted?: string, wrapper: string[] = []): Answer {
  const bin = join(folder, "bin");
  removeTree(bin);
  mkdirSync(bin);
  for (const [name, script] of Object.entries(fakes)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const code = `import { findSandboxProgram } from "#sandbox/host.ts";
import { detectSandbox } from "#sandbox/sandbox.ts";
    try { console.log(JSON.stringify({ detected: await detectSandbox(${wanted === undefined ? "undefined" : JSON.stringify(wanted)}, process.env.PATH.split(":")) })); }
    catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
  const [command, ...args] = [...wrapper, process.execPath, "--input-type=module", "-e", code];
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
  const { stdout, stderr } = spawnSync(command ?? "", args, {
    encoding: "utf8",
    env,
    cwd: join(import.meta.dirname, "../.."),
  });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as Answer;
}

const REFUSED = "echo 'bwrap: No permissions to create new namespace' >&2; exit 1";

/** Without a terminal of its own for each stage the starter can't hand on a log: the next kind is taken. */
const NO_TERMINALS = [
  findSandboxProgram("unshare", "unshare", []),
  "--mount",
  "sh",
  "-ec",
  `mount -t tmpfs none /mnt
   for d in null zero full random urandom tty; do cp -a /dev/$d /mnt/; done
   mount --move /mnt /dev; exec "$@"`,
  "sh",
];
const NEEDS_ROOT = isRoot ? false : "not run: needs root";

test("the starter is taken where it works, and nothing need be installed for it", async () => {
  const { kind, version, tried } = await detectSandbox();
  assert.equal(kind, "starter");
  assert.equal(version, VERSION);
  assert.deepEqual(tried, []);
});

test("bubblewrap is taken where the starter does not work", { skip: NEEDS_ROOT || peer("bwrap") }, () => {
  const { detected } = detectWith({}, undefined, NO_TERMINALS);
  assert.equal(detected?.kind, "bubblewrap");
  assert.match(detected?.version ?? "", /^\d+\.\d+/);
  assert.deepEqual(detected?.tried, [
    { kind: "starter", reason: "openat /dev/ptmx: ENOENT: no such file or folder" },
  ]);
});

test(
  "unshare is taken where bubblewrap does not work, and the reason is kept",
  { skip: NEEDS_ROOT || peer("unshare") },
  () => {
    const { detected } = detectWith({ bwrap: REFUSED }, undefined, NO_TERMINALS);
    assert.equal(detected?.kind, "unshare");
    assert.deepEqual(detected?.tried.slice(1), [
      { kind: "bubblewrap", reason: "bwrap: No permissions to create new namespace" },
    ]);
  },
);

test("none is the last resort, with the reasons against the others", { skip: NEEDS_ROOT }, () => {
  const { detected } = detectWith({ bwrap: REFUSED, unshare: "exit 3" }, undefined, NO_TERMINALS);
  assert.equal(detected?.kind, "none");
  assert.deepEqual(
    detected?.tried.map(({ kind }) => kind),
    ["starter", "bubblewrap", "unshare"],
  );
});

test("a wanted sandbox that does not work is an error, not another sandbox", () => {
  const { code, message } = detectWith({ bwrap: REFUSED }, "bubblewrap");
  assert.equal(code, "SANDBOX_UNAVAILABLE");
  assert.match(message ?? "", /bubblewrap.*No permissions/);
});

test("bubblewrap is not taken where it would show the host's domain name", { skip: NEEDS_ROOT }, () => {
  const named = [
    "unshare",
    "--uts",
    "sh",
    "-c",
    'echo secret.example > /proc/sys/kernel/domainname; exec "$@"',
    "sh",
    ...NO_TERMINALS,
  ];
  const { detected } = detectWith({}, undefined, named);
  assert.equal(detected?.kind, "unshare");
  assert.match(detected?.tried[1]?.reason ?? "", /domain name/);
});

test(
  "root can't build in a folder that another user closed, and is told why",
  { skip: NEEDS_ROOT || peer("busybox", "unshare") },
  async () => {
    for (const kind of ["starter", "unshare"] as const) {
      const { error } = await runHere({ kind, script: "true", closedBy: NOBODY });
      assert.equal(error?.code, "SANDBOX_HOME_FOREIGN", kind);
      assert.match(error?.message ?? "", /belongs to the user 65534, who lets nobody in/);
    }
  },
);

test(
  "a sandbox that cannot be set up is an error with the failed step",
  { skip: peer("unshare", "busybox") },
  async () => {
    // Just short enough for the host, too long for mount(2) under the folder that the old root is moved to.
    const PATH_LENGTH = 4094;
    let physical = folder;
    while (physical.length < PATH_LENGTH)
      physical += `/${"d".repeat(Math.min(200, PATH_LENGTH - physical.length))}`;
    mkdirSync(physical, { recursive: true });
    const input = { path: `/nix/store/${"c".repeat(32)}-input`, physical };
    const ended = await runHere({ kind: "unshare", script: "true", inputs: [input] });
    assert.equal(ended.error?.code, "SANDBOX_FAILED");
    assert.match(ended.error?.message ?? "", /mount \/old\/.*d \S+-input: (EINVAL|error 36)/);
    assert.deepEqual(ended.left, []);
  },
);

test("what a probe that was killed has left is removed by a later one, and nothing else", () => {
  const temporary = join(folder, "temporary");
  const names = ["pipelite-probe-old", "pipelite-probe-new", "other"];
  for (const name of names) mkdirSync(join(temporary, name, "store"), { recursive: true });
  for (const name of ["pipelite-probe-old", "other"]) utimesSync(join(temporary, name), 0, 0);
  assert.notEqual(detectWith({}, undefined, ["env", `TMPDIR=${temporary}`]).detected, undefined);
  assert.deepEqual(readdirSync(temporary).toSorted(), ["other", "pipelite-probe-new"]);
});

test("a memory file that the kernel refuses is an error", () => {
  assert.throws(
    () => createExecutable("x".repeat(300), new Uint8Array()),
    (error) => isPipeliteError(error, "MEMORY_FILE_REFUSED"),
  );
});
