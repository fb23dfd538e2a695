// Packages of each format: written, and read back by readers that share no code with the writers. What a format can't have is said.
import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { byteStringOf } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import { apkIdentity, apkVersion, isApkSigned, readApk, textOfInfo } from "#package/apk.ts";
import { readDeb } from "#package/deb.ts";
import { checkGzip } from "#package/gzip.ts";
import { readKeyring } from "#package/openpgp-keyring.ts";
import { isGood, readClearSigned, readPackets, readSignature, signersOf } from "#package/openpgp.ts";
import {
  KEY_CREATED_SECONDS,
  openPgpCertificate,
  openPgpClearSign,
  openPgpDetached,
  openPgpKey,
} from "#package/openpgp-signer.ts";
import { readRpm } from "#package/rpm.ts";
import { packageNameOf } from "#ship/names.ts";
import { PACKAGE_FORMATS, type PackageFormat, type PackagePlan, type ShippedFile } from "#ship/shipment.ts";
import { addedFile, addedLink } from "#ship/tree.ts";
import { writePackage } from "#ship/write.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { inputs } from "../rig/peer.ts";
import { FACTS, HELLO, manifestIn, manifestOf, planOf } from "./rig.ts";

const base = mkdtempSync(join(tmpdir(), "pipelite-ship-"));
after(() => rmSync(base, { recursive: true }));

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = {
  openPgp: openPgpKey(privateKey),
  apk: { key: privateKey, name: "team.rsa.pub" },
  publicPem: "",
};

async function bytesOf(
  format: PackageFormat,
  plan: PackagePlan,
  more: { isSigned?: boolean } = {},
): Promise<Buffer> {
  const folder = mkdtempSync(join(base, "out-"));
  const options = { folder, codec: undefined, key: more.isSigned === true ? key : undefined };
  const { file } = await writePackage(format, plan, options);
  return readFileSync(join(folder, file));
}

for (const format of PACKAGE_FORMATS) {
  test(`${format}: what was packed is what is read, and the same bytes come again`, async () => {
    const plan = planOf(HELLO);
    const bytes = await bytesOf(format, plan);
    assert.deepEqual(await manifestIn(format, bytes), manifestOf(plan));
    assert.deepEqual(await bytesOf(format, plan), bytes);
  });

  test(`${format}: one changed byte is an error, or no file is another`, async () => {
    const plan = planOf(HELLO);
    const bytes = await bytesOf(format, plan);
    const wanted = manifestOf(plan);
    const step = Math.max(1, Math.floor(bytes.length / inputs(800)));
    for (let at = 0; at < bytes.length; at += step) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x11;
      try {
        const found = await manifestIn(format, changed);
        // Names and modes in a tar have no digest but that of the stream, which dpkg has in the index of a repository alone.
        if (format !== "deb") assert.deepEqual(found, wanted, `byte ${at}`);
      } catch (error) {
        assert.ok(!(error instanceof assert.AssertionError), String(error));
        assert.ok(
          isPipeliteError(error) || /differ|digest/.test(String(error)),
          `byte ${at}: ${String(error)}`,
        );
      }
    }
  });
}

const name = fc
  .string({
    unit: fc.constantFrom("a", "b", "é", " ", "-", "0123456789".repeat(5)),
    minLength: 1,
    maxLength: 4,
  })
  .map((text) => byteStringOf(`x${text}`));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `nix/store/${parts.join("/")}`);
const file: fc.Arbitrary<ShippedFile> = fc.oneof(
  fc
    .tuple(path, fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(0o444, 0o555, 0o644))
    .map(([at, bytes, mode]) => addedFile(at, bytes, { mode })),
  fc.tuple(path, path).map(([at, target]) => addedLink(at, target)),
);
/** No file stands where a folder must be. */
const tree = fc
  .uniqueArray(file, { selector: (each) => each.path, maxLength: 8 })
  .map((files) => files.filter((each) => !files.some((other) => other.path.startsWith(`${each.path}/`))));

test("every format has the same files as every other", async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (files) => {
      const plan = planOf(files);
      const wanted = manifestOf(plan);
      for (const format of PACKAGE_FORMATS)
        assert.deepEqual(await manifestIn(format, await bytesOf(format, plan)), wanted, format);
    }),
    { numRuns: inputs(100) },
  );
});

test("a name that a format cannot say is an error that names the path, the file and the format", async () => {
  const odd = planOf([addedFile("nix/store/abc-x/a\nb", Buffer.from("x"))]);
  const latin = planOf([addedFile("nix/store/abc-x/caf\xe9", Buffer.from("x"))]);
  const cases: [PackageFormat, PackagePlan, boolean][] = [
    ["deb", odd, false],
    ["apk", odd, false],
    ["rpm", odd, true],
    ["deb", latin, true],
    ["apk", latin, true],
    ["rpm", latin, false],
  ];
  for (const [format, plan, isPossible] of cases) {
    const made = bytesOf(format, plan);
    if (isPossible) assert.deepEqual(await manifestIn(format, await made), manifestOf(plan));
    else
      await assert.rejects(made, (error) => {
        assert.ok(isPipeliteError(error, "PACK_FILE_UNSAYABLE"));
        return (
          error.message.includes("hello") &&
          error.message.includes(format) &&
          error.message.includes("/abc-x/")
        );
      });
  }
});

test("dpkg knows what changes by hand, and what runs when", async () => {
  const { control, controlFiles } = await readDeb(await bytesOf("deb", planOf(HELLO)));
  const text = (of: string) => Buffer.from(controlFiles.get(of) ?? "").toString();
  assert.equal(text("conffiles"), "/etc/hello.conf\n");
  assert.match(text("postinst"), /configure\) ;; \*\) exit 0[^]*echo installed/);
  assert.match(text("prerm"), /case "\$1" in remove\)/);
  assert.equal(control.get("depends"), `${FACTS.depends[0]?.name}, other (= 2.0)`);
  assert.equal(control.get("conflicts"), FACTS.standsFor[0]);
  assert.match(text("md5sums"), /^[0-9a-f]{32} {2}etc\/hello.conf$/m);
});

test("apk has its own way to say a version", async () => {
  const says = Object.fromEntries(
    ["1.2.0", "1.2.0~rc1", "1.0~beta.2", "1.0+git20260101", "1.0~2", "1:1", "abc", "1.0-1"].map((each) => [
      each,
      apkVersion(each),
    ]),
  );
  assert.deepEqual(says, {
    "1.2.0": "1.2.0",
    "1.2.0~rc1": "1.2.0_rc1",
    "1.0~beta.2": "1.0_beta2",
    "1.0+git20260101": "1.0_git20260101",
    "1.0~2": undefined,
    "1:1": undefined,
    abc: undefined,
    "1.0-1": undefined,
  });
  const read = readApk(await bytesOf("apk", planOf(HELLO)));
  assert.equal(textOfInfo(read, "pkgver"), "1.2.0_rc1-r0");
  const said = (key: string) => read.info.flatMap(([each, value]) => (each === key ? [value] : []));
  assert.deepEqual(said("depend"), [FACTS.depends[0]?.name, "other=2.0-r0"]);
  assert.deepEqual(said("provides"), [`${FACTS.standsFor[0]}=1-r0`]);
});

test("packages are signed by a key whose certificate says that it signs", async () => {
  const ring = readKeyring(Buffer.from(openPgpCertificate(key.openPgp, "Anna Example <anna@example.org>")));
  const keys = ring.map((each) => each.key);
  assert.deepEqual(
    keys.map(({ fingerprint }) => fingerprint),
    [key.openPgp.fingerprint],
  );
  const signed = readClearSigned(
    Buffer.from(openPgpClearSign("Suite: x\n- dash\n", key.openPgp, 1_700_000_000)),
  );
  assert.equal(signersOf(signed, keys, KEY_CREATED_SECONDS)[0]?.fingerprint, key.openPgp.fingerprint);
  const rpm = readRpm(await bytesOf("rpm", planOf(HELLO), { isSigned: true }));
  const value = rpm.signatures.get(268);
  assert.ok(value !== undefined && "bytes" in value && keys[0] !== undefined);
  const [packet] = readPackets(value.bytes);
  const signature = packet && readSignature(packet);
  assert.ok(signature !== undefined && isGood(signature, rpm.header, keys[0]));
  const apk = readApk(await bytesOf("apk", planOf(HELLO), { isSigned: true }));
  assert.equal(apk.signature?.name, "team.rsa.pub");
  assert.ok(isApkSigned(apk, createPublicKey(privateKey)));
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
  assert.ok(!isApkSigned(apk, other));
});

test("the name of a store path is one that every format can say", () => {
  const hash = "0123456789abcdfghijklmnpqrsvwxyz";
  const called = (of: string) => packageNameOf(parseStorePath(`/nix/store/${hash}-${of}`));
  assert.equal(called("libFoo_1.2?=x"), `nix-${hash}-libfoo-1.2-x`);
  assert.ok(called("x".repeat(211)).length <= 120);
});

test("an index calls a package by its control part, and detached signatures have an armour", async () => {
  const { control } = readApk(await bytesOf("apk", planOf(HELLO)));
  assert.match(apkIdentity(control), /^Q1[A-Za-z0-9+/]{27}=$/);
  assert.match(
    openPgpDetached(control, key.openPgp, 1_700_000_000),
    /^-----BEGIN PGP SIGNATURE-----\n\n[^]*\n=....\n/,
  );
});

test("gzip of this Node is the one that packages are known by", async () => {
  await checkGzip();
});
