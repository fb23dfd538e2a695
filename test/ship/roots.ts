// Pipelines that are run and packed, and roots that packages are installed into.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { openHome } from "#home/home.ts";
import { runPipeline } from "#run/run.ts";
import { PACKAGE_FORMATS, type WrittenPackage } from "#ship/shipment.ts";
import { packLatest } from "../rig/packing.ts";

/** A pipeline is run, and packed: in every format unless others are named. */
export async function runAndPack(
  pipeline: string,
  home: string,
  more: Partial<Parameters<typeof packLatest>[1]> & { out: string },
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
  const { packages } = await packLatest(
    { door },
    { formats: PACKAGE_FORMATS, which: { word: runId }, ...more },
  );
  return packages;
}

export function must(command: string, words: readonly string[], cwd?: string): string {
  const env = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C.UTF-8",
    HOME: "/tmp",
    DEBIAN_FRONTEND: "noninteractive",
  };
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: "utf8", env, cwd });
  assert.equal(status, 0, `${command} ${words.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/** Podman with storage of its own below a folder, in which it is: it takes places for names, which are lower case (docs/images.md). */
export function podmanIn(folder: string): (...words: string[]) => string {
  const storage = [
    "--storage-driver=vfs",
    `--root=${folder}/podman`,
    `--runroot=${folder}/podman-run`,
    "--runtime=runc",
  ];
  return (...words) => must("podman", [...storage, ...words], folder);
}

/** What a container is started with where limits may not be raised. */
export const LIMITS: readonly string[] = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];

/** A store of Nix in a folder, with a profile: what of a closure is in use. */
export function nixIn(root: string) {
  const store = ["--store", root];
  const profile = join(root, "nix/var/nix/profiles/pipelite-test");
  const nix = (...words: string[]) => must("nix", ["--extra-experimental-features", "nix-command", ...words]);
  return {
    install(cache: string, path: string): void {
      nix("copy", "--no-check-sigs", "--from", `file://${cache}`, "--to", root, path);
      must("nix-env", [...store, "-p", profile, "--set", path]);
    },
    /** With the profile. A process of another test that names such a path would keep it from the collector. */
    remove(): void {
      rmSync(join(root, "nix/var/nix/profiles"), { recursive: true });
      const all = must("nix", [
        "--extra-experimental-features",
        "nix-command",
        "path-info",
        ...store,
        "--all",
      ]);
      must("nix-store", [...store, "--delete", "--ignore-liveness", ...all.trim().split("\n")]);
    },
    verify: () => must("nix-store", [...store, "--verify", "--check-contents"]),
  };
}

/** A root with a shell, which starts Pipelite, and nothing else. */
export function rootOf(root: string): string {
  for (const folder of ["bin", "usr/bin", "tmp", "dev"]) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  chmodSync(join(root, "bin/busybox"), 0o755);
  for (const each of ["sh", "readlink"]) symlinkSync("busybox", join(root, "bin", each));
  return root;
}
