// One run of a program: how long it took, and what processor time and memory it used. What runs too long is ended.
import { spawn, type ChildProcess } from "node:child_process";
import { dlopen } from "node:ffi";
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";

export type Command = readonly [program: string, ...words: string[]];

export interface Run {
  command: Command;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** It prints the milliseconds that count, without its own start, as its last line. */
  timesItself?: boolean;
  /** Times count up to the moment at which it prints this; it still runs to its end. */
  until?: string;
  /** Lines of this form, of what it prints anywhere, are counted. */
  counts?: RegExp;
}

export interface Sample {
  wallMs: number;
  /** Processor time, user and system, of the program and all that it waited for. */
  cpuMs: number;
  /** Of that, its own main thread, as of the last look before its end. */
  mainMs: number;
  /** The most memory that the program itself had at once; zero when it was over before anybody looked. */
  peakMib: number;
  /** What it ended with; null when it was ended after `limitMs`. */
  status: number | null;
  /** Lines that were to be counted. */
  count: number;
  stderr: string;
}

const LOOK_MS = 5;

export async function sample(
  { command, env, cwd, timesItself = false, until, counts }: Run,
  limitMs: number,
): Promise<Sample> {
  const [program, ...words] = command;
  const folder = mkdtempSync(join(tmpdir(), "pipelite-sample-"));
  const [out, err] = [join(folder, "out"), join(folder, "err")];
  const fds = [openSync(out, "w"), openSync(err, "w")] as const;
  try {
    const cpuBefore = childrenCpuMs();
    const start = performance.now();
    // A group of its own, so that what it started ends with it.
    const child = spawn(program, words, {
      stdio: ["ignore", until === undefined ? fds[0] : "pipe", fds[1]],
      env: { ...process.env, ...env },
      detached: true,
      ...(cwd !== undefined && { cwd }),
    });
    const end = (): void => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
    process.once("exit", end);
    let [peakMib, mainMs] = [0, 0];
    const looking = setInterval(() => {
      peakMib = Math.max(peakMib, peakOf(child.pid));
      mainMs = Math.max(mainMs, threadMs(child.pid));
    }, LOOK_MS);
    const said = until === undefined ? undefined : whenSaid(child, until, start);
    let isOver = false;
    const limit = setTimeout(() => ((isOver = true), end()), limitMs);
    const status = await new Promise<number | null>((resolve, reject) =>
      child.once("exit", resolve).once("error", reject),
    ).finally(() => {
      clearInterval(looking);
      clearTimeout(limit);
      process.off("exit", end);
    });
    const wallMs = performance.now() - start;
    const times = said === undefined ? {} : (said() ?? { wallMs: Number.NaN });
    const ownMs = timesItself ? Number(readFileSync(out, "utf8").trim().split("\n").at(-1)) : wallMs;
    return {
      wallMs: ownMs,
      cpuMs: childrenCpuMs() - cpuBefore,
      mainMs,
      peakMib,
      status: isOver ? null : (status ?? Number.NaN),
      count: counts === undefined ? 0 : [out, err].reduce((sum, file) => sum + linesOf(file, counts), 0),
      stderr: readFileSync(err, "utf8"),
      ...times,
    };
  } finally {
    for (const fd of fds) closeSync(fd);
    removeTree(folder);
  }
}

function linesOf(file: string, form: RegExp): number {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => form.test(line)).length;
}

/** @returns what tells the times up to the moment at which it was said; undefined when it was not */
function whenSaid(
  child: ChildProcess,
  text: string,
  start: number,
): () => Pick<Sample, "wallMs" | "cpuMs" | "mainMs"> | undefined {
  let rest = "";
  let times: Pick<Sample, "wallMs" | "cpuMs" | "mainMs"> | undefined;
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    if (times !== undefined) return;
    rest += chunk;
    if (rest.includes(text)) {
      const wallMs = performance.now() - start;
      times = { wallMs, cpuMs: ownCpuMs(child.pid), mainMs: threadMs(child.pid) };
    } else rest = rest.slice(-text.length);
  });
  return () => times;
}

/** Processor time of a thread so far, in the kernel's own nanoseconds. */
function threadMs(pid: number | undefined, thread = pid): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ");
    return Number(nanoseconds) / 1e6;
  } catch {
    return 0;
  }
}

/** The same of all threads that a process has. */
function ownCpuMs(pid: number | undefined): number {
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  return threads.reduce((sum, thread) => sum + threadMs(pid, thread), 0);
}

/** The kernel's own high-water mark, which only grows: the last look before the end is close to it. */
function peakOf(pid: number | undefined): number {
  try {
    const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const { getrusage } = dlopen("libc.so.6", {
  getrusage: { arguments: ["i32", "buffer"], return: "i32" },
}).functions;
const CHILDREN = -1;

/** What all programs we waited for have used so far; /proc counts in hundredths of a second only. */
function childrenCpuMs(): number {
  const usage = Buffer.alloc(144);
  getrusage(CHILDREN, usage);
  const [seconds, micros] = [0, 8].map((at) =>
    Number(usage.readBigInt64LE(at) + usage.readBigInt64LE(at + 16)),
  );
  return (seconds ?? 0) * 1000 + (micros ?? 0) / 1000;
}
