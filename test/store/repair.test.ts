// Repair: only the registered bytes may take the place of wrong ones.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import { pipelite } from "../rig/command.ts";
import { assertNixAccepts } from "../rig/nix.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

function damage(file: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, "damaged");
}

const NO_PROGRAM = "not by this machine: it was made of no program here";
const NO_DERIVATION = "not by building it again: no derivation is known that makes it";

function triedIn(text: string): string[] {
  return text.split("\n").flatMap((line) => (line.startsWith("  ") ? line.trim() : []));
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
    const [tried = "", ...others] = triedIn(untrusted.stdout);
    const cache = `not by a cache, file://${rig.path("cache")}: `;
    assert.ok(tried.startsWith(cache) && untrusted.stderr.includes(tried.slice(cache.length)), tried);
    assert.deepEqual(others, [NO_PROGRAM, NO_DERIVATION]);
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

describe("store repair that can't says what it tried", () => {
  test("of each store and cache that was named, and that none was", async () => {
    using rig = new StoreRig();
    using other = new StoreRig();
    const [text, kept] = [await rig.text("text"), await rig.text("kept")];
    await other.text("other");
    for (const each of [rig, other]) each.close();
    const run = (...words: string[]) => pipelite([...words, "--store", rig.home], { cwd: rig.folder });
    await run("cache", "push", "--to", rig.path("cache"), kept);
    rmSync(join(rig.home, text));
    const alone = await run("store", "repair");
    assert.equal(alone.code, 3, alone.stderr);
    assert.deepEqual(triedIn(alone.stdout), [
      "not by a cache: none is named, and no other store (--from, $PIPELITE_CACHES)",
      NO_PROGRAM,
      NO_DERIVATION,
    ]);
    const named = await run("store", "repair", "--from", rig.path("cache"), "--from", other.home);
    assert.equal(named.code, 3, named.stderr);
    assert.deepEqual(triedIn(named.stdout), [
      `not by another store, ${other.home}: it does not have it`,
      `not by a cache, file://${rig.path("cache")}: it does not have it`,
      NO_PROGRAM,
      NO_DERIVATION,
    ]);
  });

  test("of the program that a path was made of", async () => {
    using rig = new StoreRig();
    const path = await rig.text("program");
    rig.close();
    const program = rig.path("program");
    openHome(rig.home).notes.remember("programs", `${program}\0`, { program: { path } });
    rmSync(join(rig.home, path));
    const tried = async (): Promise<string | undefined> => {
      const { code, stdout, stderr } = await pipelite(["store", "repair", "--store", rig.home]);
      assert.equal(code, 3, stderr);
      return triedIn(stdout).find((line) => line.startsWith("not by this machine"));
    };
    assert.equal(await tried(), `not by this machine: ${program}, of which it was made, is gone`);
    rig.write({ program: "#!/bin/sh\n" });
    assert.match((await tried()) ?? "", /cannot capture \S+\/program: it is a script for sh/);
    copyFileSync("/bin/sh", program);
    assert.equal(
      await tried(),
      `not by this machine: ${program}, of which it was made, is another program now`,
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
    assert.match(first.stdout, /^ {2}not by building it again: Cannot accept \S+-a: its hash is /m);
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
