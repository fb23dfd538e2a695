// `npm run build [folder] [--no-types]`: the files of the published package in dist/ (or `folder`), bundled, and declarations.
//
//   cli.cjs        the command: looks at the version of Node, then loads the core
//   core.cjs       all that a run with nothing to do needs, in one file
//   store.cjs      a store on disk
//   run.cjs        what a run needs more when it builds
//   end.cjs        what the end of such a run needs
//   pack.cjs       what packing needs
//   seldom.cjs     what takes long to load and is seldom called
//   index.js       the library, which is in run.cjs
//   api.js ...     the rest of the command, in chunks that are loaded when they are needed
//   nix.js ...     what a stage may import or is run by, without these, since it is bundled with the stage
//   store.js       a store for a program that has no use for the rest; all but hashing in store-alone.cjs
//
// Every module outside of nix.js, store.js and the like is in one place, so that a handle made by the library is known to the command.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";
import {
  bundleParts,
  chunkOf,
  common,
  commonJs,
  exportsOf,
  importBuiltins,
  onImport,
  takeFromParts,
  takeWhenCalled,
} from "./core.ts";
import { builtins } from "#compile/bundle-plugins.ts";
import { licencesOf } from "./licences.ts";

const root = join(import.meta.dirname, "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));

const chunks: BuildOptions = { ...common, outdir: dist, splitting: true, minifyWhitespace: true };

// The package is for everybody to read, and the same, whoever packs it: npm keeps the modes of files.
process.umask(0o022);
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const parts = await bundleParts();
for (const { file, text } of parts) writeFileSync(join(dist, file), text);
const inputs = new Set(parts.flatMap((part) => part.inputs));
// Sorted: modules are found in another order each time, and the order of chunks in the package follows from this one.
const lazy = [...new Set(parts.flatMap((part) => [...part.lazy]))].toSorted();
await bundle({
  ...commonJs,
  outfile: join(dist, "cli.cjs"),
  supported: { "dynamic-import": false },
  plugins: [
    onImport((_, { kind }) =>
      kind === "dynamic-import" ? { path: "./core.cjs", external: true } : undefined,
    ),
  ],
  entryPoints: ["src/cli/main.ts"],
});
const fromParts = takeFromParts(parts, await exportsOf(parts.flatMap(({ modules }) => modules)));
// What a pipeline.ts imports: one file to load beside the part that has all of it.
await bundle({
  ...common,
  outfile: join(dist, "index.js"),
  minifyWhitespace: true,
  plugins: [fromParts],
  stdin: { contents: 'export * from "./index.ts";', resolveDir: join(root, "src"), loader: "ts" },
});
await bundle({
  ...chunks,
  plugins: [fromParts, importBuiltins],
  entryPoints: {
    ...Object.fromEntries(lazy.map((path) => [chunkOf(path), path])),
    api: "src/api/index.ts",
    "document-thread": "src/report/document-thread.ts",
    sigstore: "src/sigstore/index.ts",
  },
});
// To hash a tree takes a tenth of what a store takes to load, and a store takes no half of what the command does.
const inStore = { "store/store.ts": ["openStore"], "store/transfer.ts": ["restoreNar"] };
await bundle({
  ...common,
  outfile: join(dist, "store.js"),
  minifyWhitespace: true,
  plugins: [takeWhenCalled("store-alone.cjs", inStore), builtins],
  entryPoints: ["src/store/index.ts"],
});
await bundle({
  ...commonJs,
  outfile: join(dist, "store-alone.cjs"),
  plugins: [builtins],
  stdin: { contents: modulesOf(Object.keys(inStore)), resolveDir: join(root, "src"), loader: "ts" },
});
await bundle({
  ...chunks,
  entryPoints: {
    "lean-worker": "src/app/lean-worker.ts",
    "formula-thread": "src/evidence/formula-thread.ts",
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
    "each-stage": "src/compile/each-stage.ts",
    "command-runner": "src/compile/command-runner.ts",
    "check-stage": "src/evidence/check-stage.ts",
    "debian-unpack": "src/environment/debian/debian-unpack.ts",
    "image-unpack": "src/environment/image/image-unpack.ts",
    "python-install": "src/environment/python/python-install.ts",
    "npm-install": "src/environment/npm/npm-install.ts",
    "compose-root": "src/environment/compose/compose-root.ts",
    "link-programs": "src/environment/nixpkgs/link-programs.ts",
    "join-results": "src/export/join-results.ts",
    "gather-programs": "src/export/gather-programs.ts",
    "take-libraries": "src/export/take-libraries.ts",
    "take-programs": "src/export/take-programs.ts",
    "debian-configure": "src/environment/debian/debian-configure.ts",
  },
});
writeFileSync(join(dist, "licences.txt"), licencesOf(inputs));
if (!process.argv.includes("--no-types")) declare();

/** Exports some of our modules as a part does. */
function modulesOf(names: readonly string[]): string {
  const imports = names.map((name, index) => `import * as _${index} from "./${name}";`);
  const entries = names.map((name, index) => `${JSON.stringify(name)}: _${index}`);
  return `${imports.join("\n")}\nexport const modules = { ${entries.join(", ")} };`;
}

async function bundle(options: BuildOptions): Promise<void> {
  const { metafile } = await build({ ...options, metafile: true });
  for (const input of Object.keys(metafile?.inputs ?? {})) inputs.add(input);
}

/** Declarations, with imports of sources made imports of declarations: the package has no src/. */
function declare(): void {
  const types = join(dist, "types");
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--noCheck"];
  const { status } = spawnSync(
    process.execPath,
    [
      tsc,
      ...options,
      "--outDir",
      types,
      "--rootDir",
      "src",
      "--project",
      join(root, "tools/declarations.json"),
    ],
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
