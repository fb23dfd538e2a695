// Runs inside the sandbox: one folder of links to the programs of several packages. What is earlier in the list hides what is
// later, as on a PATH.
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import type { Source, StageContext } from "#author/files.ts";

export default function linkPrograms({ packages }: { packages: Source[] }, { out }: StageContext): void {
  const programs = new Map<string, string>();
  for (const { path } of packages) {
    for (const name of namesIn(path)) if (!programs.has(name)) programs.set(name, `${path}/bin/${name}`);
  }
  mkdirSync(`${out}/bin`, { recursive: true });
  for (const [name, target] of programs) symlinkSync(target, `${out}/bin/${name}`);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(`${path}/bin`);
  } catch (error) {
    throw new Error(`cannot link the programs of ${path}: it has no folder bin`, { cause: error });
  }
}
