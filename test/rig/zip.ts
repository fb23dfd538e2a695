// Zip archives by hand, deflated, as wheels are.
import { crc32, deflateRawSync } from "node:zlib";

/** Name -> content. @param isWide with sizes and places of 64 bits, as what is written as it comes has them */
export function writeZip(files: Readonly<Record<string, string | Uint8Array>>, isWide = false): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    entry.writeUInt32LE(at, 10);
    const listed = Buffer.from(common);
    const extra = Buffer.alloc(isWide ? 32 : 0);
    if (isWide) {
      // Another field is before it, and is passed over.
      extra.write("XX\x00\x00\x01\x00\x18\x00", "latin1");
      [bytes.length, packed.length, at].forEach((value, index) =>
        extra.writeBigUInt64LE(BigInt(value), 8 + 8 * index),
      );
      for (const field of [14, 18]) listed.writeUInt32LE(0xffffffff, field);
      listed.writeUInt16LE(extra.length, 24);
      entry.writeUInt32LE(0xffffffff, 10);
    }
    directory.push(Buffer.from("PK\x01\x02\x14\x03"), listed, entry, Buffer.from(name), extra);
    const local = [Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed];
    parts.push(...local);
    at += local.reduce((sum, { length }) => sum + length, 0);
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  for (const offset of [8, 10]) end.writeUInt16LE(Object.keys(files).length, offset);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  if (!isWide) return Buffer.concat([...parts, listed, end]);
  const wideEnd = Buffer.alloc(56);
  wideEnd.write("PK\x06\x06");
  const counts = [Object.keys(files).length, Object.keys(files).length, listed.length, at];
  wideEnd.writeBigUInt64LE(44n, 4);
  counts.forEach((value, index) => wideEnd.writeBigUInt64LE(BigInt(value), 24 + 8 * index));
  const locator = Buffer.alloc(20);
  locator.write("PK\x06\x07");
  locator.writeBigUInt64LE(BigInt(at + listed.length), 8);
  end.fill(0xff, 8, 20);
  return Buffer.concat([...parts, listed, wideEnd, locator, end]);
}
