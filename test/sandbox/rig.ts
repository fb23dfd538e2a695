// Running stages as the user of the test, or, when that is root, as an ordinary user in a process of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { NOBODY, isRoot, runHere, temporaryFolder } from "./stage.ts";
import type { Ended, Stage } from "./stage.ts";

export async function runStage(stage: Stage): Promise<Ended> {
  if (isRoot && stage.user === "ordinary") return runAsNobody(stage);
  return runHere(stage);
}

let nobodyFolder: string | undefined;

/** The checkout may be where only root can look: what runs is a bundle, by a copy of Node. */
export function nobodyRunner(): string {
  if (nobodyFolder !== undefined) return nobodyFolder;
  nobodyFolder = temporaryFolder("ordinary");
  cpSync(process.execPath, join(nobodyFolder, "node"));
  buildSync({
    entryPoints: [join(import.meta.dirname, "as-other-user.ts")],
    outfile: join(nobodyFolder, "run.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["esbuild"],
    logLevel: "warning",
  });
  return nobodyFolder;
}

export function removeRunner(): void {
  if (nobodyFolder !== undefined) rmSync(nobodyFolder, { recursive: true });
  nobodyFolder = undefined;
}

function runAsNobody(stage: Stage): Ended {
  const runner = nobodyRunner();
  const { stdout, stderr, status } = asNobody(
    [join(runner, "node"), join(runner, "run.mjs"), JSON.stringify(stage)],
    {
      TMPDIR: runner,
      PATH: process.env["PATH"] ?? "",
    },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Ended;
}

export function asNobody(command: string[], env: Record<string, string>) {
  const options = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return spawnSync("setpriv", [...options, ...command], {
    encoding: "utf8",
    env,
    cwd: "/",
    maxBuffer: 64 * 1024 * 1024,
  });
}
