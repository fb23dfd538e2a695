// Timestamps against openssl both ways, and each thing that an authority, or somebody else, could put in the place of another.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { parseCertificate, PURPOSE } from "#sigstore/certificate.ts";
import { TAG } from "#sigstore/der.ts";
import { derOf, derOid, sequenceOf } from "#sigstore/der-writer.ts";
import { timestampRequest, verifyTimestamp } from "#sigstore/timestamp.ts";
import type { CertificateAuthority, Period } from "#sigstore/trusted-root.ts";
import { authorityExtensions, issue, leafExtensions, newKey, type Issued } from "../rig/certificates.ts";
import { peer } from "../rig/peer.ts";
import { answerTo, timestampChain, type Chain, type Wrong } from "../rig/timestamp-authority.ts";
import { Folder } from "./rig.ts";

const BYTES = Buffer.from("a signature");
const ALWAYS = { start: 0, end: Number.POSITIVE_INFINITY };
const NOW = Math.floor(Date.now() / 1000) * 1000;

function trusting(chain: readonly Issued[], validFor: Period = ALWAYS): CertificateAuthority[] {
  return [{ uri: "tsa.test", certificates: chain.map(({ der }) => parseCertificate(der)), validFor }];
}

function request(): Buffer {
  return timestampRequest(BYTES, Buffer.from("4142434445", "hex"));
}

/** What is wrong with an answer; nothing when it holds. */
function problemOf(answer: Buffer, authorities: readonly CertificateAuthority[], bytes = BYTES): string {
  try {
    verifyTimestamp(answer, bytes, authorities);
    return "";
  } catch (error) {
    assert.ok(isPipeliteError(error, "TIMESTAMP_INVALID"), String(error));
    assert.equal(error.exitCode, 3);
    return error.message;
  }
}

test("an answer says its time by an authority that is trusted, with or without its own certificate in the trusted root", () => {
  const chain = timestampChain();
  const answer = answerTo(request(), chain, NOW);
  for (const trusted of [[chain.signer, chain.root], [chain.root]]) {
    const { time, nonce, authority } = verifyTimestamp(answer, BYTES, trusting(trusted));
    assert.deepEqual(
      { time, authority, nonce: nonce.toString("hex") },
      { time: NOW, authority: "tsa.test", nonce: "4142434445" },
    );
  }
  const [other] = [timestampChain()];
  assert.match(problemOf(answer, trusting([other.signer, other.root])), /no authority that is trusted/);
  assert.match(problemOf(answer, trusting([other.root])), /leads to no authority/);
  assert.match(problemOf(answer, []), /no authority is trusted/);
  assert.equal(problemOf(answer, [...trusting([other.root]), ...trusting([chain.root])]), "");
});

test("an authority for timestamps that stands between is none that signs", () => {
  const root = issue({ name: "timestamp root", extensions: authorityExtensions() });
  const purpose = leafExtensions([PURPOSE.timeStamping], true).slice(1);
  const between = issue({
    name: "timestamp between",
    issuer: root,
    extensions: [...authorityExtensions(0), ...purpose],
  });
  const signer = issue({
    name: "timestamp signer",
    issuer: between,
    extensions: leafExtensions([PURPOSE.timeStamping], true),
  });
  const answer = answerTo(request(), { root, signer }, NOW);
  for (const chain of [
    [between, root],
    [signer, between, root],
  ])
    assert.equal(problemOf(answer, trusting(chain)), "");
  assert.match(problemOf(answer, trusting([root])), /leads to no authority/);
  // Another one of the same authority is believed where the chain begins with that, and not where it begins with a signer.
  const twin = issue({
    name: "timestamp twin",
    issuer: between,
    extensions: leafExtensions([PURPOSE.timeStamping], true),
  });
  const ofTwin = answerTo(request(), { root, signer: twin }, NOW);
  assert.equal(problemOf(ofTwin, trusting([between, root])), "");
  assert.match(problemOf(ofTwin, trusting([signer, between, root])), /no authority that is trusted/);
});

test("both ends of the time of an authority belong to it, and no more", () => {
  const chain = timestampChain();
  const answer = answerTo(request(), chain, NOW);
  for (const [start, end, found] of [
    [NOW, NOW, /^$/],
    [NOW + 1, NOW + 2, /not trusted at/],
    [NOW - 2, NOW - 1, /not trusted at/],
  ] as const)
    assert.match(problemOf(answer, trusting([chain.root], { start, end })), found);
});

const sha1 = sequenceOf(derOid("1.3.14.3.2.26"));
const stranger = timestampChain();

const WRONG: Record<string, [Wrong, RegExp]> = {
  "it was refused": [{ status: 2, isBare: true }, /status 2/],
  "it was granted with changes": [{ status: 1 }, /status 1/],
  "it has no token": [{ isBare: true }, /no token/],
  "what is signed is something else": [{ type: "1.2.840.113549.1.7.1" }, /is no timestamp/],
  "its attribute is of something else": [{ contentType: "1.2.840.113549.1.7.1" }, /is no timestamp/],
  "another version": [{ version: 2 }, /not of version 1/],
  "it is of other bytes": [{ imprint: createHash("sha256").update("other").digest() }, /of other bytes/],
  "it is of a hash that is broken": [
    { hash: sha1, imprint: createHash("sha1").update(BYTES).digest() },
    /1\.3\.14\.3\.2\.26/,
  ],
  "it is of a hash that is cut off": [
    { imprint: createHash("sha256").update(BYTES).digest().subarray(0, 16) },
    /of other bytes/,
  ],
  "the digest of another time is signed": [{ digest: randomBytes(32) }, /of another time/],
  "another certificate is named": [{ named: randomBytes(32) }, /names another certificate/],
  "no certificate is named": [{ isUnnamed: true }, /does not sign the attribute/],
  "it is signed by another key": [{ signer: stranger.signer }, /not by the authority/],
  "it has no signer": [{ signers: 0 }, /exactly one signer/],
  "it has two signers": [{ signers: 2 }, /exactly one signer/],
  "an attribute stands twice": [{ attributeTwice: true }, /stands twice/],
  "it has a member that nobody knows": [{ more: derOf(0xa5, Buffer.alloc(0)) }, /not known/],
  "it has extensions": [{ more: derOf(0xa1, Buffer.alloc(0)) }, /not known/],
};

test("what an authority must not answer is refused, each for its own reason", () => {
  const chain = timestampChain();
  for (const [what, [wrong, found]] of Object.entries(WRONG))
    for (const trusted of [[chain.signer, chain.root], [chain.root]])
      assert.match(problemOf(answerTo(request(), chain, NOW, wrong), trusting(trusted)), found, what);
  assert.match(
    problemOf(answerTo(request(), chain, NOW), trusting([chain.root]), Buffer.from("b")),
    /other bytes/,
  );
});

test("whoever may sign something else may stamp nothing, and an authority that is not valid then stamped nothing then", () => {
  const refused: Record<string, [Chain, RegExp]> = {
    "for code": [timestampChain([PURPOSE.codeSigning]), /not for timestamps/],
    "for time and code": [
      timestampChain([PURPOSE.timeStamping, PURPOSE.codeSigning]),
      /not for timestamps, or not for them alone/,
    ],
    "for time, and nobody need care": [timestampChain([PURPOSE.timeStamping], false), /not for timestamps/],
  };
  for (const [what, [chain, found]] of Object.entries(refused))
    assert.match(problemOf(answerTo(request(), chain, NOW), trusting([chain.root])), found, what);
  const chain = timestampChain();
  for (const at of [NOW - 86_400_000, NOW + 86_400_000])
    assert.match(problemOf(answerTo(request(), chain, at), trusting([chain.root])), /is valid from/);
});

test("a chain is as strong as each of its certificates", () => {
  const extensions = leafExtensions([PURPOSE.timeStamping], true);
  const root = issue({ name: "root", extensions: authorityExtensions(0) });
  const between = issue({ name: "between", issuer: root, extensions: authorityExtensions() });
  const leaf = issue({ name: "leaf", issuer: between, extensions });
  const noAuthority = issue({
    name: "no authority",
    issuer: root,
    extensions: leafExtensions([PURPOSE.timeStamping]),
  });
  const byNone = issue({ name: "leaf", issuer: noAuthority, extensions });
  const codeOnly = issue({
    name: "for code",
    issuer: root,
    extensions: [...authorityExtensions(), ...leafExtensions([PURPOSE.codeSigning]).slice(1)],
  });
  const byCode = issue({ name: "leaf", issuer: codeOnly, extensions });
  const pretender = issue({ name: "root", extensions: authorityExtensions() });
  const byPretender = issue({ name: "leaf", issuer: pretender, extensions });
  const wide = issue({ name: "wide", extensions: authorityExtensions() });
  const deep = issue({ name: "deep", issuer: wide, extensions: authorityExtensions() });
  const good = issue({ name: "leaf", issuer: deep, extensions });
  const strange = issue({
    name: "leaf",
    issuer: wide,
    extensions: [
      ...extensions,
      sequenceOf(derOid("1.2.3"), derOf(TAG.boolean, Buffer.of(0xff)), derOf(TAG.octetString)),
    ],
  });
  const cases: [signer: Issued, trusted: Issued[], found: RegExp][] = [
    [good, [good, deep, wide], /^$/],
    [good, [deep, wide], /^$/],
    [good, [good, wide], /leads to no authority/],
    [leaf, [leaf, between, root], /may have 0 below it/],
    [byNone, [byNone, noAuthority, root], /may issue none/],
    [byCode, [byCode, codeOnly, wide, root], /is not for the purpose/],
    [byPretender, [byPretender, root], /leads to no authority/],
    [strange, [wide], /1\.2\.3, which is not understood/],
    // A root that signs itself stands for itself alone.
    [root, [root], /no authority|not for timestamps/],
  ];
  for (const [signer, trusted, found] of cases) {
    const answer = answerTo(request(), { root, signer }, NOW);
    assert.match(problemOf(answer, trusting(trusted)), found);
  }
});

test("certificates that could all have issued each other are not tried in every order", () => {
  const key = newKey();
  const maze = Array.from({ length: 12 }, () =>
    issue({ name: "maze", key, extensions: authorityExtensions() }),
  );
  const [first] = maze;
  assert.ok(first);
  const leaf = issue({
    name: "leaf",
    issuer: first,
    extensions: leafExtensions([PURPOSE.timeStamping], true),
  });
  const root = issue({ name: "root", extensions: authorityExtensions() });
  const answer = answerTo(request(), { root, signer: leaf }, NOW);
  assert.match(problemOf(answer, trusting([leaf, ...maze, root])), /too many could have issued it/);
});

test("every change of a byte of an answer is refused, or changes nothing that is signed", () => {
  const chain = timestampChain();
  const answer = answerTo(request(), chain, NOW);
  const trusted = trusting([chain.signer, chain.root]);
  let accepted = 0;
  answer.forEach((byte, at) => {
    const copy = Buffer.from(answer);
    copy[at] = byte ^ 1;
    if (problemOf(copy, trusted) === "") accepted += 1;
  });
  // The certificate beside the signature counts for nothing: that of the trusted root does. So do the algorithms that are listed first.
  assert.ok(
    accepted <= chain.signer.der.length + 40,
    `${accepted} of ${answer.length} bytes count for nothing`,
  );
  const alone = trusting([chain.root]);
  for (let at = 0; at < answer.length; at += 1) {
    const copy = Buffer.from(answer);
    copy[at] = (copy[at] ?? 0) ^ 1;
    if (problemOf(copy, alone) === "") assert.equal(verifyTimestamp(copy, BYTES, alone).time, NOW);
  }
});

const CONFIG = `[tsa]
default_tsa = own
[own]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
[ext]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
`;

test(
  "openssl reads our requests and answers them, and verifies what our authority answers",
  { skip: peer("openssl") },
  () => {
    using folder = new Folder();
    const run = (...words: string[]) => {
      const { status, stderr } = spawnSync("openssl", words, { cwd: folder.path, encoding: "utf8" });
      return { status, stderr };
    };
    const file = (name: string) => readFileSync(folder.file(name));
    writeFileSync(folder.file("data"), BYTES);
    writeFileSync(folder.file("openssl.cnf"), CONFIG);
    for (const kind of ["ec", "rsa"]) {
      const key =
        kind === "ec" ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"] : ["-newkey", "rsa:2048"];
      const make = (name: string, ...more: string[]) =>
        assert.equal(
          run(
            "req",
            "-x509",
            "-nodes",
            ...key,
            "-subj",
            `/CN=${name}`,
            "-keyout",
            `${name}.key`,
            "-out",
            `${name}.pem`,
            ...more,
          ).status,
          0,
        );
      make("root");
      make(
        "tsa",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-config",
        "openssl.cnf",
        "-extensions",
        "ext",
        "-section",
        "none",
      );
      writeFileSync(folder.file("serial"), "01\n");
      const nonce = Buffer.from("5152535455", "hex");
      writeFileSync(folder.file("query"), timestampRequest(BYTES, nonce));
      for (const digest of ["sha256", "sha512"]) {
        const words = ["ts", "-reply", "-config", "openssl.cnf", "-section", "own", "-queryfile", "query"];
        const answered = run(
          ...words,
          "-signer",
          "tsa.pem",
          "-inkey",
          "tsa.key",
          `-${digest}`,
          "-out",
          "reply",
        );
        assert.equal(answered.status, 0, answered.stderr);
        const root = { der: pemBytes(file("root.pem")) };
        const certificates = [parseCertificate(root.der)];
        const authorities = [{ uri: "openssl", certificates, validFor: ALWAYS }];
        const { time, nonce: returned } = verifyTimestamp(file("reply"), BYTES, authorities);
        assert.ok(Math.abs(time - Date.now()) < 60_000);
        assert.ok(returned.equals(nonce));
        assert.match(problemOf(file("reply"), authorities, Buffer.from("b")), /other bytes/);
      }
    }
    const chain = timestampChain();
    const pem = (der: Buffer) =>
      `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
    writeFileSync(folder.file("ours.pem"), pem(chain.root.der));
    const verify = (answer: Buffer) => {
      writeFileSync(folder.file("answer"), answer);
      return run("ts", "-verify", "-queryfile", "query", "-in", "answer", "-CAfile", "ours.pem").status;
    };
    const query = file("query");
    assert.equal(verify(answerTo(query, chain, NOW)), 0);
    for (const what of [
      "it is of other bytes",
      "it is signed by another key",
      "another certificate is named",
      "the digest of another time is signed",
    ])
      assert.notEqual(verify(answerTo(query, chain, NOW, WRONG[what]?.[0])), 0, what);
  },
);

function pemBytes(pem: Buffer): Buffer {
  return Buffer.from(pem.toString("latin1").replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
}
