// `npm run build [folder]`: the files of the published package in dist/ (or `folder`), bundled, and declarations.
//
//   cli.cjs        the command: looks at the version of Node, then loads the core
//   core.cjs       all that a run with nothing to do needs, in one file
//   index.js ...   the library and the rest of the command, in chunks that are loaded when they are needed
//   nix.js ...     what a stage may import or is run by, without the core, since it is bundled with the stage
//
// Node takes a third of a millisecond to find, read and link a file of ES modules, and the core would be eighty: hence one
// file, and CommonJS, which is quicker. Every module outside of nix.js and the like is in one place, so that a handle made
// by the library is known to the command.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { BuildOptions, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import { build as bundle } from "esbuild";

const root = join(import.meta.dirname, "..");
const src = join(root, "src");
const dist = resolve(process.argv[2] ?? join(root, "dist"));

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node26",
  legalComments: "none",
  external: ["esbuild", "pg"],
};
const chunks: BuildOptions = { ...common, outdir: dist, splitting: true, minifyWhitespace: true };
const commonJs: BuildOptions = {
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

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const { inCore, lazy } = await bundleCore();
await bundle({
  ...commonJs,
  outfile: join(dist, "cli.cjs"),
  supported: { "dynamic-import": false },
  plugins: [onImport(() => ({ path: "./core.cjs", external: true }))],
  entryPoints: ["src/cli/main.ts"],
});
await bundle({
  ...chunks,
  plugins: [takeFromCore(await exportsOf(inCore))],
  entryPoints: {
    ...Object.fromEntries([...lazy].map((path) => [chunkOf(path), path])),
    index: "src/index.ts",
    api: "src/api/index.ts",
    sigstore: "src/sigstore/index.ts",
    store: "src/store/index.ts",
  },
});
await bundle({
  ...chunks,
  entryPoints: {
    "lean-worker": "src/app/lean-worker.ts",
    lean: "src/lean/index.ts",
    nix: "src/nix/index.ts",
    stats: "src/stats/index.ts",
  },
});
await bundle({
  ...common,
  outdir: dist,
  entryPoints: {
    runtime: "src/compile/runtime.ts",
    "gate-stage": "src/compile/gate-stage.ts",
    "command-runner": "src/compile/command-runner.ts",
    "check-stage": "src/evidence/check-stage.ts",
    "debian-unpack": "src/environment/debian/debian-unpack.ts",
    "debian-configure": "src/environment/debian/debian-configure.ts",
  },
});
declare();

interface Core {
  /** Its modules. */
  inCore: string[];
  /** What they import when it is needed, which is no part of it. */
  lazy: Set<string>;
}

async function bundleCore(): Promise<Core> {
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
    outdir: dist,
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
  const { outputFiles } = await bundle({ ...core, stdin, write: false });
  // Were they imports inside the bundle, each module would be a function of its own that is compiled and called at every start.
  const text = outputFiles?.[0]?.text.replaceAll(
    /import\("core:([^"]+)"\)/g,
    'Promise.resolve(module.exports.modules["$1"])',
  );
  writeFileSync(join(dist, "core.cjs"), text ?? "");
  return { inCore, lazy };
}

/** Names of modules -> what they export. */
async function exportsOf(entryPoints: string[]): Promise<Map<string, string[]>> {
  const ask: BuildOptions = { absWorkingDir: root, entryPoints, outdir: dist, metafile: true, write: false };
  const { metafile } = await bundle({ ...ask, format: "esm" });
  const outputs = Object.values(metafile?.outputs ?? {});
  return new Map(outputs.map(({ entryPoint = "", exports }) => [nameOf(entryPoint), exports]));
}

/** Takes modules of the core from there. */
function takeFromCore(modules: ReadonlyMap<string, readonly string[]>): Plugin {
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
function onImport(answer: (path: string, args: OnResolveArgs) => OnResolveResult | undefined): Plugin {
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
function chunkOf(path: string): string {
  return nameOf(path).replace(/\.ts$/, "").replaceAll("/", "-");
}

/** Declarations, with imports of sources made imports of declarations: the package has no src/. */
function declare(): void {
  const types = join(dist, "types");
  const tsc = join(root, "node_modules/.bin/tsc");
  const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--noCheck"];
  const { status } = spawnSync(
    tsc,
    [...options, "--outDir", types, "--rootDir", "src", "--project", join(root, "tools/declarations.json")],
    { cwd: root, stdio: "inherit" },
  );
  if (status !== 0) throw new Error("tsc gave no declarations");
  for (const entry of readdirSync(types, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const text = readFileSync(file, "utf8").replaceAll(
      /"(#|\.\.?\/)([^"]+)\.ts"/g,
      (_, from: string, target: string) => {
        const path = from === "#" ? relative(dirname(file), join(types, target)) : `${from}${target}`;
        return JSON.stringify(`${path.startsWith(".") ? "" : "./"}${path}.js`);
      },
    );
    writeFileSync(file, text);
  }
}
