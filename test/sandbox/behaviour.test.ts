// What a stage may do and how it ends, under every sandbox, as root and as an ordinary user. Each stage leaves nothing: no
// process, no cgroup, no mount point in the store folder.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { after, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { peer } from "../rig/peer.ts";
import { removeRunner, runStage } from "./rig.ts";
import { COMMAND, KINDS, OUT, USERS, temporaryFolder } from "./stage.ts";
import type { Ended, Stage } from "./stage.ts";

const OUT_BASE = OUT.slice("/nix/store/".length);
after(removeRunner);

const sandboxes = KINDS.flatMap((kind) =>
  USERS.map((user) => ({ kind, user, skip: peer("busybox", COMMAND[kind], "setpriv") })),
);
const all = [
  ...sandboxes,
  ...USERS.map((user) => ({ kind: "none" as const, user, skip: peer("busybox", "setpriv") })),
];

/** Runs, and checks that nothing is left but the output. */
async function run(stage: Stage): Promise<Ended> {
  const ended = await runStage(stage);
  assert.deepEqual(
    ended.left.filter((name) => name !== OUT_BASE),
    [],
    "the store folder holds nothing but the output",
  );
  return ended;
}

function kindOfEnding({ result, error }: Ended): string {
  return result?.ending.kind ?? error?.code ?? "";
}

/** Processes whose command line contains the text. */
function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

for (const { kind, user, skip } of all) {
  describe(`${kind} as ${user}`, { skip }, () => {
    test("an output, its log in order from both streams, and exit code 0", async () => {
      const ended = await run({ kind, user, script: "echo one; echo two >&2; echo three; echo made > $out" });
      assert.deepEqual(ended.result?.ending, { kind: "exited", code: 0 });
      assert.equal(ended.log, "one\ntwo\nthree\n");
      assert.deepEqual(ended.left, [OUT_BASE]);
    });

    test("the exit code of the builder comes through", async () => {
      assert.deepEqual((await run({ kind, user, script: "exit 7" })).result?.ending, {
        kind: "exited",
        code: 7,
      });
    });

    test("argv[0] is the base name, arguments and environment are bytes", async () => {
      const script = `printf '%s|%s|%s' "$0" "$1" "$ODD" | od -An -tx1; exit 3`;
      const ended = await run({
        kind,
        user,
        script,
        args: ["-c", script, "\xff\xfe", "\xc3("],
        env: { PATH: `/nix/store/${"b".repeat(32)}-busybox/bin`, ODD: '\x80\n"$' },
      });
      assert.equal(ended.log.replaceAll(/\s+/g, " ").trim(), "ff fe 7c c3 28 7c 80 0a 22 24");
    });

    test("a program that is not there is an error of its own", async () => {
      const ended = await run({
        kind,
        user,
        script: "",
        builder: `/nix/store/${"b".repeat(32)}-busybox/bin/no-such`,
      });
      assert.equal(kindOfEnding(ended), "SANDBOX_BUILDER_NOT_STARTED");
      assert.match(ended.error?.message ?? "", /no-such.*no such file/);
    });

    if (kind !== "none") {
      test("an input that is not there is an error of its own", async () => {
        const inputs = [{ path: `/nix/store/${"a".repeat(32)}-gone`, physical: "/nonexistent" }];
        const ended = await run({ kind, user, script: "true", inputs });
        assert.equal(kindOfEnding(ended), "SANDBOX_INPUT_MISSING");
      });
    }

    test("a stage over its time is killed with all it started", async () => {
      const ended = await run({ kind, user, script: "sleep 4711 & sleep 4711", limits: { timeoutMs: 300 } });
      assert.deepEqual(ended.result?.ending, { kind: "timed-out" });
      assert.deepEqual(processesWith("sleep\x004711"), []);
    });

    test("a silent stage is killed; one that speaks is not", async () => {
      // It speaks for longer than it may be silent, and each time long before that: a busy machine holds it up for a while.
      const silentMs = 4000;
      const speaks = await run({
        kind,
        user,
        script: "for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.5; done",
        limits: { silentMs },
      });
      assert.equal(kindOfEnding(speaks), "exited");
      const silent = await run({ kind, user, script: "echo start; sleep 4712", limits: { silentMs } });
      assert.deepEqual(silent.result?.ending, { kind: "timed-out" });
    });

    test("a cancelled stage is killed with all it started", async () => {
      const script = "setsid sleep 4713 & echo started; trap '' TERM INT HUP; sleep 4713; sleep 4713";
      const ended = await run({ kind, user, script, cancelAfterMs: 50 });
      assert.deepEqual(ended.result?.ending, { kind: "cancelled" });
      assert.deepEqual(processesWith("sleep\x004713"), []);
    });

    test("what a stage leaves running in the background dies with it", async () => {
      const script = "(setsid sleep 4714 >/dev/null 2>&1 </dev/null &) ; sleep 4714 & echo done > $out";
      const ended = await run({ kind, user, script });
      assert.deepEqual(ended.result?.ending, { kind: "exited", code: 0 });
      assert.deepEqual(processesWith("sleep\x004714"), []);
    });

    test("no more processes than the limit can be started", async () => {
      const script = "n=0; while [ $n -lt 40 ]; do sleep 4715 & n=$((n+1)); done; echo all";
      const limits = { processes: 24 };
      assert.match((await run({ kind, user, script, limits })).log, /can't fork/);
      assert.match((await run({ kind, user, script, limits: { ...limits, processes: 64 } })).log, /^all$/m);
      assert.deepEqual(processesWith("sleep\x004715"), []);
    });

    test("a fork bomb is killed with the stage", async () => {
      const script = "bomb() { while :; do (sleep 4717 & bomb) 2>/dev/null & done; }; bomb";
      const ended = await run({ kind, user, script, limits: { processes: 24, timeoutMs: 500 } });
      // A shell that can start nothing more gives up.
      assert.ok(["timed-out", "exited"].includes(kindOfEnding(ended)), kindOfEnding(ended));
      assert.deepEqual(processesWith("sleep\x004717"), []);
    });

    test("an endless log is cut at its limit", async () => {
      const ended = await run({
        kind,
        user,
        script: "yes 0123456789abcdef",
        limits: { logBytes: 1_000_000 },
      });
      assert.deepEqual(ended.result?.ending, { kind: "log-limit" });
      assert.equal(ended.logBytes, 1_000_000);
    });

    test("what it used is measured, each figure with its source", async () => {
      const script =
        "dd if=/dev/zero bs=16M count=1 2>/dev/null | sha256sum; i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
      const { result } = await run({ kind, user, script });
      const usage = result?.usage;
      assert.ok(usage !== undefined);
      assert.notEqual(usage.source.cpu, "unavailable");
      assert.ok((usage.cpuUserMs ?? 0) + (usage.cpuSystemMs ?? 0) > 10);
      assert.notEqual(usage.source.memory, "unavailable");
      assert.ok((usage.peakMemoryBytes ?? 0) > 1024 * 1024);
      assert.ok(usage.wallMs > 0);
      assert.equal(usage.source.events, "rusage");
      assert.ok((usage.minorFaults ?? 0) > 0);
      const { counters = [] } = usage;
      assert.equal(counters.length, 6);
      for (const { name, source, value, reason } of counters) {
        assert.equal(source === "perf", value !== undefined, name);
        assert.equal(source === "unavailable", reason !== undefined, name);
      }
      // Where the kernel counts at all, it agrees with what it told whoever waited.
      const clock = counters.find(({ name }) => name === "task-clock")?.value;
      const cpuMs = (usage.cpuUserMs ?? 0) + (usage.cpuSystemMs ?? 0);
      if (clock !== undefined)
        assert.ok(clock > cpuMs / 2 && clock < 2 * cpuMs + 20, `${clock} and ${cpuMs}`);
    });

    test("the counters of two stages at a time do not mix", async () => {
      const busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
      const ended = await Promise.all([
        run({ kind, user, script: busy, cgroupName: `${process.pid}-busy` }),
        run({ kind, user, script: "sleep 0.3", cgroupName: `${process.pid}-idle` }),
      ]);
      const clocks = ended.map(({ result }) => {
        const { counters = [] } = result?.usage ?? {};
        return counters.find(({ name }) => name === "task-clock")?.value;
      });
      const [much, little] = clocks;
      if (much !== undefined && little !== undefined) assert.ok(little < much / 2, clocks.join(" "));
    });
  });
}

for (const { kind, user, skip } of sandboxes) {
  describe(`${kind} as ${user} isolates`, { skip }, () => {
    test("a builder that dies of a signal is told apart from one that exits", async () => {
      // Pid 1 dies of no signal it sends itself; a fault of its own is what is left.
      const script = "exec /build/crash";
      const make = `printf '%b' '${crashingProgram()}' > crash; chmod +x crash; ${script}`;
      const ended = await run({ kind, user, script: make });
      // bubblewrap hands on the shell's notion of it only.
      const expected =
        kind === "bubblewrap" ? { kind: "exited", code: 139 } : { kind: "signalled", signal: "SIGSEGV" };
      assert.deepEqual(ended.result?.ending, expected);
    });

    test("nothing outside its output, /build and /tmp lasts: the store is its inputs, read-only", async () => {
      const script = `
        b=$(dirname $(dirname $(readlink -f /proc/1/exe)))
        touch $b/x; echo "input $?"; rm -f $b/bin/ls; echo "remove $?"; chmod 777 $b; echo "chmod $?"
        mv $b /nix/store/moved; echo "move $?"; rmdir $b; echo "rmdir $?"
        touch /etc/mine /tmp/mine /dev/shm/mine /build/mine /mine && mkdir /home /root /var && echo "own root"
        touch /nix/mine && touch /nix/store/stray && echo "stray"; echo made > $out`;
      const ended = await runStage({ kind, user, script });
      for (const word of ["input", "remove", "chmod", "move", "rmdir"])
        assert.match(ended.log, new RegExp(`^${word} 1$`, "m"));
      assert.match(ended.log, /^own root$/m);
      // What it writes beside its output in the store folder is for the caller to see and to throw away.
      assert.deepEqual(ended.left.toSorted(), [OUT_BASE, "stray"]);
    });

    test("the host's files, processes, network, users and names are not to be seen", async () => {
      const secret = `secret-${process.pid}`;
      process.env["PIPELITE_TEST_SECRET"] = secret;
      const script = `
        ls -a / /nix /nix/store /proc/1/root/ /proc/1/root/.. /proc/1/cwd/..; cat /etc/* /proc/1/environ /proc/[0-9]*/environ
        ls /home /root /usr /var /work /sys; ls /proc | grep '^[0-9]'; ip addr; cat /proc/net/unix /proc/net/tcp; hostname
        env; cat /proc/self/cgroup; ls -l /proc/*/fd; ps`;
      const ended = await run({ kind, user, script });
      assert.doesNotMatch(ended.log, new RegExp(secret));
      const host = readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
      if (host !== "localhost") assert.doesNotMatch(ended.log, new RegExp(`\\b${host}\\b.*`), "host name");
      for (const gone of ["/home", "/root", "/usr", "/var", "/sys"])
        assert.match(ended.log, new RegExp(`ls: ${gone}: No such`));
      assert.doesNotMatch(ended.log, /\beth0|\bens\d|\bnode\b/);
      const pids = [...ended.log.matchAll(/^(\d+)$/gm)].map(([, pid]) => Number(pid));
      assert.ok(pids.length > 0 && Math.max(...pids) < 200, "process numbers start again");
    });

    test("ways out are closed", async () => {
      const script = `
        probe() { name=$1; shift; if "$@" >/dev/null 2>&1; then echo "OPEN $name"; else echo "closed $name"; fi; }
        probe chroot-dotdot sh -c 'mkdir j; chroot j /bin/sh'
        probe mount mount -t tmpfs none /tmp
        probe remount mount -o remount,rw /nix/store/*-busybox
        probe umount-store umount /nix/store
        probe nested-rw unshare -Urm sh -c 'mount -o remount,bind,rw /nix/store/*-busybox && touch /nix/store/*-busybox/x'
        probe nested-umount unshare -Urm sh -c 'umount /nix/store/*-busybox'
        probe nested-input unshare -Urm sh -c 'touch /nix/store/*-busybox/x'
        probe kernel-setting sh -c ': >> /proc/sys/kernel/core_pattern'
        probe kernel-setting-new-proc unshare -Urmpf sh -c 'mount -t proc proc /proc && : >> /proc/sys/kernel/core_pattern'
        probe sysrq sh -c ': >> /proc/sysrq-trigger'
        probe setuid sh -c 'cp /proc/1/exe x && chmod 4755 x'
        probe setgid sh -c 'touch y && chmod 2755 y'
        probe mknod mknod disk b 254 0
        probe outside-namespace sh -c 'ls /proc/1/root/../../../work || ls /proc/self/root/old || ls /old || ls /newroot'
        probe kill-host kill -0 ${process.pid}
        probe network wget -T 1 -O - http://127.0.0.1:1/
        probe dns nslookup localhost 127.0.0.53
        probe hostname-change hostname changed
        probe nested-hostname-seen sh -c 'unshare -Uru hostname changed; test "$(hostname)" != localhost'`;
      const ended = await run({ kind, user, script });
      assert.deepEqual(ended.log.match(/^OPEN .*$/gm) ?? [], []);
      assert.equal(ended.log.match(/^closed /gm)?.length, 19, ended.log);
    });

    // Who watches is the same program for both users; one of them shows it.
    if (user === USERS[0]) {
      test("when Pipelite is killed, so is the stage", async () => {
        const folder = temporaryFolder();
        const env = { ...process.env, TMPDIR: folder };
        const runner = [
          process.execPath,
          "--disable-warning=ExperimentalWarning",
          `${import.meta.dirname}/as-other-user.ts`,
        ];
        const stage = { kind, script: "setsid sleep 4716 & sleep 4716" } satisfies Stage;
        const shell = `"$@" & pid=$!; echo $pid
          for i in $(seq 100); do sleep 0.05; grep -lqs 4716 /proc/[0-9]*/cmdline && break; done; sleep 0.2; kill -9 $pid`;
        const killed = spawnSync("sh", ["-c", shell, "sh", ...runner, JSON.stringify(stage)], {
          encoding: "utf8",
          env,
        });
        while (processesWith("sleep\x004716").length > 0)
          await new Promise((resolve) => setTimeout(resolve, 50));
        // Its cgroups could not be removed by it: the next Pipelite does, once the kernel has let go of the dead.
        const groups = ["/sys/fs/cgroup", "-name", `pipelite-${killed.stdout.trim()}-*`];
        let left = "unknown";
        for (let tries = 0; tries < 10 && left !== ""; tries += 1) {
          const words = [...runner.slice(1), JSON.stringify({ kind, script: "true" })];
          assert.equal(spawnSync(process.execPath, words, { env }).status, 0);
          left = spawnSync("find", groups, { encoding: "utf8" }).stdout;
        }
        assert.equal(left, "");
        removeTree(folder);
      });
    }
  });
}

/** An ELF program, as printf %b escapes, that reads address 0. */
function crashingProgram(): string {
  const code =
    process.arch === "x64"
      ? [0x8b, 0x04, 0x25, 0, 0, 0, 0]
      : [0x00, 0x00, 0x80, 0xd2, 0x00, 0x00, 0x40, 0xf9];
  const view = new DataView(new ArrayBuffer(120 + code.length));
  const image = new Uint8Array(view.buffer);
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, process.arch === "x64" ? 62 : 183, true);
  view.setUint32(20, 1, true);
  const address = 0x400000n;
  view.setBigUint64(24, address + 120n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(80, address, true);
  view.setBigUint64(88, address, true);
  view.setBigUint64(96, BigInt(image.length), true);
  view.setBigUint64(104, BigInt(image.length), true);
  view.setBigUint64(112, 0x1000n, true);
  image.set(code, 120);
  return [...image].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
}
