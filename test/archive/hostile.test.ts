// Archives that somebody made to do harm, or that came to harm: each is refused by its name and with what is wrong, and nothing is there
// afterwards. They are held against one that is right.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { ArchiveReader } from "#archive/read.ts";
import { FORM, MEMBER_NAMES } from "#archive/manifest.ts";
import { openArchive } from "#archive/open.ts";
import { verifySums } from "#archive/signature.ts";
import { readStorePart } from "#archive/store-part.ts";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { parseStorePath, storePathBase, storePathHash } from "#nix/store-path.ts";
import { writeNarInfo } from "#nix/narinfo.ts";
import { openStore } from "#store/index.ts";
import { generateKey } from "#keys/key-file.ts";
import { hexDigestOf as sumOf } from "#base/digest.ts";
import { TAR_END } from "#package/tar-writer.ts";
import { writeTar } from "../rig/tar.ts";
import { inputs } from "../rig/peer.ts";
import * as rig from "./rig.ts";
import { LEAF, RUN, TOP, archiveOf, sumsOf, tarOf, text, type Members } from "./rig.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-hostile-"));
after(() => removeTree(folder));
const { signal } = new AbortController();

let count = 0;

/** Opens these bytes as an archive. @returns the home, or the error */
async function open(bytes: Uint8Array): Promise<string | Error> {
  const file = join(folder, `${++count}.tar`);
  const home = join(folder, `home-${count}`);
  writeFileSync(file, bytes);
  try {
    await openArchive(file, home, { signal });
    return home;
  } catch (error) {
    assert.ok(isPipeliteError(error), String(error));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(`home-${count}`)),
      [],
    );
    assert.ok(error.message.includes(file), error.message);
    return error;
  } finally {
    rmSync(file);
  }
}

async function refused(bytes: Uint8Array, problem: RegExp, code = "RUN_ARCHIVE_INVALID"): Promise<void> {
  const error = await open(bytes);
  assert.ok(error instanceof Error, "it was taken");
  assert.ok(isPipeliteError(error, code), error.message);
  assert.match(error.message, problem);
}

function changed(change: (members: Members) => void): Buffer {
  const members = rig.smallMembers();
  change(members);
  return archiveOf(members);
}

/** Of 64 such digits, and by their like. */
const idOf = (digit: string) => `sha256:${digit.repeat(64)}!out`;

function putRealisation(members: Members, digit: string, dependsOn: readonly string[] = []): void {
  const outPath = storePathBase(LEAF.info.path);
  const dependentRealisations = Object.fromEntries(dependsOn.map((each) => [idOf(each), outPath]));
  const json = { dependentRealisations, id: idOf(digit), outPath, signatures: [] };
  members.set(`store/realisations/${idOf(digit)}.doi`, text(JSON.stringify(json)));
}

const GOOD = archiveOf(rig.smallMembers());

describe("an archive", () => {
  test("has realisations that depend on later ones", async () => {
    const bytes = changed((all) => {
      putRealisation(all, "0", ["1"]);
      putRealisation(all, "1");
    });
    const home = await open(bytes);
    assert.ok(typeof home === "string", String(home));
    using store = openStore(home);
    assert.equal(store.realisationsOf([LEAF.info.path]).length, 2);
  });

  test("that is right makes a home with what is in it, and keeps it from being collected", async () => {
    const home = await open(GOOD);
    assert.ok(typeof home === "string", String(home));
    assert.deepEqual(readdirSync(home).toSorted(), [MEMBER_NAMES.readme, "nix", "pipelite", "sources"]);
    assert.deepEqual(readdirSync(join(home, "pipelite/former-logs")), [rig.LOG_NAME]);
    using store = openStore(home);
    assert.deepEqual(store.validPaths(), [LEAF.info.path, TOP.info.path].toSorted());
    assert.equal(store.info(TOP.info.path)?.contentAddress, TOP.info.contentAddress);
    assert.equal((await store.verify({ checkContents: true })).problems.length, 0);
    assert.deepEqual((await store.gc()).paths, []);
  });

  const members: Record<string, [change: (members: Members) => void, problem: RegExp]> = {
    "a name of no archive": [
      (all) => all.set("etc/passwd", text("x")),
      /etc\/passwd is no file that an archive has/,
    ],
    "a wrong case": [(all) => all.set("readme", text("x")), /readme is no file that an archive has/],
    "a wrong case in a folder": [
      (all) => all.set("Home/journal.ndjson", text("x")),
      /is no file that an archive has/,
    ],
    "a private key of the log": [(all) => all.set("home/log/log.key", text("x")), /log.key is no file/],
    "a private key of the builder": [(all) => all.set("home/builder/builder.key", text("x")), /is no file/],
    "a key among keys": [(all) => all.set("home/keys/a.key", text("x")), /is no file that an archive has/],
    "a database": [(all) => all.set("home/builds.sqlite", text("x")), /is no file that an archive has/],
    "a hidden file": [(all) => all.set("home/runs/.x", text("x")), /is no file that an archive has/],
    "a name with a line feed": [
      (all) => all.set("sources/a\nb", text("x")),
      /is no file that an archive has/,
    ],
    "a name with a backslash": [
      (all) => all.set("sources/a\\b", text("x")),
      /is no file that an archive has/,
    ],
    "a file that is a folder": [
      (all) => all.set("sources/a", text("x")).set("sources/a/b", text("x")),
      /sources\/a\/b lies in what is a file/,
    ],
    "no README": [(all) => all.delete(MEMBER_NAMES.readme), /README is missing/],
    "no archive.json": [(all) => all.delete(MEMBER_NAMES.manifest), /archive.json is missing/],
    "no record": [(all) => all.delete(`home/runs/${RUN}.json`), /runs\/.*json is missing/],
    "another record": [
      (all) => all.set(`home/runs/${RUN}.json`, text("{}")),
      /is not the record that archive.json/,
    ],
    "a record that is none": [(all) => rig.putRecord(all, { schema: 2 }), /runs\/.*: \/\w+ is missing/],
    "the record of another run": [
      (all) => rig.putRecord(all, { ...rig.recordOf(), runId: "other" }),
      /is the record of the run other/,
    ],
    "a record that names what is not there": [
      (all) => rig.putRecord(all, { ...rig.recordOf(), results: { x: `/nix/store/${"0".repeat(32)}-x` } }),
      /0-x, which the run names, is missing/,
    ],
    "an archive.json that is none": [
      (all) => all.set(MEMBER_NAMES.manifest, text("[]")),
      /archive.json: it is not an object/,
    ],
    "a run that leads elsewhere": [
      (all) => all.set(MEMBER_NAMES.manifest, rig.manifestOf({ run: "../x" })),
      /archive.json: \/run is no name of a run/,
    ],
    "a log whose key is none": [(all) => all.set("home/log/log.pub", text("x")), /log.pub: /],
    "a log without its key": [
      (all) => (all.delete("home/log/log.pub"), all.set("home/log/checkpoint", text("x"))),
      /log.pub is missing/,
    ],
    "a log that is former and is not": [
      (all) => all.set(`home/former-logs/${rig.LOG_NAME}/log.pub`, text("x")),
      /is in it twice/,
    ],
    "a path that lacks what it refers to": [
      (all) => {
        all.delete(`store/${storePathHash(LEAF.info.path)}.narinfo`);
        all.delete(`store/nar/${storePathBase(LEAF.info.path)}.nar`);
      },
      /top refers to .*leaf, which is missing/,
    ],
    "a narinfo without its NAR": [
      (all) => all.delete(`store/nar/${storePathBase(LEAF.info.path)}.nar`),
      /SHA256SUMS does not name store\/nar\//,
    ],
    "a NAR without its narinfo": [
      (all) => all.delete(`store/${storePathHash(TOP.info.path)}.narinfo`),
      /no narinfo is about store\/nar\/.*-top.nar/,
    ],
    "a NAR of other bytes": [
      (all) => all.set(`store/nar/${storePathBase(LEAF.info.path)}.nar`, rig.narOf("two\n")),
      /its NarHash is not the SHA-256 of its NAR/,
    ],
    "other bytes whose hash the narinfo has": [
      (all) => {
        const nar = rig.narOf("two\n");
        rig.put(all, {
          info: { ...rig.infoOf(LEAF.info.path, nar), contentAddress: LEAF.info.contentAddress ?? "" },
          nar,
        });
      },
      /leaf/,
    ],
    "a NAR that is none": [
      (all) => rig.put(all, { info: rig.infoOf(LEAF.info.path, text("no NAR")), nar: text("no NAR") }),
      /-leaf.nar: /,
    ],
    "a NAR with a name that leads out": [
      (all) => {
        const nar = Buffer.from(hostileNar("../../../../x"));
        rig.put(all, { info: rig.infoOf(LEAF.info.path, nar), nar });
      },
      /-leaf.nar: .*\.\./,
    ],
    "a narinfo of another path": [
      (all) => all.set(`store/${"0".repeat(32)}.narinfo`, text(writeNarInfo(LEAF.info))),
      /it is about .*-leaf/,
    ],
    "a narinfo with more lines": [
      (all) => all.set(narInfoOf(LEAF), text(`${writeNarInfo(LEAF.info)}System: x\n`)),
      /it is not as it is written/,
    ],
    "a NAR that is packed": [
      (all) => all.set(narInfoOf(LEAF), text(writeNarInfo({ ...LEAF.info, compression: "xz" }))),
      /its NAR is/,
    ],
    "a NAR from elsewhere": [
      (all) => all.set(narInfoOf(LEAF), text(writeNarInfo({ ...LEAF.info, url: "../x.nar" }))),
      /its NAR is ..\/x.nar/,
    ],
    "a NAR of another size": [
      (all) => all.set(narInfoOf(LEAF), text(writeNarInfo({ ...LEAF.info, narSize: 1, fileSize: 1 }))),
      /its NarSize is not that of its NAR/,
    ],
    "paths in a circle": [
      (all) => {
        const [a, b] = ["a", "b"].map((name) =>
          parseStorePath(`/nix/store/${"0".repeat(31)}${name}-${name}`),
        );
        assert.ok(a !== undefined && b !== undefined);
        const nar = rig.narOf("x");
        for (const [path, other] of [
          [a, b],
          [b, a],
        ] as const)
          rig.put(all, { info: rig.infoOf(path, nar, [other]), nar });
      },
      /refers to itself through others/,
    ],
    "a path that the run has nothing to do with": [
      (all) => rig.put(all, rig.textPath("extra", "more\n")),
      /-extra is in it, and the run has nothing to do with it/,
    ],
    "a journal that is cut off": [
      (all) => all.set("home/journal.ndjson", linesOf(all).subarray(0, 0)),
      /its log: .*(lost|lines)/,
    ],
    "a journal with a line changed": [
      (all) => all.set("home/journal.ndjson", text(String(linesOf(all)).replace("runs/", "audits/"))),
      /its log: /,
    ],
    "a line of the journal written by hand": [
      (all) => all.set("home/journal.ndjson", Buffer.concat([linesOf(all), linesOf(all)])),
      /its log: journal/,
    ],
    "a checkpoint of another log": [
      (all) => {
        for (const name of ["home/log/checkpoint", "home/log/checkpoints/1"])
          all.set(name, rig.OTHER_LOG.get(name) ?? text(""));
      },
      /its log: .*it is not signed by the key of/,
    ],
    "no log": [
      (all) => {
        for (const name of all.keys()) if (name.startsWith("home/log/")) all.delete(name);
      },
      /its log: /,
    ],
    "a realisation that is none": [
      (all) => all.set(`store/realisations/sha256:${"0".repeat(64)}!out.doi`, text("{}")),
      /realisations\/.*doi: /,
    ],
    "a realisation of what is not there": [
      (all) => {
        const id = `sha256:${"0".repeat(64)}!out`;
        const json = { dependentRealisations: {}, id, outPath: `${"0".repeat(32)}-x`, signatures: [] };
        all.set(`store/realisations/${id}.doi`, text(JSON.stringify(json)));
      },
      /0-x is missing/,
    ],
    "a realisation whose dependency is not there": [
      (all) => putRealisation(all, "0", ["1"]),
      /sha256:0+!out depends on sha256:1+!out, which is missing/,
    ],
    "realisations in a circle": [
      (all) => {
        putRealisation(all, "0", ["1"]);
        putRealisation(all, "1", ["0"]);
      },
      /depends on itself through/,
    ],
  };
  for (const [name, [change, problem]] of Object.entries(members))
    test(`with ${name} is refused`, () => refused(changed(change), problem));

  const sums: Record<string, [change: (lines: string[]) => unknown, problem: RegExp]> = {
    "one line less": [(lines) => lines.splice(2, 1), /SHA256SUMS does not name/],
    "no last line": [(lines) => lines.pop(), /SHA256SUMS does not name store\//],
    "a line twice": [(lines) => lines.splice(1, 0, lines[0] ?? ""), /SHA256SUMS names README twice/],
    "a line of nothing": [
      (lines) => lines.push(`${"0".repeat(64)}  sources/z`),
      /names sources\/z, which is missing/,
    ],
    "two lines swapped": [
      (lines) => lines.splice(0, 2, lines[1] ?? "", lines[0] ?? ""),
      /does not name README in its place/,
    ],
    "a hash in capitals": [
      (lines) => (lines[0] = (lines[0] ?? "").toUpperCase()),
      /line 1 of SHA256SUMS is no digest and name/,
    ],
    "another hash": [
      (lines) => (lines[0] = `${"0".repeat(64)}  README`),
      /README has the SHA-256 [0-9a-f]{64}, and SHA256SUMS has 0000/,
    ],
  };
  for (const [name, [change, problem]] of Object.entries(sums))
    test(`whose SHA256SUMS have ${name} is refused`, () => {
      const all = rig.smallMembers();
      const lines = sumsOf(all).split("\n").slice(0, -1);
      change(lines);
      return refused(archiveOf(all, lines.map((line) => `${line}\n`).join("")), problem);
    });

  const stranger = generateKey();
  const ofSums = (change: (all: Members, sums: string) => Uint8Array | undefined) => {
    const all = rig.smallMembers();
    return archiveOf(all, sumsOf(all), change(all, sumsOf(all)));
  };
  const signatures: Record<string, [bytes: () => Uint8Array, problem: RegExp]> = {
    "of other sums": [
      () => ofSums((all) => rig.signatureOf(all, `${sumsOf(all)}x`)),
      /SHA256SUMS is not the one that was signed/,
    ],
    "by a key that is not in it": [
      () => ofSums((all, sums) => rig.signatureOf(all, sums, { key: stranger })),
      /none of the given keys is/,
    ],
    "of another run": [
      () =>
        ofSums((all, sums) =>
          rig.signatureOf(all, sums, { change: { predicate: { runId: "other", recordDigest: "" } } }),
        ),
      /it is of another archive/,
    ],
    "that says something else": [
      () =>
        ofSums((all, sums) => rig.signatureOf(all, sums, { change: { predicateType: "https://x.test/v1" } })),
      /it is of another archive/,
    ],
    "of several files": [
      () =>
        ofSums((all, sums) => {
          const subject = [MEMBER_NAMES.sums, "x"].map((name) => ({ name, digest: { sha256: sumOf(sums) } }));
          return rig.signatureOf(all, sums, { change: { subject } });
        }),
      /SHA256SUMS is not the one that was signed/,
    ],
    "with a space more": [
      () => ofSums((all, sums) => Buffer.concat([rig.signatureOf(all, sums), text(" ")])),
      /it is not as it is written/,
    ],
    "that is none": [() => ofSums(() => text("{}")), /SHA256SUMS.sigstore.json: /],
  };
  for (const [name, [bytes, problem]] of Object.entries(signatures))
    test(`with a signature ${name} is refused`, () => refused(bytes(), problem));

  test("that is exchanged while it is read has the signature over what was compared, or none", () => {
    const genuine = rig.smallMembers();
    const other = rig.smallMembers();
    other.set("sources/pipeline.ts", text("export [];\n"));
    const good = archiveOf(genuine);
    const bad = archiveOf(other, sumsOf(other), rig.signatureOf(genuine, sumsOf(genuine)));
    assert.equal(good.length, bad.length);
    let bytes = bad;
    const reader = new ArchiveReader(
      { length: bad.length, subarray: (start, end) => bytes.subarray(start, end) },
      "x.tar",
    );
    bytes = good;
    assert.throws(() => verifySums(reader), /SHA256SUMS is not the one that was signed/);
  });

  test("without a signature is refused", () => {
    const all = rig.smallMembers();
    const own = [...all, [MEMBER_NAMES.sums, text(sumsOf(all))] as const];
    return refused(
      tarOf(own.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      /SHA256SUMS.sigstore.json is missing/,
    );
  });

  test("whose README, program or sources are others is refused, whatever its sums say", async () => {
    for (const name of [
      MEMBER_NAMES.readme,
      "program/dist/cli.cjs",
      "sources/pipeline.ts",
      "home/journal.ndjson",
    ]) {
      const all = rig.smallMembers();
      const signature = rig.signatureOf(all, sumsOf(all));
      all.set(name, text("another one\n"));
      await refused(archiveOf(all, sumsOf(all), signature), /SHA256SUMS is not the one that was signed/);
    }
  });

  const whole = rig.smallMembers();
  const entries = [
    ...whole
      .set(MEMBER_NAMES.sums, text(sumsOf(whole)))
      .set(MEMBER_NAMES.signature, rig.signatureOf(whole, sumsOf(whole))),
  ].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const tars: Record<string, [bytes: Uint8Array, problem: RegExp]> = {
    "an absolute name": [
      writeTar([{ name: "/etc/passwd", content: "x" }]),
      /'\/etc\/passwd' leads out of it/,
    ],
    "a name that leads out": [writeTar([{ name: "sources/../../x", content: "x" }]), /leads out of it/],
    "a link": [writeTar([{ name: "sources/x", type: "2", target: "/etc/passwd" }]), /sources\/x is a link/],
    "a hard link": [
      writeTar([{ name: "sources/x", type: "1", target: "README" }]),
      /sources\/x is a hard-link/,
    ],
    "a device": [writeTar([{ name: "sources/x", type: "3", device: [1, 3] }]), /sources\/x is a character/],
    "a folder": [writeTar([{ name: "sources/" }]), /sources is a folder/],
    "a program that may be run": [
      writeTar([{ name: "program/x", content: "x", mode: 0o755 }]),
      /header of program\/x/,
    ],
    "an owner": [writeTar([{ name: "program/x", content: "x", uid: 1 }]), /header of program\/x is not as/],
    "a header of pax": [
      writeTar([{ name: "x", content: "x", pax: { path: "program/x" } }]),
      /header of program\/x/,
    ],
    "a size that is far too large": [
      writeTar([{ name: "README", content: "x", size: 8 ** 11 - 1 }]),
      /is cut off/,
    ],
    "a name twice": [
      tarOf([...entries, ["store/nix-cache-info", text("x")]]),
      /store\/nix-cache-info is in it twice/,
    ],
    "another order": [
      tarOf([entries[1] ?? ["", text("")], ...entries]),
      /README stands after|is in it twice/,
    ],
    "something behind its end": [Buffer.concat([GOOD, text("x")]), /something behind its end/],
    "an end of more blocks": [Buffer.concat([GOOD, Buffer.alloc(512)]), /something behind its end/],
    "a second archive behind its end": [Buffer.concat([GOOD, GOOD]), /something behind its end/],
    "no end": [GOOD.subarray(0, -TAR_END.length), /it is cut off/],
    "nothing in it": [Buffer.from(TAR_END), /SHA256SUMS is missing/],
  };
  for (const [name, [bytes, problem]] of Object.entries(tars))
    test(`with ${name} is refused`, () => refused(bytes, problem));

  test("that is no tar, that is empty, or that is compressed is refused", async () => {
    await refused(text("hello"), /it is cut off/);
    await refused(text(""), /it is cut off/);
    await refused(Buffer.alloc(4096, "x"), /no entry at byte 0/);
    await refused(gzipSync(GOOD), /it is compressed by gzip/, "RUN_ARCHIVE_PACKED");
  });

  test("that is no file is refused", async () => {
    for (const place of [folder, "/dev/zero"])
      await assert.rejects(openArchive(place, join(folder, "none"), { signal }), /it is no file/);
    assert.equal(existsSync(join(folder, "none")), false);
  });

  test("of a form to come is refused with where to find who knows it", () =>
    refused(
      changed((all) => all.set(MEMBER_NAMES.manifest, rig.manifestOf({ form: FORM + 1, more: true }))),
      /it has the form 2/,
      "RUN_ARCHIVE_FORM",
    ));

  test("into a folder that is there is refused, and the folder stays as it is", async () => {
    const file = join(folder, "good.tar");
    writeFileSync(file, GOOD);
    const taken = mkdtempSync(join(folder, "taken-"));
    await assert.rejects(openArchive(file, taken, { signal }), { code: "ARCHIVE_TARGET_TAKEN", exitCode: 2 });
    assert.deepEqual(readdirSync(taken), []);
  });

  test("is refused wherever one bit is another one", () => {
    fc.assert(
      fc.property(fc.nat(GOOD.length - 1), fc.nat(7), (at, bit) => {
        const bytes = Buffer.from(GOOD);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        assert.throws(() => readAll(bytes), isPipeliteError, `byte ${at}, bit ${bit}`);
      }),
      { numRuns: inputs(4000) },
    );
  });

  test("is refused wherever it is cut off", () => {
    fc.assert(
      fc.property(fc.nat(GOOD.length - 1), (length) => {
        assert.throws(() => readAll(GOOD.subarray(0, length)), isPipeliteError);
      }),
      { numRuns: inputs(1500) },
    );
  });
});

/** All that is compared before a home is made of it, in memory. */
function readAll(bytes: Uint8Array): void {
  const reader = new ArchiveReader(bytes, "x.tar");
  verifySums(reader);
  readStorePart(reader);
  for (const each of ["home", "program", "sources", "store"])
    for (const name of reader.below(each)) for (const _ of reader.pieces(name)) continue;
  reader.bytes(MEMBER_NAMES.readme);
}

function linesOf(members: Members): Buffer {
  return Buffer.from(members.get("home/journal.ndjson") ?? "");
}

function narInfoOf({ info }: rig.TextPath): string {
  return `store/${storePathHash(info.path)}.narinfo`;
}

/** A folder with one file of this name, whatever it is. */
function hostileNar(name: string): Uint8Array {
  const word = (content: string): Buffer => {
    const bytes = Buffer.from(content);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(bytes.length));
    return Buffer.concat([size, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
  };
  const file = ["(", "type", "regular", "contents", "x", ")"];
  const words = [
    "nix-archive-1",
    "(",
    "type",
    "directory",
    "entry",
    "(",
    "name",
    name,
    "node",
    ...file,
    ")",
    ")",
  ];
  return Buffer.concat(words.map(word));
}
