// Counters of the processor and the kernel for one sandbox: perf_event_open(2), by the process that waits for the stage, for
// itself and all it starts, counting from the first execve(2) below it. Not every kernel, processor, virtual machine or
// container gives them: each is read with the reason when it could not be had. Structures: include/uapi/linux/perf_event.h.
import { readFileSync } from "node:fs";
import { errorName } from "./linux.ts";

type Scope = "user" | "user and kernel";

export interface Counter {
  name: "task-clock" | "cycles" | "instructions" | "cache-references" | "cache-misses" | "branch-misses";
  unit: "count" | "ms";
  /** Absent when it could not be had. */
  value?: number;
  source: "perf" | "unavailable";
  /** Why it could not be had. */
  reason?: string;
  /** `user` where the kernel lets only that be counted. */
  scope?: Scope;
  /** Part of the time in which it was counting, when there were more counters than the processor has; the value is scaled. */
  share?: number;
}

const [HARDWARE, SOFTWARE] = [0, 1];

const EVENTS = [
  { name: "task-clock", unit: "ms", type: SOFTWARE, config: 1 },
  { name: "cycles", unit: "count", type: HARDWARE, config: 0 },
  { name: "instructions", unit: "count", type: HARDWARE, config: 1 },
  { name: "cache-references", unit: "count", type: HARDWARE, config: 2 },
  { name: "cache-misses", unit: "count", type: HARDWARE, config: 3 },
  { name: "branch-misses", unit: "count", type: HARDWARE, config: 5 },
] as const;

/** What open gave (a descriptor or a negative errno), then value, time enabled and time running as read(2) gives them. */
export const COUNTER_BYTES = 32;
export const COUNTERS_BYTES = EVENTS.length * COUNTER_BYTES;

/** struct perf_event_attr of each counter that this process may count, put together once. */
export function ownCounterAttributes(): readonly Uint8Array[] {
  return (ownAttributes ??= counterAttributes(countableScope()));
}

let ownAttributes: readonly Uint8Array[] | undefined;

/** struct perf_event_attr of each counter. */
export function counterAttributes(scope: Scope): Uint8Array[] {
  const SIZE = 64;
  const [TIME_ENABLED, TIME_RUNNING] = [1, 2];
  const [DISABLED, INHERIT, NO_KERNEL, NO_HYPERVISOR, ENABLE_ON_EXEC] = [1, 2, 1 << 5, 1 << 6, 1 << 12];
  return EVENTS.map(({ type, config }) => {
    const view = new DataView(new ArrayBuffer(SIZE));
    view.setUint32(0, type, true);
    view.setUint32(4, SIZE, true);
    view.setBigUint64(8, BigInt(config), true);
    view.setBigUint64(32, BigInt(TIME_ENABLED | TIME_RUNNING), true);
    const userOnly = scope === "user" ? NO_KERNEL | NO_HYPERVISOR : 0;
    view.setBigUint64(40, BigInt(DISABLED | INHERIT | ENABLE_ON_EXEC | userOnly), true);
    return new Uint8Array(view.buffer);
  });
}

/** @param slots COUNTERS_BYTES, as the launcher reports them; undefined when it could not report */
export function readCounters(slots: DataView | undefined, scope: Scope): Counter[] {
  return EVENTS.map(({ name, unit }, index) => {
    const none = (reason: string): Counter => ({ name, unit, source: "unavailable", reason });
    if (slots === undefined) return none("the process that counted was killed");
    const [opened = 0, value = 0, enabled = 0, running = 0] = [0, 8, 16, 24].map((offset) =>
      Number(slots.getBigInt64(index * COUNTER_BYTES + offset, true)),
    );
    if (opened < 0) return none(refusalOf(-opened));
    if (running <= 0) return none("the kernel gave it no time to count");
    const scaled = value * (enabled / running);
    return {
      name,
      unit,
      value: unit === "ms" ? scaled / 1e6 : Math.round(scaled),
      source: "perf",
      // The clock of a task runs in the kernel, too, whatever was asked for.
      scope: name === "task-clock" ? "user and kernel" : scope,
      ...(running < enabled && { share: running / enabled }),
    };
  });
}

/** perf_event_open(2) has meanings of its own for some errors. */
function refusalOf(errno: number): string {
  const [EPERM, ENOENT, EACCES, EOPNOTSUPP] = [1, 2, 13, 95];
  if (errno === ENOENT || errno === EOPNOTSUPP)
    return "neither the processor nor the kernel has this counter here";
  if (errno === EPERM || errno === EACCES)
    return "the kernel does not permit it (perf_event_paranoid, or a container)";
  return errorName(errno);
}

let known: Scope | undefined;

/** What this process may count: without privilege the kernel's own part only where perf_event_paranoid is below 2. */
export function countableScope(): Scope {
  known ??= isKernelCountable() ? "user and kernel" : "user";
  return known;
}

function isKernelCountable(): boolean {
  const [SYSTEM_ADMINISTRATION, PERFORMANCE] = [21n, 38n];
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readText("/proc/self/status"))?.[1] ?? "0"}`);
  const isPrivileged = ((effective >> SYSTEM_ADMINISTRATION) | (effective >> PERFORMANCE)) & 1n;
  const paranoid = Number.parseInt(readText("/proc/sys/kernel/perf_event_paranoid"), 10);
  return isPrivileged === 1n || paranoid < 2;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
