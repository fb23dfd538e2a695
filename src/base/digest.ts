import { hash } from "node:crypto";

/** SHA-256 of bytes, or of the UTF-8 form of a text, in hex. */
export function hexDigestOf(content: string | Uint8Array): string {
  return hash("sha256", content);
}

/** The same as `sha256-<base64>`, the form of Subresource Integrity. */
export function sriDigestOf(content: string | Uint8Array): string {
  return `sha256-${hash("sha256", content, "base64")}`;
}

/** `sha256:<hex>` of bytes, or of the UTF-8 form of a text. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${hexDigestOf(content)}`;
}
