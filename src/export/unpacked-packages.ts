// Finds programs and libraries in unpacked packages of Debian, by their names.
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { Reader } from "#author/files.ts";

type Package = Pick<Reader<Readonly<Record<string, unknown>>>, "path">;

const PROGRAM_FOLDERS = ["bin", "usr/bin", "sbin", "usr/sbin"];
const LIBRARY_FOLDERS = ["lib", "lib64", "usr/lib", "usr/lib64"];
/** Those of one kind of machine: `x86_64-linux-gnu`. */
const MULTIARCH = /-linux-gnu$/;
const LINKS_MAX = 16;

export class UnpackedPackages {
  readonly #roots: readonly string[];
  readonly #libraries = new Map<string, string>();

  constructor(packages: readonly Package[]) {
    this.#roots = packages.map(({ path }) => join(path, "data"));
    for (const root of this.#roots) for (const name of LIBRARY_FOLDERS) this.#readLibraries(join(root, name));
  }

  /** @returns its file; no link */
  program(name: string): string {
    const candidates = this.#roots.flatMap((root) => PROGRAM_FOLDERS.map((each) => join(root, each, name)));
    const found = candidates.find((each) => existsSync(each) && lstatSync(each).isFile());
    if (found === undefined) throw new Error(`no package has the program ${name}`);
    return found;
  }

  /** @returns its file; a link is followed by the name it leads to, whatever the folder */
  library(name: string, wantedBy: string): string {
    let last = name;
    for (let followed = 0; followed < LINKS_MAX; followed += 1) {
      const found = this.#libraries.get(last);
      if (found === undefined) throw new Error(`no package has the library ${name}, which ${wantedBy} loads`);
      if (!isLink(found)) return found;
      last = basename(readlinkSync(found));
    }
    throw new Error(`the links of ${name} lead in a circle`);
  }

  #readLibraries(folder: string): void {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = join(folder, entry.name);
      if (entry.isDirectory() && MULTIARCH.test(entry.name)) this.#readLibraries(file);
      if (!entry.name.includes(".so") || entry.isDirectory()) continue;
      // The loader is a link of its own name elsewhere.
      const known = this.#libraries.get(entry.name);
      if (known === undefined || isLink(known)) this.#libraries.set(entry.name, file);
    }
  }
}

function isLink(file: string): boolean {
  return lstatSync(file).isSymbolicLink();
}
