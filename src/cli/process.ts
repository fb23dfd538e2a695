// The process around a command: signals, broken pipes, exit codes. Together with app.ts the only place that ends it.
import { readFileSync, writeSync } from "node:fs";
import { EXIT, systemErrorCode } from "#base/errors.ts";
import { isTerminal } from "#base/libc.ts";
import { runApp } from "./app.ts";
import type { Output } from "#view/view.ts";
import type { ExitCode, Host } from "./context.ts";
import { pipeliteError } from "./errors.ts";

/** Of a file mode: whoever is neither owner nor in the group may write. */
const WRITTEN_BY_ALL = 0o002;

export async function runProcess(argv: readonly string[]): Promise<void> {
  // As machines of CI have it, nothing is masked: a home that everybody may write proves nothing.
  process.umask(process.umask() | WRITTEN_BY_ALL);
  const outputs = new Map<number, Output>();
  const outputOf = (stream: "stdout" | "stderr"): Output =>
    outputs.getOrInsertComputed(FD[stream], () => openOutput(stream));
  const host: Host = {
    get stdout() {
      return outputOf("stdout");
    },
    get stderr() {
      return outputOf("stderr");
    },
    get stdin() {
      return process.stdin;
    },
    get isInteractive() {
      return isTerminal(FD.stdin) && isTerminal(FD.stderr);
    },
    env: process.env,
    get cwd() {
      return currentFolder();
    },
    writeBytes: (bytes) => writeAll(FD.stdout, bytes),
    interruption: takeOverInterrupt,
    leaveInterrupts,
    onExit: (callback) => void process.on("exit", callback),
  };
  /** What the command ends with, once that is known: what a module does afterwards does not change it. */
  let over: number | undefined;
  holdEndings((code) => {
    if (over !== undefined) return over;
    if (!CLAIMS_MORE.has(code)) return code;
    over = EXIT.usage;
    cutShort(host);
    return over;
  });
  process.on("uncaughtException", (error) => {
    // Of a command that has said what was wrong, no more is wanted; and reporting may fail, where a module changed what Node has.
    if (over !== undefined && over !== EXIT.ok) return;
    over = EXIT.usage;
    reportLate(error, argv, host).then(
      (code) => process.exit((over = code)),
      () => {
        cutShort(host);
        process.exit();
      },
    );
  });
  const code = await (isText(argv) ? runApp(argv, host) : refuseWords(argv, host));
  over ??= code;
  process.exitCode = over;
}

/** What nobody waited for: a promise of a pipeline's module that was rejected, a timer of it that threw, or a fault of ours. */
async function reportLate(error: unknown, argv: readonly string[], host: Host): Promise<ExitCode> {
  const [{ reportProblem }, { pipelineFault }] = await Promise.all([
    import("./problem.ts"),
    import("#app/pipeline-fault.ts"),
  ]);
  return reportProblem(pipelineFault(error) ?? error, argv, host);
}

/** What stands in Node's words for bytes that are no text. */
const NO_TEXT = "\ufffd";

function isText(argv: readonly string[]): boolean {
  if (!argv.some((word) => word.includes(NO_TEXT))) return true;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(readFileSync("/proc/self/cmdline"));
    return true;
  } catch (error) {
    // Where the kernel does not say what was typed, the word is taken.
    return !(error instanceof TypeError);
  }
}

/** Another file would be meant than was said. */
async function refuseWords(argv: readonly string[], host: Host): Promise<ExitCode> {
  const { reportProblem } = await import("./problem.ts");
  const word = argv.find((each) => each.includes(NO_TEXT)) ?? "";
  return reportProblem(pipeliteError("ARGUMENT_NOT_TEXT", { word }), argv, host);
}

/** What no process may say that ended before its command did: that all is well, or that the fault is ours. */
const CLAIMS_MORE: ReadonlySet<number> = new Set([EXIT.ok, EXIT.internal]);

/** The modules of a pipeline are loaded here: they can end the process, or wait for what nothing is left to bring. */
function cutShort({ stderr }: Host): void {
  stderr.write("error: The command was cut short: what it was asked for is not done\n");
  stderr.write("hint: A module of the pipeline ends the process, or waits (`await`) for what never comes\n");
  process.exitCode = EXIT.usage;
}

/**
 * A module of a pipeline that ends this process, however it does, ends it with a code that is true. Native code can't be held, nor
 * can a signal that other programs send.
 * @param ending what to end with, for who would end with a code
 */
function holdEndings(ending: (code: number) => number): void {
  const { emit, kill, reallyExit } = process as unknown as Record<string, Function>;
  const call = (target: Function | undefined, ...args: unknown[]): unknown =>
    target === undefined ? undefined : (Reflect.apply(target, process, args) as unknown);
  const cut = (): unknown => call(reallyExit, ending(EXIT.ok));
  const held = {
    // Listeners can be taken off, and others can come after them.
    emit(name: string, ...rest: unknown[]) {
      const isHeard = call(emit, name, ...rest);
      if (name === "exit") process.exitCode = ending(Number(process.exitCode ?? EXIT.ok));
      return isHeard;
    },
    // Node's own `exit` ends with it.
    reallyExit: (code: number = EXIT.ok) => call(reallyExit, ending(code)),
    // None of these tells anybody.
    abort: cut,
    execve: cut,
    kill: (pid: number, signal?: string | number) =>
      pid === process.pid && signal !== 0 ? cut() : call(kill, pid, signal),
  };
  Object.assign(process, held);
}

let folder: string | undefined;

/** @throws PipeliteError FOLDER_GONE, for a command that asks for it */
function currentFolder(): string {
  try {
    return (folder ??= process.cwd());
  } catch (error) {
    throw pipeliteError("FOLDER_GONE", {}, error);
  }
}

const FD = { stdin: 0, stdout: 1, stderr: 2 } as const;

/**
 * Node's streams take longer to set up than a run with nothing to do takes: files and pipes are written without them. A reader
 * that stops early (`| head`), or whose terminal is gone, is no error: the command goes on to its own end. Where messages can't be
 * written to (a full disk), there is nobody to tell.
 */
function openOutput(name: "stdout" | "stderr"): Output {
  const ignore = (error: unknown): void => {
    if (name === "stdout" && !READER_GONE.test(systemErrorCode(error) ?? "")) throw error;
  };
  if (isTerminal(FD[name]) || process.env["FORCE_COLOR"] !== undefined) {
    const stream = process[name];
    stream.on("error", ignore);
    return stream;
  }
  return {
    isTTY: false,
    write(text) {
      try {
        writeAll(FD[name], Buffer.from(text));
      } catch (error) {
        ignore(error);
      }
    },
  };
}

let interruption: AbortSignal | undefined;

/** From the first call on, the first Ctrl-C asks to stop and the second stops at once. */
function takeOverInterrupt(): AbortSignal {
  if (interruption !== undefined) return interruption;
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  interruption = controller.signal;
  return interruption;
}

function leaveInterrupts(): void {
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {});
  }
}

const READER_GONE = /^(EPIPE|EIO)$/;

/** A pipe that somebody made non-blocking is full: look again after this time. */
const FULL_PIPE_WAIT_MS = 5;

/** Writes past the streams of Node; returns when all is written. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN")
        throw Object.assign(error as Error, {
          path: fd === FD.stdout ? "standard output" : "standard error",
        });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}
