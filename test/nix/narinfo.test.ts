// narinfo and signatures, held to a cache that real Nix wrote and signed.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { contentAddressedPath, parseContentAddress } from "#nix/content-address.ts";
import { hashBytes, sha256 } from "#nix/hash.ts";
import { narInfoFingerprint, parseNarInfo, writeNarInfo, type NarInfo } from "#nix/narinfo.ts";
import { makeSecretKey, parseNixPublicKey, parseSecretKey, parseSignature } from "#nix/signature.ts";
import { signFingerprint, verifyFingerprint, writeNixPublicKey, writeSecretKey } from "#nix/signature.ts";
import { makeSourcePath, parseStorePath, type StorePath } from "#nix/store-path.ts";

const FOLDER = join(import.meta.dirname, "vectors");
const secretText = readFileSync(join(FOLDER, "key.secret"), "utf8");
const publicText = readFileSync(join(FOLDER, "key.public"), "utf8");
const texts = readdirSync(join(FOLDER, "narinfo")).map((name) => {
  return readFileSync(join(FOLDER, "narinfo", name), "utf8");
});

test("Each narinfo real Nix wrote is read, and written as the same text", () => {
  assert.ok(texts.length >= 4);
  for (const text of texts) assert.equal(writeNarInfo(parseNarInfo(text)), text);
});

test("Our signature of each path is byte for byte that of real Nix, and verifies", () => {
  const secret = parseSecretKey(secretText);
  const trusted = [parseNixPublicKey(publicText)];
  for (const text of texts) {
    const info = parseNarInfo(text);
    const fingerprint = narInfoFingerprint(info);
    assert.deepEqual([signFingerprint(secret, fingerprint)], info.signatures);
    assert.ok(verifyFingerprint(trusted, fingerprint, info.signatures[0] ?? ""));
  }
});

test("The content address in a narinfo proves its path", () => {
  const addressed = texts.map(parseNarInfo).filter(({ contentAddress }) => contentAddress !== undefined);
  assert.ok(addressed.length >= 2);
  for (const { path, contentAddress, references } of addressed) {
    assert.equal(contentAddressedPath(path, parseContentAddress(contentAddress ?? ""), references), path);
  }
});

test("Keys are read and written as the same text", () => {
  assert.equal(writeSecretKey(parseSecretKey(secretText)), secretText);
  assert.equal(writeNixPublicKey(parseSecretKey(secretText).publicKey), publicText);
  assert.equal(writeNixPublicKey(parseNixPublicKey(`${publicText}\n`)), publicText);
});

test("A signature does not verify for another fingerprint, key, key name, or when it is broken", () => {
  const secret = makeSecretKey("a-1", Buffer.alloc(32, 7));
  const other = makeSecretKey("a-1", Buffer.alloc(32, 8));
  const renamed = makeSecretKey("b-1", Buffer.alloc(32, 7));
  const signature = signFingerprint(secret, "text");
  assert.ok(verifyFingerprint([other.publicKey, secret.publicKey], "text", signature));
  assert.ok(!verifyFingerprint([secret.publicKey], "texT", signature));
  assert.ok(!verifyFingerprint([other.publicKey, renamed.publicKey], "text", signature));
  assert.ok(!verifyFingerprint([], "text", signature));
  const digits = Buffer.from(parseSignature(signature).bytes);
  for (let bit = 0; bit < digits.length * 8; bit += 5) {
    const flipped = Buffer.from(digits);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.ok(!verifyFingerprint([secret.publicKey], "text", `a-1:${flipped.toString("base64")}`));
  }
  for (const broken of ["", "a-1", "a-1:", `${signature} `, signature.slice(0, -4), signature.slice(4)]) {
    assert.ok(!verifyFingerprint([secret.publicKey], "text", broken));
  }
});

const path = fc.nat(1000).map((seed) => {
  return makeSourcePath({ name: `p${seed}`, narSha256: sha256(Buffer.from(`${seed}`)) });
});
const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const anyInfo: fc.Arbitrary<NarInfo> = fc.record(
  {
    path,
    url: fc.constant("nar/x.nar.zst"),
    compression: fc.constantFrom("none", "zstd", "xz"),
    fileHash: fc.constant(hashBytes("sha256", Buffer.from("file"))),
    fileSize: size,
    narHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    narSize: size,
    references: fc.array(path, { maxLength: 4 }),
    deriver: path.map((found): StorePath => parseStorePath(`${found}.drv`)),
    signatures: fc.constantFrom([], [signFingerprint(makeSecretKey("k", Buffer.alloc(32)), "x")]),
    contentAddress: fc.constant(`fixed:r:sha256:${"0".repeat(52)}`),
  },
  { requiredKeys: ["path", "url", "compression", "narHash", "narSize", "references", "signatures"] },
);

test("Any narinfo: written, read and written again it is the same text and has the same fingerprint", () => {
  fc.assert(
    fc.property(anyInfo, (info) => {
      const parsed = parseNarInfo(writeNarInfo(info));
      assert.equal(writeNarInfo(parsed), writeNarInfo(info));
      assert.equal(narInfoFingerprint(parsed), narInfoFingerprint(info));
      assert.equal(parsed.narSize, info.narSize);
      assert.equal(parsed.deriver, info.deriver);
      assert.equal(parsed.fileSize, info.fileSize);
    }),
  );
});

test("What a foreign cache may leave out or add is read as Nix reads it", () => {
  const [text = ""] = texts;
  const lines = text.split("\n");
  const without = (field: string): string =>
    lines.filter((line) => !line.startsWith(`${field}: `)).join("\n");
  assert.equal(parseNarInfo(without("Compression")).compression, "bzip2");
  assert.deepEqual(parseNarInfo(without("References")).references, []);
  assert.equal(parseNarInfo(without("Deriver")).deriver, undefined);
  assert.equal(parseNarInfo(text.replace(/Deriver: .*/, "Deriver: unknown-deriver")).deriver, undefined);
  assert.equal(writeNarInfo(parseNarInfo(`System: x86_64-linux\n${text}Provenance: {}\n`)), text);
  const info = parseNarInfo(text);
  const hexHash = `NarHash: sha256:${Buffer.from(info.narHash).toString("hex")}`;
  assert.equal(
    narInfoFingerprint(parseNarInfo(text.replace(/NarHash: .*/, hexHash))),
    narInfoFingerprint(info),
  );
});
