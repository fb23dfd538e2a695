// One stage by a starter: the same request, the same result as by bubblewrap or unshare.
import { ownCounterAttributes } from "#sandbox/counters.ts";
import { processesIn } from "#sandbox/cgroup.ts";
import type { Cgroup, CgroupFigures } from "#sandbox/cgroup.ts";
import { describeCall } from "#sandbox/launcher/system-call.ts";
import type { Processor, SystemCall } from "#sandbox/launcher/system-call.ts";
import { errorName } from "#sandbox/linux.ts";
import { pipeliteError } from "#sandbox/errors.ts";
import type { SandboxRequest } from "#sandbox/request.ts";
import { killTree } from "#sandbox/supervisor.ts";
import type { Outcome } from "#sandbox/supervisor.ts";
import { startWatch } from "#sandbox/watch.ts";
import { MARKS_BYTES, REPORT, TEXTS_MAX, TEXT_BYTES, TEXT_SLOT_BYTES } from "./memory.ts";
import { planStage } from "./plan.ts";
import type { RequestWriter } from "./script.ts";
import { Starter, offsetOf } from "./worker.ts";

const idle: Starter[] = [];

/** Ends the starters that have nothing to do. */
export async function closeStarters(): Promise<void> {
  await Promise.all(idle.splice(0).map((starter) => starter.close()));
}

function takeIdle(): Starter | undefined {
  let starter = idle.pop();
  while (starter !== undefined && !starter.isUsable) starter = idle.pop();
  return starter;
}

export interface StarterRun {
  outcome: Outcome;
  cgroup: Pick<Cgroup, "versions" | "limited"> & { figures: CgroupFigures };
  /** The call before the builder's that failed. */
  failed: { call: SystemCall | undefined; errno: number } | undefined;
  /** The folders have other marks than before, or nobody knows. */
  isSpoilt: boolean;
}

/**
 * @param request paths as byte strings
 * @param places calls that make the places where inputs are mounted
 * @throws SANDBOX_FAILED when the starter can't be had
 */
export async function runInStarter(
  request: SandboxRequest,
  machine: Processor,
  places: readonly SystemCall[],
): Promise<StarterRun> {
  const keptFolders = [request.storeDir, request.buildDir];
  const starter = takeIdle() ?? new Starter(machine);
  const { groups, pid } = starter;
  const counters = ownCounterAttributes();
  const script = planStage({ request, machine, groups, counters, places, keptFolders });
  let isRunning = true;
  const inGroups = { processes: () => processesIn(groups.entryFiles), kill: () => {} };
  const versions = groups.versions;
  const end = () => {
    if (pid !== undefined) void killTree(pid, { kind: "starter", cgroup: inGroups }, () => isRunning);
  };
  // Whether the kernel takes the limits is known afterwards; where there is such a group it does.
  const limited = {
    memory: versions.memory !== undefined,
    processes: versions.pids !== undefined,
    cpus: versions.quota !== undefined,
  };
  const watch = startWatch({ request, cgroup: { versions, limited }, pid, end });
  const start = performance.now();
  try {
    const report = await starter.run(script, (chunk) => watch.log(chunk));
    isRunning = false;
    watch.over();
    const { killed, firstWords, peak } = watch;
    const seen = { killed, firstWords, peak };
    if (report === undefined) {
      await groups.abandon();
      if (starter.refusal !== undefined)
        throw pipeliteError("SANDBOX_FAILED", { kind: "starter", problem: starter.refusal });
      const wallMs = performance.now() - start;
      const outcome = { ...seen, failure: undefined, ready: true, done: undefined, wallMs };
      return { outcome, cgroup: { versions: {}, limited, figures: {} }, failed: undefined, isSpoilt: true };
    }
    const run = readReport(report, starter);
    groups.turn();
    return { ...run, outcome: { ...run.outcome, ...seen } };
  } finally {
    isRunning = false;
    watch.stop();
    if (starter.isUsable) idle.push(starter);
  }
}

function readReport(report: DataView, { groups, requests }: Starter): StarterRun {
  const number = (address: number) => Number(report.getBigInt64(offsetOf(address), true));
  const view = (address: number, bytes: number) =>
    new DataView(report.buffer, report.byteOffset + offsetOf(address), bytes);
  const timespec = (address: number) => number(address) * 1e3 + number(address + 8) / 1e6;
  const failed = failureIn(number, requests);
  const isReady = failed === undefined || failed.call?.name === "execve";
  const texts = new Map<string, string>();
  for (const [index, file] of groups.files().slice(0, TEXTS_MAX).entries()) {
    const at = REPORT.texts + index * TEXT_SLOT_BYTES;
    const size = number(at);
    // One that fills its place may have been longer.
    if (size > 0 && size < TEXT_BYTES)
      texts.set(
        file,
        Buffer.from(report.buffer, report.byteOffset + offsetOf(at) + 8, size).toString("latin1"),
      );
  }
  const { versions } = groups;
  const limited = {
    memory: number(REPORT.limits.memory) > 0,
    processes: number(REPORT.limits.processes) > 0,
    cpus: number(REPORT.limits.cpus) > 0,
  };
  return {
    outcome: {
      killed: undefined,
      firstWords: "",
      peak: undefined,
      failure: undefined,
      ready: isReady,
      done: {
        status: number(REPORT.status),
        rusage: view(REPORT.rusage, REPORT.started - REPORT.rusage),
        counters: view(REPORT.counters, REPORT.texts - REPORT.counters),
      },
      wallMs: timespec(REPORT.ended) - timespec(REPORT.started),
    },
    cgroup: { versions, limited, figures: groups.figures(texts) },
    failed,
    isSpoilt:
      !isReady || !areEqual(view(REPORT.marksBefore, MARKS_BYTES), view(REPORT.marksAfter, MARKS_BYTES)),
  };
}

function areEqual(one: DataView, other: DataView): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: DataView) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(one).equals(bytes(other));
}

function failureIn(number: (address: number) => number, requests: RequestWriter): StarterRun["failed"] {
  const address = number(REPORT.failure);
  if (address !== 0) return { call: requests.callAt(address), errno: -number(REPORT.failure + 8) };
  const child = number(REPORT.child);
  return child < 0 ? { call: undefined, errno: -child } : undefined;
}

/** For messages. */
export function describeFailure({ call, errno }: NonNullable<StarterRun["failed"]>): string {
  return `${call === undefined ? "clone with new namespaces" : describeCall(call)}: ${errorName(errno)}`;
}
