// A cache that is a folder, as `nix copy --to file://` makes it. A file appears whole or not at all, and outlasts a loss of power.
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { makeFolder } from "#base/files.ts";
import { syncFile } from "#base/sync-file.ts";
import { isPipeliteError, systemErrorCode } from "#base/errors.ts";
import { pipeliteError } from "./errors.ts";
import type { CacheFiles } from "./files.ts";

export function folderFiles(folder: string): CacheFiles {
  const url = `file://${folder}`;
  const failed = (file: string, error: unknown) =>
    isPipeliteError(error)
      ? error
      : pipeliteError("CACHE_FAILED", { url, file, problem: problemOf(error) }, error);
  const isFile = (name: string): boolean => {
    try {
      return statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true;
    } catch (error) {
      if (systemErrorCode(error) === "ENOTDIR") return false;
      throw failed(name, error);
    }
  };
  return {
    url,
    has: async (name) => isFile(name),
    async read(name, signal, start = 0) {
      if (!isFile(name)) return undefined;
      return guarded(createReadStream(join(folder, name), { start, signal }), (error) =>
        signal.aborted ? error : failed(name, error),
      );
    },
    async write(name, body, signal) {
      const target = join(folder, name);
      const unfinished = `${target}.${randomBytes(6).toString("hex")}.tmp`;
      try {
        makeFolder(dirname(target));
        if (body.file !== undefined && (await isMoved(body.file, target))) return;
        const fd = openSync(unfinished, "wx");
        await pipeline(Readable.from(body.chunks()), createWriteStream(unfinished, { fd, flush: true }), {
          signal,
        });
        renameSync(unfinished, target);
      } catch (error) {
        if (isFile(`${name}.${unfinished.slice(target.length + 1)}`)) rmSync(unfinished);
        if (signal.aborted || isPipeliteError(error)) throw error;
        if (OF_THE_FOLDER.test(systemErrorCode(error) ?? ""))
          throw pipeliteError("CACHE_FOLDER_UNUSABLE", { folder, problem: problemOf(error) }, error);
        throw pipeliteError("CACHE_WRITE_FAILED", { url, file: name, problem: problemOf(error) }, error);
      }
    },
    ask: async () => undefined,
  };
}

/** What is wrong with the place itself: another try does not help. */
const OF_THE_FOLDER = /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EISDIR|ENOENT|ELOOP|ENAMETOOLONG)$/;

/** Between file systems nothing can be moved. */
async function isMoved(file: string, target: string): Promise<boolean> {
  try {
    await syncFile(file);
    renameSync(file, target);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EXDEV") return false;
    throw error;
  }
}

async function* guarded(chunks: AsyncIterable<Uint8Array>, failure: (error: unknown) => unknown) {
  try {
    yield* chunks;
  } catch (error) {
    throw failure(error);
  }
}

function problemOf(error: unknown): string {
  switch (systemErrorCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return "no space is left there";
    case "EACCES":
    case "EPERM":
      return "it may not be touched";
    case "EROFS":
      return "it is read-only";
    case "ENOENT":
      return "no folder can be made there";
    case "ENOTDIR":
    case "EEXIST":
      return "a file is where a folder should be";
    case "EISDIR":
      return "a folder is where a file should be";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
