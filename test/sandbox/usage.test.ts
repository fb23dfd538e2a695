// What is measured of a stage, from the bytes and texts that the kernel gives.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCgroup, readFigures } from "#sandbox/cgroup.ts";
import { COUNTERS_BYTES, COUNTER_BYTES, counterAttributes, readCounters } from "#sandbox/counters.ts";
import { measureUsage } from "#sandbox/usage.ts";
import type { Outcome } from "#sandbox/supervisor.ts";

/** struct rusage (getrusage(2)), in the order of its fields. */
function rusageOf(fields: readonly number[]): DataView {
  const view = new DataView(new ArrayBuffer(144));
  for (const [index, value] of fields.entries()) view.setBigInt64(8 * index, BigInt(value), true);
  return view;
}

function slotsOf(
  rows: readonly (readonly [opened: number, value: number, enabled: number, running: number])[],
) {
  const view = new DataView(new ArrayBuffer(COUNTERS_BYTES));
  for (const [row, numbers] of rows.entries()) {
    for (const [index, value] of numbers.entries())
      view.setBigInt64(row * COUNTER_BYTES + 8 * index, BigInt(value), true);
  }
  return view;
}

function outcomeOf(more: Partial<Outcome>): Outcome {
  return {
    killed: undefined,
    failure: undefined,
    ready: true,
    done: undefined,
    firstWords: "",
    wallMs: 100,
    peak: undefined,
    ...more,
  };
}

test("every field of struct rusage is read from its own place", () => {
  // utime 1.5 s, stime 0.25 s, then maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv,
  // nsignals, nvcsw, nivcsw: no two the same.
  const rusage = rusageOf([1, 500_000, 0, 250_000, 2048, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
  const usage = measureUsage(outcomeOf({ done: { status: 0, rusage, counters: slotsOf([]) } }), undefined);
  const { counters: _, ...figures } = usage;
  assert.deepEqual(figures, {
    wallMs: 100,
    cpuUserMs: 1500,
    cpuSystemMs: 250,
    peakMemoryBytes: 2048 * 1024,
    minorFaults: 14,
    majorFaults: 15,
    ioReadBytes: 17 * 512,
    ioWriteBytes: 18 * 512,
    voluntarySwitches: 22,
    involuntarySwitches: 23,
    source: { cpu: "rusage", memory: "rusage", io: "rusage", events: "rusage" },
  });
});

test("a stage whose waiting process was killed has no figure that only that could have given", () => {
  const usage = measureUsage(outcomeOf({}), undefined);
  assert.deepEqual(usage.source, {
    cpu: "unavailable",
    memory: "unavailable",
    io: "unavailable",
    events: "unavailable",
  });
  for (const key of ["cpuUserMs", "ioReadBytes", "minorFaults", "voluntarySwitches"])
    assert.ok(!(key in usage), key);
  assert.ok(usage.counters?.every(({ value, source }) => value === undefined && source === "unavailable"));
});

test("counters: read as they are, scaled when they shared the processor's, and unavailable with the reason", () => {
  const [ENOENT, EACCES] = [2, 13];
  const counters = readCounters(
    slotsOf([
      [7, 1_500_000_000, 2_000_000_000, 2_000_000_000],
      [7, 4_000_000_000, 1000, 1000],
      [7, 300, 1000, 250],
      [-ENOENT, 0, 0, 0],
      [-EACCES, 0, 0, 0],
      [7, 0, 0, 0],
    ]),
    "user",
  );
  const scope = "user";
  assert.deepEqual(
    counters.map(({ name, unit, reason, ...rest }) => ({ name, ...rest, hasReason: reason !== undefined })),
    [
      { name: "task-clock", value: 1500, source: "perf", scope: "user and kernel", hasReason: false },
      { name: "cycles", value: 4_000_000_000, source: "perf", scope, hasReason: false },
      { name: "instructions", value: 1200, source: "perf", scope, share: 0.25, hasReason: false },
      { name: "cache-references", source: "unavailable", hasReason: true },
      { name: "cache-misses", source: "unavailable", hasReason: true },
      { name: "branch-misses", source: "unavailable", hasReason: true },
    ],
  );
  assert.match(counters[4]?.reason ?? "", /not permit/);
});

test("counters: the structure that the kernel is given starts disabled, inherited, at the next exec", () => {
  const [clock, cycles] = counterAttributes("user").map((bytes) => new DataView(bytes.buffer));
  assert.deepEqual([clock?.getUint32(0, true), clock?.getBigUint64(8, true)], [1, 1n]);
  assert.deepEqual([cycles?.getUint32(0, true), cycles?.getUint32(4, true), cycles?.byteLength], [0, 64, 64]);
  assert.equal(cycles?.getBigUint64(40, true), BigInt(0b1_0000_0110_0011));
  const [all] = counterAttributes("user and kernel").map((bytes) => new DataView(bytes.buffer));
  assert.equal(all?.getBigUint64(40, true), BigInt(0b1_0000_0000_0011));
});

// As a Linux 6.8 with one disk and one compressed memory disk writes them.
const CGROUP2 = {
  "cpu.stat":
    "usage_usec 1834271\nuser_usec 1609034\nsystem_usec 225237\nnice_usec 0\ncore_sched.force_idle_usec 0\n" +
    "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0\n",
  "memory.peak": "87031808\n",
  "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\noom_group_kill 0\n",
  "io.stat":
    "259:0 rbytes=1486848 wbytes=4096 rios=36 wios=1 dbytes=0 dios=0\n" +
    "252:0 rbytes=512 wbytes=8192 rios=1 wios=2 dbytes=65536 dios=4\n",
};

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-cgroup-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test("cgroup version 2: processor, memory, killed processes, and bytes over all devices", () => {
  const folder = folderWith(CGROUP2);
  try {
    const place = { version: "cgroup2", folder } as const;
    assert.deepEqual(readFigures({ cpu: place, memory: place, io: place }), {
      cpuUserMs: 1609.034,
      cpuSystemMs: 225.237,
      peakMemoryBytes: 87_031_808,
      outOfMemoryKills: 1,
      ioReadBytes: 1_487_360,
      ioWriteBytes: 12_288,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("cgroup version 2: a file that this kernel does not have leaves its figure out, and is not 0", () => {
  const { "memory.peak": _, "io.stat": __, ...older } = CGROUP2;
  const folder = folderWith(older);
  try {
    const place = { version: "cgroup2", folder } as const;
    const figures = readFigures({ cpu: place, memory: place, io: place });
    assert.deepEqual(Object.keys(figures).toSorted(), ["cpuSystemMs", "cpuUserMs", "outOfMemoryKills"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A folder of a mounted version 2 hierarchy in which this process may make groups. */
function version2Folder(): string | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  const mount = mounts.find((line) => line.includes(" - cgroup2 "))?.split(" ")[4];
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "latin1"))?.[1];
  if (mount === undefined || own === undefined) return undefined;
  const folder = join(mount, own);
  try {
    accessSync(folder, constants.W_OK);
    accessSync(join(folder, "cgroup.procs"), constants.W_OK);
    return folder;
  } catch {
    return undefined;
  }
}

const folder = version2Folder();
test(
  "cgroup version 2 on this kernel: a group is entered, measured, killed and removed",
  { skip: folder === undefined ? "no version 2 hierarchy to make groups in" : false },
  async () => {
    const place = { version: "cgroup2", folder: folder ?? "" } as const;
    const name = `${process.pid}-usage-test`;
    const group = createCgroup(name, { logBytes: 0, processes: 10 }, { cpu: place });
    assert.ok(group);
    try {
      const script = `echo 0 > "$0" && i=0 && while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; sleep 60`;
      const child = spawn("/bin/sh", ["-c", script, group.entryFiles[0] ?? ""], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      await once(child.stdout, "data");
      const { cpuUserMs = 0, cpuSystemMs = 0 } = group.read();
      assert.ok(cpuUserMs + cpuSystemMs > 5);
      assert.ok(group.processes().includes(child.pid ?? 0));
      group.kill();
      assert.deepEqual(await exited, [null, "SIGKILL"]);
    } finally {
      await group.remove();
    }
    assert.throws(() => accessSync(join(folder ?? "", `pipelite-${name}`)));
  },
);
