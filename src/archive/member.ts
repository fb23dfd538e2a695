// Members of an archive before they are written: their names, what they are to be, and where their bytes come from.
import { hexDigestOf } from "#base/digest.ts";
import type { Chunks } from "#store/transfer.ts";

export interface Member {
  /** A byte string. */
  name: string;
  sizeBytes: number;
  /** In hex. */
  sha256: string;
  /** Read once, when its turn comes. */
  chunks: () => Chunks;
}

export function memberOf(name: string, bytes: Uint8Array): Member {
  return { name, sizeBytes: bytes.length, sha256: hexDigestOf(bytes), chunks: () => [bytes] };
}
