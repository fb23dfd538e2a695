// Linux system calls as values: a launcher is a list of them. Numbers are those of the kernel's tables
// (arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h).

export type Machine = "x64" | "arm64";

/** Number on x86_64, number on aarch64. */
const NUMBERS = {
  capset: [126, 91],
  chdir: [80, 49],
  clone: [56, 220],
  close: [3, 57],
  connect: [42, 203],
  close_range: [436, 436],
  dup3: [292, 24],
  execve: [59, 221],
  exit_group: [231, 94],
  fchmodat: [268, 53],
  fcntl: [72, 25],
  ioctl: [16, 29],
  keyctl: [250, 219],
  landlock_create_ruleset: [444, 444],
  landlock_restrict_self: [446, 446],
  mkdirat: [258, 34],
  mount: [165, 40],
  mount_setattr: [442, 442],
  openat: [257, 56],
  perf_event_open: [298, 241],
  personality: [135, 92],
  pivot_root: [155, 41],
  prctl: [157, 167],
  prlimit64: [302, 261],
  read: [0, 63],
  setdomainname: [171, 162],
  setgroups: [116, 159],
  sethostname: [170, 161],
  setsid: [112, 157],
  socket: [41, 198],
  symlinkat: [266, 36],
  umask: [95, 166],
  umount2: [166, 39],
  unlinkat: [263, 35],
  unshare: [272, 97],
  wait4: [61, 260],
  write: [1, 64],
} as const satisfies Record<string, readonly [number, number]>;

export type SystemCallName = keyof typeof NUMBERS;

export function systemCallNumber(name: SystemCallName, machine: Machine): number {
  return NUMBERS[name][machine === "x64" ? 0 : 1];
}

/**
 * A number is passed as it is. The others are passed by address: a byte string with its final NUL, bytes, a list of byte
 * strings as a NULL-terminated array (argv, envp), a BPF program as `struct sock_fprog`.
 */
export type Argument = number | string | Uint8Array | readonly string[] | { bpf: Uint8Array };

export interface SystemCall {
  name: SystemCallName;
  args: readonly Argument[];
  /** Goes on when the kernel refuses. */
  optional: boolean;
  /** Error numbers after which it goes on all the same. */
  tolerated?: readonly number[];
}

export function call(name: SystemCallName, ...args: Argument[]): SystemCall {
  return { name, args, optional: false };
}

export function attempt(name: SystemCallName, ...args: Argument[]): SystemCall {
  return { name, args, optional: true };
}

/** As `call`, but goes on after these errors. */
export function callTolerating(
  tolerated: readonly number[],
  name: SystemCallName,
  ...args: Argument[]
): SystemCall {
  return { name, args, optional: false, tolerated };
}

/** For error messages: the call with its path-like arguments. */
export function describeCall({ name, args }: SystemCall): string {
  const words = args.filter((arg): arg is string => typeof arg === "string" && arg !== "");
  const WORD_CHARS_MAX = 300;
  return [name, ...words.map((word) => word.slice(0, WORD_CHARS_MAX))].join(" ");
}
