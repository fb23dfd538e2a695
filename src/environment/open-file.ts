// A file as bytes that are read when they are asked for: archives that are larger than memory.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "#package/tar-reader.ts";

export class OpenFile implements ByteSource {
  readonly length: number;
  readonly #fd: number;

  constructor(path: string, flags = 0) {
    // A pipe is no file either, and is not waited for to learn that.
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    const stats = fstatSync(this.#fd);
    this.length = stats.size;
    if (!stats.isFile()) {
      this.close();
      throw new Error("it is no file");
    }
  }

  subarray(start: number, end: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(Math.max(Math.min(end, this.length) - start, 0));
    for (let at = 0; at < bytes.length;) {
      const read = readSync(this.#fd, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw new Error("it is shorter than it was");
      at += read;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
