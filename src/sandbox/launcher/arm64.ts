// Instructions of aarch64 (Arm ARM, chapter C6): what a launcher needs of them.
import { CALL, CHECK } from "./system-call.ts";
import type { Assembler, TableRow } from "./system-call.ts";

export class Arm64Code implements Assembler {
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

  jumpToFailureUnlessOk(index: number, tolerated: readonly number[] = []): void {
    const [FAILURE_WORDS, TOLERATED_WORDS] = [3, 2];
    let left = FAILURE_WORDS + TOLERATED_WORDS * tolerated.length;
    this.#words.push(0xb13ffc1f); // cmn x0, #4095
    this.#words.push(0x54000003 | ((left + 1) << 5)); // b.lo over all that follows
    for (const errno of tolerated) {
      left -= TOLERATED_WORDS;
      this.#words.push(0x3100001f | (errno << 10)); // cmn w0, #errno
      this.#words.push(0x54000000 | ((left + 1) << 5)); // b.eq over the rest
    }
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
    this.#words[jump] = isBranch ? word | (distance & 0x3ffffff) : (word | ((distance & 0x7ffff) << 5)) >>> 0;
  }

  systemCallWith(number: number, args: readonly (number | { at: number })[]): void {
    for (const [register, arg] of args.entries()) {
      if (typeof arg === "number") {
        this.#set(register, arg);
      } else {
        this.#set(10, arg.at);
        this.#words.push(0xf9400140 | register); // ldr x<register>, [x10]
      }
    }
    this.#set(8, number);
    this.#words.push(0xd4000001); // svc #0
  }

  storeResult32(address: number): void {
    this.#set(10, address);
    this.#words.push(0xb9000140); // str w0, [x10]
  }

  storeConstant32(address: number, value: number): void {
    this.#set(10, address);
    this.#set(9, value);
    this.#words.push(0xb9000149); // str w9, [x10]
  }

  load(address: number): void {
    this.#set(10, address);
    this.#words.push(0xf9400140); // ldr x0, [x10]
  }

  load32(address: number): void {
    this.#set(10, address);
    this.#words.push(0xb9400140); // ldr w0, [x10]
  }

  addToResult(value: number): void {
    this.#words.push(0x91000000 | (value << 10)); // add x0, x0, #value
  }

  jump(): number {
    this.#words.push(0x14000000); // b
    return this.#words.length - 1;
  }

  jumpIfNegative(): number {
    this.#words.push(0xf100001f); // cmp x0, #0
    return this.#jumpIf(0x5400000b); // b.lt
  }

  jumpIfEqual(value: number): number {
    this.#words.push(0xf100001f | (value << 10)); // cmp x0, #value
    return this.#jumpIf(0x54000000); // b.eq
  }

  jumpIfEqualTo(address: number): number {
    this.#set(10, address);
    this.#words.push(0xf9400149, 0xeb09001f); // ldr x9, [x10]; cmp x0, x9
    return this.#jumpIf(0x54000000); // b.eq
  }

  here(): number {
    return this.#words.length;
  }

  jumpBack(place: number): void {
    this.#words.push(0x14000000 | ((place - this.#words.length) & 0x3ffffff)); // b
  }

  runList(list: number, failure: number): number {
    this.#set(10, list);
    this.#words.push(0xf9400153); // ldr x19, [x10]
    const start = this.here();
    this.#words.push(0xf9400268, 0xb100051f); // ldr x8, [x19]; cmn x8, #1
    const end = this.#jumpIf(0x54000000); // b.eq
    for (let register = 0; register < 6; register += 1)
      this.#words.push(0xf9400260 | ((CALL.args / 8 + register) << 10) | register); // ldr x<register>, [x19, #offset]
    this.#words.push(0xd4000001); // svc #0
    this.#words.push(0xf9400269 | ((CALL.store / 8) << 10)); // ldr x9, [x19, #store]
    const notStored = this.#jumpIf(0xb4000009); // cbz x9
    this.#words.push(0xf9000120); // str x0, [x9]
    this.land(notStored);
    this.#words.push(0xb9400269 | ((CALL.check / 4) << 10)); // ldr w9, [x19, #check]
    const unchecked = this.#jumpIf(0x34000009); // cbz w9
    this.#words.push(0x7100013f | (CHECK.zero << 10)); // cmp w9, #zero
    const mustBeZero = this.#jumpIf(0x54000000); // b.eq
    this.#words.push(0xb13ffc1f); // cmn x0, #4095
    const noError = this.#jumpIf(0x54000003); // b.lo
    const wrong = this.jump();
    this.land(mustBeZero);
    const isZero = this.#jumpIf(0xb4000000); // cbz x0
    this.land(wrong);
    this.#words.push(0x4b0003eb); // neg w11, w0
    const tolerated = [0, 4].map((offset) => {
      this.#words.push(0xb9400269 | (((CALL.tolerated + offset) / 4) << 10)); // ldr w9, [x19, #tolerated]
      this.#words.push(0x6b09017f); // cmp w11, w9
      return this.#jumpIf(0x54000000); // b.eq
    });
    this.#set(10, failure);
    this.#words.push(0xf9000153, 0xf9000540); // str x19, [x10]; str x0, [x10, #8]
    const failed = this.jump();
    for (const jump of [unchecked, noError, isZero, ...tolerated]) this.land(jump);
    this.#words.push(0x91000273 | (CALL.bytes << 10)); // add x19, x19, #CALL.bytes
    this.jumpBack(start);
    this.land(end);
    return failed;
  }

  loadArgument(index: number): void {
    this.#words.push(0xf94003e0 | ((index + 1) << 10)); // ldr x0, [sp, #8 * (index + 1)]
  }

  executeFirst(number: number, first: number, refused: number): void {
    const ENOENT = 2;
    this.#set(10, refused);
    this.#words.push(0x92800020, 0xf9000140); // mov x0, #-ENOENT; str x0, [x10]
    this.#words.push(0xf94003e9, 0x910003f4); // ldr x9, [sp]; mov x20, sp
    this.#words.push(0x8b090e96, 0x910042d6); // add x22, x20, x9, lsl #3; add x22, x22, #16: the environment
    this.#words.push(0x91000294 | ((8 * (first + 1)) << 10)); // add x20, x20, #8 * (first + 1): a candidate
    this.#words.push(0xaa1403f5); // mov x21, x20
    const scan = this.here();
    this.#words.push(0xf84086a9); // ldr x9, [x21], #8: in the end what is behind the empty one
    this.#words.push(0x39400129); // ldrb w9, [x9]
    const found = this.#jumpIf(0x34000009); // cbz w9
    this.jumpBack(scan);
    this.land(found);
    const next = this.here();
    this.#words.push(0xf8408680); // ldr x0, [x20], #8
    this.#words.push(0x39400009); // ldrb w9, [x0]
    const noMore = this.#jumpIf(0x34000009); // cbz w9
    this.#words.push(0xaa1503e1, 0xaa1603e2); // mov x1, x21; mov x2, x22
    this.#set(8, number);
    this.#words.push(0xd4000001); // svc #0
    this.#words.push(0xb100001f | (ENOENT << 10)); // cmn x0, #ENOENT
    const isAbsent = this.#jumpIf(0x54000000); // b.eq
    this.storeResult(refused);
    this.land(isAbsent);
    this.jumpBack(next);
    this.land(noMore);
    this.load(refused);
  }

  writeRow(number: number, fd: number, { table, at, isNegative }: TableRow): void {
    this.load32(at);
    if (isNegative) this.#words.push(0x4b0003e0); // neg w0, w0
    this.#set(9, table);
    this.#words.push(0x8b001129); // add x9, x9, x0, lsl #4
    this.#words.push(0xf9400121, 0xf9400522); // ldr x1, [x9]; ldr x2, [x9, #8]
    this.#set(0, fd);
    this.#set(8, number);
    this.#words.push(0xd4000001); // svc #0
  }

  /** A conditional branch, still without its distance. */
  #jumpIf(instruction: number): number {
    this.#words.push(instruction);
    return this.#words.length - 1;
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
