// The system call filter under which scripts of packages run: what only root can do, and what no store path can hold, is
// answered as done and not done. Owners, devices, set-id bits and attributes are lost in a store path anyway. It comes
// after the filters of the sandbox, and of two filters that answer a call without making it the kernel takes the later.
import type { Processor } from "./launcher/system-call.ts";
import { ACTION, SETUID_SETGID, writeFilter, type CallRule } from "./seccomp.ts";

interface Calls {
  /** chown, fchown, lchown, fchownat; setgroups, set*id; capset; and those that set or remove attributes. */
  whole: readonly number[];
  /** Change a mode: which argument it is. */
  chmod: readonly (readonly [number: number, mode: number])[];
  /** Make a node: which argument is its mode. */
  mknod: readonly (readonly [number: number, mode: number])[];
}

// The same on every architecture.
const [SETXATTRAT, REMOVEXATTRAT, FCHMODAT2] = [463, 466, 452];

const CALLS: Record<Processor, { architecture: number; mask: number; calls: Calls }> = {
  x64: {
    architecture: 0xc000003e,
    mask: 0xbfffffff, // x32 calls are these with one bit more
    calls: {
      whole: [
        92,
        93,
        94,
        260,
        105,
        106,
        113,
        114,
        116,
        117,
        119,
        122,
        123,
        126,
        188,
        189,
        190,
        197,
        198,
        199,
        SETXATTRAT,
        REMOVEXATTRAT,
      ],
      chmod: [
        [90, 1],
        [91, 1],
        [268, 2],
        [FCHMODAT2, 2],
      ],
      mknod: [
        [133, 1],
        [259, 2],
      ],
    },
  },
  arm64: {
    architecture: 0xc00000b7,
    mask: 0xffffffff,
    calls: {
      whole: [
        54,
        55,
        91,
        143,
        144,
        145,
        146,
        147,
        149,
        151,
        152,
        159,
        5,
        6,
        7,
        14,
        15,
        16,
        SETXATTRAT,
        REMOVEXATTRAT,
      ],
      chmod: [
        [52, 1],
        [53, 2],
        [FCHMODAT2, 2],
      ],
      mknod: [[33, 2]],
    },
  },
};

/** In a mode: set for block and character devices, and for no other node that mknod(2) makes. */
const IS_DEVICE = 0o020000;

export function writeFakeRootFilter(machine: Processor): Uint8Array {
  const { calls, ...table } = CALLS[machine];
  const rules: CallRule[] = [
    ...calls.whole.map((number): CallRule => ({ number, error: "none", when: [] })),
    ...calls.chmod.map(([number, argument]): CallRule => {
      return { number, error: "none", when: [{ argument, anyBit: SETUID_SETGID }] };
    }),
    ...calls.mknod.map(([number, argument]): CallRule => {
      return { number, error: "none", when: [{ argument, anyBit: IS_DEVICE }] };
    }),
  ];
  return writeFilter([{ ...table, rules }], ACTION.allow);
}
