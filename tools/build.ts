// `npm run build [folder]`: the files of the published package in dist/ (or `folder`): bundles (the command shares chunks with the library, so
// that a handle made by one is known to the other) and declarations.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { build as bundle } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));

const common: BuildOptions = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node26",
  legalComments: "none",
  external: ["esbuild", "pg"],
};

rmSync(dist, { recursive: true, force: true });
await bundle({
  ...common,
  splitting: true,
  minifyWhitespace: true,
  entryPoints: {
    cli: "src/cli/main.ts",
    "lean-worker": "src/app/lean-worker.ts",
    index: "src/index.ts",
    api: "src/api/index.ts",
    lean: "src/lean/index.ts",
    nix: "src/nix/index.ts",
    stats: "src/stats/index.ts",
    sigstore: "src/sigstore/index.ts",
    store: "src/store/index.ts",
  },
});
await bundle({
  ...common,
  entryPoints: { runtime: "src/compile/runtime.ts", "gate-stage": "src/compile/gate-stage.ts" },
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
