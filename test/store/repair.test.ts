// Repair: only the registered bytes may take the place of wrong ones.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { pipelite } from "../rig/command.ts";
import { assertNixAccepts } from "../rig/nix.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

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

describe("store repair --from a binary cache", () => {
  /** A path that only a signature vouches for, in a cache, and damaged in the store. */
  async function damagedPath(rig: StoreRig, ...push: string[]): Promise<string> {
    const { path: model } = await rig.store.addTree(rig.source(), { name: "s" });
    const chunks: Uint8Array[] = [];
    const hash = await rig.store.dumpNar(model, (chunk) => void chunks.push(Uint8Array.from(chunk)));
    const path = absentPath("signed");
    await rig.store.addNar({ path, ...hash, references: [] }, Readable.from(chunks));
    rig.close();
    await run(rig, "cache", "push", "--to", rig.path("cache"), ...push, path);
    damage(join(rig.home, path, "a.txt"));
    return path;
  }

  const run = (rig: StoreRig, ...words: string[]) =>
    pipelite([...words, "--store", rig.home], { cwd: rig.folder });

  test("takes what a trusted key signed, and nothing else", async () => {
    using rig = new StoreRig();
    const made = await run(rig, "key", "new", "--paths", "team-1", rig.path("team.key"));
    assert.equal(made.code, 0, made.stderr);
    const path = await damagedPath(rig, "--key", rig.path("team.key"));
    const untrusted = await run(rig, "store", "repair", "--from", rig.path("cache"));
    assert.equal(untrusted.code, 3, untrusted.stdout);
    assert.match(untrusted.stderr, /is asked no more/);
    const repair = [
      "store",
      "repair",
      "--from",
      rig.path("cache"),
      "--trusted-key",
      rig.path("team.key.pub"),
    ];
    const trusted = await run(rig, ...repair);
    assert.equal(trusted.code, 0, trusted.stdout + trusted.stderr);
    assert.equal(trusted.stdout.trim(), `${path}: repaired by a cache, file://${rig.path("cache")}`);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("goes on to the next cache where one has other bytes", async () => {
    using rig = new StoreRig();
    const text = await rig.text("text");
    rig.close();
    for (const name of ["bad", "good"])
      await run(rig, "cache", "push", "--to", rig.path(name), "--compression", "none", text);
    const [nar = ""] = readdirSync(rig.path("bad/nar"));
    const bytes = readFileSync(rig.path("bad/nar", nar));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(rig.path("bad/nar", nar), bytes);
    rmSync(rig.store.physical(text));
    rig.close();
    const caches = ["--from", rig.path("bad"), "--from", rig.path("good")];
    const { code, stdout, stderr } = await run(rig, "store", "repair", ...caches, "--json");
    assert.equal(code, 0, stderr);
    const { repaired } = JSON.parse(stdout) as { repaired: unknown[] };
    assert.deepEqual(repaired, [{ path: text, by: "a cache", from: `file://${rig.path("good")}` }]);
    assert.match(stderr, /bad.* is asked no more/);
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
    assert.match(second.stdout, /-words\.txt: repaired by another store, \//);
    assert.match(second.stdout, /-a: repaired by building it again/);
    assert.equal(readFileSync(join(output, "x"), "utf8"), "words\n");
    assertNixAccepts(project.home);
    rmSync(named("-words.txt"));
    assert.equal((await pipelite(["store", "repair", "--store", project.home])).code, 3);
  },
);
