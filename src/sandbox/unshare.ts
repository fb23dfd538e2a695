// The sandbox made from util-linux `unshare` (namespaces, pid 1, exit status) and a launcher that makes its root.
import { FD, keepOnlyReport, startBuilderCalls, startOf } from "./inside.ts";
import type { SandboxHost } from "./host.ts";
import type { Processor, SystemCall } from "./launcher/system-call.ts";
import type { SandboxRequest } from "./request.ts";
import { enterRoot } from "./root.ts";

/** @returns argv of unshare; it ends in the launcher of `callsInUnshare`. */
export function unshareArguments(network: boolean): string[] {
  const namespaces = [
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--uts",
    "--ipc",
    "--cgroup",
  ];
  return ["unshare", ...namespaces, ...(network ? [] : ["--net"]), `/proc/self/fd/${FD.inner}`];
}

export function callsInUnshare(request: SandboxRequest, machine: Processor, host: SandboxHost): SystemCall[] {
  return [...keepOnlyReport(), ...enterRoot(request, host), ...startBuilderCalls(startOf(request, machine))];
}
