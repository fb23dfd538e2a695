// One run of one builder: plan its system calls, watch over it, clean up, say how it ended.
import { realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import { bubblewrapArguments, callsBeforeBubblewrap, callsInBubblewrap } from "./bubblewrap.ts";
import { ownCounterAttributes } from "./counters.ts";
import { createCgroup } from "./cgroup.ts";
import type { Cgroup } from "./cgroup.ts";
import { cleanStoreFolder, prepareStoreFolder } from "./store-folder.ts";
import { FD } from "./inside.ts";
import { errorName } from "./linux.ts";
import { assembleProgram } from "./launcher/program.ts";
import { startedProcess, waitingProcess } from "./outside.ts";
import { countOwnTasks } from "./process-tree.ts";
import type { SandboxKind, SandboxRequest, SandboxResult } from "./request.ts";
import { endingOf, openTerminal, supervise } from "./supervisor.ts";
import type { Outcome, Programs, Reported } from "./supervisor.ts";
import { call, describeCall } from "./launcher/system-call.ts";
import type { Processor, SystemCall } from "./launcher/system-call.ts";
import { takeProcessors } from "./processors.ts";
import { InputPlaces, checkInputs } from "./places.ts";
import { STARTER_FD } from "./starter/memory.ts";
import { describeFailure, runInStarter } from "./starter/run.ts";
import type { StarterRun } from "./starter/run.ts";
import { callsUnconfined, pathRewriter } from "./unconfined.ts";
import { callsInUnshare, unshareArguments } from "./unshare.ts";
import { measureUsage, readCoreHardLimit } from "./usage.ts";
import { findSandboxProgram, sandboxHost } from "./host.ts";
import { pipeliteError } from "./errors.ts";

/** A limit of the kernel on what it counts, such as namespaces. */
const ENOSPC = 28;
const EACCES = 13;

/**
 * Runs one builder to its end.
 * @returns how it ended and what it used; afterwards none of its processes and nothing of the sandbox is left.
 * @throws SANDBOX_FAILED when the sandbox could not be made, SANDBOX_BUILDER_NOT_STARTED when it was made but its program
 * could not be executed, SANDBOX_INPUT_MISSING.
 */
export async function runSandboxed(kind: SandboxKind, request: SandboxRequest): Promise<SandboxResult> {
  const { cpus } = request.limits;
  if (cpus === undefined) return runOnAny(kind, request);
  const { processors, giveBack } = takeProcessors(cpus);
  try {
    return await runOnAny(kind, { ...request, processors });
  } finally {
    giveBack();
  }
}

async function runOnAny(kind: SandboxKind, request: SandboxRequest): Promise<SandboxResult> {
  const machine = machineOf(kind);
  writeFiles(kind, request);
  if (kind === "starter") return runStage(request, machine);
  let cgroup: Cgroup | undefined;
  try {
    const mounted = kind === "none" ? request.inputs : prepareStoreFolder(request);
    cgroup = createCgroup(request.cgroupName, request.limits);
    const terminal = openTerminal();
    const plan = planCalls(kind, { ...request, inputs: mounted }, machine, {
      cgroup,
      hasTerminal: terminal !== undefined,
    });
    const outcome = await supervise({ kind, programs: plan.programs, terminal, request, cgroup });
    const ending = endingOfOutcome(kind, request, outcome, plan.calls);
    return {
      ending,
      usage: measureUsage(outcome, cgroup && { ...cgroup, figures: cgroup.read() }),
      enforcedBy: enforcement(request, cgroup),
      isSpoilt: true,
      log: terminal === undefined ? "socket" : "terminal",
    };
  } finally {
    if (kind !== "none") cleanStoreFolder(request);
    await cgroup?.remove();
  }
}

/** Without a sandbox, paths within a file are where things are on the host, as they are in the environment. */
function writeFiles(kind: SandboxKind, request: SandboxRequest): void {
  const rewrite = kind === "none" ? pathRewriter(request) : (text: string) => text;
  for (const [name, content] of request.files ?? [])
    writeFileSync(join(request.buildDir, name), rewrite(content), {
      encoding: "latin1",
      flag: "wx",
    });
}

async function runStage(request: SandboxRequest, machine: Processor): Promise<SandboxResult> {
  const places = request.places ?? new InputPlaces();
  const { mounted, calls } = places.turn(request, STARTER_FD.freeBefore);
  try {
    const hostRequest = bytesOfHostPaths({ ...request, inputs: mounted });
    const { outcome, cgroup, failed, isSpoilt } = await runInStarter(hostRequest, machine, calls);
    if (failed !== undefined) checkInputs(request.inputs);
    return {
      ending: endingOfStage(request, outcome, failed),
      usage: measureUsage(outcome, cgroup),
      enforcedBy: enforcement(request, cgroup),
      isSpoilt,
      log: "terminal",
    };
  } finally {
    if (request.places === undefined) cleanStoreFolder(request);
  }
}

function endingOfStage(
  request: SandboxRequest,
  { killed, done }: Outcome,
  failed: StarterRun["failed"],
): SandboxResult["ending"] {
  if (killed !== undefined) return killed;
  if (failed?.call?.name === "execve") {
    const problem = errorName(failed.errno);
    throw pipeliteError("SANDBOX_BUILDER_NOT_STARTED", { builder: request.builder, problem });
  }
  if (failed !== undefined) {
    const [kind, problem] = ["starter", describeFailure(failed)] as const;
    // What can't be made for want of namespaces (user_namespaces(7)) is for the host to allow.
    if (failed.errno === ENOSPC && (failed.call === undefined || failed.call.name === "unshare"))
      throw pipeliteError("SANDBOX_UNAVAILABLE", { kind, reason: problem });
    throw failedFor(kind, problem, failed.errno, request);
  }
  return done === undefined ? { kind: "signalled", signal: "SIGKILL" } : endingOf(done.status);
}

function enforcement(
  { limits }: SandboxRequest,
  cgroup: Pick<Cgroup, "versions" | "limited"> | undefined,
): SandboxResult["enforcedBy"] {
  const { pids, memory, quota } = cgroup?.versions ?? {};
  return {
    // The kernel exempts the host's root from RLIMIT_NPROC.
    processes: (cgroup?.limited.processes && pids) || (sandboxHost().isRoot ? "unavailable" : "rlimit"),
    memory: limits.memoryBytes === undefined ? "not-asked" : (cgroup?.limited.memory && memory) || "procfs",
    cpus: limits.cpus === undefined ? "not-asked" : (cgroup?.limited.cpus && quota) || "affinity",
  };
}

export function machineOf(kind: SandboxKind): Processor {
  if (process.arch === "x64" || process.arch === "arm64") return process.arch;
  throw pipeliteError("SANDBOX_FAILED", {
    kind,
    problem: `there is no launcher for ${process.arch} processors`,
  });
}

interface Plan {
  programs: Programs;
  /** All calls of all programs, by the index that a failure report names. */
  calls: SystemCall[];
}

function planCalls(
  kind: SandboxKind,
  request: SandboxRequest,
  machine: Processor,
  { cgroup, hasTerminal }: { cgroup: Cgroup | undefined; hasTerminal: boolean },
): Plan {
  const parent = waitingProcess(hasTerminal);
  const calls = startedProcess({
    cgroupFiles: (cgroup?.entryFiles ?? []).map(byteStringOf),
    hasTerminal,
    coreHardLimit: readCoreHardLimit(),
  });
  const inner = innerCalls(kind, request, machine);
  if (kind === "none") {
    calls.push(...inner);
  } else {
    const args =
      kind === "bubblewrap"
        ? bubblewrapArguments(bytesOfHostPaths(request), sandboxHost())
        : unshareArguments(request.network);
    if (kind === "bubblewrap") calls.push(...callsBeforeBubblewrap(sandboxHost()));
    calls.push(
      call("execve", byteStringOf(findSandboxProgram(args[0] ?? "", kind, request.programFolders)), args, []),
    );
  }
  const outer = assembleProgram({
    machine,
    parent,
    calls,
    reportFd: FD.report,
    firstIndex: 0,
    counters: {
      attributes: ownCounterAttributes(),
      lowestFd: hasTerminal ? FD.free : FD.terminal,
    },
  });
  const all = [...parent, ...calls];
  if (kind === "none") return { programs: { outer, inner: undefined }, calls: all };
  const program = assembleProgram({ machine, calls: inner, reportFd: FD.report, firstIndex: all.length });
  return { programs: { outer, inner: program }, calls: [...all, ...inner] };
}

function innerCalls(kind: SandboxKind, request: SandboxRequest, machine: Processor): SystemCall[] {
  switch (kind) {
    case "bubblewrap":
      return callsInBubblewrap(request, machine);
    case "unshare":
      return callsInUnshare(bytesOfHostPaths(request), machine, sandboxHost());
    default:
      return callsUnconfined(request, machine, request.limits.processes + countOwnTasks());
  }
}

/** Paths of the host as byte strings, as system calls take them, with no link on the way: inside, what it names is elsewhere. */
export function bytesOfHostPaths<R extends Pick<SandboxRequest, "storeDir" | "buildDir" | "inputs">>(
  request: R,
): R {
  return {
    ...request,
    storeDir: byteStringOf(withoutLinks(request.storeDir)),
    buildDir: byteStringOf(withoutLinks(request.buildDir)),
    inputs: request.inputs.map(({ path, physical }) => ({
      path,
      physical: byteStringOf(withoutLinks(physical)),
    })),
  };
}

const realFolders = new Map<string, string>();

function withoutLinks(path: string): string {
  const folder = dirname(path);
  let real = realFolders.get(folder);
  if (real === undefined) realFolders.set(folder, (real = realpathSync.native(folder)));
  return join(real, basename(path));
}

function endingOfOutcome(
  kind: SandboxKind,
  request: SandboxRequest,
  outcome: Outcome,
  calls: readonly SystemCall[],
): SandboxResult["ending"] {
  const { killed, ready, done, firstWords } = outcome;
  if (killed !== undefined) return killed;
  throwFailure(kind, request, outcome, calls);
  if (done === undefined) return { kind: "signalled", signal: "SIGKILL" };
  if (!ready)
    throw pipeliteError("SANDBOX_FAILED", {
      kind,
      problem: firstWords.trim() || "it ended without a word",
    });
  return endingOf(done.status);
}

/** @throws SANDBOX_FAILED, SANDBOX_HOME_FOREIGN, SANDBOX_BUILDER_NOT_STARTED where a call of the launchers failed */
export function throwFailure(
  kind: SandboxKind,
  request: Pick<SandboxRequest, "builder" | "buildDir">,
  { failure, ready }: Pick<Reported, "failure" | "ready">,
  calls: readonly SystemCall[],
): void {
  if (failure === undefined) return;
  const failed = calls[failure.index];
  const error = errorName(failure.errno);
  if (ready) throw pipeliteError("SANDBOX_BUILDER_NOT_STARTED", { builder: request.builder, problem: error });
  const problem = `${failed === undefined ? "a system call" : describeCall(failed)}: ${error}`;
  throw failedFor(kind, problem, failure.errno, request);
}

/**
 * In its user namespace even root is nobody to other users: a home of theirs that they closed is not for it. That is for who
 * runs it to change.
 */
function failedFor(
  kind: SandboxKind,
  problem: string,
  errno: number,
  { buildDir }: Pick<SandboxRequest, "buildDir">,
): Error {
  const foreign = errno === EACCES ? closedFolder(buildDir) : undefined;
  if (foreign === undefined) return pipeliteError("SANDBOX_FAILED", { kind, problem });
  return pipeliteError("SANDBOX_HOME_FOREIGN", { kind, ...foreign, problem });
}

/** The first folder above that belongs to another user, who lets not everybody in. */
function closedFolder(path: string): { folder: string; owner: number } | undefined {
  const folder = dirname(path);
  if (folder === path) return undefined;
  const { uid, mode } = statSync(folder);
  return uid !== process.getuid?.() && (mode & 0o001) === 0 ? { folder, owner: uid } : closedFolder(folder);
}
