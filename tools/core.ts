// The core of the package: all that a run with nothing to do needs, in one file. Node takes a third of a millisecond to
// find, read and link a file of ES modules, and the core would be eighty: hence one file, and CommonJS, which is quicker.
import { join, relative, resolve } from "node:path";
import type { BuildOptions, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import { build as bundle } from "esbuild";

const root = join(import.meta.dirname, "..");
const src = join(root, "src");

export const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node26",
  legalComments: "none",
  external: ["esbuild", "pg"],
};
export const commonJs: BuildOptions = {
  ...common,
  format: "cjs",
  minifyWhitespace: true,
  minifySyntax: true,
  define: {
    "import.meta.url": "__filename",
    "import.meta.filename": "__filename",
    "import.meta.dirname": "__dirname",
  },
};

/** What a run with nothing to do imports on its way; the core is all that these need. */
const CORE = ["cli/process.ts", "cli/commands/run.ts", "app/run.ts", "base/version.ts"].map((file) =>
  join(src, file),
);

export interface Core {
  /** The file. */
  text: string;
  /** Its modules. */
  inCore: string[];
  /** What they import when it is needed, which is no part of it. */
  lazy: Set<string>;
  /** Modules of Node that it loads at once. */
  builtins: Set<string>;
}

export async function bundleCore(): Promise<Core> {
  const lazy = new Set<string>();
  const plugin = onImport((path, { kind }) => {
    if (kind !== "dynamic-import") return undefined;
    if (CORE.includes(path)) return { path: `core:${nameOf(path)}`, external: true };
    lazy.add(path);
    return { path: `./${chunkOf(path)}.js`, external: true };
  });
  const core: BuildOptions = { ...commonJs, plugins: [plugin] };
  const { metafile } = await bundle({
    ...core,
    entryPoints: CORE,
    outdir: root,
    metafile: true,
    write: false,
  });
  const inCore = Object.keys(metafile?.inputs ?? {}).filter((file) => file.endsWith(".ts"));
  const contents = [
    ...inCore.map((file, index) => `import * as m${index} from "./${file}";`),
    `export const modules = {${inCore.map((file, index) => `"${nameOf(file)}": m${index}`).join()}};`,
    'export { runProcess } from "./src/cli/process.ts";',
  ].join("\n");
  const stdin = { contents, resolveDir: root, sourcefile: "core.ts" };
  const { outputFiles, metafile: made } = await bundle({ ...core, stdin, metafile: true, write: false });
  // Were they imports inside the bundle, each module would be a function of its own that is compiled and called at every start.
  const text = (outputFiles?.[0]?.text ?? "").replaceAll(
    /import\("core:([^"]+)"\)/g,
    'Promise.resolve(module.exports.modules["$1"])',
  );
  const imports = Object.values(made?.outputs ?? {}).flatMap((output) => output.imports);
  const builtins = imports.filter(({ kind }) => kind === "require-call").map(({ path }) => path);
  return { text, inCore, lazy, builtins: new Set(builtins) };
}

/** Names of modules -> what they export. */
export async function exportsOf(entryPoints: string[]): Promise<Map<string, string[]>> {
  const ask: BuildOptions = { absWorkingDir: root, entryPoints, outdir: root, metafile: true, write: false };
  const { metafile } = await bundle({ ...ask, format: "esm" });
  const outputs = Object.values(metafile?.outputs ?? {});
  return new Map(outputs.map(({ entryPoint = "", exports }) => [nameOf(entryPoint), exports]));
}

/** Takes modules of the core from there. */
export function takeFromCore(modules: ReadonlyMap<string, readonly string[]>): Plugin {
  const { name, setup } = onImport((path) =>
    modules.has(nameOf(path)) ? { path: nameOf(path), namespace: "core", sideEffects: false } : undefined,
  );
  return {
    name,
    setup(build) {
      build.onResolve({ filter: /^core$/ }, () => ({ path: "core", namespace: "require" }));
      build.onLoad({ filter: /./, namespace: "require" }, () => ({
        contents: `import { createRequire } from "node:module";
          const { modules } = createRequire(import.meta.url)("./core.cjs");
          export const take = (file, name) => modules[file][name];`,
      }));
      build.onLoad({ filter: /./, namespace: "core" }, ({ path }) => {
        const taken = modules
          .get(path)
          ?.map((each) => `export const ${each} = /* @__PURE__ */ take(${JSON.stringify(path)}, "${each}");`);
        return { contents: ['import { take } from "core";', ...(taken ?? [])].join("\n") };
      });
      return setup(build);
    },
  };
}

/** Says of an import of one of our files, which other one is meant by it. */
export function onImport(answer: (path: string, args: OnResolveArgs) => OnResolveResult | undefined): Plugin {
  const ASKING = {};
  return {
    name: "on-import",
    setup(build) {
      build.onResolve({ filter: /^[#.]/ }, async (args) => {
        if (args.kind === "entry-point" || args.pluginData === ASKING) return undefined;
        const { importer, kind, resolveDir } = args;
        const { path } = await build.resolve(args.path, { importer, kind, resolveDir, pluginData: ASKING });
        return answer(path, args);
      });
    },
  };
}

/** src/app/run.ts -> app/run.ts */
function nameOf(path: string): string {
  return relative(src, resolve(root, path));
}

/** src/app/run.ts -> app-run */
export function chunkOf(path: string): string {
  return nameOf(path).replace(/\.ts$/, "").replaceAll("/", "-");
}
