// Keystores of Java in its own format (JKS), as far as they hold certificates of authorities alone: /etc/ssl/certs/java/cacerts.
// Each entry has the moment at which it was put in. Format: OpenJDK, `sun.security.provider.JavaKeyStore`, version 2: magic, version,
// count; entries of tag, alias, time in ms, type and certificate; SHA-1 of the password, a salt and all that.
import { createHash } from "node:crypto";

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const CERTIFICATE = 2;
const DIGEST_BYTES = 20;
const SALT = "Mighty Aphrodite";
/** What everybody has for the authorities. */
export const USUAL_PASSWORD = "changeit";

/**
 * The same keystore with another time in each entry.
 * @returns undefined for what is no such keystore, or has another password
 */
export function withTime(
  keystore: Uint8Array,
  timeMs: number,
  password: string = USUAL_PASSWORD,
): Buffer | undefined {
  const bytes = Buffer.from(keystore);
  const end = bytes.length - DIGEST_BYTES;
  if (end < 12 || bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(4) !== VERSION) return undefined;
  if (!digestOf(bytes.subarray(0, end), password).equals(bytes.subarray(end))) return undefined;
  let at = 12;
  for (let left = bytes.readUInt32BE(8); left > 0; left -= 1) {
    if (at + 6 > end || bytes.readUInt32BE(at) !== CERTIFICATE) return undefined;
    at += 6 + bytes.readUInt16BE(at + 4);
    if (at + 10 > end) return undefined;
    bytes.writeBigUInt64BE(BigInt(timeMs), at);
    at += 10 + bytes.readUInt16BE(at + 8);
    if (at + 4 > end) return undefined;
    at += 4 + bytes.readUInt32BE(at);
  }
  if (at !== end) return undefined;
  digestOf(bytes.subarray(0, end), password).copy(bytes, end);
  return bytes;
}

function digestOf(content: Uint8Array, password: string): Buffer {
  const characters = Buffer.from(password, "utf16le").swap16();
  return createHash("sha1").update(characters).update(SALT).update(content).digest();
}
