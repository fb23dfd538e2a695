// The sandbox that bubblewrap makes. It differs from Nix's in what bubblewrap does not let its user choose: see
// the list in test/sandbox/nix.test.ts.
import { hasKvm, kernelFiles } from "./host.ts";
import type { SandboxHost } from "./host.ts";
import {
  FD,
  HOST_NAME,
  BUILD_FOLDER,
  keepOnlyReport,
  startBuilderCalls,
  startOf,
  writeEtc,
} from "./inside.ts";
import * as linux from "./linux.ts";
import { forbidCgroupNamespaces, writeTo } from "./outside.ts";
import type { SandboxRequest } from "./request.ts";
import { DEVICES, bindDevice } from "./root.ts";
import { userOf } from "./seen.ts";
import { attempt, call } from "./launcher/system-call.ts";
import type { Processor, SystemCall } from "./launcher/system-call.ts";

/** @returns argv of bubblewrap; it ends in the launcher of `callsInBubblewrap`. */
export function bubblewrapArguments(request: SandboxRequest, host: SandboxHost): string[] {
  const { storeDir, buildDir, inputs, network, seen } = request;
  const { uid, gid } = userOf(seen);
  const options = [
    ["--unshare-user"],
    ["--unshare-all"],
    network ? ["--share-net"] : [],
    ["--uid", String(uid)],
    ["--gid", String(gid)],
    ["--hostname", seen?.hostName ?? HOST_NAME],
    ["--as-pid-1"],
    ["--die-with-parent"],
    ["--new-session"],
    ["--cap-drop", "ALL"],
    ["--proc", "/proc"],
    ...kernelFiles(host).map(({ path, isClosed }) => ["--ro-bind", isClosed ? "/dev/null" : path, path]),
    ["--dev", "/dev"],
    ...(seen?.isRandomZero === true
      ? ["random", "urandom"].map((name) => ["--dev-bind", "/dev/zero", `/dev/${name}`])
      : []),
    ["--perms", "1777", "--tmpfs", "/dev/shm"],
    request.kvm && hasKvm() ? ["--dev-bind", "/dev/kvm", "/dev/kvm"] : [],
    ["--perms", "1777", "--dir", "/tmp"],
    ["--perms", "0755", "--dir", "/etc"],
    ["--perms", "0755", "--dir", "/nix"],
    ["--bind", storeDir, "/nix/store"],
    ...inputs.map(({ path, physical }) => ["--ro-bind", physical, path]),
    ["--bind", buildDir, seen?.buildFolder ?? BUILD_FOLDER],
  ];
  return ["bwrap", ...options.flat(), "--", `/proc/self/fd/${FD.inner}`];
}

/**
 * What comes before bubblewrap: a namespace around it, in which it can make one cgroup namespace; for root one more, in which
 * the host's devices can't be changed.
 */
export function callsBeforeBubblewrap({ isRoot }: SandboxHost): SystemCall[] {
  const { newUser, newMounts } = linux.CLONE;
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const map = (name: string, id: number) => writeTo(`/proc/self/${name}`, `${id} ${id} 1\n`, FD.outer, call);
  return [
    call("unshare", newUser + (isRoot ? newMounts : 0)),
    ...map("uid_map", uid),
    ...writeTo("/proc/self/setgroups", "deny", FD.outer, attempt),
    ...map("gid_map", gid),
    ...(isRoot ? readOnlyDevices() : []),
    ...forbidCgroupNamespaces("/proc", FD.outer, 1),
  ];
}

function readOnlyDevices(): SystemCall[] {
  return [
    call("mount", "none", "/", 0, linux.MOUNT.recursive | linux.MOUNT.private, 0),
    ...[...DEVICES, ...(hasKvm() ? ["kvm"] : [])].flatMap((name) =>
      bindDevice(`/dev/${name}`, `/dev/${name}`),
    ),
  ];
}

/** What is left to do inside bubblewrap before the builder starts. */
export function callsInBubblewrap(request: SandboxRequest, machine: Processor): SystemCall[] {
  return [
    ...keepOnlyReport(),
    call("fchmodat", linux.AT_FDCWD, "/", 0o750),
    attempt("unlinkat", linux.AT_FDCWD, "/dev/core", 0),
    attempt("unlinkat", linux.AT_FDCWD, "/dev/ptmx", 0),
    attempt("symlinkat", "/dev/pts/ptmx", linux.AT_FDCWD, "/dev/ptmx"),
    ...writeEtc("", request.network, request.seen),
    ...startBuilderCalls(startOf(request, machine)),
  ];
}
