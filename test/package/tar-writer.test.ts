// Archives that are written, held against the tools that read and write them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { byteStringOf, fromByteString, toByteString, utf8 } from "#base/bytes.ts";
import { readStrictTar, readTar } from "#package/tar-reader.ts";
import { tarHeader, writeTar, type TarDialect, type TarFile } from "#package/tar-writer.ts";
import { inputs, peer } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-tar-"));
after(() => rmSync(folder, { recursive: true }));

const DIALECTS = ["gnu", "pax"] as const;
const part = fc
  .string({
    unit: fc.constantFrom("a", "b c", "é", "\\", "ÿ", "0123456789".repeat(6)),
    minLength: 1,
    maxLength: 5,
  })
  .map(byteStringOf);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const large = (max: number) => fc.oneof(fc.nat(1000), fc.integer({ min: 0, max }));
const common = {
  name: path,
  mode: fc.constantFrom(0o644, 0o755, 0o4755),
  mtime: large(2 ** 36),
  uid: large(2 ** 32 - 2),
  gid: large(2 ** 32 - 2),
};
const member: fc.Arbitrary<TarFile> = fc.oneof(
  fc.record({ ...common, content: fc.uint8Array({ maxLength: 1100 }) }),
  fc.record({ ...common, kind: fc.constantFrom("folder" as const, "fifo" as const) }),
  fc.record({ ...common, kind: fc.constantFrom("link" as const, "hard-link" as const), target: path }),
  fc.record({
    ...common,
    kind: fc.constantFrom("character" as const, "block" as const),
    device: fc.tuple(fc.nat(300), fc.nat(300)),
  }),
);
const members = fc.uniqueArray(member, { selector: ({ name }) => name, maxLength: 6 });

const whole = ({
  name,
  kind = "file",
  mode,
  mtime,
  uid,
  gid,
  target = "",
  device = [0, 0],
  content,
}: TarFile) => ({
  path: name,
  kind,
  mode,
  mtime,
  uid,
  gid,
  target,
  device,
  content: toByteString(content ?? new Uint8Array()),
});

const READ_ALL = `
import json, sys, tarfile
KINDS = {b"0": "file", b"1": "hard-link", b"2": "link", b"3": "character", b"4": "block", b"5": "folder", b"6": "fifo"}
def text(name):
    return name.encode("utf-8", "surrogateescape").decode("latin-1")
def read(archive):
    for m in archive:
        content = archive.extractfile(m).read().decode("latin-1") if m.isreg() else ""
        yield dict(path=text(m.name), kind=KINDS[m.type], mode=m.mode, mtime=int(m.mtime), uid=m.uid, gid=m.gid,
            target=text(m.linkname), device=[m.devmajor, m.devminor], content=content)
files = [f"{sys.argv[1]}-{index}.tar" for index in range(int(sys.argv[2]))]
print(json.dumps([list(read(tarfile.open(file, "r:", encoding="utf-8"))) for file in files]))`;

describe("a written tar", () => {
  for (const dialect of DIALECTS) {
    test(`${dialect}: our reader gets back what was written`, () => {
      fc.assert(
        fc.property(members, (files) => {
          const read = [...readTar(writeTar(files, dialect))].map(
            ({ path, kind, mode, mtime, uid, gid, target, device, content }) => ({
              path,
              kind,
              mode,
              mtime,
              uid,
              gid,
              target,
              device,
              content: toByteString(content),
            }),
          );
          assert.deepEqual(read, files.map(whole));
        }),
        { numRuns: inputs(500) },
      );
    });

    test(`${dialect}: Python reads the same`, { skip: peer("python3") }, () => {
      const archives = fc.sample(members, 60);
      for (const [index, files] of archives.entries())
        writeFileSync(join(folder, `${dialect}-${index}.tar`), writeTar(files, dialect));
      const { stdout, stderr } = spawnSync(
        "python3",
        ["-c", READ_ALL, join(folder, dialect), `${archives.length}`],
        { encoding: "utf8" },
      );
      assert.deepEqual(
        JSON.parse(stdout || "null"),
        archives.map((files) => files.map(whole)),
        stderr,
      );
    });
  }

  const LONG = `${"long/".repeat(30)}file`;
  const TREE: readonly TarFile[] = [
    { name: "./", kind: "folder", mode: 0o755 },
    { name: "./file", mode: 0o644, content: utf8("some\n") },
    { name: "./link", kind: "link", mode: 0o777, target: LONG },
    { name: "./umlaut-\xc3\xbc", mode: 0o755, content: new Uint8Array(512) },
    { name: "./zhard", kind: "hard-link", mode: 0o644, target: "./file" },
  ];

  for (const dialect of DIALECTS) {
    test(`${dialect}: it is what GNU tar writes, byte for byte`, { skip: peer("tar") }, () => {
      const files: TarFile[] = [...TREE];
      let parent = ".";
      for (const name of dirname(LONG).split("/"))
        files.push({ name: (parent = `${parent}/${name}`), kind: "folder", mode: 0o755 });
      files.push({ name: `./${LONG}`, mode: 0o644, content: utf8("deep") });
      const mtime = 1e9;
      const owner = { uid: dialect === "gnu" ? 3_000_000 : 2_000_000, gid: 7 };
      const tree = join(folder, dialect);
      for (const each of files) {
        const place = Buffer.concat([Buffer.from(`${tree}/`), fromByteString(each.name)]);
        if (each.kind === "folder") mkdirSync(place, { recursive: true, mode: each.mode });
        else if (each.kind === "link") symlinkSync(each.target ?? "", place);
        else if (each.kind === "hard-link") linkSync(join(tree, each.target ?? ""), place);
        else writeFileSync(place, each.content ?? "", { mode: each.mode });
        if (each.kind !== "link") utimesSync(place, mtime, mtime);
      }
      const list = Buffer.concat(files.flatMap(({ name }) => [fromByteString(name), Buffer.from("\0")]));
      const { stdout, stderr } = spawnSync(
        "tar",
        `--format=${dialect} --directory=${tree} --blocking-factor=2 --numeric-owner --mtime=@${mtime}
          --owner=:${owner.uid} --group=:${owner.gid} --pax-option=exthdr.name=PaxHeaders/%f,delete=atime,delete=ctime
          --create --file=- --no-recursion --null --files-from=-`
          .split(/\s+/)
          .filter((word) => dialect === "pax" || !word.startsWith("--pax")),
        { input: list, env: { ...process.env, LC_ALL: "C" } },
      );
      const ours = Buffer.from(
        writeTar(
          files.map((each) => ({ ...each, ...owner, mtime })),
          dialect,
        ),
      );
      const theirs = stdout.subarray(0, ours.length);
      assert.equal(firstDifference(ours, theirs), -1, stderr.toString());
      assert.ok(stdout.subarray(ours.length).every((byte) => byte === 0));
    });
  }

  test("records of a caller stand in the header of pax, beside those that a name needs", () => {
    const file = {
      name: "n".repeat(120),
      mode: 0o644,
      records: new Map([["APK-TOOLS.checksum.SHA1", "00ff"]]),
    };
    const text = toByteString(writeTar([file], "pax"));
    assert.match(text, /\n?32 APK-TOOLS.checksum.SHA1=00ff\n130 path=n{120}\n/);
  });

  test("a folder is called with a slash, in either dialect", () => {
    for (const dialect of DIALECTS) {
      const [plain, slash] = ["usr", "usr/"].map((name) =>
        tarHeader({ name, kind: "folder", mode: 0o755 }, dialect),
      );
      assert.deepEqual(plain, slash);
    }
  });

  const refused: Record<string, [TarFile, TarDialect?]> = {
    "a name that leads out": [{ name: "a/../../b", mode: 0o644 }],
    "an absolute name": [{ name: "/etc/passwd", mode: 0o644 }],
    "an empty name": [{ name: "", mode: 0o644 }],
    "a name with a NUL": [{ name: "a\0b", mode: 0o644 }],
    "a name that is no byte string": [{ name: "€", mode: 0o644 }],
    "a file called as a folder": [{ name: "a/", mode: 0o644 }],
    "a link to nothing": [{ name: "a", kind: "link", mode: 0o777 }],
    "a folder with a content": [{ name: "a", kind: "folder", mode: 0o755, content: utf8("x") }],
    "a device without numbers": [{ name: "a", kind: "block", mode: 0o600 }],
    "a time before 1970": [{ name: "a", mode: 0o644, mtime: -1 }],
    "a time with a fraction": [{ name: "a", mode: 0o644, mtime: 0.5 }],
    "records of GNU": [{ name: "a", mode: 0o644, records: new Map([["x", "y"]]) }, "gnu"],
    "a record called twice": [{ name: "é", mode: 0o644, records: new Map([["path", "y"]]) }],
  };
  for (const [name, [file, dialect = "pax"]] of Object.entries(refused)) {
    test(`is not made of ${name}`, () => {
      assert.throws(() => writeTar([file], dialect), { code: "ERR_ASSERTION" });
    });
  }
});

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at >= 0 ? at : a.length === b.length ? -1 : Math.min(a.length, b.length);
}

test("a file of more than octal digits can say is said otherwise, and read so, without its bytes", () => {
  for (const dialect of ["gnu", "pax"] as const)
    for (const size of [8 ** 11, 2 ** 40 + 1]) {
      const header = tarHeader({ name: "large", mode: 0o644, size }, dialect);
      // As much as the reader asks for: the header, and zeros behind it.
      const end = header.length + Math.ceil(size / 512) * 512 + 1024;
      const sparse = {
        length: end,
        subarray: (from: number, to: number): Uint8Array => {
          const bytes = Buffer.alloc(Math.min(to, end) - from);
          if (from < header.length) bytes.set(header.subarray(from, Math.min(to, header.length)));
          return bytes;
        },
      };
      assert.deepEqual(
        [...readStrictTar(sparse)].map((entry) => [entry.path, entry.size]),
        [["large", size]],
        dialect,
      );
    }
});
