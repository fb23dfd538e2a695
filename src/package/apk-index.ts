// The index of a repository of Alpine packages: records of one-letter fields, in a stream of gzip behind a signature over it.
// Specification: apk-tools 2.14, src/package.c (apk_pkg_write_index_entry), apk-repository(5).
import { gzipSync } from "node:zlib";
import { byteStringOf, fromByteString } from "#base/bytes.ts";
import { apkSignature, streamsOf, textOfInfo, type ApkKey, type ReadApk } from "./apk.ts";
import { gzipMember } from "./gzip.ts";
import { readStrictTar } from "./tar-reader.ts";
import { TAR_END, writeTar } from "./tar-writer.ts";

/** Letter and value, in the order of an index. */
export type ApkRecord = readonly (readonly [letter: string, value: string])[];

const FIELDS: readonly (readonly [letter: string, key: string])[] = [
  ["P", "pkgname"],
  ["V", "pkgver"],
  ["A", "arch"],
  ["S", ""],
  ["I", "size"],
  ["T", "pkgdesc"],
  ["U", "url"],
  ["L", "license"],
  ["o", "origin"],
  ["m", "maintainer"],
  ["t", "builddate"],
  ["c", "commit"],
  ["D", "depend"],
  ["p", "provides"],
  ["i", "install_if"],
];

/** @param identity of its control part, `Q1...` @param bytes of the whole file */
export function apkRecord(apk: Pick<ReadApk, "info">, identity: string, bytes: number): ApkRecord {
  const rows = FIELDS.flatMap(([letter, key]): [string, string][] => {
    if (letter === "S") return [["S", `${bytes}`]];
    const values = apk.info.flatMap(([each, value]) => (each === key && value !== "" ? [value] : []));
    return values.length === 0 ? [] : [[letter, values.join(" ")]];
  });
  return [["C", identity], ...rows];
}

/** @param description of the repository, one line */
export function apkIndex(
  records: readonly ApkRecord[],
  { description, key, timeSeconds }: { description: string; key: ApkKey; timeSeconds: number },
): Uint8Array {
  const text = records.map(
    (record) => `${record.map(([letter, value]) => `${letter}:${value}\n`).join("")}\n`,
  );
  const file = (name: string, content: string) => ({
    name,
    mode: 0o644,
    mtime: timeSeconds,
    user: "root",
    group: "root",
    content: fromByteString(byteStringOf(content)),
  });
  const tar = writeTar([file("DESCRIPTION", description), file("APKINDEX", text.join(""))], "pax");
  const packed = gzipMember(gzipSync(tar, { level: 9 }));
  return Buffer.concat([apkSignature(packed, key, timeSeconds), packed]);
}

export interface ReadApkIndex {
  /** The stream that the signature covers. */
  signed: Uint8Array;
  records: ReadonlyMap<string, string>[];
}

/** @throws PipeliteError ARCHIVE_INVALID */
export function readApkIndex(bytes: Uint8Array): ReadApkIndex {
  const last = streamsOf(bytes).at(-1);
  const tar = Buffer.concat([last?.content ?? new Uint8Array(), TAR_END]);
  const index = [...readStrictTar(tar)].find(({ path }) => path === "APKINDEX");
  const stanzas = Buffer.from(index?.content ?? "")
    .toString("utf8")
    .split("\n\n")
    .filter(Boolean);
  const records = stanzas.map(
    (stanza) => new Map(stanza.split("\n").map((line) => [line.slice(0, 1), line.slice(2)] as const)),
  );
  return { signed: last?.packed ?? new Uint8Array(), records };
}

/** `name-version.apk`, as apk asks a repository for it. */
export function apkPlace(apk: ReadApk): { name: string; version: string; architecture: string } {
  const text = (key: string): string => textOfInfo(apk, key) ?? "";
  return { name: text("pkgname"), version: text("pkgver"), architecture: text("arch") };
}
