// The command as it is published, bundled by tools/build.ts: what only happens there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { sweep } from "../rig/peer.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "pipelite-package-"));
const dist = join(folder, "dist");
after(() => removeTree(folder));

function node(...words: string[]) {
  const env = {
    ...process.env,
    HOME: folder,
    NO_COLOR: "1",
    PIPELITE_MIRRORS: `nixpkgs=file://${folder}/list`,
  };
  return spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...words], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
}

/** A list of store paths with one that is called tool-1.0, packed by xz 5.4. */
const LIST =
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQA0L25peC9zdG9yZS8wbGZ3N3ExbWp6MnZjemptZndhdjdodm44Y3J5NzJkZy10b29sLTEuMAoAAAAA+cBcyXfB9MAAAU01QEDiMx+2830BAAAAAARZWg==";

describe("the package", { skip: sweep() }, () => {
  before(() => {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    symlinkSync(join(root, "package.json"), join(folder, "package.json"));
    const { status, stderr } = node(join(root, "tools/build.ts"), dist, "--no-types");
    assert.equal(status, 0, stderr);
  });

  test("unpacks xz: the indices of Debian and the lists of nixpkgs are packed so", () => {
    mkdirSync(join(folder, "list"));
    writeFileSync(join(folder, "list/store-paths.xz"), Buffer.from(LIST, "base64"));
    const pipeline = `import { command, nixpkgs, pipeline } from "pipelite";
      const tools = nixpkgs(["tol"]);
      export default pipeline({ made: command(tools.tool("tool"), []) });`;
    writeFileSync(join(folder, "pipeline.ts"), pipeline);
    const words = ["lock", "--cache", `file://${folder}/cache`, "--store", join(folder, "home"), "--json"];
    const { stdout } = node(join(dist, "cli.cjs"), ...words);
    const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } };
    assert.deepEqual([error.code, error.hint], ["NIXPKGS_NAME_UNKNOWN", "Did you mean tool?"]);
  });

  test("no file of the command asks for a module of Node in a way that ES modules have not", () => {
    const files = globSync(join(dist, "*.js")).filter((file) =>
      /\b__require\("/.test(readFileSync(file, "utf8")),
    );
    // What stages are bundled from may: the bundle gives it a `require`.
    assert.deepEqual(
      files.map((file) => basename(file)),
      ["debian-unpack.js"],
    );
  });
});
