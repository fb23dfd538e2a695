// Turns a stage's module, with all it imports, into one ES module. Its bytes depend on the code alone: white space and
// comments are dropped and no path is written into it, so an edited comment rebuilds nothing. The source map stays
// outside the derivation, for showing stack traces.
import { createHash } from "node:crypto";
import { hexDigestOf } from "#base/digest.ts";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { relative, resolve } from "node:path";
import type { BuildFailure, BuildResult, Plugin } from "esbuild";
import { endlessKind } from "#base/files.ts";
import { isOwnCode, ownLibrary, ownModule } from "#base/own-code.ts";
import { pipeliteError } from "./errors.ts";

export interface Bundle {
  code: Uint8Array;
  sourceMap: Uint8Array;
  /** Path relative to the pipeline's folder -> sha256 (hex) of the file; Pipelite's own runtime under `pipelite`. */
  files: Record<string, string>;
  /** Absolute paths of all files read. */
  paths: string[];
}

const RUNTIME = ownModule("compile/runtime");

/** Bundles the stage module at `path`; `root` is the pipeline's folder. */
export async function bundleStage(path: string, root: string, place: string): Promise<Bundle> {
  const entry = `import * as stage from ${JSON.stringify(path)};
import { runStage } from ${JSON.stringify(RUNTIME)};
await runStage(stage);`;
  const { build } = await import("esbuild");
  let result: BuildResult<{ write: false; metafile: true }>;
  try {
    result = await build({
      stdin: { contents: entry, resolveDir: root, sourcefile: "stage-entry.js", loader: "js" },
      absWorkingDir: root,
      bundle: true,
      write: false,
      metafile: true,
      outfile: "stage.mjs",
      format: "esm",
      platform: "node",
      target: "node26",
      charset: "utf8",
      legalComments: "none",
      minifyWhitespace: true,
      lineLimit: 200,
      sourcemap: "external",
      sourcesContent: false,
      logLevel: "silent",
      tsconfigRaw: "{}",
      define: { "process.env.NODE_ENV": '"production"' },
      banner: { js: REQUIRE },
      plugins: [ownImports, builtins, endOfFiles],
    });
  } catch (error) {
    throw bundleError(error, place);
  }
  const paths = Object.keys(result.metafile.inputs)
    .filter((name) => name !== "stage-entry.js" && !name.includes(":"))
    .map((name) => resolve(root, name));
  return {
    code: contentOf(result, ".mjs"),
    sourceMap: contentOf(result, ".map"),
    files: fingerprint(paths, root),
    paths,
  };
}

// CommonJS packages inside a bundle may call require with a name that they work out.
const REQUIRE = 'const require=process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/**
 * Modules of Node are had by a call. An import statement reads every member of one, those too that load others when they
 * are read: `import { readFileSync } from "node:fs"` loads streams and readline, a fifth of the start of a stage.
 */
const builtins: Plugin = {
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
const ownImports: Plugin = {
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
const endOfFiles: Plugin = {
  name: "end of files",
  setup(build) {
    build.onLoad({ filter: /./, namespace: "file" }, ({ path }) => {
      const kind = endlessKind(path);
      if (kind === undefined) return undefined;
      return { errors: [{ text: `${path} is ${kind}, and that may have no end` }] };
    });
  },
};

function contentOf(result: BuildResult<{ write: false }>, suffix: string): Uint8Array {
  const file = result.outputFiles.find(({ path }) => path.endsWith(suffix));
  if (file === undefined) throw new Error(`esbuild gave no ${suffix} file`);
  return file.contents;
}

function fingerprint(paths: string[], root: string): Record<string, string> {
  const own = createHash("sha256");
  const files: Record<string, string> = {};
  for (const path of paths.toSorted()) {
    const digest = hexDigestOf(readFileSync(path));
    if (isOwnCode(path)) own.update(digest);
    else files[relative(root, path)] = digest;
  }
  return { ...files, pipelite: own.digest("hex") };
}

function bundleError(error: unknown, place: string): unknown {
  if (!isBuildFailure(error)) return error;
  const [first] = error.errors;
  if (first === undefined) return error;
  const { location, text } = first;
  const where = location === null ? place : `${location.file}:${location.line}:${location.column + 1}`;
  return pipeliteError("STAGE_BUNDLE_FAILED", { place, where, problem: text }, error);
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
