// Runs inside the sandbox: programs of unpacked packages that name their libraries by store path, so that each is started by
// itself, wherever.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { editsToName, readLoader } from "#base/elf.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { UnpackedPackages } from "./unpacked-packages.ts";

interface Inputs {
  packages: Reader<Readonly<Record<string, unknown>>>[];
  programs: string[];
  /** The folder of what they load. */
  libraries: string;
}

export default function takePrograms({ packages, programs, libraries }: Inputs, { out }: StageContext): void {
  const unpacked = new UnpackedPackages(packages);
  mkdirSync(`${out}/bin`, { recursive: true });
  for (const name of programs) {
    const file = unpacked.program(name);
    const loader = `${libraries}/${basename(readLoader(file) ?? "")}`;
    const edits = editsToName(file, { loader, libraries });
    if (edits === undefined) throw new Error(`${name} can't be made to name its libraries`);
    const program = readFileSync(file);
    for (const { at, bytes } of edits) program.set(bytes, at);
    writeFileSync(join(out, "bin", name), program, { mode: 0o755 });
  }
}
