// What an index says of packages that others made, held against createrepo_c.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { cpioEnd } from "#package/cpio.ts";
import { readRpmHeader, REGION, writeRpmHeader } from "#package/rpm-header.ts";
import { rpmRecord } from "#package/rpm-index.ts";
import { readRpm, rpmFront, rpmHeader } from "#package/rpm.ts";
import { peer } from "../rig/peer.ts";
import { FACTS } from "../ship/rig.ts";

/** With an epoch, a vendor, and relations that ours do not have. */
function foreignRpm(): Buffer {
  const archive = cpioEnd();
  const packed = gzipSync(archive);
  const payload = {
    compressor: "gzip" as const,
    level: 6,
    sha256: hash("sha256", packed),
    size: packed.length,
    unpackedSha256: hash("sha256", archive),
    unpackedSize: archive.length,
  };
  const { tags } = readRpmHeader(rpmHeader(FACTS, [], payload), REGION.immutable);
  const header = writeRpmHeader(
    new Map([
      ...tags,
      [1003, { int32: [7] }],
      [1011, { text: "Others" }],
      [1090, { texts: ["hallo"] }],
      [1114, { int32: [2] }],
      [1115, { texts: ["3:2.0-1"] }],
      [5046, { texts: ["friends"] }],
      [5048, { int32: [0] }],
      [5047, { texts: [""] }],
    ]),
    REGION.immutable,
  );
  const front = rpmFront(FACTS, header, payload, { md5: hash("md5", Buffer.concat([header, packed])) });
  return Buffer.concat([front, packed]);
}

function recordOf(bytes: Buffer): string {
  return rpmRecord(readRpm(bytes), { file: "x.rpm", size: bytes.length, sha256: hash("sha256", bytes) })
    .primary;
}

/** Lines that both have to say alike. */
function saidIn(primary: string): string[] {
  const wanted = /<(version|rpm:vendor|rpm:obsoletes|rpm:recommends|rpm:entry name="(hallo|friends)")/;
  return primary
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => wanted.test(line));
}

test("an index says the epoch, the vendor and the relations of packages of others", () => {
  assert.deepEqual(saidIn(recordOf(foreignRpm())), [
    '<version epoch="7" ver="1.2.0~rc1" rel="1"/>',
    "<rpm:vendor>Others</rpm:vendor>",
    "<rpm:obsoletes>",
    '<rpm:entry name="hallo" flags="LT" epoch="3" ver="2.0" rel="1"/>',
    "<rpm:recommends>",
    '<rpm:entry name="friends"/>',
  ]);
});

test("as createrepo_c says them", { skip: peer("createrepo_c") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-index-"));
  try {
    const bytes = foreignRpm();
    writeFileSync(join(folder, "x.rpm"), bytes);
    execFileSync("createrepo_c", ["--no-database", folder], { stdio: "ignore" });
    const name = readdirSync(join(folder, "repodata")).find((each) => each.endsWith("primary.xml.gz")) ?? "";
    const theirs = gunzipSync(readFileSync(join(folder, "repodata", name))).toString();
    assert.deepEqual(saidIn(recordOf(bytes)), saidIn(theirs));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
