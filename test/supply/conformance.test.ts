// The cases of sigstore-conformance (test/assets/bundle-verify), each made by the authorities of our tests and given to the command: what must
// hold holds, and what must fail ends with 3 and says what is wrong. Those of forms that are not taken here (Rekor 1, signatures over
// files, bundles before 0.3) are refused as such.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { preAuthEncoding, STATEMENT_TYPE, toBase64 } from "#sigstore/envelope.ts";
import { parseLogEntry, type LogInclusion } from "#sigstore/bundle.ts";
import { parseCertificate } from "#sigstore/certificate.ts";
import { parseBundle, writeBundle, type Bundle } from "#sigstore/index.ts";
import { parseSigningConfig } from "#sigstore/signing-config.ts";
import { timestampRequest, verifyTimestamp } from "#sigstore/timestamp.ts";
import { parseTrustedRoot } from "#sigstore/trusted-root.ts";
import { askAll } from "#supply/keyless.ts";
import { stamp } from "#supply/stamp.ts";
import { hashedRekord } from "#tlog/hashed-rekord.ts";
import { parseNote, signNote, noteSignerOf, writeNote, type Note } from "#tlog/note.ts";
import { Attested } from "../rig/attested.ts";
import { pipelite } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { startSigstore, type Sigstore, type WrongCertificate } from "../rig/sigstore.ts";
import { answerTo, authorityEntry } from "../rig/timestamp-authority.ts";

// A run, and hashing what it was built from.
const skip = sweep();
const attested = new Attested();
const WHO = { issuer: "https://issuer.pipelite.test", subject: "anna@pipelite.test" };
let sigstore: Sigstore;
let bundle: Bundle & { log: LogInclusion; certificate: Uint8Array };
before(async () => {
  if (skip !== false) return;
  await attested.start();
  sigstore = await startSigstore();
  // The first entry of a log has a proof without hashes.
  await make();
  const made = await make();
  assert.ok(made.log);
  bundle = { ...made, log: made.log };
});
after(async () => {
  attested[Symbol.dispose]();
  if (skip === false) await sigstore[Symbol.asyncDispose]();
});

async function make(certificate: WrongCertificate = {}): Promise<Bundle & { certificate: Uint8Array }> {
  sigstore.certificate = certificate;
  try {
    const services = parseSigningConfig(sigstore.signingConfig(), Date.now());
    const root = parseTrustedRoot(sigstore.trustedRoot());
    const signal = new AbortController().signal;
    return await askAll(() => attested.statement(0), { token: sigstore.token(), services, root, signal });
  } finally {
    sigstore.certificate = {};
  }
}

interface Case {
  /** The bundle as a file. */
  given: () => string | Promise<string>;
  /** What is said of it; without it all holds. */
  found?: RegExp;
  /** In the trust file. */
  trust?: () => object;
}

function withLog(change: Partial<LogInclusion>): string {
  return writeBundle({ ...bundle, log: { ...bundle.log, ...change } });
}

/** The checkpoint with other lines. */
function checkpoint(change: (note: Note) => Note): string {
  return withLog({ checkpoint: writeNote(change(parseNote(bundle.log.checkpoint))) });
}

interface Json extends Record<string, unknown> {
  verificationMaterial: Record<string, unknown> & { tlogEntries: Record<string, Record<string, unknown>>[] };
  dsseEnvelope: Record<string, unknown> & { signatures: Record<string, unknown>[] };
}

function edited(change: (of: Json) => void): string {
  const json = JSON.parse(writeBundle(bundle)) as Json;
  change(json);
  return JSON.stringify(json);
}

function entryIn({ verificationMaterial: { tlogEntries } }: Json): Record<string, Record<string, unknown>> {
  const [entry] = tlogEntries;
  assert.ok(entry);
  return entry;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

const line = (text: string, at: number, by: string): string => text.split("\n").with(at, by).join("\n");
const stranger = noteSignerOf("localhost", "log", generateKeyPairSync("ed25519").privateKey);
const witness = noteSignerOf("witness.test", "witness", generateKeyPairSync("ed25519").privateKey);
const cosigned = (text: string) => signNote(text, witness, 1_700_000_000);
const plain = () => writeBundle(bundle);

/** A member of a list of the trusted root, changed. */
function rootWith(list: string, change: (entry: Record<string, unknown>) => object): object {
  const root = sigstore.trustedRoot();
  const entries = root[list] as Record<string, unknown>[];
  return { trustedRoot: { ...root, [list]: entries.map(change) } };
}

function validity(list: string, validFor: object): object {
  return rootWith(list, (entry) =>
    list.endsWith("logs")
      ? { ...entry, publicKey: { ...(entry["publicKey"] as object), validFor } }
      : { ...entry, validFor },
  );
}

/** When it was stamped, as the trusted root writes times. */
function stampedAt(seconds = 0): string {
  const { timestampAuthorities } = parseTrustedRoot(sigstore.trustedRoot());
  const [token] = bundle.timestamps ?? [];
  assert.ok(token);
  const { time } = verifyTimestamp(token, bundle.signature, timestampAuthorities);
  return new Date(time + seconds * 1000).toISOString();
}

const SINCE = "2020-01-01T00:00:00Z";
const HOUR = 3_600_000;

const CASES: Record<string, Case> = {
  "happy-path": { given: plain },
  "rekor2-dsse-happy-path": { given: plain },
  "intoto-with-custom-trust-root": { given: plain },
  "bundle-from-wrong-instance_fail": {
    given: plain,
    trust: () => ({ trustedRoot: elsewhere }),
    found: /timestamp.*no authority that is trusted/,
  },
  "bundle-malformed-json_fail": { given: () => plain().slice(0, -9), found: /cannot be read as JSON/ },
  "bundle-unknown-version_fail": {
    given: () => plain().replace("bundle.v0.3", "bundle.v0.9"),
    found: /its media type/,
  },
  "bundle-invalid-base64-signature_fail": {
    given: () => edited(({ dsseEnvelope: { signatures } }) => void (signatures[0] = { sig: "%" })),
    found: /the signature is not base64/,
  },
  "bundle-negative-log-index_fail": {
    given: () =>
      edited((of) => {
        Object.assign(entryIn(of), { logIndex: "-1" });
        Object.assign(entryIn(of)["inclusionProof"] ?? {}, { logIndex: "-1" });
      }),
    found: /a number of its log is none/,
  },
  "bundle-empty-certificate-chain_fail": {
    given: () => edited((of) => withMaterial(of, { x509CertificateChain: { certificates: [] } })),
    found: /unknown member 'x509CertificateChain'/,
  },
  "bundle-with-root-cert_fail": {
    given: () =>
      edited((of) => withMaterial(of, { certificate: { rawBytes: toBase64(sigstore.chain.root.der) } })),
    found: /certificate.*(it is an authority itself|not for the purpose|its own authority)/,
  },
  "checkpoint-bad-keyhint_fail": {
    given: () =>
      checkpoint(({ text, signatures }) => ({
        text,
        signatures: signatures.map((each) => ({ ...each, id: Buffer.from("abcd") })),
      })),
    found: /log.*not signed by the log's key/,
  },
  "checkpoint-wrong-roothash_fail": {
    given: () =>
      checkpoint(({ text, signatures }) => ({ text: line(text, 2, toBase64(Buffer.alloc(32))), signatures })),
    found: /log.*not signed by the log's key/,
  },
  "invalid-checkpoint-signature_fail": {
    given: () =>
      checkpoint(({ text, signatures }) => ({
        text,
        signatures: signatures.map((each) => ({ ...each, bytes: Buffer.from(flipped(each.bytes, 5)) })),
      })),
    found: /log.*not signed by the log's key/,
  },
  "rekor2-checkpoint-missing-log-signature_fail": {
    given: () => checkpoint(({ text }) => ({ text, signatures: [cosigned(text)] })),
    found: /log.*not signed by the log's key/,
  },
  "rekor2-checkpoint-no-matching-signature_fail": {
    given: () => checkpoint(({ text }) => ({ text, signatures: [signNote(text, stranger)] })),
    found: /log.*not signed by the log's key/,
  },
  "rekor2-checkpoint-missing-origin_fail": {
    given: () => resigned((text) => line(text, 0, "")),
    found: /log.*(no checkpoint|no signed note|another log)/,
  },
  "rekor2-checkpoint-missing-size_fail": {
    given: () => resigned((text) => line(text, 1, "")),
    found: /log.*(no checkpoint|no signed note)/,
  },
  "rekor2-checkpoint-missing-root-hash_fail": {
    given: () => resigned((text) => line(text, 2, "").trimEnd() + "\n"),
    found: /log.*no checkpoint/,
  },
  "rekor2-checkpoint-cosigned": {
    given: () =>
      checkpoint(({ text, signatures }) => ({ text, signatures: [...signatures, cosigned(text)] })),
  },
  "rekor2-checkpoint-multiple-cosigs": {
    given: () =>
      checkpoint(({ text, signatures }) => ({
        text,
        signatures: [...signatures, cosigned(text), cosigned(text)],
      })),
  },
  "rekor2-checkpoint-origin-not-first": {
    given: () =>
      checkpoint(({ text, signatures }) => ({ text, signatures: [cosigned(text), ...signatures] })),
  },
  "rekor2-checkpoint-two-sigs-from-origin": {
    given: () =>
      checkpoint(({ text, signatures }) => ({ text, signatures: [signNote(text, stranger), ...signatures] })),
  },
  "rekor2-checkpoint-two-sigs-cosigned": {
    given: () =>
      checkpoint(({ text, signatures }) => ({
        text,
        signatures: [signNote(text, stranger), cosigned(text), ...signatures],
      })),
  },
  "inclusion-proof-corrupted-hash_fail": {
    given: () => withLog({ hashes: bundle.log.hashes.map((hash) => flipped(hash, 0)) }),
    found: /log.*does not lead to the root/,
  },
  "invalid-inclusion-proof_fail": {
    given: () => withLog({ hashes: [] }),
    found: /log.*does not lead to the root/,
  },
  "intoto-missing-inclusion-proof_fail": {
    given: () => edited((of) => void delete entryIn(of)["inclusionProof"]),
    found: /inclusionProof is not an object/,
  },
  "rekor2-no-inclusion-proof_fail": {
    given: () => edited((of) => void (of.verificationMaterial.tlogEntries = [])),
    found: /log.*no entry of a log/,
  },
  "intoto-log-entry-mismatch_fail": {
    given: async () => writeBundle({ ...bundle, log: (await make()).log ?? bundle.log }),
    found: /log.*of another bundle/,
  },
  "cve-2022-36056-swapped-tlog-entry_fail": {
    given: async () => writeBundle({ ...bundle, log: (await make()).log ?? bundle.log }),
    found: /log.*of another bundle/,
  },
  "wrong-hashedrekord-entry_fail": {
    given: () =>
      withLog({ body: Buffer.from(Buffer.from(bundle.log.body).toString().replace('"0.0.2"', '"0.0.1"')) }),
    found: /log.*of another bundle/,
  },
  "wrong-hashedrekord-artifact_fail": {
    given: () =>
      withLog({
        body: bodyWith((text) =>
          text.replace(/"digest":"[^"]+"/, `"digest":"${toBase64(Buffer.alloc(32))}"`),
        ),
      }),
    found: /log.*of another bundle/,
  },
  "wrong-hashedrekord-cert-and-sig_fail": {
    given: async () => withLog({ body: (await make()).log?.body ?? Buffer.alloc(0) }),
    found: /log.*of another bundle/,
  },
  "rekor2-dsse-invalid-sig_fail": {
    given: () => writeBundle({ ...bundle, signature: flipped(bundle.signature, 20) }),
    found: /timestamp.*of other bytes/,
  },
  "dsse-invalid-sig_fail": { given: () => signedByAnother(), found: /signature.*not by the key/ },
  "rekor2-dsse-mismatch-envelope_fail": {
    given: () =>
      writeBundle({ ...bundle, payload: Buffer.from(`${Buffer.from(bundle.payload).toString()} `) }),
    found: /log.*of another bundle/,
  },
  "rekor2-dsse-mismatch-sig_fail": {
    given: async () => {
      const { signature, timestamps = [] } = await make();
      return writeBundle({ ...bundle, signature, timestamps });
    },
    found: /log.*of another bundle/,
  },
  "wrong-material_fail": {
    given: async () => writeBundle({ ...bundle, certificate: (await make()).certificate }),
    found: /log.*of another bundle/,
  },
  "invalid-ct-key_fail": {
    given: plain,
    trust: () =>
      rootWith("ctlogs", (entry) => ({
        ...entry,
        publicKey: { ...(entry["publicKey"] as object), rawBytes: strangeKey },
      })),
    found: /certificate log.*not by its log/,
  },
  "intoto-expired-certificate_fail": {
    given: async () =>
      writeBundle(await make({ notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR })),
    found: /certificate.*is valid from/,
  },
  "rekor2-no-timestamp_fail": {
    given: () => edited((of) => void delete of.verificationMaterial["timestampVerificationData"]),
    found: /timestamp.*it has none/,
  },
  "rekor2-timestamp-payload-mismatch_fail": {
    given: async () => writeBundle({ ...bundle, timestamps: (await make()).timestamps ?? [] }),
    found: /timestamp.*of other bytes/,
  },
  "rekor2-timestamp-with-incorrect-time_fail": {
    given: () => stampedLater(HOUR / 2),
    found: /certificate.*is valid from/,
  },
  "intoto-tsa-timestamp-outside-cert-validity_fail": {
    given: () => stampedLater(HOUR / 2),
    found: /certificate.*is valid from/,
  },
  "rekor2-timestamp-outside-tsa-cert-validity_fail": {
    given: () => stampedLater(3 * HOUR, false),
    found: /timestamp.*is valid from/,
  },
  "rekor2-multiple-timestamps-one-outside-cert-validity_fail": {
    given: async () => {
      const later = parseBundle(await stampedLater(HOUR / 2)).timestamps ?? [];
      return writeBundle({ ...bundle, timestamps: [...(bundle.timestamps ?? []), ...later] });
    },
    found: /certificate.*is valid from/,
  },
  "rekor2-timestamp-outside-trust-root-tsa-validity_fail": {
    given: plain,
    trust: () => validity("timestampAuthorities", { start: SINCE, end: "2021-01-01T00:00:00Z" }),
    found: /timestamp.*not trusted at/,
  },
  "rekor2-timestamp-wrong-tsa-validity-borrow_fail": {
    given: plain,
    // Another authority is trusted at the time, and this one was before.
    trust: () => {
      const { trustedRoot } = validity("timestampAuthorities", {
        start: SINCE,
        end: "2021-01-01T00:00:00Z",
      }) as {
        trustedRoot: { timestampAuthorities: object[] };
      };
      const [other] = elsewhere["timestampAuthorities"] as object[];
      return {
        trustedRoot: { ...trustedRoot, timestampAuthorities: [other, ...trustedRoot.timestampAuthorities] },
      };
    },
    found: /timestamp/,
  },
  "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": {
    given: plain,
    trust: () =>
      rootWith("timestampAuthorities", () => (elsewhere["timestampAuthorities"] as object[])[0] ?? {}),
    found: /timestamp.*no authority that is trusted/,
  },
  "rekor2-timestamp-with-embedded-cert": {
    given: plain,
    trust: () => {
      const { url, chain } = sigstore.timestamps;
      return rootWith("timestampAuthorities", () => authorityEntry(url, [chain.root]));
    },
  },
  "trust-root-tlog-missing-validity-start_fail": {
    given: plain,
    trust: () => validity("tlogs", {}),
    found: /start is missing/,
  },
  "trust-root-tlog-validity-end-inclusive": {
    given: plain,
    trust: () => validity("tlogs", { start: SINCE, end: stampedAt() }),
  },
  "trust-root-tsa-validity-end-inclusive": {
    given: plain,
    trust: () => validity("timestampAuthorities", { start: SINCE, end: stampedAt() }),
  },
  "a log that ended a second before": {
    given: plain,
    trust: () => validity("tlogs", { start: SINCE, end: stampedAt(-1) }),
    found: /log.*not trusted at/,
  },
  "managed-key-no-key_fail": {
    given: () => writeBundle(attested.bundle(0)),
    found: /none of the given keys/,
  },
  "managed-key-and-client-identity_fail": {
    given: () =>
      edited((of) =>
        withMaterial(of, {
          publicKey: { hint: "SHA256:x" },
          certificate: { rawBytes: toBase64(bundle.certificate) },
        }),
      ),
    found: /names a key beside its certificate/,
  },
  "incorrect-public-key_fail": {
    given: () => edited((of) => withMaterial(of, { publicKey: { hint: bundle.keyId } })),
    found: /name different keys/,
  },
  "dsse-statement-missing-type_fail": {
    given: () => stating({ _type: undefined }),
    found: /no in-toto statement v1/,
  },
  "dsse-statement-unknown-type_fail": {
    given: () => stating({ _type: "https://in-toto.io/Statement/v9" }),
    found: /no in-toto statement v1/,
  },
  "happy-path-v0.1, happy-path-v0.2": {
    given: () =>
      plain().replace(
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
      ),
    found: /its media type/,
  },
  "message-digest-mismatch_fail, signature-mismatch_fail": {
    given: () =>
      edited(
        (of) => void Object.assign(of, { messageSignature: { signature: "AA==" }, dsseEnvelope: undefined }),
      ),
    found: /unknown member 'messageSignature'/,
  },
  "set-invalid-signature_fail, integrated-time-in-future_fail": {
    given: () =>
      edited(
        (of) => void Object.assign(entryIn(of)["kindVersion"] ?? {}, { kind: "dsse", version: "0.0.1" }),
      ),
    found: /log.*no entry of a log/,
  },
};

let elsewhere: Record<string, unknown> = {};
const strangeKey = toBase64(
  generateKeyPairSync("ec", { namedCurve: "prime256v1" }).publicKey.export({ format: "der", type: "spki" }),
);

function withMaterial(of: Json, change: object): void {
  const { certificate: _, publicKey: __, ...rest } = of.verificationMaterial;
  of.verificationMaterial = { ...rest, ...change };
}

function bodyWith(change: (text: string) => string): Uint8Array {
  return Buffer.from(change(Buffer.from(bundle.log.body).toString()));
}

/** The log's own key signs what is no checkpoint. */
function resigned(change: (text: string) => string): string {
  return checkpoint(({ text }) => {
    const other = change(text);
    return { text: other, signatures: [signNote(other, sigstore.log)] };
  });
}

async function stampedLater(ms: number, isHeld = true): Promise<string> {
  const { timestamps } = sigstore;
  timestamps.at = Date.now() + ms;
  try {
    const root = parseTrustedRoot(sigstore.trustedRoot());
    const source = { urls: [timestamps.url], authorities: root.timestampAuthorities };
    const signal = new AbortController().signal;
    const stamps = isHeld ? await stamp(bundle.signature, source, signal) : [unheld()];
    return writeBundle({ ...bundle, timestamps: stamps });
  } finally {
    delete timestamps.at;
  }
}

/** An answer that whoever asked did not look at. */
function unheld(): Uint8Array {
  const { chain, at = 0 } = sigstore.timestamps;
  return answerTo(timestampRequest(bundle.signature, Buffer.of(0x41)), chain, at);
}

/** Stamped and logged as it should be, whatever it is. */
async function logged(given: Bundle & { certificate: Uint8Array }): Promise<string> {
  const { key } = parseCertificate(given.certificate);
  const log = parseLogEntry(sigstore.enter(Buffer.from(hashedRekord({ ...given, key }))));
  assert.ok(log);
  const root = parseTrustedRoot(sigstore.trustedRoot());
  const source = { urls: [sigstore.timestamps.url], authorities: root.timestampAuthorities };
  const timestamps = await stamp(given.signature, source, new AbortController().signal);
  return writeBundle({ ...given, log, timestamps });
}

/** Certified, stamped and logged as it should be, but for the signature, which is of another key. */
function signedByAnother(): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return logged({
    ...bundle,
    signature: sign("sha256", preAuthEncoding(STATEMENT_TYPE, bundle.payload), privateKey),
  });
}

/** Signed as it should be, of a statement with other members. */
function stating(change: object): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const statement = JSON.parse(Buffer.from(bundle.payload).toString()) as object;
  const payload = Buffer.from(JSON.stringify({ ...statement, ...change }));
  const signature = sign("sha256", preAuthEncoding(STATEMENT_TYPE, payload), privateKey);
  return logged({ ...bundle, certificate: sigstore.certificateFor(publicKey), payload, signature });
}

test("the cases of Sigstore's conformance tests hold and fail as they must", { skip }, async () => {
  const other = await startSigstore();
  elsewhere = other.trustedRoot();
  await other[Symbol.asyncDispose]();
  const { folder, home, root } = attested.project;
  const builders = attested.trust().builders;
  for (const [name, { given, found, trust }] of Object.entries(CASES)) {
    const [file, trustFile] = [join(folder, "case.sigstore.json"), join(folder, "case.trust.json")];
    writeFileSync(file, await given());
    const whom = { version: 1, keys: [], builders, identities: [WHO], trustedRoot: sigstore.trustedRoot() };
    writeFileSync(trustFile, JSON.stringify({ ...whom, ...trust?.() }));
    const { code, stdout, stderr } = await pipelite(["verify", file, "--trust", trustFile, "--store", home], {
      cwd: root,
    });
    const said = `${name}\n${stdout}${stderr}`;
    if (found === undefined) assert.equal(code, 0, said);
    else {
      // A trusted root that is none is the mistake of whoever wrote it.
      assert.equal(code, /Cannot read the trust file/.test(stderr) ? 2 : 3, said);
      const lines = `${stdout}${stderr}`.split("\n").filter((each) => !each.startsWith("holds"));
      assert.match(lines.join("\n"), found, said);
    }
  }
});
