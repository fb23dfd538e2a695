// What the starter does for one stage, as lists of system calls.
import { byteStringOf } from "#base/bytes.ts";
import { COUNTER_BYTES } from "#sandbox/counters.ts";
import { sandboxHost } from "#sandbox/host.ts";
import { FD, filterCalls, joinFreshKeyring, startBuilderCalls, startOf } from "#sandbox/inside.ts";
import { attempt, call, keep } from "#sandbox/launcher/system-call.ts";
import type { Processor, SystemCall } from "#sandbox/launcher/system-call.ts";
import * as linux from "#sandbox/linux.ts";
import { goFirstWithoutMemory, settleProcess } from "#sandbox/outside.ts";
import type { SandboxRequest } from "#sandbox/request.ts";
import { enterRoot, mapUser } from "#sandbox/root.ts";
import type { StarterGroups } from "./groups.ts";
import { REPORT, STARTER_FD, TEXTS_MAX, TEXT_BYTES, TEXT_SLOT_BYTES } from "./memory.ts";
import type { Script } from "./script.ts";

const { AT_FDCWD, CLONE, IOCTL, OPEN } = linux;
/** Counters stay open from here on while a stage runs. */
const COUNTER_FD = 100;

/** What the starter does once: all stages inherit it. */
export function startCalls(machine: Processor, groups: StarterGroups, coreHardLimit: number): SystemCall[] {
  return [
    call("dup3", 1, 0, 0), // stdin of stages: /dev/null open for both ways, as Nix has it
    call("close_range", STARTER_FD.socket + 1, linux.FD_MAX, 0),
    call("fcntl", STARTER_FD.socket, linux.FCNTL_SET_FLAGS, linux.CLOSE_ON_EXEC),
    ...settleProcess(coreHardLimit),
    ...groups.enterKept(STARTER_FD.self),
    joinFreshKeyring(),
    ...filterCalls(machine),
  ];
}

export interface Stage {
  request: SandboxRequest;
  machine: Processor;
  groups: StarterGroups;
  counters: readonly Uint8Array[];
  /** What makes the places where inputs are mounted. */
  places: readonly SystemCall[];
  /** As byte strings. */
  keptFolders: readonly string[];
}

export function planStage({ request, machine, groups, counters, places, keptFolders }: Stage): Script {
  const { freeBefore, freeAfter } = STARTER_FD;
  const files = groups.files().slice(0, TEXTS_MAX);
  return {
    before: [
      readClock(REPORT.started),
      ...groups.beforeStage(request.limits),
      ...places,
      ...keptFolders.flatMap((folder, index) => readMarks(folder, REPORT.marksBefore, index, freeBefore)),
      ...(terminal ??= keep(openTerminal())),
      ...callsOf(counters).open,
    ],
    inside: insideCalls(request, machine),
    after: [
      readClock(REPORT.ended),
      ...callsOf(counters).read,
      ...files.flatMap(readFile),
      ...keptFolders.flatMap((folder, index) => readMarks(folder, REPORT.marksAfter, index, freeAfter)),
      attempt("close_range", STARTER_FD.terminal, linux.FD_MAX, 0),
    ],
    next: groups.afterStage(),
    farewell: groups.farewell(),
    cloneFlags: cloneFlags(request.network),
    reportEnd: REPORT.texts + files.length * TEXT_SLOT_BYTES,
  };
}

/** The new process shares the starter's memory and holds it until it has become the builder: nothing is copied. */
function cloneFlags(network: boolean): number {
  const { sharedMemory, untilExec, pidfd, newUser, newMounts, newProcesses } = CLONE;
  const { newHostName, newIpc, newCgroup, newNetwork } = CLONE;
  const namespaces = newUser + newMounts + newProcesses + newHostName + newIpc + newCgroup;
  return sharedMemory + untilExec + pidfd + namespaces + (network ? 0 : newNetwork) + linux.SIGCHLD;
}

function insideCalls(request: SandboxRequest, machine: Processor): SystemCall[] {
  return [
    ...(beforeRoot ??= keep(callsBeforeRoot())),
    ...enterRoot(request, sandboxHost()),
    ...startBuilderCalls({ ...startOf(request, machine), isFiltered: true, atLast: [starterLives()] }),
  ];
}

/** What is the same for all stages is put together once. */
let beforeRoot: SystemCall[] | undefined;
let terminal: SystemCall[] | undefined;
let ofCounters: { counters: Stage["counters"]; open: SystemCall[]; read: SystemCall[] } | undefined;

function callsOf(counters: Stage["counters"]): { open: SystemCall[]; read: SystemCall[] } {
  if (ofCounters?.counters !== counters)
    ofCounters = {
      counters,
      open: keep(counters.flatMap(openCounter)),
      read: keep(counters.map((_, index) => readCounter(index))),
    };
  return ofCounters;
}

function callsBeforeRoot(): SystemCall[] {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return [
    call("prctl", linux.PRCTL.parentDeathSignal, linux.SIGKILL, 0, 0, 0),
    call("dup3", STARTER_FD.log, FD.log, 0),
    call("dup3", STARTER_FD.self, FD.report, OPEN.closeOnExec),
    call("close_range", FD.inner, linux.FD_MAX, 0),
    ...goFirstWithoutMemory(FD.inner),
    ...mapUser({ uid: [0, uid], gid: [0, gid] }),
  ];
}

/** A stage dies with its starter from when it has said so; this is for a starter that died before. */
function starterLives(): SystemCall {
  const polled = new Uint8Array(Uint32Array.of(FD.report, linux.POLL_IN).buffer);
  const noTime = new Uint8Array(16);
  return { ...call("ppoll", polled, 1, noTime, 0, 8), mustBeZero: true };
}

function openTerminal(): SystemCall[] {
  const { readWrite, noControllingTerminal, closeOnExec, nonBlocking } = OPEN;
  const flags = readWrite | noControllingTerminal | closeOnExec;
  return [
    call("openat", AT_FDCWD, "/dev/ptmx", flags | nonBlocking, 0),
    call("ioctl", STARTER_FD.terminal, IOCTL.unlockTerminal, new Uint8Array(4)),
    call("ioctl", STARTER_FD.terminal, IOCTL.openPeer, flags),
    call("ioctl", STARTER_FD.log, IOCTL.setTerminalAttributes, linux.rawTerminal()),
  ];
}

function openCounter(attributes: Uint8Array, index: number): SystemCall[] {
  const lowestFd = STARTER_FD.child;
  const storeAt = REPORT.counters + index * COUNTER_BYTES;
  return [
    { ...attempt("perf_event_open", attributes, 0, -1, -1, linux.PERF_CLOSE_ON_EXEC), storeAt },
    attempt("fcntl", lowestFd, linux.FCNTL_DUPLICATE_CLOSE_ON_EXEC, COUNTER_FD + index),
    attempt("close", lowestFd),
  ];
}

function readCounter(index: number): SystemCall {
  const address = REPORT.counters + index * COUNTER_BYTES + 8;
  return attempt("read", COUNTER_FD + index, address, COUNTER_BYTES - 8);
}

function readFile(path: string, index: number): SystemCall[] {
  const fd = STARTER_FD.freeAfter;
  const storeAt = REPORT.texts + index * TEXT_SLOT_BYTES;
  return [
    attempt("openat", AT_FDCWD, byteStringOf(path), 0, 0),
    { ...attempt("read", fd, storeAt + 8, TEXT_BYTES), storeAt },
    attempt("close", fd),
  ];
}

/** What a stage could change of a folder and emptying it would not undo. */
function readMarks(folder: string, address: number, index: number, fd: number): SystemCall[] {
  const { flags, extended, bytes } = linux.FILE_MARKS;
  const at = address + index * bytes;
  return [
    attempt("openat", AT_FDCWD, folder, 0, 0),
    attempt("ioctl", fd, flags, at),
    attempt("ioctl", fd, extended, at + 8),
    attempt("close", fd),
  ];
}

function readClock(address: number): SystemCall {
  return call("clock_gettime", linux.CLOCK_MONOTONIC, address);
}
