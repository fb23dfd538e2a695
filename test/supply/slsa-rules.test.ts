// The rules of slsa-verifier (2.7) for a verification summary, and those of SLSA's "verifying artifacts" for provenance, held to what we
// write. The tool itself can't be had from Go's module proxy, so it is not run: these are its rules in our words, and each is shown to bite.
import assert from "node:assert/strict";
import { createHash, verify as verifySignature } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isObject, memberAt } from "#base/strict-json.ts";
import { preAuthEncoding, parsePublicKey, type PublicKey } from "#sigstore/index.ts";
import { pipelite } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

// Some seconds of a run and of hashing what it was built from.
const skip = sweep();
const project = new Project({
  "pipeline.ts":
    'import { pipeline, stage } from "pipelite";\nexport default pipeline({ one: stage(() => import("./one.ts")) });\n',
  "one.ts": 'export default () => ({ "a.json": 1 });\n',
});
after(() => project[Symbol.dispose]());

const VERIFIER = "https://pipelite.dev/verifier/v1";
const out = join(project.folder, "out");
let key: PublicKey;
let summary: Envelope;
let provenance: Statement;
let resource: string;
let digest: string;
before(async () => {
  if (skip !== false) return;
  await project.run();
  const call = (...words: string[]) => pipelite([...words, "--store", project.home], { cwd: project.root });
  assert.equal((await call("provenance", "--out", out)).code, 0);
  const trust = ["--trust", join(out, "trust.json"), "--bundles", out];
  const path = project.record().results["one"] ?? "";
  const verified = await call("verify", path, ...trust, "--vsa", join(out, "vsa.json"));
  assert.equal(verified.code, 0, verified.stdout);
  key = parsePublicKey(readFileSync(join(out, "builder.pub"), "utf8"));
  summary = JSON.parse(readFileSync(join(out, "vsa.json"), "utf8")) as Envelope;
  const bundle = JSON.parse(readFileSync(join(out, "one.sigstore.json"), "utf8")) as {
    dsseEnvelope: Envelope;
  };
  provenance = statementOf(bundle.dsseEnvelope);
  resource = `file://${path}`;
  digest = provenance.subject[0]?.digest["sha256"] ?? "";
});

interface Envelope {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string }[];
}

interface Statement {
  _type: string;
  subject: { name: string; digest: Record<string, string> }[];
  predicateType: string;
  predicate: Record<string, unknown>;
}

function statementOf({ payload }: Envelope): Statement {
  return JSON.parse(Buffer.from(payload, "base64").toString()) as Statement;
}

interface Expected {
  digests: readonly string[];
  verifier: string;
  resource: string;
  levels: readonly string[];
}

/** The first rule that an envelope breaks; undefined where slsa-verifier would take it. */
function brokenRule(envelope: Envelope, expected: Expected, trusted: PublicKey): string | undefined {
  if (envelope.payloadType !== "application/vnd.in-toto+json") return "payload type";
  const signed = preAuthEncoding(envelope.payloadType, Buffer.from(envelope.payload, "base64"));
  // A signature that names another key is passed over; the id is that of the key, as DSSE computes it.
  const isSigned = envelope.signatures.some(
    ({ keyid, sig }) =>
      (keyid === "" || keyid === trusted.keyId) &&
      verifySignature("sha256", signed, trusted.key, Buffer.from(sig, "base64")),
  );
  if (!isSigned) return "signature";
  return brokenStatement(statementOf(envelope), expected);
}

function brokenStatement(
  { _type, subject, predicateType, predicate }: Statement,
  expected: Expected,
): string | undefined {
  if (!["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"].includes(_type))
    return "statement type";
  if (predicateType !== "https://slsa.dev/verification_summary/v1") return "predicate type";
  const shape = shapeProblem(predicate);
  if (shape !== undefined) return shape;
  const known = subject.flatMap((each) => Object.entries(each.digest).map(([name, hex]) => `${name}:${hex}`));
  if (expected.digests.length === 0 || !expected.digests.every((each) => known.includes(each)))
    return "subject digest";
  const verifier = memberAt(predicate, "verifier", "id");
  if (verifier === "" || verifier !== expected.verifier) return "verifier id";
  if (predicate["resourceUri"] === "" || predicate["resourceUri"] !== expected.resource) return "resource";
  if (predicate["verificationResult"] !== "PASSED") return "result";
  return levelProblem(predicate["verifiedLevels"] as string[], expected.levels);
}

/** What its reader in Go makes of each member: one of another type is an error. */
function shapeProblem(predicate: Record<string, unknown>): string | undefined {
  const texts = ["resourceUri", "verificationResult", "slsaVersion", "timeVerified"];
  const isRfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(
    String(predicate["timeVerified"]),
  );
  if (texts.some((name) => typeof predicate[name] !== "string") || !isRfc3339) return "shape";
  const isMaterial = (value: unknown): boolean =>
    isObject(value) &&
    typeof value["uri"] === "string" &&
    Object.values(value["digest"] ?? {}).every((hex) => typeof hex === "string");
  const inputs = predicate["inputAttestations"];
  if (!isMaterial(predicate["policy"]) || !Array.isArray(inputs) || !inputs.every(isMaterial)) return "shape";
  const versions = Object.values(memberAt(predicate, "verifier", "version") ?? {});
  if (versions.some((each) => typeof each !== "string")) return "shape";
  const levels = predicate["verifiedLevels"];
  return Array.isArray(levels) && levels.every((each) => typeof each === "string") ? undefined : "shape";
}

/** Of a track the highest counts; what begins with SLSA_ and is no level of a track ends it, a property included. */
function levelProblem(found: readonly string[], wanted: readonly string[]): string | undefined {
  const tracks = new Map<string, number>();
  for (const level of found.filter((each) => each.startsWith("SLSA_"))) {
    const [, track, number] = /^SLSA_([^_]+)_LEVEL_(\d+)$/.exec(level) ?? [];
    if (track === undefined) return "level form";
    tracks.set(track, Math.max(tracks.get(track) ?? 0, Number(number)));
  }
  for (const level of wanted) {
    const [, track = "", number] = /^SLSA_([^_]+)_LEVEL_(\d+)$/.exec(level) ?? [];
    if (level.startsWith("SLSA_") ? (tracks.get(track) ?? -1) < Number(number) : !found.includes(level))
      return "level";
  }
  return undefined;
}

function expecting(change: Partial<Expected> = {}): Expected {
  const levels = ["SLSA_BUILD_LEVEL_1"];
  return { digests: [`sha256:${digest}`], verifier: VERIFIER, resource, levels, ...change };
}

test(
  "a summary that we write is taken by slsa-verifier's rules, for what it says and for nothing else",
  { skip },
  () => {
    assert.equal(brokenRule(summary, expecting(), key), undefined);
    assert.equal(
      brokenRule(summary, expecting({ digests: [`sha256:${digest}`, `narHash:${digest}`] }), key),
      undefined,
    );
    assert.equal(brokenRule(summary, expecting({ levels: ["SLSA_BUILD_LEVEL_0"] }), key), undefined);
    for (const [rule, change] of [
      ["subject digest", { digests: [] }],
      ["subject digest", { digests: [`sha256:${"0".repeat(64)}`] }],
      ["subject digest", { digests: [`sha512:${digest}`] }],
      ["verifier id", { verifier: `${VERIFIER}/` }],
      ["resource", { resource: "" }],
      ["level", { levels: ["SLSA_BUILD_LEVEL_2"] }],
      ["level", { levels: ["SLSA_SOURCE_LEVEL_1"] }],
      ["level", { levels: ["PIPELITE_REBUILT"] }],
    ] as const)
      assert.equal(brokenRule(summary, expecting(change), key), rule);
  },
);

test("each of the rules bites on a summary that was changed", { skip }, () => {
  const [signature] = summary.signatures;
  assert.ok(signature);
  const other = createHash("sha256").update("x").digest("base64").slice(0, 43);
  const envelopes: Record<string, Envelope> = {
    "payload type": { ...summary, payloadType: "application/json" },
    signature: {
      ...summary,
      payload: Buffer.from(JSON.stringify({ ...statementOf(summary), more: 1 })).toString("base64"),
    },
    "signature of another key": { ...summary, signatures: [{ ...signature, keyid: `SHA256:${other}` }] },
  };
  for (const [rule, envelope] of Object.entries(envelopes))
    assert.match(rule, new RegExp(`^${brokenRule(envelope, expecting(), key) ?? "taken"}`));
  const broken = (change: (statement: Statement) => void): string | undefined => {
    const statement = statementOf(summary);
    change(statement);
    return brokenStatement(statement, expecting());
  };
  assert.equal(
    broken(() => undefined),
    undefined,
  );
  assert.equal(
    broken((of) => void Object.assign(of, { _type: "x" })),
    "statement type",
  );
  assert.equal(
    broken((of) => void (of.predicateType = "https://slsa.dev/provenance/v1")),
    "predicate type",
  );
  assert.equal(
    broken((of) => void (of.predicate["timeVerified"] = "yesterday")),
    "shape",
  );
  assert.equal(
    broken((of) => void (of.predicate["policy"] = "trust.json")),
    "shape",
  );
  assert.equal(
    broken((of) => void (of.predicate["verifiedLevels"] = "SLSA_BUILD_LEVEL_1")),
    "shape",
  );
  assert.equal(
    broken((of) => void (of.predicate["verificationResult"] = "FAILED")),
    "result",
  );
  assert.equal(
    broken((of) => void (of.predicate["verifiedLevels"] = ["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_REPRODUCED"])),
    "level form",
  );
});

test("a summary of what fails names no level of SLSA", { skip }, async () => {
  const words = [
    "verify",
    resource.slice("file://".length),
    "--trust",
    join(out, "trust.json"),
    "--vsa",
    join(out, "vsa.json"),
  ];
  // Without its bundles.
  const ended = await pipelite([...words, "--store", project.home], { cwd: project.root });
  assert.equal(ended.code, 3);
  const failed = JSON.parse(readFileSync(join(out, "vsa.json"), "utf8")) as Envelope;
  assert.equal(brokenRule(failed, expecting(), key), "result");
  assert.deepEqual(statementOf(failed).predicate["verifiedLevels"], ["FAILED"]);
});

test(
  "provenance that we write says what SLSA has a verifier ask, and no parameter that one would have to guess",
  { skip },
  () => {
    assert.equal(memberAt(provenance, "_type"), "https://in-toto.io/Statement/v1");
    assert.equal(provenance.predicateType, "https://slsa.dev/provenance/v1");
    for (const { name, digest: digests } of provenance.subject) {
      assert.notEqual(name, "");
      for (const hex of Object.values(digests)) assert.match(hex, /^[0-9a-f]{64}$/);
    }
    const definition = memberAt(provenance.predicate, "buildDefinition");
    const details = memberAt(provenance.predicate, "runDetails");
    assert.deepEqual(Object.keys(definition ?? {}).toSorted(), [
      "buildType",
      "externalParameters",
      "internalParameters",
      "resolvedDependencies",
    ]);
    assert.deepEqual(Object.keys(details ?? {}).toSorted(), ["builder", "byproducts", "metadata"]);
    for (const uri of [memberAt(definition, "buildType"), memberAt(details, "builder", "id")])
      assert.ok(URL.canParse(String(uri)));
    // Whoever verifies must know each of them: there is one.
    assert.deepEqual(Object.keys(memberAt(definition, "externalParameters") ?? {}), ["derivation"]);
    const dependencies = memberAt(definition, "resolvedDependencies") as {
      uri: string;
      digest: Record<string, string>;
    }[];
    const names = dependencies.map(({ uri }) => uri);
    assert.equal(new Set(names).size, names.length);
    for (const { digest: digests } of dependencies) assert.match(digests["sha256"] ?? "", /^[0-9a-f]{64}$/);
    const metadata = memberAt(details, "metadata");
    const [start, end] = ["startedOn", "finishedOn"].map((name) =>
      Date.parse(String(memberAt(metadata, name))),
    );
    assert.ok(start !== undefined && end !== undefined && start <= end);
    assert.equal(memberAt(metadata, "invocationId"), project.record().runId);
    // Removed in v1: a builder's id says it.
    for (const gone of ["reproducible", "completeness"]) assert.ok(!JSON.stringify(metadata).includes(gone));
  },
);
