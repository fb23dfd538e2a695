// The package.json files on the way to a module. Node and esbuild read them to find it, and would wait without end for one
// that is a pipe; what they say is part of what was found.
import { dirname, isAbsolute, join, resolve } from "node:path";
import { entryAt, isDirectory, refuseEndless } from "#base/files.ts";

export class Manifests {
  readonly #root: string;
  readonly #seen = new Set<string>();
  /** Every package.json that is there, or would count if it were. */
  readonly looked = new Set<string>();

  /** @param root above it, a file that is not there is not waited for */
  constructor(root: string) {
    this.#root = root;
  }

  /** Looks at those that count for a name that a module of `folder` imports, before it is resolved. @throws FILE_ENDLESS */
  look(specifier: string, folder: string): void {
    if (isAbsolute(specifier) || /^\.{1,2}(\/|$)/.test(specifier)) {
      const path = resolve(folder, specifier);
      return this.#lookFrom(isDirectory(path) ? path : dirname(path));
    }
    this.#lookFrom(folder);
    if (/^(#|[a-z]+:)/.test(specifier)) return;
    for (let above = folder; ; above = dirname(above)) {
      const path = join(above, "node_modules", specifier);
      if (isDirectory(path)) this.#lookFrom(path);
      if (above === dirname(above)) return;
    }
  }

  /** In a folder, and those above it. */
  #lookFrom(path: string): void {
    for (let folder = path; !this.#seen.has(folder); folder = dirname(folder)) {
      this.#seen.add(folder);
      const file = join(folder, "package.json");
      refuseEndless(file);
      if (`${folder}/`.startsWith(`${this.#root}/`) || entryAt(file) !== undefined) this.looked.add(file);
    }
  }
}
