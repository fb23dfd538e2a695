// A program that speaks with the user, in the sandbox of a stage: with the terminal, or the streams, that Pipelite was started
// with in place of a log, and without limits of time, output or memory. All else is what a stage finds (root.ts).
//
// Two programs of ours are around it. The first makes the namespaces and leaves Ctrl-C to who is meant. The second is the
// first process in them, so that the third may be ended by any signal: the kernel keeps most of them from a first process.
import { closeSync, lstatSync, writeFileSync } from "node:fs";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createExecutable } from "#base/libc.ts";
import { sandboxHost } from "./host.ts";
import { FD, filterCalls, joinFreshKeyring, sayReady } from "./inside.ts";
import { assembleProgram } from "./launcher/program.ts";
import { attempt, call, type Processor, type SystemCall } from "./launcher/system-call.ts";
import * as linux from "./linux.ts";
import { goFirstWithoutMemory, settleProcess } from "./outside.ts";
import type { SandboxEnding, SandboxRequest } from "./request.ts";
import { enterRoot, mapUser } from "./root.ts";
import { writeTerminalFilter } from "./seccomp.ts";
import { cleanStoreFolder, prepareStoreFolder } from "./store-folder.ts";
import { endingOf, readReports, type Reported } from "./supervisor.ts";
import { bytesOfHostPaths, machineOf, throwFailure } from "./run.ts";
import { openTerminalAnew, ownTerminals, terminalAsItIs } from "./terminal.ts";
import { readCoreHardLimit } from "./usage.ts";

export type SessionRequest = Pick<
  SandboxRequest,
  "builder" | "args" | "env" | "inputs" | "storeDir" | "buildDir" | "files" | "signal"
>;

const PROGRAM_FD = { outer: 5, first: 6 } as const;

/**
 * Runs a program to its end, with this process's stdin, stdout and stderr. What it leaves in `buildDir` stays there.
 * @throws SANDBOX_FAILED, SANDBOX_BUILDER_NOT_STARTED, SANDBOX_INPUT_MISSING
 */
export async function runSession(request: SessionRequest): Promise<SandboxEnding> {
  const machine = machineOf("starter");
  for (const [name, content] of request.files ?? []) {
    const file = join(request.buildDir, name);
    // The folder may be one that a stage left: a link in it leads where the stage wants something written.
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined)
      writeFileSync(file, content, { encoding: "latin1", flag: "wx" });
  }
  const inputs = prepareStoreFolder(request);
  try {
    return await runPrograms({ ...request, inputs }, machine);
  } finally {
    cleanStoreFolder(request);
  }
}

async function runPrograms(request: SessionRequest, machine: Processor): Promise<SandboxEnding> {
  const { signal } = request;
  const outer = { parent: outerCalls(), calls: becomeFirst() };
  const terminals = ownTerminals();
  const giveBack = terminals.slice(0, 1).map(terminalAsItIs);
  const first = { parent: firstCalls(request), calls: programCalls(request, machine, terminals) };
  const ofOuter = [...outer.parent, ...outer.calls];
  const calls = [...ofOuter, ...first.parent, ...first.calls];
  const common = { machine, reportFd: FD.report };
  const child = start([
    assembleProgram({ ...common, firstIndex: 0, ...outer }),
    assembleProgram({ ...common, firstIndex: ofOuter.length, ...first }),
  ]);
  const reports = child.stdio[FD.report];
  if (reports === null || reports === undefined || !("read" in reports))
    throw new Error("spawn gave no streams");
  const state: Reported = { failure: undefined, ready: false, done: undefined };
  const end = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) end();
  try {
    const exited = once(child, "exit");
    await Promise.race([readReports(reports, state), exited]);
    reports.destroy();
    await exited;
  } finally {
    signal?.removeEventListener("abort", end);
    for (const each of giveBack) each();
  }
  if (signal?.aborted === true) return { kind: "cancelled" };
  throwFailure("starter", request, state, calls);
  return state.done === undefined ? { kind: "signalled", signal: "SIGKILL" } : endingOf(state.done.status);
}

function start(programs: readonly Uint8Array[]): ChildProcess {
  const files = programs.map((bytes) => createExecutable("pipelite-session", bytes));
  try {
    // Number 4 is free for what the programs open: they count on it.
    return spawn(`/proc/self/fd/${PROGRAM_FD.outer}`, [], {
      stdio: ["inherit", "inherit", "inherit", "pipe", "ignore", ...files],
      env: {},
      cwd: "/",
    });
  } finally {
    for (const file of files) closeSync(file);
  }
}

function outerCalls(): SystemCall[] {
  const { newUser, newMounts, newProcesses, newHostName, newIpc, newCgroup, newNetwork } = linux.CLONE;
  const namespaces = newUser + newMounts + newProcesses + newHostName + newIpc + newCgroup + newNetwork;
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const left = linux.signalSet(linux.SIGINT, linux.SIGQUIT);
  return [
    call("prctl", linux.PRCTL.parentDeathSignal, linux.SIGKILL, 0, 0, 0),
    attempt("close", FD.inner),
    call("rt_sigprocmask", linux.SIGNAL_MASK.block, left, 0, linux.SIGNAL_MASK.bytes),
    ...settleProcess(readCoreHardLimit()),
    call("unshare", namespaces),
    ...mapUser({ uid: [0, uid], gid: [0, gid] }),
  ];
}

function becomeFirst(): SystemCall[] {
  return [
    call("prctl", linux.PRCTL.parentDeathSignal, linux.SIGKILL, 0, 0, 0),
    call("execve", `/proc/self/fd/${PROGRAM_FD.first}`, ["pipelite-session"], []),
  ];
}

function firstCalls(request: SessionRequest): SystemCall[] {
  const onHost = { ...bytesOfHostPaths(request), network: false, kvm: false };
  return [
    call("fcntl", FD.report, linux.FCNTL_SET_FLAGS, linux.CLOSE_ON_EXEC),
    call("close_range", FD.inner, linux.FD_MAX, 0),
    ...goFirstWithoutMemory(FD.inner),
    ...enterRoot(onHost, sandboxHost()),
  ];
}

function programCalls(
  { builder, args, env }: SessionRequest,
  machine: Processor,
  terminals: readonly number[],
): SystemCall[] {
  const { seccomp } = linux.PRCTL;
  const variables = [...env].map(([key, value]) => `${key}=${value}`).toSorted();
  return [
    joinFreshKeyring(),
    ...terminals.flatMap(openTerminalAnew),
    call("rt_sigprocmask", linux.SIGNAL_MASK.set, linux.signalSet(), 0, linux.SIGNAL_MASK.bytes),
    ...filterCalls(machine),
    call("prctl", seccomp, linux.SECCOMP_MODE_FILTER, { bpf: writeTerminalFilter(machine) }, 0, 0),
    call("chdir", "/build"),
    sayReady(),
    call("execve", builder, [builder.slice(builder.lastIndexOf("/") + 1), ...args], variables),
  ];
}
