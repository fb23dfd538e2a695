// Instructions of x86_64 (Intel SDM volume 2): what a launcher needs of them.
import assert from "node:assert/strict";

export class X64Code {
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

  jumpToFailureUnlessOk(index: number, tolerated: readonly number[] = []): void {
    const [FAILURE_BYTES, TOLERATED_BYTES] = [10, 7];
    let left = FAILURE_BYTES + TOLERATED_BYTES * tolerated.length;
    this.#bytes.push(0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff); // cmp rax, -4095
    this.#bytes.push(0x72, left); // jb over all that follows
    for (const errno of tolerated) {
      left -= TOLERATED_BYTES;
      this.#bytes.push(0x3d, ...word(-errno)); // cmp eax, -errno
      this.#bytes.push(0x74, left); // je over the rest
    }
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

/** 32 bits, little-endian. */
function word(value: number): [number, number, number, number] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff];
}
