// Packages that somebody made to be read one way here and another way where they are installed: refused by name.
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { verifyPackage } from "#app/verify-package.ts";
import { isPipeliteError } from "#base/errors.ts";
import { utf8 } from "#base/bytes.ts";
import { newPackageKey, readPackageKey } from "#keys/package-key.ts";
import { readApk } from "#package/apk.ts";
import { arHeader, arPadding, AR_START, readAr } from "#package/ar.ts";
import { readDeb } from "#package/deb.ts";
import { cpioEnd, cpioHeader, filling, readCpio } from "#package/cpio.ts";
import { rpmFront, rpmHeader } from "#package/rpm.ts";
import { openPackage, readPackageFile } from "#ship/opened.ts";
import type { ShippedFile } from "#ship/shipment.ts";
import { updateRepository } from "#ship/repository/repository.ts";
import { addedFile, withFolders } from "#ship/tree.ts";
import { writePackage } from "#ship/write.ts";
import { Project } from "../rig/project.ts";
import { writeTar, type TarMember } from "../rig/tar.ts";
import { FACTS, HELLO, planOf } from "./rig.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-hostile-"));
after(() => rmSync(base, { recursive: true }));
const made = newPackageKey(join(base, "team.key"), "Team <team@example.org>");

function debOf(control: Uint8Array, data: Uint8Array): Buffer {
  const members = [
    ["debian-binary", utf8("2.0\n")],
    ["control.tar", control],
    ["data.tar", data],
  ] as const;
  const parts = members.flatMap(([name, content]) => [
    arHeader(name, content.length, 0),
    content,
    arPadding(content.length),
  ]);
  return Buffer.concat([AR_START, ...parts]);
}

const CONTROL = "Package: a\nVersion: 1\nArchitecture: all\nDescription: x\n y\n .\n";
const controlTar = (text: string) => writeTar([{ name: "./control", content: text }]);
const FILE: TarMember = { name: "./a", content: "a" };

/** With another text in a field of the first header, whose checksum is right again. */
function withField(tar: Buffer, at: number, text: string): Buffer {
  const changed = Buffer.from(tar);
  changed.write(text, at, "latin1");
  changed.write(" ".repeat(8), 148, "latin1");
  const sum = changed.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return changed;
}

/** Where one block of zeros ends an archive for some readers, and a second one for others. */
function withTail(tar: Buffer): Buffer {
  return Buffer.concat([tar.subarray(0, -512), writeTar([{ name: "./evil", content: "evil" }])]);
}

describe("a package of Debian", () => {
  const refused = (control: Uint8Array, data: Uint8Array, words: RegExp) =>
    assert.rejects(
      readDeb(debOf(control, data)),
      (error) => isPipeliteError(error, "ARCHIVE_INVALID") && words.test(error.message),
    );

  test("is read where nothing is wrong with it", async () => {
    const { files } = await readDeb(debOf(controlTar(CONTROL), writeTar([FILE])));
    assert.deepEqual(
      files.map(({ path }) => path),
      ["a"],
    );
  });

  for (const [name, data, words] of [
    ["a file twice", writeTar([FILE, { ...FILE, name: "a" }]), /'a' is in it twice/],
    ["a file behind its end", withTail(writeTar([FILE])), /something follows its end/],
    [
      "a header about all",
      writeTar([{ name: "g", type: "g", content: "16 path=/etc/x\n" }, FILE]),
      /about all/,
    ],
    ["a size in other digits", writeTar([{ ...FILE, pax: { size: "0x1" } }]), /cut off/],
    ["a file outside", writeTar([{ name: "../a" }]), /leads out of it/],
    ["a link and a file of its name", writeTar([{ name: "a", type: "2", target: "/etc" }, FILE]), /twice/],
    ["a file below a file", writeTar([FILE, { name: "./a/b" }]), /'a\/b' is below 'a', which is no folder/],
    [
      "a file below a link",
      writeTar([{ name: "l", type: "2", target: "/etc" }, { name: "l/x/b" }]),
      /below 'l', which is no folder/,
    ],
    [
      "a link where others are below",
      writeTar([{ name: "l/b" }, { name: "l", type: "2", target: "/" }]),
      /'l' is a link, and/,
    ],
    ["a link as its root", writeTar([{ name: "./", type: "2", target: "/etc" }, FILE]), /'' is a link/],
    [
      "a link with a content",
      writeTar([{ name: "a", type: "2", target: "x", content: "evil" }]),
      /a link with 4 bytes/,
    ],
    [
      "a folder with a content",
      writeTar([{ name: "a/", type: "5", content: "evil" }]),
      /a folder with 4 bytes/,
    ],
    [
      "a file that is called as a folder",
      writeTar([{ name: "a/", type: "0", content: "x" }]),
      /called 'a\/'/,
    ],
    ["a mode that is no number", withField(writeTar([FILE]), 100, "zzz\0\0\0\0\0"), /number .* is none/],
    ["a mode with a digit that is none", withField(writeTar([FILE]), 100, "9999999\0"), /number .* is none/],
    ["an owner that is no number", withField(writeTar([FILE]), 108, "0x1\0\0\0\0\0"), /number .* is none/],
    [
      "two names for one file",
      writeTar([
        { name: "n", type: "L", content: "first\0" },
        { name: "n", type: "L", content: "second\0" },
        FILE,
      ]),
      /says two things/,
    ],
    [
      "a name with another behind it",
      writeTar([{ name: "n", type: "L", content: "good\0evil\0" }, FILE]),
      /says two things/,
    ],
    [
      "a name for nothing",
      writeTar([FILE, { name: "n", type: "L", content: "first\0" }]),
      /a header about nothing/,
    ],
    [
      "a record that dpkg does not read",
      writeTar([{ ...FILE, pax: { path: "other" } }]),
      /dpkg does not read/,
    ],
    ["a name with a line break", writeTar([{ name: "./a\nb" }]), /line break/],
  ] as const)
    test(`that has ${name} is refused`, () => refused(controlTar(CONTROL), data, words));

  for (const [name, text, words] of [
    ["a field of the index", `${CONTROL}Filename: ../evil.deb\n`, /'Filename', which is for an index/],
    ["a digest of its own", `${CONTROL}SHA256: ${"0".repeat(64)}\n`, /'SHA256'/],
    ["a field twice", `${CONTROL}package: b\n`, /'package' twice/],
    ["a second stanza", `${CONTROL}\nPackage: bash\n`, /is no field/],
    ["a line that only looks empty", `${CONTROL} \nPackage: bash\n`, /is no field/],
    ["a comment", `#x\n${CONTROL}`, /is no field/],
    ["a carriage return", `${CONTROL}X: a\rFilename: b\n`, /is no field/],
  ] as const)
    test(`whose control file has ${name} is refused`, () => refused(controlTar(text), writeTar([]), words));

  for (const [name, member] of [
    ["a link as a script", { name: "./preinst", type: "2", target: "/x" }],
    ["a file in a folder", { name: "./x/preinst", content: "evil" }],
  ] as const satisfies [string, TarMember][])
    test(`whose control part has ${name} is refused`, () =>
      refused(
        writeTar([{ name: "./control", content: CONTROL }, member]),
        writeTar([]),
        /its control part has the/,
      ));

  test("whose control file is there twice is refused", () =>
    refused(
      writeTar([
        { name: "./control", content: CONTROL },
        { name: "control", content: CONTROL },
      ]),
      writeTar([]),
      /'control' is in it twice/,
    ));
});

describe("a package of Alpine", () => {
  const CHECKSUM = "APK-TOOLS.checksum.SHA1";
  const file = (name: string, content: string): TarMember => ({
    name,
    content,
    pax: { [CHECKSUM]: hash("sha1", content) },
  });
  /** Streams whose headers have no name and no time, as the format wants them. */
  function apkOf(control: Buffer, data: Buffer): Buffer {
    return Buffer.concat([gzipSync(control), data]);
  }
  const cut = (members: readonly TarMember[]) => writeTar(members).subarray(0, -1024);
  const data = gzipSync(writeTar([file("a", "a")]));
  const info = (more: string) =>
    `pkgname = a\npkgver = 1-r0\narch = noarch\ndepend = b\ndepend = c\ndatahash = ${hash("sha256", data)}\n${more}`;

  test("is read where nothing is wrong with it", () => {
    const read = readApk(apkOf(cut([{ name: ".PKGINFO", content: info("") }]), data));
    assert.deepEqual(
      read.files.map(({ path }) => path),
      ["a"],
    );
  });

  for (const [name, control, words] of [
    ["a name twice", cut([{ name: ".PKGINFO", content: info("pkgname = bash\n") }]), /'pkgname' twice/],
    [
      ".PKGINFO twice",
      cut([
        { name: ".PKGINFO", content: info("") },
        { name: ".PKGINFO", content: info("") },
      ]),
      /'.PKGINFO' is in it twice/,
    ],
    ["a zero byte in a value", cut([{ name: ".PKGINFO", content: info("url = x\0y\n") }]), /is malformed/],
    [
      "a file in its control part",
      cut([{ name: ".PKGINFO", content: info("") }, file("usr/bin/x", "evil")]),
      /control part has the file 'usr\/bin\/x'/,
    ],
    [
      "a link as a script",
      cut([
        { name: ".PKGINFO", content: info("") },
        { name: ".post-install", type: "2", target: "/x" },
      ]),
      /control part has the link/,
    ],
    [
      "something behind an end of its control part",
      Buffer.concat([
        cut([{ name: ".PKGINFO", content: info("") }]),
        Buffer.alloc(512),
        cut([{ name: ".post-install", content: "evil" }]),
      ]),
      /something follows its end/,
    ],
  ] as const)
    test(`that has ${name} is refused`, () => {
      assert.throws(
        () => readApk(apkOf(control, data)),
        (error) => isPipeliteError(error, "ARCHIVE_INVALID") && words.test(error.message),
      );
    });
});

test("a package of Alpine that has a script among its files is refused", () => {
  const members = [
    { name: ".post-install", content: "evil", pax: { "APK-TOOLS.checksum.SHA1": hash("sha1", "evil") } },
  ];
  const data = gzipSync(writeTar(members));
  const info = `pkgname = a\ndatahash = ${hash("sha256", data)}\n`;
  const control = gzipSync(writeTar([{ name: ".PKGINFO", content: info }]).subarray(0, -1024));
  assert.throws(
    () => readApk(Buffer.concat([control, data])),
    (error) =>
      isPipeliteError(error, "ARCHIVE_INVALID") && /'.post-install' is among its files/.test(error.message),
  );
});

for (const [name, paths, words] of [
  ["a file twice", ["usr/a", "usr/a"], /'.\/usr\/a' is in it twice/],
  ["a name with a dot in it", ["nix/./store/evil"], /has another form, too/],
  ["a name with nothing in it", ["nix//store"], /has another form, too/],
  ["a name that leads out", ["usr/../../a"], /leads out of it/],
] as const)
  test(`a payload of rpm that has ${name} is refused`, () => {
    const entries = paths.map((path, at) =>
      cpioHeader(addedFile(path, utf8("")), { timeSeconds: 1, inode: at + 1 }),
    );
    assert.throws(
      () => [...readCpio(Buffer.concat([...entries, cpioEnd()]))],
      (error) => isPipeliteError(error, "ARCHIVE_INVALID") && words.test(error.message),
    );
  });

test("an rpm whose header has a file that its payload has not is refused", async () => {
  const [one, other] = [addedFile("usr/bin/a", utf8("good")), addedFile("usr/bin/b", utf8("good"))];
  const place = rpmOf([one, other], [one]);
  await assert.rejects(
    openPackage(place, "rpm"),
    (error) =>
      isPipeliteError(error, "PACKAGE_INVALID") &&
      /'\/usr\/bin\/b', which is not in its payload/.test(error.message),
  );
});

/** @param said what the header lists. @param got what the payload has, each of four bytes */
function rpmOf(said: readonly ShippedFile[], got: readonly ShippedFile[]): string {
  const archive = Buffer.concat([
    ...got.flatMap((file, at) => [
      cpioHeader(file, { timeSeconds: 1, inode: at + 1 }),
      utf8("good"),
      filling(4),
    ]),
    cpioEnd(),
  ]);
  const packed = gzipSync(archive);
  const payload = {
    compressor: "gzip" as const,
    level: 6,
    sha256: hash("sha256", packed),
    size: packed.length,
    unpackedSha256: hash("sha256", archive),
    unpackedSize: archive.length,
  };
  const header = rpmHeader(FACTS, said, payload);
  const front = rpmFront(FACTS, header, payload, { md5: hash("md5", Buffer.concat([header, packed])) });
  const place = join(mkdtempSync(join(base, "rpm-")), "x.rpm");
  writeFileSync(place, Buffer.concat([front, packed]));
  return place;
}

test("an rpm whose files are others than its header says is refused", async () => {
  const [said, got] = [addedFile("usr/bin/a", utf8("good")), addedFile("usr/bin/b", utf8("good"))];
  const place = rpmOf([said], [got]);
  await assert.rejects(
    openPackage(place, "rpm"),
    (error) =>
      isPipeliteError(error, "PACKAGE_INVALID") &&
      /x\.rpm for a package of rpm: .* its header says other/.test(error.message),
  );
});

test("a package of a store path with other bytes is refused, whatever its list of digests says", async () => {
  const name = `nix-${"0".repeat(32)}-lib`;
  const plan = planOf(HELLO, { name, version: "1", standsFor: [] });
  const folder = mkdtempSync(join(base, "own-"));
  const { file } = await writePackage("deb", plan, { folder, codec: undefined, key: undefined });
  const own = join(folder, file);
  const [, control] = readAr(readFileSync(own));
  const evil = withFolders(
    [addedFile("nix/store/abc-hello/bin/hello", utf8("#!/bin/sh\necho evil\n"))],
    () => true,
  );
  const tar = writeTar(
    evil.map(({ path, kind, mode }) => ({
      name: `./${path}${kind === "folder" ? "/" : ""}`,
      mode,
      ...(kind === "file" && { content: "#!/bin/sh\necho evil\n" }),
    })),
  );
  const other = join(mkdtempSync(join(base, "evil-")), file);
  const members = [
    ["debian-binary", utf8("2.0\n")],
    ["control.tar.gz", control?.content ?? new Uint8Array()],
    ["data.tar", tar],
  ] as const;
  const parts = members.flatMap(([each, content]) => [
    arHeader(each, content.length, 0),
    content,
    arPadding(content.length),
  ]);
  writeFileSync(other, Buffer.concat([AR_START, ...parts]));
  const add = (at: string) =>
    updateRepository({
      kind: "apt",
      folder: join(base, "site"),
      add: [at],
      key: readPackageKey(made.file),
      certificateFile: made.certificateFile,
      suite: "stable",
      origin: "Test",
      timeSeconds: 1_790_000_000,
    });
  assert.equal((await add(other)).added.length, 1);
  await assert.rejects(add(own), (error) => isPipeliteError(error, "REPO_PACKAGE_DIFFERS"));
});

describe("a package that is verified", () => {
  const project = new Project({});
  const own = `./nix/store/${"0".repeat(32)}-x`;
  const root: TarMember = { name: "./nix/store/", mode: 0o755 };
  const judged = (members: readonly TarMember[]) => {
    const file = join(mkdtempSync(join(base, "verified-")), "a_1_all.deb");
    writeFileSync(file, debOf(controlTar(CONTROL), writeTar(members)));
    return verifyPackage({ home: project.door, file, trustFile: undefined });
  };
  after(() => project[Symbol.dispose]());

  for (const [name, members, words] of [
    ["a file that can be written", [root, { name: own, mode: 0o644 }], /with the mode 644/],
    [
      "a file below a link",
      [root, { name: own, type: "2", target: "/etc", mode: 0o777 }, { name: `${own}/x`, mode: 0o444 }],
      /below '.*', which is no folder/,
    ],
    ["a device", [root, { name: own, type: "3", mode: 0o444 }], /is a character/],
    ["what is no path of it", [root, { name: "./nix/store/evil", mode: 0o444 }], /no path of the store/],
  ] as const satisfies [string, readonly TarMember[], RegExp][])
    test(`and has ${name} in the store is refused`, () =>
      assert.rejects(
        judged(members),
        (error) =>
          isPipeliteError(error) &&
          ["PACKAGE_STORE_WRONG", "PACKAGE_INVALID"].includes(error.code) &&
          words.test(error.message),
      ));

  for (const [name, member, words] of [
    ["runs as its owner", { name: "./su", mode: 0o4755 }, /runs as its owner/],
    ["belongs to somebody else", { name: "./own", uid: 1000 }, /does not belong to root/],
    ["is a hard link", { name: "./hard", type: "1", target: "su" }, /is a hard-link/],
  ] as const satisfies [string, TarMember, RegExp][])
    test(`and has a file that ${name} does not hold`, async () => {
      const { status, checks } = await judged([member]);
      assert.equal(status, "fails");
      assert.match(checks[0]?.detail ?? "", words);
    });
});

test("a package of Alpine that has a file with capabilities does not hold", async () => {
  using project = new Project({});
  const pax = { "APK-TOOLS.checksum.SHA1": hash("sha1", "x"), "SCHILY.xattr.security.capability": "x" };
  const data = gzipSync(
    writeTar([
      { name: "usr/", type: "5" },
      { name: "usr/x", content: "x", pax },
    ]),
  );
  const info = `pkgname = a\npkgver = 1-r0\narch = noarch\ndatahash = ${hash("sha256", data)}\n`;
  const file = join(base, "capable.apk");
  const control = gzipSync(writeTar([{ name: ".PKGINFO", content: info }]).subarray(0, -1024));
  writeFileSync(file, Buffer.concat([control, data]));
  const { status, checks } = await verifyPackage({ home: project.door, file, trustFile: undefined });
  assert.equal(status, "fails");
  assert.match(checks[0]?.detail ?? "", /usr\/x has capabilities/);
});

test("a package that is too large to be read is said to be, with its format", () => {
  const place = join(base, "large.deb");
  writeFileSync(place, "");
  truncateSync(place, 2 ** 33);
  assert.throws(
    () => readPackageFile(place, "deb"),
    (error) =>
      isPipeliteError(error, "PACKAGE_TOO_LARGE") &&
      /large\.deb \(deb\): .* no more than/.test(error.message),
  );
});
