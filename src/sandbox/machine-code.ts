// A list of system calls -> a static ELF program that makes them one after another. This is how a stage is started with
// exactly the process state that Nix gives it (argv[0], environment bytes, terminal, limits, seccomp, mounts): no shell
// and no helper binary has to exist on the host or inside the sandbox, and nothing of ours stays in the process.
// Format: System V ABI, ELF-64; instruction encodings: Intel SDM volume 2, Arm ARM chapter C6.
// A call that fails ends the program: it writes two 32-bit numbers (index of the call, negative errno) to `reportFd`.
import assert from "node:assert/strict";
import { fromByteString } from "#base/bytes.ts";
import { COUNTERS_BYTES, COUNTER_BYTES } from "./counters.ts";
import { FCNTL_DUPLICATE_CLOSE_ON_EXEC, PERF_CLOSE_ON_EXEC } from "./linux.ts";
import { systemCallNumber } from "./system-call.ts";
import type { Argument, Machine, SystemCall } from "./system-call.ts";

const CODE_ADDRESS = 0x10000000;
const DATA_ADDRESS = 0x20000000;
const HEADER_BYTES = 64 + 3 * 56;
/** A multiple of every page size Linux uses on these machines. */
const PAGE = 0x10000;
const ELF_MACHINE = { x64: 62, arm64: 183 } as const;
/** Exit code of a launcher one of whose calls failed. */
export const LAUNCHER_FAILED = 125;
/** Starts the record of the waiting process: then comes the wait status (32 bit), struct rusage, and the counters. */
export const DONE_MARK = 0xf0000002;
const RUSAGE_BYTES = 144;
/** Offset of the counters in the record. */
export const COUNTERS_OFFSET = 8 + RUSAGE_BYTES;
export const DONE_RECORD_BYTES = COUNTERS_OFFSET + COUNTERS_BYTES;
/** Descriptors of counters start here, far from those that later calls count on. */
const COUNTER_FD = 100;

export interface Program {
  machine: Machine;
  /** These run in the first process before it forks; empty with `calls` alone. */
  parent?: readonly SystemCall[];
  /** What the first process counts of all it starts, and its lowest free descriptor. */
  counters?: { attributes: readonly Uint8Array[]; lowestFd: number };
  /** These run in the child, or, without `parent`, in the only process. The last is execve. */
  calls: readonly SystemCall[];
  reportFd: number;
  /** Added to the index in failure reports: for telling two programs apart on one descriptor. */
  firstIndex: number;
}

/** @returns the bytes of the executable. */
export function assembleProgram(program: Program): Uint8Array {
  const data = new DataSegment();
  const code = program.machine === "x64" ? new X64Code() : new Arm64Code();
  const report = data.add(new Uint8Array(8), 8);
  const systemCall = ({ name, args }: SystemCall) =>
    code.systemCall(
      systemCallNumber(name, program.machine),
      args.map((arg) => data.address(arg)),
    );
  const plain = (name: SystemCall["name"], ...args: Argument[]) => systemCall({ name, args, optional: true });
  const checked = (list: readonly SystemCall[], firstIndex: number) => {
    for (const [index, each] of list.entries()) {
      systemCall(each);
      if (!each.optional) code.jumpToFailureUnlessOk(firstIndex + index);
    }
  };
  const { parent, counters, calls, reportFd, firstIndex } = program;
  if (parent !== undefined) {
    checked(parent, firstIndex);
    const record = new Uint8Array(DONE_RECORD_BYTES);
    new DataView(record.buffer).setUint32(0, DONE_MARK, true);
    const address = data.add(record, 8);
    const slots = (counters?.attributes ?? []).map((_, index) => {
      return { fd: COUNTER_FD + index, at: address + COUNTERS_OFFSET + index * COUNTER_BYTES };
    });
    for (const [index, { fd, at }] of slots.entries()) {
      const { attributes = [], lowestFd = 0 } = counters ?? {};
      plain("perf_event_open", attributes[index] ?? 0, 0, -1, -1, PERF_CLOSE_ON_EXEC);
      code.storeResult(at);
      plain("fcntl", lowestFd, FCNTL_DUPLICATE_CLOSE_ON_EXEC, fd);
      plain("close", lowestFd);
    }
    const SIGCHLD = 17;
    plain("clone", SIGCHLD, 0, 0, 0, 0);
    const childStart = code.jumpIfZero();
    code.systemCallOnChild(systemCallNumber("wait4", program.machine), [address + 4, 0, address + 8]);
    for (const { fd, at } of slots) plain("read", fd, at + 8, COUNTER_BYTES - 8);
    plain("write", reportFd, address, DONE_RECORD_BYTES);
    plain("read", reportFd, report, 1);
    plain("exit_group", 0);
    code.land(childStart);
  }
  checked(calls, firstIndex + (parent?.length ?? 0));
  code.startFailure(report);
  plain("write", reportFd, report, 8);
  plain("exit_group", LAUNCHER_FAILED);
  return linkElf(program.machine, code.finish(), data.finish());
}

/** Constants of the program at fixed addresses. */
class DataSegment {
  readonly #parts: { offset: number; bytes: Uint8Array }[] = [];
  readonly #known = new Map<string, number>();
  #size = 0;

  address(argument: Argument): number {
    if (typeof argument === "number") return argument;
    if (typeof argument === "string") return this.#text(argument);
    if (argument instanceof Uint8Array) return this.add(argument, 8);
    if ("bpf" in argument) {
      const filter = new DataView(new ArrayBuffer(16));
      filter.setUint16(0, argument.bpf.length / 8, true);
      filter.setBigUint64(8, BigInt(this.add(argument.bpf, 8)), true);
      return this.add(new Uint8Array(filter.buffer), 8);
    }
    const addresses = argument.map((text) => BigInt(this.#text(text)));
    return this.add(new Uint8Array(BigUint64Array.from([...addresses, 0n]).buffer), 8);
  }

  add(bytes: Uint8Array, alignment: number): number {
    const offset = Math.ceil(this.#size / alignment) * alignment;
    this.#parts.push({ offset, bytes });
    this.#size = offset + bytes.length;
    return DATA_ADDRESS + HEADER_BYTES + offset;
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#size);
    for (const part of this.#parts) bytes.set(part.bytes, part.offset);
    return bytes;
  }

  #text(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    assert(!text.includes("\0"), "a C string holds no NUL");
    const address = this.add(fromByteString(`${text}\0`), 1);
    this.#known.set(text, address);
    return address;
  }
}

class X64Code {
  readonly #bytes: number[] = [];
  readonly #failureJumps: number[] = [];

  systemCall(number: number, args: readonly number[]): void {
    // opcodes of mov into rdi, rsi, rdx, r10, r8, r9, without the bit for 64-bit operands
    const registers = [
      [0x40, 0xbf],
      [0x40, 0xbe],
      [0x40, 0xba],
      [0x41, 0xba],
      [0x41, 0xb8],
      [0x41, 0xb9],
    ] as const;
    for (const [index, arg] of args.entries()) {
      const register = registers[index];
      assert(register !== undefined, "a system call has at most six arguments");
      const isWide = arg < 0 || arg > 0xffffffff;
      this.#bytes.push(register[0] | (isWide ? 0x08 : 0), register[1], ...word(arg));
      if (isWide) this.#bytes.push(...word(Math.floor(arg / 2 ** 32)));
    }
    this.#bytes.push(0xb8, ...word(number), 0x0f, 0x05); // mov eax, number; syscall
  }

  /** As systemCall, with the process made by the last clone as first argument. */
  systemCallOnChild(number: number, args: readonly number[]): void {
    this.#bytes.push(0x49, 0x89, 0xc4); // mov r12, rax
    this.systemCall(number, [0, ...args]);
    const CALL_BYTES = 7; // mov eax, imm32; syscall
    this.#bytes.splice(this.#bytes.length - CALL_BYTES, 0, 0x4c, 0x89, 0xe7); // mov rdi, r12
  }

  /** Keeps what the last call returned, 64 bits. */
  storeResult(address: number): void {
    this.#bytes.push(0x48, 0x89, 0x04, 0x25, ...word(address)); // mov [address], rax
  }

  jumpToFailureUnlessOk(index: number): void {
    this.#bytes.push(0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff); // cmp rax, -4095
    this.#bytes.push(0x72, 10); // jb over the next two
    this.#bytes.push(0xbb, ...word(index)); // mov ebx, index
    this.#bytes.push(0xe9, 0, 0, 0, 0); // jmp failure
    this.#failureJumps.push(this.#bytes.length);
  }

  jumpIfZero(): number {
    this.#bytes.push(0x48, 0x85, 0xc0, 0x0f, 0x84, 0, 0, 0, 0); // test rax, rax; jz rel32
    return this.#bytes.length;
  }

  /** Makes the jump that `jumpIfZero` returned end here. */
  land(jump: number): void {
    const distance = this.#bytes.length - jump;
    this.#bytes.splice(jump - 4, 4, ...word(distance));
  }

  startFailure(report: number): void {
    for (const jump of this.#failureJumps) this.land(jump);
    this.#bytes.push(0x89, 0x1c, 0x25, ...word(report)); // mov [report], ebx
    this.#bytes.push(0x89, 0x04, 0x25, ...word(report + 4)); // mov [report + 4], eax
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

class Arm64Code {
  readonly #words: number[] = [];
  readonly #failureJumps: number[] = [];

  systemCall(number: number, args: readonly number[]): void {
    for (const [register, arg] of args.entries()) this.#set(register, arg);
    this.#set(8, number);
    this.#words.push(0xd4000001); // svc #0
  }

  systemCallOnChild(number: number, args: readonly number[]): void {
    for (const [index, arg] of args.entries()) this.#set(index + 1, arg);
    this.#set(8, number);
    this.#words.push(0xd4000001); // svc #0; x0 still holds the child
  }

  storeResult(address: number): void {
    this.#set(10, address);
    this.#words.push(0xf9000140); // str x0, [x10]
  }

  jumpToFailureUnlessOk(index: number): void {
    this.#words.push(0xb13ffc1f); // cmn x0, #4095
    this.#words.push(0x54000003 | (4 << 5)); // b.lo over the next three
    this.#words.push(0xd2800009 | ((index & 0xffff) << 5)); // movz x9, #index
    this.#words.push(0xf2a00009 | ((index >>> 16) << 5)); // movk x9, #index >> 16, lsl #16
    this.#words.push(0x14000000); // b failure
    this.#failureJumps.push(this.#words.length - 1);
  }

  jumpIfZero(): number {
    this.#words.push(0xb4000000); // cbz x0
    return this.#words.length - 1;
  }

  land(jump: number): void {
    const distance = this.#words.length - jump;
    const word = this.#words[jump] ?? 0;
    const isBranch = word === 0x14000000;
    this.#words[jump] = isBranch ? word | (distance & 0x3ffffff) : word | ((distance & 0x7ffff) << 5);
  }

  startFailure(report: number): void {
    for (const jump of this.#failureJumps) this.land(jump);
    this.#set(10, report);
    this.#words.push(0xb9000149, 0xb9000540); // str w9, [x10]; str w0, [x10, #4]
  }

  finish(): Uint8Array {
    return new Uint8Array(Uint32Array.from(this.#words).buffer);
  }

  #set(register: number, value: number): void {
    const [low, high] = [value >>> 0, Math.floor(value / 2 ** 32) >>> 0];
    for (const [part, half] of [low & 0xffff, low >>> 16, high & 0xffff, high >>> 16].entries()) {
      if (part > 0 && half === 0) continue;
      const instruction = part === 0 ? 0xd2800000 : 0xf2800000; // movz, movk
      this.#words.push((instruction | (part << 21) | (half << 5) | register) >>> 0);
    }
  }
}

/** 32 bits, little-endian. */
function word(value: number): [number, number, number, number] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];
}

function linkElf(machine: Machine, code: Uint8Array, data: Uint8Array): Uint8Array {
  const codeOffset = Math.ceil((HEADER_BYTES + data.length) / 16) * 16;
  const image = new Uint8Array(codeOffset + code.length);
  const view = new DataView(image.buffer);
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, ELF_MACHINE[machine], true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE_ADDRESS + codeOffset), true);
  view.setBigUint64(32, 64n, true); // program headers
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 3, true);
  view.setUint16(58, 64, true);
  const [executable, writable, readable] = [1, 2, 4];
  // File offset and address agree modulo PAGE: the kernel maps whole pages of the file, so both segments may share one.
  const segments = [
    { type: 1, flags: readable | writable, offset: HEADER_BYTES, address: DATA_ADDRESS, size: data.length },
    { type: 1, flags: readable | executable, offset: codeOffset, address: CODE_ADDRESS, size: code.length },
    { type: 0x6474e551, flags: readable | writable, offset: 0, address: 0, size: 0 }, // PT_GNU_STACK
  ];
  for (const [index, { type, flags, offset, address, size }] of segments.entries()) {
    const at = 64 + index * 56;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(address + offset), true);
    view.setBigUint64(at + 24, BigInt(address + offset), true);
    view.setBigUint64(at + 32, BigInt(size), true);
    view.setBigUint64(at + 40, BigInt(size), true);
    view.setBigUint64(at + 48, BigInt(PAGE), true);
  }
  image.set(data, HEADER_BYTES);
  image.set(code, codeOffset);
  return image;
}
