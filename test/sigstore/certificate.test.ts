// DER and X.509 as they must be read: one way to write each thing, and nothing that is not understood.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import type { ErrorCode } from "#cli/error-rows.ts";
import { hashNameOf } from "#sigstore/algorithms.ts";
import { parseCertificate, PURPOSE, purposesOf } from "#sigstore/certificate.ts";
import { verifyChain } from "#sigstore/chain.ts";
import {
  bitsOf,
  readDerBoolean,
  countOf,
  elementsOf,
  integerOf,
  oidOf,
  readDer,
  TAG,
  readDerTime,
} from "#sigstore/der.ts";
import { derInteger, derOf, derOid, sequenceOf } from "#sigstore/der-writer.ts";
import { signStatement, parseBundle, verifyBundle, writeBundle } from "#sigstore/index.ts";
import { signingKeyOf } from "#sigstore/key.ts";
import { verifyScts } from "#sigstore/sct.ts";
import {
  authorityExtensions,
  extensionOf,
  issue,
  leafExtensions,
  newKey,
  signedTbs,
  tbsOf,
} from "../rig/certificates.ts";
import { STATEMENT } from "./rig.ts";

function refuses(code: ErrorCode, action: () => unknown, what?: string): void {
  assert.throws(action, (error) => isPipeliteError(error, code), what);
}

test("DER is read in the one way that it is written", () => {
  const read = (hex: string) => readDer(Buffer.from(hex, "hex"));
  assert.equal(oidOf(readDer(derOid("1.2.840.113549.1.9.16.2.47"))), "1.2.840.113549.1.9.16.2.47");
  assert.equal(oidOf(readDer(derOid("2.16.840.1.101.3.4.2.1"))), "2.16.840.1.101.3.4.2.1");
  assert.equal(countOf(readDer(derInteger(Buffer.of(0x81)))), 0x81);
  for (const size of [0, 127, 128, 255, 256, 65_536])
    assert.equal(readDer(derOf(TAG.octetString, Buffer.alloc(size))).content.length, size);
  const refused: Record<string, () => unknown> = {
    nothing: () => read(""),
    "no length": () => read("04"),
    "too short": () => read("0402ff"),
    "something behind it": () => read("040000"),
    "a length without an end": () => read("30800000"),
    "a length with a byte too many": () => read("04810100"),
    "a length with nothing before it": () => read(`04820081${"00".repeat(129)}`),
    "a tag of two bytes": () => read("1f8100"),
    "a number with nothing in it": () => integerOf(read("0200")),
    "a number that is padded": () => integerOf(read("02020001")),
    "a negative number that is padded": () => integerOf(read("0202ff81")),
    "a count below nothing": () => countOf(read("0201ff")),
    "another truth": () => readDerBoolean(read("010101")),
    "an identifier that is padded": () => oidOf(read("06038001ff")),
    "an identifier that ends within a number": () => oidOf(read("060281ff")),
    "no identifier": () => oidOf(read("0600")),
    "an identifier that is no number any more": () => oidOf(read(`060b${"ff".repeat(10)}7f`)),
    "a bit that is none": () => bitsOf(read("03020701ff".slice(0, 8))),
    "a string for a sequence": () => elementsOf(read("0400")),
    "a time with another zone": () =>
      readDerTime(readDer(derOf(TAG.utcTime, Buffer.from("260101000000+0100")))),
    "the 30th of February": () => readDerTime(readDer(derOf(TAG.utcTime, Buffer.from("260230000000Z")))),
    "a part of a second that ends in 0": () =>
      readDerTime(readDer(derOf(TAG.generalizedTime, Buffer.from("20260101000000.50Z")))),
    "a time that is text": () => readDerTime(readDer(derOf(TAG.utf8, Buffer.from("260101000000Z")))),
  };
  for (const [what, action] of Object.entries(refused)) refuses("DER_INVALID", action, what);
  assert.equal(readDerTime(readDer(derOf(TAG.utcTime, Buffer.from("490101000000Z")))), Date.UTC(2049, 0));
  assert.equal(readDerTime(readDer(derOf(TAG.utcTime, Buffer.from("500101000000Z")))), Date.UTC(1950, 0));
  refuses("ALGORITHM_UNKNOWN", () => hashNameOf(readDer(sequenceOf(derOid("1.3.14.3.2.26")))));
  refuses("ALGORITHM_UNKNOWN", () =>
    hashNameOf(readDer(sequenceOf(derOid("2.16.840.1.101.3.4.2.1"), derInteger(Buffer.of(1))))),
  );
});

test("a certificate says what Node's own reader finds, and one with two meanings is none", () => {
  const root = issue({ name: "root", extensions: authorityExtensions() });
  const extensions = leafExtensions([PURPOSE.codeSigning]);
  const leaf = issue({ name: "leaf", issuer: root, extensions });
  const read = parseCertificate(leaf.der);
  const own = new X509Certificate(leaf.der);
  assert.equal(read.notAfter, Date.parse(own.validTo));
  assert.equal(read.serial.toString("hex").toUpperCase(), own.serialNumber);
  assert.deepEqual(purposesOf(read), own.keyUsage);
  assert.ok(read.key.equals(own.publicKey));
  assert.ok(own.verify(new X509Certificate(root.der).publicKey));
  const anchors = { root: parseCertificate(root.der), between: [] };
  const at = Date.now();
  assert.equal(verifyChain(read, anchors, { at, purpose: PURPOSE.codeSigning }).length, 2);
  refuses("CHAIN_INVALID", () => verifyChain(read, anchors, { at, purpose: PURPOSE.timeStamping }));
  refuses("SCT_INVALID", () => verifyScts(read, anchors.root, []));
  const key = newKey();
  const wanted = { name: "leaf", extensions, key, serial: Buffer.of(1) };
  const signed = (change: object) => signedTbs(tbsOf({ ...wanted, ...change }, root), root.key);
  parseCertificate(signed({}));
  for (const [what, der] of Object.entries({
    "no DER": Buffer.from("x"),
    "another version": signed({ version: 1 }),
    "an extension that stands twice": signed({ extensions: [...extensions, ...extensions] }),
    "an extension that is no string": signed({
      extensions: [sequenceOf(derOid("1.2.3"), derInteger(Buffer.of(1)))],
    }),
    "an extension with a member more": signed({
      extensions: [sequenceOf(derOid("1.2.3"), derOf(TAG.octetString), derOf(TAG.octetString))],
    }),
    "a key of no kind": Buffer.from(
      leaf.der.toString("hex").replace("06082a8648ce3d030107", "06082a8648ce3d03017f"),
      "hex",
    ),
  }))
    refuses("CERTIFICATE_INVALID", () => parseCertificate(der), what);
  const nested = issue({
    name: "root",
    extensions: [...authorityExtensions(), extensionOf("2.5.29.30", sequenceOf())],
  });
  const below = parseCertificate(issue({ name: "leaf", issuer: nested, extensions }).der);
  const constrained = { root: parseCertificate(nested.der), between: [] };
  refuses("CHAIN_INVALID", () => verifyChain(below, constrained, { at, purpose: PURPOSE.codeSigning }));
});

test("a bundle with a certificate is verified by no key, also by the one that is in it", () => {
  const key = signingKeyOf(newKey(), "a key");
  const { der } = issue({
    name: "leaf",
    key: key.privateKey,
    extensions: leafExtensions([PURPOSE.codeSigning]),
  });
  const bundle = parseBundle(writeBundle({ ...signStatement(STATEMENT, key), certificate: der }));
  assert.equal(bundle.keyId, key.publicKey.keyId);
  refuses("BUNDLE_CERTIFICATE", () => verifyBundle(bundle, [key.publicKey]));
  const text = writeBundle(bundle);
  refuses("BUNDLE_INVALID", () =>
    parseBundle(text.replace('"certificate"', '"publicKey": {"hint": "x"}, "certificate"')),
  );
  refuses("BUNDLE_INVALID", () => parseBundle(text.replace('"sig"', '"keyid": "x", "sig"')));
  refuses("BUNDLE_INVALID", () => parseBundle(text.replace(der.toString("base64"), "MAA=")));
});
