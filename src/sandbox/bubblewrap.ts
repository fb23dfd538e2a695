// The sandbox that bubblewrap makes. It differs from Nix's in what bubblewrap does not let its user choose: see
// the list in test/sandbox/nix.test.ts.
import { hasKvm, kernelSwitches } from "./host.ts";
import type { Host } from "./host.ts";
import { FD, HOST_NAME, BUILD_FOLDER, keepOnlyReport, startBuilder, startOf, writeEtc } from "./inside.ts";
import * as linux from "./linux.ts";
import type { SandboxRequest } from "./request.ts";
import { userOf } from "./seen.ts";
import { attempt, call } from "./launcher/system-call.ts";
import type { Machine, SystemCall } from "./launcher/system-call.ts";

/** @returns argv of bubblewrap; it ends in the launcher of `callsInBubblewrap`. */
export function bubblewrapArguments(request: SandboxRequest, host: Host): string[] {
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
    ...kernelSwitches(host).map((path) => ["--ro-bind", path, path]),
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

/** What is left to do inside bubblewrap before the builder starts. */
export function callsInBubblewrap(request: SandboxRequest, machine: Machine): SystemCall[] {
  return [
    ...keepOnlyReport(),
    call("fchmodat", linux.AT_FDCWD, "/", 0o750),
    attempt("unlinkat", linux.AT_FDCWD, "/dev/core", 0),
    attempt("unlinkat", linux.AT_FDCWD, "/dev/ptmx", 0),
    attempt("symlinkat", "/dev/pts/ptmx", linux.AT_FDCWD, "/dev/ptmx"),
    ...writeEtc("", request.network, request.seen),
    ...startBuilder(startOf(request, machine)),
  ];
}
