// Where two outputs differ, what that looks like, and what is the same but for the header of an archive.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { removeTree } from "#base/files.ts";
import { compareTrees } from "#rebuild/compare.ts";
import { describeByDiffoscope } from "#rebuild/diffoscope.ts";
import { guess, type Guess } from "#rebuild/guess.ts";
import { rebuildStatusOf, type Attempt } from "#rebuild/outcome.ts";
import { equivalentBy } from "#rebuild/stabilise.ts";
import { optionalPeer } from "../rig/peer.ts";

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-difference-"))));
after(() => removeTree(folder));

let count = 0;
/** Two trees, made by a function each. */
function trees(one: (at: string) => void, other: (at: string) => void) {
  count += 1;
  const [a, b] = [join(folder, `${count}-a`), join(folder, `${count}-b`)];
  for (const each of [a, b]) mkdirSync(each);
  one(a);
  other(b);
  return compareTrees(a, b);
}
const file = (text: string | Uint8Array) => (at: string) => writeFileSync(join(at, "x"), text);

test("the first byte that differs is named, in the first file by name, and every file is counted", () => {
  const long = "y".repeat(3_000_000);
  const make = (end: string) => (at: string) => {
    mkdirSync(join(at, "b"));
    writeFileSync(join(at, "b/long"), `${long}${end}`);
    writeFileSync(join(at, "same"), "same");
    writeFileSync(join(at, "z"), end);
  };
  const found = trees(make("1"), make("2"));
  assert.deepEqual(
    found.map(({ file: name, offset }) => [name, offset]),
    [
      ["b/long", 3_000_000],
      ["z", 0],
    ],
  );
});

test("kinds, links, modes and missing files are differences, too", () => {
  const found = trees(
    (at) => {
      writeFileSync(join(at, "gone"), "");
      writeFileSync(join(at, "kind"), "");
      symlinkSync("a", join(at, "link"));
      writeFileSync(join(at, "mode"), "");
    },
    (at) => {
      mkdirSync(join(at, "kind"));
      symlinkSync("b", join(at, "link"));
      writeFileSync(join(at, "mode"), "");
      chmodSync(join(at, "mode"), 0o755);
    },
  );
  assert.deepEqual(
    found.map(({ file: name, what }) => `${name} ${what}`),
    ["gone kind", "kind kind", "link link", "mode executable"],
  );
  assert.deepEqual(trees(file("a"), file("a")), []);
});

const LOOKS: readonly [Guess, string, string][] = [
  ["timestamp", "made 2026-11-29T23:59:01Z", "made 2026-11-29T23:59:02Z"],
  ["timestamp", "mtime 1796000000", "mtime 1796000009"],
  ["path", "in /build/x.c", "in /other-place/x.c"],
  ["host-name", "on localhost", "on elsewhere"],
  ["user", "by 1000", "by 4321"],
  ["order", "b a c b a c", "a b c a b c"],
  ["float-rounding", "sum 5.187377517639621", "sum 5.187377517639622"],
  ["random", "id 60e6dbf1cb09442d", "id c36e247f12ba4936"],
  ["address", "at 0x7ffff7fc3000", "at 0x7f21a3c41000"],
  ["locale", "price 1,234.5", "price 1.234,5"],
  ["time-zone", "00:00:00 GMT+0000 (UTC)", "05:30:00 GMT+0530 (NPT)"],
  ["number", "took 17 ms", "took 23 ms"],
];
for (const [name, one, other] of LOOKS)
  test(`'${one}' and '${other}' look like ${name}`, () => {
    const [difference] = trees(file(one), file(other));
    assert(difference);
    assert.equal(guess(difference)[0], name);
  });

test("a gzip that was made later is equivalent, one of other data is not", () => {
  const packed = gzipSync("data");
  const later = Buffer.from(packed);
  later.writeUInt32LE(1_796_000_000, 4);
  assert.deepEqual(equivalentBy(packed, later), ["gzip-header"]);
  assert.equal(equivalentBy(packed, gzipSync("Data")), undefined);
  const [difference] = trees(file(packed), file(later));
  assert(difference);
  assert.deepEqual(guess(difference), ["archive-metadata"]);
});

/** A tar of one file, in POSIX's form. */
function tarOf(content: string, mtime: number): Buffer {
  const bytes = Buffer.alloc(2048);
  bytes.write("a", 0);
  bytes.write("0000644", 100);
  bytes.write(content.length.toString(8).padStart(11, "0"), 124);
  bytes.write(mtime.toString(8).padStart(11, "0"), 136);
  bytes.write("        0", 148);
  bytes.write("ustar\u000000", 257);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  bytes.write(content, 512);
  return bytes;
}

test("a tar that was made later is equivalent, also packed", () => {
  assert.deepEqual(equivalentBy(tarOf("x", 1), tarOf("x", 2)), ["tar-owner-and-time"]);
  assert.equal(equivalentBy(tarOf("x", 1), tarOf("y", 1)), undefined);
  assert.deepEqual(equivalentBy(gzipSync(tarOf("x", 1)), gzipSync(tarOf("x", 2))), [
    "gzip-header",
    "tar-owner-and-time",
  ]);
});

test("what only looks like the header of an archive is content, and is compared", () => {
  const changedAt = (bytes: Buffer, at: number, text: string): Buffer => {
    const changed = Buffer.from(bytes);
    changed.write(text, at, "latin1");
    return changed;
  };
  const differ = (one: Buffer, other: Buffer) => assert.equal(equivalentBy(one, other), undefined);
  // Behind the end of what is packed; packed by another program.
  const packed = gzipSync("data");
  differ(Buffer.concat([packed, Buffer.from("a")]), Buffer.concat([packed, Buffer.from("b")]));
  const long = "data".repeat(1000);
  differ(gzipSync(long, { level: 0 }), gzipSync(long, { level: 9 }));
  // Only the first header is one.
  const second = Buffer.concat([tarOf("x", 1).subarray(0, 1024), Buffer.alloc(512, "7")]);
  differ(changedAt(second, 1024 + 136, "12345"), changedAt(second, 1024 + 136, "54321"));
  differ(changedAt(second, 136, "7"), changedAt(second, 136, "6"));
  // A size that is no number, and a line that does not end as a header does.
  const ar = Buffer.from(`!<arch>\n${"a".padEnd(48)}${"0".padEnd(10)}\`\n`);
  assert.deepEqual(equivalentBy(changedAt(ar, 24, "1"), changedAt(ar, 24, "2")), ["ar-owner-and-time"]);
  const text = Buffer.from(`!<arch>\n${"a".padEnd(48)}${"0".padEnd(12)}`);
  differ(changedAt(text, 24, "1"), changedAt(text, 24, "2"));
  // A directory of a zip that says of its content that it is a header.
  const zip = Buffer.alloc(30 + 20 + 46 + 22);
  zip.writeUInt32LE(0x04034b50, 0);
  zip.writeUInt32LE(0x02014b50, 50);
  zip.writeUInt32LE(0x06054b50, 96);
  zip.writeUInt16LE(1, 96 + 10);
  zip.writeUInt32LE(50, 96 + 16);
  assert.deepEqual(equivalentBy(changedAt(zip, 10, "1"), changedAt(zip, 10, "2")), ["zip-time"]);
  zip.writeUInt32LE(25, 50 + 42);
  differ(changedAt(zip, 35, "1"), changedAt(zip, 35, "2"));
});

const attempt = (more: Partial<Attempt>): Attempt => ({
  engine: "embedded",
  sandbox: "starter",
  varied: [],
  ...more,
});

test("a status follows from the builds: none is untested, one other is no reproduction", () => {
  const narHash = "a";
  const of = (...attempts: Attempt[]) => rebuildStatusOf({ narHash, attempts });
  const same = attempt({ narHash, varied: ["umask"] });
  assert.equal(of(), "untested");
  assert.equal(of(same), "reproduced");
  assert.equal(of(same, attempt({ failure: "it failed" })), "failed");
  assert.equal(of(same, attempt({ narHash: "b", equivalentBy: ["zip-time"] })), "equivalent");
  assert.equal(of(same, attempt({ narHash: "b" })), "differs");
  assert.equal(of(attempt({ narHash: "b", equivalentBy: [] }), attempt({ failure: "x" })), "failed");
});

test("diffoscope's own words stand beside ours, as many as one can read", () => {
  const bin = mkdtempSync(join(folder, "bin-"));
  const fake = (script: string) =>
    writeFileSync(join(bin, "diffoscope"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  fake('for each; do last=$each; done; echo "of $last"; seq 100; exit 1');
  const [first, ...rest] = describeByDiffoscope("/one", "/other", env)?.split("\n") ?? [];
  assert.deepEqual([first, rest.length], ["of /other", 59]);
  // It found nothing, or came to harm: then there is nothing to show.
  for (const code of [0, 2]) {
    fake(`echo words; exit ${code}`);
    assert.equal(describeByDiffoscope("/one", "/other", env), undefined);
  }
  assert.equal(describeByDiffoscope("/one", "/other", { PATH: join(folder, "nowhere") }), undefined);
});

const unasked = "it would be asked about each stage of the gallery";
test("diffoscope itself tells two outputs apart", { skip: optionalPeer("diffoscope", unasked) }, () => {
  const at = mkdtempSync(join(folder, "real-"));
  for (const each of ["one", "other"]) {
    mkdirSync(join(at, each));
    writeFileSync(join(at, each, "x"), `${each}\n`);
  }
  const said = describeByDiffoscope(join(at, "one"), join(at, "other"), process.env) ?? "";
  assert.match(said, /-one$/m);
  assert.match(said, /\+other$/m);
  assert.equal(describeByDiffoscope(join(at, "one"), join(at, "one"), process.env), undefined);
});
