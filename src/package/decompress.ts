// What package formats are compressed by, whole contents at a time. The bytes have been compared with a hash before; who
// signed that may still have packed what has no end.
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { pipeliteError } from "./errors.ts";
import { unxz } from "./xz.ts";

/** The longest text that there can be, and far more than any package has in one file. */
const UNPACKED_MAX = 2 ** 29 - 24;

/** @param suffix of the file's name: `.xz`, `.gz`, `.zst`, or nothing */
export async function decompress(bytes: Uint8Array, suffix: string): Promise<Uint8Array> {
  try {
    switch (suffix) {
      case "":
        return bytes;
      case ".gz":
        return gunzipSync(bytes, { maxOutputLength: UNPACKED_MAX });
      case ".zst":
        return zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_MAX });
      case ".xz":
        return Buffer.concat(await Array.fromAsync(upTo(UNPACKED_MAX, unxz(once(bytes)))));
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem }, error);
  }
  throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem: "it is of no known kind" });
}

async function* upTo(max: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > max) throw new Error(`it has more than ${max} bytes unpacked`);
    yield chunk;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
