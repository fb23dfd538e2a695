// `pipelite lean check`: reads an export as a stream, checks it with our kernel and tells what holds.
import { createReadStream, fstatSync } from "node:fs";
import { open } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import { setFlagsFromString } from "node:v8";
import { EXIT } from "#base/errors.ts";
import { endWith, pathOf, print, printJson, type Context, type GlobalFlags } from "#cli/context.ts";
import { createMemoryGuard } from "#cli/memory-guard.ts";
import { giveUp } from "#lean/fault.ts";
import { STANDARD_AXIOMS, checkStream, type Report } from "#lean/index.ts";
import { formatSize } from "#view/format.ts";
import { createLeanProgress } from "#view/lean-progress.ts";
import { leanReportLines } from "#view/lean.ts";
import { createPaint, renderLine, wantsColor } from "#view/paint.ts";
import { pipeliteError } from "#cli/errors.ts";

export interface LeanCheckFlags extends GlobalFlags {
  allowAxiom: readonly string[] | undefined;
}

const MORE_MEMORY = "NODE_OPTIONS=--max-old-space-size=MIB allows more";
const CHUNK_BYTES = 1 << 16;
/** Garbage is collected when the heap has doubled, and not, as it would be by itself, when it is up to four times as large. */
const COLLECT_AT_DOUBLE = "--heap-growing-percent=100";

export async function leanCheck(context: Context, flags: LeanCheckFlags, file: string): Promise<void> {
  setFlagsFromString(COLLECT_AT_DOUBLE);
  const allowAxioms = flags.allowAxiom ?? [];
  const input = file === "-" ? openInput(context) : await openFile(pathOf(context, file), file);
  const { stderr } = context;
  const progress = createLeanProgress(stderr, {
    isShown: stderr.isTTY === true && !flags.quiet,
    color: wantsColor(flags.color, stderr),
    totalBytes: input.sizeBytes,
    now: () => performance.now(),
  });
  let report: Report;
  try {
    report = await checkStream(countBytes(input, progress.read), { allowAxioms, onStart: progress.start });
  } finally {
    progress.close();
  }
  if (flags.json) printJson(context, documentOf(report, { file, allowAxioms }));
  else printReport(context, flags, report, allowAxioms);
  if (report.status !== "accepted") endWith(context, EXIT.verification);
}

interface Input {
  readonly chunks: AsyncIterable<Uint8Array | string>;
  /** How the user calls it. */
  readonly label: string;
  /** Unknown for what comes through a pipe. */
  readonly sizeBytes: number | undefined;
}

function openInput({ stdin }: Context): Input {
  return { chunks: stdin as AsyncIterable<Uint8Array | string>, label: "stdin", sizeBytes: undefined };
}

async function openFile(path: string, label: string): Promise<Input> {
  try {
    const handle = await open(path);
    const stat = fstatSync(handle.fd);
    const chunks = createReadStream(path, { fd: handle, highWaterMark: CHUNK_BYTES });
    return { chunks, label, sizeBytes: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    throw unreadable(error, label);
  }
}

/** The chunks as they are, each counted when it has been checked; refuses at the first what is compressed, so that nobody has to guess what is wrong. */
async function* countBytes(
  { chunks, label }: Input,
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
      if (limit !== undefined) giveUp(`Cannot check in ${formatSize(limit)} of memory: ${MORE_MEMORY}`);
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
  const reason = isFolder ? "it is a folder" : getSystemErrorMessage(error.errno);
  return pipeliteError("LEAN_EXPORT_UNREADABLE", { file, reason }, error);
}

/** What --json prints: the report, with null for what there is not. */
function documentOf(report: Report, { file, allowAxioms }: { file: string; allowAxioms: readonly string[] }) {
  const { status, meta, lines, counts, theorems, axioms, accelerated, problem } = report;
  return {
    file,
    status,
    problem: problem === undefined ? null : { ...problem, declaration: problem.declaration ?? null },
    allowedAxioms: [...new Set([...STANDARD_AXIOMS, ...allowAxioms])],
    theorems,
    axioms,
    accelerated,
    counts,
    lines,
    meta: meta ?? null,
  };
}

function printReport(
  context: Context,
  flags: LeanCheckFlags,
  report: Report,
  allowAxioms: readonly string[],
): void {
  const { stdout } = context;
  const paint = createPaint(wantsColor(flags.color, stdout));
  const columns = stdout.isTTY === true ? stdout.columns || 80 : undefined;
  const { quiet, verbose } = flags;
  const lines = leanReportLines(report, { columns, quiet, verbose, allowAxioms });
  // In pieces: a library has more theorems than one text can hold.
  for (let at = 0; at < lines.length; at += 1000) {
    print(
      context,
      lines
        .slice(at, at + 1000)
        .map((line) => `${renderLine(line, paint)}\n`)
        .join(""),
    );
  }
}
