// Profiles: generations that real Nix sees, switches and deletes as its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pipelite } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

const folderOf = (rig: StoreRig): string => join(rig.home, "nix/var/nix/profiles");

/** As if a generation had been made so many days ago. */
function age(rig: StoreRig, name: string, days: number): void {
  const when = new Date(Date.now() - days * 86_400_000).toISOString();
  execFileSync("touch", ["--no-dereference", "--date", when, join(folderOf(rig), name)]);
}

describe("a profile", () => {
  test("gets a generation for each new path, keeps all of them, and can go back", async () => {
    using rig = new StoreRig();
    const [a, b] = [await rig.text("a"), await rig.text("b")];
    const { store } = rig;
    assert.deepEqual(store.profiles(), []);
    assert.equal(await store.addGeneration("site", a), 1);
    assert.equal(await store.addGeneration("site", b), 2);
    assert.equal(await store.addGeneration("site", b), 2, "the same again is no new one");
    const [profile] = store.profiles();
    assert.deepEqual(
      profile?.generations.map(({ number, path }) => [number, path]),
      [
        [1, a],
        [2, b],
      ],
    );
    assert.equal(profile?.current, 2);
    assert.deepEqual((await store.gc()).paths, []);
    assert.equal((await store.switchProfile("site", "before")).path, a);
    assert.equal(store.profiles(["site"])[0]?.current, 1);
    assert.equal((await store.switchProfile("site", 2)).path, b);
    assert.deepEqual(
      readdirSync(folderOf(rig)).toSorted(),
      ["site", "site-1-link", "site-2-link"],
      "no lock stays",
    );
  });

  test("refuses names that links have, paths that are not valid, and generations that are not there", async () => {
    using rig = new StoreRig();
    const { store } = rig;
    const path = await rig.text("a");
    for (const name of ["", "a/b", "..", "site-1-link", "site.lock", "-x"])
      await assert.rejects(store.addGeneration(name, path), coded("STORE_PROFILE_NAME"), name);
    await assert.rejects(store.addGeneration("site", absentPath()), coded("STORE_PATH_NOT_VALID"));
    await assert.rejects(store.switchProfile("site", 1), coded("STORE_PROFILE_UNKNOWN"));
    assert.throws(() => store.profiles(["site"]), coded("STORE_PROFILE_UNKNOWN"));
    await store.addGeneration("site", path);
    await assert.rejects(store.switchProfile("site", "before"), coded("STORE_GENERATION_UNKNOWN"));
    await assert.rejects(store.switchProfile("site", 7), coded("STORE_GENERATION_UNKNOWN"));
  });

  test("loses old generations but the current one, and the one that was current then", async () => {
    using rig = new StoreRig();
    const paths = [];
    for (let number = 1; number <= 5; number++) {
      paths.push(await rig.text(`p${number}`));
      await rig.store.addGeneration("site", paths[number - 1] ?? paths[0] ?? absentPath());
    }
    for (const [number, days] of [
      [1, 90],
      [2, 60],
      [3, 45],
      [4, 10],
    ] as const)
      age(rig, `site-${number}-link`, days);
    await rig.store.switchProfile("site", 1);
    const olderThanMs = 30 * 86_400_000;
    assert.deepEqual(await rig.store.deleteGenerations({ olderThanMs, dryRun: true }), [
      { name: "site", number: 2 },
    ]);
    assert.deepEqual(await rig.store.deleteGenerations({ olderThanMs }), [{ name: "site", number: 2 }]);
    // Open, it keeps what it has added.
    rig.close();
    assert.deepEqual((await rig.store.gc()).paths, [paths[1]]);
  });
});

test(
  "real Nix lists, switches and deletes the same generations",
  { skip: peer("nix-env", "nix-store") },
  async () => {
    using rig = new StoreRig();
    const [a, b, c] = [await rig.text("a"), await rig.text("b"), await rig.text("c")];
    for (const path of [a, b, c]) await rig.store.addGeneration("site", path);
    rig.close();
    const profile = join(folderOf(rig), "site");
    const nix = (...words: string[]) => rig.nix("nix-env", "--profile", profile, ...words);
    const numbers = (text: string) =>
      [...text.matchAll(/^ *(\d+) .*?(\(current\))?$/gm)].map((m) => `${m[1]}${m[2] ?? ""}`);
    assert.deepEqual(numbers(nix("--list-generations")), ["1", "2", "3(current)"]);
    nix("--rollback");
    assert.equal(rig.store.profiles()[0]?.current, 2);
    nix("--switch-generation", "1");
    assert.equal(readlinkSync(profile), "site-1-link");
    nix("--delete-generations", "2");
    assert.deepEqual(
      rig.store.profiles()[0]?.generations.map(({ number }) => number),
      [1, 3],
    );
    rig.close();
    rig.nix("nix-store", "--gc");
    assert.deepEqual(rig.store.validPaths(), [a, c].toSorted(), "Nix keeps what ours keep");
    for (const number of [1, 3]) age(rig, `site-${number}-link`, 60 + number);
    rig.close();
    // What it deletes by age is what we would.
    await rig.store.switchProfile("site", 3);
    const wanted = await rig.store.deleteGenerations({ olderThanMs: 30 * 86_400_000, dryRun: true });
    rig.close();
    nix("--delete-generations", "30d");
    const left = rig.store.profiles()[0]?.generations.map(({ number }) => number);
    assert.deepEqual(
      [1, 3].filter((number) => !wanted.some((each) => each.number === number)),
      left,
    );
  },
);

test("store profile makes, lists and goes back; store gc --delete-older-than lets go", async () => {
  using rig = new StoreRig();
  const [a, b] = [await rig.text("a"), await rig.text("b")];
  rig.close();
  const run = (...words: string[]) => pipelite([...words, "--store", rig.home], { cwd: rig.folder });
  const profile = (...words: string[]) => run("store", "profile", ...words);
  assert.match((await profile("site", a)).stderr, /generation 1 of site is the current one/);
  assert.equal((await profile("site", b)).code, 0);
  assert.match((await profile("site", "--rollback")).stderr, /generation 1/);
  assert.match((await profile()).stdout, /site +1 .* current +\/nix\/store\/.*-a\nsite +2 /);
  assert.equal((await profile("--rollback")).code, 2);
  assert.equal((await profile("site", a, "--rollback")).code, 2);
  assert.equal((await profile("site", "--to", "9")).code, 2);
  assert.equal((await profile("site", "--to", "2")).code, 0);
  for (const number of [1, 2]) age(rig, `site-${number}-link`, 40 + number);
  age(rig, "site-2-link", 40);
  await profile("site", a);
  const { stdout } = await run("store", "gc", "--delete-older-than", "30d");
  assert.match(stdout, /generation 1 of site/);
  assert.doesNotMatch(stdout, /generation 2/);
});
