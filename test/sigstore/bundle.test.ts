import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertBundle, bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import fc from "fast-check";
import { prettyJson } from "#base/canonical-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { parseBundle, parsePublicKey, parseStatement, preAuthEncoding } from "#sigstore/index.ts";
import { generateKey } from "#keys/key-file.ts";
import { signStatement, verifyBundle, writeBundle, writePublicKey } from "#sigstore/index.ts";
import type { PublicKey } from "#sigstore/index.ts";
import { inputs, peer } from "../rig/peer.ts";
import { Folder, STATEMENT } from "./rig.ts";

const vectors = join(import.meta.dirname, "vectors");
const golden = readFileSync(join(vectors, "statement.sigstore.json"), "utf8");
const goldenKey = parsePublicKey(readFileSync(join(vectors, "statement.pub"), "utf8"));

function refuses(code: ErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => isPipeliteError(error, code));
}

/** Verifies as Sigstore's own library does, with this key and no log or timestamp asked for. */
function verifyByPeer(text: string, { keyId, key }: PublicKey): void {
  const bundle = bundleFromJSON(JSON.parse(text));
  assertBundle(bundle);
  const root = { mediaType: "", tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
  const material = toTrustMaterial(root, (hint) => {
    assert.equal(hint, keyId);
    return { publicKey: key, validFor: () => true };
  });
  const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  new Verifier(material, thresholds).verify(toSignedEntity(bundle));
}

test("PAE is what the DSSE specification gives as its example", () => {
  const encoded = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
  assert.equal(Buffer.from(encoded).toString(), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  const twoBytes = Buffer.from(preAuthEncoding("ä", Buffer.from("ö"))).toString();
  assert.equal(twoBytes, "DSSEv1 2 ä 2 ö", "lengths are in bytes");
});

test("a statement comes back from its bundle, by its key alone", () => {
  const [anna, bert] = [generateKey(), generateKey()];
  const bundle = parseBundle(writeBundle(signStatement(STATEMENT, anna)));
  assert.deepEqual(verifyBundle(bundle, [bert.publicKey, anna.publicKey]), STATEMENT);
  refuses("BUNDLE_KEY_UNKNOWN", () => verifyBundle(bundle, [bert.publicKey]));
  refuses("BUNDLE_KEY_UNKNOWN", () => verifyBundle(bundle, []));
  const pretender = { keyId: anna.publicKey.keyId, key: bert.publicKey.key };
  refuses("BUNDLE_SIGNATURE_WRONG", () => verifyBundle(bundle, [pretender]));
});

test("the golden bundle is read as it was written, and verified by Sigstore's own library", () => {
  const bundle = parseBundle(golden);
  assert.deepEqual(verifyBundle(bundle, [goldenKey]), STATEMENT);
  assert.equal(writeBundle(bundle), golden);
  verifyByPeer(golden, goldenKey);
});

test("Sigstore's own library accepts what we sign now, and refuses it with another key", () => {
  const [anna, bert] = [generateKey(), generateKey()];
  const text = writeBundle(signStatement(STATEMENT, anna));
  verifyByPeer(text, anna.publicKey);
  assert.throws(() => verifyByPeer(text, { keyId: anna.publicKey.keyId, key: bert.publicKey.key }));
});

test("every change of a byte of a bundle is refused, or is white space between its members", () => {
  const bytes = Buffer.from(golden);
  let accepted = 0;
  bytes.forEach((byte, at) => {
    for (const changed of [byte ^ 1, byte ^ 0x20]) {
      const copy = Buffer.from(bytes);
      copy[at] = changed;
      if (isAccepted(copy.toString())) {
        accepted += 1;
        assert.ok(/\s/.test(String.fromCharCode(byte)), `byte ${at} of the bundle counts for nothing`);
      }
    }
  });
  assert.equal(accepted, 0, "no single bit makes other white space of a space or a newline");
});

function isAccepted(text: string): boolean {
  try {
    verifyBundle(parseBundle(text), [goldenKey]);
    return true;
  } catch (error) {
    assert.ok(isPipeliteError(error), String(error));
    return false;
  }
}

test("our verdict on changed bundles is that of Sigstore's library, or stricter", () => {
  const bytes = Buffer.from(golden);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ mask;
      if (isAccepted(copy.toString())) verifyByPeer(copy.toString(), goldenKey);
    }),
    { numRuns: inputs(300) },
  );
});

test("bundles of other forms are refused with what is wrong about them", () => {
  const whole = JSON.parse(golden) as {
    mediaType: string;
    verificationMaterial: object;
    dsseEnvelope: { payload: string; signatures: { sig: string; keyid: string }[] };
  };
  const { dsseEnvelope: envelope } = whole;
  const [signature] = envelope.signatures;
  assert.ok(signature);
  const forms: Record<string, unknown> = {
    "no object": [],
    "another version": { ...whole, mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.2" },
    "a certificate": { ...whole, verificationMaterial: { certificate: { rawBytes: "AAAA" } } },
    "no signature": { ...whole, dsseEnvelope: { ...envelope, signatures: [] } },
    "two signatures": { ...whole, dsseEnvelope: { ...envelope, signatures: [signature, signature] } },
    "another key in the envelope": {
      ...whole,
      dsseEnvelope: { ...envelope, signatures: [{ ...signature, keyid: "00" }] },
    },
    "an unknown member": { ...whole, note: "trust me" },
    "a message signature": { ...whole, dsseEnvelope: undefined, messageSignature: {} },
    "base64 with stray bits": {
      ...whole,
      dsseEnvelope: { ...envelope, signatures: [{ ...signature, sig: "QR==" }] },
    },
  };
  for (const [name, form] of Object.entries(forms)) {
    assert.throws(
      () => parseBundle(JSON.stringify(form)),
      (error) => isPipeliteError(error, "BUNDLE_INVALID"),
      name,
    );
  }
  refuses("BUNDLE_INVALID", () => parseBundle("{"));
});

test("a bundle in the URL alphabet and in other white space is read", () => {
  const compact = JSON.stringify(JSON.parse(golden));
  assert.deepEqual(verifyBundle(parseBundle(compact), [goldenKey]), STATEMENT);
  const url = golden.replaceAll(/"(payload|sig)": "([^"]+)"/g, (_, key: string, text: string) => {
    return `"${key}": "${text.replaceAll("+", "-").replaceAll("/", "_")}"`;
  });
  assert.notEqual(url, golden);
  assert.deepEqual(verifyBundle(parseBundle(url), [goldenKey]), STATEMENT);
});

test("only statements of in-toto v1 are taken from an envelope", () => {
  const base = { _type: "https://in-toto.io/Statement/v1", ...STATEMENT };
  assert.deepEqual(parseStatement(Buffer.from(JSON.stringify(base))), STATEMENT);
  const wrong = [
    "{",
    "[]",
    JSON.stringify({ ...base, _type: "https://in-toto.io/Statement/v0.1" }),
    JSON.stringify({ ...base, subject: [] }),
    JSON.stringify({ ...base, subject: [{ name: "x", digest: {} }] }),
    JSON.stringify({ ...base, subject: [{ name: "x", digest: { sha256: "AB" } }] }),
    JSON.stringify({ ...base, predicateType: "" }),
    JSON.stringify({ ...base, predicate: "x" }),
  ];
  for (const text of wrong) refuses("STATEMENT_INVALID", () => parseStatement(Buffer.from(text)));
  refuses("STATEMENT_INVALID", () => parseStatement(Buffer.from([0x22, 0xff, 0x22])));
});

test("openssl verifies the signature over the PAE bytes", { skip: peer("openssl") }, () => {
  using folder = new Folder();
  const key = generateKey();
  const { payloadType, payload, signature } = signStatement(STATEMENT, key);
  writeFileSync(folder.file("key.pub"), writePublicKey(key.publicKey));
  writeFileSync(folder.file("sig"), signature);
  const verify = (bytes: Uint8Array) => {
    writeFileSync(folder.file("pae"), bytes);
    const files = ["-verify", folder.file("key.pub"), "-signature", folder.file("sig"), folder.file("pae")];
    return spawnSync("openssl", ["dgst", "-sha256", ...files]).status;
  };
  assert.equal(verify(preAuthEncoding(payloadType, payload)), 0);
  assert.notEqual(verify(payload), 0, "the payload alone is not what is signed");
});

test("the same statement gives the same payload, whatever the order of its members", () => {
  const key = generateKey();
  const turned = { predicate: STATEMENT.predicate, subject: STATEMENT.subject };
  const { payload } = signStatement({ ...turned, predicateType: STATEMENT.predicateType }, key);
  assert.deepEqual(payload, signStatement(STATEMENT, key).payload);
  const digest = createHash("sha256").update(payload).digest("hex");
  assert.equal(digest, createHash("sha256").update(parseBundle(golden).payload).digest("hex"));
  assert.ok(prettyJson(JSON.parse(golden)) === golden);
});

test("cosign verifies a bundle by its key, and looks at digest and type", { skip: peer("cosign") }, () => {
  using folder = new Folder();
  const key = generateKey();
  const [artifact, other] = ["hello", "hullo"].map((text) => {
    writeFileSync(folder.file(text), text);
    return folder.file(text);
  });
  const sha256 = createHash("sha256").update("hello").digest("hex");
  const statement = { ...STATEMENT, subject: [{ name: "hello", digest: { sha256 } }] };
  writeFileSync(folder.file("bundle"), writeBundle(signStatement(statement, key)));
  writeFileSync(folder.file("key.pub"), writePublicKey(key.publicKey));
  writeFileSync(folder.file("other.pub"), writePublicKey(generateKey().publicKey));
  const verify = (keyFile: string, type: string, ...what: (string | undefined)[]) => {
    const flags = ["--bundle", folder.file("bundle"), "--key", folder.file(keyFile), "--type", type];
    const rest = ["--insecure-ignore-tlog", ...what.filter((word) => word !== undefined)];
    return spawnSync("cosign", ["verify-blob-attestation", ...flags, ...rest]).status;
  };
  const { predicateType } = STATEMENT;
  assert.equal(verify("key.pub", predicateType, artifact), 0);
  assert.equal(verify("key.pub", predicateType, "--digest", sha256, "--digestAlg", "sha256"), 0);
  assert.notEqual(verify("key.pub", predicateType, other), 0);
  assert.notEqual(verify("other.pub", predicateType, artifact), 0);
  assert.notEqual(verify("key.pub", "https://example.org/other/v1", artifact), 0);
});
