// Lets a test load modules of a pipeline, and pipeline.ts itself, which import `pipelite`, `pipelite/stats` and the like: Node
// finds those by the hook, as stages do by the bundler. Import this file, then load such a module by `await import()`.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { ownLibrary, ownModule } from "#base/own-code.ts";

registerHooks({
  resolve(specifier, context, next) {
    const path = specifier === "pipelite" ? ownModule("index") : ownLibrary(specifier);
    return path === undefined
      ? next(specifier, context)
      : { url: pathToFileURL(path).href, shortCircuit: true };
  },
});
