// The root that a stage sees, made by system calls alone, in namespaces of which this process is the root: what the stage may
// see is mounted, the host's file system left for good with pivot_root(2), and a user namespace entered in which the stage
// has no rights over those mounts.
import { BUILD_FOLDER, DOMAIN_NAME, FD, HOST_NAME, writeEtc, writeFile } from "./inside.ts";
import { hasKvm, kernelFiles } from "./host.ts";
import type { SandboxHost } from "./host.ts";
import { attempt, call, callTolerating, keep } from "./launcher/system-call.ts";
import type { SystemCall } from "./launcher/system-call.ts";
import * as linux from "./linux.ts";
import { forbidCgroupNamespaces } from "./outside.ts";
import type { SandboxRequest } from "./request.ts";
import { userOf, type SandboxView } from "./seen.ts";

const { AT_FDCWD, MOUNT, MOUNT_ATTRIBUTE } = linux;
/** Where the new root is put together, and where the host's root is until it is given up. */
const ROOT = "/new";
const HOST = "/old";
export const DEVICES = ["full", "null", "random", "tty", "urandom", "zero"] as const;

type RootRequest = Pick<SandboxRequest, "storeDir" | "buildDir" | "inputs" | "network" | "kvm" | "seen">;

/** For a process whose lowest free descriptor is FD.inner. */
export function enterRoot(request: RootRequest, host: SandboxHost): SystemCall[] {
  const { network, kvm, seen = {} } = request;
  const common = () => commonCalls(host, { network, kvm, seen });
  const same = network || kvm || request.seen !== undefined ? common() : (usual ??= kept(common()));
  return [
    ...enterEmptyRoot(request.storeDir),
    ...same.first,
    ...bind(`${HOST}${request.storeDir}`, `${ROOT}/nix/store`, 0),
    ...request.inputs.flatMap(({ path, physical }) =>
      bind(`${HOST}${physical}`, `${ROOT}${path}`, MOUNT_ATTRIBUTE.readOnly),
    ),
    ...bind(`${HOST}${request.buildDir}`, `${ROOT}${seen.buildFolder ?? BUILD_FOLDER}`, 0),
    ...same.last,
  ];
}

/** Those of a stage with neither the network nor virtual machines, which nearly all are: put together once. */
let usual: ReturnType<typeof commonCalls> | undefined;

function kept({ first, last }: ReturnType<typeof commonCalls>): ReturnType<typeof commonCalls> {
  return { first: keep(first), last: keep(last) };
}

/** What does not depend on the stage: before and after what it may see is mounted. */
function commonCalls(
  host: SandboxHost,
  { network, kvm, seen }: Pick<SandboxRequest, "network" | "kvm"> & { seen: SandboxView },
) {
  const { hostName = HOST_NAME, buildFolder = BUILD_FOLDER } = seen;
  return {
    first: [
      ...folder("nix", 0o755),
      ...folder("nix/store", 0o755),
      ...folder(buildFolder.slice(1), 0o700),
      ...folder("tmp", 0o1777),
      ...folder("etc", 0o755),
      ...writeEtc(ROOT, network, seen),
    ],
    last: [
      ...mountProc(host, seen),
      ...makeDevices(kvm && hasKvm(), seen),
      call("sethostname", hostName, hostName.length),
      call("setdomainname", DOMAIN_NAME, DOMAIN_NAME.length),
      ...(network ? [] : bringLoopbackUp()),
      ...leaveHost(),
      ...becomeOrdinaryUser(seen),
    ],
  };
}

/** Makes an empty tmpfs the root. It is mounted on a folder of ours, which nobody else sees change. */
function enterEmptyRoot(mountPoint: string): SystemCall[] {
  const flags = MOUNT.noSuid | MOUNT.noDevices;
  return [
    call("mount", "none", "/", 0, MOUNT.recursive | MOUNT.private, 0),
    call("mount", "tmpfs", mountPoint, "tmpfs", flags, "mode=0755"),
    call("chdir", mountPoint),
    call("mkdirat", AT_FDCWD, HOST.slice(1), 0o755),
    call("mkdirat", AT_FDCWD, ROOT.slice(1), 0o755),
    call("pivot_root", ".", HOST.slice(1)),
    call("chdir", "/"),
    call("mount", "tmpfs", ROOT, "tmpfs", flags, "mode=0750"),
  ];
}

function folder(name: string, mode: number): SystemCall[] {
  const path = `${ROOT}/${name}`;
  return [call("mkdirat", AT_FDCWD, path, mode), call("fchmodat", AT_FDCWD, path, mode)];
}

function bind(source: string, target: string, attributes: number): SystemCall[] {
  const set = linux.mountAttributes(attributes | MOUNT_ATTRIBUTE.noSuid | MOUNT_ATTRIBUTE.noDevices);
  return [
    call("mount", source, target, 0, MOUNT.bind | MOUNT.recursive, 0),
    call("mount_setattr", AT_FDCWD, target, linux.AT_RECURSIVE, set, set.length),
  ];
}

function mountProc(host: SandboxHost, { lastProcess }: SandboxView): SystemCall[] {
  const flags = MOUNT.noSuid | MOUNT.noDevices | MOUNT.noExecute;
  const proc = `${ROOT}/proc`;
  return [
    ...folder("proc", 0o555),
    call("mount", "proc", proc, "proc", flags, 0),
    ...(lastProcess === undefined ? [] : writeFile(`${proc}/sys/kernel/ns_last_pid`, String(lastProcess))),
    ...forbidCgroupNamespaces(proc, FD.inner),
    ...coverKernelFiles(host, proc),
  ];
}

/** Each becomes a mount of its own; all of them, and not /proc itself, are then made read-only at once. */
function coverKernelFiles(host: SandboxHost, proc: string): SystemCall[] {
  const files = kernelFiles(host);
  if (files.length === 0) return [];
  const [readOnly, writable] = [
    linux.mountAttributes(MOUNT_ATTRIBUTE.readOnly | MOUNT_ATTRIBUTE.noDevices),
    linux.mountAttributes(0, MOUNT_ATTRIBUTE.readOnly),
  ];
  return [
    ...files.map(({ path, isClosed }) => {
      const [target, source] = [`${ROOT}${path}`, isClosed ? `${HOST}/dev/null` : `${ROOT}${path}`];
      return callTolerating([linux.ERRNO.ENOENT], "mount", source, target, 0, MOUNT.bind, 0);
    }),
    call("mount_setattr", AT_FDCWD, proc, linux.AT_RECURSIVE, readOnly, readOnly.length),
    call("mount_setattr", AT_FDCWD, proc, 0, writable, writable.length),
  ];
}

function makeDevices(withKvm: boolean, { isRandomZero }: SandboxView): SystemCall[] {
  const link = (target: string, name: string) => call("symlinkat", target, AT_FDCWD, `${ROOT}/dev/${name}`);
  const sourceOf = (name: string) =>
    `/dev/${isRandomZero === true && name.endsWith("random") ? "zero" : name}`;
  const devices = [...DEVICES, ...(withKvm ? ["kvm"] : [])];
  return [
    ...folder("dev", 0o755),
    ...devices.flatMap((name) => [
      ...writeFile(`${ROOT}/dev/${name}`, ""),
      ...bindDevice(`${HOST}${sourceOf(name)}`, `${ROOT}/dev/${name}`),
    ]),
    ...folder("dev/pts", 0o755),
    ...folder("dev/shm", 0o1777),
    call(
      "mount",
      "none",
      `${ROOT}/dev/pts`,
      "devpts",
      MOUNT.noSuid | MOUNT.noExecute,
      "newinstance,ptmxmode=0666,mode=0620",
    ),
    call("mount", "none", `${ROOT}/dev/shm`, "tmpfs", MOUNT.noSuid | MOUNT.noDevices, "mode=1777"),
    link("/proc/self/fd", "fd"),
    link("/proc/self/fd/0", "stdin"),
    link("/proc/self/fd/1", "stdout"),
    link("/proc/self/fd/2", "stderr"),
    link("/dev/pts/ptmx", "ptmx"),
  ];
}

/** A device is the host's: what may be written to is the device, not its mode, owner or times. */
export function bindDevice(source: string, target: string): SystemCall[] {
  const readOnly = linux.mountAttributes(MOUNT_ATTRIBUTE.readOnly);
  return [
    call("mount", source, target, 0, MOUNT.bind, 0),
    call("mount_setattr", AT_FDCWD, target, 0, readOnly, readOnly.length),
  ];
}

function bringLoopbackUp(): SystemCall[] {
  const [AF_INET, SOCK_DGRAM] = [2, 2];
  return [
    call("socket", AF_INET, SOCK_DGRAM, 0),
    call("ioctl", FD.inner, linux.IOCTL.setInterfaceFlags, linux.loopbackUp()),
    call("close", FD.inner),
  ];
}

/** The old root goes on top of the new one and is taken off with all its mounts: nothing of the host can be named any more. */
function leaveHost(): SystemCall[] {
  return [
    call("chdir", ROOT),
    call("pivot_root", ".", "."),
    call("umount2", ".", linux.MOUNT_DETACH),
    call("chdir", "/"),
  ];
}

/** Whoever owns the mounts is root in the namespace outside: from here it is not this process. */
function becomeOrdinaryUser(seen: SandboxView): SystemCall[] {
  const { uid, gid } = userOf(seen);
  return [call("unshare", linux.CLONE_NEW_USER), ...mapUser({ uid: [uid, 0], gid: [gid, 0] })];
}

/** In a new user namespace: who in it is who outside of it. */
export function mapUser({
  uid,
  gid,
}: Record<"uid" | "gid", readonly [inside: number, outside: number]>): SystemCall[] {
  return [
    ...writeProc("setgroups", "deny", attempt),
    ...writeProc("uid_map", `${uid.join(" ")} 1\n`, call),
    ...writeProc("gid_map", `${gid.join(" ")} 1\n`, call),
  ];
}

function writeProc(name: string, text: string, make: typeof call): SystemCall[] {
  return [
    make("openat", AT_FDCWD, `/proc/self/${name}`, linux.OPEN.writeOnly, 0),
    make("write", FD.inner, text, text.length),
    make("close", FD.inner),
  ];
}
