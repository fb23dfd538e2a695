// Programs of nixpkgs out of a cache that this test makes: what is locked, what is taken, and what is refused.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { NixpkgsRequest } from "#author/environment-request.ts";
import { nixpkgs } from "#author/environment.ts";
import { lock } from "#app/lock.ts";
import { isPipeliteError } from "#base/errors.ts";
import { lockNixpkgs } from "#environment/nixpkgs/lock-nixpkgs.ts";
import type { LockedNixpkgs } from "#environment/nixpkgs/locked-nixpkgs.ts";
import { systemOfProgram } from "#environment/nixpkgs/program-system.ts";
import { requireAsLocked, takeClosure } from "#environment/nixpkgs/take-closure.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { SYSTEM } from "#environment/step.ts";
import { writeNixPublicKey } from "#nix/signature.ts";
import { storePathHash, type StorePath } from "#nix/store-path.ts";
import { writeEntrance } from "#sandbox/entrances.ts";
import { openStore, type Store } from "#store/store.ts";
import { CacheRig, KEY, OTHER_KEY, pushTo, SIGNAL, takingFrom } from "../cache/rig.ts";
import { addPackage, elfHead, pathOfPackage } from "../rig/packages-of-nix.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { coded, StoreRig } from "../store/rig.ts";

const X64 = 62;
const ARM64 = 183;
const [HERE, OTHER] = process.arch === "arm64" ? [ARM64, X64] : [X64, ARM64];

/** `tool-1.0`, which needs `lib-2.0`, for this machine; and the same for another one, and for a third system. */
async function fill(
  rig: CacheRig,
): Promise<{ tool: StorePath; lib: StorePath; other: StorePath; all: StorePath[] }> {
  const { store, folder } = rig;
  const add = (name: string, machine: number, references: StorePath[] = []) =>
    addPackage(store, folder, name, {
      files: { [`bin/${name.replace(/-.*/, "")}`]: elfHead(machine) },
      references,
      tag: String(machine),
    });
  const lib = await addPackage(store, folder, "lib-2.0", { files: { "lib/lib.txt": "lib" } });
  const tool = await add("tool-1.0", HERE, [lib]);
  const other = await add("tool-1.0", OTHER);
  const newer = await add("tool-2.0", OTHER);
  const debug = await add("tool-1.0-debug", HERE);
  const twice = [await add("twice-1.0", HERE), await add("twice-1.1", HERE)];
  return { tool, lib, other, all: [lib, tool, other, newer, debug, ...twice] };
}

function lockAt(
  packages: string[],
  {
    keys = [KEY.publicKey],
    mirrors = "",
    channel,
  }: { keys?: (typeof KEY.publicKey)[]; mirrors?: string; channel?: string } = {},
): Promise<LockedNixpkgs> {
  const request: NixpkgsRequest = { kind: "nixpkgs", packages, ...(channel !== undefined && { channel }) };
  return lockNixpkgs(request, {
    root: rig.folder,
    temporary: rig.path("temporary"),
    store: rig.second.store,
    mirrors: mirrorsOf({ PIPELITE_MIRRORS: mirrors }, "/nowhere"),
    caches: takingFrom(rig.second.store, [rig.cache], keys).substituter,
    env: {},
    now: new Date(0),
    signal: SIGNAL,
    say: () => {},
  });
}

function take(
  store: Store,
  { closure }: LockedNixpkgs,
  urls: string[],
  keys = [KEY.publicKey],
): Promise<void> {
  return takeClosure(store, closure, {
    substituter: takingFrom(store, urls, keys).substituter,
    signal: SIGNAL,
  });
}

async function refused(code: string, promise: Promise<unknown>, words: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.match(`${error.message} ${error.hint ?? ""}`, words);
    return true;
  });
}

const rig = new CacheRig();
after(() => rig[Symbol.dispose]());
let filled: Awaited<ReturnType<typeof fill>>;
before(async () => {
  filled = await fill(rig);
  await pushTo(rig.store, rig.cache, filled.all, { key: KEY });
});

describe("what is locked of nixpkgs", () => {
  test("the closure of a store path, each path by the hash of its NAR, and nothing is taken", async () => {
    const { tool, lib } = filled;
    const locked = await lockAt([tool]);
    assert.deepEqual([locked.packages, locked.system], [[tool], SYSTEM]);
    const { narHash = new Uint8Array(), narSize } = rig.store.info(tool) ?? {};
    assert.deepEqual(
      locked.closure.find(({ path }) => path === tool),
      {
        path: tool,
        sha256: Buffer.from(narHash).toString("hex"),
        size: narSize,
        references: [lib],
      },
    );
    assert.deepEqual(locked.closure.map(({ path }) => path).toSorted(), [tool, lib].toSorted());
    assert.deepEqual(rig.second.store.validPaths(), []);
  });

  test("a name means the one path of a list that is for this machine", async () => {
    const { tool, all } = filled;
    const list = rig.path("lists");
    mkdirSync(join(list, "stable"), { recursive: true });
    writeFileSync(join(list, "stable/store-paths"), `${[...all, pathOfPackage("lonely-1.0")].join("\n")}\n`);
    const mirrors = `nixpkgs=file://${list}`;
    const named = (word: string, channel = "stable") => lockAt([word], { mirrors, channel });
    assert.deepEqual((await named("tool")).packages, [tool], "the newer one is for another machine");
    assert.deepEqual((await named("tool-1.0")).packages, [tool]);
    await refused("NIXPKGS_NAME_AMBIGUOUS", named("twice"), /2 paths are for .*-twice-1\.0 .*-twice-1\.1/);
    await refused("NIXPKGS_NAME_AMBIGUOUS", named("tool-2.0"), /none of its paths is for .*-tool-2\.0/);
    await refused("NIXPKGS_NAME_UNKNOWN", named("tooll"), /Did you mean tool\?/);
    await refused("NIXPKGS_NAME_UNKNOWN", named("tool-1"), /Did you mean tool\?|Name the package/);
    await refused("NIXPKGS_PATH_UNAVAILABLE", named("lonely"), /lonely-1\.0.*is not in file:/);
    await refused("NIXPKGS_LIST_UNAVAILABLE", named("tool", "unstable"), /list of store paths of unstable/);
    await refused("NIXPKGS_LIST_UNNAMED", lockAt(["tool"]), /PIPELITE_MIRRORS='nixpkgs=URL'/);
    writeFileSync(join(list, "stable/store-paths"), "/etc/passwd\n");
    await refused("NIXPKGS_LIST_UNAVAILABLE", named("tool"), /no store path: '\/etc\/passwd'/);
  });

  test("not the programs of another machine, what no cache has, and what nobody trusted signed", async () => {
    const { tool, other } = filled;
    await refused("NIXPKGS_SYSTEM_WRONG", lockAt([other]), /its programs are for .*-linux, and wanted is/);
    await refused("NIXPKGS_PATH_UNAVAILABLE", lockAt([pathOfPackage("absent-1")]), /--cache/);
    await refused("CACHE_UNTRUSTED", lockAt([tool], { keys: [OTHER_KEY.publicKey] }), /no trusted key/);
    await refused("CACHE_UNTRUSTED", lockAt([tool], { keys: [] }), /no trusted key/);
    const request = { kind: "nixpkgs", packages: [tool] } as const;
    const { store } = rig.second;
    const mirrors = mirrorsOf({}, "/");
    const locking = { root: "/", temporary: "/", store, mirrors, env: {}, now: new Date(0) };
    await refused(
      "NIXPKGS_CACHE_UNNAMED",
      lockNixpkgs(request, { ...locking, signal: SIGNAL, say: () => {} }),
      /--trusted-key/,
    );
  });

  test("the machine of a program is told by its first bytes", () => {
    assert.equal(systemOfProgram(elfHead(X64)), "x86_64-linux");
    assert.equal(systemOfProgram(elfHead(ARM64)), "aarch64-linux");
    assert.equal(systemOfProgram(Buffer.from("cffaedfe".padEnd(64, "0"), "hex")), "darwin");
    assert.equal(systemOfProgram(Buffer.from("#!/bin/sh\necho hello, world\n")), undefined);
  });
});

describe("what is taken of nixpkgs", () => {
  test("just what is locked, from any cache, as long as a trusted key signed it", async () => {
    const { tool } = filled;
    const locked = await lockAt([tool]);
    using fresh = new StoreRig();
    const { store } = fresh;
    const unsigned = rig.path("unsigned");
    await pushTo(rig.store, unsigned, [tool]);
    // Who may edit a lock file may not say what a path of everybody's store is.
    await refused("CACHE_UNTRUSTED", take(store, locked, [unsigned]), /no trusted key/);
    assert.deepEqual(store.validPaths(), []);
    await take(store, locked, [unsigned, rig.cache]);
    assert.deepEqual(store.validPaths(), locked.closure.map(({ path }) => path).toSorted());
    // What is there needs no cache.
    await takeClosure(store, locked.closure, { signal: SIGNAL });
  });

  test("another build of a path is not what is locked: the next cache is asked, and nothing of it stays", async () => {
    using again = new CacheRig();
    const { tool, lib } = filled;
    const locked = await lockAt([tool]);
    const files = { "bin/tool": Buffer.concat([elfHead(HERE), Buffer.from("built again")]) };
    await addPackage(again.store, again.folder, "lib-2.0", { files: { "lib/lib.txt": "lib" } });
    await addPackage(again.store, again.folder, "tool-1.0", { files, references: [lib], tag: String(HERE) });
    await pushTo(again.store, again.cache, [tool], { key: KEY });
    using fresh = new StoreRig();
    const { store } = fresh;
    await refused(
      "NIXPKGS_PATH_DIFFERS",
      take(store, locked, [again.cache]),
      /the cache file:.*which is locked/,
    );
    assert.ok(!store.isPresent(tool));
    await take(store, locked, [again.cache, rig.cache]);
    assert.ok(store.isPresent(tool));
    // And one that the home has itself is not taken for it.
    assert.throws(() => requireAsLocked(again.store, locked.closure), coded("NIXPKGS_PATH_DIFFERS"));
  });

  test("what the caches have no more, and where none is named", async () => {
    const { tool, lib } = filled;
    const locked = await lockAt([tool]);
    using fresh = new StoreRig();
    const { store } = fresh;
    await assert.rejects(
      takeClosure(store, locked.closure, { signal: SIGNAL }),
      coded("NIXPKGS_CACHE_UNNAMED"),
    );
    const shrinking = rig.path("shrinking");
    await pushTo(rig.store, shrinking, [tool], { key: KEY });
    rmSync(join(shrinking, `${storePathHash(lib)}.narinfo`));
    await refused("NIXPKGS_PATH_UNAVAILABLE", take(store, locked, [shrinking]), /pipelite store export/);
    writeFileSync(join(shrinking, `${storePathHash(lib)}.narinfo`), "nonsense\n");
    await refused("CACHE_ANSWER_WRONG", take(store, locked, [shrinking]), /answers wrongly/);
    assert.deepEqual(store.validPaths(), []);
  });
});

test(
  "a run takes what is locked, keeps it from collections, and enters no root",
  { skip: sweep() },
  async () => {
    const start = writeEntrance("hold", process.arch === "arm64" ? "arm64" : "x64");
    const tool = await addPackage(rig.store, rig.folder, "tool-1.0", {
      files: { "bin/start": start, "bin/x": "" },
    });
    const more = await addPackage(rig.store, rig.folder, "more-1.0", { files: { "bin/x": "", "bin/y": "" } });
    await pushTo(rig.store, rig.path("programs"), [tool, more], { key: KEY });
    using project = new Project({
      "pipeline.ts": `
import { command, nixpkgs, pipeline, stage } from "pipelite";
const env = nixpkgs([${JSON.stringify(tool)}, ${JSON.stringify(more)}]);
export default pipeline({
  seen: stage(() => import("./seen.ts"), {}, { environment: env }),
  absent: command(env.tool("start"), ["/", "/nix/store/nothing", "", "nothing"], { name: "absent" }),
});
`,
      "seen.ts": `
import { existsSync, readdirSync, readlinkSync } from "node:fs";
export default function seen() {
  const path = process.env["PATH"] ?? "";
  const links = readdirSync(path).map((name) => readlinkSync(path + "/" + name));
  return { "seen.json": { links, hasRoot: existsSync("/usr") || existsSync("/bin") } };
}
`,
    });
    const caches = {
      caches: [rig.path("programs")],
      trustedKeys: [writeNixPublicKey(KEY.publicKey)],
      cwd: "/",
      env: {},
    };
    const { root: folder, door: home } = project;
    const options = { pipeline: folder, params: {}, update: false, env: {}, now: new Date(), signal: SIGNAL };
    const locked = await lock({ ...options, home, caches, say: () => {} });
    assert.deepEqual(
      locked.environments.map(({ name, parts, unit }) => [name, parts, unit]),
      [["nixpkgs-tool-1.0-and-1-more", 2, "path"]],
    );
    assert.ok(!readFileSync(locked.file, "utf8").includes(rig.folder), "a lock names no cache");
    const without = await project.run();
    assert.equal(without.ends["seen"], "skipped");
    const failures = (events: typeof without.events) =>
      events.flatMap((event) => (event.type === "stage-finished" ? (event.failure?.code ?? []) : []));
    assert.deepEqual(failures(without.events), ["NIXPKGS_CACHE_UNNAMED"]);

    const ran = await project.run({ caches, keepGoing: true });
    assert.equal(ran.ends["seen"], "built", JSON.stringify(failures(ran.events)));
    assert.deepEqual(JSON.parse(readFileSync(home.physical(`${ran.outputs["seen"]}/seen.json`), "utf8")), {
      links: [`${tool}/bin/start`, `${tool}/bin/x`, `${more}/bin/y`],
      hasRoot: false,
    });
    // The program ran, and said what it could not start.
    assert.deepEqual(failures(ran.events), ["ENVIRONMENT_PROGRAM_MISSING"]);

    using store = openStore(project.home);
    const kept = readdirSync(home.layout.locks).filter(
      (name) => name.startsWith("nixpkgs-") && !name.endsWith(".json"),
    );
    assert.equal(kept.length, 1);
    const [root] = store.roots().filter(({ source }) => source === join(home.layout.locks, kept[0] ?? ""));
    assert.ok(root !== undefined && store.closure([root.path]).includes(tool));
  },
);

test("what nixpkgs gives can't be composed, and is named rightly", () => {
  assert.throws(() => nixpkgs([]), coded("ENVIRONMENT_INVALID"));
  assert.throws(() => nixpkgs("/nix/store/short"), coded("ENVIRONMENT_INVALID"));
  assert.throws(() => nixpkgs("../x"), coded("ENVIRONMENT_INVALID"));
  assert.throws(() => nixpkgs("python3", { channel: "../x" }), coded("ENVIRONMENT_INVALID"));
});
