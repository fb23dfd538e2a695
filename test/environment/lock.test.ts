// What `pipelite lock` takes from an archive, and what it does not.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isPipeliteError } from "#base/errors.ts";
import type { DebianRequest } from "#author/environment-request.ts";
import { lockDebian, type DebianLocking } from "#environment/debian/lock-debian.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { CacheRig, pushTo, takingFrom } from "../cache/rig.ts";
import { writeArchive, type ArchiveOptions, type PackageOf } from "../rig/debian-archive.ts";
import { clearSign, newSigningKey } from "../rig/openpgp.ts";
import { StoreRig } from "../store/rig.ts";

const root = mkdtempSync(join(tmpdir(), "pipelite-lock-"));
after(() => rmSync(root, { recursive: true }));
const key = newSigningKey("ed25519");
const KEYS = [{ key: key.publicKey, expires: undefined }];
const NOW = new Date("2026-01-03T00:00:00Z");
const BASE: PackageOf[] = [
  { name: "base-files", fields: { Essential: "yes" } },
  { name: "dash", version: "0.5", fields: { Essential: "yes", "Pre-Depends": "libc6 (>= 2)" } },
  { name: "libc6", version: "2.36" },
];
let archives = 0;

/** Mirrors of an archive with these packages beside the base. */
function archive(packages: readonly PackageOf[], more: Partial<ArchiveOptions> = {}) {
  archives += 1;
  const folder = join(root, `archive-${archives}`);
  for (const suite of ["bookworm", "bookworm-updates", "bookworm-security"]) {
    const all = suite === "bookworm" ? [...BASE, ...packages] : [];
    writeArchive({ folder, suite, key, packages: all, ...more });
  }
  return { folder, mirrors: mirrorsAt(folder) };
}

function mirrorsAt(folder: string) {
  const url = pathToFileURL(folder).href;
  return mirrorsOf({ PIPELITE_MIRRORS: `debian=${url} debian-security=${url}` }, "/nowhere");
}

const request = (...packages: string[]): DebianRequest => ({ kind: "debian", suite: "bookworm", packages });

async function lock(wanted: DebianRequest, locking: Partial<DebianLocking> & Pick<DebianLocking, "mirrors">) {
  const { signal } = new AbortController();
  const temporary = join(root, "temporary");
  // Of its own: what one lock has fetched, the next one would not ask for.
  using rig = new StoreRig();
  const own = { root, temporary, store: rig.store, now: NOW, signal, say: () => {}, keys: KEYS };
  return await lockDebian(wanted, { ...own, ...locking });
}

async function refused(code: string, promise: Promise<unknown>, words?: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.notEqual(error.hint, undefined, `${code} says what to do`);
    if (words !== undefined) assert.match(`${error.message} ${error.hint}`, words);
    return true;
  });
}

test("the essential packages come first, what is needed before what needs it, each with its hash and no address", async () => {
  const { mirrors, folder } = archive([
    { name: "app", fields: { Depends: "lib (>= 2) | other, libc6" } },
    { name: "lib", version: "1:2.0-1", fields: { Depends: "libc6" } },
  ]);
  const locked = await lock(request("app"), { mirrors });
  assert.deepEqual(
    locked.packages.map(({ name }) => name),
    ["base-files", "libc6", "dash", "lib", "app"],
  );
  assert.equal(locked.base, 3);
  const lib = locked.packages.find(({ name }) => name === "lib");
  assert.deepEqual([lib?.version, lib?.path], ["1:2.0-1", "pool/main/lib_1%3a2.0-1_amd64.deb"]);
  assert.deepEqual(locked.suites[0]?.signedBy, [key.publicKey.fingerprint]);
  assert.ok(!JSON.stringify(locked).includes(folder));
});

test("the newest version of all suites is taken", async () => {
  const { folder, mirrors } = archive([{ name: "app", version: "1.0-1+deb12u1" }]);
  writeArchive({
    folder,
    suite: "bookworm-security",
    key,
    packages: [{ name: "app", version: "1.0-1+deb12u2" }],
  });
  const app = (await lock(request("app"), { mirrors })).packages.find(({ name }) => name === "app");
  assert.deepEqual([app?.version, app?.archive], ["1.0-1+deb12u2", "debian-security"]);
});

describe("a suite is refused", () => {
  test("that is not signed", async () => {
    const { folder, mirrors } = archive([]);
    writeFileSync(join(folder, "dists/bookworm/InRelease"), "Suite: bookworm\n");
    await refused("RELEASE_UNSIGNED", lock(request("dash"), { mirrors }), /it is not signed/);
  });
  test("that another key has signed", async () => {
    const { mirrors } = archive([], { key: newSigningKey("ed25519") });
    await refused("RELEASE_UNTRUSTED", lock(request("dash"), { mirrors }));
  });
  test("that a key has signed which is in force no more", async () => {
    const keys = [{ key: key.publicKey, expires: new Date("2026-01-02") }];
    await refused("RELEASE_UNTRUSTED", lock(request("dash"), { ...archive([]), keys }));
  });
  test("whose text was changed", async () => {
    const { folder, mirrors } = archive([]);
    const file = join(folder, "dists/bookworm/InRelease");
    writeFileSync(file, readFileSync(file, "latin1").replace("Origin: Test", "Origin: Evil"), "latin1");
    await refused("RELEASE_UNTRUSTED", lock(request("dash"), { mirrors }));
  });
  test("that is good no more", async () => {
    const { mirrors } = archive([], { validUntil: new Date("2026-01-02T23:00:00Z") });
    await refused("RELEASE_EXPIRED", lock(request("dash"), { mirrors }), /2026/);
  });
  test("from the future", async () => {
    const { mirrors } = archive([], { date: new Date("2027-01-01") });
    await refused("RELEASE_INVALID", lock(request("dash"), { mirrors }), /yet to come/);
  });
  const signedAs = async (change: (text: string) => string, words: RegExp) => {
    const { folder, mirrors } = archive([]);
    const file = join(folder, "dists/bookworm/InRelease");
    const signed = readFileSync(file, "latin1");
    const text = signed.slice(signed.indexOf("\n\n") + 2, signed.indexOf("\n-----BEGIN PGP SIGNATURE"));
    writeFileSync(file, clearSign(change(text), [key]));
    await refused("RELEASE_INVALID", lock(request("dash"), { mirrors }), words);
  };
  test("that says one thing twice", async () => {
    const until = (day: string) => `Valid-Until: ${day} Jan 2026 00:00:00 UTC`;
    await signedAs((text) => `${until("Fri, 02")}\n${text}\n${until("Fri, 30")}`, /it has Valid-Until twice/);
    await signedAs((text) => `suite: trixie\n${text}`, /it has Suite twice/);
  });
  test("of a day that there is not", async () => {
    await signedAs((text) => text.replace("02 Jan 2026", "31 Feb 2025"), /is not a date/);
    await signedAs((text) => text.replace("03:04:05", "24:00:00"), /is not a date/);
    await signedAs((text) => text.replace("2026", "0000"), /is not a date/);
  });
  test("whose name moves the cursor", () =>
    signedAs((text) => text.replace("Codename: bookworm", "Codename: \u001b[2J"), /no name of a suite/));
  test("that is another one", async () => {
    const { mirrors } = archive([], { codename: "trixie" });
    const { folder } = archive([]);
    writeArchive({ folder, suite: "trixie", key, packages: BASE });
    writeFileSync(
      join(folder, "dists/bookworm/InRelease"),
      readFileSync(join(folder, "dists/trixie/InRelease")),
    );
    await refused("RELEASE_INVALID", lock(request("dash"), { mirrors: mirrorsAt(folder) }), /that of trixie/);
    await lock(request("dash"), { mirrors });
  });
  test("older than the one that is locked", async () => {
    const { mirrors } = archive([]);
    const before = await lock(request("dash"), { mirrors });
    const old = archive([], { date: new Date("2025-12-01") });
    await refused(
      "RELEASE_INVALID",
      lock(request("dash"), { mirrors: old.mirrors, before }),
      /lock file has one dated/,
    );
  });
  test("whose index is not the one that was signed", async () => {
    const { folder, mirrors } = archive([]);
    const file = join(folder, "dists/bookworm/main/binary-amd64/Packages.gz");
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await refused("SUITE_UNAVAILABLE", lock(request("dash"), { mirrors }), /signed is/);
  });
});

describe("packages that can't be had are named", () => {
  const solved = (packages: PackageOf[], ...wanted: string[]) => lock(request(...wanted), archive(packages));
  test("a bare request is its own packages, and nothing that they need", async () => {
    const { mirrors } = archive([{ name: "tool", version: "2.1", fields: { Depends: "libc6" } }]);
    const { base, packages } = await lock({ ...request("tool"), isBare: true }, { mirrors });
    assert.equal(base, 0);
    assert.deepEqual(
      packages.map(({ name, version }) => [name, version]),
      [["tool", "2.1"]],
    );
    await refused("PACKAGE_UNKNOWN", lock({ ...request("tools"), isBare: true }, { mirrors }), /tools/);
  });
  test("one that there is not", () => refused("PACKAGE_UNKNOWN", solved([], "nowhere"), /nowhere/));
  test("one that is nearly the name of another", () =>
    refused("PACKAGE_UNKNOWN", solved([{ name: "python3-numpy" }], "python3-nump"), /mean python3-numpy\?/));
  test("a name that several provide", () => {
    const provider = (name: string) => ({ name, fields: { Provides: "editor" } });
    return refused("PACKAGE_UNKNOWN", solved([provider("vi"), provider("ed")], "editor"), /ed, vi/);
  });
  test("two that exclude each other", () => {
    const packages = [{ name: "one", fields: { Conflicts: "two" } }, { name: "two" }];
    return refused("PACKAGES_IN_CONFLICT", solved(packages, "one", "two"), /two and one exclude each other/);
  });
  test("what is missing deep down", () => {
    const packages = [
      { name: "top", fields: { Depends: "middle" } },
      { name: "middle", fields: { Depends: "bottom (>= 2)" } },
      { name: "bottom", version: "1" },
    ];
    return refused("PACKAGES_IN_CONFLICT", solved(packages, "top"), /middle needs bottom \(>= 2\)/);
  });
  test("an entry that leads out of the archive", () =>
    refused("PACKAGE_INDEX_INVALID", solved([{ name: "app", fields: { Filename: "pool/../../x" } }], "app")));
  for (const [what, fields] of Object.entries<Record<string, string>>({
    "whose path no lock file may have": { Filename: "pool//app.deb" },
    "whose path names a folder": { Filename: "pool/" },
    "whose name is longer than that of a store path": { Filename: `pool/${"a".repeat(300)}.deb` },
    "without a size": { Size: "" },
    "whose size is a number to JavaScript alone": { Size: "0x10" },
    "whose size is below 0": { Size: "-5" },
    "without a version": { Version: "" },
    "whose version moves the cursor": { Version: "1\u001b[2J" },
    "whose version is a path": { Version: "1/../2" },
    "whose epoch is no number": { Version: "x:1" },
    "whose epoch is larger than dpkg takes": { Version: `${"9".repeat(20)}:1` },
    "of one package, and of another": { Description: "one\nPackage: other" },
    "with two versions": { Description: "one\nversion: 9" },
  }))
    test(`an entry ${what}`, () =>
      refused("PACKAGE_INDEX_INVALID", solved([{ name: "app", fields }], "app"), /app|other/));
  test("a name that no lock file may have", () =>
    refused("PACKAGE_INDEX_INVALID", solved([{ name: "../app" }], "../app"), /name is no name/));
  test("a version that is provided as a range is none", () => {
    const provider = { name: "other", fields: { Provides: "lib (>= 2)" } };
    const packages = [{ name: "app", fields: { Depends: "lib (>= 2)" } }, provider];
    return refused("PACKAGES_IN_CONFLICT", solved(packages, "app"), /app needs lib/);
  });
  test("a flat archive has its packages beside the index", async () => {
    const { packages } = await solved([{ name: "app", fields: { Filename: "./app.deb" } }], "app");
    assert.equal(packages.find(({ name }) => name === "app")?.path, "app.deb");
  });
  test("a relation that is none", () =>
    refused("DEBIAN_RELATION_INVALID", solved([{ name: "app", fields: { Depends: "lib (2)" } }], "app")));
});

test("keys of a repository that are not there are named", async () => {
  const repositories = [{ name: "own", suite: "x", components: ["main"], keys: "own.gpg" }];
  const wanted = { ...request("dash"), repositories };
  await refused("KEYRING_INVALID", lock(wanted, archive([])), /own\.gpg/);
});

describe("an index whose hash is signed", () => {
  const indexOf = (folder: string) => join(folder, "dists/bookworm/main/binary-amd64/Packages.gz");
  test("is taken from a cache, and a mirror that has lost it is not asked", async () => {
    using rig = new CacheRig();
    const { folder, mirrors } = archive([{ name: "app" }]);
    const locked = await lock(request("app"), { mirrors, store: rig.store });
    await pushTo(rig.store, rig.cache, rig.store.validPaths());
    rmSync(indexOf(folder));
    await refused("SUITE_UNAVAILABLE", lock(request("app"), { mirrors }));
    const { substituter: caches, refused: bad } = takingFrom(rig.second.store, [rig.cache], []);
    const again = await lock(request("app"), { mirrors, caches, store: rig.second.store });
    assert.deepEqual(again, locked);
    assert.deepEqual(bad, []);
  });
  test("is not fetched again by who has it", async () => {
    using rig = new StoreRig();
    const { folder, mirrors } = archive([{ name: "app" }]);
    const locked = await lock(request("app"), { mirrors, store: rig.store });
    rmSync(indexOf(folder));
    assert.deepEqual(await lock(request("app"), { mirrors, store: rig.store }), locked);
  });
  test("and that a cache has otherwise is asked of a mirror", async () => {
    using rig = new CacheRig();
    const { mirrors } = archive([{ name: "app" }]);
    await lock(request("app"), { mirrors, store: rig.store });
    await pushTo(rig.store, rig.cache, rig.store.validPaths(), { compression: "none" });
    for (const name of readdirSync(join(rig.cache, "nar")))
      writeFileSync(join(rig.cache, "nar", name), "not that");
    const { substituter: caches, refused: bad } = takingFrom(rig.second.store, [rig.cache], []);
    const { packages } = await lock(request("app"), { mirrors, caches, store: rig.second.store });
    assert.equal(packages.length, 4);
    assert.deepEqual(bad, [{ url: `file://${rig.cache}`, code: "CACHE_ANSWER_WRONG" }]);
  });
});

describe("mirrors", () => {
  test("none: the archive is named, and how to name a mirror", () =>
    refused(
      "MIRROR_MISSING",
      lock(request("dash"), { mirrors: mirrorsOf({}, "/nowhere") }),
      /PIPELITE_MIRRORS/,
    ));
  test("a word that is none", () => {
    assert.throws(
      () => mirrorsOf({ PIPELITE_MIRRORS: "debian" }),
      (error) => isPipeliteError(error, "MIRROR_INVALID"),
    );
  });
  test("the first that has the index that was signed is taken", async () => {
    const { folder } = archive([]);
    const [url, gone] = [pathToFileURL(folder).href, pathToFileURL(join(root, "gone")).href];
    const mirrors = mirrorsOf({ PIPELITE_MIRRORS: `debian=${gone} debian=${url} debian-security=${url}` });
    assert.equal((await lock(request("dash"), { mirrors })).packages.length, 3);
  });
  test("those of apt, in both forms", () => {
    const apt = mkdtempSync(join(root, "apt-"));
    const list = "deb [arch=amd64] http://one/debian/ bookworm main # x\n#deb http://no/ bookworm main\n";
    writeFileSync(join(apt, "sources.list"), `${list}deb http://other/ nodistro main\n`);
    mkdirSync(join(apt, "sources.list.d"));
    const stanza = (url: string, suites: string, more = "") =>
      `Types: deb\nURIs: ${url}\nSuites: ${suites}\nComponents: main contrib\n${more}`;
    writeFileSync(
      join(apt, "sources.list.d/debian.sources"),
      [
        stanza("http://two/debian", "bookworm bookworm-updates"),
        stanza("http://off/debian", "bookworm", "Enabled: no\n"),
        stanza("http://two/security", "bookworm-security"),
      ].join("\n"),
    );
    const mirrors = mirrorsOf({}, apt);
    assert.deepEqual(mirrors.of("debian"), ["http://one/debian", "http://two/debian"]);
    assert.deepEqual(mirrors.of("debian-security"), ["http://two/security"]);
    assert.deepEqual(mirrorsOf({}, root).of("debian"), []);
  });
});
