// The last steps before a stage starts, the same under every kind of sandbox, and what its root holds. Texts and modes are
// those that Nix 2.8 writes (checked against it in test/sandbox/nix.test.ts).
import { existsSync, readFileSync } from "node:fs";
import { fromByteString, toByteString } from "#base/bytes.ts";
import * as linux from "./linux.ts";
import { processorMask } from "./processors.ts";
import type { SandboxRequest } from "./request.ts";
import { writeRandomFilter, writeSeccompFilter } from "./seccomp.ts";
import { settle, userOf, type SandboxView } from "./seen.ts";
import { attempt, call, callTolerating } from "./launcher/system-call.ts";
import type { Processor, SystemCall } from "./launcher/system-call.ts";

/** Descriptors of a launcher, by position in the `stdio` it is spawned with. */
export const FD = { log: 2, report: 3, inner: 4, outer: 5, terminal: 6, free: 7 } as const;
export const READY_MARK = 0xf0000001;

export const HOST_NAME = "localhost";
export const DOMAIN_NAME = "(none)";
export const BUILD_FOLDER = "/build";

type User = ReturnType<typeof userOf>;

const passwd = ({ uid, gid, name }: User, home: string): string => `\
root:x:0:0:Nix build user:${home}:/noshell
${name}:x:${uid}:${gid}:Nix build user:${home}:/noshell
nobody:x:65534:65534:Nobody:/:/noshell
`;
const group = ({ gid, name }: User): string => `root:x:0:\n${name}:!:${gid}:\nnogroup:x:65534:\n`;
const HOSTS = "127.0.0.1 localhost\n::1 localhost\n";
const NSSWITCH = "hosts: files dns\nservices: files\n";

/** Name -> content (byte string) of the files in /etc. */
export function etcFiles(network: boolean, seen?: SandboxView): Map<string, string> {
  const user = userOf(seen);
  const files = new Map([
    ["group", group(user)],
    ["passwd", passwd(user, seen?.buildFolder ?? BUILD_FOLDER)],
  ]);
  if (!network) return files.set("hosts", HOSTS);
  files.set("nsswitch.conf", NSSWITCH);
  for (const name of ["resolv.conf", "services", "hosts"]) {
    const path = `/etc/${name}`;
    if (existsSync(path)) files.set(name, toByteString(readFileSync(path)));
  }
  return files;
}

export function writeEtc(root: string, network: boolean, seen?: SandboxView): SystemCall[] {
  return [...etcFiles(network, seen)].flatMap(([name, content]) => writeFile(`${root}/etc/${name}`, content));
}

/** For a launcher whose lowest free descriptor is FD.inner. */
export function writeFile(path: string, content: string): SystemCall[] {
  const flags = linux.OPEN.writeOnly | linux.OPEN.create | linux.OPEN.truncate;
  return [
    call("openat", linux.AT_FDCWD, path, flags, 0o644),
    call("write", FD.inner, fromByteString(content), content.length),
    call("close", FD.inner),
  ];
}

/** Closes all descriptors but stdin, stdout, stderr and the report, which closes when the builder starts. */
export function keepOnlyReport(): SystemCall[] {
  return [
    call("fcntl", FD.report, linux.FCNTL_SET_FLAGS, linux.CLOSE_ON_EXEC),
    attempt("close_range", FD.inner, linux.FD_MAX, 0),
    ...[FD.inner, FD.outer, FD.terminal, FD.free].map((fd) => attempt("close", fd)),
  ];
}

export interface Start {
  machine: Processor;
  builder: string;
  args: readonly string[];
  env: ReadonlyMap<string, string>;
  workingFolder: string;
  network: boolean;
  /** RLIMIT_NPROC. */
  processes: number;
  /** Where it may run; on all by default. */
  processors?: readonly number[] | undefined;
  seen?: SandboxView | undefined;
  /** The system call filter is set already, and the keyring is not the caller's. */
  isFiltered?: boolean;
  /** The last thing before the builder; by default the launcher says that it is ready. */
  atLast?: readonly SystemCall[];
}

/** Session, terminal, limits, privileges, system call filter, and the builder itself. */
export function startBuilderCalls(start: Start): SystemCall[] {
  const base = start.builder.slice(start.builder.lastIndexOf("/") + 1);
  const env = [...start.env].map(([key, value]) => `${key}=${value}`).toSorted();
  return [
    call("dup3", FD.log, 1, 0),
    ...openStdin(),
    attempt("setsid"),
    attempt(
      "prlimit64",
      0,
      linux.RESOURCE.processes,
      linux.resourceLimit(start.processes, start.processes),
      0,
    ),
    ...(start.processors === undefined ? [] : [runOn(start.processors)]),
    ...(start.network ? [call("prctl", ...NO_NEW_PRIVILEGES), ...closeAbstractSockets()] : []),
    ...(start.isFiltered === true ? [] : [joinFreshKeyring(), ...filterCalls(start.machine)]),
    ...(start.seen?.isRandomZero !== true ? [] : filterBy(writeRandomFilter(start.machine))),
    ...settle(start.seen ?? {}),
    call("chdir", start.workingFolder),
    call("prctl", linux.PRCTL.parentDeathSignal, linux.SIGKILL, 0, 0, 0),
    ...(start.atLast ?? [sayReady()]),
    call("execve", start.builder, [base, ...start.args], env),
  ];
}

/** As Nix has it, open for both ways; not by the mount of the host, through which its mode could be changed. */
function openStdin(): SystemCall[] {
  return [
    call("openat", linux.AT_FDCWD, "/dev/null", linux.OPEN.readWrite, 0),
    call("dup3", FD.inner, 0, 0),
    call("close", FD.inner),
  ];
}

/** The next call is the builder's. */
export function sayReady(): SystemCall {
  return call("write", FD.report, new Uint8Array(Uint32Array.of(READY_MARK, 0).buffer), 8);
}

function runOn(processors: readonly number[]): SystemCall {
  const mask = processorMask(processors);
  return attempt("sched_setaffinity", 0, mask.length, mask);
}

const NO_NEW_PRIVILEGES = [linux.PRCTL.noNewPrivileges, 1, 0, 0, 0] as const;

/** Whoever has made these, and all that it starts, can't take it back. */
export function filterCalls(machine: Processor): SystemCall[] {
  return filterBy(writeSeccompFilter(machine));
}

function filterBy(bpf: Uint8Array): SystemCall[] {
  const { seccomp } = linux.PRCTL;
  return [
    call("prctl", ...NO_NEW_PRIVILEGES),
    call("prctl", seccomp, linux.SECCOMP_MODE_FILTER, { bpf }, 0, 0),
  ];
}

/** Keys of the caller's session are not for a stage. Comes before the filter, which refuses the call; where there is none, there are no keys. */
export function joinFreshKeyring(): SystemCall {
  const { EPERM, ENOSYS } = linux.ERRNO;
  return callTolerating([EPERM, ENOSYS], "keyctl", linux.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0);
}

/** Abstract unix sockets belong to the network namespace: with the host's network a stage could reach the host's services. */
function closeAbstractSockets(): SystemCall[] {
  const LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET = 1n;
  const attributes = new Uint8Array(BigUint64Array.of(0n, 0n, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET).buffer);
  return [
    attempt("landlock_create_ruleset", attributes, attributes.length, 0),
    attempt("landlock_restrict_self", FD.inner, 0),
    attempt("close", FD.inner),
  ];
}

export function startOf(request: SandboxRequest, machine: Processor): Start {
  return {
    machine,
    builder: request.builder,
    args: request.args,
    env: request.env,
    workingFolder: request.seen?.buildFolder ?? BUILD_FOLDER,
    network: request.network,
    seen: request.seen,
    processes: request.limits.processes,
    processors: request.processors,
  };
}
