// The cgroups of a starter. It lives in them, so what it starts is born there: entering a group costs a wait for all
// processors, which it does after a stage, when nobody waits for it. Memory is measured by a new group for each stage: what an
// earlier stage left in the page cache would count as a peak of the next. Of version 1, the group that counts processes is
// kept for all stages of the starter.
import { join } from "node:path";
import { existsSync, mkdirSync } from "node:fs";
import { byteStringOf } from "#base/bytes.ts";
import { CGROUP_PREFIX, cgroupPlaces, processesIn, readFigures, removeGroup } from "#sandbox/cgroup.ts";
import type { Cgroup, CgroupFigures, Place, Places } from "#sandbox/cgroup.ts";
import { attempt } from "#sandbox/launcher/system-call.ts";
import type { SystemCall } from "#sandbox/launcher/system-call.ts";
import * as linux from "#sandbox/linux.ts";
import { writeTo } from "#sandbox/outside.ts";
import { killProcesses } from "#sandbox/process-tree.ts";
import type { SandboxRequest } from "#sandbox/request.ts";
import { REPORT, STARTER_FD } from "./memory.ts";

const { AT_FDCWD } = linux;
const KEYS = ["cpu", "memory", "pids", "io"] as const;

export class StarterGroups {
  readonly #name: string;
  /** Version 1: made once. */
  readonly #kept: Place | undefined;
  /** Made for each stage; of version 2 it has all controllers. */
  readonly #fresh: Place | undefined;
  readonly #freshKeys: readonly (typeof KEYS)[number][];
  #stage = 0;
  #isPrepared = false;
  #refusedBefore = 0;

  /** @param name of a process; unique while it lives */
  constructor(name: string, where: Places = cgroupPlaces()) {
    this.#name = CGROUP_PREFIX + name;
    const { memory, pids } = where;
    this.#fresh = memory;
    this.#freshKeys =
      memory?.version === "cgroup2" ? KEYS.filter((key) => where[key] === memory) : ["memory"];
    if (pids?.version === "cgroup1") this.#kept = this.#make(pids);
  }

  get versions(): Cgroup["versions"] {
    const places = this.#places();
    return Object.fromEntries(
      KEYS.flatMap((key) => (places[key] === undefined ? [] : [[key, places[key].version]])),
    );
  }

  /** Files that list what is in the groups of the present stage, the starter itself among it. */
  get entryFiles(): string[] {
    const folders = new Set(Object.values(this.#places()).map(({ folder }: Place) => folder));
    return [...folders].map((folder) => join(folder, "cgroup.procs"));
  }

  /** For the starter, once. */
  enterKept(lowestFd: number): SystemCall[] {
    return this.#kept === undefined ? [] : enter(this.#kept.folder, lowestFd);
  }

  /** Before a stage: a group for it, unless that is there already, and its limits. */
  beforeStage(limits: SandboxRequest["limits"]): SystemCall[] {
    const prepared = this.#isPrepared ? [] : this.#enterFresh(STARTER_FD.freeBefore);
    return [...prepared, ...this.#limit(limits)];
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
    const folders = [[this.#fresh, this.#freshFolder()] as const, [this.#kept, this.#kept?.folder] as const];
    this.#stage -= 1;
    return folders.flatMap(([place, folder]) => {
      if (place?.own === undefined || folder === undefined) return [];
      return [...enter(place.own, STARTER_FD.freeBefore), ...remove(folder)];
    });
  }

  /** Which files tell the figures of this stage. */
  files(): string[] {
    const files = new Set<string>();
    readFigures(this.#places(), (path) => {
      files.add(path);
      return "";
    });
    return [...files];
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
    const folders = [this.#freshFolder(), this.#kept?.folder];
    this.#stage += 1;
    folders.push(this.#freshFolder());
    for (const folder of folders) if (folder !== undefined && existsSync(folder)) await removeGroup(folder);
  }

  #places(): Places {
    const folder = this.#freshFolder();
    const places: Places = {};
    if (this.#fresh !== undefined && folder !== undefined)
      for (const key of this.#freshKeys) places[key] = { version: this.#fresh.version, folder };
    if (this.#kept !== undefined) places.pids = this.#kept;
    return places;
  }

  #make(place: Place): Place | undefined {
    const folder = join(place.folder, this.#name);
    try {
      mkdirSync(folder, { recursive: true });
      return { ...place, folder };
    } catch {
      return undefined;
    }
  }

  #freshFolder(): string | undefined {
    return this.#fresh && join(this.#fresh.folder, `${this.#name}-${this.#stage}`);
  }

  #enterFresh(lowestFd: number): SystemCall[] {
    const folder = this.#freshFolder();
    if (folder === undefined) return [];
    return [attempt("mkdirat", AT_FDCWD, byteStringOf(folder), 0o755), ...enter(folder, lowestFd)];
  }

  #limit({ memoryBytes, processes }: SandboxRequest["limits"]): SystemCall[] {
    const { pids, memory } = this.#places();
    // The starter itself counts.
    const calls = writeLimit(pids, "pids.max", "pids.max", processes + 1, REPORT.limits.processes);
    if (memoryBytes === undefined) return calls;
    const swap = memory?.version === "cgroup2" ? 0 : memoryBytes;
    return [
      ...calls,
      ...writeLimit(memory, "memory.max", "memory.limit_in_bytes", memoryBytes, REPORT.limits.memory),
      ...writeLimit(memory, "memory.swap.max", "memory.memsw.limit_in_bytes", swap),
    ];
  }
}

function enter(folder: string, lowestFd: number): SystemCall[] {
  return writeTo(byteStringOf(join(folder, "cgroup.procs")), "0", lowestFd, attempt);
}

function remove(folder: string | undefined): SystemCall[] {
  if (folder === undefined) return [];
  return [attempt("unlinkat", AT_FDCWD, byteStringOf(folder), linux.AT_REMOVE_FOLDER)];
}

function writeLimit(
  place: Place | undefined,
  version2: string,
  version1: string,
  value: number,
  storeAt?: number,
): SystemCall[] {
  if (place === undefined) return [];
  const file = byteStringOf(join(place.folder, place.version === "cgroup2" ? version2 : version1));
  const calls = writeTo(file, String(value), STARTER_FD.freeBefore, attempt);
  return calls.map((each) => (each.name === "write" && storeAt !== undefined ? { ...each, storeAt } : each));
}
