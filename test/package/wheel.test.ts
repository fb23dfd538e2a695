// Wheels: names, the tags that a machine can use, conditions, and what no wheel may have.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import { isPipeliteError } from "#base/errors.ts";
import { evaluateMarker } from "#package/python-marker.ts";
import { parseWheelName, planWheel, supportedTags } from "#package/wheel.ts";
import { readZip } from "#package/zip.ts";
import { peer } from "../rig/peer.ts";
import { writeZip } from "../rig/zip.ts";

test("the name of a wheel has all tags that it says in short", () => {
  const wheel = parseWheelName(
    "Foo_Bar-1.0-2-cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
  );
  assert.equal(wheel?.name, "foo-bar");
  assert.deepEqual([wheel?.version, wheel?.build, wheel?.tags.length], ["1.0", "2", 4]);
  for (const name of [
    "x-1.0.tar.gz",
    "x-1.0-py3-none.whl",
    "../x-1.0-py3-none-any.whl",
    "x-1.0-z-py3-none-any.whl",
  ])
    assert.equal(parseWheelName(name), undefined, name);
});

test("tags are those of packaging, in its order", { skip: peer("python3") }, () => {
  const script =
    "import platform; from pip._vendor.packaging.tags import sys_tags; import sys; " +
    "print('.'.join(map(str, sys.version_info[:2])), platform.libc_ver()[1], platform.machine()); [print(t) for t in sys_tags()]";
  const { stdout, status, stderr } = spawnSync("python3", ["-c", script], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const [target = "", ...tags] = stdout.trim().split("\n");
  const [python = "", glibc = "", machine = ""] = target.split(" ");
  // Which older versions of packaging leave out.
  const isCommon = (tag: string): boolean => !/^cp\d+-none-any$/.test(tag);
  assert.deepEqual(supportedTags({ python, glibc, machine }).filter(isCommon), tags.filter(isCommon));
});

test("conditions are read as packaging reads them", () => {
  const variables = {
    python_version: "3.11",
    python_full_version: "3.11.2",
    sys_platform: "linux",
    extra: "",
    os_name: "posix",
  };
  for (const [marker, wanted] of [
    ['python_version >= "3.9"', true],
    ['python_version < "3.2"', false],
    ["python_version == '3.*' and sys_platform != 'win32'", true],
    ['(python_version < "3" or os_name == "posix") and extra == ""', true],
    ['"linux" in sys_platform', true],
    ['sys_platform not in "linux darwin"', false],
    ['python_full_version ~= "3.11.0"', true],
    ['"3.10" <= python_version', true],
  ] as const)
    assert.equal(evaluateMarker(marker, variables), wanted, marker);
  for (const marker of [
    "",
    "python_version",
    "python_version >= 3",
    "x == 'y'",
    "python_version < constructor",
    "os_name == 'posix' or",
    "os_name = 'a'",
  ])
    assert.throws(() => evaluateMarker(marker, variables), /is not understood/, marker);
});

const WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
const NAME = parseWheelName("foo-1.0-py3-none-any.whl");

function recordRow(name: string, content: string): string {
  return `${name},sha256=${createHash("sha256").update(content).digest("base64url")},${content.length}\n`;
}

function plan(files: Record<string, string>, record?: string) {
  const all: Record<string, string> = { "foo-1.0.dist-info/WHEEL": WHEEL, ...files };
  const rows = Object.entries(all).map(([name, content]) => recordRow(name, content));
  const zip = writeZip({ ...all, "foo-1.0.dist-info/RECORD": record ?? rows.join("") });
  assert.ok(NAME);
  return planWheel(NAME, readZip(zip), { site: "site", python: "python3.11" });
}

test("each file of a wheel has its place", () => {
  const { placed, launchers } = plan({
    "foo/__init__.py": "",
    "foo-1.0.data/scripts/run": "#!python\n",
    "foo-1.0.data/data/share/x": "",
    "foo-1.0.data/purelib/y.py": "",
    "foo-1.0.data/headers/foo.h": "",
    "foo-1.0.dist-info/entry_points.txt":
      "[console_scripts]\nfoo = foo.cli:app.main [fast]\n[other]\na = b:c\n",
  });
  const paths = placed.map(({ path }) => path).filter((path) => !path.includes("dist-info"));
  assert.deepEqual(paths, [
    "site/foo/__init__.py",
    "bin/run",
    "share/x",
    "site/y.py",
    "include/python3.11/foo/foo.h",
  ]);
  assert.deepEqual(launchers, [{ name: "foo", module: "foo.cli", attribute: "app.main" }]);
});

describe("a wheel is refused", () => {
  const refuse = (name: string, files: Record<string, string>, words: RegExp, record?: string): void =>
    void test(name, () => assert.throws(() => plan(files, record), { message: words }));
  refuse("with a name that leads out", { "../x": "" }, /leads out/);
  refuse("with an absolute name", { "/x": "" }, /leads out/);
  refuse(
    "with a file that is not in its RECORD",
    { x: "" },
    /not in its RECORD/,
    recordRow("foo-1.0.dist-info/WHEEL", WHEEL),
  );
  refuse(
    "with a file without a hash, or with one that does not count",
    { x: "" },
    /no hash of 'x' that counts/,
    `${recordRow("foo-1.0.dist-info/WHEEL", WHEEL)}x,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n`,
  );
  test("when a file is read that is another than its RECORD says", () => {
    const rows = [recordRow("foo-1.0.dist-info/WHEEL", WHEEL), recordRow("x", "other")];
    const { placed } = plan({ x: "" }, rows.join(""));
    assert.throws(
      () => placed.map(({ entry }) => entry.read()),
      /the sha256 of 'x' is 47DEQpj8.*RECORD says/,
    );
  });
  refuse("of a later format", { "foo-1.0.dist-info/WHEEL": "Wheel-Version: 2.0\n" }, /Wheel-Version is 2/);
  refuse("with data that belongs nowhere", { "foo-1.0.data/system/x": "" }, /belongs nowhere/);
  refuse("of two projects", { "bar-1.0.dist-info/WHEEL": WHEEL }, /2 folders/);
});

describe("a zip is refused", () => {
  const refuse = (name: string, zip: Uint8Array, words: RegExp): void =>
    void test(name, () =>
      assert.throws(
        () => readZip(zip).map(({ read }) => read()),
        (error) => isPipeliteError(error, "ARCHIVE_INVALID") && words.test(error.message),
      ),
    );
  const good = writeZip({ a: "hello hello hello" });
  const edited = (offset: number, value: number): Buffer => {
    const copy = Buffer.from(good);
    copy[offset] = value;
    return copy;
  };
  refuse("that is none", Buffer.from("hello"), /no end/);
  refuse("that is cut off", good.subarray(10), /cut off|malformed|not where|before its end/);
  refuse("whose bytes are others", edited(33, 0x41), /damaged/);
  const directory = good.lastIndexOf(Buffer.from("PK\x01\x02"));
  refuse("that is encrypted", edited(directory + 8, 1), /another way/);
  refuse("that grows beyond its size", edited(directory + 24, 3), /damaged/);
  const wide = writeZip({ a: "hello hello hello", b: "b" }, true);
  const widely = (word: string, offset: number, value: number): Buffer => {
    const copy = Buffer.from(wide);
    copy[copy.lastIndexOf(Buffer.from(word)) + offset] = value;
    return copy;
  };
  refuse("whose end of 64 bits is elsewhere", widely("PK\x06\x07", 8, 0), /64 bits is not where it says/);
  refuse("whose end is beyond all reason", widely("PK\x06\x07", 15, 0xff), /beyond all reason/);
  refuse("whose sizes of 64 bits are missing", widely("XX\0\0\x01\0", 6, 8), /does not say how large/);
  refuse("with an entry beyond its end", widely("XX\0\0\x01\0", 24, 0xff), /not where it says/);
  // Each of these is another archive to Python's own reader.
  const two = writeZip({ a: "one", b: "two" });
  const ofTwo = (offset: number, value: number): Buffer => {
    const copy = Buffer.from(two);
    copy[copy.lastIndexOf(Buffer.from("PK\x05\x06")) + offset] = value;
    return copy;
  };
  refuse(
    "that stands behind another one",
    Buffer.concat([good, good]),
    /directory does not stand before its end/,
  );
  refuse("with fewer entries than its directory", ofTwo(10, 1), /more than it says/);
  refuse("with another name where an entry stands", edited(30, 0x62), /'a' has another name where it stands/);
  refuse(
    "with something behind its end",
    Buffer.concat([good, Buffer.from("more")]),
    /something behind its end/,
  );
  const hidden = Buffer.concat([good, Buffer.from("PK\x05\x06"), Buffer.alloc(18)]);
  hidden.writeUInt16LE(22, good.length - 2);
  refuse("with an end in its comment", hidden, /directory does not stand before its end/);
  test("one with a comment is read", () => {
    const said = Buffer.concat([good, Buffer.from("words")]);
    said.writeUInt16LE(5, good.length - 2);
    assert.deepEqual(
      readZip(said).map(({ name }) => name),
      ["a"],
    );
  });
  test("one with sizes of 64 bits is read, and Python reads it, too", { skip: peer("python3") }, () => {
    assert.deepEqual(
      readZip(wide).map(({ name, size, read }) => [name, size, Buffer.from(read()).toString()]),
      [
        ["a", 17, "hello hello hello"],
        ["b", 1, "b"],
      ],
    );
    const script =
      "import io, sys, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); print(z.testzip(), z.namelist())";
    const { stdout, stderr } = spawnSync("python3", ["-c", script], { input: wide, encoding: "utf8" });
    assert.equal(stdout, "None ['a', 'b']\n", stderr);
  });
  test("a good one is read", () => {
    assert.equal(Buffer.from(readZip(good)[0]?.read() ?? []).toString(), "hello hello hello");
  });
});
