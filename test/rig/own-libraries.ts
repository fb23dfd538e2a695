// Lets a test load modules of a pipeline that import `pipelite/stats` and the like: Node finds those by the hook, as
// stages do by the bundler. Import this file, then load such a module by `await import()`.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { ownLibrary } from "#base/own-code.ts";

registerHooks({
  resolve(specifier, context, next) {
    const path = ownLibrary(specifier);
    return path === undefined
      ? next(specifier, context)
      : { url: pathToFileURL(path).href, shortCircuit: true };
  },
});
