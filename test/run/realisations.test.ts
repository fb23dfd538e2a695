// What we have built is built for real Nix, what Nix has built for us, and what was imported for both.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openHome } from "#home/home.ts";
import { openStore } from "#store/store.ts";
import { assertNixAccepts, nix } from "../rig/nix.ts";
import { peer } from "../rig/peer.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const FILES = {
  "pipeline.ts": `import { command, out, pipeline, stage, tool } from "pipelite";
const a = stage(() => import("./a.ts"));
const b = command(tool("busybox"), ["sh", "-c", "cat $A/x > $0; echo $A >> $0", out], { env: { A: a } });
const c = stage(() => import("./c.ts"), { b }, { addressing: "input" });
const d = stage(() => import("./d.ts"), { c });
export default pipeline({ d, b });\n`,
  "a.ts": `export default () => ({ x: "1" });\n`,
  "c.ts": `import type { Source } from "pipelite";
export default async ({ b }: { b: Source }) => ({ x: await b.text() });\n`,
  "d.ts": `export default () => ({ x: "2" });\n`,
};

/** The derivations of the graph, and all they need but no output of theirs, in a store of their own. */
function copyGraph({ home, folder }: Project, derivations: readonly string[]): string {
  const target = join(folder, "by-nix");
  const { stdout } = nix("nix-store", "--store", home, "--query", "--requisites", ...derivations);
  const closure = stdout.trim().split("\n");
  const copied = nix(
    "sh",
    "-c",
    'from=$0; to=$1; shift; nix-store --store "$from" --export "$@" | nix-store --store "$to" --import',
    home,
    target,
    ...closure,
  );
  assert.equal(copied.status, 0, copied.stderr);
  return target;
}

function realise(home: string, derivations: readonly string[]): { built: number; paths: string[] } {
  const wanted = derivations.map((path) => `${path}!out`);
  const { status, stdout, stderr } = nix("nix-store", "--store", home, "--realise", ...wanted);
  assert.equal(status, 0, stderr);
  return {
    built: stderr.split("\n").filter((line) => line.startsWith("building ")).length,
    paths: stdout.trim().split("\n"),
  };
}

function builtOf({ ends }: RanOnce): string[] {
  return Object.keys(ends).filter((name) => ends[name] !== "cached");
}

test(
  "after our run Nix builds nothing, after Nix's our run builds nothing, nor after an import",
  { skip: peer("nix-store") },
  async () => {
    using project = new Project(FILES);
    const ours = await project.run();
    assert.equal(ours.exitCode, 0);
    const { stages } = project.record("latest");
    const derivations = stages.flatMap(({ graphDrvPath }) => graphDrvPath ?? []);
    assert.equal(derivations.length, 4);
    const again = realise(project.home, derivations);
    assert.equal(again.built, 0);
    assert.deepEqual(
      again.paths,
      stages.map(({ outPath }) => outPath),
    );

    const byNix = copyGraph(project, derivations);
    assert.equal(realise(byNix, derivations).built, 4);
    const planned = await project.plan({ home: openHome(byNix) });
    assert.ok(
      planned.stages.every(({ status }) => status === "cached"),
      "a plan says the same",
    );
    const afterNix = await project.run({ home: openHome(byNix) });
    assert.deepEqual(builtOf(afterNix), []);
    assert.deepEqual(afterNix.outputs, ours.outputs);

    using source = openStore(project.home);
    using imported = openStore(join(project.folder, "imported"));
    const stream: Buffer[] = [];
    const outputs = stages.flatMap(({ outPath }) => outPath ?? []);
    const paths = source.validPaths().filter((path) => outputs.includes(path));
    await source.exportPaths(paths, (chunk) => stream.push(Buffer.from(chunk)));
    await imported.importPaths(stream);
    const afterImport = await project.run({ home: openHome(imported.home) });
    assert.deepEqual(builtOf(afterImport), []);
    assert.equal(realise(imported.home, derivations).built, 0);
    for (const home of [project.home, byNix, imported.home]) assertNixAccepts(home);
  },
);

test(
  "what was built without a sandbox is not written down for Nix",
  { skip: peer("nix-store") },
  async () => {
    using project = new Project({
      ...FILES,
      "pipeline.ts": FILES["pipeline.ts"].replace("{ d, b }", "{ a }"),
    });
    await project.run({ sandbox: "none" });
    const [drvPath] = project.record("latest").stages.flatMap(({ graphDrvPath }) => graphDrvPath ?? []);
    assert.equal(realise(project.home, [drvPath ?? ""]).built, 1);
  },
);
