// A served store: all its names, uploads, its end; real Nix as a client.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { rmSync, statfsSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { LINGER, serveCache, type RunningServer } from "#cache/server.ts";
import { parseNarInfo, writeNarInfo } from "#nix/narinfo.ts";
import { storePathHash } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { peer, sweep } from "../rig/peer.ts";
import { absentPath } from "../store/rig.ts";
import { CacheRig, KEY, pushTo, SIGNAL, takingFrom } from "./rig.ts";

const TOKEN = "a-token-that-is-long";

function* endless(): Generator<Buffer> {
  const piece = Buffer.alloc(2 ** 20, 1);
  for (;;) yield piece;
}

async function serving<T>(
  store: Store,
  use: (url: string, server: RunningServer) => Promise<T>,
  more: { tokens?: string[]; compression?: "none" | "zstd"; keptFreeBytes?: number } = {},
): Promise<T> {
  const { tokens = [], compression = "none", keptFreeBytes = 0 } = more;
  const options = { store, host: "127.0.0.1", port: 0, key: KEY, tokens, compression, keptFreeBytes };
  const server = await serveCache(options);
  try {
    return await use(server.url, server);
  } finally {
    await server.stop();
  }
}

describe("a served store", () => {
  test("narinfo, NAR, listing, closure, missing, health, metrics", async () => {
    using rig = new CacheRig();
    const [lower, upper] = await rig.pair();
    await serving(rig.store, async (url) => {
      const get = async (name: string, init?: RequestInit) => fetch(`${url}/${name}`, init);
      const info = parseNarInfo(await (await get(`${storePathHash(upper)}.narinfo`)).text());
      assert.deepEqual([info.path, info.references, info.signatures.length], [upper, [lower], 1]);
      const nar = Buffer.from(await (await get(info.url)).arrayBuffer());
      assert.equal(nar.length, info.narSize);
      const packed = Buffer.from(await (await get(`${info.url}.zst`)).arrayBuffer());
      assert.deepEqual(zstdDecompressSync(packed), nar);
      const part = await get(info.url, { headers: { range: "bytes=10-19" } });
      assert.equal(part.status, 206);
      assert.equal(part.headers.get("content-range"), `bytes 10-19/${nar.length}`);
      assert.deepEqual(Buffer.from(await part.arrayBuffer()), nar.subarray(10, 20));
      assert.equal((await get(info.url, { headers: { range: `bytes=${nar.length}-` } })).status, 416);
      const etag = part.headers.get("etag") ?? "";
      assert.equal((await get(info.url, { headers: { "if-none-match": etag } })).status, 304);
      const closure = (await (await get(`${storePathHash(upper)}.closure.narinfo`)).text()).split("\n\n");
      assert.deepEqual(
        closure.map((text) => parseNarInfo(text.endsWith("\n") ? text : `${text}\n`).path),
        [lower, upper],
      );
      const absent = storePathHash(absentPath());
      const question = { method: "POST", body: `${absent}\n${storePathHash(upper)}\nnonsense\n` };
      assert.equal(await (await get("missing", question)).text(), `${absent}\n`);
      const long = await get("missing", { method: "POST", body: "\n".repeat(2_000_000) });
      assert.deepEqual([long.status, await long.text()], [413, "a question has at most 1048576 bytes\n"]);
      assert.deepEqual(await (await get("health")).json(), { status: "ok", paths: 2 });
      assert.match(await (await get("metrics")).text(), /^pipelite_cache_paths 2$/m);
      const listing = (await (await get(`${storePathHash(lower)}.ls`)).json()) as { version: number };
      assert.equal(listing.version, 1);
    });
  });

  test("what is not there and what is not a name of ours", async () => {
    using rig = new CacheRig();
    await rig.pair();
    await serving(rig.store, async (url) => {
      for (const name of [
        "",
        "x",
        `${storePathHash(absentPath())}.narinfo`,
        "log/..%2f..%2fetc%2fpasswd",
        "log/%2e%2e/x",
        "nar/x",
        "%",
      ]) {
        const { status } = await fetch(`${url}/${name}`);
        assert.ok(status === 404 || status === 400, `${name} ${status}`);
      }
      assert.equal((await fetch(`${url}/x`, { method: "DELETE" })).status, 405);
      assert.equal((await fetch(`${url}/x`, { method: "PUT", body: "x" })).status, 405);
    });
  });

  test("uploads with a token only, and only what is what it says", async () => {
    using rig = new CacheRig();
    const [lower, upper] = await rig.pair();
    await serving(
      rig.second.store,
      async (url) => {
        await assert.rejects(pushTo(rig.store, url, [upper]), /401/);
        await assert.rejects(pushTo(rig.store, url, [upper], { token: `${TOKEN}.` }), /401/);
        assert.deepEqual(rig.second.store.validPaths(), []);
        const headers = { authorization: `Bearer ${TOKEN}` };
        const put = async (name: string, body: string) =>
          (await fetch(`${url}/${name}`, { method: "PUT", body, headers })).status;
        assert.equal(await put("nar/x.nar", "no NAR"), 200);
        const info = rig.store.info(lower);
        assert.ok(info);
        const { writeNarInfo } = await import("#nix/narinfo.ts");
        const text = writeNarInfo({ ...info, url: "nar/x.nar", compression: "none" });
        assert.equal(await put(`${storePathHash(lower)}.narinfo`, text), 400);
        assert.equal(await put(`${storePathHash(upper)}.narinfo`, text), 400);
        assert.equal(await put("../x", "x"), 404);
        // Names that the server itself could give to what is still coming in.
        for (const name of ["12.unfinished", "a", "b", "c", "d", "e", "f", "g", "h"])
          assert.equal(await put(`nar/${name}`, "x"), 200, name);
        assert.equal(await put("nar/-12", "x"), 404);
        assert.deepEqual(rig.second.store.validPaths(), []);
        assert.equal((await pushTo(rig.store, url, [upper], { token: TOKEN })).added.length, 2);
        assert.deepEqual((await rig.second.store.verify({ checkContents: true })).problems, []);
      },
      { tokens: [TOKEN] },
    );
  });

  test(
    "who has a token can't fill the disk: neither by what is sent nor by what that unpacks to",
    { skip: sweep() },
    async () => {
      using rig = new CacheRig();
      const { bavail, bsize } = statfsSync(rig.store.home);
      const path = await rig.text("a");
      const headers = { authorization: `Bearer ${TOKEN}` };
      const bomb = zstdCompressSync(Buffer.alloc(64 * 2 ** 20));
      const info = rig.store.info(path);
      assert.ok(info);
      const claimed = writeNarInfo({ ...info, narSize: 2 ** 40, url: "nar/x.nar.zst", compression: "zstd" });
      const narInfoName = `${storePathHash(path)}.narinfo`;
      const put = async (url: string, name: string, body: string | Buffer): Promise<number> =>
        (
          await fetch(`${url}/${name}`, {
            method: "PUT",
            body: body as NonNullable<RequestInit["body"]>,
            headers,
          })
        ).status;
      await serving(
        rig.second.store,
        async (url) => {
          assert.equal(await put(url, "nar/x.nar.zst", bomb), 507);
          assert.equal(await put(url, narInfoName, claimed), 400);
        },
        { tokens: [TOKEN], keptFreeBytes: 2 * bavail * bsize },
      );
      await serving(
        rig.second.store,
        async (url) => {
          assert.equal(await put(url, "nar/x.nar.zst", bomb), 200);
          const { status } = await fetch(`${url}/nar/y.nar`, {
            method: "PUT",
            body: Readable.toWeb(Readable.from(endless())) as NonNullable<RequestInit["body"]>,
            headers,
            duplex: "half",
          });
          assert.equal(status, 507);
        },
        { tokens: [TOKEN], keptFreeBytes: Math.max(0, bavail * bsize - 256 * 2 ** 20) },
      );
      assert.deepEqual(rig.second.store.validPaths(), []);
    },
  );

  test("one question for a closure, however deep", async () => {
    using rig = new CacheRig();
    let path = await rig.text("first");
    for (let depth = 1; depth < 50; depth++) path = await rig.text(`path${depth}`, [path]);
    const requests: string[] = [];
    const server = await serveCache({
      store: rig.store,
      host: "127.0.0.1",
      port: 0,
      tokens: [],
      keptFreeBytes: 0,
      compression: "none",
      onRequest: (line) => requests.push(line),
    });
    const taken = await takingFrom(rig.second.store, [server.url]).substituter.take(path, SIGNAL);
    await server.stop();
    assert.equal(taken?.added.length, 50);
    assert.equal(requests.filter((line) => line.includes("narinfo")).length, 1);
  });

  test("who goes on sending what was refused is heard no more, and had the answer", async () => {
    using rig = new CacheRig();
    const { ms } = LINGER;
    LINGER.ms = 50;
    try {
      await serving(
        rig.store,
        async (url) => {
          const headers = { "content-length": String(2 ** 40) };
          const upload = request(`${url}/nar/x.nar`, { method: "PUT", headers });
          const answered = new Promise<number | undefined>((resolve) =>
            upload.on("response", ({ statusCode }) => resolve(statusCode)),
          );
          const gone = new Promise((resolve) => upload.on("error", resolve).on("close", resolve));
          const more = setInterval(() => upload.write("more"), 10);
          assert.equal(await answered, 401);
          await gone;
          clearInterval(more);
        },
        { tokens: [TOKEN] },
      );
    } finally {
      LINGER.ms = ms;
    }
  });

  test("what is wrong here tells nobody where", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    await serving(rig.store, async (url) => {
      const info = parseNarInfo(await (await fetch(`${url}/${storePathHash(path)}.narinfo`)).text());
      rmSync(rig.store.physical(path));
      const broken = await fetch(`${url}/${storePathHash(path)}.ls`).then((answer) => answer.text());
      const nar = await fetch(`${url}/${info.url}`).then((answer) => answer.text(), String);
      for (const said of [broken, nar]) assert.ok(!said.includes(rig.folder), said);
    });
  });

  test("a stop waits for no upload that has stalled", async () => {
    using rig = new CacheRig();
    await serving(
      rig.store,
      async (url, server) => {
        const headers = { authorization: `Bearer ${TOKEN}`, "content-length": "1000" };
        const stalled = request(`${url}/nar/x.nar`, { method: "PUT", headers });
        const ended = new Promise((resolve) => stalled.on("error", resolve).on("response", resolve));
        stalled.write("abc");
        await new Promise((resolve) => stalled.on("socket", (socket) => socket.once("connect", resolve)));
        await server.stop();
        await ended;
      },
      { tokens: [TOKEN] },
    );
  });

  test("a stop lets what is being read end", { skip: sweep() }, async () => {
    using rig = new CacheRig();
    rig.write({ "big/file": Buffer.alloc(8 << 20, "abcdefg") });
    const { path, narHash } = await rig.store.addTree(rig.path("big"), { name: "big" });
    await serving(rig.store, async (url, server) => {
      const info = parseNarInfo(await (await fetch(`${url}/${storePathHash(path)}.narinfo`)).text());
      const reading = await fetch(`${url}/${info.url}`);
      const stopped = server.stop();
      const bytes = Buffer.from(await reading.arrayBuffer());
      await stopped;
      const { createHash } = await import("node:crypto");
      assert.deepEqual(createHash("sha256").update(bytes).digest(), Buffer.from(narHash));
      await assert.rejects(fetch(`${url}/health`));
    });
  });

  test("real Nix copies from it and, with a token, to it", { skip: peer("nix") }, async () => {
    using rig = new CacheRig();
    const [lower, upper] = await rig.pair();
    // The server must go on while Nix runs: Nix is a child that is waited for by events.
    const { spawn } = await import("node:child_process");
    const nix = (...args: string[]) =>
      new Promise<string>((resolve) => {
        const env = {
          ...process.env,
          HOME: rig.folder,
          NIX_CONF_DIR: rig.folder,
          NIX_CONFIG:
            "experimental-features = nix-command ca-derivations\nbuild-users-group =\nsubstituters =",
        };
        const child = spawn("nix", args, { env, stdio: ["ignore", "pipe", "pipe"] });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.on("close", (code) => resolve(code === 0 ? "" : said));
      });
    await serving(
      rig.store,
      async (url) => {
        const home = rig.path("theirs");
        assert.equal(await nix("copy", "--store", home, "--from", url, upper), "");
        assert.equal(spawnSync("nix-store", ["--store", home, "--verify", "--check-contents"]).status, 0);
      },
      { compression: "zstd" },
    );
    rig.write({ netrc: `machine 127.0.0.1 login anna password ${TOKEN}\n` });
    await serving(
      rig.second.store,
      async (url) => {
        const args = [
          "copy",
          "--store",
          rig.home,
          "--option",
          "netrc-file",
          rig.path("netrc"),
          "--to",
          `${url}?compression=none`,
          upper,
        ];
        assert.equal(await nix(...args), "");
        assert.deepEqual(rig.second.store.validPaths(), [lower, upper].toSorted());
      },
      { tokens: [TOKEN] },
    );
  });
});
