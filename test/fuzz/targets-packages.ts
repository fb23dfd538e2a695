// Parsers of what archives of packages and programs of a machine hold.
import { readStorePart } from "#archive/store-part.ts";
import { ArchiveReader } from "#archive/read.ts";
import { editsToName, readLoader } from "#base/elf.ts";
import { readShebang } from "#base/shebang.ts";
import { faultOfLocked } from "#environment/debian/locked.ts";
import { readRelease } from "#environment/debian/release.ts";
import { solve } from "#environment/debian/solver.ts";
import { Universe } from "#environment/debian/universe.ts";
import { readLockFile } from "#environment/lock-file.ts";
import { parsePackageLock } from "#environment/npm/package-lock.ts";
import { readAptSources } from "#environment/mirrors.ts";
import { readApk3 } from "#package/apk3.ts";
import { readAr } from "#package/ar.ts";
import { decompress } from "#package/decompress.ts";
import { compareVersions } from "#package/debian-version.ts";
import { parseRelations } from "#package/debian-relations.ts";
import { readKeyring } from "#package/openpgp-keyring.ts";
import { readStrictTar, readTar } from "#package/tar-reader.ts";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { archiveOf, smallMembers } from "../archive/rig.ts";
import { clearSign, newSigningKey, packet } from "../rig/openpgp.ts";
import { XZ, documents, isSyntax, ofFile, ofText, texts } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const keys = [newSigningKey("rsa"), newSigningKey("ed25519")];
const trusted = keys.map(({ publicKey: key }) => ({ key, expires: undefined }));
const RELEASE = `Suite: s
Codename: s
Date: Sat, 03 Jan 2026 00:00:00 UTC
Valid-Until: Sat, 10 Jan 2026 00:00:00 UTC
SHA256:
 ${"0".repeat(64)} 12 main/binary-amd64/Packages.xz`;
const INDEX = `Package: a
Version: 1:2.0~rc1-3
Architecture: amd64
Essential: yes
Depends: b (>= 1.0) | c, d:any
Provides: e (= 2)

Package: b
Version: 1.0
Architecture: all
Conflicts: c

Package: d
Multi-Arch: allowed
Version: 2
Architecture: amd64
`;
const LOCKED = {
  request: { kind: "debian" as const, suite: "s", packages: ["a"] },
  architecture: "amd64",
  resolver: 1,
  suites: [],
  base: 0,
  packages: [
    {
      name: "a",
      version: "1",
      architecture: "amd64",
      archive: "debian",
      path: "pool/a.deb",
      size: 1,
      sha256: "0".repeat(64),
    },
  ],
};

const NPM = {
  "": { name: "mine" },
  "node_modules/@a/b": {
    version: "1.0.0-rc.1",
    name: "c",
    integrity: `sha512-${"A".repeat(86)}==`,
    os: ["!win32"],
    cpu: ["x64", "arm64"],
    optional: true,
  },
  "node_modules/@a/b/node_modules/c": { version: "2.0.0", integrity: `sha512-${"B".repeat(86)}==` },
};

/** A tar of this test's own making, with the formats that GNU tar writes. */
function tars(): Uint8Array[] {
  const make = (format: string) =>
    execFileSync("tar", ["-c", `--format=${format}`, "-C", import.meta.dirname, "planted.ts"]);
  return ["ustar", "gnu", "pax"].map(make);
}

/** ELF-64 with a loader and no more. */
function elf(): Buffer {
  const bytes = Buffer.alloc(64 + 2 * 56 + 32);
  bytes.write("\x7fELF\x02\x01\x01", "latin1");
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  for (const [index, type] of [3, 2].entries()) {
    const at = 64 + index * 56;
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(176n, at + 8);
    bytes.writeBigUInt64LE(32n, at + 32);
  }
  bytes.write("/lib64/ld.so\0", 176, "latin1");
  return bytes;
}

const deb = Buffer.from(
  `!<arch>\n${"debian-binary".padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${"4".padEnd(10)}\`\n2.0\n`,
);

export const packageTargets: readonly Target[] = [
  { name: "ar", parse: (input) => void readAr(input), corpus: [deb] },
  {
    name: "apk-3",
    parse: (input) => void readApk3(input),
    corpus: [readFileSync(join(import.meta.dirname, "../package/vectors/apk3/none.apk"))],
  },
  { name: "tar-strict", parse: (input) => void [...readStrictTar(input)], corpus: tars() },
  { name: "tar", parse: (input) => void [...readTar(input)], corpus: tars() },
  ...(["xz", "gz", "zst"] as const).map((suffix) => ({
    name: `packed-${suffix}`,
    parse: async (input: Uint8Array) => void (await decompress(input, `.${suffix}`)),
    corpus: [
      {
        xz: Buffer.from(XZ, "base64"),
        gz: gzipSync("abcabc"),
        zst: zstdCompressSync(Buffer.from("abcabc")),
      }[suffix],
    ],
  })),
  {
    name: "keyring",
    parse: (input) => void readKeyring(input),
    corpus: keys.map(({ body }) => Buffer.concat([packet(6, body), packet(13, Buffer.from("a"))])),
  },
  {
    name: "release",
    parse: (input) =>
      void readRelease(input, {
        archive: "debian",
        suite: "s",
        keys: trusted,
        now: new Date("2026-01-04T00:00:00Z"),
        isSnapshot: false,
      }),
    corpus: texts(clearSign(RELEASE, keys), clearSign(RELEASE, keys.slice(1))),
  },
  {
    name: "package-index",
    parse: ofText((text) => void solve(new Universe([{ text, archive: "debian" }], "amd64"), ["a"])),
    corpus: texts(INDEX),
  },
  {
    name: "package-words",
    parse: ofText((text) => {
      const [version = "", relations = ""] = text.split("\n");
      compareVersions(version, relations);
      parseRelations(relations);
    }),
    corpus: texts("1:2.0~rc1-3\na (>= 1.0) [amd64] <!nocheck> | b:any, c"),
  },
  {
    name: "lock-file",
    parse: ofFile("pipelite.lock.json", (file) => {
      const environments = readLockFile(dirname(file))["environments"];
      faultOfLocked(environments, LOCKED.request);
    }),
    corpus: documents({ version: 1, environments: LOCKED }),
  },
  {
    name: "package-lock",
    parse: (input) => void parsePackageLock(input, "package-lock.json"),
    corpus: documents({ lockfileVersion: 3, packages: NPM }),
  },
  {
    name: "apt-sources",
    parse: ofFile("sources.list", (file) => {
      mkdirSync(join(dirname(file), "sources.list.d"), { recursive: true });
      readAptSources(dirname(file));
    }),
    corpus: texts("deb [signed-by=/x] http://a.b/debian bookworm main # c\n"),
  },
  {
    name: "program",
    parse: ofFile("program", (file) => {
      readShebang(file);
      readLoader(file);
      editsToName(file, { loader: "/l", libraries: "/x" });
    }),
    isRefusal: isSyntax,
    corpus: [elf(), Buffer.from("#!/usr/bin/env -S node --x\n")],
  },
  {
    name: "run-archive",
    parse: (input) => void readStorePart(new ArchiveReader(input, "x.tar")),
    corpus: [archiveOf(smallMembers())],
  },
  {
    // The same with hashes that are right, so that what lies behind them is reached.
    name: "run-archive-members",
    parse: (input) => {
      const members = new Map(
        [...readTar(input)].map(({ path, content }) => [path, new Uint8Array(content)]),
      );
      members.delete("SHA256SUMS");
      readStorePart(new ArchiveReader(archiveOf(members), "x.tar"));
    },
    corpus: [archiveOf(smallMembers())],
  },
];
