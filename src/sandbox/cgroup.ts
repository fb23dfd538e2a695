// Control groups: measuring and limiting a process and all it starts. Version 2 where a group can be made below or beside
// our own, version 1 controllers otherwise. Specification: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of Linux.
import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { killProcesses } from "./process-tree.ts";
import { isProcessAlive } from "#base/process.ts";
import type { CgroupVersion, SandboxRequest } from "./request.ts";

/** Where groups can be made, or the groups themselves: per controller, the folder and the version. `any` is a version 2 folder without regard to controllers. */
export interface CgroupFolders {
  /** Measures processor time. */
  cpu?: CgroupFolder;
  /** Limits it. */
  quota?: CgroupFolder;
  memory?: CgroupFolder;
  pids?: CgroupFolder;
  io?: CgroupFolder;
}

export interface CgroupFolder {
  version: CgroupVersion;
  folder: string;
  /** The group that this process is in. */
  own?: string;
}

export interface CgroupFigures {
  cpuUserMs?: number;
  cpuSystemMs?: number;
  peakMemoryBytes?: number;
  ioReadBytes?: number;
  ioWriteBytes?: number;
  outOfMemoryKills?: number;
  refusedProcesses?: number;
}

export interface Cgroup {
  /** Writing "0" to each of these moves the writer in. */
  entryFiles: string[];
  /** What the figures and limits come from; absent where this host has no such controller for us. */
  versions: Partial<Record<keyof CgroupFolders, CgroupVersion>>;
  /** Whether the kernel took the limits. */
  limited: { processes: boolean; memory: boolean; cpus: boolean };
  read(): CgroupFigures;
  processes(): number[];
  /** Kills what is in the group and lets nothing more start in it. */
  kill(): void;
  /** Removes the group; its processes must be dead or dying. */
  remove(): Promise<void>;
}

export const CONTROLLERS = ["cpu", "quota", "memory", "pids", "io"] as const;
let places: CgroupFolders | undefined;
export const CGROUP_PREFIX = "pipelite-";

/** Where this process can make groups; found out once. */
export function cgroupPlaces(): CgroupFolders {
  return (places ??= findPlaces());
}

/**
 * @param where those of this host by default
 * @returns undefined where no group of any use can be made.
 */
export function createCgroup(
  name: string,
  limits: SandboxRequest["limits"],
  where: CgroupFolders = cgroupPlaces(),
): Cgroup | undefined {
  const group = { ...where };
  const folders = new Map<string, CgroupVersion>();
  for (const key of CONTROLLERS) {
    const place = where[key];
    if (place === undefined) continue;
    if (key === "quota" && limits.cpus === undefined) {
      delete group.quota;
      continue;
    }
    const folder = join(place.folder, name.startsWith(CGROUP_PREFIX) ? name : CGROUP_PREFIX + name);
    try {
      mkdirSync(folder, { recursive: true });
    } catch {
      delete group[key];
      continue;
    }
    group[key] = { ...place, folder };
    folders.set(folder, place.version);
  }
  if (folders.size === 0) return undefined;
  return openCgroup(group, [...folders], setLimits(group, limits));
}

function setLimits(
  { pids, memory, quota }: CgroupFolders,
  limits: SandboxRequest["limits"],
): Cgroup["limited"] {
  // Two processes of the sandbox's own (the waiting parent of pid 1) count too.
  const OWN_PROCESSES = 2;
  const limited = {
    processes: writeLimit(pids, "pids.max", "pids.max", limits.processes + OWN_PROCESSES),
    memory: false,
    cpus: false,
  };
  if (limits.cpus !== undefined)
    limited.cpus = writeLimit(quota, "cpu.max", "cpu.cfs_quota_us", ...quotaTexts(limits.cpus));
  if (limits.memoryBytes !== undefined) {
    limited.memory = writeLimit(memory, "memory.max", "memory.limit_in_bytes", limits.memoryBytes);
    writeLimit(
      memory,
      "memory.swap.max",
      "memory.memsw.limit_in_bytes",
      memory?.version === "cgroup2" ? 0 : limits.memoryBytes,
    );
  }
  return limited;
}

function openCgroup(
  group: CgroupFolders,
  folders: [string, CgroupVersion][],
  limited: Cgroup["limited"],
): Cgroup {
  const entryFiles = folders.map(([folder]) => join(folder, "cgroup.procs"));
  const processes = () => processesIn(entryFiles);
  const versions: Cgroup["versions"] = {};
  for (const key of CONTROLLERS) {
    const place = group[key];
    if (place !== undefined) versions[key] = place.version;
  }
  return {
    entryFiles,
    versions,
    limited,
    read: () => readFigures(group),
    processes,
    kill: () => {
      writeLimit(group.pids, "pids.max", "pids.max", 0);
      for (const [folder, version] of folders)
        if (version === "cgroup2") tryWrite(join(folder, "cgroup.kill"), "1");
      killProcesses(processes());
    },
    remove: async () => {
      for (const [folder] of folders) await removeGroup(folder);
    },
  };
}

/** @param entryFiles of groups */
export function processesIn(entryFiles: readonly string[]): number[] {
  return [...new Set(entryFiles.flatMap((file) => numbersOf(readText(file))))];
}

/**
 * What the kernel's files say of a group; a figure whose file is not there is absent.
 * @param readFile text of a file by its path; empty when there is none
 */
export function readFigures(
  { cpu, memory, pids, io }: CgroupFolders,
  readFile: (path: string) => string = readText,
): CgroupFigures {
  const figures: CgroupFigures = {};
  const set = (key: keyof CgroupFigures, value: number | undefined) => {
    if (value !== undefined && Number.isFinite(value)) figures[key] = value;
  };
  if (cpu?.version === "cgroup2") {
    const stat = readFile(`${cpu.folder}/cpu.stat`);
    set("cpuUserMs", scaled(keyed(stat, "user_usec"), 1e-3));
    set("cpuSystemMs", scaled(keyed(stat, "system_usec"), 1e-3));
  } else if (cpu !== undefined) {
    set("cpuUserMs", scaled(single(readFile(`${cpu.folder}/cpuacct.usage_user`)), 1e-6));
    set("cpuSystemMs", scaled(single(readFile(`${cpu.folder}/cpuacct.usage_sys`)), 1e-6));
  }
  if (memory?.version === "cgroup2") {
    set("peakMemoryBytes", single(readFile(`${memory.folder}/memory.peak`)));
    set("outOfMemoryKills", keyed(readFile(`${memory.folder}/memory.events`), "oom_kill"));
  } else if (memory !== undefined) {
    set("peakMemoryBytes", single(readFile(`${memory.folder}/memory.max_usage_in_bytes`)));
    set("outOfMemoryKills", keyed(readFile(`${memory.folder}/memory.oom_control`), "oom_kill"));
  }
  if (pids !== undefined) set("refusedProcesses", keyed(readFile(`${pids.folder}/pids.events`), "max"));
  if (io !== undefined) {
    const stat = readFile(`${io.folder}/io.stat`);
    set("ioReadBytes", sumOf(stat, /\brbytes=(\d+)/g));
    set("ioWriteBytes", sumOf(stat, /\bwbytes=(\d+)/g));
  }
  return figures;
}

function findPlaces(): CgroupFolders {
  const mounts = readMounts();
  const own = readOwnGroups();
  const found = findVersion2(mounts, own);
  // Not blkio: version 1 does not charge buffered writes to who wrote them, so its figures would be too small.
  const legacy = { cpu: "cpuacct", quota: "cpu", memory: "memory", pids: "pids" } as const;
  for (const key of ["cpu", "quota", "memory", "pids"] as const) {
    const controller = legacy[key];
    const mount = mounts.find(({ type, options }) => type === "cgroup" && options.includes(controller));
    const path = own.get(controller);
    if (found[key] !== undefined || mount === undefined || path === undefined) continue;
    const folder = folderIn(mount, path);
    if (folder !== undefined && canMakeGroupIn(folder))
      found[key] = { version: "cgroup1", folder, own: folder };
  }
  for (const place of Object.values(found)) removeStale(place.folder);
  return found;
}

/** The own group, or the one above it where systemd delegates that: a group beside us may have controllers. */
function findVersion2(mounts: readonly Mount[], own: ReadonlyMap<string, string>): CgroupFolders {
  const mount = mounts.find(({ type }) => type === "cgroup2");
  const path = own.get("");
  const folder = mount && path !== undefined ? folderIn(mount, path) : undefined;
  if (folder === undefined) return {};
  const best: CgroupFolders = {};
  for (const candidate of [folder, dirname(folder)]) {
    if (!canMakeGroupIn(candidate)) continue;
    const delegated = readText(join(candidate, "cgroup.subtree_control")).trim().split(" ");
    const place: CgroupFolder = { version: "cgroup2", folder: candidate, own: folder };
    if (delegated.includes("memory")) {
      best.memory = place;
      best.cpu = place;
      if (delegated.includes("cpu")) best.quota = place;
      if (delegated.includes("pids")) best.pids = place;
      if (delegated.includes("io")) best.io = place;
      return best;
    }
  }
  return best;
}

function canMakeGroupIn(folder: string): boolean {
  const probe = join(folder, `${CGROUP_PREFIX}probe-${process.pid}`);
  try {
    accessSync(join(folder, "cgroup.procs"), constants.W_OK);
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

/** Groups of a Pipelite that was killed: empty ones go, and the kernel refuses to remove others. */
function removeStale(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^pipelite-(?:probe-)?(\d+)/.exec(name)?.[1];
    if (pid === undefined || isProcessAlive(pid)) continue;
    try {
      rmdirSync(join(folder, name));
    } catch {
      // Somebody is still in it.
    }
  }
}

interface Mount {
  root: string;
  point: string;
  type: string;
  options: string[];
}

function readMounts(): Mount[] {
  return readText("/proc/self/mountinfo")
    .split("\n")
    .flatMap((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [, , , root, point] = before.split(" ");
      const [type, , options = ""] = after.split(" ");
      if (root === undefined || point === undefined || type === undefined) return [];
      return [{ root, point, type, options: options.split(",") }];
    });
}

/** Controller ("" for version 2) -> path of our group. */
function readOwnGroups(): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of readText("/proc/self/cgroup").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(",")) groups.set(controller, path);
  }
  return groups;
}

function folderIn({ root, point }: Mount, path: string): string | undefined {
  if (root === "/") return join(point, path);
  return path === root || path.startsWith(`${root}/`) ? join(point, path.slice(root.length)) : undefined;
}

/** The kernel lets a group go only when the last of its dead is reaped: a matter of milliseconds. */
export async function removeGroup(folder: string): Promise<void> {
  const TRIES = 200;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (!readText(join(folder, "cgroup.procs")) && attempt > 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** @returns whether the kernel took it. */
function writeLimit(
  place: CgroupFolder | undefined,
  version2: string,
  version1: string,
  value: number | string,
  value1: number | string = value,
): boolean {
  if (place === undefined) return false;
  const [file, text] = place.version === "cgroup2" ? [version2, value] : [version1, value1];
  return tryWrite(join(place.folder, file), String(text));
}

/** What limits processor time: for version 2, and for version 1. @param cpus undefined: not at all */
export function quotaTexts(cpus: number | undefined): [string, string] {
  const [PERIOD_US, LEAST_US] = [100_000, 1000];
  if (cpus === undefined) return [`max ${PERIOD_US}`, "-1"];
  const quota = Math.max(LEAST_US, Math.round(cpus * PERIOD_US));
  return [`${quota} ${PERIOD_US}`, String(quota)];
}

function tryWrite(file: string, text: string): boolean {
  try {
    // Never creates: a file that is not there is a controller that is not there.
    writeFileSync(file, text, { flag: "r+" });
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function numbersOf(text: string): number[] {
  return text.split("\n").filter(Boolean).map(Number);
}

function keyed(text: string, key: string): number | undefined {
  const value = new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

function single(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function sumOf(text: string, pattern: RegExp): number | undefined {
  if (text === "") return undefined;
  return [...text.matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}
