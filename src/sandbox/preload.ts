// Another wall clock, or random bytes that are always the same, for one stage. Time namespaces (time_namespaces(7)) move the
// monotonic clocks only, and the kernel answers for the wall clock in the process itself, past every filter of system calls. So
// a small shared library stands before that of C (LD_PRELOAD, ld.so(8)). It needs no other library and names no version of one,
// so any loader takes it. A program that is linked statically does not see it, nor do the times of files change, nor what the
// library of C asks for its own use (names of temporary files).
// Written here, as the launchers are: no compiler is needed. System V ABI, ELF-64; x86_64 only.

import { assert } from "#base/assert.ts";

/** So many seconds off, or always at one second since 1970. */
export type Clock = { shift: number } | { at: number };

const SYSTEM_CALL = { gettimeofday: 96, time: 201, clock_gettime: 228 } as const;
const [REALTIME, REALTIME_COARSE, BOOTTIME] = [0, 5, 7];

const word = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
const long = (value: number) => [...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)];
/** mov eax, number; syscall */
const kernel = (number: number) => [0xb8, ...word(number), 0x0f, 0x05];
const RETURN = 0xc3;
const RETURN_ZERO = [0x31, 0xc0, RETURN];
const RETURN_MINUS_ONE = [0x83, 0xc8, 0xff, RETURN];

/** Seconds at the address in a register (6: rsi, 7: rdi), and what follows them: nanoseconds or microseconds. */
function change(clock: Clock, register: 6 | 7): number[] {
  if ("shift" in clock) return [0x48, 0xb8, ...long(clock.shift), 0x48, 0x01, register]; // mov rax, s; add [r], rax
  // mov rax, s; mov [r], rax; mov qword [r + 8], 0
  return [0x48, 0xb8, ...long(clock.at), 0x48, 0x89, register, 0x48, 0xc7, 0x40 + register, 8, ...word(0)];
}

/**
 * `int clock_gettime(clockid_t, struct timespec *)`. Random bytes are the same only if the time since the start of the machine
 * is: OpenSSL stirs it in.
 */
function clockGettime({ clock, isRandomFixed }: Preload): number[] {
  const over = (id: number, code: readonly number[]) => [0x83, 0xff, id, 0x75, code.length, ...code]; // cmp edi, id; jne over
  const changed = clock === undefined ? [] : [...change(clock, 6), ...RETURN_ZERO];
  return [
    kernel(SYSTEM_CALL.clock_gettime),
    [0x85, 0xc0, 0x74, RETURN_MINUS_ONE.length, ...RETURN_MINUS_ONE], // test eax, eax; jz over the failure
    isRandomFixed === true ? over(BOOTTIME, [...change({ at: 1 }, 6), ...RETURN_ZERO]) : [],
    clock === undefined ? [] : [...over(REALTIME, changed), ...over(REALTIME_COARSE, changed)],
    RETURN_ZERO,
  ].flat();
}

/** `int gettimeofday(struct timeval *, void *)` */
function getTimeOfDay(clock: Clock): number[] {
  return [
    kernel(SYSTEM_CALL.gettimeofday),
    [0x85, 0xc0, 0x74, RETURN_MINUS_ONE.length, ...RETURN_MINUS_ONE],
    [0x48, 0x85, 0xff, 0x75, RETURN_ZERO.length, ...RETURN_ZERO], // test rdi, rdi; jnz changed
    change(clock, 7),
    RETURN_ZERO,
  ].flat();
}

/** `time_t time(time_t *)` */
function time(clock: Clock): number[] {
  const changed =
    "shift" in clock
      ? [0x48, 0xb9, ...long(clock.shift), 0x48, 0x01, 0xc8] // mov rcx, s; add rax, rcx
      : [0x48, 0xb8, ...long(clock.at)]; // mov rax, s
  return [
    [0x57, 0x31, 0xff, ...kernel(SYSTEM_CALL.time), 0x5f], // push rdi; xor edi, edi; ...; pop rdi
    changed,
    [0x48, 0x85, 0xff, 0x74, 3, 0x48, 0x89, 0x07, RETURN], // test rdi, rdi; jz over; mov [rdi], rax
  ].flat();
}

/** Of Knuth's MMIX: the next of a row of numbers, of which the upper byte is given. */
const [FACTOR, SUMMAND] = [6364136223846793005n, 1442695040888963407n];
/** Where the last of them is kept, in the page that may be written. */
const STATE_OFFSET = 512;

/** `ssize_t getrandom(void *, size_t, unsigned)`, or with `isEntropy` `int getentropy(void *, size_t)`, at this address. */
function randomBytes(address: number, isEntropy: boolean): number[] {
  const wide = (value: bigint) => [...new Uint8Array(BigUint64Array.of(value).buffer)];
  const [LOAD_END, STORE_END] = [30, 66];
  const state = (end: number) => word(PAGE + STATE_OFFSET - address - end);
  return [
    [0x48, 0x89, 0xf2], // mov rdx, rsi
    [0x49, 0xb8, ...wide(FACTOR), 0x49, 0xb9, ...wide(SUMMAND)], // mov r8, factor; mov r9, summand
    [0x48, 0x8b, 0x05, ...state(LOAD_END)], // mov rax, [state]
    [0x48, 0x85, 0xf6, 0x74, 0x18], // next: test rsi, rsi; jz over
    [0x49, 0x0f, 0xaf, 0xc0, 0x4c, 0x01, 0xc8], // imul rax, r8; add rax, r9
    [0x48, 0x89, 0xc1, 0x48, 0xc1, 0xe9, 56, 0x88, 0x0f], // mov rcx, rax; shr rcx, 56; mov [rdi], cl
    [0x48, 0xff, 0xc7, 0x48, 0xff, 0xce, 0xeb, 0xe3], // inc rdi; dec rsi; jmp next
    [0x48, 0x89, 0x05, ...state(STORE_END)], // over: mov [state], rax
    isEntropy ? RETURN_ZERO : [0x48, 0x89, 0xd0, RETURN], // mov rax, rdx
  ].flat();
}

const PAGE = 4096;
const [HEADER, PROGRAM_HEADER, SYMBOL] = [64, 56, 24];

export interface Preload {
  clock?: Clock | undefined;
  isRandomFixed?: boolean | undefined;
}

type Writer = readonly [name: string, write: (address: number) => number[]];

function functionsOf(preload: Preload): Writer[] {
  const { clock, isRandomFixed } = preload;
  const functions: Writer[] = [["clock_gettime", () => clockGettime(preload)]];
  if (clock !== undefined)
    functions.push(["gettimeofday", () => getTimeOfDay(clock)], ["time", () => time(clock)]);
  if (isRandomFixed === true)
    functions.push(
      ["getrandom", (at) => randomBytes(at, false)],
      ["getentropy", (at) => randomBytes(at, true)],
    );
  return functions;
}

/** @returns the bytes of the library, for x86_64 */
export function writePreload(preload: Preload): Uint8Array {
  const functions = functionsOf(preload);
  const image = Buffer.alloc(PAGE + STATE_OFFSET + 8);
  const hashAt = HEADER + 4 * PROGRAM_HEADER;
  // One bucket in which each symbol leads to the next.
  const chain = [0, ...functions.map((_, index) => (index + 2) % (functions.length + 1))];
  const hash = [1, chain.length, 1, ...chain].flatMap(word);
  image.set(hash, hashAt);
  const symbolsAt = Math.ceil((hashAt + hash.length) / 8) * 8;
  const names = Buffer.from(`\0${functions.map(([name]) => `${name}\0`).join("")}`);
  const namesAt = symbolsAt + SYMBOL * (functions.length + 1);
  image.set(names, namesAt);
  let codeAt = Math.ceil((namesAt + names.length) / 16) * 16;
  for (const [index, [name, write]] of functions.entries()) {
    const code = write(codeAt);
    const at = symbolsAt + SYMBOL * (index + 1);
    const [GLOBAL_FUNCTION, SOME_SECTION] = [0x12, 1];
    image.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, at);
    image[at + 4] = GLOBAL_FUNCTION;
    image.writeUInt16LE(SOME_SECTION, at + 6);
    image.writeBigUInt64LE(BigInt(codeAt), at + 8);
    image.writeBigUInt64LE(BigInt(code.length), at + 16);
    image.set(code, codeAt);
    codeAt = Math.ceil((codeAt + code.length) / 16) * 16;
  }
  assert(codeAt <= PAGE, "the functions have room in a page");
  // DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_NULL
  const dynamic = [4, hashAt, 5, namesAt, 6, symbolsAt, 10, names.length, 11, SYMBOL, 0, 0].flatMap(long);
  image.set(dynamic, PAGE);
  writeHeaders(image, { codeEnd: codeAt, dynamicBytes: dynamic.length });
  return image;
}

function writeHeaders(
  image: Buffer,
  { codeEnd, dynamicBytes }: { codeEnd: number; dynamicBytes: number },
): void {
  const [SHARED_OBJECT, X86_64] = [3, 62];
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  image.writeUInt16LE(SHARED_OBJECT, 16);
  image.writeUInt16LE(X86_64, 18);
  image.writeUInt32LE(1, 20);
  image.writeBigUInt64LE(BigInt(HEADER), 32);
  image.writeUInt16LE(HEADER, 52);
  image.writeUInt16LE(PROGRAM_HEADER, 54);
  const [EXECUTE, WRITE, READ] = [1, 2, 4];
  // PT_LOAD twice, PT_DYNAMIC (which a loader writes to), PT_GNU_STACK
  const segments = [
    { type: 1, flags: READ | EXECUTE, at: 0, size: codeEnd, align: PAGE },
    { type: 1, flags: READ | WRITE, at: PAGE, size: image.length - PAGE, align: PAGE },
    { type: 2, flags: READ | WRITE, at: PAGE, size: dynamicBytes, align: 8 },
    { type: 0x6474e551, flags: READ | WRITE, at: 0, size: 0, align: 16 },
  ];
  image.writeUInt16LE(segments.length, 56);
  for (const [index, { type, flags, at, size, align }] of segments.entries()) {
    const header = HEADER + index * PROGRAM_HEADER;
    image.writeUInt32LE(type, header);
    image.writeUInt32LE(flags, header + 4);
    for (const [place, value] of [at, at, at, size, size, align].entries())
      image.writeBigUInt64LE(BigInt(value), header + 8 + 8 * place);
  }
}
