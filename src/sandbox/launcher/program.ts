// A list of system calls -> a static ELF program that makes them one after another. This is how a stage is started with
// exactly the process state that Nix gives it (argv[0], environment bytes, terminal, limits, seccomp, mounts): no shell
// and no helper binary has to exist on the host or inside the sandbox, and nothing of ours stays in the process.
// A call that fails ends the program: it writes two 32-bit numbers (index of the call, negative errno) to `reportFd`.
import { COUNTERS_BYTES, COUNTER_BYTES } from "#sandbox/counters.ts";
import { FCNTL_DUPLICATE_CLOSE_ON_EXEC, PERF_CLOSE_ON_EXEC } from "#sandbox/linux.ts";
import { Arm64Code } from "./arm64.ts";
import { Constants } from "./constants.ts";
import { dataAddress, linkElf } from "./elf.ts";
import { systemCallNumber } from "./system-call.ts";
import type { CallArgument, Processor, SystemCall } from "./system-call.ts";
import { X64Code } from "./x64.ts";

/** Exit code of a launcher one of whose calls failed. */
export const LAUNCHER_FAILED = 125;
/** Starts the record of the waiting process: then comes the wait status (32 bit), struct rusage, and the counters. */
export const DONE_MARK = 0xf0000002;
const RUSAGE_BYTES = 144;
/** Offset of the counters in the record. */
export const COUNTERS_OFFSET = 8 + RUSAGE_BYTES;
export const DONE_RECORD_BYTES = COUNTERS_OFFSET + COUNTERS_BYTES;
/** Descriptors of counters start here, far from those that later calls count on. */
const COUNTER_FD = 100;

export interface LauncherProgram {
  machine: Processor;
  /** These run in the first process before it forks; empty with `calls` alone. */
  parent?: readonly SystemCall[];
  /** What the first process counts of all it starts, and its lowest free descriptor. */
  counters?: { attributes: readonly Uint8Array[]; lowestFd: number };
  /** These run in the child, or, without `parent`, in the only process. The last is execve. */
  calls: readonly SystemCall[];
  reportFd: number;
  /** Added to the index in failure reports: for telling two programs apart on one descriptor. */
  firstIndex: number;
}

/** @returns the bytes of the executable. */
export function assembleProgram(program: LauncherProgram): Uint8Array {
  const data = new Constants(dataAddress(0));
  const code = program.machine === "x64" ? new X64Code() : new Arm64Code();
  const report = data.add(new Uint8Array(8), 8);
  const systemCall = ({ name, args }: SystemCall) =>
    code.systemCall(
      systemCallNumber(name, program.machine),
      args.map((arg) => data.address(arg)),
    );
  const plain = (name: SystemCall["name"], ...args: CallArgument[]) =>
    systemCall({ name, args, optional: true });
  const checked = (list: readonly SystemCall[], firstIndex: number) => {
    for (const [index, each] of list.entries()) {
      systemCall(each);
      if (!each.optional) code.jumpToFailureUnlessOk(firstIndex + index, each.tolerated);
    }
  };
  const { parent, counters, calls, reportFd, firstIndex } = program;
  if (parent !== undefined) {
    checked(parent, firstIndex);
    const record = new Uint8Array(DONE_RECORD_BYTES);
    new DataView(record.buffer).setUint32(0, DONE_MARK, true);
    const address = data.add(record, 8);
    const slots = (counters?.attributes ?? []).map((_, index) => {
      return { fd: COUNTER_FD + index, at: address + COUNTERS_OFFSET + index * COUNTER_BYTES };
    });
    for (const [index, { fd, at }] of slots.entries()) {
      const { attributes = [], lowestFd = 0 } = counters ?? {};
      plain("perf_event_open", attributes[index] ?? 0, 0, -1, -1, PERF_CLOSE_ON_EXEC);
      code.storeResult(at);
      plain("fcntl", lowestFd, FCNTL_DUPLICATE_CLOSE_ON_EXEC, fd);
      plain("close", lowestFd);
    }
    const SIGCHLD = 17;
    plain("clone", SIGCHLD, 0, 0, 0, 0);
    const childStart = code.jumpIfZero();
    code.systemCallOnChild(systemCallNumber("wait4", program.machine), [address + 4, 0, address + 8]);
    for (const { fd, at } of slots) plain("read", fd, at + 8, COUNTER_BYTES - 8);
    plain("write", reportFd, address, DONE_RECORD_BYTES);
    plain("read", reportFd, report, 1);
    plain("exit_group", 0);
    code.land(childStart);
  }
  checked(calls, firstIndex + (parent?.length ?? 0));
  code.startFailure(report);
  plain("write", reportFd, report, 8);
  plain("exit_group", LAUNCHER_FAILED);
  return linkElf(program.machine, code.finish(), data.finish());
}
