// Caches that lie, break off or never end: each is refused and named, nothing of it is registered, and the next one is asked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { isPipeliteError } from "#base/errors.ts";
import { filesBelow } from "#base/files.ts";
import { PACE } from "#base/web.ts";
import { realisationId, writeRealisation } from "#nix/realisation.ts";
import { signFingerprint } from "#nix/signature.ts";
import { storePathHash, type StorePath } from "#nix/store-path.ts";
import {
  CacheRig,
  FakeServer,
  filesOf,
  KEY,
  pushTo,
  serving,
  SIGNAL,
  takingFrom,
  type Handler,
} from "./rig.ts";
import { sweep } from "../rig/peer.ts";

type Files = Map<string, string | Uint8Array>;

interface Lie {
  what: string;
  code: string;
  change: (files: Files, path: StorePath, other: StorePath) => void;
}

const NIX32_ZERO = "0".repeat(52);

function edit(files: Files, path: StorePath, change: (text: string) => string): void {
  const name = `${storePathHash(path)}.narinfo`;
  files.set(name, change(String(files.get(name))));
}

function narOf(files: Files, path: StorePath): string {
  return /^URL: (.*)$/m.exec(String(files.get(`${storePathHash(path)}.narinfo`)))?.[1] ?? "";
}

const LIES: readonly Lie[] = [
  {
    what: "another content under the right name",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path, other) => files.set(narOf(files, path), files.get(narOf(files, other)) ?? ""),
  },
  {
    what: "a hash that is not that of the content",
    code: "CACHE_UNTRUSTED",
    change: (files, path) =>
      edit(files, path, (text) =>
        text.replace(/NarHash: .*/, `NarHash: sha256:${NIX32_ZERO}`).replace(/CA: .*\n/, ""),
      ),
  },
  {
    what: "a smaller size",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => edit(files, path, (text) => text.replace(/NarSize: .*/, "NarSize: 8")),
  },
  {
    what: "a larger size",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => edit(files, path, (text) => text.replace(/NarSize: .*/, "NarSize: 99999999")),
  },
  {
    what: "a size beyond all reason",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) =>
      edit(files, path, (text) => text.replace(/NarSize: .*/, "NarSize: 9007199254740991")),
  },
  {
    what: "a narinfo of another path",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path, other) =>
      files.set(`${storePathHash(path)}.narinfo`, files.get(`${storePathHash(other)}.narinfo`) ?? ""),
  },
  {
    what: "a content address that does not give the path",
    code: "CACHE_UNTRUSTED",
    change: (files, path) =>
      edit(files, path, (text) => text.replace(/CA: .*/, `CA: fixed:r:sha256:${NIX32_ZERO}`)),
  },
  {
    what: "no content address and no signature",
    code: "CACHE_UNTRUSTED",
    change: (files, path) => edit(files, path, (text) => text.replace(/CA: .*\n/, "")),
  },
  ...[
    "../../etc/passwd",
    "/etc/passwd",
    "http://127.0.0.1:1/x",
    "nar/../../x",
    "nar/%2e%2e/x",
    "nar//x",
    "..",
  ].map((url) => ({
    what: `the URL ${url}`,
    code: "CACHE_ANSWER_WRONG",
    change: (files: Files, path: StorePath) =>
      edit(files, path, (text) => text.replace(/URL: .*/, `URL: ${url}`)),
  })),
  {
    what: "an unknown compression",
    code: "CACHE_COMPRESSION_UNKNOWN",
    change: (files, path) =>
      edit(files, path, (text) => text.replace(/Compression: .*/, "Compression: lzip")),
  },
  {
    what: "bytes that cannot be unpacked",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => files.set(narOf(files, path), "no zstd at all"),
  },
  {
    what: "half a NAR",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => {
      const whole = Buffer.from(files.get(narOf(files, path)) ?? "");
      files.set(narOf(files, path), whole.subarray(0, whole.length / 2));
    },
  },
  {
    what: "a NAR that leads out of its folder",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => {
      const frame = (text: string) => {
        const framed = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8);
        framed.writeUInt32LE(text.length);
        framed.write(text, 8, "latin1");
        return framed;
      };
      const words = [
        "nix-archive-1",
        "(",
        "type",
        "directory",
        "entry",
        "(",
        "name",
        "../../x",
        "node",
        "(",
        "type",
      ];
      const nar = Buffer.concat([...words, "symlink", "target", "/etc", ")", ")", ")"].map(frame));
      files.set(narOf(files, path), gzipSync(nar));
      edit(files, path, (text) =>
        text.replace(/Compression: .*/, "Compression: gzip").replace(/NarSize: .*/, `NarSize: ${nar.length}`),
      );
    },
  },
  {
    what: "a bomb",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => {
      files.set(narOf(files, path), gzipSync(Buffer.alloc(1 << 26)));
      edit(files, path, (text) => text.replace(/Compression: .*/, "Compression: gzip"));
    },
  },
  {
    what: "no NAR where the narinfo says",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => files.delete(narOf(files, path)),
  },
  {
    what: "a narinfo without end",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => files.set(`${storePathHash(path)}.narinfo`, Buffer.alloc((16 << 20) + 1, 65)),
  },
  {
    what: "no narinfo at all but a page",
    code: "CACHE_ANSWER_WRONG",
    change: (files, path) => files.set(`${storePathHash(path)}.narinfo`, "<html>sign in</html>\n"),
  },
  {
    what: "a cache for another store folder",
    code: "CACHE_FOREIGN",
    change: (files) => files.set("nix-cache-info", "StoreDir: /gnu/store\n"),
  },
];

async function served(rig: CacheRig, path: StorePath): Promise<Files> {
  await pushTo(rig.store, rig.cache, [path]);
  return new Map(filesBelow(rig.cache).map((name) => [name, readFileSync(`${rig.cache}/${name}`)]));
}

describe("hostile caches", () => {
  for (const { what, code, change } of LIES) {
    test(`${what}: refused, nothing kept, and the good cache behind it is asked`, async () => {
      using rig = new CacheRig();
      const [path, other] = [await rig.text("path"), await rig.text("other")];
      await pushTo(rig.store, rig.cache, [other]);
      const files = await served(rig, path);
      change(files, path, other);
      await using server = await FakeServer.start(serving(files));
      const { store } = rig.second;
      const alone = takingFrom(store, [server.url]);
      assert.equal(await alone.substituter.take(path, SIGNAL), undefined);
      assert.deepEqual(alone.refused, [{ url: server.url, code }]);
      assert.deepEqual(store.validPaths(), []);
      const both = takingFrom(store, [server.url, rig.cache]);
      assert.deepEqual((await both.substituter.take(path, SIGNAL))?.added, [path]);
      assert.deepEqual((await store.verify({ checkContents: true })).problems, []);
    });
  }

  test("a body that never ends is left as soon as it is longer than it said", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    await pushTo(rig.store, rig.cache, [path], { compression: "none" });
    const files = await served(rig, path);
    const endless: Handler = (request, response, count) => {
      if (!(request.url ?? "").startsWith("/nar/")) return serving(files)(request, response, count);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    await using server = await FakeServer.start(endless);
    const { substituter, refused } = takingFrom(rig.second.store, [server.url]);
    assert.equal(await substituter.take(path, SIGNAL), undefined);
    assert.deepEqual(
      refused.map(({ code }) => code),
      ["CACHE_ANSWER_WRONG"],
    );
  });

  test("packed bytes without end that come to nothing are left, too", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    await pushTo(rig.store, rig.cache, [path]);
    const files = await served(rig, path);
    // Empty frames of zstd.
    const nothing = Buffer.alloc(1 << 20, zstdCompressSync(Buffer.alloc(0)));
    const endless: Handler = (request, response, count) => {
      if (!(request.url ?? "").startsWith("/nar/")) return serving(files)(request, response, count);
      const more = (): void => {
        while (!response.destroyed && response.write(nothing));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    await using server = await FakeServer.start(endless);
    const { substituter, refused } = takingFrom(rig.second.store, [server.url]);
    assert.equal(await substituter.take(path, SIGNAL), undefined);
    assert.deepEqual(refused, [{ url: server.url, code: "CACHE_ANSWER_WRONG" }]);
  });

  test("references in a circle, and a realisation about another derivation", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    const files = await served(rig, path);
    const outPath = path;
    const [asked, told] = [5, 6].map((seed) => realisationId(new Uint8Array(32).fill(seed), "out"));
    const lie = { id: told ?? "", outPath, dependencies: new Map(), signatures: [] };
    files.set(`realisations/${asked}.doi`, writeRealisation(lie));
    await using server = await FakeServer.start(serving(files));
    const { substituter, refused } = takingFrom(rig.second.store, [server.url]);
    assert.equal(await substituter.realisation(asked ?? "", SIGNAL), undefined);
    assert.deepEqual(
      refused.map(({ code }) => code),
      ["CACHE_ANSWER_WRONG"],
    );
  });

  test("two paths that need each other end, signed as they are", async () => {
    using rig = new CacheRig();
    const [a, b] = [await rig.text("a"), await rig.text("b")];
    await pushTo(rig.store, rig.cache, [b]);
    const files = await served(rig, a);
    const { narInfoFingerprint, parseNarInfo, writeNarInfo } = await import("#nix/narinfo.ts");
    for (const [path, reference] of [
      [a, b],
      [b, a],
    ] as const) {
      const name = `${storePathHash(path)}.narinfo`;
      const { contentAddress: _, ...info } = parseNarInfo(String(files.get(name)));
      const circular = { ...info, references: [reference] };
      const signatures = [signFingerprint(KEY, narInfoFingerprint(circular))];
      files.set(name, writeNarInfo({ ...circular, signatures }));
    }
    await using server = await FakeServer.start(serving(files));
    const { substituter, refused } = takingFrom(rig.second.store, [server.url]);
    assert.equal(await substituter.take(a, SIGNAL), undefined);
    assert.deepEqual(
      refused.map(({ code }) => code),
      ["CACHE_ANSWER_WRONG"],
    );
    assert.deepEqual(rig.second.store.validPaths(), []);
  });
});

test("a password is in no message, and a user that is not URL-encoded is a word that can't be used", () => {
  for (const word of [
    "http://user:s3cret@host:99999/",
    "http://user:s3%zz@host/",
    "s3://bucket?endpoint=user:s3cret@host:x",
    "file://user:s3cret@host/x",
    "ftp://user:s3cret@host/x",
  ])
    assert.throws(
      () => filesOf(word),
      (error) => isPipeliteError(error, "CACHE_URL_INVALID") && !/s3cret|s3%zz/.test(error.message),
      word,
    );
});

describe("caches in trouble", () => {
  test("503 passes, and a download goes on where it broke off", async () => {
    using rig = new CacheRig();
    rig.write({ "big/file": Buffer.alloc(1 << 20, "abc") });
    const { path } = await rig.store.addTree(rig.path("big"), { name: "big" });
    await pushTo(rig.store, rig.cache, [path], { compression: "none" });
    const files = await served(rig, path);
    const ranges: (string | undefined)[] = [];
    const broken: Handler = (request, response, count) => {
      const url = request.url ?? "";
      if (count === 1 && url.endsWith(".narinfo")) return void response.writeHead(503).end();
      if (!url.startsWith("/nar/")) return serving(files)(request, response, count);
      ranges.push(request.headers.range);
      const whole = Buffer.from(files.get(url.slice(1)) ?? "");
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const part = whole.subarray(from);
      response.writeHead(from === 0 ? 200 : 206, { "content-length": part.length });
      if (count > 1) return void response.end(part);
      response.write(part.subarray(0, 300_000), () => response.destroy());
    };
    await using server = await FakeServer.start(broken);
    const { substituter } = takingFrom(rig.second.store, [server.url]);
    assert.deepEqual((await substituter.take(path, SIGNAL))?.added, [path]);
    assert.equal(ranges.length, 2);
    assert.match(ranges[1] ?? "", /^bytes=\d+-$/);
  });

  for (const [how, isBroken] of [
    ["gives a byte now and then", false],
    ["breaks off after each byte", true],
  ] as const)
    test(`a server that ${how} does not hold a download for ever`, async () => {
      using rig = new CacheRig();
      rig.write({ "big/file": Buffer.alloc(1 << 20, "abc") });
      const { path } = await rig.store.addTree(rig.path("big"), { name: "big" });
      await pushTo(rig.store, rig.cache, [path], { compression: "none" });
      const files = await served(rig, path);
      const dripping: Handler = (request, response, count) => {
        const url = request.url ?? "";
        if (!url.startsWith("/nar/")) return serving(files)(request, response, count);
        const whole = Buffer.from(files.get(url.slice(1)) ?? "");
        let at = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        response.writeHead(at === 0 ? 200 : 206, { "content-length": whole.length - at });
        const drip = () => response.write(whole.subarray(at, (at += 1)));
        if (isBroken) return void response.write(whole.subarray(at, at + 1), () => response.destroy());
        const timer = setInterval(drip, 20);
        response.on("close", () => clearInterval(timer));
      };
      await using server = await FakeServer.start(dripping);
      const { whileMs } = PACE;
      PACE.whileMs = 400;
      try {
        const { substituter, refused } = takingFrom(rig.second.store, [server.url]);
        assert.equal(await substituter.take(path, SIGNAL), undefined);
        assert.deepEqual(refused[0]?.code, "CACHE_FAILED");
      } finally {
        PACE.whileMs = whileMs;
      }
    });

  test("an answer of a whole closure that breaks off: its parts are asked for one by one", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    const files = await served(rig, path);
    files.set("nix-cache-info", `${String(files.get("nix-cache-info"))}WantClosureQuery: 1\n`);
    const broken: Handler = (request, response, count) => {
      if (!(request.url ?? "").endsWith(".closure.narinfo")) return serving(files)(request, response, count);
      response.writeHead(200, { "content-length": 1000 });
      response.write("StorePath", () => response.destroy());
    };
    await using server = await FakeServer.start(broken);
    const { substituter } = takingFrom(rig.second.store, [server.url]);
    assert.deepEqual((await substituter.take(path, SIGNAL))?.added, [path]);
  });

  test("what is said after an upload may break off", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    const taken: string[] = [];
    const broken: Handler = (request, response) => {
      if (request.method !== "PUT") return void response.writeHead(404).end();
      request.resume().once("end", () => {
        taken.push(request.url ?? "");
        response.writeHead(200, { "content-length": 1000 });
        response.write("thank", () => response.destroy());
      });
    };
    await using server = await FakeServer.start(broken);
    await pushTo(rig.store, server.url, [path]);
    assert.ok(taken.includes(`/${storePathHash(path)}.narinfo`));
  });

  test("nobody who listens: named, asked no more", { skip: sweep() }, async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    let dead = "";
    {
      await using server = await FakeServer.start(() => undefined);
      dead = server.url;
    }
    await pushTo(rig.store, rig.cache, [path]);
    const { substituter, refused } = takingFrom(rig.second.store, [dead, rig.cache]);
    assert.deepEqual((await substituter.take(path, SIGNAL))?.added, [path]);
    assert.deepEqual(refused, [{ url: dead, code: "CACHE_FAILED" }]);
  });
});
