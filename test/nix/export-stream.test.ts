// The export stream, held to one that nix-store --export wrote.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hex } from "#base/bytes.ts";
import { ExportParser, ExportWriter, type ExportedPath } from "#nix/export-stream.ts";
import { sha256 } from "#nix/hash.ts";
import { NarWriter } from "#nix/nar.ts";
import type { Realisation } from "#nix/realisation.ts";
import { parseStorePath } from "#nix/store-path.ts";

const FOLDER = join(import.meta.dirname, "vectors");
const stream = readFileSync(join(FOLDER, "chain.export"));
interface Described {
  path: string;
  narHash: string;
  narSize: number;
  references: string[];
  deriver: string;
}
const { chain }: { chain: { closure: Described[] } } = JSON.parse(
  readFileSync(join(FOLDER, "drv.json"), "utf8"),
);

interface Parsed extends ExportedPath {
  nar: Buffer;
}

function parseStream(bytes: Uint8Array, chunkSize: number): Parsed[] {
  const paths: Parsed[] = [];
  let raw: Buffer[] = [];
  let written: Buffer[] = [];
  const parser = new ExportParser({
    startPath: () => {
      [raw, written] = [[], []];
      return new NarWriter((chunk) => written.push(Buffer.from(chunk)));
    },
    nar: (chunk) => raw.push(Buffer.from(chunk)),
    endPath: (path) => paths.push({ ...path, nar: Buffer.concat(raw) }),
  });
  for (let at = 0; at < bytes.length; at += chunkSize) parser.push(bytes.subarray(at, at + chunkSize));
  parser.end();
  return paths;
}

function writeStream(paths: readonly Parsed[]): Buffer {
  const chunks: Buffer[] = [];
  const writer = new ExportWriter((chunk) => chunks.push(Buffer.from(chunk)));
  for (const path of paths) {
    writer.startPath();
    writer.nar(path.nar);
    writer.endPath(path);
  }
  writer.end();
  return Buffer.concat(chunks);
}

test("The stream of real Nix is read in chunks of any size, and written as the same bytes", () => {
  for (const chunkSize of [1, 7, 8, 100, stream.length]) {
    assert.ok(writeStream(parseStream(stream, chunkSize)).equals(stream), `chunks of ${chunkSize}`);
  }
});

test("It holds the paths, NARs, references and derivers real Nix knows of them", () => {
  const parsed = parseStream(stream, stream.length);
  assert.equal(parsed.length, chain.closure.length);
  for (const { path, nar, references, deriver } of parsed) {
    const known = chain.closure.find((entry) => entry.path === path);
    assert.equal(known?.narSize, nar.length);
    assert.deepEqual(known.references, references);
    assert.equal(known.deriver, deriver);
    assert.equal(hex(sha256(nar)).length, 64);
  }
});

test("Every cut of the stream is refused", () => {
  for (let size = 0; size < stream.length; size += 5) {
    assert.throws(() => parseStream(stream.subarray(0, size), 4096), { name: "PipeliteError" });
  }
});

test("Without paths it is eight zero bytes", () => {
  assert.equal(writeStream([]).toString("hex"), "0".repeat(16));
  assert.deepEqual(parseStream(Buffer.alloc(8), 8), []);
});

test("Realisations follow the end, where Nix reads no further", () => {
  const realisation: Realisation = {
    id: `sha256:${"0".repeat(64)}!out`,
    outPath: parseStorePath("/nix/store/rzw70522yf1icix398z1592ay41xj1if-a"),
    dependencies: new Map(),
    signatures: [],
  };
  const chunks: Buffer[] = [];
  new ExportWriter((chunk) => chunks.push(Buffer.from(chunk))).end([realisation]);
  const bytes = Buffer.concat(chunks);
  for (const chunkSize of [1, 9, bytes.length]) {
    const read: Realisation[] = [];
    const parser = new ExportParser({
      startPath: () => assert.fail(),
      endPath: () => assert.fail(),
      realisations: (all) => read.push(...all),
    });
    for (let at = 0; at < bytes.length; at += chunkSize) parser.push(bytes.subarray(at, at + chunkSize));
    parser.end();
    assert.deepEqual(read, [realisation]);
  }
  for (const trailer of [
    "x",
    "pipelite",
    "pipelite{}",
    "pipelite[1]",
    `pipelite[{"id":"x","outPath":"y"}]`,
  ]) {
    const broken = Buffer.concat([Buffer.alloc(8), Buffer.from(trailer)]);
    assert.throws(() => parseStream(broken, 4096), { name: "PipeliteError" }, trailer);
  }
});
