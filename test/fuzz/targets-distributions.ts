// Readers of packages and indices of distributions: what a repository takes in may come from anybody.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apkIdentity, readApk } from "#package/apk.ts";
import { apkIndex, apkRecord, readApkIndex } from "#package/apk-index.ts";
import { cpioEnd, cpioHeader, readCpio } from "#package/cpio.ts";
import { readDeb } from "#package/deb.ts";
import { readControlParagraph } from "#package/deb-control.ts";
import { readRpmHeader, REGION } from "#package/rpm-header.ts";
import { readRpm } from "#package/rpm.ts";
import { rpmRecord } from "#package/rpm-index.ts";
import { PACKAGE_FORMATS } from "#ship/shipment.ts";
import { writePackage } from "#ship/write.ts";
import { HELLO, planOf } from "../ship/rig.ts";
import type { Target } from "./fuzz.ts";

const [deb, rpm, apk] = await samples();

async function samples(): Promise<[Buffer, Buffer, Buffer]> {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-fuzz-"));
  try {
    const [first, second, third] = await Promise.all(
      PACKAGE_FORMATS.map(async (format) => {
        const { file } = await writePackage(format, planOf(HELLO), { folder, codec: "gzip", key: undefined });
        return readFileSync(join(folder, file));
      }),
    );
    if (first === undefined || second === undefined || third === undefined)
      throw new Error("a format is missing");
    return [first, second, third];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const read = readRpm(rpm);
const ofApk = readApk(apk);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const index = apkIndex([apkRecord(ofApk, apkIdentity(ofApk.control), apk.length)], {
  description: "x",
  key: { key: privateKey, name: "x.rsa.pub" },
  timeSeconds: 1,
});
const cpio = Buffer.concat([
  ...HELLO.filter(({ kind }) => kind === "link").map((file) =>
    cpioHeader(file, { timeSeconds: 1, inode: 1 }),
  ),
  cpioEnd(),
]);

export const distributionTargets: readonly Target[] = [
  { name: "cpio", parse: (input) => void [...readCpio(input)], corpus: [cpio] },
  { name: "deb", parse: async (input) => void (await readDeb(input)), corpus: [deb] },
  { name: "deb-control", parse: async (input) => void (await readControlParagraph(input)), corpus: [deb] },
  {
    name: "rpm-header",
    parse: (input) => {
      const { tags } = readRpmHeader(input, REGION.immutable);
      // What an index says of it, however odd it is.
      rpmRecord({ ...read, tags }, { file: "x.rpm", size: 1, sha256: "" });
    },
    corpus: [read.header],
  },
  { name: "rpm", parse: (input) => void readRpm(input), corpus: [rpm] },
  { name: "apk", parse: (input) => void readApk(input), corpus: [apk] },
  { name: "apk-index", parse: (input) => void readApkIndex(input), corpus: [index] },
];
