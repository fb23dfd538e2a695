// The system call filter of a stage. As Nix sets it: no setuid or setgid bits (EPERM) and no extended attributes (ENOTSUP),
// because neither can be in a store. Beyond Nix: what reaches files or the host past such a filter is refused as if the
// kernel did not have it. docs/security.md has the reason of each; test/sandbox/security.test.ts tries them.
// Assembled as classic BPF over `struct seccomp_data` (linux/seccomp.h); numbers are those of the kernel's tables.
import { assert } from "#base/assert.ts";
import { IOCTL } from "./linux.ts";
import type { Processor } from "./launcher/system-call.ts";

interface Table {
  /** AUDIT_ARCH_* */
  architecture: number;
  /** Bits of the call number that matter: x32 calls are x86_64 calls with one bit more. */
  mask: number;
  calls: Calls;
}

/** Numbers of the calls in question on one architecture; with the index of an argument where that differs. */
interface Calls {
  /** Change a mode: which argument it is. */
  chmod: readonly (readonly [number: number, mode: number])[];
  /** Make a file, folder or node with a mode. */
  make: readonly (readonly [number: number, mode: number])[];
  /** Open (files, and message queues), and with some flags make: which argument the flags are; the mode comes next. */
  open: readonly (readonly [number: number, flags: number])[];
  xattr: readonly number[];
  socket: number;
  /** The old way to all socket calls in one; its arguments are in memory, where a filter can't read. */
  socketcall?: number;
  /** add_key, request_key, keyctl. */
  keys: readonly number[];
  /** Of x86_64 also that of x32, which has a number of its own. */
  ioctl: readonly number[];
  /** Reach a process group: kill, setpriority, ioprio_set. */
  groups: readonly [kill: number, setpriority: number, ioprioSet: number];
  getrandom: number;
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const ALL = 0xffffffff;
// The same on every architecture: newer calls have one number everywhere.
const SETXATTRAT_TO_REMOVEXATTRAT = range(463, 466);
const FCHMODAT2 = [452, 2] as const;
const IO_URING = range(425, 427);
const OPENAT2 = 437;
const PIDFD_SEND_SIGNAL = 424;

const X86_64: Calls = {
  chmod: [[90, 1], [91, 1], [268, 2], FCHMODAT2],
  make: [
    [85, 1],
    [83, 1],
    [133, 1],
    [258, 2],
    [259, 2],
  ],
  open: [
    [2, 1],
    [257, 2],
    [240, 1],
  ],
  xattr: [...range(188, 193), ...SETXATTRAT_TO_REMOVEXATTRAT],
  socket: 41,
  keys: range(248, 250),
  ioctl: [16, 514],
  groups: [62, 141, 251],
  getrandom: 318,
};
const I386: Calls = {
  chmod: [[15, 1], [94, 1], [306, 2], FCHMODAT2],
  make: [
    [8, 1],
    [39, 1],
    [14, 1],
    [296, 2],
    [297, 2],
  ],
  open: [
    [5, 1],
    [295, 2],
    [277, 1],
  ],
  xattr: [...range(226, 231), ...SETXATTRAT_TO_REMOVEXATTRAT],
  socket: 359,
  socketcall: 102,
  keys: range(286, 288),
  ioctl: [54],
  groups: [37, 97, 289],
  getrandom: 355,
};
const AARCH64: Calls = {
  chmod: [[52, 1], [53, 2], FCHMODAT2],
  make: [
    [34, 2],
    [33, 2],
  ],
  open: [
    [56, 2],
    [180, 1],
  ],
  xattr: [...range(5, 10), ...SETXATTRAT_TO_REMOVEXATTRAT],
  socket: 198,
  keys: range(217, 219),
  ioctl: [29],
  groups: [129, 140, 30],
  getrandom: 278,
};
const ARM: Calls = {
  chmod: [[15, 1], [94, 1], [333, 2], FCHMODAT2],
  make: [
    [8, 1],
    [39, 1],
    [14, 1],
    [323, 2],
    [324, 2],
  ],
  open: [
    [5, 1],
    [322, 2],
    [274, 1],
  ],
  xattr: [...range(226, 231), ...SETXATTRAT_TO_REMOVEXATTRAT],
  socket: 281,
  keys: range(309, 311),
  ioctl: [54],
  groups: [37, 97, 314],
  getrandom: 384,
};

const TABLES: Record<Processor, readonly Table[]> = {
  x64: [
    { architecture: 0xc000003e, mask: 0xbfffffff, calls: X86_64 },
    { architecture: 0x40000003, mask: ALL, calls: I386 },
  ],
  arm64: [
    { architecture: 0xc00000b7, mask: ALL, calls: AARCH64 },
    { architecture: 0x40000028, mask: ALL, calls: ARM },
  ],
};

export const SETUID_SETGID = 0o6000;
/** Only with one of these does open(2) look at a mode: O_CREAT, and what is left of O_TMPFILE without O_DIRECTORY. */
const CREATES = 0x40 | 0x400000;
/**
 * AF_UNIX, AF_INET, AF_INET6, AF_NETLINK and AF_PACKET, whose sockets reach what is in their network namespace, and AF_ALG, whose
 * reach nobody. Of others some belong to no namespace: AF_VSOCK, AF_QIPCRTR, AF_RDS, AF_BLUETOOTH.
 */
const FAMILIES = [1, 2, 10, 16, 17, 38] as const;
const SOCKETCALL_SOCKET = 1;
/** PIDFD_SIGNAL_PROCESS_GROUP, PRIO_PGRP, IOPRIO_WHO_PGRP. */
const [PIDFD_OF_GROUP, PRIO_OF_GROUP, IOPRIO_OF_GROUP] = [4, 1, 2];
/** `none`: the call is not made, and who made it is told that it was. */
const ERRNO = { none: 0, EPERM: 1, ENOSYS: 38, ENOTSUP: 95, EAFNOSUPPORT: 97 } as const;
export const ACTION = { allow: 0x7fff0000, errno: 0x00050000, killProcess: 0x80000000 } as const;

/** A call that is answered with `error` when all of `when` holds. */
export interface CallRule {
  /** Of no other rule of its table: where one does not hold the call is allowed. */
  number: number;
  error: keyof typeof ERRNO;
  when: readonly Condition[];
}

/** On an argument: one of these bits is set (of the low half), it is one of these numbers, or none of these. */
type Condition = { argument: number } & (
  | { anyBit: number }
  | { oneOf: readonly number[] }
  | { noneOf: readonly number[] }
);

function rulesOf({ chmod, make, open, xattr, socket, socketcall, keys }: Calls): CallRule[] {
  const setsId = (argument: number): Condition => ({ argument, anyBit: SETUID_SETGID });
  return [
    ...[...chmod, ...make].map(([number, mode]): CallRule => ({
      number,
      error: "EPERM",
      when: [setsId(mode)],
    })),
    ...open.map(([number, flags]): CallRule => ({
      number,
      error: "EPERM",
      when: [{ argument: flags, anyBit: CREATES }, setsId(flags + 1)],
    })),
    ...xattr.map((number): CallRule => ({ number, error: "ENOTSUP", when: [] })),
    // Keys have numbers that are the whole machine's, and those of the user's keyring are for whoever has its user id.
    ...[...IO_URING, OPENAT2, ...keys].map((number): CallRule => ({ number, error: "ENOSYS", when: [] })),
    { number: socket, error: "EAFNOSUPPORT", when: [{ argument: 0, noneOf: FAMILIES }] },
    ...(socketcall === undefined
      ? []
      : [
          {
            number: socketcall,
            error: "ENOSYS",
            when: [{ argument: 0, oneOf: [SOCKETCALL_SOCKET] }],
          } as const,
        ]),
  ];
}

interface Instruction {
  code: number;
  ifTrue?: number;
  ifFalse?: number;
  value: number;
}

const load = (offset: number): Instruction => ({ code: 0x20, value: offset });
const and = (value: number): Instruction => ({ code: 0x54, value });
const end = (action: number): Instruction => ({ code: 0x06, value: action });
/** Goes on when equal, else leaves out the next `skip` instructions. */
const equal = (value: number, skip: number): Instruction => ({ code: 0x15, value, ifFalse: skip });
const anyBit = (value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x45,
  value,
  ifTrue,
  ifFalse,
});
const lowHalf = (argument: number) => load(16 + 8 * argument);

/** @returns the program as an array of `struct sock_filter`, 8 bytes each. */
export function writeSeccompFilter(machine: Processor): Uint8Array {
  const tables = TABLES[machine].map(({ calls, ...table }) => ({ ...table, rules: rulesOf(calls) }));
  return writeFilter(tables, ACTION.killProcess);
}

/**
 * For who has the caller's own terminal: may not type into it for the user, whose shell would read that afterwards. Nor may
 * it paste, on a console. It is in the process group of the caller, too, and "my own group" means that one, of processes that it
 * can't see: it may not be signalled as a whole, nor slowed down. It comes after the filter of a stage.
 */
export function writeTerminalFilter(machine: Processor): Uint8Array {
  const own = (argument: number): Condition => ({ argument, oneOf: [0] });
  const tables = TABLES[machine].map(({ calls, ...table }) => {
    const [kill, setpriority, ioprioSet] = calls.groups;
    const refused: (readonly [number, ...Condition[]])[] = [
      ...calls.ioctl.map(
        (number) => [number, { argument: 1, oneOf: [IOCTL.typeForUser, IOCTL.console] }] as const,
      ),
      [kill, own(0)],
      [PIDFD_SEND_SIGNAL, { argument: 3, anyBit: PIDFD_OF_GROUP }],
      [setpriority, { argument: 0, oneOf: [PRIO_OF_GROUP] }, own(1)],
      [ioprioSet, { argument: 0, oneOf: [IOPRIO_OF_GROUP] }, own(1)],
    ];
    return {
      ...table,
      rules: refused.map(([number, ...when]): CallRule => ({ number, error: "EPERM", when })),
    };
  });
  return writeFilter(tables, ACTION.allow);
}

/** For who is to read its random bytes from a device: the call that gives them is refused. It comes after the filter of a stage. */
export function writeRandomFilter(machine: Processor): Uint8Array {
  const tables = TABLES[machine].map(({ calls, ...table }) => {
    const rules: CallRule[] = [{ number: calls.getrandom, error: "ENOSYS", when: [] }];
    return { ...table, rules };
  });
  return writeFilter(tables, ACTION.allow);
}

/** @param elsewhere what becomes of calls of another architecture */
export function writeFilter(
  tables: readonly { architecture: number; mask: number; rules: readonly CallRule[] }[],
  elsewhere: number,
): Uint8Array {
  const program: Instruction[] = [];
  for (const { architecture, mask, rules } of tables) {
    assert(new Set(rules.map(({ number }) => number)).size === rules.length, "a call has one rule");
    const block = [load(0), and(mask), ...rules.flatMap(writeRule), end(ACTION.allow)];
    program.push(load(4), ...equalFar(architecture, block.length), ...block);
  }
  program.push(end(elsewhere));
  return encode(program);
}

/** From the last condition to the first: each knows how far it is to the end of the rule. */
function writeRule({ number, error, when }: CallRule): Instruction[] {
  let body = [end(ACTION.errno | ERRNO[error])];
  if (when.length > 0) body.push(end(ACTION.allow));
  for (const condition of when.toReversed()) {
    const toAllow = body.length - 1;
    body = [...writeCondition(condition, toAllow), ...body];
  }
  return [equal(number, body.length), ...body];
}

/** Goes on when it holds, else leaves out the next `toAllow` instructions. */
function writeCondition(condition: Condition, toAllow: number): Instruction[] {
  const { argument } = condition;
  if ("oneOf" in condition) {
    const last = condition.oneOf.length - 1;
    return [
      lowHalf(argument),
      ...condition.oneOf.map((value, index) => ({
        code: 0x15,
        value,
        ifTrue: last - index,
        ifFalse: index === last ? toAllow : 0,
      })),
    ];
  }
  if ("noneOf" in condition) {
    const toEnd = (index: number) => condition.noneOf.length - 1 - index;
    return [
      lowHalf(argument),
      ...condition.noneOf.map((value, index) => ({ code: 0x15, value, ifTrue: toEnd(index) + toAllow })),
    ];
  }
  return [lowHalf(argument), anyBit(condition.anyBit, 0, toAllow)];
}

/** As `equal`, over more instructions than a conditional jump reaches. */
function equalFar(value: number, skip: number): Instruction[] {
  return [
    { code: 0x15, value, ifTrue: 1 },
    { code: 0x05, value: skip },
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, { code, ifTrue = 0, ifFalse = 0, value }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, ifTrue);
    view.setUint8(index * 8 + 3, ifFalse);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return new Uint8Array(view.buffer);
}
