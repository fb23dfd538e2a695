// What package formats are compressed by, whole contents at a time. The bytes have been compared with a hash before.
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { pipeliteError } from "./errors.ts";
import { unxz } from "./xz.ts";

/** @param suffix of the file's name: `.xz`, `.gz`, `.zst`, or nothing */
export async function decompress(bytes: Uint8Array, suffix: string): Promise<Uint8Array> {
  try {
    switch (suffix) {
      case "":
        return bytes;
      case ".gz":
        return gunzipSync(bytes);
      case ".zst":
        return zstdDecompressSync(bytes);
      case ".xz":
        return Buffer.concat(await Array.fromAsync(unxz(once(bytes))));
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem }, error);
  }
  throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem: "it is of no known kind" });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
