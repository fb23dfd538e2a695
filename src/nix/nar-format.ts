// What the NAR writer and the NAR parser share: the sequence of calls, the framed strings and the limits.
import { fromByteString, textOf, toByteString } from "#base/bytes.ts";
import { pipeliteError } from "./nar-errors.ts";

/** A node may lie inside fewer directories than this. */
export const NAR_DEPTH_MAX = 64;
export const NAR_NAME_SIZE_MAX = 255;
export const NAR_TARGET_SIZE_MAX = 4095;

/**
 * A file tree as a sequence of calls: a node is `startFile content* endFile`, `symlink`, or
 * `startDirectory (entry node endEntry)* endDirectory`. Names are raw bytes, strictly increasing inside a directory.
 */
export interface NarHandler {
  startFile(executable: boolean, sizeBytes: number): void;
  /** Bytes that are valid only during the call. */
  content(chunk: Uint8Array): void;
  endFile(): void;
  symlink(target: Uint8Array): void;
  startDirectory(): void;
  entry(name: Uint8Array): void;
  endEntry(): void;
  endDirectory(): void;
}

/** A string as NAR writes it: 64-bit little-endian size, bytes, zeros up to a multiple of 8. */
function frame(...texts: string[]): Uint8Array {
  return Buffer.concat(
    texts.map((text) => {
      const framed = Buffer.alloc(8 + roundUp(text.length));
      framed.writeUInt32LE(text.length);
      framed.set(fromByteString(text), 8);
      return framed;
    }),
  );
}

export const NAR_FRAMES = {
  magic: frame("nix-archive-1"),
  file: frame("(", "type", "regular", "contents"),
  executable: frame("(", "type", "regular", "executable", "", "contents"),
  symlink: frame("(", "type", "symlink", "target"),
  directory: frame("(", "type", "directory"),
  entry: frame("entry", "(", "name"),
  node: frame("node"),
  close: frame(")"),
} as const;

export function roundUp(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/** The 64-bit little-endian number at `at`; from 2^53 on it is no safe integer. */
export function readSize(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  const middle = ((bytes[at + 3] ?? 0) | ((bytes[at + 4] ?? 0) << 8) | ((bytes[at + 5] ?? 0) << 16)) >>> 0;
  const high = (bytes[at + 6] ?? 0) | ((bytes[at + 7] ?? 0) << 8);
  return low + middle * 2 ** 24 + high * 2 ** 48;
}

/**
 * Checks a name and that it follows the one before it in its directory.
 * @throws PipeliteError NAR_NAME_INVALID, NAR_ORDER_WRONG
 */
export function checkNarName(name: Uint8Array, previous: Uint8Array | undefined): void {
  const flaw = flawOfName(name);
  if (flaw !== undefined) throw pipeliteError("NAR_NAME_INVALID", { name: show(name), reason: flaw });
  if (previous !== undefined && Buffer.compare(previous, name) >= 0) {
    throw pipeliteError("NAR_ORDER_WRONG", { name: show(name), previous: show(previous) });
  }
}

/** @throws PipeliteError NAR_TARGET_INVALID */
export function checkNarTarget(target: Uint8Array): void {
  const isRight = target.length > 0 && target.length <= NAR_TARGET_SIZE_MAX && !target.includes(0);
  if (!isRight) {
    const details = { target: show(target.subarray(0, 80)), max: NAR_TARGET_SIZE_MAX };
    throw pipeliteError("NAR_TARGET_INVALID", details);
  }
}

function flawOfName(name: Uint8Array): string | undefined {
  if (name.length === 0) return "it is empty";
  if (name.length > NAR_NAME_SIZE_MAX) return `it is longer than ${NAR_NAME_SIZE_MAX} bytes`;
  const dot = 0x2e;
  if (name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot))) {
    return "it names no entry of its own";
  }
  const slash = 0x2f;
  return name.includes(slash) || name.includes(0) ? "it holds a slash or a zero byte" : undefined;
}

function show(bytes: Uint8Array): string {
  return JSON.stringify(textOf(toByteString(bytes)));
}
