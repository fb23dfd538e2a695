// The `ar` archive as packages of Debian have it (deb(5)): short names, no table of symbols.
import { toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./errors.ts";

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
