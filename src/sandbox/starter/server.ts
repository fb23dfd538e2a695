// The starter: a small program that stays, and starts and watches one stage after another. What it does for a stage comes as
// lists of system calls in a request; of its own it has the loop around them: receive, prepare, clone, hand on the log, wait,
// report. So all that is known about sandboxes stays in TypeScript, and starting a stage forks no large process and runs no
// program in between. When its caller is gone it ends the stage, leaves its cgroups, removes them, and ends.
import { Arm64Code } from "#sandbox/launcher/arm64.ts";
import { Constants } from "#sandbox/launcher/constants.ts";
import { dataAddress, linkElf } from "#sandbox/launcher/elf.ts";
import { LAUNCHER_FAILED } from "#sandbox/launcher/program.ts";
import { systemCallNumber } from "#sandbox/launcher/system-call.ts";
import type { Processor, SystemCall, SystemCallName } from "#sandbox/launcher/system-call.ts";
import { X64Code } from "#sandbox/launcher/x64.ts";
import * as linux from "#sandbox/linux.ts";
import { AREA, FRAME, HEADER_BYTES, LOG_PIECE_BYTES, REPORT, REQUEST, STARTER_FD, STATE } from "./memory.ts";

type Word = number | { at: number };

/** @param start calls to make once, before the first stage. @returns the bytes of the executable */
export function assembleStarter(machine: Processor, start: readonly SystemCall[]): Uint8Array {
  const code = machine === "x64" ? new X64Code() : new Arm64Code();
  const constants = new Constants(dataAddress(0));
  const make = (name: SystemCallName, ...args: Word[]) =>
    code.systemCallWith(systemCallNumber(name, machine), args);

  mapMemory(code, make);
  for (const [index, { name, args, optional, tolerated }] of start.entries()) {
    make(name, ...args.map((arg) => constants.address(arg)));
    if (!optional) code.jumpToFailureUnlessOk(index, tolerated);
  }
  make("getpid");
  code.storeResult(STATE.ownProcess);
  make("pidfd_open", { at: STATE.ownProcess }, 0);

  const nextStage = code.here();
  receiveRequest(code, make);
  const notPrepared = code.runList(REQUEST.before, REPORT.failure);
  make("clone", { at: REQUEST.cloneFlags }, 0, STATE.frameBytes, 0, 0);
  const inside = code.jumpIfZero();
  code.storeResult(REPORT.child);
  const notCloned = code.jumpIfNegative();
  watch(code, make);
  make("wait4", { at: REPORT.child }, REPORT.status, 0, REPORT.rusage);
  code.land(notPrepared);
  code.land(notCloned);
  code.land(code.runList(REQUEST.after, REPORT.failure));
  make("sendto", STARTER_FD.socket, REPORT.frame, { at: REQUEST.reportBytes }, linux.MESSAGE.noSignal, 0, 0);
  code.land(code.runList(REQUEST.next, REPORT.failure));
  code.jumpBack(nextStage);

  code.land(inside);
  code.land(code.runList(REQUEST.inside, REPORT.failure));
  make("exit_group", LAUNCHER_FAILED);

  code.startFailure(STATE.refusal + 8);
  const REFUSAL_BYTES = 16;
  make("sendto", STARTER_FD.socket, STATE.refusal, REFUSAL_BYTES, linux.MESSAGE.noSignal, 0, 0);
  make("exit_group", LAUNCHER_FAILED);
  return linkElf(machine, code.finish(), constants.finish());
}

type Code = X64Code | Arm64Code;
type Make = (name: SystemCallName, ...args: Word[]) => void;

function mapMemory(code: Code, make: Make): void {
  make("mmap", AREA.start, AREA.bytes, linux.PROTECTION_READ_WRITE, linux.MAP_AT_ADDRESS, -1, 0);
  code.storeConstant32(STATE.refusal, FRAME.refusal);
  code.storeConstant32(STATE.refusal + 4, 8);
  // struct pollfd: the terminal has something, the child has ended, the caller is gone (always told).
  const polled = [
    [STARTER_FD.terminal, linux.POLL_IN],
    [STARTER_FD.child, linux.POLL_IN],
    [STARTER_FD.socket, 0],
  ] as const;
  for (const [index, [fd, events]] of polled.entries()) {
    code.storeConstant32(STATE.polled + 8 * index, fd);
    code.storeConstant32(STATE.polled + 8 * index + 4, events);
  }
}

/** Waits for a whole request. At the end of all requests: the farewell of the last one, and the end. */
function receiveRequest(code: Code, make: Make): void {
  const { socket } = STARTER_FD;
  const { waitForAll } = linux.MESSAGE;
  make("recvfrom", socket, AREA.start, HEADER_BYTES, waitForAll, 0, 0);
  const hasHeader = code.jumpIfEqual(HEADER_BYTES);
  code.load(REQUEST.farewell);
  const noStage = code.jumpIfZero();
  code.land(code.runList(REQUEST.farewell, REPORT.failure));
  code.land(noStage);
  const over = code.here();
  make("exit_group", 0);
  code.land(hasHeader);
  make("recvfrom", socket, AREA.start + HEADER_BYTES, { at: REQUEST.length }, waitForAll, 0, 0);
  const isWhole = code.jumpIfEqualTo(REQUEST.length);
  // A part of a request over a part of the last one: nothing in it is to be believed.
  code.jumpBack(over);
  code.land(isWhole);
}

/** Hands on the log until the child has ended and the terminal is empty. */
function watch(code: Code, make: Make): void {
  const { socket, terminal, child } = STARTER_FD;
  code.storeConstant32(STATE.isOver, 0);
  const read = code.here();
  make("read", terminal, STATE.log + 8, LOG_PIECE_BYTES);
  const failed = code.jumpIfNegative();
  const empty = code.jumpIfZero();
  code.storeResult32(STATE.log + 4);
  code.storeConstant32(STATE.log, FRAME.log);
  code.addToResult(8);
  code.storeResult(STATE.frameBytes);
  make("sendto", socket, STATE.log, { at: STATE.frameBytes }, linux.MESSAGE.noSignal, 0, 0);
  code.jumpBack(read);
  code.land(failed);
  code.land(empty);
  code.load32(STATE.isOver);
  const over = code.jumpIfEqual(1);
  make("ppoll", STATE.polled, 3, 0, 0, 8);
  code.load32(STATE.polled + 20);
  const hasCaller = code.jumpIfZero();
  make("pidfd_send_signal", child, linux.SIGKILL, 0, 0);
  code.land(hasCaller);
  code.load32(STATE.polled + 12);
  // Events and, above them, what has happened: nothing yet.
  const isRunning = code.jumpIfEqual(linux.POLL_IN);
  code.storeConstant32(STATE.isOver, 1);
  code.land(isRunning);
  code.jumpBack(read);
  code.land(over);
}
