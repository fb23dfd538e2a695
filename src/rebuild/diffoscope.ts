// What diffoscope says of two outputs, where it is installed: the start of its text, beside ours.
import { spawnSync } from "node:child_process";
import type { Variables } from "#base/environment.ts";

const [TIMEOUT_MS, LINES_MAX] = [30_000, 60];

/** @returns undefined where it is not installed, finds nothing, or takes too long */
export function describeByDiffoscope(one: string, other: string, env: Variables): string | undefined {
  const words = ["--exclude-directory-metadata=recursive", "--no-progress", "--text", "-", one, other];
  const { status, stdout } = spawnSync("diffoscope", words, { env, encoding: "utf8", timeout: TIMEOUT_MS });
  // It ends with 1 where it found something.
  return status === 1 ? stdout.split("\n").slice(0, LINES_MAX).join("\n") : undefined;
}
