// Runs Lean itself on the Lean file, when a run brings it: `--param lean=/path/to/toolchain/bin/lean`.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BroughtTool } from "pipelite";

export interface LeanReport {
  readonly status: "lean-checked" | "unavailable";
  /** What it says of itself; null when it was not run. */
  readonly version: string | null;
  /** What it said of the file. */
  readonly messages: readonly string[];
}

export const NO_LEAN: LeanReport = { status: "unavailable", version: null, messages: [] };

const FILE = "MonsterWalk.lean";

/** Throws RangeError with what Lean says when it does not accept the file. */
export function runLean({ command, files }: BroughtTool, text: string, folder: string): LeanReport {
  const [program = "", ...words] = command;
  const run = (...args: string[]) =>
    spawnSync(program, [...words, ...args], {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      env: { HOME: folder, ...(files === null ? {} : { LEAN_PATH: files }) },
    });
  writeFileSync(join(folder, FILE), text);
  const { status, stdout, stderr, error } = run(FILE);
  if (error !== undefined) throw new RangeError(`Lean cannot be started: ${error.message}`);
  const messages = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
  if (status !== 0) {
    const said = messages.length === 0 ? "it says nothing" : messages.slice(0, 5).join("\n");
    throw new RangeError(`Lean does not accept ${FILE} (exit code ${status}): ${said}`);
  }
  const version = run("--version");
  return { status: "lean-checked", version: version.stdout.split("\n")[0] ?? null, messages };
}
