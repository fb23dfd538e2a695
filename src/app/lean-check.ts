// Reads an export as a stream, checks it with our kernel and tells what holds.
import { createReadStream, fstatSync } from "node:fs";
import { totalmem } from "node:os";
import { setFlagsFromString } from "node:v8";
import { openToRead } from "#base/files.ts";
import { createMemoryGuard } from "./memory-guard.ts";
import { giveUp } from "#lean/fault.ts";
import { checkStream, type ExportCheckOptions, type Report } from "#lean/index.ts";
import { systemReason } from "#base/system-reason.ts";
import { pipeliteError } from "./errors.ts";

export { STANDARD_AXIOMS } from "#lean/index.ts";

const MORE_MEMORY = "NODE_OPTIONS=--max-old-space-size=MIB allows more";
const CHUNK_BYTES = 1 << 18;
/** Garbage is collected when the heap has doubled; by itself the engine waits until it is up to four times as large. */
const COLLECT_AT_DOUBLE = "--heap-growing-percent=100";

export interface CheckExport extends Pick<ExportCheckOptions, "allowAxioms" | "statements" | "onTheorem"> {
  /** So many bytes more have been read. */
  readonly onRead: (bytes: number) => void;
  /** A declaration is about to be checked. */
  readonly onStart: (place: { name: string; declarations: number }) => void;
  /** Threads that judge declarations; the verdicts do not depend on it. */
  readonly jobs: number;
  /** Milliseconds, steps and expressions of one declaration, bytes, after which it gives up. */
  readonly timeMs: number | undefined;
  readonly workMax: number | undefined;
  readonly memoryMax: number | undefined;
}

const WORK_MAX = 2_000_000_000;

/** Checks every declaration of an export. @throws PipeliteError LEAN_EXPORT_UNREADABLE, LEAN_EXPORT_COMPRESSED */
export async function checkExport(
  input: LeanInput,
  { onRead, jobs, timeMs, workMax = WORK_MAX, memoryMax = totalmem() / 2, ...rest }: CheckExport,
): Promise<Report> {
  setFlagsFromString(COLLECT_AT_DOUBLE);
  const chunks = countBytes(input, onRead);
  const timeMessage = `Cannot check within ${(timeMs ?? 0) / 1000} seconds`;
  const endMs = timeMs === undefined ? undefined : Date.now() + timeMs;
  const look = (): void => {
    if (endMs !== undefined && Date.now() > endMs) giveUp(timeMessage);
  };
  const options = { ...rest, workMax, memoryMax, look };
  if (jobs === 1) return checkStream(chunks, options);
  const { checkWithJobs } = await import("./lean-jobs.ts");
  return checkWithJobs(chunks, { ...options, jobs, endMs, timeMessage });
}

export interface LeanInput {
  readonly chunks: AsyncIterable<Uint8Array | string>;
  /** How the user calls it. */
  readonly label: string;
  /** Unknown for what comes through a pipe. */
  readonly sizeBytes: number | undefined;
}

/** An export in a file. @param label how the user calls it */
export function openFile(path: string, label: string): LeanInput {
  try {
    const fd = openToRead(path);
    const stat = fstatSync(fd);
    const chunks = createReadStream(path, { fd, highWaterMark: CHUNK_BYTES });
    return { chunks, label, sizeBytes: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    throw unreadable(error, label);
  }
}

/** The chunks as they are, each counted when it has been checked; refuses at the first what is compressed, so that nobody has to guess what is wrong. */
async function* countBytes(
  { chunks, label }: LeanInput,
  tell: (bytes: number) => void,
): AsyncGenerator<Uint8Array | string> {
  const askMemory = createMemoryGuard();
  let isFirst = true;
  try {
    for await (const chunk of chunks) {
      if (isFirst) refuseCompressed(chunk, label);
      isFirst = false;
      yield chunk;
      tell(chunk.length);
      const limit = askMemory();
      if (limit !== undefined)
        giveUp(`Cannot check in ${Math.floor(limit / 2 ** 20)} MiB of memory: ${MORE_MEMORY}`);
    }
  } catch (error) {
    throw unreadable(error, label);
  }
}

const COMPRESSED: Readonly<Record<string, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  bzip2: [0x42, 0x5a, 0x68],
};

function refuseCompressed(chunk: Uint8Array | string, file: string): void {
  if (typeof chunk === "string") return;
  for (const [program, magic] of Object.entries(COMPRESSED)) {
    const isSo = magic.every((byte, i) => chunk[i] === byte);
    if (isSo) throw pipeliteError("LEAN_EXPORT_COMPRESSED", { file, program });
  }
}

function unreadable(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return error;
  const isFolder = "code" in error && error.code === "EISDIR";
  const reason = isFolder ? "it is a folder" : systemReason(error.errno);
  return pipeliteError("LEAN_EXPORT_UNREADABLE", { file, reason }, error);
}
