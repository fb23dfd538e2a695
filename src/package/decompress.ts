// What package formats are compressed by, whole contents at a time. The bytes have been compared with a hash before; who
// signed that may still have packed what has no end.
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { pipeliteError } from "./archive-errors.ts";
import { unxz } from "./xz.ts";

/** The longest text that there can be, and far more than any package has in one file. */
const UNPACKED_MAX = 2 ** 29 - 24;

/** Of all files of one package: they are in memory while it is read. */
export const PACKAGE_UNPACKED_MAX: number = 4 * 2 ** 30;

/**
 * @param suffix of the file's name: `.xz`, `.gz`, `.zst`, or nothing
 * @param most bytes that it may come to
 */
export async function decompress(
  bytes: Uint8Array,
  suffix: string,
  most: number = UNPACKED_MAX,
): Promise<Uint8Array> {
  try {
    switch (suffix) {
      case "":
        return bytes;
      case ".gz":
        return gunzipSync(bytes, { maxOutputLength: most });
      case ".zst":
        return zstdDecompressSync(bytes, { maxOutputLength: most });
      case ".xz":
        return Buffer.concat(await Array.fromAsync(upTo(most, unxz(once(bytes)))));
    }
  } catch (error) {
    throw pipeliteError(
      "ARCHIVE_INVALID",
      { format: suffix.slice(1), problem: problemOf(error, most) },
      error,
    );
  }
  throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem: "it is of no known kind" });
}

/** Of zlib. @param most bytes that were allowed */
export function problemOf(error: unknown, most: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_BUFFER_TOO_LARGE") return `it has more than ${most} bytes unpacked`;
  return error instanceof Error ? error.message : String(error);
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
