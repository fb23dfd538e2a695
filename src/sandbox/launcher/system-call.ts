// Linux system calls as values: a launcher is a list of them. Numbers are those of the kernel's tables
// (arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h).

export type Processor = "x64" | "arm64";

/** Number on x86_64, number on aarch64. */
const NUMBERS = {
  capset: [126, 91],
  chdir: [80, 49],
  clock_gettime: [228, 113],
  clone: [56, 220],
  close: [3, 57],
  connect: [42, 203],
  close_range: [436, 436],
  dup3: [292, 24],
  execve: [59, 221],
  exit_group: [231, 94],
  fchmodat: [268, 53],
  fcntl: [72, 25],
  getpid: [39, 172],
  ioctl: [16, 29],
  keyctl: [250, 219],
  landlock_create_ruleset: [444, 444],
  landlock_restrict_self: [446, 446],
  mkdirat: [258, 34],
  mmap: [9, 222],
  mount: [165, 40],
  mount_setattr: [442, 442],
  openat: [257, 56],
  perf_event_open: [298, 241],
  personality: [135, 92],
  pidfd_open: [434, 434],
  pidfd_send_signal: [424, 424],
  pivot_root: [155, 41],
  ppoll: [271, 73],
  prctl: [157, 167],
  prlimit64: [302, 261],
  read: [0, 63],
  recvfrom: [45, 207],
  renameat2: [316, 276],
  rt_sigprocmask: [14, 135],
  sched_setaffinity: [203, 122],
  sendto: [44, 206],
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

export function systemCallNumber(name: SystemCallName, machine: Processor): number {
  return NUMBERS[name][machine === "x64" ? 0 : 1];
}

/**
 * A number is passed as it is. The others are passed by address: a byte string with its final NUL, bytes, a list of byte
 * strings as a NULL-terminated array (argv, envp), a BPF program as `struct sock_fprog`.
 */
export type CallArgument = number | string | Uint8Array | readonly string[] | { bpf: Uint8Array };

export interface SystemCall {
  name: SystemCallName;
  args: readonly CallArgument[];
  /** Goes on when the kernel refuses. */
  optional: boolean;
  /** Error numbers after which it goes on all the same. */
  tolerated?: readonly number[];
  /** Fails unless it returns 0. Only in lists of the starter, as what follows. */
  mustBeZero?: boolean;
  /** Address that gets what it returns, 64 bits. */
  storeAt?: number;
  /** The same for many stages: what is written of it for one is kept for the next. */
  isKept?: boolean;
}

/** What the code of one processor can do for a program that is more than a list: src/sandbox/starter. */
export interface Assembler {
  /** An argument `{ at }` is read from memory, 64 bits. */
  systemCallWith(number: number, args: readonly (number | { at: number })[]): void;
  /** What the last call returned, or what was loaded last: `the result`. */
  storeResult(address: number): void;
  storeResult32(address: number): void;
  storeConstant32(address: number, value: number): void;
  load(address: number): void;
  load32(address: number): void;
  /** At most 4095. */
  addToResult(value: number): void;
  /** Jumps forward, to where `land` is called with what they return. */
  jump(): number;
  jumpIfZero(): number;
  jumpIfNegative(): number;
  /** At most 4095. */
  jumpIfEqual(value: number): number;
  jumpIfEqualTo(address: number): number;
  land(jump: number): void;
  /** The place that `jumpBack` goes to. */
  here(): number;
  jumpBack(place: number): void;
  /**
   * Makes the calls of a list in memory, whose address is at `list`; each is CALL_BYTES long (starter/script.ts). One that
   * fails leaves its address and its result at `failure`. @returns the jump of that case
   */
  runList(list: number, failure: number): number;
  /** Loads an argument that the program was started with. Only before the first call of a child. */
  loadArgument(index: number): void;
  /**
   * Executes the first that is there of the arguments from `first` on, up to an empty one, with the arguments behind that
   * one and the environment that the program was started with.
   * @param refused address for what a candidate other than an absent one was refused with: in the end the result
   */
  executeFirst(number: number, first: number, refused: number): void;
  writeRow(number: number, fd: number, row: TableRow): void;
  finish(): Uint8Array;
}

/** Text number `[at]` (32 bits; negative where `isNegative`) of a table of addresses and lengths, 16 bytes each. */
export interface TableRow {
  table: number;
  at: number;
  isNegative: boolean;
}

/** Of a call in a list that `runList` makes: where its parts are. Six arguments of 8 bytes follow the number. */
export const CALL = { args: 8, check: 56, store: 64, tolerated: 72, bytes: 80 } as const;
/** In place of a number: the list ends. */
export const LIST_END = -1;
export const CHECK = { nothing: 0, noError: 1, zero: 2 } as const;

export function call(name: SystemCallName, ...args: CallArgument[]): SystemCall {
  return { name, args, optional: false };
}

export function attempt(name: SystemCallName, ...args: CallArgument[]): SystemCall {
  return { name, args, optional: true };
}

/** As `call`, but goes on after these errors. */
export function callTolerating(
  tolerated: readonly number[],
  name: SystemCallName,
  ...args: CallArgument[]
): SystemCall {
  return { name, args, optional: false, tolerated };
}

/** The same calls, for many stages. */
export function keep(calls: readonly SystemCall[]): SystemCall[] {
  return calls.map((each) => ({ ...each, isKept: true }));
}

/** For error messages: the call with its path-like arguments. */
export function describeCall({ name, args }: SystemCall): string {
  const words = args.filter((arg): arg is string => typeof arg === "string" && arg !== "");
  const WORD_CHARS_MAX = 300;
  return [name, ...words.map((word) => word.slice(0, WORD_CHARS_MAX))].join(" ");
}
