// What runs in a stage of ours is part of what the stage is: the words of errors that it never throws, and files that do none of its
// work, must not be.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { ownModule, OWN_FOLDER } from "#base/own-code.ts";
import { sweep } from "../rig/peer.ts";

/** Each stage of ours -> the rows that it may throw, by the files that hold them. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  "compile/runtime": ["base/json-errors.ts"],
  "compile/gate-stage": ["base/json-errors.ts", "formula/errors.ts"],
  "compile/each-stage": ["base/json-errors.ts"],
  "compile/command-runner": [],
  "evidence/check-stage": [
    "base/base-errors.ts",
    "base/json-errors.ts",
    "formula/errors.ts",
    "nix/nar-errors.ts",
    "store/tree-errors.ts",
  ],
  "environment/debian/debian-unpack": ["base/json-errors.ts", "package/archive-errors.ts"],
  "environment/debian/debian-configure": ["base/json-errors.ts"],
  "environment/image/image-unpack": [
    "base/json-errors.ts",
    "package/archive-errors.ts",
    "package/image-errors.ts",
  ],
  "environment/python/python-install": ["package/archive-errors.ts"],
  "environment/npm/npm-install": ["package/archive-errors.ts"],
  "environment/compose/compose-root": [],
  "environment/nixpkgs/link-programs": [],
};

/** The code of a stage as it is bundled, and the files of error rows in it. @param edit changes the text of such a file */
async function bundleOf(step: string, edit: (file: string, text: string) => string) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: OWN_FOLDER,
    entryPoints: [ownModule(step)],
    outdir: "/nowhere",
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    minifyWhitespace: true,
    plugins: [
      {
        name: "edit-errors",
        setup(building) {
          building.onLoad({ filter: /errors\.ts$/ }, ({ path }) => {
            const contents = edit(relative(OWN_FOLDER, path), readFileSync(path, "utf8"));
            return { contents, loader: "ts" };
          });
        },
      },
    ],
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const files = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const rows = files.filter((file) => file.endsWith("errors.ts") && file !== join("base", "errors.ts"));
  return { text: outputFiles[0]?.text ?? "", files: files.toSorted(), rows: rows.toSorted() };
}

test(
  "a step of an environment is the same whatever is said in errors that it does not throw",
  { skip: sweep() },
  async () => {
    for (const [step, rows] of Object.entries(STEPS)) {
      const asItIs = await bundleOf(step, (_, text) => text);
      assert.deepEqual(asItIs.rows, rows, step);
      const others = await bundleOf(step, (file, text) =>
        rows.includes(file) ? text : text.replaceAll(/message:\s*"/g, "$&Otherwise: "),
      );
      assert.equal(others.text, asItIs.text, step);
      const own = await bundleOf(step, (_, text) => text.replaceAll(/message:\s*"/g, "$&Otherwise: "));
      assert.equal(own.text === asItIs.text, rows.length === 0, step);
    }
  },
);

test("a check has what reads a tree and nothing that writes one", { skip: sweep() }, async () => {
  const { files } = await bundleOf("evidence/check-stage", (_, text) => text);
  assert.deepEqual(
    files.filter((file) => file.startsWith("store/")),
    ["store/disk.ts", "store/scan.ts", "store/tree-errors.ts", "store/tree.ts"],
  );
});
