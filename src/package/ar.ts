// The `ar` archive as packages of Debian have it (deb(5)): short names, no table of symbols.
import { assert } from "#base/assert.ts";
import { fromByteString, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./archive-errors.ts";

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;

export interface ArMember {
  name: string;
  content: Uint8Array;
}

/** @throws PipeliteError ARCHIVE_INVALID */
export function readAr(bytes: Uint8Array): ArMember[] {
  const wrong = (problem: string) => pipeliteError("ARCHIVE_INVALID", { format: "ar", problem });
  if (toByteString(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw wrong("it does not start as one");
  const members: ArMember[] = [];
  let at = MAGIC.length;
  while (at < bytes.length) {
    const header = toByteString(bytes.subarray(at, at + HEADER_BYTES));
    if (header.length < HEADER_BYTES || !header.endsWith("`\n")) throw wrong(`no member at byte ${at}`);
    const digits = header.slice(48, 58).trimEnd();
    const size = Number(digits);
    const start = at + HEADER_BYTES;
    if (!/^\d+$/.test(digits) || start + size > bytes.length)
      throw wrong(`the member at byte ${at} is cut off`);
    members.push({
      name: header.slice(0, 16).trimEnd().replace(/\/$/, ""),
      content: bytes.subarray(start, start + size),
    });
    at = start + size + (size % 2);
  }
  return members;
}

export const AR_START: Uint8Array = fromByteString(MAGIC);
/** The size of a member has ten digits. */
export const AR_SIZE_MAX = 9_999_999_999;

/** What stands before the content of a member, which `arPadding` follows. */
export function arHeader(name: string, size: number, timeSeconds: number): Uint8Array {
  assert(/^[\w.-]{1,16}$/.test(name) && size <= AR_SIZE_MAX, `no member of an archive: ${name}, ${size}`);
  const fields: [text: string, width: number][] = [
    [name, 16],
    [`${timeSeconds}`, 12],
    ["0", 6],
    ["0", 6],
    ["100644", 8],
    [`${size}`, 10],
  ];
  return fromByteString(`${fields.map(([text, width]) => text.padEnd(width)).join("")}\`\n`);
}

/** A member starts at an even byte. */
export function arPadding(size: number): Uint8Array {
  return fromByteString("\n".repeat(size % 2));
}
