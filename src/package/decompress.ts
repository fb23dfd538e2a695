// What package formats are compressed by, whole contents at a time. The bytes have been compared with a hash before.
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { pipeliteError } from "./errors.ts";

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
        return await unxz(bytes);
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem }, error);
  }
  throw pipeliteError("ARCHIVE_INVALID", { format: suffix.slice(1), problem: "it is of no known kind" });
}

async function unxz(bytes: Uint8Array): Promise<Uint8Array> {
  const { default: library } = await import("xz-decompress");
  const input = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const pieces: Uint8Array[] = [];
  let [size, idle] = [0, 0];
  for await (const piece of new library.XzReadableStream(input)) {
    // The library waits for ever for the rest of a stream that is cut off.
    idle = piece.length === 0 ? idle + 1 : 0;
    if (idle > IDLE_MAX) throw new Error("it is cut off");
    pieces.push(piece);
    size += piece.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const IDLE_MAX = 1000;
