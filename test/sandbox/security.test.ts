// A hostile stage tries what there is to try (attempts.c), under each of our sandboxes and under Nix, as root and as an
// ordinary user. What must be refused is; what must be possible is; and where that differs from Nix, docs/security.md has it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { peer } from "../rig/peer.ts";
import { buildWithNix, removeNixFolders, temporary } from "./nix-rig.ts";
import { asNobody, nobodyRunner, removeRunner } from "./rig.ts";
import { COMMAND, KINDS, OUT, USERS, isRoot, makeBusybox, temporaryFolder } from "./stage.ts";
import type { Ended, Stage, User } from "./stage.ts";

/** What a stage can do; every other attempt is to be refused. */
const OPEN = [
  /^kept\//, // plain files and folders, and what programs do without meaning a mode
  /^i386\/getpid$/, // 32-bit programs run
  /^sockets\/inet$/, // but there is nobody to connect to
  /^nested-allowed\//,
];

/** The kernel's switches are covered for root, and where something is covered the kernel lets nobody mount all of it again. */
const NESTED_PROC = "nested-allowed/proc";

function isOpen(name: string, user: User): boolean {
  return OPEN.some((each) => each.test(name)) && !(user === "root" && name === NESTED_PROC);
}

/** What Nix 2.8 lets through and we do not: docs/security.md names each. */
const STRICTER = [
  /^set-id\//,
  /^nested\/set-id-in-overlay$/,
  /^i386\/(open|creat|mkdir|mknod|mq_open|socketcall-vsock|socket-vsock)$/,
  /^x32\//,
  /^attributes\/setxattrat$/,
  /^io_uring\/setup$/,
  /^keys\/(session-search|add-to-session|read-by-number)$/,
  /^sockets\/vsock/,
  /^files\/(dev-kvm|chmod-input|unlink-input|write-input|reopen-input-for-writing)$/,
  /^nested\/(write-input|socket-xdp)$/,
  /^host-files\//,
  /^nested-groups\//,
  /^nested-allowed\/proc$/,
];

const folder = temporaryFolder(USERS[0]);
const attempts = join(folder, "attempts");
const stops: (() => void)[] = [];
after(() => {
  for (const stop of stops) stop();
  removeTree(folder);
  removeNixFolders();
  removeRunner();
});

before(async () => {
  if (peer("cc") !== false) return;
  const source = join(import.meta.dirname, "attempts.c");
  const { status, stderr } = spawnSync("cc", ["-static", "-w", "-O1", "-o", attempts, source], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen("\0pipelite-attempt", resolve));
  stops.push(() => server.close());
});

/** Result of each attempt: `family/name` -> `ok` or the error. */
function readAttempts(log: string): Map<string, string> {
  const results = new Map<string, string>();
  for (const line of log.split("\n")) {
    const [, name, result] = /^([\w-]+\/\S+): (.+)$/.exec(line.trim()) ?? [];
    if (name !== undefined && result !== undefined) results.set(name, result);
  }
  assert.equal(results.get("end/end"), "ok", log);
  return results;
}

const switchesFor = (user: User) => (user === "ordinary" ? ["switches"] : []);

/** With a key of the caller and memory that it shares on the host. */
function runPrepared(stage: Stage): Ended {
  const user = stage.user ?? "ordinary";
  const runner = nobodyRunner();
  const node = [join(runner, "node"), join(runner, "run.mjs"), JSON.stringify(stage)];
  const env = { TMPDIR: user === "ordinary" ? runner : folder, PATH: process.env["PATH"] ?? "" };
  const command = [attempts, "prepare", ...node];
  const { stdout, stderr } =
    isRoot && user === "ordinary"
      ? asNobody(command, env)
      : spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8", env });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as Ended;
}

function tryUnder(kind: Stage["kind"], user: User): Map<string, string> {
  const path = `/nix/store/${"c".repeat(32)}-attempts`;
  const input = `/nix/store/${"b".repeat(32)}-busybox/bin/busybox`;
  const ended = runPrepared({
    kind,
    user,
    script: "",
    builder: path,
    args: ["try", OUT, input, ...switchesFor(user)],
    inputs: [{ path, physical: attempts }],
  });
  return readAttempts(ended.log + (ended.error?.message ?? ""));
}

for (const user of USERS) {
  describe(`a hostile stage as ${user}`, { skip: peer("cc", "busybox", "setpriv") }, () => {
    for (const kind of KINDS) {
      test(`under ${kind} reaches nothing but its own`, { skip: peer(COMMAND[kind]) }, () => {
        const results = tryUnder(kind, user);
        tryUnder(kind, user); // what the first left in its keyring is not there any more
        const wrong = [...results].filter(([name, result]) => {
          return name !== "end/end" && (result === "ok") !== isOpen(name, user);
        });
        assert.deepEqual(wrong, []);
        assert.ok(results.size > 90, `${results.size} attempts`);
      });
    }

    test("is held at least as Nix holds it", { skip: peer("nix-build", COMMAND.unshare) }, () => {
      const source = makeBusybox(temporary("ordinary"));
      copyFileSync(attempts, join(source, "attempts"));
      const { log } = buildWithNix(user, source, (busybox) => ({
        builder: `${busybox}/attempts`,
        args: ["try", "@out@", `${busybox}/bin/busybox`, ...switchesFor(user)],
        wrapper: [attempts, "prepare"],
      }));
      const [nix, ours] = [readAttempts(log), tryUnder("unshare", user)];
      const isRefused = (result = "") => /^E[A-Z0-9]+$/.test(result);
      const weaker = [...ours].filter(([name, result]) => !isRefused(result) && isRefused(nix.get(name)));
      assert.deepEqual(weaker, []);
      const stricter = [...ours].filter(([name, result]) => isRefused(result) && !isRefused(nix.get(name)));
      const unlisted = stricter.filter(([name]) => !STRICTER.some((each) => each.test(name)));
      assert.deepEqual(unlisted, []);
      const documented = readFileSync(join(import.meta.dirname, "../../docs/security.md"), "utf8");
      for (const [name] of stricter)
        assert.ok(documented.includes(`\`${name}\``), `docs/security.md: ${name}`);
    });
  });
}
