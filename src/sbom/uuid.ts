import { hex, utf8 } from "#base/bytes.ts";
import { sha256 } from "#nix/hash.ts";

/** A name-based UUID (RFC 9562, version 8): the same text gives the same one. */
export function uuidFrom(text: string): string {
  const digits = hex(sha256(utf8(text))).slice(0, 32);
  const marked = `${digits.slice(0, 12)}8${digits.slice(13, 16)}8${digits.slice(17)}`;
  const parts = [marked.slice(0, 8), marked.slice(8, 12), marked.slice(12, 16), marked.slice(16, 20)];
  return `${parts.join("-")}-${marked.slice(20)}`;
}
