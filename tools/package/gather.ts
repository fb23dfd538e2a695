// `node tools/package/gather.ts FOLDER`: a pipeline that packs Pipelite, with the files that npm would install.
//
//   node tools/package/gather.ts /tmp/self
//   bin/pipelite run /tmp/self && cd /tmp/self && pipelite pack --single --format deb --out packages
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** @param folder is made */
export function gather(folder: string): void {
  const app = join(folder, "app");
  mkdirSync(join(folder, "files"), { recursive: true });
  for (const name of ["package.json", "LICENSE", "bin", "examples/measure"]) copy(name, join(app, name));
  run([join(ROOT, "tools/build.ts"), join(app, "dist"), "--no-types"]);
  // A source never has folders of this name: whole.ts gives it back.
  for (const name of productionModules()) copy(name, join(app, name.replaceAll("node_modules", "modules")));
  for (const name of ["pipeline.ts", "whole.ts"]) cpSync(join(import.meta.dirname, name), join(folder, name));
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, string>;
  const { version = "", description = "" } = manifest;
  const text = (...words: string[]) => run([join(ROOT, "src/cli/main.ts"), ...words]);
  for (const shell of ["bash", "fish", "zsh"])
    writeFileSync(join(folder, "files", `pipelite.${shell}`), text("completion", shell));
  writeFileSync(join(folder, "files/pipelite.1"), manPage(version, description, text("help")));
}

function copy(name: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(ROOT, name), to, { recursive: true, verbatimSymlinks: true });
}

interface Manifest {
  dependencies?: Readonly<Record<string, string>>;
  optionalDependencies?: Readonly<Record<string, string>>;
}

/** What an installation has: what the package needs, and what that needs, where npm put it; the Node comes from the store. */
function productionModules(): string[] {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(ROOT, folder, "package.json"), "utf8"),
    ) as Manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, folder);
      if (place === undefined || found.has(place) || name.startsWith("node-linux-")) continue;
      found.add(place);
      visit(place);
    }
  };
  visit("");
  return [...found].toSorted();
}

/** The nearest above, as Node looks for it. */
function placeOf(name: string, folder: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const place = join(above, "node_modules", name);
    if (existsSync(join(ROOT, place))) return place;
    if (above === "" || above === ".") return undefined;
  }
}

function run(words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", ...words],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`${words.join(" ")}\n${stderr}`);
  return stdout;
}

/** The overview of commands, as it is printed. */
function manPage(version: string, description: string, help: string): string {
  const plain = help.replaceAll("\\", "\\e").replaceAll(/^[.']/gm, "\\&$&").replaceAll("-", "\\-");
  return `.TH PIPELITE 1 2026-11-30 "pipelite ${version}"
.SH NAME
pipelite \\- ${description.replaceAll("-", "\\-")}
.SH SYNOPSIS
.B pipelite
.I COMMAND
.SH COMMANDS
.nf
${plain}.fi
`;
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder] = process.argv;
  if (folder === undefined) throw new Error("usage: node tools/package/gather.ts FOLDER");
  gather(resolve(folder));
}
