// The published files with their Node: a link, where `bin/pipelite` looks for the one that its lock file pins.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Source, StageContext } from "pipelite";

interface Inputs {
  app: Source;
}

export default async function whole({ app }: Inputs, { out }: StageContext): Promise<void> {
  copyTree(app.path, out);
  const node = join(out, `node_modules/node-linux-${process.arch}/bin`);
  mkdirSync(node, { recursive: true });
  symlinkSync(process.execPath, join(node, "node"));
  // Elsewhere a script of the shell looks for the Node. Here it is known, and a root needs no shell.
  const bin = join(out, "bin");
  writeFileSync(join(bin, "package.json"), '{ "type": "commonjs" }\n');
  const start = `#!${process.execPath} --disable-warning=ExperimentalWarning\nrequire("../dist/cli.cjs");\n`;
  writeFileSync(join(bin, "pipelite"), start);
}

/** Folders called `modules` were `node_modules` before they became a source. */
function copyTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [
      join(from, entry.name),
      join(to, entry.name === "modules" ? "node_modules" : entry.name),
    ];
    if (entry.isDirectory()) copyTree(source, target);
    else {
      copyFileSync(source, target);
      chmodSync(target, entry.name === "pipelite" || entry.name === "esbuild" ? 0o755 : 0o644);
    }
  }
}
