// Runs command lines: as bin/pipelite, which a user starts, or in the process of the test, which spares it the start and all loading.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runHere } from "../cli/rig.ts";

const PIPELITE = join(import.meta.dirname, "../../bin/pipelite");

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
}

export function start(args: readonly string[], { cwd, env }: CommandOptions = {}): Running {
  const child = spawn(PIPELITE, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/**
 * Waits until something is true. What never comes fails here, and does not hold the other tests.
 * @throws after five minutes, more than any machine needs
 */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 300_000;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`waited five minutes in vain: ${what}`);
    await sleep(20);
  }
}

/** Runs `pipelite` with these words in this process. */
export async function pipelite(
  args: readonly string[],
  { cwd = process.cwd(), env }: CommandOptions = {},
): Promise<Ended> {
  const ended = await runHere(args, { cwd, env: { ...process.env, NO_COLOR: "1", ...env } });
  return { ...ended, signal: null };
}
