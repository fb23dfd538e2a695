// Code and constants -> a static executable (System V ABI, ELF-64).
import type { Processor } from "./system-call.ts";

const CODE_ADDRESS = 0x10000000;
const DATA_ADDRESS = 0x20000000;
const HEADER_BYTES = 64 + 3 * 56;
/** A multiple of every page size Linux uses on these machines. */
const PAGE = 0x10000;
const ELF_MACHINE = { x64: 62, arm64: 183 } as const;

/** Where a constant at this offset of the data is in the running program. */
export function dataAddress(offset: number): number {
  return DATA_ADDRESS + HEADER_BYTES + offset;
}

export function linkElf(machine: Processor, code: Uint8Array, data: Uint8Array): Uint8Array {
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
