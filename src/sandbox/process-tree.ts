// Processes below a process, from procfs: finding them, killing them, and what they use.
import { readFileSync, readdirSync, readlinkSync, statSync, statfsSync } from "node:fs";

/** All processes below `root`, parents before children; without `root`. Processes that end meanwhile are left out. */
export function descendants(root: number): number[] {
  const found: number[] = [];
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of childrenOf(pid)) {
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}

/** As descendants, from a look at every process: slower, and none is missed because its parent ends meanwhile. */
export function scanDescendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const [, parent] =
      /^\d+ \(.*\) [^ZX] (\d+)/s.exec(/^\d+$/.test(name) ? readText(`/proc/${name}/stat`) : "") ?? [];
    if (parent === undefined) continue;
    const siblings = children.get(Number(parent));
    if (siblings === undefined) children.set(Number(parent), [Number(name)]);
    else siblings.push(Number(name));
  }
  const found = [...(children.get(root) ?? [])];
  for (const pid of found) for (const child of children.get(pid) ?? []) found.push(child);
  return found;
}

export function childrenOf(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  try {
    return readdirSync(folder).flatMap((thread) => numbers(readText(`${folder}/${thread}/children`)));
  } catch {
    return [];
  }
}

/** Sends SIGKILL to each; one that is gone is no error. */
export function killProcesses(pids: Iterable<number>): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended in between, or it is not ours: bubblewrap's and unshare's own processes are always ours.
    }
  }
}

export interface TreeSample {
  residentBytes: number;
  /** Largest VmHWM of one process. */
  largestPeakBytes: number;
  ioReadBytes: number;
  ioWriteBytes: number;
}

/** What the processes below `root` use now. */
export function sampleTree(root: number): TreeSample {
  const sample: TreeSample = { residentBytes: 0, largestPeakBytes: 0, ioReadBytes: 0, ioWriteBytes: 0 };
  for (const pid of descendants(root)) {
    const status = readText(`/proc/${pid}/status`);
    sample.residentBytes += 1024 * field(status, /^VmRSS:\s*(\d+)/m);
    sample.largestPeakBytes = Math.max(sample.largestPeakBytes, 1024 * field(status, /^VmHWM:\s*(\d+)/m));
    const io = readText(`/proc/${pid}/io`);
    sample.ioReadBytes += field(io, /^read_bytes: (\d+)/m);
    sample.ioWriteBytes += field(io, /^write_bytes: (\d+)/m);
  }
  return sample;
}

/**
 * Memory of the processes below `root`, what they share counted once, with what lies in files in memory and is mapped by none.
 * Much slower than sampleTree. What is in no file that can be seen from outside is not counted: ramfs, shared memory of System V
 * that nobody has attached, pipes.
 * @returns undefined where the kernel does not tell
 */
export function proportionalBytes(root: number): number | undefined {
  let [sum, ofFiles] = [0, 0];
  const pids = descendants(root);
  for (const pid of pids) {
    const rollup = readText(`/proc/${pid}/smaps_rollup`);
    if (rollup === "") return undefined;
    sum += 1024 * field(rollup, /^Pss:\s*(\d+)/m);
    ofFiles += 1024 * field(rollup, /^Pss_Shmem:\s*(\d+)/m);
  }
  return Math.max(sum, sum - ofFiles + memoryFileBytes(pids));
}

/** What all files in memory of this machine take: no stage has more in them. */
export function sharedBytesOfMachine(): number {
  return 1024 * field(readText("/proc/meminfo"), /^Shmem:\s*(\d+)/m);
}

/** What is in the memory file systems that these processes see, and in memory files that they have open. */
function memoryFileBytes(pids: readonly number[]): number {
  const found = new Map<string, number>();
  const seen = new Set<string>();
  for (const pid of pids) {
    const namespace = linkOf(`/proc/${pid}/ns/mnt`) ?? "";
    if (!seen.has(namespace)) for (const [device, bytes] of memoryMounts(pid)) found.set(device, bytes);
    seen.add(namespace);
    for (const name of namesIn(`/proc/${pid}/fd`)) {
      const file = `/proc/${pid}/fd/${name}`;
      if (linkOf(file)?.startsWith("/memfd:") !== true) continue;
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat !== undefined) found.set(`${stat.dev}:${stat.ino}`, 512 * stat.blocks);
    }
  }
  return found.values().reduce((sum, bytes) => sum + bytes, 0);
}

/** Device -> bytes in use, of each tmpfs that a process sees. */
function memoryMounts(pid: number): [string, number][] {
  return readText(`/proc/${pid}/mountinfo`)
    .split("\n")
    .flatMap((line): [string, number][] => {
      const [, , device = "", , point = ""] = line.split(" ");
      if (!/ - tmpfs /.test(line)) return [];
      const unescaped = point.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      );
      try {
        const { blocks, bfree, bsize } = statfsSync(Buffer.from(`/proc/${pid}/root${unescaped}`, "latin1"));
        return [[device, (blocks - bfree) * bsize]];
      } catch {
        return []; // It ended in between, or hides it.
      }
    });
}

/** Processes and threads of the user on this host: what RLIMIT_NPROC counts outside of user namespaces. */
export function countOwnTasks(): number {
  const uid = process.getuid?.() ?? 0;
  const own = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return own.reduce((sum, pid) => {
    const status = readText(`/proc/${pid}/status`);
    return field(status, /^Uid:\s*(\d+)/m) === uid ? sum + field(status, /^Threads:\s*(\d+)/m) : sum;
  }, 0);
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path, "latin1");
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty when the process has ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function field(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function numbers(text: string): number[] {
  return text.split(" ").filter(Boolean).map(Number);
}
