// The first program of a sandbox, outside of it: one process that waits for the other and reports how it ended and what it
// used, and one that opens the terminal, enters the cgroup and becomes bubblewrap, unshare, or the builder.
import { FD } from "./inside.ts";
import * as linux from "./linux.ts";
import { attempt, call } from "./launcher/system-call.ts";
import type { SystemCall } from "./launcher/system-call.ts";

/** Waits, so that what a stage leaves behind stays below it in the process tree and can be found. */
export function waitingProcess(hasTerminal: boolean): SystemCall[] {
  return [
    call("prctl", linux.PRCTL.parentDeathSignal, linux.SIGKILL, 0, 0, 0),
    call("prctl", linux.PRCTL.childSubreaper, 1, 0, 0, 0),
    attempt("close_range", hasTerminal ? FD.free : FD.terminal, linux.FD_MAX, 0),
  ];
}

export interface StartedProcess {
  /** Files of cgroups to write "0" to (byte strings). */
  cgroupFiles: readonly string[];
  hasTerminal: boolean;
  /** Hard limit of the core size, in bytes. */
  coreHardLimit: number;
}

export function startedProcess({ cgroupFiles, hasTerminal, coreHardLimit }: StartedProcess): SystemCall[] {
  return [
    call("prctl", linux.PRCTL.parentDeathSignal, linux.SIGKILL, 0, 0, 0),
    call("setsid"),
    call("dup3", 1, 0, 0), // stdin: /dev/null open for both ways, as Nix has it
    ...(hasTerminal ? openTerminal() : []),
    attempt("close", FD.outer),
    ...cgroupFiles.flatMap((file) => writeTo(file, "0", FD.outer, call)),
    ...goFirstWithoutMemory(FD.outer),
    ...settleProcess(coreHardLimit),
  ];
}

/** What a stage inherits and does not change any more. @param coreHardLimit hard limit of the core size, in bytes */
export function settleProcess(coreHardLimit: number): SystemCall[] {
  return [
    attempt("setgroups", 0, 0),
    call("umask", 0o022),
    call("prlimit64", 0, linux.RESOURCE.core, linux.resourceLimit(0, coreHardLimit), 0),
    attempt("personality", linux.ADDRESS_NO_RANDOMIZE),
  ];
}

/** When the machine itself is out of memory, a stage is what goes, not the run that watches it. */
export function goFirstWithoutMemory(lowestFd: number): SystemCall[] {
  return writeTo("/proc/self/oom_score_adj", "1000", lowestFd, attempt);
}

/**
 * For who is root in a user namespace in which no more cgroup namespaces shall be made. In one of its own a stage could mount
 * the control groups of its user, which are the host's for root, and those that systemd delegates for others: to write to its
 * limits, leave groups behind, or stop the run where that is in the same group. (Nix 2.8 allows it.)
 * @param proc where procfs is
 */
export function forbidCgroupNamespaces(proc: string, lowestFd: number, most = 0): SystemCall[] {
  return writeTo(`${proc}/sys/user/max_cgroup_namespaces`, String(most), lowestFd, attempt);
}

/** Opens the other end of the terminal that came as FD.terminal and makes it the log. */
function openTerminal(): SystemCall[] {
  const flags = linux.OPEN.readWrite | linux.OPEN.noControllingTerminal;
  const terminal = linux.rawTerminal();
  return [
    call("ioctl", FD.terminal, linux.IOCTL.unlockTerminal, new Uint8Array(4)),
    call("ioctl", FD.terminal, linux.IOCTL.openPeer, flags),
    call("dup3", FD.free, FD.log, 0),
    call("close", FD.free),
    call("close", FD.terminal),
    call("ioctl", FD.log, linux.IOCTL.setTerminalAttributes, terminal),
  ];
}

export function writeTo(file: string, text: string, lowestFd: number, make: typeof call): SystemCall[] {
  return [
    make("openat", linux.AT_FDCWD, file, linux.OPEN.writeOnly, 0),
    make("write", lowestFd, text, text.length),
    make("close", lowestFd),
  ];
}
