// DSSE, the envelope that is signed: https://github.com/secure-systems-lab/dsse, protocol 1.0. What is signed is the
// pre-authentication encoding (PAE), so that neither the type nor the length of the payload can be taken for another's.
import { asBuffer, utf8 } from "#base/bytes.ts";

/** Type of a payload that is an in-toto statement. */
export const STATEMENT_TYPE = "application/vnd.in-toto+json";

/** The bytes that are signed: `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  return Buffer.concat([utf8(head), payload]);
}

/** Standard alphabet, padded. */
export function toBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("base64");
}

/** Both alphabets, as DSSE asks; undefined for text that no writer would make of any bytes. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  const isExact = bytes.toString("base64") === text || bytes.toString("base64url") === text;
  const isPaddedUrl = bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_") === text;
  return isExact || isPaddedUrl ? bytes : undefined;
}
