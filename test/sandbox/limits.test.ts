// Memory limit, and ways around it, network, missing terminal, leftover cgroups.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { availableParallelism, release } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { hasKvm } from "#sandbox/host.ts";
import { LAUNCHER_FAILED, assembleProgram } from "#sandbox/launcher/program.ts";
import { call } from "#sandbox/launcher/system-call.ts";
import { peer } from "../rig/peer.ts";
import { removeRunner, runStage } from "./rig.ts";
import { COMMAND, KINDS, USERS, isRoot, runHere, temporaryFolder } from "./stage.ts";
import type { Ended, Stage } from "./stage.ts";

const folder = temporaryFolder();
after(() => {
  removeTree(folder);
  removeRunner();
});
const NEEDS_ROOT = isRoot ? false : "not run: needs root";
const CONNECTED = 42;
const MIB = 1024 * 1024;

for (const kind of KINDS) {
  describe(kind, { skip: peer("busybox", COMMAND[kind]) }, () => {
    for (const user of USERS) {
      test(`a memory limit is held for ${user}, by the cgroup or by looking`, async () => {
        const script = "head -c 300000000 /dev/zero | tail -c 290000000 | wc -c; sleep 5; echo alive";
        const ended = await runStage({ kind, user, script, limits: { memoryBytes: 24 * MIB } });
        const { enforcedBy, ending, usage } = ended.result ?? {};
        assert.match(enforcedBy?.memory ?? "", /^(cgroup[12]|procfs)$/);
        // Whom the kernel kills for memory is its choice; without a limit 290000000 bytes would come through.
        assert.doesNotMatch(ended.log, /^290000000$/m);
        if (enforcedBy?.memory === "procfs") {
          assert.deepEqual(ending, { kind: "memory-limit" });
        } else {
          assert.ok((usage?.peakMemoryBytes ?? 0) <= 24 * MIB);
          assert.ok((usage?.outOfMemoryKills ?? 0) > 0);
        }
      });
    }

    for (const user of USERS) {
      test(`a limit on processors is held for ${user}, and seen inside`, async () => {
        const script = `nproc
          for i in 1 2 3; do timeout 2 sh -c 'while :; do :; done' & done
          wait`;
        const limits = { cpus: 0.05, timeoutMs: 60_000 };
        const { result, log } = await runStage({ kind, user, script, limits });
        assert.match(log, /^1$/m, "it sees one processor");
        const by = result?.enforcedBy.cpus ?? "";
        assert.match(by, isRoot && user === "root" ? /^cgroup[12]$/ : /^(cgroup[12]|affinity)$/);
        const { cpuUserMs = 0, cpuSystemMs = 0, wallMs = 0 } = result?.usage ?? {};
        // Three busy loops would take all there is.
        const most = by === "affinity" ? 1 : 0.05;
        assert.ok((cpuUserMs + cpuSystemMs) / wallMs < most + 0.1, `${cpuUserMs} ${cpuSystemMs} ${wallMs}`);
        const without = await runStage({ kind, user, script: "nproc" });
        assert.equal(without.log.trim(), String(availableParallelism()));
      });
    }

    test("/dev/kvm is there for a stage that asks for it, where this user may use it", async () => {
      const script = "test -e /dev/kvm && echo there; true";
      assert.equal((await runHere({ kind, script })).log, "");
      assert.equal((await runHere({ kind, script, kvm: true })).log, hasKvm() ? "there\n" : "");
    });

    test("when the machine is out of memory, a process of the stage goes first", async () => {
      const ended = await runHere({ kind, script: "cat /proc/self/oom_score_adj" });
      assert.equal(ended.log.trim(), "1000");
    });

    for (const user of USERS) {
      test(`with the network, ${user} sees the host's network and name services`, async () => {
        const script = `cat /etc/nsswitch.conf; cat /etc/resolv.conf | sed 's/^/resolv: /'; ls /etc; ip -o link | wc -l
          unshare -U true && echo nested`;
        const ended = await runStage({ kind, user, script, network: true });
        assert.match(ended.log, /^hosts: files dns\nservices: files$/m);
        if (existsSync("/etc/resolv.conf")) {
          for (const line of readFileSync("/etc/resolv.conf", "utf8").trim().split("\n")) {
            assert.ok(ended.log.includes(`resolv: ${line}`), line);
          }
        }
        const links = spawnSync("sh", ["-c", "ls /sys/class/net | wc -l"], {
          encoding: "utf8",
        }).stdout.trim();
        assert.match(ended.log, new RegExp(`^${links}$`, "m"));
      });
    }

    test(
      "an abstract socket of the host is out of reach even with the network",
      { skip: hasLandlockScopes() ? false : `not run: Linux ${release()} has no scopes for sockets` },
      async () => {
        const name = `pipelite-test-${process.pid}`;
        const server = createServer((socket) => socket.destroy());
        await new Promise<void>((resolve) => server.listen(`\0${name}`, resolve));
        const physical = writeSocketClient(name);
        const path = `/nix/store/${"c".repeat(32)}-client`;
        const outside = spawnSync(physical).status;
        const inside = await runHere({
          kind,
          script: "",
          builder: path,
          args: [],
          inputs: [{ path, physical }],
          network: true,
        });
        server.close();
        assert.equal(outside, CONNECTED);
        assert.deepEqual(inside.result?.ending, { kind: "exited", code: LAUNCHER_FAILED });
      },
    );

    test(
      "without a terminal on the host the log goes through a socket, and the result says so",
      { skip: NEEDS_ROOT },
      () => {
        const { result, error, log } = runWrapped(
          { kind, script: "echo one; echo two >&2" },
          `
        mount -t tmpfs none /mnt
        for d in null zero full random urandom tty; do cp -a /dev/$d /mnt/; done
        mount --move /mnt /dev`,
        );
        if (kind === "starter") {
          // It has no other way to a log: another kind is taken.
          assert.match(error?.message ?? "", /ptmx/);
          return;
        }
        assert.deepEqual(result?.ending, { kind: "exited", code: 0 });
        assert.equal(result?.log, "socket");
        assert.equal(log, "one\ntwo\n");
      },
    );

    test("supplementary groups of the host's root are given up", { skip: NEEDS_ROOT }, () => {
      const { log } = runWrapped({ kind, script: "id; grep Groups /proc/self/status" }, "", [
        "setpriv",
        "--groups=4,24",
      ]);
      assert.equal(log.replaceAll(/\s+/g, " ").trim(), "uid=1000(nixbld) gid=100(nixbld) Groups:");
    });
  });
}

describe("a bomb of memory ends its stage", { skip: peer("busybox", "cc") }, () => {
  const WAYS = [
    "private",
    "shared",
    "populated",
    "memory-file",
    "dev-shm",
    "tmp",
    "tmpfs",
    "attached",
    "many",
  ];
  const program = join(folder, "bombs");
  const bombs = { path: `/nix/store/${"c".repeat(32)}-bombs`, physical: program };
  before(() => {
    const source = join(import.meta.dirname, "bombs.c");
    const { status, stderr } = spawnSync("cc", ["-static", "-w", "-O1", "-o", program, source], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
  });

  async function bomb(way: string, user: (typeof USERS)[number], memoryBytes?: number): Promise<Ended> {
    const limits = memoryBytes === undefined ? {} : { memoryBytes };
    const stage = { kind: "starter", user, script: "", limits } as const;
    return runStage({ ...stage, builder: bombs.path, args: [way], inputs: [bombs] });
  }

  for (const user of USERS) {
    for (const way of WAYS) {
      test(`${way}, for ${user}`, async () => {
        const { result, log } = await bomb(way, user, 40 * MIB);
        assert.equal(log, "");
        const { ending, usage, enforcedBy } = result ?? {};
        if (enforcedBy?.memory === "procfs") assert.deepEqual(ending, { kind: "memory-limit" });
        else assert.ok((usage?.outOfMemoryKills ?? 0) > 0, JSON.stringify(result));
      });
    }
  }

  test("and without a limit none of them is one", async () => {
    const ended = await Promise.all(WAYS.map(async (way) => bomb(way, USERS[0] ?? "ordinary")));
    assert.deepEqual(
      ended.map(({ log }) => log),
      WAYS.map(() => "alive\n"),
    );
  });
});

/** Runs a stage from a process with mounts or rights of its own. */
function runWrapped(stage: Stage, prepare: string, wrapper: string[] = []): Ended {
  const runner = [
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    `${import.meta.dirname}/as-other-user.ts`,
  ];
  const script = `${prepare}\nexec "$@"`;
  const args = ["--mount", "sh", "-ec", script, "sh", ...wrapper, ...runner, JSON.stringify(stage)];
  const { stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 60_000 });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as Ended;
}

/** Linux 6.12 brought them. */
function hasLandlockScopes(): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 12);
}

/** A program that ends with CONNECTED when it can connect to the abstract socket. */
function writeSocketClient(name: string): string {
  const [AF_UNIX, SOCK_STREAM, FIRST_FREE, STDERR] = [1, 1, 3, 2];
  const address = Buffer.concat([Buffer.of(AF_UNIX, 0, 0), Buffer.from(name)]);
  const calls = [
    call("socket", AF_UNIX, SOCK_STREAM, 0),
    call("connect", FIRST_FREE, address, address.length),
    call("exit_group", CONNECTED),
  ];
  const machine = process.arch === "arm64" ? "arm64" : "x64";
  const file = join(folder, `client-${name}`);
  writeFileSync(file, assembleProgram({ machine, calls, reportFd: STDERR, firstIndex: 0 }));
  chmodSync(file, 0o755);
  return file;
}
