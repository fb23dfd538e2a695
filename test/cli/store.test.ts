import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { utf8 } from "#base/bytes.ts";
import { openStore } from "#store/index.ts";
import { peer } from "../rig/peer.ts";
import { createRig, type Rig } from "./rig.ts";

async function addFile(rig: Rig, name: string, content: string): Promise<string> {
  writeFileSync(join(rig.folder, name), content);
  const { stdout, stderr, code } = await rig("store", "add", name);
  assert.equal(stderr, "");
  assert.equal(code, EXIT.ok);
  return stdout.trim();
}

/** Texts that refer to each other in a row; returns their paths, the one that needs all others last. */
async function addChain(rig: Rig, ...names: string[]): Promise<string[]> {
  using store = openStore(rig.home);
  const paths: Awaited<ReturnType<typeof store.addText>>["path"][] = [];
  for (const name of names) {
    const before = paths.slice(-1);
    paths.push((await store.addText(name, utf8(`${name} ${before.join()}`), before)).path);
  }
  return paths;
}

async function errorCode(rig: Rig, ...words: string[]): Promise<string> {
  const { stdout, code } = await rig(...words, "--json");
  assert.notEqual(code, EXIT.ok);
  return (JSON.parse(stdout) as { error: { code: string } }).error.code;
}

test("store add prints the path of each copy and takes another name for one", async () => {
  using rig = createRig();
  const path = await addFile(rig, "a.txt", "hello\n");
  assert.match(path, /^\/nix\/store\/[0-9a-z]{32}-a\.txt$/);
  assert.equal(readFileSync(join(rig.home, path), "utf8"), "hello\n");
  assert.match((await rig("store", "add", "a.txt", "--name", "b")).stdout, /-b\n$/);
  const { stdout } = await rig("store", "add", "a.txt", "--json");
  const [described] = JSON.parse(stdout) as Record<string, unknown>[];
  assert.equal(described?.["path"], path);
  assert.equal(described?.["added"], false);
  assert.equal(await errorCode(rig, "store", "add", "a.txt", "b.txt", "--name", "c"), "ARGUMENT_INVALID");
  assert.equal(await errorCode(rig, "store", "add", "nowhere"), "STORE_SOURCE_MISSING");
});

test("a store path may be named whole, by its start, by a file in it, by a link to it", async () => {
  using rig = createRig();
  mkdirSync(join(rig.folder, "tree"));
  writeFileSync(join(rig.folder, "tree/file"), "x");
  const path = (await rig("store", "add", "tree")).stdout.trim();
  await rig("store", "root", "link", path);
  symlinkSync("link", join(rig.folder, "link-to-link"));
  const base = path.slice("/nix/store/".length);
  const physical = join(rig.home, path);
  for (const word of [
    path,
    `${path}/file`,
    physical,
    `${physical}/file`,
    base,
    base.slice(0, 8),
    "link",
    "./link-to-link",
  ]) {
    const { stdout, stderr } = await rig("store", "list", word);
    assert.equal(stdout, `${path}\n`, word + stderr);
  }
  for (const word of ["nowhere", "/nix/store/short", "/etc/passwd"]) {
    assert.equal(await errorCode(rig, "store", "info", word), "STORE_ARGUMENT_UNKNOWN", word);
  }
});

test("a start that several paths have is refused", async () => {
  using rig = createRig();
  const store = openStore(rig.home);
  const paths = await Promise.all(
    Array.from({ length: 40 }, (_, index) => store.addText(`t${index}`, utf8(`${index}`))),
  );
  store.close();
  const starts = paths.map(({ path }) => path.slice("/nix/store/".length).charAt(0));
  const twice = starts.find((start, index) => starts.indexOf(start) !== index);
  assert.equal(await errorCode(rig, "store", "info", twice ?? ""), "STORE_ARGUMENT_AMBIGUOUS");
});

test("store info says what is registered, for people and for programs", async () => {
  using rig = createRig();
  const [, path = ""] = await addChain(rig, "one", "two");
  const { stdout } = await rig("store", "info", path);
  assert.match(stdout, new RegExp(`^path +${path}$`, "m"));
  assert.match(stdout, /^closure +2 paths, /m);
  assert.match(stdout, /^refers to +\/nix\/store\/.*-one$/m);
  const [info] = JSON.parse((await rig("store", "info", path, "--json")).stdout) as Record<string, unknown>[];
  assert.match(String(info?.["narHash"]), /^sha256-/);
  assert.match(String(info?.["ca"]), /^text:sha256:/);
  const invalid = `/nix/store/${"0".repeat(32)}-x`;
  assert.equal(await errorCode(rig, "store", "info", invalid), "STORE_PATH_NOT_VALID");
});

test("store list shows all, a closure, referrers, or sizes; on an absent store it says there is none", async () => {
  using rig = createRig();
  assert.equal(await errorCode(rig, "store", "list"), "STORE_NOT_FOUND");
  const [one = "", two = "", three = ""] = await addChain(rig, "one", "two", "three");
  const list = async (...words: string[]): Promise<string[]> =>
    (await rig("store", "list", ...words)).stdout.trimEnd().split("\n");
  assert.deepEqual(await list(), [one, two, three].toSorted());
  assert.deepEqual(await list(two), [one, two].toSorted());
  assert.deepEqual(await list("--referrers", two), [three]);
  const long = await rig("store", "list", "--long", three);
  assert.equal(long.stdout.trimEnd().split("\n").length, 3);
  assert.match(long.stdout, / B {2}[0-9a-f]{12} {2}1 reference {3}\/nix/);
  assert.match(long.stderr, /^3 paths, /);
});

test("store why shows the chain, or says that there is none", async () => {
  using rig = createRig();
  const [one = "", two = "", three = ""] = await addChain(rig, "one", "two", "three");
  assert.equal((await rig("store", "why", three, one)).stdout, `${three}\n└─ ${two}\n   └─ ${one}\n`);
  const none = await rig("store", "why", one, three);
  assert.deepEqual([none.code, none.stdout], [EXIT.ok, ""]);
  assert.match(none.stderr, /does not depend on/);
});

test("store dump and restore are inverse, and an archive is not written to a terminal", async () => {
  using rig = createRig();
  const path = await addFile(rig, "a.txt", "hello\n");
  const { stdoutBytes } = await rig("store", "dump", path);
  assert.equal(stdoutBytes.subarray(8, 21).toString(), "nix-archive-1");
  const restored = await rig.with({ stdin: stdoutBytes }, "store", "restore", "copy");
  assert.deepEqual([restored.code, restored.stdout], [EXIT.ok, ""]);
  assert.equal(readFileSync(join(rig.folder, "copy"), "utf8"), "hello\n");
  const onTerminal = await rig.with({ isTerminal: true }, "store", "dump", path, "--json");
  assert.match(onTerminal.stdout, /"code":"OUTPUT_IS_TERMINAL"/);
});

test("store dump writes what nix-store --dump writes", { skip: peer("nix-store") }, async () => {
  using rig = createRig();
  const path = await addFile(rig, "a.txt", "hello\n");
  const expected = execFileSync("nix-store", ["--dump", join(rig.home, path)]);
  assert.deepEqual((await rig("store", "dump", path)).stdoutBytes, expected);
});

test("store export carries a closure into another store", async () => {
  using rig = createRig();
  const paths = await addChain(rig, "one", "two");
  const { stdoutBytes } = await rig("store", "export", paths[1] ?? "");
  const other = join(rig.folder, "other");
  const imported = await rig.with({ stdin: stdoutBytes }, "store", "import", "--store", other, "--json");
  assert.deepEqual(JSON.parse(imported.stdout), paths);
  assert.equal((await rig("store", "list", "--store", other)).stdout, `${paths.toSorted().join("\n")}\n`);
});

test("store verify is silent about a whole store and names what was changed in another", async () => {
  using rig = createRig();
  const path = await addFile(rig, "a.txt", "hello\n");
  const whole = await rig("store", "verify", "--contents");
  assert.deepEqual([whole.code, whole.stdout], [EXIT.ok, ""]);
  assert.match(whole.stderr, /^1 path checked, .* read: 0 problems\n$/);
  const file = join(rig.home, path);
  chmodSync(file, 0o644);
  writeFileSync(file, "jello\n");
  const changed = await rig("store", "verify", "--contents");
  assert.equal(changed.code, EXIT.verification);
  assert.match(changed.stdout, new RegExp(`^${path}: changed: its hash is sha256-.*, wanted is sha256-`));
  const json = await rig("store", "verify", "--contents", "--json");
  assert.equal(json.code, EXIT.verification);
  assert.match(json.stdout, /"kind": "modified"/);
});

test("store gc keeps what a root keeps; a dry run deletes nothing", async () => {
  using rig = createRig();
  const kept = await addFile(rig, "kept", "1");
  const garbage = await addFile(rig, "garbage", "2");
  const made = await rig("store", "root", "keep", kept);
  assert.deepEqual([made.stdout, made.stderr], ["", `keep keeps ${kept}\n`]);
  assert.equal((await rig("store", "root")).stdout, `${join(rig.folder, "keep")}  ${kept}\n`);
  const dry = await rig("store", "gc", "--dry-run");
  assert.equal(dry.stdout, `${garbage}\n`);
  assert.match(dry.stderr, /^1 path would go, \d+ B as NAR\n$/);
  const real = await rig("store", "gc");
  assert.equal(real.stdout, `${garbage}\n`);
  assert.match(real.stderr, /^1 path deleted, .* freed\n$/);
  assert.equal((await rig("store", "list")).stdout, `${kept}\n`);
  assert.ok(!readdirSync(join(rig.home, "nix/store")).includes(garbage.slice("/nix/store/".length)));
});

test("store delete takes what nothing needs and refuses the rest", async () => {
  using rig = createRig();
  const [one = "", two = ""] = await addChain(rig, "one", "two");
  assert.equal(await errorCode(rig, "store", "delete", one), "STORE_PATH_IN_USE");
  assert.equal((await rig("store", "delete", two)).stdout, `${two}\n`);
  assert.equal((await rig("store", "list")).stdout, `${one}\n`);
  assert.equal(await errorCode(rig, "store", "root", "link"), "ARGUMENT_MISSING");
});
