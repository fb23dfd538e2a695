// Malformed NARs. Written as framed strings: `s` makes one, `zeros` and `size` break them.
import type { Refused } from "./refused.ts";
import { directory, file, narOf, nest } from "../trees.ts";

export function size(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function s(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const bytes = Buffer.from(text, "latin1");
      return Buffer.concat([size(bytes.length), bytes, Buffer.alloc(-bytes.length & 7)]);
    }),
  );
}

const magic = s("nix-archive-1");
const regular = s("(", "type", "regular");
const node = s("node", "(", "type", "regular", "contents", "", ")");

function nar(...parts: Buffer[]): Buffer {
  return Buffer.concat([magic, ...parts]);
}

function inDirectory(...parts: Buffer[]): Buffer {
  return nar(s("(", "type", "directory"), ...parts);
}

function entry(name: string): Buffer {
  return Buffer.concat([s("entry", "(", "name", name), node, s(")")]);
}

function link(target: string): Buffer {
  return nar(s("(", "type", "symlink", "target", target, ")"));
}

/** A valid NAR in which `from` was replaced by bytes as long. */
function broken(from: Buffer, to: Buffer): Buffer {
  const bytes = narOf(directory({ a: file("hello", true) }));
  const at = bytes.indexOf(from);
  return Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]);
}

function tooDeep(): Buffer {
  const open = s("(", "type", "directory", "entry", "(", "name", "d", "node");
  return nar(open, narOf(nest(63, file(""))).subarray(magic.length), s(")", ")"));
}

export const refusedNars: Refused<Buffer>[] = [
  ["nothing", Buffer.alloc(0), "NAR_TRUNCATED"],
  ["only the magic", magic, "NAR_TRUNCATED"],
  ["another magic", s("nix-archive-2"), "NAR_MAGIC_WRONG"],
  ["text", Buffer.from("Cannot find the NAR you asked for"), "NAR_MAGIC_WRONG"],
  ["magic with padding that is not zero", Buffer.from(magic).fill(1, 21), "NAR_PADDING_WRONG"],
  ["bytes after its end", Buffer.concat([narOf(file("x")), Buffer.alloc(1)]), "NAR_TRAILING_DATA"],
  ["a second NAR after it", Buffer.concat([narOf(file("x")), narOf(file("x"))]), "NAR_TRAILING_DATA"],
  ["no opening bracket", nar(s("type")), "NAR_TAG_WRONG"],
  ["a key before the type", nar(s("(", "contents")), "NAR_TAG_WRONG"],
  ["an unknown type", nar(s("(", "type", "fifo")), "NAR_TAG_WRONG"],
  ["a node without type", nar(s("(", ")")), "NAR_TAG_WRONG"],
  ["a keyword longer than any", nar(s("(", "t".repeat(33))), "NAR_STRING_TOO_LONG"],
  ["a keyword of 2^63 bytes", nar(s("("), size(2n ** 63n)), "NAR_STRING_TOO_LONG"],
  ["a file without contents", nar(regular, s(")")), "NAR_TAG_WRONG"],
  ["executable after contents", nar(regular, s("contents", "", "executable", "", ")")), "NAR_TAG_WRONG"],
  ["executable twice", nar(regular, s("executable", "", "executable", "")), "NAR_TAG_WRONG"],
  ["executable with a value", nar(regular, s("executable", "1", "contents", "", ")")), "NAR_TAG_WRONG"],
  ["contents twice", nar(regular, s("contents", "", "contents", "", ")")), "NAR_TAG_WRONG"],
  ["contents shorter than said", nar(regular, s("contents"), size(9), Buffer.alloc(8)), "NAR_TRUNCATED"],
  ["contents of 2^63 bytes", nar(regular, s("contents"), size(2n ** 63n)), "NAR_SIZE_TOO_LARGE"],
  ["contents of 2^53 bytes", nar(regular, s("contents"), size(2n ** 53n)), "NAR_SIZE_TOO_LARGE"],
  [
    "contents with padding that is not zero",
    nar(regular, s("contents"), size(1), Buffer.from("xyyyyyyy")),
    "NAR_PADDING_WRONG",
  ],
  [
    "a tag with padding that is not zero",
    broken(s("entry"), Buffer.from(s("entry")).fill(1, 15)),
    "NAR_PADDING_WRONG",
  ],
  [
    "a name with padding that is not zero",
    broken(s("a"), Buffer.from(s("a")).fill(1, 15)),
    "NAR_PADDING_WRONG",
  ],
  ["an entry without name", inDirectory(s("entry", "(", "node")), "NAR_TAG_WRONG"],
  ["an entry without node", inDirectory(s("entry", "(", "name", "a", ")")), "NAR_TAG_WRONG"],
  [
    "an entry that does not close",
    inDirectory(s("entry", "(", "name", "a"), node, s("entry")),
    "NAR_TAG_WRONG",
  ],
  ["a key in a directory that is none", inDirectory(s("file")), "NAR_TAG_WRONG"],
  ["names that fall", inDirectory(entry("b"), entry("a"), s(")")), "NAR_ORDER_WRONG"],
  ["a name twice", inDirectory(entry("a"), entry("a"), s(")")), "NAR_ORDER_WRONG"],
  ["names ordered as letters, not bytes", inDirectory(entry("a"), entry("B"), s(")")), "NAR_ORDER_WRONG"],
  ["an empty name", inDirectory(entry(""), s(")")), "NAR_NAME_INVALID"],
  ["the name .", inDirectory(entry("."), s(")")), "NAR_NAME_INVALID"],
  ["the name ..", inDirectory(entry(".."), s(")")), "NAR_NAME_INVALID"],
  ["a slash in a name", inDirectory(entry("../../etc/passwd"), s(")")), "NAR_NAME_INVALID"],
  ["a zero byte in a name", inDirectory(entry("a\0"), s(")")), "NAR_NAME_INVALID"],
  ["a name of 256 bytes", inDirectory(entry("n".repeat(256)), s(")")), "NAR_STRING_TOO_LONG"],
  ["an empty target", link(""), "NAR_TARGET_INVALID"],
  ["a target with a zero byte", link("a\0b"), "NAR_TARGET_INVALID"],
  ["a target of 4096 bytes", link("t".repeat(4096)), "NAR_STRING_TOO_LONG"],
  ["a symlink with contents", nar(s("(", "type", "symlink", "contents", "", ")")), "NAR_TAG_WRONG"],
  ["a symlink that does not close", nar(s("(", "type", "symlink", "target", "a", "target")), "NAR_TAG_WRONG"],
  ["64 nested directories", tooDeep(), "NAR_TOO_DEEP"],
];
