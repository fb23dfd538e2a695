// Locked files come from wherever they can be had, and only as what they are.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { hexDigestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { fetchFiles } from "#environment/fetch.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { pathOfFile, type InArchive, type LockedFile } from "#environment/step.ts";
import { openStore } from "#store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-fetch-"));
const store = openStore(join(folder, "home"));
after(() => {
  store.close();
  rmSync(folder, { recursive: true });
});
const { signal } = new AbortController();
let files = 0;

function locked(content: string): LockedFile & { from: InArchive } {
  files += 1;
  const path = `pool/main/file_${files}.deb`;
  const from = { kind: "archive", archive: "debian", path, date: "2026-01-02T03:04:05.000Z" } as const;
  return { name: `file-${files}.deb`, sha256: hexDigestOf(content), size: content.length, from };
}

function put(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const at = (name: string) => pathToFileURL(join(folder, name)).href;
const fetchFrom = (words: string, ...wanted: LockedFile[]) =>
  fetchFiles(store, wanted, { mirrors: mirrorsOf({ PIPELITE_MIRRORS: words }, "/nowhere"), env: {}, signal });
const is = (code: string, words: RegExp) => (error: unknown) =>
  isPipeliteError(error, code) &&
  words.test(`${error.message} ${error.hint}`) &&
  !error.message.includes(folder);

test("a file is added at its fixed path, once", async () => {
  const file = locked("one");
  put(`debian/${file.from.path}`, "one");
  await fetchFrom(`debian=${at("debian")}`, file, file);
  assert.ok(store.isPresent(pathOfFile(file)));
  await fetchFrom("debian=file:///nowhere", file);
});

test("what a mirror dropped comes from the snapshot of the moment it was locked at", async () => {
  const file = locked("dropped");
  put(`snapshot/archive/debian/20260102T030405Z/${file.from.path}`, "dropped");
  await fetchFrom(`debian=${at("debian")} snapshot=${at("snapshot")}`, file);
  assert.ok(store.isPresent(pathOfFile(file)));
});

test("what is nowhere is named, with what to do, and no address", async () => {
  await assert.rejects(
    fetchFrom(`debian=${at("debian")}`, locked("gone")),
    is("FILE_UNAVAILABLE", /file-3.deb of the archive debian.*snapshot/s),
  );
});

test("other bytes are refused, and nothing of them is kept", async () => {
  const file = locked("right");
  put(`debian/${file.from.path}`, "wrong");
  await assert.rejects(
    fetchFrom(`debian=${at("debian")}`, file),
    is("FILE_HASH_DIFFERS", /the lock file says/),
  );
  assert.ok(!store.isPresent(pathOfFile(file)));
});

describe("a server", () => {
  const answers: { status: number; body: string; cut?: boolean; to?: string }[] = [];
  const server: Server = createServer((_, response) => {
    const { status, body, cut, to } = answers.shift() ?? { status: 500, body: "" };
    if (to !== undefined) response.setHeader("location", to);
    response.writeHead(status, { "content-length": cut === true ? body.length + 5 : body.length });
    response.write(body);
    if (cut === true) response.destroy();
    else response.end();
  });
  const address = async () => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `debian=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  after(() => server.close());

  test("that is busy, or cuts a file short, is asked again", async () => {
    const file = locked("patience");
    answers.push(
      { status: 429, body: "" },
      { status: 200, body: "pat", cut: true },
      { status: 200, body: "patience" },
    );
    await fetchFrom(await address(), file);
    assert.ok(store.isPresent(pathOfFile(file)));
  });
  test("is asked once for a file that two environments want at the same time", async () => {
    const file = locked("shared");
    answers.push({ status: 200, body: "shared" }, { status: 200, body: "asked twice" });
    const words = await address();
    await Promise.all([fetchFrom(words, file), fetchFrom(words, file)]);
    assert.ok(store.isPresent(pathOfFile(file)));
    assert.equal(answers.length, 1);
    answers.length = 0;
  });
  test("that says no is not asked again", async () => {
    answers.push({ status: 404, body: "" }, { status: 200, body: "unasked" });
    await assert.rejects(fetchFrom(await address(), locked("unasked")), is("FILE_UNAVAILABLE", /404/));
    assert.equal(answers.length, 1);
    answers.length = 0;
  });
  test("that leads to an address with a password is not followed, and nothing of it is shown", async () => {
    const words = await address();
    const to = `${words.slice("debian=".length).replace("://", "://u:hidden@")}/x`;
    answers.push({ status: 302, body: "", to }, { status: 200, body: "unasked" });
    await assert.rejects(
      fetchFrom(words, locked("unasked")),
      (error: Error) => is("FILE_UNAVAILABLE", /a password/)(error) && !error.message.includes("hidden"),
    );
    assert.equal(answers.length, 1);
    answers.length = 0;
  });
  test("that sends more than was locked is not listened to", async () => {
    answers.push({ status: 200, body: "x".repeat(100_000) });
    await assert.rejects(
      fetchFrom(await address(), locked("small")),
      is("FILE_UNAVAILABLE", /more than 5 bytes/),
    );
  });
});
