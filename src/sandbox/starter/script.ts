// Lists of system calls -> a request of the starter. Written into memory that is kept, because this is done for every stage.
import { assert } from "#base/assert.ts";
import { CALL, CHECK, LIST_END, systemCallNumber } from "#sandbox/launcher/system-call.ts";
import type { CallArgument, Processor, SystemCall } from "#sandbox/launcher/system-call.ts";
import { AREA, CONSTANTS, FRAME, HEADER_BYTES, REPORT, REQUEST } from "./memory.ts";

export interface Script {
  /** In the starter, before the stage. When one fails, the stage is not started. */
  before: readonly SystemCall[];
  /** In the new process; the last is execve. */
  inside: readonly SystemCall[];
  /** In the starter, when the stage has ended. */
  after: readonly SystemCall[];
  /** When that has been reported: preparations for the next stage. */
  next: readonly SystemCall[];
  /** When there will be no further stage. */
  farewell: readonly SystemCall[];
  cloneFlags: number;
  /** Address behind the report. */
  reportEnd: number;
}

const LISTS = ["before", "inside", "after", "next", "farewell"] as const;
const FIRST_CONSTANT = CONSTANTS - AREA.start;

/** Writes one request after another into the same memory; one must have been sent whole before the next. */
export class RequestWriter {
  readonly #machine: Processor;
  #buffer = Buffer.alloc(64 * 1024);
  #words = wordsOf(this.#buffer);
  #size = FIRST_CONSTANT;
  /** What kept calls need stands before all else, where it was for the last request. */
  #keptEnd = FIRST_CONSTANT;
  readonly #kept = new Map<SystemCall, Int32Array>();
  /** The lists of the last request, each with its address. */
  #lists: { address: number; calls: readonly SystemCall[] }[] = [];

  constructor(machine: Processor) {
    this.#machine = machine;
  }

  write(script: Script): Uint8Array {
    this.#buffer.fill(0, 0, FIRST_CONSTANT);
    this.#size = this.#keptEnd;
    for (const name of LISTS) for (const call of script[name]) if (call.isKept === true) this.#keep(call);
    this.#keptEnd = this.#size;
    this.#lists = [];
    for (const name of LISTS) this.#put(REQUEST[name] - AREA.start, this.#list(script[name]));
    this.#put(REQUEST.cloneFlags - AREA.start, script.cloneFlags);
    const reportBytes = script.reportEnd - REPORT.frame;
    this.#put(REQUEST.reportBytes - AREA.start, reportBytes);
    this.#buffer.writeUInt32LE(FRAME.report, REPORT.frame - AREA.start);
    this.#buffer.writeUInt32LE(reportBytes - 8, REPORT.frame - AREA.start + 4);
    this.#put(REQUEST.length - AREA.start, this.#size - HEADER_BYTES);
    return this.#buffer.subarray(0, this.#size);
  }

  /** The call of the last request that the starter names by its address. */
  callAt(address: number): SystemCall | undefined {
    for (const list of this.#lists) {
      const index = (address - list.address) / CALL.bytes;
      if (index >= 0 && index < list.calls.length) return list.calls[index];
    }
    return undefined;
  }

  /** @returns its address */
  #list(calls: readonly SystemCall[]): number {
    const start = this.#reserve(calls.length * CALL.bytes + 8, 8);
    for (const [index, call] of calls.entries()) this.#call(start + index * CALL.bytes, call);
    this.#lists.push({ address: AREA.start + start, calls });
    this.#put(start + calls.length * CALL.bytes, LIST_END);
    return AREA.start + start;
  }

  #keep(call: SystemCall): void {
    if (this.#kept.has(call)) return;
    // Written where the report of the starter will be, which is empty so far.
    const offset = REPORT.texts - AREA.start;
    this.#write(offset, call);
    this.#kept.set(call, this.#words.slice(offset >> 2, (offset + CALL.bytes) >> 2));
    this.#words.fill(0, offset >> 2, (offset + CALL.bytes) >> 2);
  }

  #call(offset: number, call: SystemCall): void {
    const kept = call.isKept === true ? this.#kept.get(call) : undefined;
    if (kept === undefined) this.#write(offset, call);
    else this.#words.set(kept, offset >> 2);
  }

  #write(offset: number, { name, args, optional, mustBeZero, tolerated, storeAt = 0 }: SystemCall): void {
    // What was there before is of another request.
    this.#words.fill(0, offset >> 2, (offset + CALL.bytes) >> 2);
    this.#put(offset, systemCallNumber(name, this.#machine));
    for (let index = 0; index < args.length; index += 1) {
      const argument = args[index] ?? 0;
      if (argument !== 0) this.#put(offset + CALL.args + 8 * index, this.#address(argument));
    }
    const check = optional ? CHECK.nothing : mustBeZero === true ? CHECK.zero : CHECK.noError;
    this.#put(offset + CALL.check, check);
    if (storeAt !== 0) this.#put(offset + CALL.store, storeAt);
    const [first = 0, second = 0] = tolerated ?? [];
    if (first !== 0) this.#put(offset + CALL.tolerated, first + second * 2 ** 32);
  }

  #address(argument: CallArgument): number {
    if (typeof argument === "number") return argument;
    if (typeof argument === "string") return this.#text(argument);
    if (argument instanceof Uint8Array) return this.#bytes(argument);
    if ("bpf" in argument) {
      // struct sock_fprog
      const filter = this.#reserve(16, 8);
      this.#put(filter, argument.bpf.length / 8);
      const program = this.#bytes(argument.bpf);
      this.#put(filter + 8, program);
      return AREA.start + filter;
    }
    const start = this.#reserve(8 * (argument.length + 1), 8);
    for (const [index, text] of argument.entries()) this.#put(start + 8 * index, this.#text(text));
    this.#put(start + 8 * argument.length, 0);
    return AREA.start + start;
  }

  #text(text: string): number {
    // The same text may be there already: to look for it takes longer than to write it again.
    assert(!text.includes("\0"), "a C string holds no NUL");
    const start = this.#reserve(text.length + 1, 1);
    this.#buffer.write(text, start, "latin1");
    this.#buffer[start + text.length] = 0;
    return AREA.start + start;
  }

  #bytes(bytes: Uint8Array): number {
    const start = this.#reserve(bytes.length, 8);
    this.#buffer.set(bytes, start);
    return AREA.start + start;
  }

  /** 64 bits at a multiple of 8. */
  #put(offset: number, value: number): void {
    this.#words[offset >> 2] = value;
    this.#words[(offset >> 2) + 1] = Math.floor(value / 2 ** 32);
  }

  /** @returns the offset of as many bytes, which may hold anything */
  #reserve(size: number, alignment: number): number {
    const start = Math.ceil(this.#size / alignment) * alignment;
    this.#size = start + size;
    if (this.#size > this.#buffer.length) {
      const larger = Buffer.alloc(2 * this.#size);
      larger.set(this.#buffer);
      this.#buffer = larger;
      this.#words = wordsOf(larger);
    }
    return start;
  }
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Int32Array {
  return new Int32Array(buffer, byteOffset, length / 4);
}
