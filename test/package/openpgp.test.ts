// Texts signed in clear: what is accepted is what gpgv accepts, and what has fooled others is refused.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { readClearSigned, signersOf } from "#package/openpgp.ts";
import { inputs, peer } from "../rig/peer.ts";
import { clearSign, newSigningKey, packet, signatureOver } from "../rig/openpgp.ts";

const NOW = 1_700_000_100;
const rsa = newSigningKey("rsa");
const ed25519 = newSigningKey("ed25519");
const stranger = newSigningKey("rsa");
const KEYS = [rsa.publicKey, ed25519.publicKey];
const TEXT = "Origin: Debian\nDate: now  \n\n- a line with a dash\n-----not a header\n";

const signers = (signed: string, now = NOW) =>
  signersOf(readClearSigned(Buffer.from(signed)), KEYS, now).map(({ fingerprint }) => fingerprint);
const refused = (text: string | Buffer) =>
  assert.throws(
    () => readClearSigned(typeof text === "string" ? Buffer.from(text) : text),
    (error) => isPipeliteError(error, "OPENPGP_INVALID"),
  );

test("a text signed by several keys names those that are known, and is given without its escapes", () => {
  const signed = clearSign(TEXT, [rsa, stranger, ed25519]);
  assert.deepEqual(signers(signed), [rsa.publicKey.fingerprint, ed25519.publicKey.fingerprint]);
  assert.equal(readClearSigned(Buffer.from(signed)).text, TEXT.replace("now  ", "now").trimEnd());
});

test("any changed letter of the text leaves no signer", () => {
  const signed = clearSign(TEXT, [rsa, ed25519]);
  const start = signed.indexOf("Origin");
  const end = signed.indexOf("-----BEGIN PGP SIGNATURE");
  fc.assert(
    fc.property(fc.integer({ min: start, max: end - 2 }), (at) => {
      if (/[\s-]/.test(signed[at] ?? "")) return;
      const changed = `${signed.slice(0, at)}${signed[at] === "x" ? "y" : "x"}${signed.slice(at + 1)}`;
      assert.deepEqual(signers(changed), []);
    }),
  );
});

describe("a signature counts for nothing", () => {
  const none = (signed: string, now?: number) => assert.deepEqual(signers(signed, now), []);
  test("by a key that may not sign", () => none(clearSign(TEXT, [stranger])));
  test("by a hash that is broken", () => none(clearSign(TEXT, [rsa], { hashAlgorithm: 2 })));
  test("over binary data: it was not made for a text", () => none(clearSign(TEXT, [rsa], { type: 0 })));
  test("that has expired", () => {
    const signed = clearSign(TEXT, [rsa], { more: [[3, Uint8Array.of(0, 0, 0, 50)]] });
    assert.deepEqual(signers(signed, 1_700_000_049), [rsa.publicKey.fingerprint]);
    none(signed, 1_700_000_050);
  });
  test("with something critical that is not understood", () =>
    none(clearSign(TEXT, [rsa], { more: [[0x80 | 20, Uint8Array.of(1)]] })));
});

describe("is refused", () => {
  const signed = clearSign(TEXT, [rsa]);
  test("a text without a signature", () => refused(TEXT));
  test("words before it", () => refused(`Package: evil\n${signed}`));
  test("words after it", () => refused(`${signed}Package: evil\n`));
  test("a second signed text", () => refused(signed + signed));
  test("a line with a dash that is not escaped", () => refused(signed.replace("Origin", "-Origin")));
  test("a header that is none", () => refused(signed.replace("Hash: SHA256", "Evil: yes")));
  test("a NUL byte", () => refused(signed.replace("Origin", "Ori\0in")));
  test("a signature that does not end", () => refused(signed.slice(0, signed.indexOf("-----END"))));
  test("an armour of junk", () =>
    refused(signed.replace(/\n\n(\S)/, "\n\n!$1").replace(/(SIGNATURE-----\n\n)/, "$1*")));
  test("other packets among the signatures", () => {
    const both = Buffer.concat([
      packet(2, signatureOver(Buffer.from("x"), rsa)),
      packet(8, Buffer.from("x")),
    ]);
    refused(signed.replace(/(SIGNATURE-----\n\n)[^-]*/, `$1${both.toString("base64")}\n`));
  });
});

test("bytes of any kind are refused or read, and never fault", () => {
  const signed = Buffer.from(clearSign(TEXT, [rsa, ed25519]));
  fc.assert(
    fc.property(fc.nat(signed.length - 1), fc.uint8Array({ maxLength: 8 }), (at, bytes) => {
      const changed = Buffer.concat([signed.subarray(0, at), bytes, signed.subarray(at + 1)]);
      try {
        readClearSigned(changed);
      } catch (error) {
        assert.ok(isPipeliteError(error, "OPENPGP_INVALID"), String(error));
      }
    }),
    { numRuns: inputs(500) },
  );
});

test("gpgv judges our texts alike", { skip: peer("gpgv") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-gpgv-"));
  try {
    for (const key of [rsa, ed25519]) {
      const name = `${key.algorithm}.gpg`;
      // gpgv asks for a user id that the key has signed.
      const framed = Buffer.concat([
        Buffer.from([0x99, key.body.length >> 8, key.body.length & 255]),
        key.body,
      ]);
      const user = Buffer.from("an archive");
      const head = Buffer.from([0xb4, 0, 0, 0, user.length]);
      const certificate = signatureOver(Buffer.concat([framed, head, user]), key, {
        type: 0x13,
        created: 1_600_000_001,
        more: [[27, Uint8Array.of(3)]],
      });
      writeFileSync(
        join(folder, name),
        Buffer.concat([packet(6, key.body), packet(13, user), packet(2, certificate)]),
      );
      const verdict = (signed: string) => {
        writeFileSync(join(folder, "text"), signed);
        return spawnSync("gpgv", ["--keyring", join(folder, name), join(folder, "text")]).status;
      };
      assert.equal(verdict(clearSign(TEXT, [key])), 0, key.algorithm);
      assert.notEqual(verdict(clearSign(TEXT, [key]).replace("Debian", "Devian")), 0);
      assert.notEqual(verdict(clearSign(TEXT, [stranger])), 0);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
