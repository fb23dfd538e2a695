// Which keys of a file may sign: those of Debian as their owners made them, and GnuPG's, as GnuPG judges them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { DEBIAN_KEYS } from "#environment/debian/keys.ts";
import { trustedKeys } from "#environment/debian/release.ts";
import { readKeyring } from "#package/openpgp-keyring.ts";
import { readClearSigned, signersOf } from "#package/openpgp.ts";
import { peer } from "../rig/peer.ts";
import { newSigningKey, packet, signatureOver, type SignOptions } from "../rig/openpgp.ts";

const framed = (body: Uint8Array) =>
  Buffer.concat([Buffer.from([0x99, body.length >> 8, body.length & 255]), body]);
const primary = newSigningKey("ed25519");
const subkey = newSigningKey("rsa");
const user = Buffer.from("an archive");
const certified = Buffer.concat([framed(primary.body), Buffer.from([0xb4, 0, 0, 0, user.length]), user]);
const bound = Buffer.concat([framed(primary.body), framed(subkey.body)]);
const SIGN: SignOptions["more"] = [[27, Uint8Array.of(2)]];
const CERTIFY: SignOptions["more"] = [[27, Uint8Array.of(1)]];
const certification = (options: SignOptions = {}) =>
  packet(2, signatureOver(certified, primary, { type: 0x13, more: CERTIFY, ...options }));
const back = signatureOver(bound, subkey, { type: 0x19 });
const binding = (more: SignOptions["more"] = [...SIGN, [32, back]], by = primary) =>
  packet(2, signatureOver(bound, by, { type: 0x18, more }));
const ring = (...packets: Buffer[]) => readKeyring(Buffer.concat(packets)).map(({ key }) => key.fingerprint);
const [key, id, sub] = [packet(6, primary.body), packet(13, user), packet(14, subkey.body)] as const;
const [main, signing] = [primary.publicKey.fingerprint, subkey.publicKey.fingerprint];

test("a key that may sign, and a subkey that may", () => {
  assert.deepEqual(ring(key, id, certification({ more: SIGN }), sub, binding()), [main, signing]);
  assert.deepEqual(ring(key, id, certification(), sub, binding()), [signing]);
});

describe("no key is taken", () => {
  test("that nobody vouches for", () => assert.deepEqual(ring(key, id, sub, binding()), []));
  test("whose own word is not its own", () => {
    const foreign = packet(2, signatureOver(certified, newSigningKey("ed25519"), { type: 0x13, more: SIGN }));
    assert.deepEqual(ring(key, id, foreign), []);
  });
  test("that was revoked", () => {
    const revoked = packet(2, signatureOver(framed(primary.body), primary, { type: 0x20 }));
    assert.deepEqual(ring(key, revoked, id, certification({ more: SIGN })), []);
  });
  test("as a subkey without its own word", () =>
    assert.deepEqual(ring(key, id, certification(), sub, binding(SIGN)), []));
  test("as a subkey that another key bound", () =>
    assert.deepEqual(ring(key, id, certification(), sub, binding([...SIGN, [32, back]], subkey)), []));
  test("as a subkey that was revoked", () => {
    const revoked = packet(2, signatureOver(bound, primary, { type: 0x28 }));
    assert.deepEqual(ring(key, id, certification(), sub, binding(), revoked), []);
  });
  test("as a subkey that is for encryption", () =>
    assert.deepEqual(
      ring(
        key,
        id,
        certification(),
        sub,
        binding([
          [27, Uint8Array.of(12)],
          [32, back],
        ]),
      ),
      [],
    ));
});

test("a subkey is in force as long as the key is, and no longer than itself", () => {
  const days = (count: number): [number, Uint8Array] => {
    const seconds = Buffer.alloc(4);
    seconds.writeUInt32BE(count * 86_400);
    return [9, seconds];
  };
  const expires = (whole: number, own: number) =>
    readKeyring(
      Buffer.concat([
        key,
        id,
        certification({ more: [...CERTIFY, days(whole)] }),
        sub,
        binding([...SIGN, [32, back], days(own)]),
      ]),
    )[0]?.expires;
  assert.equal(expires(10, 20), 1_600_000_000 + 10 * 86_400);
  assert.equal(expires(20, 10), 1_600_000_000 + 10 * 86_400);
});

test("a file without keys is refused", () => {
  for (const bytes of ["", "no", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n"])
    assert.throws(
      () => readKeyring(Buffer.from(bytes)),
      (error) => isPipeliteError(error, "OPENPGP_INVALID"),
    );
});

const DEBIAN_RING = "/usr/share/keyrings/debian-archive-keyring.gpg";

test(
  "the keys in the source are those that Debian ships, with their last days",
  { skip: !existsSync(DEBIAN_RING) && "not on this machine" },
  () => {
    const shipped = new Map(
      readKeyring(readFileSync(DEBIAN_RING)).map((each) => [
        each.key.fingerprint,
        each.expires && new Date(each.expires * 1000).toISOString().slice(0, 10),
      ]),
    );
    for (const { fingerprint, expires } of DEBIAN_KEYS) {
      if (shipped.has(fingerprint)) assert.equal(shipped.get(fingerprint), expires, fingerprint);
    }
    const known = trustedKeys().filter((each) => shipped.has(each.key.fingerprint));
    assert.ok(known.length >= 4, "most of them are there");
  },
);

describe("GnuPG's keys", { skip: peer("gpg") }, () => {
  const home = mkdtempSync(join(tmpdir(), "pipelite-gnupg-"));
  after(() => rmSync(home, { recursive: true, force: true }));
  const gpg = (args: string[], input = "") => {
    const { status, stdout, stderr } = spawnSync(
      "gpg",
      ["--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", ...args],
      { input },
    );
    assert.equal(status, 0, String(stderr));
    return stdout;
  };
  for (const [algorithm, subalgorithm] of [
    ["ed25519", "ed25519"],
    ["rsa2048", "rsa2048"],
  ] as const) {
    test(`${algorithm}, with a subkey that signs, armoured and not`, () => {
      const name = `archive-${algorithm}`;
      gpg(["--quick-generate-key", name, algorithm, "cert", "2y"]);
      const listed = String(gpg(["--with-colons", "--list-keys", name]));
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "";
      gpg(["--quick-add-key", fingerprint, subalgorithm, "sign", "1y"]);
      const signed = gpg(
        ["--local-user", name, "--digest-algo", "SHA256", "--clearsign"],
        "Suite: own\n- x\n",
      );
      for (const armour of [[], ["--armor"]]) {
        const keys = readKeyring(gpg([...armour, "--export", name]));
        assert.equal(keys.length, 1);
        assert.ok((keys[0]?.expires ?? 0) < Date.now() / 1000 + 366 * 86_400);
        const found = signersOf(
          readClearSigned(signed),
          keys.map((each) => each.key),
          Date.now() / 1000,
        );
        assert.deepEqual(
          found.map((each) => each.fingerprint),
          [keys[0]?.key.fingerprint],
        );
      }
    });
  }
});
