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
import { statusOf, type Attempt } from "#rebuild/outcome.ts";
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

const attempt = (more: Partial<Attempt>): Attempt => ({
  engine: "embedded",
  sandbox: "starter",
  varied: [],
  ...more,
});

test("a status follows from the builds: none is untested, one other is no reproduction", () => {
  const narHash = "a";
  const of = (...attempts: Attempt[]) => statusOf({ narHash, attempts });
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
