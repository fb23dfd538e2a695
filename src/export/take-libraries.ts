// Runs inside the sandbox: the libraries that programs of unpacked packages load, and their loader, in one folder.
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { readLoader, readNeeded } from "#base/elf.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { UnpackedPackages } from "./unpacked-packages.ts";

interface Inputs {
  packages: Reader<Readonly<Record<string, unknown>>>[];
  programs: string[];
}

export default function takeLibraries({ packages, programs }: Inputs, { out }: StageContext): void {
  const unpacked = new UnpackedPackages(packages);
  const taken = new Set<string>();
  mkdirSync(`${out}/lib`, { recursive: true });
  const take = (name: string, wantedBy: string): void => {
    if (taken.has(name)) return;
    taken.add(name);
    const file = unpacked.library(name, wantedBy);
    copyFileSync(file, join(out, "lib", name));
    for (const needed of readNeeded(file)) take(needed, name);
  };
  for (const name of programs) {
    const file = unpacked.program(name);
    const loader = readLoader(file);
    if (typeof loader !== "string") throw new Error(`${name} is no program with a loader`);
    for (const needed of [basename(loader), ...readNeeded(file)]) take(needed, name);
  }
}
