// The starter's own program, request by request (aarch64 through qemu), and what it keeps from one stage to the next: nothing
// that a stage could see.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
} from "node:fs";
import { renameSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { removeTree } from "#base/files.ts";
import type { StorePath } from "#nix/store-path.ts";
import { attempt, call } from "#sandbox/launcher/system-call.ts";
import type { Processor, SystemCall } from "#sandbox/launcher/system-call.ts";
import * as linux from "#sandbox/linux.ts";
import { InputPlaces } from "#sandbox/places.ts";
import { ScratchFolders, closeStarters, runSandboxed } from "#sandbox/sandbox.ts";
import type { SandboxResult } from "#sandbox/sandbox.ts";
import { FRAME, REPORT } from "#sandbox/starter/memory.ts";
import { RequestWriter } from "#sandbox/starter/script.ts";
import type { Script } from "#sandbox/starter/script.ts";
import { assembleStarter } from "#sandbox/starter/server.ts";
import { offsetOf } from "#sandbox/starter/worker.ts";
import { peer } from "../rig/peer.ts";
import { BUSYBOX, makeBusybox, temporaryFolder } from "./stage.ts";

const folder = temporaryFolder();
after(async () => {
  await closeStarters();
  removeTree(folder);
});

const EMULATOR = { x64: "qemu-x86_64-static", arm64: "qemu-aarch64-static" } as const;
const MACHINES = (["x64", "arm64"] as const).map((machine) => ({
  machine,
  skip: machine === process.arch ? (false as const) : peer(EMULATOR[machine]),
}));
const { AT_FDCWD, OPEN } = linux;
const opened = call("openat", AT_FDCWD, "/dev/null", 0, 0);
/** In place of a terminal: the two descriptors that a watched stage has, and one for the process. */
const WATCHED = [opened, opened, opened];
const CLOSED = [attempt("close_range", 5, linux.FD_MAX, 0)];

function scriptOf(more: Partial<Script>): Script {
  return {
    before: WATCHED,
    inside: [call("exit_group", 0)],
    after: CLOSED,
    next: [],
    farewell: [],
    // The emulator knows no clone with a pidfd: the third descriptor says at once that the process has ended.
    cloneFlags: linux.SIGCHLD,
    reportEnd: REPORT.texts,
    ...more,
  };
}

function mark(path: string): SystemCall[] {
  return [call("openat", AT_FDCWD, path, OPEN.create | OPEN.writeOnly, 0o644)];
}

class Running {
  readonly child: ChildProcess;
  readonly #socket: Socket;
  readonly #writer: RequestWriter;

  constructor(machine: Processor, name: string) {
    const file = join(folder, `${name}-${machine}`);
    writeFileSync(file, assembleStarter(machine, [call("close_range", 4, linux.FD_MAX, 0)]));
    chmodSync(file, 0o755);
    const [command, args] = machine === process.arch ? [file, []] : [EMULATOR[machine], [file]];
    this.child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "pipe"] });
    const socket = this.child.stdio[3];
    assert.ok(socket instanceof Socket);
    this.#socket = socket;
    this.#writer = new RequestWriter(machine);
  }

  /** @returns status, and the call that failed */
  async run(script: Script) {
    this.#socket.write(this.#writer.write(script));
    let frame = Buffer.alloc(0);
    while (frame.length < 8 || frame.length < 8 + frame.readUInt32LE(4)) {
      const [chunk] = (await once(this.#socket, "data")) as [Buffer];
      frame = Buffer.concat([frame, chunk]);
    }
    assert.equal(frame.readUInt32LE(0), FRAME.report);
    const at = (address: number) => Number(frame.readBigInt64LE(offsetOf(address)));
    const failed = this.#writer.callAt(at(REPORT.failure));
    assert.ok(failed !== undefined || at(REPORT.child) > 0, "a process was made");
    return { status: at(REPORT.status), failed: failed?.name, result: at(REPORT.failure + 8) };
  }

  /** All but the last bytes of a request. */
  sendPart(script: Script): void {
    this.#socket.write(this.#writer.write(script).subarray(0, -8));
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
    this.#socket.destroy();
  }

  async end(): Promise<unknown> {
    const exit = once(this.child, "exit");
    this.#socket.end();
    return (await exit)[0] as unknown;
  }
}

for (const { machine, skip } of MACHINES) {
  describe(`the starter for ${machine}`, { skip }, () => {
    test("starts one process after another and tells how each ended", async () => {
      using running = new Running(machine, "several");
      for (const code of [0, 7, 42])
        assert.deepEqual(await running.run(scriptOf({ inside: [call("exit_group", code)] })), {
          status: code << 8,
          failed: undefined,
          result: 0,
        });
      assert.equal(await running.end(), 0);
    });

    test("does not start a process when what comes before fails, and names the call", async () => {
      using running = new Running(machine, "before");
      const reached = join(folder, `reached-${machine}`);
      const [ENOENT, EEXIST] = [2, 17];
      const before = [...WATCHED, attempt("chdir", "/nowhere"), call("chdir", "/nowhere")];
      const script = scriptOf({ before, inside: [...mark(reached), call("exit_group", 0)] });
      assert.deepEqual(await running.run(script), { status: 0, failed: "chdir", result: -ENOENT });
      assert.ok(!existsSync(reached));
      const tolerated = { ...call("mkdirat", AT_FDCWD, "/", 0o755), tolerated: [EEXIST] };
      const positive = { ...call("umask", 0o22), mustBeZero: true };
      const next = await running.run(scriptOf({ before: [...WATCHED, tolerated, positive] }));
      assert.equal(next.failed, "umask", "the tolerated error was none");
      assert.equal(await running.end(), 0);
    });

    test("at the end of all says farewell as it was last told; half a request is nothing", async () => {
      const names = ["first", "second", "third"].map((name) => join(folder, `${name}-${machine}`));
      const [first = "", second = "", third = ""] = names;
      using running = new Running(machine, "farewell");
      await running.run(scriptOf({ farewell: mark(first) }));
      await running.run(scriptOf({ farewell: mark(second) }));
      assert.equal(await running.end(), 0);
      using torn = new Running(machine, "torn");
      await torn.run(scriptOf({ farewell: mark(third) }));
      torn.sendPart(scriptOf({ farewell: mark(third) }));
      assert.equal(await torn.end(), 0);
      assert.deepEqual(names.map(existsSync), [false, true, false]);
    });
  });
}

describe("stage after stage in one starter", { skip: peer("busybox") }, () => {
  const busybox = makeBusybox(temporaryFolderIn("busybox"));
  const folders = new ScratchFolders(join(folder, "builds"));

  async function run(
    script: string,
    more: {
      limits?: object;
      env?: Record<string, string>;
      inputs?: { path: StorePath; physical: string }[];
    } = {},
  ): Promise<Omit<SandboxResult, "log"> & { log: string; folder: string }> {
    const scratch = folders.take();
    scratch.isSpoilt = true; // unless it comes to a result
    let log = "";
    try {
      const result = await runSandboxed("starter", {
        builder: `${BUSYBOX}/bin/sh`,
        args: ["-c", script],
        env: new Map([["PATH", `${BUSYBOX}/bin`], ...Object.entries(more.env ?? {})]),
        inputs: [{ path: BUSYBOX, physical: busybox }, ...(more.inputs ?? [])],
        storeDir: scratch.storeDir,
        buildDir: scratch.buildDir,
        places: scratch.places,
        network: false,
        kvm: false,
        limits: { logBytes: 1e6, processes: 64, timeoutMs: 60_000, ...more.limits },
        onLog: (chunk) => (log += Buffer.from(chunk).toString("latin1")),
        programFolders: [],
        cgroupName: "unused",
      });
      scratch.isSpoilt = result.isSpoilt;
      return { ...result, log, folder: scratch.folder };
    } finally {
      await folders.give(scratch);
    }
  }

  test("finds the folders as the first one did, in the same place", async () => {
    const look = `stat -c '%a %u %g %n' /build /nix/store /tmp; find /build /tmp /dev/shm | sort; ls /nix/store; umask; ulimit -a`;
    const first = await run(look);
    const dirty = `umask 0; ulimit -n 12; touch /build/a /build/-b "/build/$(printf '\\377')" /tmp/c /dev/shm/d; chmod 0777 /build
      ln -s / /build/root; chmod 0700 /nix/store; : > /dev/null; hostname x`;
    assert.deepEqual((await run(dirty)).ending.kind, "exited");
    const second = await run(look);
    assert.equal(second.log, first.log);
    assert.equal(second.folder, first.folder, "the folder was kept");
  });

  test("gets another folder where one can't be made as it was", async () => {
    const { folder: first } = await run("mkdir -p /build/deep/er; chmod 0 /build/deep");
    assert.ok(!existsSync(first), "it has gone");
    const { folder: second } = await run("echo stray > /nix/store/stray");
    assert.ok(!existsSync(second));
    const flagged = await run("chattr +A /build && echo flagged");
    if (flagged.log.includes("flagged")) assert.ok(!existsSync(flagged.folder), "flags of a folder last");
    assert.equal((await run("ls -A /build; ls /nix/store | grep -v busybox")).log, "");
  });

  test("finds its inputs and nothing that the last stage put in their places", async () => {
    const make = { folder: mkdirSync, file: (path: string) => writeFileSync(path, "right") };
    const inputs = (["folder", "file"] as const).map((name) => {
      const physical = join(folder, `replaced-${name}`);
      make[name](physical);
      return { path: `/nix/store/${"d".repeat(32)}-${name}` as StorePath, physical };
    });
    const link = join(folder, "replaced-link");
    symlinkSync("/right", link);
    inputs.push({ path: `/nix/store/${"d".repeat(32)}-link` as StorePath, physical: link });
    const look = `cd /nix/store; ls -A *-folder; cat *-file; readlink *-link`;
    const { log: right } = await run(look, { inputs });
    const [inFolder = "", inFile = "", inLink = ""] = inputs.map(({ path }) => path.slice(11));
    // Where nothing is mounted on it any more, a place of an input is a folder or file like any other.
    const parted = (
      ...commands: string[]
    ) => `cp ${BUSYBOX}/bin/busybox /build; cd /nix/store; unshare -Urm sh -ec '
      mount -t tmpfs none /tmp; mkdir /tmp/o; cp /build/busybox /tmp; pivot_root /tmp /tmp/o; /busybox umount -l /o
      ${commands.join("; ")}'; rm /build/busybox; echo "came to $?"`;
    for (const replace of [
      `rm /nix/store/${inLink}; ln -s /wrong /nix/store/${inLink}; echo "came to $?"`,
      parted(`/busybox rm ${inFile}`, `/busybox ln -s /new/etc/passwd ${inFile}`),
      parted(`/busybox rm ${inFile}`, `/busybox cp /busybox ${inFile}`),
      parted(`/busybox rmdir ${inFolder}`, `/busybox ln -s /new/etc ${inFolder}`),
      parted(`/busybox rmdir ${inFolder}`, `/busybox mkdir ${inFolder}`, `/busybox touch ${inFolder}/wrong`),
    ]) {
      const replaced = await run(replace, { inputs });
      assert.equal(replaced.log, "came to 0\n");
      assert.equal((await run(look, { inputs })).log, right);
      assert.ok(!existsSync(replaced.folder), "its folder has gone");
    }
  });

  test("sees its own inputs only, each with its own content", async () => {
    const inputs = ["a", "b", "c"].map((name, index) => {
      const physical = join(folder, `input-${name}`);
      if (index === 0) mkdirSync(physical);
      writeFileSync(index === 0 ? join(physical, "file") : physical, `content of ${name}\n`);
      return { path: `/nix/store/${name.repeat(32)}-${name}` as StorePath, physical };
    });
    const look = "cd /nix/store; for i in *; do test -d $i && ls $i | head -1 || cat $i; done; ls";
    for (const wanted of [[0, 1], [1, 2], [2], [], [0, 1, 2], [1]]) {
      const given = inputs.filter((_, index) => wanted.includes(index));
      const again = await run(look, { inputs: given });
      const names = [...given.map(({ path }) => path.slice(11)), BUSYBOX.slice(11)].toSorted();
      assert.deepEqual(again.log.split("\n").slice(-names.length - 1, -1), names);
      for (const { physical, path } of given)
        assert.ok(again.log.includes(path.includes("-a") ? "file" : readFileSync(physical, "utf8")));
    }
  });

  test("has figures of its own: a peak of memory and refused processes are those of one stage", async (t) => {
    const large = await run("dd if=/dev/zero bs=60M count=1 2>/dev/null | wc -c");
    const small = await run("true");
    if (large.usage.source.memory === "cgroup1" || large.usage.source.memory === "cgroup2") {
      assert.ok((large.usage.peakMemoryBytes ?? 0) > 50e6);
      assert.ok((small.usage.peakMemoryBytes ?? 50e6) < 20e6);
    } else t.diagnostic("no memory cgroup here");
    const many = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; true";
    const refused = await run(many, { limits: { processes: 6 } });
    if (refused.enforcedBy.processes === "rlimit") return;
    assert.ok((refused.usage.refusedProcesses ?? 0) > 0);
    assert.equal((await run("true")).usage.refusedProcesses, 0);
  });

  test("a starter that is killed takes its stage with it, and the next stage has another", async () => {
    const ended = run("echo up; sleep 4720");
    const starter = await starterOf("sleep\x004720");
    process.kill(starter, "SIGKILL");
    assert.deepEqual((await ended).ending, { kind: "signalled", signal: "SIGKILL" });
    while (processesWith("sleep\x004720").length > 0) await pause();
    assert.equal((await run("echo next")).log, "next\n");
  });

  test("a stage with more words than there is room for is refused, and the next one starts", async () => {
    const env = { LARGE: "x".repeat(70_000_000) };
    await assert.rejects(run("true", { env }), /more memory than the starter has/);
    assert.equal((await run("echo next")).log, "next\n");
  });

  test("what is closed has left its groups and its folders", async () => {
    await run("true");
    await Promise.all([closeStarters(), folders.close()]);
    assert.deepEqual(readdirSync(join(folder, "builds")), []);
    const groups = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .filter((line) => line.split(" ")[2]?.startsWith("cgroup"))
      .flatMap((line) => below(line.split(" ")[1] ?? ""))
      .filter((name) => name.includes(`pipelite-${process.pid}-s`));
    assert.deepEqual(groups, []);
  });
});

test("places of inputs become those of the next stage, whatever they were", () => {
  const storeDir = temporaryFolderIn("turning");
  const buildDir = temporaryFolderIn("turning-build");
  const sources = temporaryFolderIn("turning-sources");
  const kinds = Array.from({ length: 6 }, (_, index) => ["folder", "file", "link"][index % 3]);
  const inputs = kinds.map((kind, index) => {
    const physical = join(sources, String(index));
    if (kind === "folder") mkdirSync(physical);
    else if (kind === "file") writeFileSync(physical, "");
    else symlinkSync(`to-${index}`, physical);
    return { path: `/nix/store/${String(index).repeat(32)}-x` as StorePath, physical };
  });
  const places = new InputPlaces();
  fc.assert(
    fc.property(fc.subarray(inputs), (wanted) => {
      const { mounted, calls } = places.turn({ storeDir, buildDir, inputs: wanted }, 5);
      for (const each of calls) perform(each);
      assert.deepEqual(readdirSync(storeDir).toSorted(), wanted.map(({ path }) => path.slice(11)).toSorted());
      for (const { path, physical } of wanted) {
        const [made, source] = [join(storeDir, path.slice(11)), lstatSync(physical)];
        assert.equal(lstatSync(made).isDirectory(), source.isDirectory());
        if (source.isSymbolicLink()) assert.equal(readlinkSync(made), readlinkSync(physical));
      }
      assert.equal(
        mounted.length,
        wanted.filter(({ physical }) => !lstatSync(physical).isSymbolicLink()).length,
      );
    }),
    { numRuns: 60 },
  );
});

/** Makes a call as the starter would, as far as the calls for places go. */
function perform({ name, args }: SystemCall): void {
  const [first, second, third, fourth] = args.map(String);
  if (name === "mkdirat") mkdirSync(second ?? "");
  else if (name === "openat") writeFileSync(second ?? "", "", { flag: "wx" });
  else if (name === "symlinkat") symlinkSync(first ?? "", third ?? "");
  else if (name === "renameat2") renameSync(second ?? "", fourth ?? "");
  else if (name === "unlinkat") (third === "0" ? unlinkSync : rmdirSync)(second ?? "");
  else assert.ok(["fchmodat", "close"].includes(name), name);
}

function temporaryFolderIn(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

function below(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, encoding: "utf8" });
  } catch {
    return []; // groups come and go
  }
}

function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => textOf(`/proc/${pid}/cmdline`).includes(text))
    .map(Number);
}

/** The starter of the stage in which a process with this command line runs. */
async function starterOf(text: string): Promise<number> {
  for (; ; await pause()) {
    for (let [pid] = processesWith(text); pid !== undefined && pid > 1;) {
      const parent = Number(/\) \S (\d+)/.exec(textOf(`/proc/${pid}/stat`))?.[1] ?? 0);
      if (parent === process.pid) return pid;
      pid = parent;
    }
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
