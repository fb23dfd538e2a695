// ECDSA whose number is made from key and message (RFC 6979), which Node does not have. A file of its own, since the curve is loaded
// when something is signed (tools/core.ts).
import { p256 } from "@noble/curves/nist.js";

/** @returns the signature in DER */
export function signP256(message: Uint8Array, secret: Uint8Array): Uint8Array {
  return p256.sign(message, secret, { format: "der", lowS: false });
}
