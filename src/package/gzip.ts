// gzip as packages have it: the same bytes whatever wrote them. Its header says nothing of a time, a name, a level or a system.
// Specification: RFC 1952.
import { hash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { fromByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

/** No extra flags, and a system that is not known. */
const NEUTRAL: readonly (readonly [at: number, byte: number])[] = [
  [8, 2],
  [9, 255],
];
const HEADER_BYTES = 10;

/** What Node's zlib, which is Chromium's, is called in what is said of packages. */
export const GZIP_CODEC = "node-zlib-chromium";

/** The bytes that zlib made, with the neutral header: in place. */
export function gzipMember(bytes: Uint8Array): Uint8Array {
  for (const [at, byte] of NEUTRAL) bytes[at] = byte;
  return bytes;
}

/** The first piece of a stream of gzip, in the same way. */
export function gzipStart(piece: Uint8Array): Uint8Array {
  return piece.length >= HEADER_BYTES ? gzipMember(piece) : piece;
}

/** SHA-256 of what levels 6 and 9 made of `sample()` with Node 26.10 (zlib 1.3.1 of Chromium). */
const KNOWN: Readonly<Record<number, string>> = {
  6: "55fabefea510b6bbfbd10d6e7ba4be23099fa086dccb2487fbb337a626610066",
  9: "aca50697426d50ef845f7f26070709daa859d625669292a487cd357d8807b77a",
};

/** Another zlib gives packages that work and have other bytes. @throws PipeliteError CODEC_CHANGED */
export function checkGzip(answers: Readonly<Record<number, string>> = KNOWN): void {
  for (const [level, known] of Object.entries(answers)) {
    const found = gzipDigest(Number(level));
    if (found !== known)
      throw pipeliteError("CODEC_CHANGED", { codec: `gzip, level ${level}`, found, known });
  }
}

export function gzipDigest(level: number): string {
  return hash("sha256", gzipMember(gzipSync(sample(), { level })));
}

/** Text, numbers and what looks random: long enough that every part of deflate has something to do. */
function sample(): Uint8Array {
  let state = 1;
  const parts: string[] = [];
  for (let at = 0; at < 20_000; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    parts.push(
      at % 3 === 0 ? `line ${at % 97} of a text\n` : String.fromCharCode(state >>> 24, (state >>> 16) & 255),
    );
  }
  return fromByteString(parts.join(""));
}
