// `npm run build [folder]`: the files of the published package in dist/ (or `folder`), bundled, and declarations.
//
//   cli.cjs        the command: looks at the version of Node, then loads the core
//   core.cjs       all that a run with nothing to do needs, in one file
//   index.js ...   the library and the rest of the command, in chunks that are loaded when they are needed
//   nix.js ...     what a stage may import or is run by, without the core, since it is bundled with the stage
//
// Every module outside of nix.js and the like is in one place, so that a handle made by the library is known to the command.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { build as bundle } from "esbuild";
import { bundleCore, chunkOf, common, commonJs, exportsOf, onImport, takeFromCore } from "./core.ts";

const root = join(import.meta.dirname, "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));

const chunks: BuildOptions = { ...common, outdir: dist, splitting: true, minifyWhitespace: true };

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const { text, inCore, lazy } = await bundleCore();
writeFileSync(join(dist, "core.cjs"), text);
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
    "each-stage": "src/compile/each-stage.ts",
    "command-runner": "src/compile/command-runner.ts",
    "check-stage": "src/evidence/check-stage.ts",
    "debian-unpack": "src/environment/debian/debian-unpack.ts",
    "debian-configure": "src/environment/debian/debian-configure.ts",
  },
});
declare();

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
