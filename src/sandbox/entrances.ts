// The ways into a root of its own, from within the sandbox of a build (ours or Nix's). They are programs of the store and
// so part of what a stage is: launcher/entrance.ts.
import { utf8 } from "#base/bytes.ts";
import { writeFakeRootFilter } from "./fake-root-filter.ts";
import { SANDBOX_GID, SANDBOX_UID, type SandboxView } from "./seen.ts";
import { assembleEntrance, entranceStep, writing, type EntranceStep } from "./launcher/entrance.ts";
import type { Processor } from "./launcher/system-call.ts";
import { CLONE, MOUNT, MOUNT_DETACH, OPEN, PRCTL, SECCOMP_MODE_FILTER } from "./linux.ts";

/** There in every sandbox, and empty: the new root is put together on it. */
const PLACE = "/tmp";
const ROOT = { known: "root" } as const;
const BIND = MOUNT.bind | MOUNT.recursive;
const PLAIN = MOUNT.noSuid | MOUNT.noDevices;

/** What a root must have as folders: the sandbox's own are mounted on the first, empty ones on the others. */
export const MOUNT_POINTS = {
  bound: ["dev", "proc", "build", "nix/store"],
  fresh: ["tmp", "run", "root", "var/tmp"],
} as const;
/** The user that `enter` makes, for /etc/passwd of a root. */
export const ENTERED_USER: string = enteredUser({ uid: SANDBOX_UID, gid: SANDBOX_GID, name: "nixbld" });

function enteredUser({ uid, gid, name }: EnteredUser): string {
  return `${name}:x:${uid}:${gid}:Pipelite:/root:/bin/sh`;
}
const MODES = { tmp: "mode=1777", run: "mode=0755", root: "mode=0700", "var/tmp": "mode=1777" } as const;

export type EntranceName = "hold" | "enter" | "arrange" | "configure";
export type EnteredUser = NonNullable<SandboxView["user"]>;

/** What `enter` shows a stage otherwise than always: for who asks whether an output depends on it. */
export interface SeenInRoot {
  /** Who it is there, and its name. */
  user?: EnteredUser;
  /** Where the build folder is as well, and the program starts: a folder of `FRESH_FOLDER`. */
  buildFolder?: string;
}

/** Fresh in a root for each stage: there is room in it for another build folder. */
export const FRESH_FOLDER = "/run";

/**
 * The folder of an entrance that shows what is to be seen instead: to stand in its place in the store.
 * @param entrance the path in the store that has it as `bin/enter`
 * @param passwd what the root has as /etc/passwd; undefined of one without
 * @returns files of it, by their names
 */
export function variedEntrance(
  machine: Processor,
  entrance: string,
  seen: SeenInRoot,
  passwd: string | undefined,
): Map<string, Uint8Array> {
  const { user } = seen;
  const named = user && passwd?.replace(ENTERED_USER, () => enteredUser(user));
  const program = enter(machine, seen, named === undefined ? undefined : `${entrance}/passwd`);
  return new Map([
    ["bin/enter", program],
    ...(named === undefined ? [] : [["passwd", utf8(named)] as const]),
  ]);
}

/**
 * `hold`: keeps the log open until the program ends. Nix kills a builder whose log was closed before it ended, and programs
 * that close their standard output last (all of GNU's) would be killed now and then. ROOT is not looked at. `enter`: ROOT becomes the root, read-only, as the user that a stage always is. `arrange`: an empty file system in memory
 * on /tmp, as root of its own; ROOT is not looked at. `configure`, started by what `arrange` started: that file system
 * becomes the root, and who asks for other users, devices, set-id bits or attributes is told that it was done.
 */
export function writeEntrance(name: EntranceName, machine: Processor): Uint8Array {
  switch (name) {
    case "hold":
      return assembleEntrance(machine, [HOLD_LOG]);
    case "enter":
      return enter(machine);
    case "arrange":
      return assembleEntrance(machine, [
        ...newNamespaces(0, 0),
        entranceStep("mount a file system in memory", "mount", "tmpfs", PLACE, "tmpfs", PLAIN, "mode=0755"),
      ]);
    case "configure":
      return assembleEntrance(machine, [
        entranceStep("make a mount namespace", "unshare", CLONE.newMounts),
        ...["dev", "proc"].map((folder) =>
          entranceStep(`mount /${folder} in it`, "mount", `/${folder}`, `${PLACE}/${folder}`, 0, BIND, 0),
        ),
        ...becomeRoot("/"),
        entranceStep("forbid new rights", "prctl", PRCTL.noNewPrivileges, 1, 0, 0, 0),
        entranceStep(
          "filter system calls",
          "prctl",
          PRCTL.seccomp,
          SECCOMP_MODE_FILTER,
          FILTER(machine),
          0,
          0,
        ),
      ]);
  }
}

/** @param passwd a file to stand in for /etc/passwd */
function enter(machine: Processor, { user, buildFolder }: SeenInRoot = {}, passwd?: string): Uint8Array {
  return assembleEntrance(machine, [
    HOLD_LOG,
    ...newNamespaces(user?.uid ?? SANDBOX_UID, user?.gid ?? SANDBOX_GID),
    entranceStep("mount the environment", "mount", ROOT, PLACE, 0, BIND, 0),
    entranceStep("make it read-only", "mount", "none", PLACE, 0, READ_ONLY, 0),
    ...MOUNT_POINTS.bound.map((folder) =>
      entranceStep(`mount /${folder} in it`, "mount", `/${folder}`, `${PLACE}/${folder}`, 0, BIND, 0),
    ),
    ...MOUNT_POINTS.fresh.map((folder) =>
      entranceStep(
        `mount its /${folder}`,
        "mount",
        "tmpfs",
        `${PLACE}/${folder}`,
        "tmpfs",
        PLAIN,
        MODES[folder],
      ),
    ),
    ...(passwd === undefined
      ? []
      : [entranceStep("mount its /etc/passwd", "mount", passwd, `${PLACE}/etc/passwd`, 0, BIND, 0)]),
    ...(buildFolder === undefined
      ? []
      : [
          entranceStep("make its build folder", "mkdirat", AT_FDCWD, `${PLACE}${buildFolder}`, 0o755),
          entranceStep("mount its build folder", "mount", "/build", `${PLACE}${buildFolder}`, 0, BIND, 0),
        ]),
    ...becomeRoot(buildFolder ?? "/build"),
  ]);
}

const AT_FDCWD = -100;
const STDERR = 2;
/** Far from those that programs count on. */
const HELD_FD = 99;
const HOLD_LOG = entranceStep("hold its log open", "dup3", STDERR, HELD_FD, 0);

const MS_REMOUNT = 32;
const MS_READ_ONLY = 1;
const READ_ONLY = MS_REMOUNT | MOUNT.bind | MS_READ_ONLY | PLAIN;
const FILTER = (machine: Processor) => ({ bpf: writeFakeRootFilter(machine) });

/** A user namespace in which this process, still nobody else outside, is `uid`; and mounts that nobody else sees. */
function newNamespaces(uid: number, gid: number): EntranceStep[] {
  const map = (name: string, inside: number, outside: number) =>
    writing(`write its ${name}`, `/proc/self/${name}`, `${inside} ${outside} 1\n`, OPEN.writeOnly);
  return [
    entranceStep("make a user namespace", "unshare", CLONE.newUser | CLONE.newMounts),
    ...writing(undefined, "/proc/self/setgroups", "deny", OPEN.writeOnly),
    ...map("uid_map", uid, SANDBOX_UID),
    ...map("gid_map", gid, SANDBOX_GID),
    entranceStep("part with the mounts outside", "mount", "none", "/", 0, MOUNT.recursive | MOUNT.private, 0),
  ];
}

function becomeRoot(folder: string): EntranceStep[] {
  return [
    entranceStep("go into it", "chdir", PLACE),
    entranceStep("make it the root", "pivot_root", ".", "."),
    entranceStep("leave the root of before", "umount2", ".", MOUNT_DETACH),
    entranceStep(`go to its ${folder}`, "chdir", folder),
  ];
}
