// What a repository of each kind reads of a package, where it puts it, and which indices it writes.
import { hash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { utf8 } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { PackageKey } from "#keys/package-key.ts";
import { isAdb } from "#package/adb.ts";
import { apkIdentity, readApk } from "#package/apk.ts";
import { apkIndex, apkPlace, apkRecord, type ApkRecord } from "#package/apk-index.ts";
import { aptPackages, aptRelease, type AptRecord } from "#package/apt-index.ts";
import { readDebControl } from "#package/deb.ts";
import { gzipMember } from "#package/gzip.ts";
import { openPgpClearSign, openPgpDetached } from "#package/openpgp-signer.ts";
import { readRpm, tagText } from "#package/rpm.ts";
import { rpmMetadata, rpmRecord, type RpmRecord } from "#package/rpm-index.ts";
import { digestsOf } from "#ship/tree.ts";
import { pipeliteError } from "#ship/errors.ts";
import type { PackageFormat } from "#ship/shipment.ts";

export const KINDS = ["apt", "apk", "rpm"] as const;
export type RepositoryKindName = (typeof KINDS)[number];

/** A package of a repository, as it is kept between two calls. */
export interface RepositoryEntry {
  name: string;
  version: string;
  architecture: string;
  sha256: string;
  record: unknown;
}

export interface Indexing {
  key: PackageKey;
  /** Seconds since 1970. */
  timeSeconds: number;
  suite: string;
  origin: string;
}

/** A folder that is switched as a whole, and the files in it; those `isKept` stay for who reads the one before. */
export interface IndexFolder {
  folder: string;
  files: Map<string, Uint8Array>;
  isKept: (path: string) => boolean;
}

export interface RepositoryKind {
  /** Which is what the names of its packages end with, too. */
  format: PackageFormat;
  /** @param file its name, for messages */
  read: (bytes: Buffer, file: string) => Promise<RepositoryEntry>;
  /** Where it lies below the root; several where one is not enough. */
  places: (entry: RepositoryEntry) => string[];
  index: (
    entries: readonly (readonly [place: string, entry: RepositoryEntry])[],
    indexing: Indexing,
  ) => IndexFolder[];
}

const PLAIN = /^[A-Za-z0-9][\w.+~^:-]*$/;

/** @throws PipeliteError REPO_PACKAGE_INVALID */
async function entryOf(
  bytes: Buffer,
  file: string,
  read: () => Promise<Omit<RepositoryEntry, "sha256">> | Omit<RepositoryEntry, "sha256">,
): Promise<RepositoryEntry> {
  let entry: RepositoryEntry;
  try {
    entry = { ...(await read()), sha256: hash("sha256", bytes) };
  } catch (error) {
    if (!isPipeliteError(error, "ARCHIVE_INVALID")) throw error;
    throw pipeliteError("REPO_PACKAGE_INVALID", { file, problem: error.message }, error);
  }
  for (const [what, text] of Object.entries({
    name: entry.name,
    version: entry.version,
    architecture: entry.architecture,
  }))
    if (!PLAIN.test(text) || text.length > 255)
      throw pipeliteError("REPO_PACKAGE_INVALID", {
        file,
        problem: `its ${what} is ${JSON.stringify(text)}`,
      });
  return entry;
}

const apt: RepositoryKind = {
  format: "deb",
  read: (bytes, file) =>
    entryOf(bytes, file, async () => {
      const { control, text } = await readDebControl(bytes);
      const { md5, sha1, sha256 } = digestsOf([bytes]);
      const architecture = control.get("architecture") ?? "";
      const record: Omit<AptRecord, "file"> = {
        control: text.trim(),
        architecture,
        size: bytes.length,
        md5,
        sha1,
        sha256,
      };
      return {
        name: control.get("package") ?? "",
        version: control.get("version") ?? "",
        architecture,
        record,
      };
    }),
  places: ({ name, version, architecture }) => [
    `pool/main/${name}/${name}_${version.replace(/^\d+:/, "")}_${architecture}.deb`,
  ],
  index(entries, { key, timeSeconds, suite, origin }) {
    const all = entries.map(([file, { record }]) => ({ ...(record as AptRecord), file }));
    const named = [...new Set(all.map(({ architecture }) => architecture))].filter((each) => each !== "all");
    const architectures = named.length === 0 ? ["amd64"] : named.toSorted();
    const files = new Map<string, Uint8Array>();
    const listed: { path: string; size: number; sha256: string }[] = [];
    for (const each of architectures) {
      const folder = `main/binary-${each}`;
      const text = utf8(
        aptPackages(all.filter(({ architecture }) => architecture === each || architecture === "all")),
      );
      const packed = gzipMember(gzipSync(text, { level: 9 }));
      for (const [name, bytes] of [
        ["Packages", text],
        ["Packages.gz", packed],
      ] as const) {
        const sha256 = hash("sha256", bytes);
        files.set(`${folder}/${name}`, bytes).set(`${folder}/by-hash/SHA256/${sha256}`, bytes);
        listed.push({ path: `${folder}/${name}`, size: bytes.length, sha256 });
      }
    }
    const release = aptRelease({
      origin,
      suite,
      component: "main",
      architectures,
      dateSeconds: timeSeconds,
      files: listed,
    });
    files.set("Release", utf8(release));
    files.set("Release.gpg", utf8(openPgpDetached(utf8(release), key.openPgp, timeSeconds)));
    files.set("InRelease", utf8(openPgpClearSign(release, key.openPgp, timeSeconds)));
    return [{ folder: `dists/${suite}`, files, isKept: (path) => path.includes("/by-hash/") }];
  },
};

const ALPINE = ["x86_64", "aarch64"];

const apk: RepositoryKind = {
  format: "apk",
  read: (bytes, file) =>
    entryOf(bytes, file, () => {
      if (isAdb(bytes)) {
        const problem = "it is of version 3 of the format, and the index of version 2 can't list it";
        throw pipeliteError("REPO_PACKAGE_INVALID", { file, problem });
      }
      const read = readApk(bytes);
      const record: ApkRecord = apkRecord(read, apkIdentity(read.control), bytes.length);
      return { ...apkPlace(read), record };
    }),
  places: ({ name, version, architecture }) =>
    (architecture === "noarch" ? ALPINE : [architecture]).map((each) => `${each}/${name}-${version}.apk`),
  index(entries, { key, timeSeconds, origin }) {
    const folders = Map.groupBy(entries, ([place]) => place.slice(0, place.indexOf("/")));
    return [...folders].map(([folder, members]) => {
      const records = members.map(([, { record }]) => record as ApkRecord);
      const index = apkIndex(records, { description: origin, key: key.apk, timeSeconds });
      return { folder, files: new Map([["APKINDEX.tar.gz", index]]), isKept: () => false };
    });
  },
};

const rpm: RepositoryKind = {
  format: "rpm",
  read: (bytes, file) =>
    entryOf(bytes, file, () => {
      const read = readRpm(bytes);
      const { tags } = read;
      const text = (tag: number): string => tagText(tags, tag) ?? "";
      const [name, architecture] = [text(1000), text(1022)];
      const version = `${text(1001)}-${text(1002)}`;
      const sha256 = hash("sha256", bytes);
      const place = `packages/${name}-${version}.${architecture}.rpm`;
      const record = rpmRecord(read, { file: place, size: bytes.length, sha256 });
      return { name, version, architecture, record };
    }),
  places: ({ name, version, architecture }) => [`packages/${name}-${version}.${architecture}.rpm`],
  index(entries, { key, timeSeconds }) {
    const { files, repomd } = rpmMetadata(
      entries.map(([, { record }]) => record as RpmRecord),
      timeSeconds,
    );
    const below = new Map([...files].map(([path, bytes]) => [path.replace("repodata/", ""), bytes]));
    below.set("repomd.xml", repomd);
    below.set("repomd.xml.asc", utf8(openPgpDetached(repomd, key.openPgp, timeSeconds)));
    return [{ folder: "repodata", files: below, isKept: (path) => path.endsWith(".xml.gz") }];
  },
};

export const REPOSITORY_KINDS: Readonly<Record<RepositoryKindName, RepositoryKind>> = { apt, apk, rpm };
