// One run of a program: how long it took, and what processor time and memory it used. What runs too long is ended.
import { spawn } from "node:child_process";
import { dlopen } from "node:ffi";
import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
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
}

export interface Sample {
  wallMs: number;
  /** Processor time, user and system, of the program and all that it waited for. */
  cpuMs: number;
  /** The most memory that the program itself had at once; zero when it was over before anybody looked. */
  peakMib: number;
  /** What it ended with; null when it was ended after `limitMs`. */
  status: number | null;
  stderr: string;
}

const LOOK_MS = 5;

export async function sample(
  { command, env, cwd, timesItself = false }: Run,
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
      stdio: ["ignore", ...fds],
      env: { ...process.env, ...env },
      detached: true,
      ...(cwd !== undefined && { cwd }),
    });
    const end = (): void => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
    process.once("exit", end);
    let peakMib = 0;
    const looking = setInterval(() => (peakMib = Math.max(peakMib, peakOf(child.pid))), LOOK_MS);
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
    const ownMs = timesItself ? Number(readFileSync(out, "utf8").trim().split("\n").at(-1)) : wallMs;
    return {
      wallMs: ownMs,
      cpuMs: childrenCpuMs() - cpuBefore,
      peakMib,
      status: isOver ? null : (status ?? Number.NaN),
      stderr: readFileSync(err, "utf8"),
    };
  } finally {
    for (const fd of fds) closeSync(fd);
    removeTree(folder);
  }
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
