// gzip as packages have it: the same bytes whatever wrote them. Its header says nothing of a time, a name, a level or a system.
// Specification: RFC 1952.
import { hash } from "node:crypto";
import { promisify } from "node:util";
import { gzip, type ZlibOptions } from "node:zlib";
import { fromByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

/** No extra flags, and a system that is not known. */
const NEUTRAL: readonly (readonly [at: number, byte: number])[] = [
  [8, 2],
  [9, 255],
];

/** What Node's zlib, which is Chromium's, is called in what is said of packages. */
export const GZIP_CODEC = "node-zlib-chromium";

/** zlib's memLevel for what is long: with the most of it less is looked at in vain (a tenth of the time). */
export const GZIP_MEMORY = 9;

/** What stands before the deflated bytes of a member, and behind them. @param crc CRC-32 of the content @param size of it */
export const GZIP_HEAD: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255);

export function gzipTail(crc: number, size: number): Uint8Array {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc, 0);
  tail.writeUInt32LE(size % 2 ** 32, 4);
  return tail;
}

/** The bytes that zlib made, with the neutral header: in place. */
export function gzipMember(bytes: Uint8Array): Uint8Array {
  for (const [at, byte] of NEUTRAL) bytes[at] = byte;
  return bytes;
}

/** SHA-256 of what levels 6 and 9 made of `sample()` with Node 26.10 (zlib 1.3.1 of Chromium). */
const KNOWN: Readonly<Record<number, string>> = {
  6: "b5225864a2802ac3569362e7f9fe7704de023568c52565134d2b87593ce089e2",
  9: "85873b4e45ad1a4b614e61634bc958f945440ef3e824defe6fcabc499d1764a3",
};

/** Another zlib gives packages that work and have other bytes. @throws PipeliteError CODEC_CHANGED */
export async function checkGzip(answers: Readonly<Record<number, string>> = KNOWN): Promise<void> {
  const content = sample();
  const levels = Object.entries(answers);
  const made = await Promise.all(levels.map(([level]) => gzipDigest(Number(level), content)));
  for (const [index, [level, known]] of levels.entries()) {
    const found = made[index] ?? "";
    if (found !== known)
      throw pipeliteError("CODEC_CHANGED", { codec: `gzip, level ${level}`, found, known });
  }
}

const zipped = promisify<Uint8Array, ZlibOptions, Buffer>(gzip);

async function gzipDigest(level: number, content: Uint8Array): Promise<string> {
  // What is packed at level 9 is short, and has no memory of its own.
  const memory = level === 9 ? {} : { memLevel: GZIP_MEMORY };
  return hash("sha256", gzipMember(await zipped(content, { level, ...memory })));
}

/** Text, numbers and what looks random: longer than the window of deflate, and every part of it has something to do. */
function sample(): Uint8Array {
  let state = 1;
  const parts: string[] = [];
  for (let at = 0; at < 6_000; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    parts.push(
      at % 3 === 0 ? `line ${at % 97} of a text\n` : String.fromCharCode(state >>> 24, (state >>> 16) & 255),
    );
  }
  return fromByteString(parts.join(""));
}
