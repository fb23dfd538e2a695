// Repositories: what is added stays, indices are switched at once, and what would change or forge a package is refused.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { isPipeliteError } from "#base/errors.ts";
import { utf8 } from "#base/bytes.ts";
import { newPackageKey, readPackageKey } from "#keys/package-key.ts";
import { readApkIndex } from "#package/apk-index.ts";
import { arHeader, arPadding, AR_START } from "#package/ar.ts";
import { parseStanzas } from "#package/deb822.ts";
import { readKeyring } from "#package/openpgp-keyring.ts";
import { readClearSigned, signersOf } from "#package/openpgp.ts";
import { PACKAGE_FORMATS } from "#ship/shipment.ts";
import { KINDS, type RepositoryKindName } from "#ship/repository/kinds.ts";
import { updateRepository } from "#ship/repository/repository.ts";
import { addedFile } from "#ship/tree.ts";
import { writePackage } from "#ship/write.ts";
import { writeTar } from "#package/tar-writer.ts";
import { sweep } from "../rig/peer.ts";
import { HELLO, planOf } from "./rig.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-repo-"));
after(() => rmSync(base, { recursive: true }));
const made = newPackageKey(join(base, "team.key"), "Team <team@example.org>");
const key = readPackageKey(made.file);

const FORMAT_OF = { apt: "deb", rpm: "rpm", apk: "apk" } as const;

/** A folder with a package of a version in every format. */
async function packages(version: string, text = "hello\n", name = "hello"): Promise<string> {
  const folder = mkdtempSync(join(base, "packages-"));
  const plan = planOf([...HELLO, addedFile("usr/share/hello/text", utf8(text))], {
    version,
    name,
    standsFor: [],
  });
  for (const format of PACKAGE_FORMATS) await writePackage(format, plan, { folder, codec: undefined, key });
  return folder;
}

function update(
  kind: RepositoryKindName,
  folder: string,
  add: readonly string[],
  timeSeconds = 1_790_000_000,
) {
  const common = { key, certificateFile: made.certificateFile, suite: "stable", origin: "Test" };
  return updateRepository({ kind, folder, add, timeSeconds, ...common });
}

/** Names and versions that the index has. */
function indexed(kind: RepositoryKindName, folder: string): string[] {
  switch (kind) {
    case "apt": {
      const text = readFileSync(join(folder, "dists/stable/main/binary-amd64/Packages"), "utf8");
      return parseStanzas(text).map((stanza) => `${stanza.get("package")} ${stanza.get("version")}`);
    }
    case "apk": {
      const { records } = readApkIndex(readFileSync(join(folder, "x86_64/APKINDEX.tar.gz")));
      return records.map((record) => `${record.get("P")} ${record.get("V")?.replace("-r0", "")}`);
    }
    case "rpm": {
      const name = readdirSync(join(folder, "repodata")).filter((each) => each.endsWith("-primary.xml.gz"));
      const newest = name
        .map((each) => join(folder, "repodata", each))
        .toSorted((a, b) => statSync(b).size - statSync(a).size)[0];
      const text = gunzipSync(readFileSync(newest ?? "")).toString();
      return [...text.matchAll(/<name>(.*?)<\/name>[^]*?ver="(.*?)"/g)].map(
        ([, each, version]) => `${each} ${version}`,
      );
    }
  }
}

for (const kind of KINDS) {
  test(`${kind}: packages are added, old versions stay, and the same call gives the same bytes`, async () => {
    const folder = join(base, kind);
    const [one, two] = [await packages("1.0"), await packages("2.0")];
    const first = await update(kind, folder, [one]);
    assert.deepEqual([first.added.length, first.present, first.packages], [1, 0, 1]);
    const second = await update(kind, folder, [two], 1_790_000_100);
    assert.deepEqual([second.added.length, second.present, second.packages], [1, 0, 2]);
    assert.deepEqual(indexed(kind, folder), ["hello 1.0", "hello 2.0"]);
    const again = await update(kind, folder, [one, two], 1_790_000_100);
    assert.deepEqual([again.added.length, again.present, again.packages], [0, 2, 2]);
    // Without what was kept between the calls it comes to the same.
    rmSync(join(folder, ".pipelite.json"));
    const whole = join(base, `${kind}-at-once`);
    await update(kind, whole, [one, two], 1_790_000_100);
    await update(kind, folder, [], 1_790_000_100);
    for (const index of INDICES[kind])
      assert.deepEqual(readFileSync(join(folder, index)), readFileSync(join(whole, index)), index);
  });

  test(`${kind}: another package of the same name and version is refused, and nothing changes`, async () => {
    const folder = join(base, `${kind}-differs`);
    const [one, other] = [await packages("1.0"), await packages("1.0", "something else\n")];
    await update(kind, folder, [one]);
    const before = INDICES[kind].map((index) => readFileSync(join(folder, index)));
    await assert.rejects(update(kind, folder, [other], 1_790_000_100), (error) =>
      isPipeliteError(error, "REPO_PACKAGE_DIFFERS"),
    );
    assert.deepEqual(
      INDICES[kind].map((index) => readFileSync(join(folder, index))),
      before,
    );
  });

  test(`${kind}: of a store path the contents decide`, async () => {
    const folder = join(base, `${kind}-store`);
    const name = `nix-${"0".repeat(32)}-lib`;
    await update(kind, folder, [await packages("1", "x", name)]);
    const plan = planOf([...HELLO, addedFile("usr/share/hello/text", utf8("x"))], {
      version: "1",
      name,
      standsFor: [],
      summary: "other words",
    });
    const said = mkdtempSync(join(base, "said-"));
    await writePackage(FORMAT_OF[kind], plan, { folder: said, codec: undefined, key });
    assert.equal((await update(kind, folder, [said])).present, 1);
    await assert.rejects(update(kind, folder, [await packages("1", "y", name)]), (error) =>
      isPipeliteError(error, "REPO_PACKAGE_DIFFERS"),
    );
  });
}

for (const kind of KINDS) {
  test(`${kind}: what was kept of packages counts for nothing when somebody else wrote it`, async () => {
    const folder = join(base, `${kind}-kept`);
    await update(kind, folder, [await packages("1.0")]);
    const before = INDICES[kind].map((index) => readFileSync(join(folder, index)));
    const file = join(folder, ".pipelite.json");
    const kept = readFileSync(file, "utf8");
    for (const forged of [
      kept.replaceAll("Version: 1.0", "Version: 6.6").replaceAll('"1.0', '"6.6').replaceAll("hello", "hallo"),
      kept.replaceAll(/"record":(\{[^{}]*\}|"[^"]*"|\[[^\]]*\])/g, '"record":null'),
      kept.replaceAll(/"seal":"[^"]*"/g, '"seal":""'),
      kept.replaceAll(/"seal":"[^"]*"/g, '"seal":7'),
      "[]",
    ]) {
      assert.notEqual(forged, kept);
      writeFileSync(file, forged);
      await update(kind, folder, []);
      assert.deepEqual(
        INDICES[kind].map((index) => readFileSync(join(folder, index))),
        before,
      );
    }
  });

  test(`${kind}: no folder of a repository is a link to another one, of which it would write and remove`, async () => {
    const outside = mkdtempSync(join(base, "outside-"));
    writeFileSync(join(outside, "mine"), "mine");
    for (const place of LINKS[kind]) {
      const folder = mkdtempSync(join(base, "linked-"));
      mkdirSync(dirname(join(folder, place)), { recursive: true });
      symlinkSync(outside, join(folder, place));
      await assert.rejects(
        packages("1.0").then((added) => update(kind, folder, [added])),
        (error) => isPipeliteError(error, "REPO_FOLDER_FOREIGN") && error.exitCode === 2,
        place,
      );
      assert.deepEqual(readdirSync(outside), ["mine"], place);
    }
    const folder = mkdtempSync(join(base, "linked-"));
    const added = await packages("1.0");
    await update(kind, folder, [added]);
    const [deb = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(`.${FORMAT_OF[kind]}`),
    );
    const place = join(folder, deb);
    rmSync(place);
    symlinkSync(join(outside, "mine"), join(dirname(place), `.${basename(place)}.part`));
    await update(kind, folder, [added]);
    assert.equal(readFileSync(join(outside, "mine"), "utf8"), "mine");
  });

  test(`${kind}: a package that is another one when it is copied is refused`, async () => {
    const folder = join(base, `${kind}-swapped`);
    const [one, other] = [await packages("1.0"), await packages("1.0", "something else\n")];
    const copy = fs.copyFileSync;
    fs.copyFileSync = (from, to, mode) =>
      copy(
        String(from).replace(one, () => other),
        to,
        mode,
      );
    syncBuiltinESMExports();
    try {
      await assert.rejects(
        update(kind, folder, [one]),
        (error) => isPipeliteError(error, "REPO_PACKAGE_INVALID") && /changed while/.test(error.message),
      );
    } finally {
      fs.copyFileSync = copy;
      syncBuiltinESMExports();
    }
    await update(kind, folder, [one]);
  });
}

const LINKS = {
  apt: ["pool", "pool/main", "pool/main/hello", "dists", "dists/.stable", "dists/stable"],
  rpm: ["packages", ".repodata", "repodata"],
  apk: ["x86_64"],
} as const;

const INDICES = {
  apt: ["dists/stable/InRelease", "dists/stable/Release.gpg", "dists/stable/main/binary-amd64/Packages.gz"],
  rpm: ["repodata/repomd.xml", "repodata/repomd.xml.asc"],
  apk: ["x86_64/APKINDEX.tar.gz"],
} as const;

test("the signatures are of the key, over the index that is there", async () => {
  const folder = join(base, "signed");
  await update("apt", folder, [await packages("1.0")]);
  const keys = readKeyring(readFileSync(join(folder, "repository.asc"))).map((each) => each.key);
  const signed = readClearSigned(readFileSync(join(folder, "dists/stable/InRelease")));
  assert.deepEqual(signersOf(signed, keys, 1_790_000_001), [
    { fingerprint: made.fingerprint, created: 1_790_000_000 },
  ]);
  assert.equal(`${signed.text}\n`, readFileSync(join(folder, "dists/stable/Release"), "utf8"));
  const apk = join(base, "signed-apk");
  await update("apk", apk, [await packages("1.0")]);
  const bytes = readFileSync(join(apk, "x86_64/APKINDEX.tar.gz"));
  const index = readApkIndex(bytes);
  const signature = gunzipSync(bytes.subarray(0, bytes.length - index.signed.length));
  const size = Number.parseInt(signature.toString("latin1", 124, 135), 8);
  const publicKey = createPublicKey(readFileSync(join(apk, made.apkName)));
  assert.ok(verify("sha256", index.signed, publicKey, signature.subarray(512, 512 + size)));
});

test("who reads while the index is switched finds the files of the one before", async () => {
  const folder = join(base, "switched");
  await update("rpm", folder, [await packages("1.0")]);
  const before = readdirSync(join(folder, "repodata")).filter((name) => name.endsWith(".gz"));
  const link = readlinkSync(join(folder, "repodata"));
  await update("rpm", folder, [await packages("2.0")], 1_790_000_100);
  assert.notEqual(readlinkSync(join(folder, "repodata")), link);
  for (const name of before) assert.ok(existsSync(join(folder, "repodata", name)), name);
  assert.equal(readdirSync(join(folder, ".repodata")).length, 2);
});

test("an index of a time that no signature can say is an error", async () => {
  const add = [await packages("1.0")];
  for (const kind of KINDS)
    await assert.rejects(update(kind, join(base, "late"), add, 2 ** 32), (error) =>
      isPipeliteError(error, "REPO_TIME_UNSAYABLE"),
    );
});

test("what is no package, or forges one, is refused", async () => {
  const folder = join(base, "refused");
  const refuses = async (kind: RepositoryKindName, add: string, code: string) => {
    await assert.rejects(update(kind, folder, [add]), (error) => {
      assert.ok(isPipeliteError(error, code), String(error));
      return true;
    });
    assert.ok(!existsSync(join(folder, "dists")) && !existsSync(join(folder, "repodata")));
  };
  await refuses("apt", join(base, "none"), "REPO_NOTHING");
  const file = (name: string, bytes: Uint8Array) => {
    const place = join(mkdtempSync(join(base, "bad-")), name);
    writeFileSync(place, bytes);
    return place;
  };
  await refuses("apt", file("x.deb", utf8("nothing")), "REPO_PACKAGE_INVALID");
  await refuses("rpm", file("x.rpm", randomBytes(2000)), "REPO_PACKAGE_INVALID");
  await refuses("apk", file("x.apk", gzipSync("nothing")), "REPO_PACKAGE_INVALID");
  const forged =
    "Package: a\nVersion: 1\nArchitecture: all\n\nPackage: bash\nVersion: 99\nArchitecture: all\nFilename: evil\n";
  await refuses("apt", file("x.deb", debOf(forged)), "REPO_PACKAGE_INVALID");
  await refuses(
    "apt",
    file("x.deb", debOf("Package: ../../x\nVersion: 1\nArchitecture: all\n")),
    "REPO_PACKAGE_INVALID",
  );
  mkdirSync(join(base, "foreign/dists/stable"), { recursive: true });
  await assert.rejects(update("apt", join(base, "foreign"), [await packages("1.0")]), (error) =>
    isPipeliteError(error, "REPO_FOLDER_FOREIGN"),
  );
});

function debOf(control: string): Buffer {
  const member = (name: string, content: Uint8Array) => [
    arHeader(name, content.length, 0),
    content,
    arPadding(content.length),
  ];
  const tar = writeTar([{ name: "./control", mode: 0o644, content: utf8(control) }], "gnu");
  const data = writeTar([], "gnu");
  return Buffer.concat([
    AR_START,
    ...member("debian-binary", utf8("2.0\n")),
    ...member("control.tar", tar),
    ...member("data.tar", data),
  ]);
}

test("a key of another kind, and one that is there, are errors", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const file = join(base, "ec.key");
  writeFileSync(file, privateKey.export({ format: "pem", type: "pkcs8" }));
  chmodSync(file, 0o600);
  assert.throws(
    () => readPackageKey(file),
    (error) => isPipeliteError(error, "SIGNING_KEY_KIND"),
  );
  assert.throws(
    () => newPackageKey(made.file, "Team"),
    (error) => isPipeliteError(error, "SIGNING_KEY_EXISTS"),
  );
});

const canMount = process.getuid?.() === 0 ? sweep() : "not run: only root can mount a small disk";

test("on a disk that is full the repository stays as it was", { skip: canMount }, async () => {
  const folder = join(base, "full");
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=120k", "tmpfs", folder]);
  try {
    for (const kind of KINDS) {
      const own = join(folder, kind);
      await update(kind, own, [await packages("1.0")]);
      const before = INDICES[kind].map((index) => readFileSync(join(own, index)));
      const large = await packages("2.0", randomBytes(200_000).toString("hex"));
      await assert.rejects(update(kind, own, [large], 1_790_000_100), (error) =>
        isPipeliteError(error, "REPO_WRITE_FAILED"),
      );
      assert.deepEqual(
        INDICES[kind].map((index) => readFileSync(join(own, index))),
        before,
      );
      rmSync(own, { recursive: true });
    }
  } finally {
    execFileSync("umount", [folder]);
  }
});
