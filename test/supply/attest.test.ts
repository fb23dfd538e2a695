// Provenance of a real run, signed and logged, against Sigstore's own verifier and every change of a byte.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertBundle, bundleFromJSON } from "@sigstore/bundle";

import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { isPipeliteError } from "#base/errors.ts";
import { provenance } from "#app/provenance.ts";
import { openHome } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { generateKey } from "#keys/key-file.ts";
import {
  parseBundle,
  verifyBundle,
  writeBundle,
  writePublicKey,
  type Bundle,
  type PublicKey,
} from "#sigstore/index.ts";
import { openStore } from "#store/store.ts";
import { attest, builderKey, trustedRoot } from "#supply/attest.ts";
import { auditLog } from "#supply/log-audit.ts";
import { builderOfStatement, provenanceOf } from "#supply/provenance.ts";
import { assessSlsa } from "#supply/slsa.ts";
import { StoreBytes } from "#supply/store-bytes.ts";
import { parseTrust, type Trust } from "#supply/trust.ts";
import { verifyProvenance } from "#supply/verify.ts";
import { verifyLogged } from "#tlog/inclusion.ts";
import { noteSignerOf, writeVerifier, type NoteVerifier } from "#tlog/note.ts";
import { Project } from "../rig/project.ts";

const WITNESS = noteSignerOf("witness.example", "witness", generateKeyPairSync("ed25519").privateKey);

let project: Project;
let bundles: Bundle[];
let key: PublicKey;
let verifier: NoteVerifier;
before(async () => {
  project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"));
export default pipeline({ one, two: stage(() => import("./two.ts"), { one }) });
`,
    "one.ts": 'export default () => ({ "a.json": 1 });\n',
    "two.ts": 'export default async ({ one }) => ({ "b.json": await one.json("a.json") });\n',
  });
  const { runId } = await project.run();
  const signer = builderKey(project.door);
  key = signer.publicKey;
  const statements = provenanceOf(project.door, runId, []).map(({ statement }) => statement);
  bundles = await attest(project.door, statements, signer);
  const own = new TransparencyLog(project.door).verifier;
  assert.ok(own);
  verifier = own;
});
after(() => project[Symbol.dispose]());

function bundleAt(index: number): Bundle {
  const bundle = bundles[index];
  assert.ok(bundle);
  return bundle;
}

/** As Sigstore's library does that others use, the log demanded. */
function verifyByPeer(text: string, root: string): void {
  const bundle = bundleFromJSON(JSON.parse(text));
  assertBundle(bundle);
  const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(root)), () => ({
    publicKey: key.key,
    validFor: () => true,
  }));
  const thresholds = { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 };
  new Verifier(material, thresholds).verify(toSignedEntity(bundle));
}

test("each output has provenance with its digest, its builder, and all that it could read", () => {
  const [one, two] = bundles.map((bundle) => verifyBundle(bundle, [key]));
  const record = project.record();
  const stage = record.stages.find(({ name }) => name === "two");
  assert.equal(two?.predicateType, "https://slsa.dev/provenance/v1");
  assert.match(
    JSON.stringify(two?.subject),
    new RegExp(`"name":"${stage?.outPath?.slice("/nix/store/".length) ?? ""}"`),
  );
  const { buildDefinition, runDetails } = (two?.predicate ?? {}) as Record<string, Record<string, unknown>>;
  assert.match(
    JSON.stringify(buildDefinition?.["resolvedDependencies"]),
    new RegExp(String(one?.subject[0]?.name)),
  );
  assert.match(
    JSON.stringify(runDetails?.["builder"]),
    new RegExp(`builder/embedded-${record.sandbox.kind}/v1`),
  );
});

test("of a stage that the run has not there is no provenance", () => {
  const { runId } = project.record();
  assert.throws(() => provenanceOf(project.door, runId, ["three"]), { code: "PROVENANCE_MISSING" });
  const { log: _, ...unlogged } = bundleAt(0);
  assert.throws(() => verifyLogged(unlogged, key.key, verifier), { code: "NOT_IN_LOG" });
});

test("a bundle is read as it was written, and its log entry leads to the checkpoint", () => {
  for (const bundle of bundles) {
    const text = writeBundle(bundle);
    assert.equal(writeBundle(parseBundle(text)), text);
    assert.equal(verifyLogged(bundle, key.key, verifier).size, 3);
  }
});

test("Sigstore's own library accepts the bundles with our trusted root, and none from another log", async () => {
  const root = trustedRoot(verifier);
  for (const bundle of bundles) verifyByPeer(writeBundle(bundle), root);
  const other = new Project({});
  try {
    await new TransparencyLog(other.door).publish();
    const stranger = new TransparencyLog(other.door).verifier;
    assert.ok(stranger);
    assert.throws(() => verifyByPeer(writeBundle(bundleAt(0)), trustedRoot(stranger)));
  } finally {
    other[Symbol.dispose]();
  }
});

test("every change of a byte in what is signed or proved is refused by us and by Sigstore's library", () => {
  const bundle = bundleAt(0);
  const { log } = bundle;
  assert.ok(log);
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const [other] = [bundleAt(1)];
  const changes: Record<string, Bundle> = {
    payload: { ...bundle, payload: flipped(bundle.payload, 30) },
    signature: { ...bundle, signature: flipped(bundle.signature, 20) },
    body: { ...bundle, log: { ...log, body: flipped(log.body, 60) } },
    root: { ...bundle, log: { ...log, root: flipped(log.root, 3) } },
    hash: { ...bundle, log: { ...log, hashes: log.hashes.with(0, flipped(log.hashes[0] ?? log.root, 3)) } },
    "no hashes": { ...bundle, log: { ...log, hashes: [] } },
    index: { ...bundle, log: { ...log, index: log.index - 1 } },
    size: { ...bundle, log: { ...log, size: log.size + 1 } },
    checkpoint: { ...bundle, log: { ...log, checkpoint: log.checkpoint.replace("\n3\n", "\n4\n") } },
    "log id": { ...bundle, log: { ...log, logId: flipped(log.logId, 0) } },
    "another's entry": { ...bundle, ...(other?.log && { log: other.log }) },
  };
  const root = trustedRoot(verifier);
  for (const [what, changed] of Object.entries(changes)) {
    assert.throws(
      () => {
        verifyBundle(changed, [key]);
        verifyLogged(changed, key.key, verifier);
      },
      (error) => isPipeliteError(error),
      what,
    );
    // It does not look at the root and the size that the proof states: those of the checkpoint count.
    if (what !== "root" && what !== "size")
      assert.throws(() => verifyByPeer(writeBundle(changed), root), what);
  }
});

test("the same statement and key give the same bytes but for the place in the log; the log holds with what was entered", async () => {
  const statement = verifyBundle(bundleAt(0), [key]);
  const [again] = await attest(project.door, [statement], builderKey(project.door));
  const { log: _, ...bare } = bundleAt(0);
  const { log, ...bareAgain } = again ?? bundleAt(0);
  assert.deepEqual(bareAgain, bare);
  assert.equal(log?.index, 3);
  const audited = auditLog({ home: project.door, kept: [], witnesses: [] });
  assert.deepEqual(
    audited.findings.filter(({ status }) => status === "fails"),
    [],
  );
  const { runId } = await project.run();
  assert.equal(project.door.runs.read(runId).problem, undefined);
  assert.equal(project.door.journal.requireWhole().length, 2);
  assert.match(
    readFileSync(project.door.journal.file, "utf8"),
    /\n\{"apiVersion":"0\.0\.2","kind":"hashedrekord",/,
  );
});

function trusting(change: Partial<Trust> = {}): Trust {
  const statement = verifyBundle(bundleAt(0), [key]);
  return {
    keys: [{ key }],
    builders: [builderOfStatement(statement).id],
    pipelines: undefined,
    logs: [verifier],
    witnesses: [],
    sources: {},
    dependencies: "here",
    ...change,
  };
}

function check(text: string, trust: Trust): string[] {
  using store = openStore(project.home, { readOnly: true });
  const { status, findings } = verifyProvenance(text, trust, new StoreBytes(store));
  const failing = findings.filter((finding) => finding.status !== "holds");
  assert.equal(status === "holds", failing.length === 0);
  return failing.map((finding) => `${finding.what}: ${finding.detail}`);
}

test("provenance holds by those whom the verifier trusts, and by nobody else", () => {
  const text = writeBundle(bundleAt(0));
  assert.deepEqual(check(text, trusting()), []);
  assert.deepEqual(check(text, trusting({ pipelines: [project.record().pipeline] })), []);
  assert.match(check(text, trusting({ keys: [] })).join(), /none of the given keys/);
  assert.match(
    check(text, trusting({ keys: [{ key: generateKey().publicKey }] })).join(),
    /none of the given keys/,
  );
  assert.match(check(text, trusting({ builders: [] })).join(), /builder: .* is not trusted/);
  assert.match(check(text, trusting({ pipelines: ["another"] })).join(), /pipeline: .* is not trusted/);
  assert.match(
    check(text, trusting({ keys: [{ key, until: "2020-01-01T00:00:00.000Z" }] })).join(),
    /key: it is trusted until/,
  );
  assert.match(
    check(text, trusting({ keys: [{ key, from: "2099-01-01T00:00:00.000Z" }] })).join(),
    /key: it is trusted from/,
  );
  assert.match(check(text, trusting({ witnesses: [WITNESS] })).join(), /it has not signed the checkpoint/);
  const { log: _, ...unlogged } = bundleAt(0);
  assert.match(check(writeBundle(unlogged), trusting()).join(), /log: .*it has no entry of a log/);
  assert.deepEqual(check(writeBundle(unlogged), trusting({ logs: [] })), []);
});

test("a statement whose names stand twice, and a bundle that is none, are refused", () => {
  const text = writeBundle(bundleAt(0));
  assert.throws(() => check(text.replace('"mediaType"', '"mediaType": "x", "mediaType"'), trusting()), {
    code: "BUNDLE_INVALID",
  });
  assert.throws(() => check("{}", trusting()), { code: "BUNDLE_INVALID" });
  const payload = Buffer.from(
    Buffer.from(bundleAt(0).payload).toString().replace('"predicate":', '"predicate":{},"predicate":'),
  );
  const signed = { ...bundleAt(0), payload };
  assert.match(check(writeBundle(signed), trusting()).join(), /signature/);
});

test("a store whose bytes are others than was signed for is found", () => {
  const path = project.door.physical(`/nix/store/${verifyBundle(bundleAt(0), [key]).subject[0]?.name ?? ""}`);
  const file = join(path, "a.json");
  const content = readFileSync(file);
  chmodSync(file, 0o644);
  writeFileSync(file, "2");
  try {
    assert.match(check(writeBundle(bundleAt(0)), trusting()).join(), /subject .*: its bytes have the hash/);
    assert.match(check(writeBundle(bundleAt(1)), trusting()).join(), /dependencies: .* has other bytes here/);
  } finally {
    writeFileSync(file, content);
    chmodSync(file, 0o444);
  }
});

test("an output that nobody here saw built has no builder, and one without a sandbox none that is trusted", async () => {
  using other = new Project({
    "pipeline.ts":
      'import { pipeline, stage } from "pipelite";\nexport default pipeline({ one: stage(() => import("./one.ts")) });\n',
    "one.ts": 'export default () => ({ "a.json": 1 });\n',
  });
  const open = await other.run({ sandbox: "none" });
  const out = join(other.folder, "out");
  const which = (word: string) => ({
    home: other.door,
    which: { word },
    stages: [],
    signer: { by: "key", key: undefined } as const,
    signal: new AbortController().signal,
  });
  const weak = await provenance({ ...which(open.runId), out });
  assert.match(weak.outputs[0]?.builder ?? "", /embedded-none/);
  assert.match(readFileSync(join(out, "trust.json"), "utf8"), /"builders": \[\]/);
  const built = await other.run();
  other.write({ "two.ts": "export default () => ({});\n" });
  const pipeline = readFileSync(join(other.root, "pipeline.ts"), "utf8");
  other.write({ "pipeline.ts": pipeline.replace(" one: ", ' two: stage(() => import("./two.ts")), one: ') });
  const { runId } = await other.run();
  const of = async (word: string) => provenance({ ...which(word), stages: ["one"], out: undefined });
  assert.deepEqual((await of(runId)).outputs[0]?.builder, (await of(built.runId)).outputs[0]?.builder);
  rmSync(other.door.runs.pathOf(built.runId));
  const unknown = await of(runId);
  assert.match(unknown.outputs[0]?.builder ?? "", /unknown-unknown/);
  assert.equal(unknown.slsa.level, 0);
});

test("the level is what is met, and nothing that is missing is met", () => {
  const met = (isSigned: boolean, ...sandboxes: string[]): string[] => [
    `L${assessSlsa({ isSigned, sandboxes }).level}`,
    ...assessSlsa({ isSigned, sandboxes })
      .requirements.filter(({ status }) => status === "met")
      .map(({ name }) => name),
  ];
  const all = ["L1", "provenance exists", "provenance is authentic", "isolated"];
  assert.deepEqual(met(true, "starter"), all);
  assert.deepEqual(met(true, "starter", "bubblewrap"), all);
  assert.deepEqual(met(false, "starter"), ["L1", "provenance exists", "isolated"]);
  // One output of another kind counts for all, wherever it stands.
  for (const weak of ["none", "something new"])
    for (const mixed of [[weak], ["starter", weak], [weak, "starter"]])
      assert.deepEqual(met(true, ...mixed), ["L1", "provenance exists"], mixed.join());
  for (const mixed of [["unknown"], ["starter", "unknown"], ["unknown", "starter"]])
    assert.deepEqual(met(true, ...mixed), ["L0"], mixed.join());
  assert.deepEqual(met(true), ["L0"], "of no output");
});

test("a trust file that is not one is refused, with its place", () => {
  for (const wrong of [
    "",
    "{}",
    '{"version":2,"keys":[],"builders":[]}',
    '{"version":1,"keys":[],"builders":[],"builders":[]}',
    '{"version":1,"keys":[],"builders":[],"other":1}',
    // A witness signs checkpoints of logs: without one it would be asked of nothing.
    `{"version":1,"keys":[],"builders":[],"witnesses":["${writeVerifier(WITNESS)}"]}`,
    JSON.stringify({ version: 1, keys: [1, 2].map(() => ({ key: writePublicKey(key) })), builders: [] }),
    '{"version":1,"keys":[],"builders":[],"dependencies":"none"}',
    '{"version":1,"keys":[],"builders":[],"sources":{"a":["b"]}}',
  ])
    assert.throws(() => parseTrust(wrong, "trust.json"), { code: "TRUST_INVALID" });
  // What a witness signs is no checkpoint of a log's, and the other way round.
  const log = writeVerifier(verifier);
  for (const swapped of [{ logs: [writeVerifier(WITNESS)] }, { logs: [log], witnesses: [log] }])
    assert.throws(
      () => parseTrust(JSON.stringify({ version: 1, keys: [], builders: [], ...swapped }), "trust.json"),
      { code: "NOTE_KEY_INVALID" },
    );
});

test("a line of the journal that only begins like an attestation's is none", () => {
  const { file } = project.door.journal;
  const content = readFileSync(file, "utf8");
  const rekord = content.split("\n").find((line) => line.startsWith('{"apiVersion"')) ?? "";
  assert.throws(() => project.door.journal.appendRekord(`${rekord} `), TypeError);
  for (const line of [
    rekord.replace("}}}}}}", '}}}}},"kind":"run"}'),
    '{"apiVersion":"0.0.2","kind":"hashedrekord",',
  ])
    try {
      writeFileSync(file, `${content}${line}\n`);
      const lines = content.split("\n").length;
      assert.deepEqual(
        openHome(project.home).journal.breaks.map(({ line: number }) => number),
        [lines],
      );
    } finally {
      writeFileSync(file, content);
    }
});

test("a key of the home that others can read does not attest", () => {
  const file = join(project.door.layout.builder, "builder.key");
  chmodSync(file, 0o644);
  try {
    assert.throws(() => builderKey(project.door), { code: "BUILDER_KEY_OPEN", exitCode: 2 });
  } finally {
    chmodSync(file, 0o600);
  }
});
