// Repair: only the registered bytes may take the place of wrong ones.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { pipelite } from "../rig/command.ts";
import { assertNixAccepts } from "../rig/nix.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { coded, StoreRig } from "./rig.ts";

function damage(file: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, "damaged");
}

describe("replaceFiles", () => {
  test("puts right bytes in the place of wrong or missing ones, and refuses others", async () => {
    using rig = new StoreRig();
    const source = rig.source();
    const { path } = await rig.store.addTree(source, { name: "s" });
    const file = join(rig.store.physical(path), "a.txt");
    damage(file);
    rig.write({ "wrong/a.txt": "b" });
    await assert.rejects(rig.store.replaceFiles(path, rig.path("wrong")), coded("STORE_HASH_MISMATCH"));
    assert.equal(readFileSync(file, "utf8"), "damaged", "nothing has changed");
    await rig.store.replaceFiles(path, source);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
    removeTree(rig.store.physical(path));
    await rig.store.replaceFiles(path, source);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
    assert.equal(readdirSync(`${rig.home}/nix/store`).length, 2, "no leftovers");
  });

  test("modes and times are given again only where the content is right", async () => {
    using rig = new StoreRig();
    const { path } = await rig.store.addTree(rig.source(), { name: "s" });
    const file = join(rig.store.physical(path), "a.txt");
    chmodSync(file, 0o644);
    await rig.store.restoreForm(path);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
    damage(file);
    await rig.store.restoreForm(path);
    const { problems } = await rig.store.verify({ checkContents: true });
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ["modified"],
    );
  });
});

test(
  "store repair takes programs from this machine, outputs by building again, the rest from another store",
  { skip: peer("nix-store") },
  async () => {
    using project = new Project({
      "pipeline.ts": `import { pipeline, source, stage } from "pipelite";
const words = source("words.txt");
const a = stage(() => import("./a.ts"), { words });
export default pipeline({ a });\n`,
      "words.txt": "words\n",
      "a.ts": `import type { Source } from "pipelite";
export default async ({ words }: { words: Source }) => ({ x: await words.text() });\n`,
    });
    using copy = new Project({});
    assert.equal((await project.run()).exitCode, 0);
    const store = join(project.home, "nix/store");
    const named = (end: string) => join(store, readdirSync(store).find((name) => name.endsWith(end)) ?? end);
    const output = join(project.home, project.record("latest").stages[0]?.outPath ?? "");
    const exported = await pipelite(["store", "export", "--store", project.home, named("-words.txt")]);
    assert.equal(exported.code, 0, exported.stderr);
    const added = await pipelite(["store", "add", join(project.root, "words.txt"), "--store", copy.home]);
    assert.equal(added.code, 0, added.stderr);

    damage(join(output, "x"));
    damage(named("-words.txt"));
    removeTree(named(`-node-${process.versions.node}`));
    const first = await pipelite(["store", "repair", "--store", project.home]);
    assert.equal(first.code, 3, first.stdout + first.stderr);
    assert.match(first.stdout, /-node-.*: repaired by this machine/);
    assert.match(first.stdout, /-words\.txt: changed/);
    const second = await pipelite(["store", "repair", "--store", project.home, "--from", copy.home]);
    assert.equal(second.code, 0, second.stdout + second.stderr);
    assert.match(second.stdout, /-words\.txt: repaired by another store/);
    assert.match(second.stdout, /-a: repaired by building it again/);
    assert.equal(readFileSync(join(output, "x"), "utf8"), "words\n");
    assertNixAccepts(project.home);
    rmSync(named("-words.txt"));
    assert.equal((await pipelite(["store", "repair", "--store", project.home])).code, 3);
  },
);
