// nix32 and hashes, held to what nix-hash prints, and to the laws of an encoding.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { hex } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { compressHash, equalHashes, formatHash, hashBytes, isHashAlgorithm } from "#nix/hash.ts";
import { parseHash, prefixedHash, type HashAlgorithm } from "#nix/hash.ts";
import { decodeNix32, encodeNix32, nix32Length } from "#nix/nix32.ts";

interface Vector {
  content: string;
  digests: { algorithm: HashAlgorithm; hex: string; nix32: string; base64: string; sri: string }[];
  compressed: string;
}

const vectors: Vector[] = JSON.parse(readFileSync(join(import.meta.dirname, "vectors/hash.json"), "utf8"));

test("Digests in hex, nix32, base64 and SRI are those that real Nix prints", () => {
  assert.ok(vectors.length > 0);
  for (const { content, digests, compressed } of vectors) {
    for (const { algorithm, ...texts } of digests) {
      const hash = hashBytes(algorithm, Buffer.from(content, "latin1"));
      for (const format of ["hex", "nix32", "base64", "sri"] as const) {
        assert.equal(formatHash(hash, format), texts[format]);
        assert.ok(equalHashes(parseHash(texts[format], algorithm), hash), `${format} is read back`);
      }
    }
    const { bytes } = hashBytes("sha256", Buffer.from(content, "latin1"));
    assert.equal(encodeNix32(compressHash(bytes, 20)), compressed);
  }
});

test("A prefixed hash says its algorithm and needs none given", () => {
  const hash = hashBytes("sha512", Buffer.from("x"));
  for (const format of ["hex", "nix32", "base64"] as const) {
    assert.ok(equalHashes(parseHash(prefixedHash(hash, format)), hash));
  }
  assert.ok(equalHashes(parseHash(formatHash(hash, "hex").toUpperCase(), "sha512"), hash));
  assert.ok(isHashAlgorithm("md5"));
  assert.ok(!isHashAlgorithm("toString"));
});

const anyBytes = fc.uint8Array({ maxLength: 70 });

test("nix32: every byte sequence has one text, of the length it should have", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = encodeNix32(bytes);
      assert.equal(text.length, nix32Length(bytes.length));
      assert.equal(hex(decodeNix32(text)), hex(bytes));
    }),
  );
});

test("nix32: any text is either refused or the one text of its bytes", () => {
  const digits = fc.constantFrom(..."0123456789abcdfghijklmnpqrsvwxyzeuZé".split(""));
  fc.assert(
    fc.property(fc.string({ unit: digits, maxLength: 60 }), (text) => {
      try {
        assert.equal(encodeNix32(decodeNix32(text)), text);
      } catch (error) {
        assert.ok(isPipeliteError(error, "NIX32_INVALID"));
      }
    }),
  );
});
