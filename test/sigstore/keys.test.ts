import assert from "node:assert/strict";
import { generateKeyPairSync, sign as signBytes, verify as verifyBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { readKey } from "#app/sign.ts";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { commandKey } from "#keys/command-key.ts";
import { parsePublicKey, signStatement, verifyBundle, writePublicKey } from "#sigstore/index.ts";
import { generateKey, readPublicKey, readSigningKey, writeSigningKey } from "#keys/key-file.ts";
import { peer } from "../rig/peer.ts";
import { Folder, STATEMENT } from "./rig.ts";

function refuses(code: ErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => isPipeliteError(error, code));
}

test("a key comes back from its files, which only the owner reads", () => {
  using folder = new Folder();
  const key = generateKey();
  const file = folder.file("anna.key");
  const { publicFile } = writeSigningKey(file, key);
  const { key: again, warnings } = readSigningKey(file);
  assert.equal(again.publicKey.keyId, key.publicKey.keyId);
  assert.deepEqual(warnings, []);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readPublicKey(publicFile).keyId, key.publicKey.keyId);
  assert.equal(parsePublicKey(writePublicKey(key.publicKey)).keyId, key.publicKey.keyId);
});

test("a key with a passphrase opens with it, and with nothing else", () => {
  using folder = new Folder();
  const key = generateKey();
  const file = folder.file("anna.key");
  writeSigningKey(file, key, "correct horse");
  assert.match(readFileSync(file, "utf8"), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  assert.equal(readSigningKey(file, "correct horse").key.publicKey.keyId, key.publicKey.keyId);
  refuses("PASSPHRASE_WRONG", () => readSigningKey(file, "wrong"));
  refuses("PASSPHRASE_WRONG", () => readSigningKey(file, ""));
  refuses("PASSPHRASE_MISSING", () => readSigningKey(file));
});

test("a key file that others can read is used with a warning", () => {
  using folder = new Folder();
  const file = folder.file("anna.key");
  writeSigningKey(file, generateKey());
  for (const [mode, isWarned] of [
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
  ] as const) {
    chmodSync(file, mode);
    assert.equal(readSigningKey(file).warnings.length, isWarned ? 1 : 0, mode.toString(8));
  }
});

test("no file is overwritten, and no half of a pair is left", () => {
  using folder = new Folder();
  const file = folder.file("anna.key");
  writeFileSync(`${file}.pub`, "mine");
  refuses("SIGNING_KEY_EXISTS", () => writeSigningKey(file, generateKey()));
  assert.ok(!existsSync(file));
  assert.equal(readFileSync(`${file}.pub`, "utf8"), "mine");
  const other = folder.file("bert.key");
  writeFileSync(other, "mine");
  refuses("SIGNING_KEY_EXISTS", () => writeSigningKey(other, generateKey()));
  assert.ok(!existsSync(`${other}.pub`));
});

test("keys of other kinds and files that hold no key are refused by name", () => {
  using folder = new Folder();
  const file = folder.file("other.key");
  const others = {
    rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ed25519: generateKeyPairSync("ed25519"),
    "ec on secp384r1": generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
    "ec on secp256k1": generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  };
  for (const [found, { privateKey, publicKey }] of Object.entries(others)) {
    writeFileSync(file, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    assert.throws(
      () => readSigningKey(file),
      (error) => isPipeliteError(error, "SIGNING_KEY_KIND") && error.details["found"] === found,
    );
    writeFileSync(file, publicKey.export({ format: "pem", type: "spki" }));
    refuses("SIGNING_KEY_KIND", () => readPublicKey(file));
  }
  for (const text of ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]) {
    writeFileSync(file, text);
    refuses("SIGNING_KEY_INVALID", () => readSigningKey(file));
    refuses("SIGNING_KEY_INVALID", () => readPublicKey(file));
  }
  refuses("SIGNING_KEY_INVALID", () =>
    parsePublicKey("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
  );
  refuses("SIGNING_KEY_NOT_FOUND", () => readSigningKey(folder.file("none")));
});

test("a private key is not taken for a public one, so it is never copied by mistake", () => {
  using folder = new Folder();
  const file = folder.file("anna.key");
  writeSigningKey(file, generateKey());
  refuses("SIGNING_KEY_INVALID", () => readPublicKey(file));
});

test("openssl reads our keys and makes keys that we read", { skip: peer("openssl") }, () => {
  using folder = new Folder();
  const openssl = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync("openssl", args);
    assert.equal(status, 0, stderr.toString());
    return stdout;
  };
  const file = folder.file("anna.key");
  const { publicFile } = writeSigningKey(file, generateKey(), "secret");
  const pem = openssl("pkey", "-in", file, "-passin", "pass:secret", "-pubout").toString();
  assert.equal(pem, readFileSync(publicFile, "utf8"));
  const short = folder.file("compressed.pub");
  openssl(
    "pkey",
    "-in",
    file,
    "-passin",
    "pass:secret",
    "-pubout",
    "-ec_conv_form",
    "compressed",
    "-out",
    short,
  );
  assert.notEqual(readFileSync(short, "utf8"), pem);
  assert.equal(readPublicKey(short).keyId, readPublicKey(publicFile).keyId);
  const made = folder.file("bert.key");
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", made);
  assert.match(readSigningKey(made).key.publicKey.keyId, /^SHA256:[A-Za-z0-9+/]{43}$/);
  const old = folder.file("old.key");
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", old);
  assert.match(readSigningKey(old).key.publicKey.keyId, /^SHA256:[A-Za-z0-9+/]{43}$/);
  const scrypt = folder.file("scrypt.key");
  openssl("pkcs8", "-topk8", "-scrypt", "-in", made, "-passout", "pass:longer", "-out", scrypt);
  assert.equal(
    readSigningKey(scrypt, "longer").key.publicKey.keyId,
    readSigningKey(made).key.publicKey.keyId,
  );
});

test("a key's id is the fingerprint that ssh shows for it", { skip: peer("ssh-keygen") }, () => {
  using folder = new Folder();
  const key = generateKey();
  const { publicFile } = writeSigningKey(folder.file("anna.key"), key);
  const ssh = (...args: string[]) => spawnSync("ssh-keygen", args, { encoding: "utf8" }).stdout;
  writeFileSync(folder.file("ssh.pub"), ssh("-i", "-m", "PKCS8", "-f", publicFile));
  assert.equal(ssh("-l", "-f", folder.file("ssh.pub")).split(" ")[1], key.publicKey.keyId);
});

test("a key is taken from a variable; an empty one is the user's mistake", () => {
  using folder = new Folder();
  const key = generateKey();
  writeSigningKey(folder.file("a.key"), key);
  const source = { from: "environment", variable: "KEY" } as const;
  const env = { KEY: readFileSync(folder.file("a.key"), "utf8") };
  assert.equal(readKey(source, env).key.publicKey.keyId, key.publicKey.keyId);
  for (const none of [{}, { KEY: "" }])
    assert.throws(() => readKey(source, none), { code: "SIGNING_VARIABLE_EMPTY", exitCode: 2 });
});

test("a program that has the key signs; what it answers must be a signature over what it got", () => {
  using folder = new Folder();
  const bytes = Buffer.alloc(1 << 20, "x");
  const { privateKey, publicKey } = generateKey();
  const signed = (what: Uint8Array, key = privateKey) => signBytes("sha256", what, key);
  const answer = (name: string, content: string | Uint8Array) => {
    writeFileSync(folder.file(name), content);
    return `cat '${folder.file(name)}'`;
  };
  const good = signed(bytes);
  const by = (command: string) => commandKey(command, publicKey, process.env).sign(bytes);
  // The first of them does not read what it gets.
  for (const command of [answer("der", good), answer("base64", `${good.toString("base64")}\n`)])
    assert.ok(verifyBytes("sha256", bytes, publicKey.key, by(command)), command);
  assert.ok(verifyBytes("sha256", bytes, publicKey.key, by(`cat > /dev/null; ${answer("der", good)}`)));
  const wrong: [command: string, found: RegExp][] = [
    [answer("other", signed(Buffer.from("y"))), /no signature/],
    [answer("stranger", signed(bytes, generateKey().privateKey)), /no signature/],
    [answer("text", "signed\n"), /no signature/],
    [answer("long", Buffer.concat([good, good])), /no signature/],
    ["true", /no signature/],
    ["echo 'no token' >&2; exit 3", /it exited with 3: no token/],
    ["kill -9 $$", /ended by SIGKILL/],
    ["no-such-program-here", /it exited with 127/],
    ["yes", /ENOBUFS/],
    ["trap '' TERM; yes; sleep 1000", /ENOBUFS/],
    ["PIN=1234 false --pin 1234", /^(?!.*1234).*'false': it exited with 1/],
  ];
  for (const [command, found] of wrong)
    assert.throws(
      () => by(command),
      (error) => isPipeliteError(error, "SIGNING_COMMAND_FAILED") && found.test(error.message),
      command,
    );
});

test("openssl signs as such a program", { skip: peer("openssl") }, () => {
  using folder = new Folder();
  const key = generateKey();
  writeSigningKey(folder.file("a.key"), key);
  const kept = commandKey(`openssl dgst -sha256 -sign '${folder.file("a.key")}'`, key.publicKey, process.env);
  assert.deepEqual(verifyBundle(signStatement(STATEMENT, kept), [key.publicKey]), STATEMENT);
});
