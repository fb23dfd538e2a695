// Pipelines that are run and packed, and roots that packages are installed into.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pack } from "#app/pack.ts";
import { openHome } from "#home/home.ts";
import { runPipeline } from "#run/run.ts";
import { FORMATS, type WrittenPackage } from "#ship/shipment.ts";

/** A pipeline is run, and packed. */
export async function runAndPack(
  pipeline: string,
  home: string,
  more: { isSingle: boolean; out: string },
): Promise<WrittenPackage[]> {
  const { signal } = new AbortController();
  const door = openHome(home);
  const run = {
    pipeline,
    stages: [] as string[],
    home: door,
    engine: "embedded" as const,
    params: {},
    out: null,
  };
  const quiet = { keepGoing: false, paranoid: false, env: process.env, listener: () => undefined, signal };
  const { status, runId } = await runPipeline({ ...run, ...quiet });
  assert.equal(status, "passed");
  const { packages } = await pack({
    home: door,
    which: { word: runId },
    names: [],
    formats: FORMATS,
    codec: undefined,
    epoch: undefined,
    keyFile: undefined,
    pathKeyFile: undefined,
    level: undefined,
    layersFile: undefined,
    isAttested: false,
    signal,
    ...more,
  });
  return packages;
}

export function must(command: string, words: readonly string[]): string {
  const env = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C.UTF-8",
    HOME: "/tmp",
    DEBIAN_FRONTEND: "noninteractive",
  };
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: "utf8", env });
  assert.equal(status, 0, `${command} ${words.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/** A root with a shell, which starts Pipelite, and nothing else. */
export function rootOf(root: string): string {
  for (const folder of ["bin", "usr/bin", "tmp", "dev"]) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  chmodSync(join(root, "bin/busybox"), 0o755);
  for (const each of ["sh", "readlink"]) symlinkSync("busybox", join(root, "bin", each));
  return root;
}
