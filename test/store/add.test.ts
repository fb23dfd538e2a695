// Adding sources, texts, files of known hash and derivations: the paths are those real Nix gives, the files
// are in the store's form, and what cannot be stored is refused.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import fc from "fast-check";
import { finish } from "#base/steps.ts";
import { byteStringOf, hex, utf8 } from "#base/bytes.ts";
import { hashBytes } from "#nix/hash.ts";
import { makeFixedPath, type StorePath } from "#nix/store-path.ts";
import type { Derivation } from "#nix/derivation.ts";
import { scanSteps } from "#store/scan.ts";
import { dumpSteps, hashTree } from "#store/tree.ts";
import { inputs, peer, sweep } from "../rig/peer.ts";
import { absentPath, coded, StoreRig } from "./rig.ts";

/**
 * A tree with one of everything: executable, empty, nested, links, names that are not UTF-8 or sort oddly.
 */
function oddTree(rig: StoreRig): string {
  const folder = rig.source("odd");
  rig.write({
    "odd/run": "#!/bin/sh\n",
    "odd/a": "1",
    "odd/a-b": "2",
    "odd/a.b": "3",
    "odd/Z": "4",
    "odd/é": "5",
  });
  chmodSync(`${folder}/run`, 0o700);
  mkdirSync(`${folder}/empty`);
  symlinkSync("../nowhere", `${folder}/link`);
  symlinkSync("/etc", `${folder}/folder-link`);
  writeFileSync(Buffer.from(`${folder}/\xff\xfe`, "latin1"), "6");
  writeFileSync(`${folder}/big`, Buffer.alloc(1_000_003, 7));
  return folder;
}

describe("addTree", () => {
  test("gives the path and the hash that real Nix gives", { skip: peer("nix-store", "nix") }, async () => {
    using rig = new StoreRig();
    const source = oddTree(rig);
    const { path, narHash, narSize } = await rig.store.addTree(source, { name: "odd" });
    assert.equal(rig.nixOn(rig.path("nix-home"), "nix-store", "--add", source), path);
    const [info] = JSON.parse(rig.nixOn(rig.path("nix-home"), "nix", "path-info", "--json", path)) as [
      { narHash: string; narSize: number; ca: string },
    ];
    assert.equal(info.narHash, `sha256-${Buffer.from(narHash).toString("base64")}`);
    assert.equal(info.narSize, narSize);
    assert.equal(rig.store.info(path)?.contentAddress, info.ca);
    assert.equal(rig.nixComplaints(), "");
  });

  test("stores files in the canonical form, whatever the umask", async () => {
    using rig = new StoreRig();
    const source = oddTree(rig);
    const umask = process.umask(0o077);
    try {
      const { path } = await rig.store.addTree(source, { name: "odd" });
      const root = rig.store.physical(path);
      const names = ["", "/a.txt", "/run", "/sub", "/sub/b.txt", "/link"];
      const seen = names.map((name) => {
        const stat = lstatSync(root + name);
        return `${(stat.mode & 0o7777).toString(8)} ${stat.mtimeMs}`;
      });
      assert.deepEqual(seen, ["555 1000", "444 1000", "555 1000", "555 1000", "444 1000", "777 1000"]);
      assert.equal(readlinkSync(`${root}/link`), "../nowhere");
    } finally {
      process.umask(umask);
    }
  });

  test("adds a single file, an executable one, and a link", async () => {
    using rig = new StoreRig();
    const file = rig.write({ file: "hello" });
    const plain = await rig.store.addTree(file, { name: "x" });
    assert.equal(hex(plain.narHash), "0a430879c266f8b57f4092a0f935cf3facd48bbccde5760d4748ca405171e969");
    assert.equal(plain.narSize, 120);
    chmodSync(file, 0o755);
    assert.notEqual((await rig.store.addTree(file, { name: "x" })).path, plain.path);
    symlinkSync("file", rig.path("link"));
    const link = await rig.store.addTree(rig.path("link"), { name: "l" });
    assert.equal(readlinkSync(rig.store.physical(link.path)), "file");
  });

  test("leaves out what the filter does, folders with all they hold", async () => {
    using rig = new StoreRig();
    const source = rig.source();
    rig.write({ "source/node_modules/x/y": "", "source/.git": "" });
    const asked: string[] = [];
    const { path } = await rig.store.addTree(source, {
      name: "filtered",
      include: (relative, isDirectory) => {
        asked.push(isDirectory ? `${relative}/` : relative);
        return relative !== "node_modules" && !relative.endsWith(".git");
      },
    });
    assert.deepEqual(asked, [".git", "a.txt", "node_modules/", "sub/", "sub/b.txt", "sub/empty"]);
    assert.deepEqual(readdirSync(rig.store.physical(path)), ["a.txt", "sub"]);
    rmSync(`${source}/node_modules`, { recursive: true });
    rmSync(`${source}/.git`);
    assert.equal((await rig.store.addTree(source, { name: "filtered" })).path, path);
  });

  test("says whether it was new, and makes files again that somebody removed", async () => {
    using rig = new StoreRig();
    const source = rig.source();
    const first = await rig.store.addTree(source, { name: "s" });
    const second = await rig.store.addTree(source, { name: "s" });
    assert.deepEqual([first.added, second.added, first.path === second.path], [true, false, true]);
    rmSync(rig.store.physical(first.path), { recursive: true });
    assert.equal((await rig.store.addTree(source, { name: "s" })).added, true);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("refuses special files, what is not there, and wrong names", async () => {
    using rig = new StoreRig();
    execFileSync("mkfifo", [rig.path("pipe")]);
    rig.write({ "with-pipe/a": "" });
    execFileSync("mkfifo", [rig.path("with-pipe/pipe")]);
    await assert.rejects(rig.store.addTree(rig.path("pipe"), { name: "x" }), coded("STORE_SPECIAL_FILE"));
    await assert.rejects(
      rig.store.addTree(rig.path("with-pipe"), { name: "x" }),
      coded("STORE_SPECIAL_FILE"),
    );
    await assert.rejects(rig.store.addTree("/dev/null", { name: "x" }), coded("STORE_SPECIAL_FILE"));
    await assert.rejects(rig.store.addTree(rig.path("none"), { name: "x" }), coded("STORE_SOURCE_MISSING"));
    await assert.rejects(rig.store.addTree(rig.source(), { name: "a/b" }), coded("STORE_NAME_INVALID"));
    const server = createServer().listen(rig.path("socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    const error = await rig.store
      .addTree(rig.path("socket"), { name: "x" })
      .catch((caught: unknown) => caught);
    server.close();
    assert.match(String(error), /it is a socket/);
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
  });

  test("refuses a file that grows, shrinks or goes away while it is read", () => {
    using rig = new StoreRig();
    const changes: ((file: string) => void)[] = [
      (file) => appendFileSync(file, "more"),
      (file) => writeFileSync(file, ""),
      (file) => rmSync(file),
      (file) => (rmSync(file), symlinkSync("/etc/hostname", file)),
    ];
    for (const change of changes) {
      const file = rig.write({ "changing/file": "content" });
      const tree = finish(scanSteps(rig.path("changing")));
      change(file);
      assert.throws(() => finish(dumpSteps(tree)), coded("STORE_SOURCE_CHANGED"));
      rmSync(file, { force: true });
    }
  });

  test("names the file it may not read", { skip: process.geteuid?.() !== 0 && "not root" }, () => {
    using rig = new StoreRig();
    chmodSync(rig.folder, 0o755);
    chmodSync(rig.write({ "secret/key": "" }), 0o600);
    const script = `import { hashTree } from "#store/tree.ts"; await hashTree(process.argv[1])`;
    const demote = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath];
    const flags = ["--input-type=module-typescript", "--eval", script, rig.path("secret")];
    const { stderr } = spawnSync("setpriv", [...demote, ...flags], { encoding: "utf8" });
    assert.match(stderr, /STORE_SOURCE_UNREADABLE[^]*secret\/key/);
  });

  test("two at once in one process both succeed", async () => {
    using rig = new StoreRig();
    const source = rig.source();
    const results = await Promise.all([1, 2, 3].map(() => rig.store.addTree(source, { name: "same" })));
    assert.equal(new Set(results.map(({ path }) => path)).size, 1);
    assert.equal(results.filter(({ added }) => added).length, 1);
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`).length, 2);
  });
});

describe("addGathered", () => {
  test("a file with other bytes in places is the file that has them: same path, same bytes", async () => {
    using rig = new StoreRig();
    const [SIZE, HALF] = [700_001, 350_000];
    const original = Buffer.alloc(SIZE);
    for (let at = 0; at < HALF; at += 1) original[at] = (at * 7) % 251;
    const file = rig.write({ plain: "" });
    // The second half is a hole.
    writeFileSync(file, original.subarray(0, HALF));
    truncateSync(file, SIZE);
    const edit = fc.record({ at: fc.nat(SIZE - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }) });
    const atBorders = fc.constantFrom(0, 256 * 1024 - 1, 512 * 1024 - 3, SIZE - 2).map((at) => ({
      at,
      bytes: Uint8Array.of(1, 2),
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(edit, atBorders), { minLength: 1, maxLength: 4 }), async (edits) => {
        const inside = edits.map(({ at, bytes }) => ({ at, bytes: bytes.subarray(0, SIZE - at) }));
        const edited = Buffer.from(original);
        for (const { at, bytes } of inside) edited.set(bytes, at);
        const wanted = await rig.store.addGathered("x", { "bin/x": rig.write({ edited }) });
        rmSync(rig.store.physical(wanted.path), { recursive: true });
        const { path, narHash } = await rig.store.addGathered("x", { "bin/x": { file, edits: inside } });
        assert.equal(path, wanted.path);
        assert.deepEqual(narHash, wanted.narHash);
        assert.ok(readFileSync(`${rig.store.physical(path)}/bin/x`).equals(edited));
        rmSync(rig.store.physical(path), { recursive: true });
      }),
      { numRuns: 25 },
    );
    assert.ok(readFileSync(file).equals(original), "the file itself is as it was");
  });
});

describe("the stat memo", () => {
  test("spares reading an unchanged source, and sees every kind of change", { skip: sweep() }, async () => {
    using rig = new StoreRig();
    const source = rig.source();
    const file = `${source}/a.txt`;
    // No change time can be set, so we wait until the files are older than the memo distrusts.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const first = await rig.store.addTree(source, { name: "s" });

    // Whether content was read shows when the memo lies: it now says that the source is another tree.
    const other = await rig.store.addTree(rig.write({ other: "other" }), { name: "s" });
    rig.close();
    withMemo(rig, (memo) => memo.prepare("update Trees set narHash = ?").run(other.narHash));
    assert.equal((await rig.store.addTree(source, { name: "s" })).path, other.path);
    assert.equal(await rig.store.sourcePath(source, { name: "s" }), other.path);
    assert.equal((await rig.store.addTree(source, { name: "s", paranoid: true })).path, first.path);

    // Only the inode's change time tells: no program can set it back.
    execFileSync("cp", ["--preserve=timestamps", file, rig.path("times")]);
    writeFileSync(file, "b");
    execFileSync("touch", ["-r", rig.path("times"), file]);
    assert.equal(
      statSync(file, { bigint: true }).mtimeNs,
      statSync(rig.path("times"), { bigint: true }).mtimeNs,
    );
    const changed = await rig.store.addTree(source, { name: "s" });
    assert.ok(![first.path, other.path].includes(changed.path), "same size and time, other content");
    chmodSync(file, 0o755);
    assert.notEqual((await rig.store.addTree(source, { name: "s" })).path, changed.path, "now executable");
    rmSync(file);
    symlinkSync("sub", file);
    const linked = await rig.store.addTree(source, { name: "s" });
    rmSync(file);
    symlinkSync("bus", file);
    assert.notEqual((await rig.store.addTree(source, { name: "s" })).path, linked.path, "other link target");
  });

  function withMemo<T>(rig: StoreRig, action: (memo: DatabaseSync) => T): T {
    using memo = new DatabaseSync(`${rig.home}/pipelite/stat-memo.sqlite`);
    return action(memo);
  }

  test("does not trust a change that is too young", async () => {
    using rig = new StoreRig();
    const file = rig.write({ young: "1" });
    utimesSync(file, new Date("2020-01-01"), new Date("2020-01-01"));
    await rig.store.addTree(file, { name: "young" });
    await rig.store.sourcePath(file, { name: "young" });
    rig.close();
    const row = withMemo(rig, (memo) => memo.prepare("select count(*) as n from Trees").get());
    assert.equal(row?.["n"], 0);
  });

  test("is made again when it is damaged", async () => {
    using rig = new StoreRig();
    const source = rig.source();
    await rig.store.addTree(source, { name: "s" });
    rig.close();
    writeFileSync(`${rig.home}/pipelite/stat-memo.sqlite`, "x".repeat(10_000));
    assert.equal((await rig.store.addTree(source, { name: "s" })).added, false);
    rig.close();
    assert.match(readFileSync(`${rig.home}/pipelite/stat-memo.sqlite`, "latin1"), /^SQLite format 3/);
  });
});

describe("addText and addDerivations", () => {
  test("a text refers to what it says it does", async () => {
    using rig = new StoreRig();
    const leaf = await rig.text("leaf");
    const top = await rig.store.addText("top", utf8(leaf), [leaf]);
    assert.deepEqual(rig.store.info(top.path)?.references, [leaf]);
    assert.equal(readFileSync(rig.store.physical(top.path), "utf8"), leaf);
    await assert.rejects(rig.text("bad", [absentPath()]), coded("STORE_REFERENCE_MISSING"));
  });

  function derivation(name: string, inputs: StorePath[] = [], sources: StorePath[] = []): Derivation {
    return {
      name,
      outputs: new Map([["out", { kind: "floating", method: "recursive", algorithm: "sha256" }]]),
      inputDrvs: new Map(inputs.map((path) => [path, ["out"]])),
      inputSrcs: sources,
      system: "x86_64-linux",
      builder: "/bin/sh",
      args: [],
      env: new Map([["out", ""]]),
    };
  }

  test(
    "derivations are registered with their outputs, read back, and known to real Nix",
    { skip: peer("nix-store") },
    async () => {
      using rig = new StoreRig();
      const source = await rig.text("source");
      const hash = hashBytes("sha256", utf8("x"));
      const output = makeFixedPath({ name: "fixed", method: "flat", hash });
      const fixed: Derivation = {
        ...derivation("fixed", [], [source]),
        outputs: new Map([["out", { kind: "fixed", path: output, method: "flat", hash }]]),
        env: new Map([["out", output]]),
      };
      const first = await rig.store.addDerivation(fixed);
      const [second = first] = await rig.store.addDerivations([derivation("second", [first], [source])]);
      assert.deepEqual(rig.store.closure([second]), [first, second, source].toSorted());
      assert.deepEqual(rig.store.derivationOutputs(first), new Map([["out", output]]));
      assert.deepEqual(rig.store.readDerivation(first), fixed);
      assert.equal(rig.nix("nix-store", "--query", "--outputs", first), output);
      assert.equal(rig.nix("nix-store", "--query", "--requisites", second).split("\n").length, 3);
      assert.equal(rig.nixComplaints(), "");
    },
  );

  test("a batch may be in any order, and larger than the number of locks taken at once", async () => {
    using rig = new StoreRig();
    const { derivationPath } = await import("#nix/derivation.ts");
    const chain: Derivation[] = [derivation("d0")];
    for (let index = 1; index < 300; index++) {
      const before = chain.at(-1);
      if (before !== undefined) chain.push(derivation(`d${index}`, [derivationPath(before)]));
    }
    const paths = await rig.store.addDerivations(chain.toReversed());
    assert.equal(rig.store.closure(paths.slice(0, 1)).length, 300);
    const locks = readdirSync(`${rig.home}/nix/store`).filter((name) => name.endsWith(".lock"));
    assert.deepEqual(locks, []);
  });
});

describe("addFixedFile", () => {
  test("gives the path a fixed-output derivation has, and reads nothing the second time", async () => {
    using rig = new StoreRig();
    const file = rig.write({ "fod.txt": "hello" });
    chmodSync(file, 0o755);
    const options = { name: "fod.txt", hash: hashBytes("sha256", utf8("hello")) };
    const { path } = await rig.store.addFixedFile(file, options);
    assert.equal(path, "/nix/store/rv72kshm0z0di621zhppnh11l6r5qpfc-fod.txt");
    assert.equal(statSync(rig.store.physical(path)).mode & 0o777, 0o444);
    rmSync(file);
    assert.equal((await rig.store.addFixedFile(file, options)).added, false);
    assert.deepEqual((await rig.store.verify({ checkContents: true })).problems, []);
  });

  test("refuses another content, and what is not a file", async () => {
    using rig = new StoreRig();
    const hash = hashBytes("sha512", utf8("hello"));
    const file = rig.write({ file: "hallo" });
    await assert.rejects(rig.store.addFixedFile(file, { name: "f", hash }), coded("STORE_HASH_MISMATCH"));
    const wrong = rig.store.addFixedFile(rig.source(), { name: "f", hash });
    await assert.rejects(wrong, coded("STORE_OUTPUT_NOT_FLAT"));
    assert.deepEqual(readdirSync(`${rig.home}/nix/store`), [".links"]);
  });
});

test("any tree can be added, and hashes the same in the store", async () => {
  using rig = new StoreRig();
  const names = fc.stringMatching(/^[a-z.é-]{1,6}$/).filter((name) => !/^\.\.?$/.test(name));
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record({ content: fc.uint8Array({ maxLength: 300 }), executable: fc.boolean() }),
      fc.dictionary(names, tie("tree"), { maxKeys: 4 }).map((entries) => ({ entries })),
    ),
  }));
  let count = 0;
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      const source = rig.path(`tree-${count++}`);
      makeTree(source, value);
      const { path, narHash } = await rig.store.addTree(source, { name: "tree" });
      assert.equal(hex((await hashTree(source)).narHash), hex(narHash));
      assert.equal(hex((await hashTree(rig.store.physical(path))).narHash), hex(narHash));
    }),
    { numRuns: inputs(60) },
  );
});

type Tree = { content: Uint8Array; executable: boolean } | { entries: Record<string, Tree> };

function makeTree(path: string, tree: Tree): void {
  if ("content" in tree) {
    writeFileSync(path, tree.content, { mode: tree.executable ? 0o755 : 0o644 });
    return;
  }
  mkdirSync(path);
  for (const [name, below] of Object.entries(tree.entries)) makeTree(`${path}/${name}`, below);
}

test("a scan of a path that is not ASCII reads it", () => {
  using rig = new StoreRig();
  rig.write({ "ordnér/größe": "x" });
  assert.equal(finish(scanSteps(rig.path("ordnér"))).children?.[0]?.name, byteStringOf("größe"));
});
