// Against real Nix, run here: the vectors are what it makes today, and a chain of floating content-addressed
// derivations that *we* wrote is resolved by it to the derivations, and built to the outputs, that we compute.
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { copyFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { derivationPath, writeDerivation, type Derivation } from "#nix/derivation.ts";
import { fillOutputPaths, outputVariable } from "#nix/derivation-hash.ts";
import { resolveDerivation } from "#nix/derivation.ts";
import { ownPlaceholder, upstreamPlaceholder } from "#nix/placeholder.ts";
import { ExportWriter } from "#nix/export-stream.ts";
import { makeSourcePath, parseStorePath, type StorePath } from "#nix/store-path.ts";
import { peer } from "../rig/peer.ts";
import { directory, file, narHashOf, narOf, symlink, type Tree } from "./trees.ts";
import { Nix, regenerate } from "./vectors/regenerate.ts";

const FOLDER = join(import.meta.dirname, "vectors");

function withWork(use: (work: string) => void): void {
  const work = mkdtempSync(join(tmpdir(), "pipelite-peers-"));
  try {
    use(work);
  } finally {
    spawnSync("chmod", ["-R", "u+w", work]);
    rmSync(work, { recursive: true, force: true });
  }
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(folder.length + 1)).toSorted();
}

test("The vectors are what real Nix makes today", { skip: peer("nix-store", "busybox") }, () => {
  withWork((work) => {
    regenerate(work);
    const kept = listFiles(FOLDER).filter((name) => !["regenerate.ts", "SOURCES.md"].includes(name));
    assert.deepEqual(listFiles(work), kept);
    for (const name of kept) {
      assert.ok(readFileSync(join(work, name)).equals(readFileSync(join(FOLDER, name))), `${name} differs`);
    }
  });
});

const busybox = "/bin/busybox";

/** A store path of busybox as `sh` and a few more, as our writer makes it. */
function busyboxTree(): Tree {
  const applets = ["sh", "cat", "mkdir", "ln"].map((name) => [name, symlink("busybox")] as const);
  return directory({
    bin: directory({ busybox: file(readFileSync(busybox), true), ...Object.fromEntries(applets) }),
  });
}

function makeDrv(tools: StorePath, more: Partial<Derivation> & { name: string; script: string }): Derivation {
  const { script, env = new Map<string, string>(), ...rest } = more;
  const outputs = rest.outputs ?? floating("out");
  const derivation: Derivation = {
    inputDrvs: new Map(),
    system: "x86_64-linux",
    builder: `${tools}/bin/sh`,
    args: ["-c", script],
    ...rest,
    inputSrcs: [tools, ...(rest.inputSrcs ?? [])],
    outputs,
    env: new Map([...env, ["PATH", `${tools}/bin`]]),
  };
  return fillOutputPaths(derivation, () => assert.fail("no input-addressed inputs here"));
}

function floating(...names: string[]): Derivation["outputs"] {
  return new Map(names.map((name) => [name, { kind: "floating", method: "recursive", algorithm: "sha256" }]));
}

/** Adds text objects by the export stream that real Nix imports. */
function importInto(nix: Nix, drvs: readonly Derivation[]): void {
  const chunks: Uint8Array[] = [];
  const writer = new ExportWriter((chunk) => chunks.push(Buffer.from(chunk)));
  for (const drv of drvs) {
    writer.startPath();
    writer.nar(narOf(file(writeDerivation(drv))));
    writer.endPath({ path: derivationPath(drv), references: [...drv.inputDrvs.keys(), ...drv.inputSrcs] });
  }
  writer.end();
  const input = join(nix.root, "drvs.export");
  writeFileSync(input, Buffer.concat(chunks));
  nix.text("sh", "-c", `nix-store --store "$1" --import < "$2"`, "sh", nix.root, input);
}

test(
  "A floating chain we wrote is resolved and built by real Nix to the paths we compute",
  { skip: peer("nix-store", "busybox") },
  () => {
    withWork((work) => {
      const nix = new Nix(work);
      const tools = addBusybox(nix, work);
      const first = makeDrv(tools, {
        name: "first",
        script: "mkdir $out; echo one > $out/data; ln -s data $out/link",
      });
      const firstPath = derivationPath(first);
      const taken = upstreamPlaceholder(firstPath, "out");
      const second = makeDrv(tools, {
        name: "second",
        script: `cat ${taken}/link > $out; echo $first > $doc; test $doc = ${ownPlaceholder("doc")}`,
        outputs: floating("out", "doc"),
        inputDrvs: new Map([[firstPath, ["out"]]]),
        env: new Map([
          ["first", taken],
          [`key ${taken}`, "v"],
        ]),
      });
      importInto(nix, [first, second]);

      const built = nix.bytes("nix-store", ["--store", nix.root, "--realise", derivationPath(second)]);

      const firstOut = pathOf("first", directory({ data: file("one\n"), link: symlink("data") }));
      const known = new Map([[firstPath, new Map([["out", firstOut]])]]);
      const resolved = derivationPath(resolveDerivation(second, known));
      assert.match(
        built.stderr,
        new RegExp(`resolved derivation: '${derivationPath(second)}' -> '${resolved}'`),
      );
      const wanted = [
        pathOf("second", file("one\n")),
        pathOf("second-doc", file(`${firstOut}\n`), [firstOut]),
      ];
      assert.deepEqual(built.stdout.toString().trimEnd().split("\n").toSorted(), wanted.toSorted());
    });
  },
);

test(
  "Real Nix finds the output path of an input-addressed derivation that we resolved where we say it is",
  { skip: peer("nix-store", "busybox") },
  () => {
    withWork((work) => {
      const nix = new Nix(work);
      const tools = addBusybox(nix, work);
      const first = makeDrv(tools, { name: "first", script: "echo one > $out" });
      const firstOut = pathOf("first", file("one\n"));
      const firstPath = derivationPath(first);
      const deferred: Derivation = {
        ...makeDrv(tools, { name: "last", script: "cat $first > $out; echo $out >> $out" }),
        outputs: new Map([["out", { kind: "deferred" }]]),
        inputDrvs: new Map([[firstPath, ["out"]]]),
        env: new Map([
          ["PATH", `${tools}/bin`],
          ["first", upstreamPlaceholder(firstPath, "out")],
          ["out", ""],
        ]),
      };
      importInto(nix, [first, deferred]);
      const built = nix.inStore("nix-store", "--realise", derivationPath(deferred));
      const resolved = resolveDerivation(deferred, new Map([[firstPath, new Map([["out", firstOut]])]]));
      const [output] = [...resolved.outputs].map(([name, value]) => outputVariable(name, value));
      assert.equal(built, output);
      assert.equal(readFileSync(nix.physical(built), "utf8"), `one\n${output}\n`);
    });
  },
);

function pathOf(name: string, tree: Tree, references: StorePath[] = []): StorePath {
  return makeSourcePath({ name, narSha256: narHashOf(tree), references });
}

/** Puts busybox into the store with real Nix, and checks that its path is the one we compute. */
function addBusybox(nix: Nix, work: string): StorePath {
  mkdirSync(join(work, "tools/bin"), { recursive: true });
  copyFileSync(busybox, join(work, "tools/bin/busybox"));
  for (const name of ["sh", "cat", "mkdir", "ln"]) symlinkSync("busybox", join(work, "tools/bin", name));
  const path = parseStorePath(nix.inStore("nix-store", "--add", join(work, "tools")));
  assert.equal(path, pathOf("tools", busyboxTree()));
  return path;
}
