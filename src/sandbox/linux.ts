// Constants of the kernel's user interface (include/uapi/linux), the same on x86_64 and aarch64.

export const AT_FDCWD = -100;
export const AT_RECURSIVE = 0x8000;
export const OPEN = {
  writeOnly: 0x1,
  readWrite: 0x2,
  create: 0x40,
  exclusive: 0x80,
  noControllingTerminal: 0x100,
  truncate: 0x200,
  nonBlocking: 0x800,
  closeOnExec: 0x80000,
} as const;
export const MOUNT = {
  noSuid: 2,
  noDevices: 4,
  noExecute: 8,
  bind: 0x1000,
  recursive: 0x4000,
  private: 1 << 18,
} as const;
export const MOUNT_ATTRIBUTE = { readOnly: 1, noSuid: 2, noDevices: 4 } as const;
export const MOUNT_DETACH = 2;
export const CLONE_NEW_USER = 0x10000000;
export const CLONE = {
  sharedMemory: 0x100,
  pidfd: 0x1000,
  untilExec: 0x4000, // CLONE_VFORK
  newMounts: 0x20000,
  newCgroup: 0x2000000,
  newHostName: 0x4000000,
  newIpc: 0x8000000,
  newUser: 0x10000000,
  newProcesses: 0x20000000,
  newNetwork: 0x40000000,
} as const;
export const SIGCHLD = 17;
export const AT_REMOVE_FOLDER = 0x200;
export const MESSAGE = { waitForAll: 0x100, noSignal: 0x4000 } as const;
export const POLL_IN = 1;
export const CLOCK_MONOTONIC = 1;
/** MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_FIXED_NOREPLACE. */
export const MAP_AT_ADDRESS = 0x2 | 0x20 | 0x4000 | 0x100000;
export const PROTECTION_READ_WRITE = 3;
export const PRCTL = { parentDeathSignal: 1, seccomp: 22, childSubreaper: 36, noNewPrivileges: 38 } as const;
export const SECCOMP_MODE_FILTER = 2;
export const SIGKILL = 9;
export const [SIGINT, SIGQUIT] = [2, 3];
export const SIGNAL_MASK = { block: 0, set: 2, bytes: 8 } as const;
export const RESOURCE = { core: 4, processes: 6 } as const;
export const IOCTL = {
  setTerminalAttributes: 0x5402,
  openPeer: 0x5441,
  typeForUser: 0x5412, // TIOCSTI
  console: 0x541c, // TIOCLINUX
  setInterfaceFlags: 0x8914,
  unlockTerminal: 0x40045431,
} as const;
/** Flags and project of a file: FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR. */
export const FILE_MARKS = { flags: 0x80086601, extended: 0x801c581f, bytes: 40 } as const;
export const FCNTL_SET_FLAGS = 2;
export const FCNTL_DUPLICATE_CLOSE_ON_EXEC = 1030;
export const PERF_CLOSE_ON_EXEC = 8;
export const CLOSE_ON_EXEC = 1;
export const ADDRESS_NO_RANDOMIZE = 0x40000;
export const KEYCTL_JOIN_SESSION_KEYRING = 1;
export const ERRNO = { EPERM: 1, ENOENT: 2, ENOSYS: 38 } as const;
export const FD_MAX = 0xffffffff;

/** struct rlimit64; Infinity is RLIM_INFINITY. */
export function resourceLimit(soft: number, hard: number): Uint8Array {
  const value = (limit: number) => (Number.isFinite(limit) ? BigInt(limit) : 0xffffffffffffffffn);
  return new Uint8Array(BigUint64Array.of(value(soft), value(hard)).buffer);
}

/** The set of these signals, as the kernel has it. */
export function signalSet(...signals: readonly number[]): Uint8Array {
  const bits = signals.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
  return new Uint8Array(BigUint64Array.of(bits).buffer);
}

/** struct mount_attr that sets and clears attributes. */
export function mountAttributes(set: number, cleared = 0): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(set), BigInt(cleared), 0n, 0n).buffer);
}

/** struct ifreq that brings the loopback interface up. */
export function loopbackUp(): Uint8Array {
  const request = new Uint8Array(40);
  request.set([0x6c, 0x6f]); // "lo"
  const IFF_UP = 1;
  request[16] = IFF_UP;
  return request;
}

/** struct termios of a terminal that passes bytes on as they are: what cfmakeraw(3) makes of a fresh one. */
export function rawTerminal(): Uint8Array {
  const [ONLCR, CREAD_CS8_B38400, ECHOE_ECHOK_ECHOCTL_ECHOKE] = [0x4, 0xbf, 0xa30];
  const view = new DataView(new ArrayBuffer(36));
  view.setUint32(4, ONLCR, true); // without OPOST it does nothing
  view.setUint32(8, CREAD_CS8_B38400, true);
  view.setUint32(12, ECHOE_ECHOK_ECHOCTL_ECHOKE, true);
  const controlCharacters = [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22];
  for (const [index, value] of controlCharacters.entries()) view.setUint8(17 + index, value);
  return new Uint8Array(view.buffer);
}

/** Names of the error numbers a launcher may meet; the number itself where there is none. */
export function errorName(errno: number): string {
  const names = new Map([
    [1, "EPERM: not permitted"],
    [2, "ENOENT: no such file or folder"],
    [7, "E2BIG: arguments and environment too long"],
    [8, "ENOEXEC: not an executable format"],
    [13, "EACCES: permission denied"],
    [16, "EBUSY: in use"],
    [20, "ENOTDIR: not a folder"],
    [22, "EINVAL: invalid argument"],
    [28, "ENOSPC: no space left, or too many of these"],
    [38, "ENOSYS: not in this kernel"],
    [40, "ELOOP: too many symbolic links"],
  ]);
  return names.get(errno) ?? `error ${errno}`;
}
