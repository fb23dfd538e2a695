// Parsers of what answers over a network: machines that build, and binary caches.
import { BinaryCache } from "#cache/binary-cache.ts";
import type { CacheFiles } from "#cache/files.ts";
import { DaemonConnection, type Transport } from "#engine/daemon/connection.ts";
import { parseMachines } from "#engine/daemon/machines.ts";
import { writeNarInfo } from "#nix/narinfo.ts";
import { parseBuildTrace } from "#nix/build-trace.ts";
import { parseRealisation, realisationId, writeRealisation } from "#nix/realisation.ts";
import { makeFixedPath, parseStorePath, storePathBase } from "#nix/store-path.ts";
import { WireWriter } from "#nix/wire.ts";
import { Writable } from "node:stream";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { XZ, documents, ofText, texts } from "./corpus.ts";
import type { Target } from "./fuzz.ts";

const PATH = parseStorePath(`/nix/store/${"0".repeat(32)}-a`);
const [LAST, NEXT, RESULT, VERSION] = [0x616c7473, 0x6f6c6d67, 0x52534c54, 0x125];
const plain = Buffer.from("abcabc");
const signal = new AbortController().signal;

function transport(input: Uint8Array): Transport {
  const output = (async function* () {
    const middle = Math.floor(input.length / 3);
    yield input.subarray(0, middle);
    yield input.subarray(middle);
  })();
  const deaf = new Writable({ write: (_chunk, _encoding, done) => done() });
  return { input: deaf, output, lastWords: async () => "", close: () => undefined };
}

/** What a daemon says to a greeting and then to one question after the other. */
function told(): Uint8Array {
  const info = new WireWriter().number(LAST).number(1).string("").string("0".repeat(64)).strings([PATH]);
  const built = new WireWriter()
    .number(RESULT)
    .number(1)
    .number(101)
    .number(1)
    .number(1)
    .string("a line")
    .number(LAST)
    .number(1)
    .string("x");
  for (const value of [0]) built.number(value).string("");
  for (let count = 0; count < 4; count += 1) built.number(0);
  built
    .number(1)
    .number(5)
    .number(0)
    .number(1)
    .string("sha256:0!out")
    .string(`{"outPath":"${PATH.slice(11)}"}`);
  return Buffer.concat([
    new WireWriter().number(0x6478696f).number(VERSION).string("2.8.0").number(1).bytes(),
    new WireWriter().number(NEXT).string("a word").number(LAST).bytes(),
    new WireWriter().number(LAST).strings([PATH]).bytes(),
    info.number(0).number(8).number(0).strings(["k:AAAA"]).string("").bytes(),
    new WireWriter().number(LAST).bytes(),
    Buffer.alloc(8),
    new WireWriter().number(LAST).bytes(),
    built.bytes(),
  ]);
}

function cacheOf(content: Uint8Array): BinaryCache {
  const files: CacheFiles = {
    url: "http://cache",
    has: async () => true,
    read: async (name) =>
      (async function* () {
        yield name === "nix-cache-info"
          ? Buffer.from("StoreDir: /nix/store\nWantClosureQuery: 1\n")
          : content;
      })(),
    write: async () => undefined,
    ask: async () => Buffer.from(content).toString("utf8"),
  };
  return new BinaryCache(files, []);
}

const SIGNATURE = `k:${Buffer.alloc(64).toString("base64")}`;
const hash = { algorithm: "sha256", bytes: new Uint8Array(32) } as const;
const fixed = makeFixedPath({ name: "a", method: "recursive", hash });
const NARINFO = {
  path: fixed,
  url: "nar/a.nar",
  compression: "none",
  narHash: new Uint8Array(32),
  narSize: 8,
  references: [],
  signatures: [SIGNATURE],
  contentAddress: `fixed:r:sha256:${"0".repeat(52)}`,
};
const ID = realisationId(new Uint8Array(32), "out");
const TRACE_KEY = { drvPath: parseStorePath(`/nix/store/${"0".repeat(32)}-a.drv`), output: "out" };

export const wireTargets: readonly Target[] = [
  {
    name: "daemon",
    parse: async (input) => {
      const connection = await DaemonConnection.open(transport(input), "unix:///x");
      await connection.validPaths([PATH]);
      const info = await connection.pathInfo(PATH);
      if (info !== undefined && info.narSize < 1e6)
        for await (const chunk of connection.nar(info)) void chunk;
      await connection.build(PATH, { onLog: () => undefined });
    },
    corpus: [told()],
  },
  {
    name: "machines",
    parse: ofText((text) => void (text.includes("@") || parseMachines(text, "x86_64-linux"))),
    corpus: texts("ssh-ng://u-h x86_64-linux /key 4 1.5 kvm,big - AAAA # c\nlocal; unix:///x - - 2"),
  },
  {
    name: "cache-narinfo",
    parse: async (input) => {
      const cache = cacheOf(input);
      await cache.closure(fixed, signal);
      await cache.narInfo(fixed, signal);
    },
    corpus: texts(writeNarInfo(NARINFO)),
  },
  {
    name: "build-trace",
    parse: ofText((text) => void parseBuildTrace(text, TRACE_KEY)),
    corpus: documents(
      { outPath: storePathBase(fixed), signatures: [{ keyName: "a", sig: "AA==" }, "b:AA=="] },
      {
        key: { drvPath: storePathBase(TRACE_KEY.drvPath), outputName: "out" },
        value: { outPath: storePathBase(fixed), signatures: [] },
      },
    ),
  },
  {
    name: "cache-realisation",
    parse: async (input) => {
      const text = Buffer.from(input).toString("utf8");
      await cacheOf(input).realisation(ID, signal);
      parseRealisation(text);
    },
    corpus: texts(
      writeRealisation({ id: ID, outPath: fixed, dependencies: new Map(), signatures: [SIGNATURE] }),
    ),
  },
  ...(["zstd", "gzip", "xz", "br"] as const).map((compression) => ({
    name: `cache-${compression}`,
    parse: async (input: Uint8Array) => {
      const info = { ...NARINFO, compression, narSize: 100_000 };
      for await (const chunk of cacheOf(input).nar(info, signal)) void chunk;
    },
    corpus: [
      {
        zstd: zstdCompressSync(plain),
        gzip: gzipSync(plain),
        br: brotliCompressSync(plain),
        xz: Buffer.from(XZ, "base64"),
      }[compression],
    ],
  })),
];
