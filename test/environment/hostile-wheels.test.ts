// Lock files of Python, indices and wheels that somebody made to be costly or to lead elsewhere.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { mirrorsOf } from "#environment/mirrors.ts";
import { indexFilesOf } from "#environment/python/package-index.ts";
import { readRequirements } from "#environment/python/requirements.ts";
import { planWheel } from "#package/wheel.ts";
import { readZip } from "#package/zip.ts";
import { writeZip } from "../rig/zip.ts";

const LONG = 300_000;
const hash = "a".repeat(64);
const read = (file: string, text: string) => readRequirements(file, text, {});
const refuses = (file: string, text: string, words: RegExp): void =>
  assert.throws(
    () => read(file, text),
    (error: Error) => words.test(error.message) && error.message.length < 500,
  );

test("requirements cost what they are long", () => {
  const blanks = " ".repeat(LONG);
  refuses("r.txt", `foo${blanks}x`, /only `NAME==VERSION/);
  refuses("r.txt", `foo==1;${blanks}${` --hash=sha256:${hash}`.repeat(5000)} --hash`, /only `NAME==VERSION/);
  assert.equal(read("r.txt", `foo == 1.0${blanks}--hash${blanks}sha256:${hash} # ${blanks}`).length, 1);
  const stanza = (i: number): string =>
    `[[package]]\nname = "p${i}"\nversion = "1"\nsource = { registry = "x" }\n` +
    `wheels = [{ hash = "sha256:${hash}" }]\ndependencies = [{ name = "p${i + 1}" }]\n`;
  const end = stanza(20_000).replace(/dependencies.*\n/, "");
  const first = `version = 1\n[[package]]\nname = "own"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "p0" }]\n`;
  const row = Array.from({ length: 20_000 }, (_, i) => stanza(i));
  assert.equal(read("uv.lock", [first, ...row, end].join("")).length, 20_001);
});

test("what is no name of a project, or two versions of one, is refused", () => {
  const one = (name: string, version = "1") =>
    `[[packages]]\nname = ${JSON.stringify(name)}\nversion = ${JSON.stringify(version)}\nwheels = [{ hashes = { sha256 = "${hash}" } }]\n`;
  const lock = (...parts: string[]) => `lock-version = "1.0"\n${parts.join("")}`;
  for (const name of ["../../other", "a/b", "a?b", "a\u001b[31m", "", "x".repeat(100_000), "a\nb", "ä"])
    refuses("pylock.toml", lock(one(name)), /is not the name of a project/);
  for (const version of ["", "1 2", "1\u001b", "1".repeat(1000)])
    refuses("pylock.toml", lock(one("a", version)), /'a' has no version/);
  refuses(
    "pylock.toml",
    lock(one("Foo.Bar"), one("foo-bar", "2")),
    /it has 'foo-bar' twice for this machine/,
  );
  assert.equal(read("pylock.toml", lock(one("Foo.Bar"), one("foo_bar"))).length, 1);
  refuses("r.txt", `foo==1 --hash=sha256:${hash}\nFOO==2 --hash=sha256:${hash}\n`, /it has 'foo' twice/);
});

test("a page of an index costs what it is long, and names no file of this machine", async () => {
  const wheel = "foo-1.0-py3-none-any.whl";
  const good = `<a\nhref="/foo/${wheel}#sha256=${hash}" data-x='1'> ${wheel} </a>`;
  const json = (url: string, size: number) =>
    JSON.stringify({ files: [{ filename: wheel, url, size, hashes: { sha256: hash } }] });
  const pages: [page: string, files: number][] = [
    [good, 1],
    ["<a ".repeat(LONG), 0],
    [`<a href="x">${" ".repeat(LONG)}x${good}`, 1],
    [`<a ${"href ".repeat(LONG)}>x</a>${good}`, 1],
    [`<a href="file:///dev/zero#sha256=${hash}">${wheel}</a>`, 0],
    [json("file:///dev/zero", 1), 0],
    [json(`/foo/${wheel}`, -1), 1],
  ];
  let page = "";
  const server = createServer((_, response) => void response.end(page));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const env = { PIP_INDEX_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    for (const [text, files] of pages) {
      page = text;
      const { signal } = new AbortController();
      const found = await indexFilesOf("foo", { mirrors: mirrorsOf({}, "/nowhere"), env, signal });
      assert.deepEqual(
        [found.length, ...found.map(({ name, size }) => [name, size])],
        [files, ...Array.from({ length: files }, () => [wheel, undefined])],
        text.slice(0, 60),
      );
    }
  } finally {
    server.close();
  }
});

test("entry points of a wheel cost what they are long", () => {
  const blanks = " ".repeat(LONG);
  const lines = [`a = b : c${blanks}x`, `[x]${blanks}]${blanks}x`, `a${blanks}b`, "foo = foo:main [extra] "];
  const info = "foo-1.0.dist-info";
  const files: Record<string, string> = {
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\n",
    [`${info}/entry_points.txt`]: ["[console_scripts]", ...lines].join("\n"),
  };
  const rows = Object.entries(files).map(
    ([name, content]) => `${name},sha256=${createHash("sha256").update(content).digest("base64url")},\n`,
  );
  const zip = writeZip({ ...files, [`${info}/RECORD`]: rows.join("") });
  const { launchers } = planWheel({ name: "foo", version: "1.0", build: "", tags: [] }, readZip(zip), {
    site: "s",
    python: "p",
  });
  assert.deepEqual(launchers, [{ name: "foo", module: "foo", attribute: "main" }]);
});
