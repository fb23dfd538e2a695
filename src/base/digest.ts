import { hash } from "node:crypto";

/** `sha256:<hex>` of bytes, or of the UTF-8 form of a text. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${hash("sha256", content)}`;
}
