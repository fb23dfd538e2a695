// What every bundle is made with: which modules are Node's, which are our own, and which files have no end.
import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";
import { endlessKind } from "#base/files.ts";
import { ownLibrary } from "#base/own-code.ts";

// CommonJS packages inside a bundle may call require with a name that they work out.
export const REQUIRE =
  'const require=process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/**
 * Modules of Node are had by a call. An import statement reads every member of one, those too that load others when they
 * are read: `import { readFileSync } from "node:fs"` loads streams and readline, a fifth of the start of a stage.
 */
export const builtins: Plugin = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path }) =>
      isBuiltin(path) ? { path: `node:${path.replace(/^node:/, "")}`, namespace: "builtin" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("${path}");`,
    }));
  },
};

/** `pipelite` gives types only, which are gone by now; `pipelite/stats` and the like are modules beside this one. */
export const ownImports: Plugin = {
  name: "pipelite",
  setup(build) {
    build.onResolve({ filter: /^pipelite\// }, ({ path: specifier }) => {
      const path = ownLibrary(specifier);
      return path === undefined ? undefined : { path, sideEffects: false };
    });
    build.onResolve({ filter: /^pipelite$/ }, () => ({ path: "pipelite", namespace: "types-only" }));
    build.onLoad({ filter: /.*/, namespace: "types-only" }, () => ({ contents: "export {};" }));
  },
};

/** esbuild itself would read a pipe or a device without end. */
export const endOfFiles: Plugin = {
  name: "end of files",
  setup(build) {
    build.onLoad({ filter: /./, namespace: "file" }, ({ path }) => {
      const kind = endlessKind(path);
      if (kind === undefined) return undefined;
      return { errors: [{ text: `${path} is ${kind}, and that may have no end` }] };
    });
  },
};
