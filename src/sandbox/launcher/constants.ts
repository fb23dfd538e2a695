// Constants that system calls point to, each at an address that is known in advance.
import { assert } from "#base/assert.ts";
import { fromByteString } from "#base/bytes.ts";
import type { CallArgument } from "./system-call.ts";

export class Constants {
  readonly #start: number;
  readonly #parts: { offset: number; bytes: Uint8Array }[] = [];
  readonly #known = new Map<string, number>();
  #size = 0;

  /** @param start where the first of them will be; a multiple of 8 */
  constructor(start: number) {
    this.#start = start;
  }

  /** What is passed for the argument: itself, or where it is. */
  address(argument: CallArgument): number {
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
    return this.#start + offset;
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
