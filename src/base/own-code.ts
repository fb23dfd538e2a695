// Where Pipelite's own code is: TypeScript files under src/ in a checkout, bundled files beside each other in a package.
import { join, resolve } from "node:path";

const isCheckout = import.meta.filename.endsWith(".ts");

/** Absolute path of the folder that holds all of it. */
export const OWN_FOLDER: string = resolve(import.meta.dirname, isCheckout ? ".." : ".");

/** Absolute path of one module: `compile/runtime` is src/compile/runtime.ts or dist/runtime.js. */
export function ownModule(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  return isCheckout ? join(OWN_FOLDER, `${name}.ts`) : join(OWN_FOLDER, `${base}.js`);
}

/** What a stage may import of Pipelite, besides types: pure modules, bundled with the stage. */
const LIBRARIES = ["lean", "nix", "stats"];

/** Absolute path of the module that `pipelite/NAME` stands for, whatever is installed or built; undefined for any other. */
export function ownLibrary(specifier: string): string | undefined {
  const name = LIBRARIES.find((each) => specifier === `pipelite/${each}`);
  if (name === undefined) return undefined;
  return isCheckout ? join(OWN_FOLDER, name, "index.ts") : join(OWN_FOLDER, `${name}.js`);
}

export function isOwnCode(path: string): boolean {
  return path.startsWith(`${OWN_FOLDER}/`);
}
