// Building one derivation with real Nix, in a store of its own, as some user.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { asNobody } from "./rig.ts";
import { isRoot, temporaryFolder } from "./stage.ts";
import type { User } from "./stage.ts";

const folders: string[] = [];

/** A folder that `removeNixFolders` removes. */
export function temporary(user: User): string {
  const folder = temporaryFolder(user);
  folders.push(folder);
  return folder;
}

export function removeNixFolders(): void {
  for (const folder of folders.splice(0)) removeTree(folder);
}

export interface NixBuild {
  builder: string;
  /** `@out@` stands for the output. */
  args: string[];
  /** Comes before the command. */
  wrapper?: string[];
}

/** Adds the folder to a new store and builds what `make` says of its path there. */
export function buildWithNix(user: User, source: string, make: (path: string) => NixBuild) {
  const folder = temporary(user);
  const configuration = join(temporary("ordinary"), "conf");
  mkdirSync(configuration);
  writeFileSync(
    join(configuration, "nix.conf"),
    "build-users-group =\nsandbox = true\nsandbox-fallback = false\nsubstituters =\nexperimental-features = nix-command\n",
  );
  const root = join(folder, "root");
  const env = {
    NIX_CONF_DIR: configuration,
    HOME: folder,
    TMPDIR: folder,
    PATH: process.env["PATH"] ?? "",
  };
  const run = (command: string[]) => {
    const ended =
      isRoot && user === "ordinary"
        ? asNobody(command, env)
        : spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8", env });
    assert.equal(ended.status, 0, ended.stderr);
    return ended;
  };
  const path = run(["nix-store", "--store", root, "--add", source]).stdout.trim();
  const { builder, args, wrapper = [] } = make(path);
  const words = args.map((arg) => (arg === "@out@" ? '(placeholder "out")' : JSON.stringify(arg)));
  const expression = `derivation {
    name = "probe"; system = "${process.arch === "x64" ? "x86_64" : "aarch64"}-linux"; busybox = builtins.storePath "${path}";
    builder = "${builder}"; args = [ ${words.join(" ")} ];
  }`;
  const built = run([...wrapper, "nix-build", "--store", root, "--no-out-link", "-E", expression]);
  return { log: built.stderr, out: built.stdout.trim(), root, path };
}
