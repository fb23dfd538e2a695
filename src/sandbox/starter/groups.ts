// The cgroups of a starter. It lives in them, so what it starts is born there: entering a group costs a wait for all
// processors, which it does after a stage, when nobody waits for it. Memory is measured by a new group for each stage: what an
// earlier stage left in the page cache would count as a peak of the next. Of version 1, the group that counts processes is
// kept for all stages of the starter, and so is the one that limits processor time, made for the first stage that asks for it.
import { join } from "node:path";
import { existsSync, mkdirSync } from "node:fs";
import { byteStringOf } from "#base/bytes.ts";
import {
  CGROUP_PREFIX,
  CONTROLLERS,
  cgroupPlaces,
  processesIn,
  quotaTexts,
  readFigures,
  removeGroup,
} from "#sandbox/cgroup.ts";
import type { Cgroup, CgroupFigures, CgroupFolder, CgroupFolders } from "#sandbox/cgroup.ts";
import { attempt } from "#sandbox/launcher/system-call.ts";
import type { SystemCall } from "#sandbox/launcher/system-call.ts";
import * as linux from "#sandbox/linux.ts";
import { writeTo } from "#sandbox/outside.ts";
import { killProcesses } from "#sandbox/process-tree.ts";
import type { SandboxRequest } from "#sandbox/request.ts";
import { REPORT, STARTER_FD } from "./memory.ts";

const { AT_FDCWD } = linux;

export class StarterGroups {
  readonly #name: string;
  /** Version 1: made once. */
  readonly #kept: CgroupFolder | undefined;
  /** Version 1: where a group for processor time can be made. */
  readonly #quotaPlace: CgroupFolder | undefined;
  #quota: CgroupFolder | undefined;
  /** Made for each stage; of version 2 it has all controllers. */
  readonly #fresh: CgroupFolder | undefined;
  readonly #freshKeys: readonly (keyof CgroupFolders)[];
  #stage = 0;
  #lastPlaces:
    | { folder: string | undefined; quota: CgroupFolder | undefined; places: CgroupFolders }
    | undefined;
  #lastFiles: { places: CgroupFolders; files: string[] } | undefined;
  #isPrepared = false;
  #refusedBefore = 0;

  /** @param name of a process; unique while it lives */
  constructor(name: string, where: CgroupFolders = cgroupPlaces()) {
    this.#name = CGROUP_PREFIX + name;
    const { memory, pids, quota } = where;
    this.#fresh = memory;
    this.#freshKeys =
      memory?.version === "cgroup2" ? CONTROLLERS.filter((key) => where[key] === memory) : ["memory"];
    if (pids?.version === "cgroup1") this.#kept = this.#make(pids);
    if (quota?.version === "cgroup1") this.#quotaPlace = quota;
  }

  get versions(): Cgroup["versions"] {
    const places = this.#places();
    const versions: Cgroup["versions"] = {};
    for (const key of CONTROLLERS) {
      const place = places[key];
      if (place !== undefined) versions[key] = place.version;
    }
    return versions;
  }

  /** Files that list what is in the groups of the present stage, the starter itself among it. */
  get entryFiles(): string[] {
    const folders = new Set(Object.values(this.#places()).map(({ folder }: CgroupFolder) => folder));
    return [...folders].map((folder) => `${folder}/cgroup.procs`);
  }

  /** For the starter, once. */
  enterKept(lowestFd: number): SystemCall[] {
    return this.#kept === undefined ? [] : enter(this.#kept.folder, lowestFd);
  }

  /** Before a stage: a group for it, unless that is there already, and its limits. */
  beforeStage(limits: SandboxRequest["limits"]): SystemCall[] {
    const prepared = this.#isPrepared ? [] : this.#enterFresh(STARTER_FD.freeBefore);
    return [...prepared, ...this.#enterQuota(limits), ...this.#limit(limits)];
  }

  /** After a stage: into a group for the next one, and out of the old. */
  afterStage(): SystemCall[] {
    const old = this.#freshFolder();
    this.#stage += 1;
    const calls = [...this.#enterFresh(STARTER_FD.freeBefore), ...remove(old)];
    this.#stage -= 1;
    return calls;
  }

  /** Says that the calls of `afterStage` were made. */
  turn(): void {
    this.#stage += 1;
    this.#isPrepared = true;
  }

  /** Out of all groups, which are removed. The stage after the present one has the last. */
  farewell(): SystemCall[] {
    this.#stage += 1;
    const folders = [
      [this.#fresh, this.#freshFolder()] as const,
      [this.#kept, this.#kept?.folder] as const,
      [this.#quota, this.#quota?.folder] as const,
    ];
    this.#stage -= 1;
    return folders.flatMap(([place, folder]) => {
      if (place?.own === undefined || folder === undefined) return [];
      return [...enter(place.own, STARTER_FD.freeBefore), ...remove(folder)];
    });
  }

  /** Which files tell the figures of this stage. */
  files(): string[] {
    const places = this.#places();
    if (this.#lastFiles?.places === places) return this.#lastFiles.files;
    const files = new Set<string>();
    readFigures(places, (path) => {
      files.add(path);
      return "";
    });
    this.#lastFiles = { places, files: [...files] };
    return this.#lastFiles.files;
  }

  figures(texts: ReadonlyMap<string, string>): CgroupFigures {
    const figures = readFigures(this.#places(), (path) => texts.get(path) ?? "");
    if (this.#kept !== undefined && figures.refusedProcesses !== undefined) {
      const sum = figures.refusedProcesses;
      figures.refusedProcesses -= this.#refusedBefore;
      this.#refusedBefore = sum;
    }
    return figures;
  }

  /** After the starter has been killed: all that was in its groups is killed too. */
  async abandon(): Promise<void> {
    killProcesses(processesIn(this.entryFiles));
    // It may have died on its way to the next group.
    const folders = [this.#freshFolder(), this.#kept?.folder, this.#quota?.folder];
    this.#stage += 1;
    folders.push(this.#freshFolder());
    for (const folder of folders) if (folder !== undefined && existsSync(folder)) await removeGroup(folder);
  }

  /** They are asked for many times for each stage. */
  #places(): CgroupFolders {
    const folder = this.#freshFolder();
    const last = this.#lastPlaces;
    if (last !== undefined && last.folder === folder && last.quota === this.#quota) return last.places;
    const places = this.#placesIn(folder);
    this.#lastPlaces = { folder, quota: this.#quota, places };
    return places;
  }

  #placesIn(folder: string | undefined): CgroupFolders {
    const places: CgroupFolders = {};
    if (this.#fresh !== undefined && folder !== undefined)
      for (const key of this.#freshKeys) places[key] = { version: this.#fresh.version, folder };
    if (this.#kept !== undefined) places.pids = this.#kept;
    if (this.#quota !== undefined) places.quota = this.#quota;
    return places;
  }

  #make(place: CgroupFolder): CgroupFolder | undefined {
    const folder = join(place.folder, this.#name);
    try {
      mkdirSync(folder, { recursive: true });
      return { ...place, folder };
    } catch {
      return undefined;
    }
  }

  #freshFolder(): string | undefined {
    return this.#fresh && `${this.#fresh.folder}/${this.#name}-${this.#stage}`;
  }

  #enterFresh(lowestFd: number): SystemCall[] {
    const folder = this.#freshFolder();
    if (folder === undefined) return [];
    return [attempt("mkdirat", AT_FDCWD, byteStringOf(folder), 0o755), ...enter(folder, lowestFd)];
  }

  #enterQuota({ cpus }: SandboxRequest["limits"]): SystemCall[] {
    if (cpus === undefined || this.#quota !== undefined || this.#quotaPlace === undefined) return [];
    this.#quota = this.#make(this.#quotaPlace);
    return this.#quota === undefined ? [] : enter(this.#quota.folder, STARTER_FD.freeBefore);
  }

  #limit({ memoryBytes, processes, cpus }: SandboxRequest["limits"]): SystemCall[] {
    const { pids, memory, quota } = this.#places();
    // The starter itself counts.
    const calls = writeLimit(pids, ["pids.max", processes + 1], ["pids.max", processes + 1], "processes");
    if (cpus !== undefined || this.#quota !== undefined) {
      const [quota2, quota1] = quotaTexts(cpus);
      calls.push(...writeLimit(quota, ["cpu.max", quota2], ["cpu.cfs_quota_us", quota1], "cpus"));
    }
    if (memoryBytes === undefined) return calls;
    return [
      ...calls,
      ...writeLimit(memory, ["memory.max", memoryBytes], ["memory.limit_in_bytes", memoryBytes], "memory"),
      ...writeLimit(memory, ["memory.swap.max", 0], ["memory.memsw.limit_in_bytes", memoryBytes]),
    ];
  }
}

function enter(folder: string, lowestFd: number): SystemCall[] {
  return writeTo(byteStringOf(`${folder}/cgroup.procs`), "0", lowestFd, attempt);
}

function remove(folder: string | undefined): SystemCall[] {
  if (folder === undefined) return [];
  return [attempt("unlinkat", AT_FDCWD, byteStringOf(folder), linux.AT_REMOVE_FOLDER)];
}

function writeLimit(
  place: CgroupFolder | undefined,
  version2: readonly [file: string, value: number | string],
  version1: readonly [file: string, value: number | string],
  reported?: keyof typeof REPORT.limits,
): SystemCall[] {
  if (place === undefined) return [];
  const [file, value] = place.version === "cgroup2" ? version2 : version1;
  const path = byteStringOf(`${place.folder}/${file}`);
  const calls = writeTo(path, String(value), STARTER_FD.freeBefore, attempt);
  if (reported === undefined) return calls;
  const storeAt = REPORT.limits[reported];
  return calls.map((each) => (each.name === "write" ? { ...each, storeAt } : each));
}
