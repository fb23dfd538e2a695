// The launcher programs, run as what they are: executables. aarch64 runs through qemu.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { COUNTER_BYTES, counterAttributes, readCounters } from "#sandbox/counters.ts";
import {
  COUNTERS_OFFSET,
  DONE_MARK,
  DONE_RECORD_BYTES,
  LAUNCHER_FAILED,
  assembleProgram,
} from "#sandbox/launcher/program.ts";
import type { LauncherProgram } from "#sandbox/launcher/program.ts";
import type { Processor, SystemCall } from "#sandbox/launcher/system-call.ts";
import { attempt, call } from "#sandbox/launcher/system-call.ts";
import { writeSeccompFilter } from "#sandbox/seccomp.ts";
import { peer } from "../rig/peer.ts";

const EMULATOR = { x64: "qemu-x86_64-static", arm64: "qemu-aarch64-static" } as const;

const folder = mkdtempSync(join(tmpdir(), "pipelite-machine-code-"));
after(() => rmSync(folder, { recursive: true }));
const STDOUT = 1;
const REPORT = 3;
let programs = 0;

/** Runs a program; its reports go to a file. */
function run(
  machine: Processor,
  calls: SystemCall[],
  parent?: SystemCall[],
  counters?: LauncherProgram["counters"],
) {
  programs += 1;
  const file = join(folder, `program-${programs}`);
  const image = assembleProgram({
    machine,
    calls,
    ...(parent && { parent }),
    ...(counters && { counters }),
    reportFd: REPORT,
    firstIndex: 1000,
  });
  writeFileSync(file, image);
  chmodSync(file, 0o755);
  const report = openSync(`${file}.report`, "w+");
  const isForeign = process.arch !== machine;
  const [command, args] = isForeign ? [EMULATOR[machine], [file]] : [file, []];
  const { status, stdout } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "inherit", report],
  });
  closeSync(report);
  return { status, stdout, report: readFileSync(`${file}.report`) };
}

const MACHINES: { machine: Processor; skip: false | string }[] = (["x64", "arm64"] as const).map(
  (machine) => ({
    machine,
    skip: machine === process.arch ? false : peer(EMULATOR[machine]),
  }),
);

for (const { machine, skip } of MACHINES) {
  describe(`a program for ${machine}`, { skip }, () => {
    test("makes its calls one after another, with constants it carries", () => {
      const { status, stdout } = run(machine, [
        call("write", STDOUT, "one ", 4),
        call("write", STDOUT, new TextEncoder().encode("two"), 3),
        call("exit_group", 7),
      ]);
      assert.equal(String(stdout), "one two");
      assert.equal(status, 7);
    });

    test("hands bytes that are no UTF-8 to execve, with the argv[0] it was told", () => {
      const script = `printf '%s|' "$0" "$1" "$V" | od -An -tx1`;
      const { stdout } = run(machine, [
        call("execve", "/bin/sh", ["odd", "-c", script, "n\xff", "\xc3("], ["V=\xfe\x01"]),
      ]);
      assert.equal(String(stdout).replaceAll(/\s+/g, " ").trim(), "6e ff 7c c3 28 7c fe 01 7c");
    });

    test("stops at a call that fails and reports its index and errno; an optional one may fail", () => {
      const { status, report, stdout } = run(machine, [
        attempt("chdir", "/nowhere"),
        call("write", STDOUT, "reached", 7),
        call("chdir", "/nowhere"),
        call("write", STDOUT, "not reached", 11),
      ]);
      assert.equal(String(stdout), "reached");
      assert.equal(status, LAUNCHER_FAILED);
      assert.deepEqual([report.readUInt32LE(0), report.readInt32LE(4)], [1002, -2]);
    });

    test("reports the wait status of its child and what it used", () => {
      const { report: record, status } = run(machine, [call("exit_group", 42)], [call("chdir", "/")]);
      assert.equal(record.length, DONE_RECORD_BYTES);
      assert.equal(record.readUInt32LE(0), DONE_MARK);
      assert.equal(record.readUInt32LE(4), 42 << 8);
      const MINOR_FAULTS = 8 + 32 + 4 * 8;
      assert.ok(record.readBigInt64LE(MINOR_FAULTS) > 0n, "page faults of the child");
      assert.equal(status, 0);
    });

    test("reports what the kernel counted, or why not, and leaves the descriptors as they were", () => {
      const lowestFd = REPORT + 1;
      const parent = [attempt("close_range", lowestFd, 0xffffffff, 0)];
      // What the child opens next must be the lowest descriptor, as if nothing had been counted: it is not open.
      const whole = run(machine, [call("close", lowestFd)], parent, {
        attributes: counterAttributes("user"),
        lowestFd,
      }).report;
      const EBADF = 9;
      assert.deepEqual([whole.readUInt32LE(0), whole.readInt32LE(4)], [1000 + parent.length, -EBADF]);
      const report = whole.subarray(8);
      assert.equal(report.length, DONE_RECORD_BYTES);
      const counters = readCounters(new DataView(report.buffer, report.byteOffset + COUNTERS_OFFSET), "user");
      for (const { name, value, reason } of counters)
        assert.equal(value === undefined, reason !== undefined, name);
      const opened = counters.map((_, index) =>
        report.readBigInt64LE(COUNTERS_OFFSET + index * COUNTER_BYTES),
      );
      // A counter that is not there is a negative errno; one that is was made as the lowest free descriptor.
      for (const result of opened) assert.ok(result < 0n || result === BigInt(lowestFd), String(result));
    });

    test("passes numbers on: the low byte of any is the exit code", () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (number) => {
          assert.equal(run(machine, [call("exit_group", number)]).status, number & 0xff);
        }),
        { numRuns: 5 },
      );
    });
  });
}

test("a seccomp filter fits the kernel's limits and has only forward jumps within it", () => {
  for (const machine of ["x64", "arm64"] as const) {
    const filter = Buffer.from(writeSeccompFilter(machine));
    const count = filter.length / 8;
    assert.ok(count < 4096);
    for (let index = 0; index < count; index += 1) {
      const target = index + 1 + Math.max(filter.readUInt8(index * 8 + 2), filter.readUInt8(index * 8 + 3));
      assert.ok(target < count || filter.readUInt16LE(index * 8) === 0x06);
    }
  }
});
