// The system call filter of a stage, as Nix sets it: no setuid or setgid bits (EPERM), no extended attributes (ENOTSUP),
// because neither can be in a store. Assembled as classic BPF over `struct seccomp_data` (linux/seccomp.h).
import type { Machine } from "./system-call.ts";

interface Table {
  /** AUDIT_ARCH_* */
  architecture: number;
  /** Bits of the call number that matter: x32 calls are x86_64 calls with one bit more. */
  mask: number;
  /** Calls that take a file mode, with the index of that argument. */
  chmod: readonly (readonly [number: number, argument: number])[];
  xattr: readonly number[];
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const ALL = 0xffffffff;
const SETXATTRAT_GETXATTRAT = [463, 464] as const;
const FCHMODAT2 = [452, 2] as const;

const TABLES: Record<Machine, readonly Table[]> = {
  x64: [
    {
      architecture: 0xc000003e,
      mask: 0xbfffffff,
      chmod: [[90, 1], [91, 1], [268, 2], FCHMODAT2],
      xattr: [...range(188, 193), ...SETXATTRAT_GETXATTRAT],
    },
    {
      architecture: 0x40000003,
      mask: ALL,
      chmod: [[15, 1], [94, 1], [306, 2], FCHMODAT2],
      xattr: [...range(226, 231), ...SETXATTRAT_GETXATTRAT],
    },
  ],
  arm64: [
    {
      architecture: 0xc00000b7,
      mask: ALL,
      chmod: [[52, 1], [53, 2], FCHMODAT2],
      xattr: [...range(5, 10), ...SETXATTRAT_GETXATTRAT],
    },
    {
      architecture: 0x40000028,
      mask: ALL,
      chmod: [[15, 1], [94, 1], [333, 2], FCHMODAT2],
      xattr: [...range(226, 231), ...SETXATTRAT_GETXATTRAT],
    },
  ],
};

const SETUID_SETGID = 0o6000;
const [EPERM, ENOTSUP] = [1, 95];
const ACTION = { allow: 0x7fff0000, errno: 0x00050000, killProcess: 0x80000000 } as const;

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
const anyBit = (value: number, skip: number): Instruction => ({ code: 0x45, value, ifFalse: skip });
const argumentOffset = (index: number) => 16 + 8 * index;

/** @returns the program as an array of `struct sock_filter`, 8 bytes each. */
export function writeSeccompFilter(machine: Machine): Uint8Array {
  const program: Instruction[] = [];
  for (const { architecture, mask, chmod, xattr } of TABLES[machine]) {
    const block: Instruction[] = [load(0), and(mask)];
    for (const [number, argument] of chmod) {
      const deny = [load(argumentOffset(argument)), anyBit(SETUID_SETGID, 1), end(ACTION.errno | EPERM)];
      block.push(equal(number, deny.length + 1), ...deny, end(ACTION.allow));
    }
    for (const number of xattr) block.push(equal(number, 1), end(ACTION.errno | ENOTSUP));
    block.push(end(ACTION.allow));
    program.push(load(4), equal(architecture, block.length), ...block);
  }
  program.push(end(ACTION.killProcess));
  return encode(program);
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
