// SHA-256 of what fits into memory. A process that hashes little calls the OpenSSL inside Node by node:ffi: loading
// node:crypto takes longer than a run with nothing to do takes. One that hashes much loads it, since each call is quicker.
import { dlopen } from "node:ffi";

type Sha256 = (content: string | Uint8Array, encoding: "hex" | "base64") => string;

/** From this many calls on, what node:crypto saves is more than what loading it takes. */
const MANY = 1000;

let calls = 0;
let sha256: Sha256 | undefined;

function digest(content: string | Uint8Array, encoding: "hex" | "base64"): string {
  calls += 1;
  if (calls === MANY) sha256 = byCrypto();
  sha256 ??= byOpenSsl();
  return sha256(content, encoding);
}

function byCrypto(): Sha256 {
  const { hash } = process.getBuiltinModule("node:crypto");
  return (content, encoding) => hash("sha256", content, encoding);
}

/** A Node that keeps its OpenSSL to itself has node:crypto still. */
function byOpenSsl(): Sha256 {
  try {
    const { functions } = dlopen(null, {
      SHA256: { arguments: ["buffer", "u64", "buffer"], return: "pointer" },
    });
    return (content, encoding) => {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      const result = Buffer.alloc(32);
      functions.SHA256(bytes, BigInt(bytes.length), result);
      return result.toString(encoding);
    };
  } catch {
    return byCrypto();
  }
}

/** SHA-256 of bytes, or of the UTF-8 form of a text, in hex. */
export function hexDigestOf(content: string | Uint8Array): string {
  return digest(content, "hex");
}

/** The same as `sha256-<base64>`, the form of Subresource Integrity. */
export function sriDigestOf(content: string | Uint8Array): string {
  return `sha256-${digest(content, "base64")}`;
}

/** `sha256:<hex>` of bytes, or of the UTF-8 form of a text. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${hexDigestOf(content)}`;
}
