// What is signed without a key of one's own before the real cosign and Sigstore's client in Python, both ways: they accept what we sign,
// refuse what was changed, and sign by the Sigstore of our tests what we accept.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parseBundle, writeBundle, type Bundle, type Statement } from "#sigstore/index.ts";
import { parseSigningConfig } from "#sigstore/signing-config.ts";
import type { PublicKey } from "#sigstore/key.ts";
import { statementBy } from "#sigstore/sign.ts";
import { parseTrustedRoot } from "#sigstore/trusted-root.ts";
import { certifiedFindings } from "#supply/certified.ts";
import { signKeyless } from "#supply/keyless.ts";
import { peer } from "../rig/peer.ts";
import { startSigstore, type Sigstore } from "../rig/sigstore.ts";
import { Folder } from "../sigstore/rig.ts";

const skips = {
  cosign: peer("cosign"),
  python: peer("sigstore"),
};
const folder = new Folder();
const TYPE = "https://slsa.dev/provenance/v1";
const ARTIFACT = Buffer.from("hello\n");
const DIGEST = createHash("sha256").update(ARTIFACT).digest("hex");
const STATEMENT: Statement = {
  subject: [{ name: "hello", digest: { sha256: DIGEST } }],
  predicateType: TYPE,
  predicate: {
    buildDefinition: {
      buildType: "https://example.org/x",
      externalParameters: {},
      internalParameters: {},
      resolvedDependencies: [],
    },
    runDetails: { builder: { id: "https://example.org/b" }, metadata: {}, byproducts: [] },
  },
};
const WHO = "anna@pipelite.test";
const ISSUER = "https://issuer.pipelite.test";
let sigstore: Sigstore;
let bundle: Bundle;
before(async () => {
  if (skips.cosign && skips.python) return;
  sigstore = await startSigstore();
  const trustedRoot = sigstore.trustedRoot();
  const signingConfig = sigstore.signingConfig();
  const signer = {
    token: sigstore.token(),
    services: parseSigningConfig(signingConfig, Date.now()),
    root: parseTrustedRoot(trustedRoot),
    signal: new AbortController().signal,
  };
  // More than one entry: a proof has hashes.
  const { bundles } = await signKeyless([STATEMENT, STATEMENT, STATEMENT], signer);
  const last = bundles.at(-1);
  assert.ok(last);
  bundle = last;
  const write = (name: string, content: unknown) => writeFileSync(folder.file(name), JSON.stringify(content));
  write("root.json", trustedRoot);
  write("config.json", signingConfig);
  const mediaType = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";
  write("client.json", { mediaType, trustedRoot, signingConfig });
  write("predicate.json", STATEMENT.predicate);
  writeFileSync(folder.file("hello"), ARTIFACT);
  writeFileSync(folder.file("token"), sigstore.token());
});
after(async () => {
  folder[Symbol.dispose]();
  if (!skips.cosign || !skips.python) await sigstore[Symbol.asyncDispose]();
});

/** In a process beside this one, which answers it. */
async function run(command: string, ...args: string[]): Promise<{ status: number | null; said: string }> {
  const child = spawn(command, args, { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { status, said };
}

type Verify = (subject?: string, digest?: string) => Promise<{ status: number | null; said: string }>;

const cosign: Verify = (subject = WHO, digest = DIGEST) => {
  const who = ["--certificate-identity", subject, "--certificate-oidc-issuer", ISSUER];
  const what = ["--type", "slsaprovenance1", "--digest", digest, "--digestAlg", "sha256"];
  const trust = ["--trusted-root", "root.json", "--use-signed-timestamps"];
  return run("cosign", "verify-blob-attestation", "--bundle", "bundle.json", ...who, ...what, ...trust);
};

const python: Verify = (subject = WHO, digest = DIGEST) => {
  const who = ["--cert-identity", subject, "--cert-oidc-issuer", ISSUER];
  const words = [
    "--trust-config",
    "client.json",
    "verify",
    "identity",
    "--offline",
    "--bundle",
    "bundle.json",
  ];
  return run("sigstore", ...words, ...who, `sha256:${digest}`);
};

async function holdsBefore(verify: Verify): Promise<void> {
  const give = (given: Bundle) => writeFileSync(folder.file("bundle.json"), writeBundle(given));
  give(bundle);
  const { status, said } = await verify();
  assert.equal(status, 0, said);
  assert.notEqual((await verify("bert@pipelite.test")).status, 0, "another's name");
  assert.notEqual((await verify(WHO, "0".repeat(64))).status, 0, "another digest");
  for (const [what, changed] of Object.entries(changes())) {
    give(changed);
    assert.notEqual((await verify()).status, 0, what);
    // We refuse what they do.
    assert.ok(isRefused(changed), what);
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function changes(): Record<string, Bundle> {
  const { log, timestamps: _, ...bare } = bundle;
  assert.ok(log);
  return {
    payload: { ...bundle, payload: flipped(bundle.payload, 30) },
    signature: { ...bundle, signature: flipped(bundle.signature, 20) },
    proof: { ...bundle, log: { ...log, hashes: log.hashes.map((hash) => flipped(hash, 3)) } },
    "no timestamp": { ...bare, log },
  };
}

function isRefused(changed: Bundle): boolean {
  const { certificate } = changed;
  assert.ok(certificate);
  const root = parseTrustedRoot(sigstore.trustedRoot());
  const { findings, key } = certifiedFindings({ ...changed, certificate }, root);
  if (findings.some(({ status }) => status !== "holds")) return true;
  try {
    statementBy(changed, key);
    return false;
  } catch {
    return true;
  }
}

/** Of all that vouches for who signed, all holds. */
function signedBy(file: string): { made: Bundle; key: PublicKey } {
  const made = parseBundle(readFileSync(folder.file(file), "utf8"));
  const { certificate } = made;
  assert.ok(certificate);
  const root = parseTrustedRoot(sigstore.trustedRoot());
  const { findings, identity, key } = certifiedFindings({ ...made, certificate }, root);
  const open = findings.filter(({ status }) => status !== "holds");
  assert.deepEqual(open, []);
  assert.deepEqual(identity, { issuer: ISSUER, subject: WHO });
  return { made, key };
}

test(
  "cosign accepts what we sign with an identity, and nothing that was changed",
  { skip: skips.cosign },
  () => holdsBefore(cosign),
);

test("we accept what cosign signs by the authorities of our tests", { skip: skips.cosign }, async () => {
  const words = [
    "--predicate",
    "predicate.json",
    "--type",
    "slsaprovenance1",
    "--bundle",
    "cosign.json",
    "--yes",
  ];
  const by = ["--signing-config", "config.json", "--trusted-root", "root.json", "--identity-token", "token"];
  const { status, said } = await run("cosign", "attest-blob", ...words, ...by, "hello");
  assert.equal(status, 0, said);
  const { made, key } = signedBy("cosign.json");
  // The signature is right; the statement is of the version before ours.
  assert.throws(() => statementBy(made, key), { code: "STATEMENT_INVALID" });
});

test(
  "Sigstore's client in Python accepts what we sign, and nothing that was changed",
  { skip: skips.python },
  () => holdsBefore(python),
);

test(
  "we accept what Sigstore's client in Python signs by the authorities of our tests",
  { skip: skips.python },
  async () => {
    const words = [
      "--trust-config",
      "client.json",
      "attest",
      "--identity-token",
      readFileSync(folder.file("token"), "utf8"),
    ];
    const what = [
      "--predicate",
      "predicate.json",
      "--predicate-type",
      TYPE,
      "--bundle",
      "python.json",
      "hello",
    ];
    const { status, said } = await run("sigstore", ...words, ...what);
    assert.equal(status, 0, said);
    const { made, key } = signedBy("python.json");
    assert.deepEqual(statementBy(made, key).subject[0]?.digest, { sha256: DIGEST });
  },
);
