// Instructions of x86_64 (Intel SDM volume 2): what a launcher needs of them.
import { assert } from "#base/assert.ts";
import { CALL, CHECK } from "./system-call.ts";
import type { Assembler, TableRow } from "./system-call.ts";

export class X64Code implements Assembler {
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

  systemCallWith(number: number, args: readonly (number | { at: number })[]): void {
    // mov from memory into rdi, rsi, rdx, r10, r8, r9
    const registers = [
      [0x48, 0x3c],
      [0x48, 0x34],
      [0x48, 0x14],
      [0x4c, 0x14],
      [0x4c, 0x04],
      [0x4c, 0x0c],
    ] as const;
    this.systemCall(
      number,
      args.map((arg) => (typeof arg === "number" ? arg : 0)),
    );
    const CALL_BYTES = 7; // mov eax, imm32; syscall
    const call = this.#bytes.splice(this.#bytes.length - CALL_BYTES, CALL_BYTES);
    for (const [index, arg] of args.entries()) {
      const register = registers[index];
      if (typeof arg === "number" || register === undefined) continue;
      this.#bytes.push(register[0], 0x8b, register[1], 0x25, ...word(arg.at));
    }
    this.#bytes.push(...call);
  }

  storeResult32(address: number): void {
    this.#bytes.push(0x89, 0x04, 0x25, ...word(address)); // mov [address], eax
  }

  storeConstant32(address: number, value: number): void {
    this.#bytes.push(0xc7, 0x04, 0x25, ...word(address), ...word(value)); // mov dword [address], value
  }

  load(address: number): void {
    this.#bytes.push(0x48, 0x8b, 0x04, 0x25, ...word(address)); // mov rax, [address]
  }

  load32(address: number): void {
    this.#bytes.push(0x8b, 0x04, 0x25, ...word(address)); // mov eax, [address]
  }

  addToResult(value: number): void {
    this.#bytes.push(0x48, 0x05, ...word(value)); // add rax, value
  }

  jump(): number {
    this.#bytes.push(0xe9, 0, 0, 0, 0); // jmp rel32
    return this.#bytes.length;
  }

  jumpIfNegative(): number {
    this.#bytes.push(0x48, 0x85, 0xc0); // test rax, rax
    return this.#jumpIf(0x88); // js
  }

  jumpIfEqual(value: number): number {
    this.#bytes.push(0x48, 0x3d, ...word(value)); // cmp rax, value
    return this.#jumpIf(0x84); // je
  }

  jumpIfEqualTo(address: number): number {
    this.#bytes.push(0x48, 0x3b, 0x04, 0x25, ...word(address)); // cmp rax, [address]
    return this.#jumpIf(0x84); // je
  }

  here(): number {
    return this.#bytes.length;
  }

  jumpBack(place: number): void {
    const JUMP_BYTES = 5;
    this.#bytes.push(0xe9, ...word(place - this.#bytes.length - JUMP_BYTES)); // jmp rel32
  }

  runList(list: number, failure: number): number {
    this.#bytes.push(0x48, 0x8b, 0x1c, 0x25, ...word(list)); // mov rbx, [list]
    const start = this.here();
    this.#bytes.push(0x48, 0x8b, 0x03); // mov rax, [rbx]
    this.#bytes.push(0x48, 0x83, 0xf8, 0xff); // cmp rax, -1
    const end = this.#jumpIf(0x84); // je
    // mov rdi, rsi, rdx, r10, r8, r9 from [rbx + 8] and on
    const registers = [
      [0x48, 0x7b],
      [0x48, 0x73],
      [0x48, 0x53],
      [0x4c, 0x53],
      [0x4c, 0x43],
      [0x4c, 0x4b],
    ];
    for (const [index, [prefix = 0, register = 0]] of registers.entries())
      this.#bytes.push(prefix, 0x8b, register, CALL.args + 8 * index);
    this.#bytes.push(0x0f, 0x05); // syscall
    this.#bytes.push(0x48, 0x8b, 0x4b, CALL.store, 0x48, 0x85, 0xc9); // mov rcx, [rbx + store]; test rcx, rcx
    const notStored = this.#jumpIf(0x84); // jz
    this.#bytes.push(0x48, 0x89, 0x01); // mov [rcx], rax
    this.land(notStored);
    this.#bytes.push(0x8b, 0x4b, CALL.check, 0x85, 0xc9); // mov ecx, [rbx + check]; test ecx, ecx
    const unchecked = this.#jumpIf(0x84); // jz
    this.#bytes.push(0x83, 0xf9, CHECK.zero); // cmp ecx, zero
    const mustBeZero = this.#jumpIf(0x84); // je
    this.#bytes.push(0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff); // cmp rax, -4095
    const noError = this.#jumpIf(0x82); // jb
    const wrong = this.jump();
    this.land(mustBeZero);
    this.#bytes.push(0x48, 0x85, 0xc0); // test rax, rax
    const isZero = this.#jumpIf(0x84); // jz
    this.land(wrong);
    this.#bytes.push(0x89, 0xc2, 0xf7, 0xda); // mov edx, eax; neg edx
    this.#bytes.push(0x3b, 0x53, CALL.tolerated); // cmp edx, [rbx + tolerated]
    const first = this.#jumpIf(0x84); // je
    this.#bytes.push(0x3b, 0x53, CALL.tolerated + 4); // cmp edx, [rbx + tolerated + 4]
    const second = this.#jumpIf(0x84); // je
    this.#bytes.push(0x48, 0x89, 0x1c, 0x25, ...word(failure)); // mov [failure], rbx
    this.storeResult(failure + 8);
    const failed = this.jump();
    for (const jump of [unchecked, noError, isZero, first, second]) this.land(jump);
    this.#bytes.push(0x48, 0x83, 0xc3, CALL.bytes); // add rbx, CALL.bytes
    this.jumpBack(start);
    this.land(end);
    return failed;
  }

  loadArgument(index: number): void {
    this.#bytes.push(0x48, 0x8b, 0x84, 0x24, ...word(8 * (index + 1))); // mov rax, [rsp + 8 * (index + 1)]
  }

  executeFirst(number: number, first: number, refused: number): void {
    const code = this.#bytes;
    const ENOENT = 2;
    code.push(0x48, 0xc7, 0x04, 0x25, ...word(refused), ...word(-ENOENT)); // mov qword [refused], -ENOENT
    code.push(0x48, 0x8b, 0x0c, 0x24); // mov rcx, [rsp]
    code.push(0x4c, 0x8d, 0x74, 0xcc, 0x10); // lea r14, [rsp + 8 * rcx + 16]: the environment
    code.push(0x4c, 0x8d, 0xa4, 0x24, ...word(8 * (first + 1))); // lea r12, [rsp + 8 * (first + 1)]: a candidate
    code.push(0x4d, 0x89, 0xe5); // mov r13, r12
    const scan = this.here();
    code.push(0x49, 0x8b, 0x45, 0x00); // mov rax, [r13]
    code.push(0x49, 0x83, 0xc5, 0x08); // add r13, 8: in the end what is behind the empty one
    code.push(0x80, 0x38, 0x00); // cmp byte [rax], 0
    const found = this.#jumpIf(0x84); // je
    this.jumpBack(scan);
    this.land(found);
    const next = this.here();
    code.push(0x49, 0x8b, 0x3c, 0x24); // mov rdi, [r12]
    code.push(0x80, 0x3f, 0x00); // cmp byte [rdi], 0
    const noMore = this.#jumpIf(0x84); // je
    code.push(0x4c, 0x89, 0xee, 0x4c, 0x89, 0xf2); // mov rsi, r13; mov rdx, r14
    code.push(0xb8, ...word(number), 0x0f, 0x05); // mov eax, number; syscall
    code.push(0x49, 0x83, 0xc4, 0x08); // add r12, 8
    code.push(0x48, 0x83, 0xf8, 0x100 - ENOENT); // cmp rax, -ENOENT
    const isAbsent = this.#jumpIf(0x84); // je
    this.storeResult(refused);
    this.land(isAbsent);
    this.jumpBack(next);
    this.land(noMore);
    this.load(refused);
  }

  writeRow(number: number, fd: number, { table, at, isNegative }: TableRow): void {
    this.load32(at);
    if (isNegative) this.#bytes.push(0xf7, 0xd8); // neg eax
    this.#bytes.push(0xc1, 0xe0, 0x04); // shl eax, 4
    this.#bytes.push(0x48, 0x8b, 0xb0, ...word(table)); // mov rsi, [rax + table]
    this.#bytes.push(0x48, 0x8b, 0x90, ...word(table + 8)); // mov rdx, [rax + table + 8]
    this.#bytes.push(0xbf, ...word(fd), 0xb8, ...word(number), 0x0f, 0x05); // mov edi, fd; mov eax, number; syscall
  }

  #jumpIf(condition: number): number {
    this.#bytes.push(0x0f, condition, 0, 0, 0, 0); // jcc rel32
    return this.#bytes.length;
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
