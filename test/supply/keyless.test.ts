// Provenance that is signed without a key of one's own, by a Sigstore of our own: what it takes, what Sigstore's own library says of it,
// and each thing that one of the authorities could say wrong.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertBundle, bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { provenance } from "#app/provenance.ts";
import { parseBundle, writeBundle, type Bundle } from "#sigstore/index.ts";
import { contextTag } from "#sigstore/der.ts";
import { derOf } from "#sigstore/der-writer.ts";
import { parseSigningConfig } from "#sigstore/signing-config.ts";
import { parseTrustedRoot } from "#sigstore/trusted-root.ts";
import { askAll, type KeylessSigner } from "#supply/keyless.ts";
import { stamp } from "#supply/stamp.ts";
import { noteSignerOf, writeVerifier } from "#tlog/note.ts";
import { newKey } from "../rig/certificates.ts";
import { pipelite } from "../rig/command.ts";
import { parseTrust, type Trust } from "#supply/trust.ts";
import { Attested } from "../rig/attested.ts";
import { sweep } from "../rig/peer.ts";
import { startSigstore, type Sigstore, type WrongCertificate, type WrongEntry } from "../rig/sigstore.ts";

// A run, and hashing what it was built from.
const skip = sweep();
const attested = new Attested();
let sigstore: Sigstore;
let out: string;
let bundle: Bundle;
before(async () => {
  if (skip !== false) return;
  await attested.start();
  sigstore = await startSigstore();
  out = join(attested.project.folder, "out");
  await sign();
  bundle = parseBundle(readFileSync(join(out, "one.sigstore.json"), "utf8"));
});
after(async () => {
  attested[Symbol.dispose]();
  if (skip === false) await sigstore[Symbol.asyncDispose]();
});

async function sign(token = sigstore.token()): Promise<void> {
  const file = (name: string, content: object): string => {
    const path = join(attested.project.folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  await provenance({
    home: attested.project.door,
    which: { word: "latest" },
    stages: [],
    out,
    signer: {
      by: "identity",
      token: { from: "environment", variable: "SIGSTORE_ID_TOKEN" },
      configFile: file("signing_config.json", sigstore.signingConfig()),
      rootFile: file("trusted_root.json", sigstore.trustedRoot()),
      env: { SIGSTORE_ID_TOKEN: token },
    },
    signal: new AbortController().signal,
  });
}

function trusting(change: object = {}): Trust {
  const written = JSON.parse(readFileSync(join(out, "trust.json"), "utf8")) as object;
  return parseTrust(JSON.stringify({ ...written, ...change }), "trust.json");
}

/** As Sigstore's library does that others use. */
function verifyByPeer(text: string, subject = "anna@pipelite.test"): void {
  const read = bundleFromJSON(JSON.parse(text));
  assertBundle(read);
  const root = TrustedRoot.fromJSON(sigstore.trustedRoot());
  const policy = { subjectAlternativeName: subject, extensions: { issuer: "https://issuer.pipelite.test" } };
  new Verifier(toTrustMaterial(root)).verify(toSignedEntity(read), policy);
}

test(
  "what is signed holds by the trust file beside it, and by Sigstore's own library with all that it demands",
  { skip },
  () => {
    assert.deepEqual(attested.problems(bundle, trusting()), []);
    const text = readFileSync(join(out, "one.sigstore.json"), "utf8");
    assert.equal(writeBundle(parseBundle(text)), text);
    verifyByPeer(text);
    assert.throws(() => verifyByPeer(text, "bert@pipelite.test"));
  },
);

test("the token goes to the authority for certificates, and to nobody else", { skip }, () => {
  const shown = sigstore.asked.filter(({ token }) => token !== undefined).map(({ path }) => path);
  assert.deepEqual([...new Set(shown)], ["/api/v2/signingCert"]);
  const written =
    readFileSync(join(out, "trust.json"), "utf8") + readFileSync(join(out, "one.sigstore.json"), "utf8");
  assert.ok(!written.includes(sigstore.token().split(".")[2] ?? ""));
});

const ISSUER = "https://issuer.pipelite.test";
const WHO = { issuer: ISSUER, subject: "anna@pipelite.test" };

interface Entry extends Record<string, unknown> {
  publicKey: Record<string, unknown>;
}

function first(list: string, root = sigstore.trustedRoot()): Entry {
  const [entry] = root[list] as Entry[];
  assert.ok(entry);
  return entry;
}

/** The trusted root with other entries in one of its lists. */
function rootWith(list: string, ...entries: object[]): object {
  return { trustedRoot: { ...sigstore.trustedRoot(), [list]: entries } };
}

/** The log under its own id, with the key of another. */
function withKey(list: string): object {
  const { logId, baseUrl } = first(list);
  return rootWith(list, { ...first(list, other.trustedRoot()), logId, baseUrl });
}

function until2021(list: string): object {
  const validFor = { start: "2020-01-01T00:00:00Z", end: "2021-01-01T00:00:00Z" };
  const entry = first(list);
  const isLog = list.endsWith("logs");
  return rootWith(
    list,
    isLog ? { ...entry, publicKey: { ...entry.publicKey, validFor } } : { ...entry, validFor },
  );
}

const ofOther = (list: string): object => rootWith(list, first(list, other.trustedRoot()));
const onlyWho = (change: object): object => ({ identities: [{ ...WHO, ...change }] });

let other: Sigstore;

/** What the trust file says, and what is found. */
const DISTRUST: Record<string, [change: () => object, found: RegExp]> = {
  "nobody is trusted": [() => ({ identities: [] }), /signature: .*no identity is trusted/],
  "another subject": [() => onlyWho({ subject: "bert@pipelite.test" }), /identity: .*is not trusted/],
  "a subject in other letters": [() => onlyWho({ subject: "Anna@pipelite.test" }), /identity: /],
  "a part of the subject": [() => onlyWho({ subject: "a@pipelite.test" }), /identity: /],
  "a pattern": [() => onlyWho({ subject: ".*" }), /identity: /],
  "another who vouches": [() => onlyWho({ issuer: `${ISSUER}/` }), /identity: /],
  "who may not speak for the builder": [() => onlyWho({ builders: [] }), /builder: .*may not speak for/],
  "a witness that did not sign": [
    () => ({ logs: [writeVerifier(attested.log)], witnesses: [writeVerifier(WITNESS)] }),
    /witness witness.test: it has not signed/,
  ],
  "another authority for certificates": [
    () => ofOther("certificateAuthorities"),
    /certificate: .*leads to no authority/,
  ],
  "another log of certificates": [() => ofOther("ctlogs"), /certificate log: .*not trusted then/],
  "a log of certificates with another key": [() => withKey("ctlogs"), /certificate log: .*not by its log/],
  "another log": [() => ofOther("tlogs"), /log: .*not trusted/],
  "a log with another key": [() => withKey("tlogs"), /log: .*not signed by the log's key/],
  "a log of another name": [
    () => rootWith("tlogs", { ...first("tlogs"), baseUrl: "https://other.test" }),
    /log: .*not signed by the log's key/,
  ],
  "another timestamp authority": [
    () => ofOther("timestampAuthorities"),
    /timestamp: .*no authority that is trusted/,
  ],
  "an authority for certificates of before": [
    () => until2021("certificateAuthorities"),
    /certificate: no authority/,
  ],
  "a log of certificates of before": [() => until2021("ctlogs"), /certificate log: .*not trusted then/],
  "a log of before": [() => until2021("tlogs"), /log: .*not trusted at/],
  "a log of certificates whose key can't have signed": [
    () => withKind("ctlogs", "ed25519"),
    /certificate log: .*its log has a key of another kind/,
  ],
  "a log whose key can't have signed": [() => withKind("tlogs", "x25519"), /log: .*no Ed25519 key/],
  "a timestamp authority of before": [() => until2021("timestampAuthorities"), /timestamp: .*not trusted at/],
};
/** The log with a key of another kind. */
function withKind(list: string, kind: "ed25519" | "x25519"): object {
  const { publicKey } = kind === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("x25519");
  const rawBytes = publicKey.export({ format: "der", type: "spki" }).toString("base64");
  const entry = first(list);
  return rootWith(list, { ...entry, publicKey: { ...entry.publicKey, rawBytes } });
}

const WITNESS = noteSignerOf("witness.test", "witness", generateKeyPairSync("ed25519").privateKey);

test("it holds by those alone whom the trust file names, each of them", { skip }, async () => {
  other = await startSigstore();
  try {
    for (const [what, [change, found]] of Object.entries(DISTRUST))
      assert.match(attested.problems(bundle, trusting(change())).join("\n"), found, what);
  } finally {
    await other[Symbol.asyncDispose]();
  }
});

test("a trust file that names identities names all who vouch for them", { skip }, () => {
  const refused = (message: RegExp) => ({ code: "TRUST_INVALID", exitCode: 2, message });
  for (const list of ["certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities"])
    assert.throws(() => trusting(rootWith(list)), refused(new RegExp(`has no ${list}`)));
  assert.throws(() => trusting({ trustedRoot: undefined }), refused(/has no certificateAuthorities/));
  assert.throws(() => trusting({ identities: [WHO, WHO] }), refused(/an identity twice/));
  assert.throws(() => trusting({ identities: [{ subject: "x" }] }), refused(/issuer is missing/));
  assert.throws(() => trusting(onlyWho({ pattern: "x" })), refused(/no member that is known/));
});

function signerNow(): KeylessSigner {
  return {
    token: sigstore.token(),
    services: parseSigningConfig(sigstore.signingConfig(), Date.now()),
    root: parseTrustedRoot(sigstore.trustedRoot()),
    signal: new AbortController().signal,
  };
}

/** A bundle that the services made while one of them was wrong. */
async function made(certificate: WrongCertificate, entry: WrongEntry = {}): Promise<Bundle> {
  Object.assign(sigstore, { certificate, entry });
  try {
    return await askAll(() => attested.statement(0), signerNow());
  } finally {
    Object.assign(sigstore, { certificate: {}, entry: {} });
  }
}

const HOUR = 3_600_000;
const email = (name: string) => derOf(contextTag(1, false), Buffer.from(name));

interface Case {
  make: () => Promise<Bundle>;
  found: RegExp;
  /** What Sigstore's own library takes, or leaves to a policy. */
  isOurs?: true;
}

const WRONG: Record<string, Case> = {
  "a certificate for servers": {
    make: () => made({ purposes: ["1.3.6.1.5.5.7.3.1"] }),
    found: /certificate: .*not for the purpose/,
    isOurs: true,
  },
  "a certificate by somebody of the same name": {
    make: () => made({ byStranger: true }),
    found: /certificate: .*leads to no authority/,
  },
  "a certificate that had ended": {
    make: () => made({ notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR }),
    found: /certificate: .*is valid from/,
  },
  "a certificate that had not begun": {
    make: () => made({ notBefore: Date.now() + HOUR, notAfter: Date.now() + 2 * HOUR }),
    found: /certificate: .*is valid from/,
  },
  "no promise of a log": { make: () => made({ promise: "none" }), found: /certificate log: .*has none/ },
  "the promise of another certificate": {
    make: () => made({ promise: "another" }),
    found: /certificate log: .*not by its log/,
  },
  "a promise by another key": {
    make: () => made({ promise: "stranger" }),
    found: /certificate log: .*not by its log/,
  },
  "a promise that stands twice": {
    make: () => made({ promise: "twice" }),
    found: /certificate log: .*stands twice/,
  },
  "another who vouched": {
    make: () => made({ issuer: "https://other.test" }),
    found: /identity: .*other.test, is not trusted/,
  },
  "another name": { make: () => made({ subject: email("bert@pipelite.test") }), found: /identity: bert/ },
  "two names": {
    make: () => made({ subject: Buffer.concat([email("anna@pipelite.test"), email("bert@pipelite.test")]) }),
    found: /subject: .*exactly one subject/,
    isOurs: true,
  },
  "the name of a host": {
    make: () => made({ subject: derOf(contextTag(2, false), Buffer.from("anna@pipelite.test")) }),
    found: /subject: .*no kind that is known/,
  },
  "an entry of other bytes": {
    make: () =>
      made({}, { body: (body) => Buffer.from(body.toString().replace(/"digest":"..../, '"digest":"AAAA')) }),
    found: /log: .*of another bundle/,
  },
  "an entry that is not canonical": {
    make: () => made({}, { body: (body) => Buffer.from(`${body.toString().slice(0, -1)} }`) }),
    found: /log: .*of another bundle/,
    isOurs: true,
  },
  "a checkpoint by another key of the same name": {
    make: () =>
      made({}, { signer: noteSignerOf("localhost", "log", generateKeyPairSync("ed25519").privateKey) }),
    found: /log: .*not signed by the log's key/,
  },
  "a checkpoint of another log": {
    make: () => made({}, { origin: "other.test" }),
    found: /log: .*of another log/,
    isOurs: true,
  },
  "another place in the log": {
    make: () => made({}, { index: 0 }),
    found: /log: .*does not lead to the root/,
  },
  "no entry": { make: () => changed(({ log: _, ...rest }) => rest), found: /log: .*no entry of a log/ },
  "no timestamp": {
    make: () => changed(({ timestamps: _, ...rest }) => rest),
    found: /timestamp: it has none/,
  },
  "the certificate of another bundle": {
    make: async () => ({ ...bundle, certificate: (await made({})).certificate ?? Buffer.alloc(0) }),
    found: /log: .*of another bundle/,
  },
  "the log entry of another bundle": {
    make: async () => {
      const { log } = await made({});
      return { ...bundle, ...(log !== undefined && { log }) };
    },
    found: /log: .*of another bundle/,
  },
  "the timestamp of another bundle": {
    make: async () => ({ ...bundle, timestamps: (await made({})).timestamps ?? [] }),
    found: /timestamp: .*of other bytes/,
  },
  "a timestamp more, from after the end of the certificate": {
    make: async () => ({ ...bundle, timestamps: [...(bundle.timestamps ?? []), ...(await lateStamps())] }),
    found: /certificate: .*is valid from/,
  },
  "a word of the payload": {
    make: () =>
      changed((of) => ({
        ...of,
        payload: Buffer.from(Buffer.from(of.payload).toString().replace("one", "two")),
      })),
    found: /log: .*of another bundle/,
  },
};

async function changed(change: (of: Bundle) => Bundle): Promise<Bundle> {
  return change(bundle);
}

async function lateStamps(): Promise<Uint8Array[]> {
  const { root, services, signal } = signerNow();
  sigstore.timestamps.at = Date.now() + HOUR / 2;
  try {
    const source = { urls: services.timestampAuthorities, authorities: root.timestampAuthorities };
    return await stamp(bundle.signature, source, signal);
  } finally {
    delete sigstore.timestamps.at;
  }
}

test("what one of them says wrong is refused, and named", { skip }, async () => {
  const trust = trusting();
  for (const [what, { make, found, isOurs }] of Object.entries(WRONG)) {
    const wrong = await make();
    assert.match(attested.problems(wrong, trust).join("\n"), found, what);
    if (isOurs !== true) assert.throws(() => verifyByPeer(writeBundle(wrong)), what);
  }
});

test(
  "who signs gets no bundle that a verifier would refuse, and is told what was wrong",
  { skip },
  async () => {
    const fails = async (code: string, message: RegExp, token?: string): Promise<void> =>
      assert.rejects(sign(token), { code, message });
    const lie = async (path: string, body: string, message: RegExp, status = 200): Promise<void> => {
      sigstore.lies.set(path, { status, body });
      await fails("SIGSTORE_FAILED", message);
      sigstore.lies.delete(path);
    };
    sigstore.certificate = { promise: "none" };
    await fails("SIGSTORE_FAILED", /certificate log: .*has none/);
    sigstore.certificate = { key: newKey() };
    await fails("SIGSTORE_FAILED", /for another key/);
    sigstore.certificate = {};
    sigstore.entry = { index: 0 };
    await fails("SIGSTORE_FAILED", /log: .*does not lead/);
    sigstore.entry = {};
    await fails("SIGSTORE_FAILED", /answered 401: .*known issuer/, sigstore.token({ aud: "other" }));
    await fails("IDENTITY_TOKEN_INVALID", /no token of OpenID/, "x.y.z");
    await fails("IDENTITY_TOKEN_INVALID", /there is none/, "");
    await fails("IDENTITY_TOKEN_INVALID", /not verified/, sigstore.token({ email_verified: false }));
    await fails("IDENTITY_TOKEN_INVALID", /no subject/, sigstore.token({ email: undefined, sub: "" }));
    const certificates = "/api/v2/signingCert";
    await lie(certificates, "no JSON", /JSON/);
    await lie(certificates, "{}", /certificate/);
    await lie(
      certificates,
      '{"signedCertificateEmbeddedSct":{"chain":{"certificates":["x"]}}}',
      /certificate/,
    );
    await lie("/api/v2/log/entries", "{}", /no entry of a log/);
    await lie(
      "/api/v2/log/entries",
      '{"kindVersion":{"kind":"hashedrekord","version":"0.0.2"}}',
      /inclusionProof/,
    );
    await lie("/api/v2/log/entries", "gone", /answered 503: gone/, 503);
    const token = sigstore.token();
    sigstore.lies.set(certificates, { status: 400, body: token });
    await fails("SIGSTORE_FAILED", /answered 400: TOKEN$/, token);
    sigstore.lies.delete(certificates);
    await sign(sigstore.token({ email: undefined, sub: "https://forge.test/workflow.yml@refs/heads/main" }));
    assert.match(readFileSync(join(out, "trust.json"), "utf8"), /forge\.test\/workflow/);
  },
);

test("a signing config is read as Sigstore's own clients choose from it", { skip }, () => {
  const choose = (change: object) =>
    parseSigningConfig({ ...sigstore.signingConfig(), ...change }, Date.now());
  const service = (
    url: string,
    majorApiVersion: number,
    validFor: object = { start: "2020-01-01T00:00:00Z" },
  ) => ({
    url,
    majorApiVersion,
    validFor,
  });
  const rekorTlogUrls = [
    service("https://gone.test", 2, { start: "2020-01-01T00:00:00Z", end: "2021-01-01T00:00:00Z" }),
    service("https://to-come.test", 2, { start: "2999-01-01T00:00:00Z" }),
    service("https://old.test", 1),
    service("https://now.test/", 2),
    service("https://also.test", 2),
  ];
  assert.equal(choose({ rekorTlogUrls }).log, "https://now.test");
  const tsaUrls = ["a", "b", "c"].map((name) => service(`https://${name}.test`, 1));
  const asked = (tsaConfig: object) => choose({ tsaUrls, tsaConfig }).timestampAuthorities.length;
  assert.equal(asked({ selector: "ANY" }), 1);
  assert.equal(asked({ selector: "EXACT", count: 2 }), 2);
  assert.equal(asked({ selector: "ALL" }), 3);
  for (const wrong of [
    { mediaType: "application/json" },
    { caUrls: [] },
    // Whoever is on the way could sign as who has the token.
    { caUrls: [service("http://fulcio.test", 1)] },
    { caUrls: [service("http://127.0.0.1.test", 1)] },
    { tsaUrls: tsaUrls.slice(0, 1), tsaConfig: { selector: "EXACT", count: 2 } },
    { rekorTlogUrls: [service("https://old.test", 1)] },
    { rekorTlogUrls, rekorTlogConfig: { selector: "ALL" } },
    { rekorTlogUrls: [service("file:///etc/passwd", 2)] },
    { more: 1 },
  ])
    assert.throws(
      () => choose(wrong),
      { code: "SIGNING_CONFIG_INVALID", exitCode: 2 },
      JSON.stringify(wrong),
    );
});

test("the command line takes all of it, and says what does not go together", { skip }, async () => {
  const { folder, home, root } = attested.project;
  const file = (name: string) => join(folder, name);
  writeFileSync(file("token"), `${sigstore.token()}\n`);
  const by = [
    "--key",
    `sigstore:${file("signing_config.json")}`,
    "--trusted-root",
    file("trusted_root.json"),
  ];
  const call = (...words: string[]) => pipelite([...words, "--store", home], { cwd: root });
  const signed = await call(
    "provenance",
    "--out",
    file("by"),
    ...by,
    "--identity-token",
    `file:${file("token")}`,
  );
  assert.equal(signed.code, 0, signed.stderr);
  const verified = await call("verify", "latest", "--trust", file("by/trust.json"), "--bundles", file("by"));
  assert.equal(verified.code, 0, verified.stdout);
  const tokenless = ["provenance", "--out", file("by")];
  for (const [words, found] of [
    [[...tokenless, ...by], /there is none/],
    [[...tokenless, ...by.slice(0, 2)], /--trusted-root is missing/],
    [["provenance", ...by], /--out is missing/],
    [[...tokenless, ...by, "--timestamp", "https://tsa.test"], /--key sigstore: and --timestamp together/],
    [[...tokenless, "--identity-token", "env:X"], /--identity-token and a key of one's own together/],
    [[...tokenless, ...by, "--identity-token", "x"], /must be env:VARIABLE, file:PATH or command:WORDS/],
    [["sign", "latest", "-m", "review", "--as", "Anna", ...by.slice(0, 2)], /--trusted-root is missing/],
    [
      ["deviation", "move", "D", "investigating", "--reason", "x", "--as", "Anna", ...by.slice(0, 2)],
      /what this signs needs a key of one's own/,
    ],
  ] as const) {
    const { code, stderr } = await call(...words);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, found);
  }
});
