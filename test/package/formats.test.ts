// Formats of packages, held against the tools that write them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { readAr } from "#package/ar.ts";
import { parseStanzas } from "#package/deb822.ts";
import { parseRelations } from "#package/debian-relations.ts";
import { compareVersions, isVersionWithin } from "#package/debian-version.ts";
import { decompress } from "#package/decompress.ts";
import { readClearSigned } from "#package/openpgp.ts";
import { readTar } from "#package/tar-reader.ts";
import { inputs, peer, sweep } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-formats-"));
after(() => rmSync(folder, { recursive: true }));

const isInvalid = (error: unknown) => isPipeliteError(error, "ARCHIVE_INVALID");

describe("versions of Debian", () => {
  /** Each before the next. */
  const ORDERED = [
    "1.0~~",
    "1.0~~a",
    "1.0~",
    "1.0",
    "1.0a",
    "1.0+b",
    "1.0.1",
    "1.1~rc1",
    "1.1",
    "1.2",
    "1.10",
    "1:0.1",
  ];
  const EQUAL = [
    ["1.", "1.0"],
    ["1a", "1a0"],
    ["1..0", "1.."],
    ["0:1", "1"],
    ["1.0-0", "1.0"],
    ["1.0-01", "1.0-1"],
  ] as const;
  const sign = (a: string, b: string) => Math.sign(compareVersions(a, b));

  test("are in the order of deb-version(7)", () => {
    for (const [i, a] of ORDERED.entries())
      for (const [j, b] of ORDERED.entries()) assert.equal(sign(a, b), Math.sign(i - j), `${a} and ${b}`);
    for (const [a, b] of EQUAL) assert.equal(sign(a, b), 0, `${a} and ${b}`);
  });

  test("dpkg has them in the same order", { skip: peer("dpkg") || sweep() }, () => {
    const version = fc.stringMatching(/^([0-2]:)?[0-3][0-3a-c.+~]{0,5}(-[0-2][0-2a.+~]{0,3})?$/);
    fc.assert(
      fc.property(version, version, (a, b) => {
        const isLess = spawnSync("dpkg", ["--compare-versions", a, "lt", b]).status === 0;
        const isEqual = spawnSync("dpkg", ["--compare-versions", a, "eq", b]).status === 0;
        assert.equal(sign(a, b), isEqual ? 0 : isLess ? -1 : 1, `${a} and ${b}`);
      }),
      { numRuns: inputs(400) },
    );
  });

  test("bounds", () => {
    assert.deepEqual(
      (["<<", "<=", "=", ">=", ">>"] as const).map((relation) => isVersionWithin("1.0", relation, "1.0")),
      [false, true, true, true, false],
    );
  });
});

test("relations: alternatives, versions, qualifiers, architectures and profiles", () => {
  const text = "a (>= 1:2~) | b:any, c [amd64] <!nocheck>, d (<< 3),";
  assert.deepEqual(parseRelations(text), [
    [
      { name: "a", relation: ">=", version: "1:2~" },
      { name: "b", qualifier: "any" },
    ],
    [{ name: "c" }],
    [{ name: "d", relation: "<<", version: "3" }],
  ]);
  assert.throws(
    () => parseRelations("a (2)"),
    (error) => isPipeliteError(error, "DEBIAN_RELATION_INVALID"),
  );
});

test("stanzas: fields without case, lines that go on, comments", () => {
  const [first, second] = parseStanzas("Package: a\n# no\nDescription: one\n two\n .\n\n\npackage: b\n");
  assert.deepEqual(
    [...(first ?? [])],
    [
      ["package", "a"],
      ["description", "one\ntwo\n."],
    ],
  );
  assert.equal(second?.get("package"), "b");
});

describe("tar", () => {
  const long = `${"d".repeat(90)}/${"f".repeat(95)}`;
  const make = (...args: string[]) => {
    const file = join(folder, "made.tar");
    assert.equal(spawnSync("tar", ["-cf", file, "-C", join(folder, "tree"), ...args, "."]).status, 0);
    return readFileSync(file);
  };
  const fill = () => {
    const tree = join(folder, "tree");
    rmSync(tree, { recursive: true, force: true });
    mkdirSync(join(tree, "d".repeat(90)), { recursive: true });
    writeFileSync(join(tree, long), "long");
    writeFileSync(join(tree, "program"), "#!");
    chmodSync(join(tree, "program"), 0o4755);
    linkSync(join(tree, "program"), join(tree, "same"));
    symlinkSync("/usr/bin/env", join(tree, "link"));
  };

  for (const format of ["gnu", "pax", "ustar"]) {
    test(`as GNU tar writes ${format}`, { skip: peer("tar") }, () => {
      fill();
      const entries = new Map(
        [...readTar(make(`--format=${format}`, "--sort=name"))].map((each) => [each.path, each]),
      );
      assert.equal(entries.get("")?.kind, "folder");
      assert.equal(Buffer.from(entries.get(long)?.content ?? []).toString(), "long");
      assert.equal(entries.get("link")?.target, "/usr/bin/env");
      assert.equal((entries.get("program")?.mode ?? 0) & 0o7777, 0o4755);
      assert.deepEqual([entries.get("same")?.kind, entries.get("same")?.target], ["hard-link", "program"]);
    });
  }

  const header = (name: string, type = "0", size = "00000000000", target = "") => {
    const block = Buffer.alloc(512);
    block.write(name, 0, "latin1");
    block.write("0000644\0", 100);
    block.write(`${size}\0`, 124);
    block.write("        ", 148);
    block.write(type, 156);
    block.write(target, 157, "latin1");
    block.write("ustar\0", 257);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return block;
  };
  const end = Buffer.alloc(1024);
  const refuse = (name: string, ...blocks: Buffer[]): void =>
    void test(`refuses ${name}`, () => assert.throws(() => [...readTar(Buffer.concat(blocks))], isInvalid));

  refuse("a name that leads out", header("a/../../b"), end);
  refuse("an absolute name", header("/etc/passwd"), end);
  refuse("a hard link that leads out", header("a", "1", "00000000000", "../b"), end);
  refuse("an archive that is cut off", header("a", "0", "00000001000"), Buffer.alloc(100));
  refuse("one without an end", header("a"));
  refuse("an unknown kind of entry", header("a", "S"), end);
  refuse("a wrong checksum", Buffer.concat([Buffer.from("b"), header("a").subarray(1)]), end);

  test("bytes of any kind are refused or read", () => {
    const whole = Buffer.concat([header("one"), header("two", "5"), end]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        try {
          for (const { path } of readTar(changed)) assert.ok(!path.split("/").includes(".."));
        } catch (error) {
          assert.ok(isInvalid(error), String(error));
        }
      }),
    );
  });
});

describe("ar", () => {
  const member = (name: string, content: string) =>
    `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(content.length).padEnd(10)}\`\n${content}${content.length % 2 === 1 ? "\n" : ""}`;
  test("members, of odd length too", () => {
    const bytes = Buffer.from(`!<arch>\n${member("debian-binary", "2.0")}${member("data.tar/", "xy")}`);
    const members = readAr(bytes).map(({ name, content }) => [name, Buffer.from(content).toString()]);
    assert.deepEqual(members, [
      ["debian-binary", "2.0"],
      ["data.tar", "xy"],
    ]);
  });
  test("one that is cut off, or is none", () => {
    const bytes = Buffer.from(`!<arch>\n${member("a", "content")}`);
    for (const each of [bytes.subarray(0, -4), bytes.subarray(0, 30), Buffer.from("no")])
      assert.throws(() => readAr(each), isInvalid);
  });
});

describe("compression", () => {
  const text = Buffer.from("something ".repeat(100_000));
  test("zstd", async () =>
    assert.deepEqual(Buffer.from(await decompress(zstdCompressSync(text), ".zst")), text));
  test("xz, as xz writes it", { skip: peer("xz") }, async () => {
    const { stdout } = spawnSync("xz", ["-c"], { input: text });
    assert.deepEqual(Buffer.from(await decompress(stdout, ".xz")), text);
    await assert.rejects(decompress(stdout.subarray(0, stdout.length >> 1), ".xz"), isInvalid);
    const changed = Buffer.from(stdout);
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    await assert.rejects(decompress(changed, ".xz"), isInvalid);
  });
  test("what is none of its kind is refused", async () => {
    for (const suffix of [".gz", ".xz", ".zst", ".rar"])
      await assert.rejects(decompress(text, suffix), isInvalid);
  });
});

test("relations and signed texts that are made of blanks take no more than their size explains", () => {
  const blanks = " ".repeat(200_000);
  const start = process.cpuUsage();
  assert.throws(
    () => parseRelations(`a${blanks}!`),
    (error) => isPipeliteError(error, "DEBIAN_RELATION_INVALID"),
  );
  assert.throws(
    () => readClearSigned(Buffer.from(`-----BEGIN PGP SIGNED MESSAGE-----\n\n${blanks}x`)),
    (error) => isPipeliteError(error, "OPENPGP_INVALID"),
  );
  assert.ok(process.cpuUsage(start).user < 5e6);
});

test("what unpacks without end is refused before it fills the memory", { skip: sweep() }, async () => {
  const bomb = zstdCompressSync(Buffer.alloc(2 ** 30));
  await assert.rejects(decompress(bomb, ".zst"), isInvalid);
});
