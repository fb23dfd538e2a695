// Instructions of aarch64 (Arm ARM, chapter C6): what a launcher needs of them.

export class Arm64Code {
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
