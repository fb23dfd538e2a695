// What every bundle is made with: which modules are Node's, which are our own, and which files have no end.
import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";
import { endlessKind } from "#base/files.ts";
import { ownLibrary } from "#base/own-code.ts";
import type { Manifests } from "./manifests.ts";

/** The first line of a bundle: CommonJS packages inside it may call require with a name that they work out. */
export const REQUIRE =
  'const require=process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/** Leaves that line empty in code that has no use for it: making a `require` takes as long as all else before the stage starts. */
export function withoutUnusedRequire(code: Uint8Array): Uint8Array {
  const rest = Buffer.from(code).toString("latin1").slice(REQUIRE.length);
  return /\brequire\b/.test(rest) ? code : Buffer.from(rest, "latin1");
}

/**
 * Modules of Node are had by a call, and a member of one by another. An import statement reads every member, those too that load
 * others when they are read: `import { readFileSync } from "node:fs"` loads streams and readline, a fifth of the start of a stage.
 */
export const builtins: Plugin = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const namespace = kind === "require-call" || kind === "require-resolve" ? "required" : "imported";
      return { path: `node:${path.replace(/^node:/, "")}`, namespace, sideEffects: false };
    });
    build.onLoad({ filter: /./, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("${path}");`,
    }));
    build.onLoad({ filter: /./, namespace: "imported" }, ({ path }) => ({
      contents: [
        `const whole = /* @__PURE__ */ process.getBuiltinModule("${path}");`,
        "const member = (name) => whole[name];",
        "export default whole;",
        ...membersOf(path).map((name) => `export const ${name} = /* @__PURE__ */ member("${name}");`),
      ].join("\n"),
    }));
  },
};

/** What Node lets be imported by name: that is not read here either. */
function membersOf(builtin: string): string[] {
  const names = Object.keys(process.getBuiltinModule(builtin) ?? {});
  return names.filter((name) => /^[\w$]+$/.test(name) && name !== "default");
}

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

/** esbuild itself would read a pipe or a device without end, be it a module or a package.json on the way to one. */
export const endOfFiles = (manifests: Manifests): Plugin => ({
  name: "end of files",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, resolveDir }) => {
      if (resolveDir !== "") manifests.look(path, resolveDir);
      return undefined;
    });
    build.onLoad({ filter: /./, namespace: "file" }, ({ path }) => {
      const kind = endlessKind(path);
      if (kind === undefined) return undefined;
      return { errors: [{ text: `${path} is ${kind}, and that may have no end` }] };
    });
  },
});
