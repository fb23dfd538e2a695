// Where Pipelite's own code is: TypeScript files under src/ in a checkout, bundled files beside each other in a package.
import { join, resolve } from "node:path";

const isCheckout = import.meta.filename.endsWith(".ts");

/** Absolute path of the folder that holds all of it. */
export const OWN_FOLDER: string = resolve(import.meta.dirname, isCheckout ? ".." : ".");

/** Absolute path of one module: `define/runtime` is src/define/runtime.ts or dist/runtime.js. */
export function ownModule(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  return isCheckout ? join(OWN_FOLDER, `${name}.ts`) : join(OWN_FOLDER, `${base}.js`);
}

export function isOwnCode(path: string): boolean {
  return path.startsWith(`${OWN_FOLDER}/`);
}
