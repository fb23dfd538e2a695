import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "#base/digest.ts";
import { utf8 } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { AuditOfRun } from "#release/deviation.ts";
import { moveDeviation, openDeviations, readDeviations } from "#release/deviations.ts";
import { BUILT_IN, type AppliedPolicy, type Policy } from "#release/policy.ts";
import { readReleases, releaseFile, releaseRun, type ReleaseOutcome } from "#release/release.ts";
import { RELEASE_TYPE, SIGNATURE_TYPE } from "#release/predicates.ts";
import { readSignatures, signRun, subjectsOf } from "#release/signatures.ts";
import { verifyRun } from "#release/verify.ts";
import { parseBundle, signStatement, verifyBundle, writeBundle, writePublicKey } from "#sigstore/index.ts";
import { Home, TREE, checkOf, person, stageOf } from "./rig.ts";
import type { Person } from "./rig.ts";

const anna = person("Anna");
const bert = person("Bert");
const carla = person("Carla");
const stranger = person("Dora");

function applied(own: Partial<Policy> = {}): AppliedPolicy {
  const policy = { ...BUILT_IN, ...own };
  return { policy, source: "test", digest: digestOf(utf8(canonicalJson(policy))) };
}

const signers = [
  { person: anna, role: "reviewer" },
  { person: bert, role: "approver" },
  { person: carla, role: "quality" },
].map(({ person: { name, key }, role }) => ({
  name,
  role,
  keyId: key.publicKey.keyId,
  key: writePublicKey(key.publicKey),
}));

interface Wish {
  policy?: Partial<Policy>;
  releaser?: Person | null;
  audit?: Partial<AuditOfRun>;
}

function release(
  home: Home,
  record: RunRecord,
  { policy, releaser = carla, audit }: Wish = {},
): Promise<ReleaseOutcome> {
  return releaseRun({
    home: home.handle,
    runId: record.runId,
    applied: applied(policy),
    ...(releaser !== null && { releaser }),
    requireOutputs: () => Promise.resolve(),
    audit: () =>
      Promise.resolve({
        report: home.audit(record, audit),
        keep: () => home.addAudit(record, audit),
      }),
  });
}

function sign(home: Home, { runId }: RunRecord, { name, key }: Person, meaning: string): Promise<unknown> {
  return signRun({ home: home.handle, runId, name, key, meaning, reason: "seen" });
}

/** A run that all signatures of the built-in policy are on. */
async function signed(home: Home, own: Partial<RunRecord> = {}): Promise<RunRecord> {
  const record = home.addRun(own);
  await sign(home, record, anna, "review");
  await sign(home, record, bert, "approval");
  return record;
}

/** Who released a run, by the releases that count for something. */
function counted(home: Home, runId: string): string[] {
  return readReleases(home.handle, runId).flatMap((each) => ("problem" in each ? [] : [each.releasedBy]));
}

/** Refused for exactly these demands, with nothing of a release left. */
async function missing(
  home: Home,
  record: RunRecord,
  wish: Wish,
  ...names: string[]
): Promise<ReleaseOutcome> {
  const before = home.files();
  const outcome = await release(home, record, wish);
  const found = outcome.demands.filter(({ isMet }) => !isMet).map(({ name }) => name.replace(/D-.*/, "D"));
  assert.equal(outcome.status, "refused");
  assert.deepEqual(found, names);
  if (wish.audit?.status !== "fails") assert.deepEqual(home.files(), before);
  assert.deepEqual(counted(home, record.runId), []);
  return outcome;
}

test("before a run has ended, by this clock, it is not released", async () => {
  using home = new Home();
  const record = home.addRun({ finishedAt: new Date(Date.now() + 3_600_000).toISOString() });
  await assert.rejects(release(home, record, { policy: { signatures: [] } }), { code: "CLOCK_BEHIND" });
  assert.deepEqual(readReleases(home.handle, record.runId), []);
});

test("a run that has all that is demanded is released by a signed statement, and the journal says so", async () => {
  using home = new Home();
  const record = await signed(home);
  const outcome = await release(home, record);
  assert.deepEqual([outcome.status, outcome.release?.releasedBy], ["released", "Carla"]);
  const last = home.handle.journal.requireWhole().at(-1);
  assert.deepEqual(
    [last?.kind, last?.subject, last?.file],
    ["release", record.runId, releaseFile(record.runId)],
  );
  const bundle = parseBundle(home.read(releaseFile(record.runId)));
  const { subject, predicate } = verifyBundle(bundle, [carla.key.publicKey]);
  assert.deepEqual(
    subject.map(({ name }) => name),
    [`runs/${record.runId}.json`, TREE.slice(11)],
  );
  const said = predicate as {
    policy: AppliedPolicy;
    verificationResult: string;
    inputAttestations: unknown[];
    demands: unknown[];
    audit: { digest: { sha256: string } };
  };
  assert.equal(said.verificationResult, "PASSED");
  assert.equal(said.policy.digest, applied().digest);
  assert.equal(said.inputAttestations.length, 2);
  assert.equal(said.demands.length, outcome.demands.length);
  const kept = digestOf(utf8(home.read(`audits/${record.runId}.json`)));
  assert.equal(`sha256:${said.audit.digest.sha256}`, kept);
});

test("each demand that is not met is named, alone", async () => {
  using home = new Home();
  const failed = await signed(home, { status: "failed" });
  await missing(home, failed, {}, "run-passed");
  const unsigned = home.addRun();
  await missing(home, unsigned, {}, "signature/review", "signature/approval");
  await sign(home, unsigned, anna, "review");
  await missing(home, unsigned, {}, "signature/approval");
  await sign(home, unsigned, anna, "approval");
  await missing(home, unsigned, {}, "signature/approval");
  const good = await signed(home);
  await missing(home, good, { audit: { status: "unavailable" } }, "audit");
  await missing(home, good, { audit: { recordDigest: `sha256:${"0".repeat(64)}` } }, "audit");
  await missing(home, good, { audit: { runId: failed.runId } }, "audit");
  await missing(home, good, { policy: { audit: "stored" } }, "audit");
  await missing(home, good, { policy: { sandboxes: ["nix"] } }, "sandbox");
  await missing(home, good, { policy: { signers: signers.slice(0, 2) } }, "releaser");
  await missing(home, good, { policy: { signers, releaseRoles: ["approver"] } }, "releaser");
  assert.equal(
    (await release(home, good, { policy: { signers, releaseRoles: ["quality"] } })).status,
    "released",
  );
});

test("a stored audit counts where the policy takes one, as long as it is of this record and as the journal has it", async () => {
  using home = new Home();
  const record = await signed(home);
  const policy = { audit: "stored" } as const;
  home.addAudit(record);
  const text = home.read(`audits/${record.runId}.json`);
  home.write(`audits/${record.runId}.json`, text.replace("2026-01-03", "2026-01-04"));
  await missing(home, record, { policy }, "audit");
  home.write(`audits/${record.runId}.json`, text);
  assert.equal((await release(home, record, { policy })).status, "released");
});

test("a failed audit is kept with the deviation that it opens, and releases nothing", async () => {
  using home = new Home();
  const record = await signed(home);
  const audit = { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] } as const;
  await missing(home, record, { audit }, "audit", "deviation/D");
  assert.deepEqual(
    readDeviations(home.handle, record).map(({ kind }) => kind),
    ["not-reproduced"],
  );
  await missing(home, record, {}, "deviation/D");
});

test("signatures count by name, key and role of the policy, and one person gives one of them", async () => {
  using home = new Home();
  const record = home.addRun();
  const signatures = [
    { meaning: "review", role: "reviewer" },
    { meaning: "approval", role: "approver" },
  ];
  const policy = { signers, signatures };
  await sign(home, record, { name: "Anna", key: stranger.key }, "review");
  await sign(home, record, { name: "Dora", key: bert.key }, "approval");
  const outcome = await missing(home, record, { policy }, "signature/review", "signature/approval");
  assert.match(outcome.demands.find(({ name }) => name === "signature/review")?.found ?? "", /not a signer/);
  await sign(home, record, carla, "review");
  const second = await missing(home, record, { policy }, "signature/review", "signature/approval");
  assert.match(
    second.demands.find(({ name }) => name === "signature/review")?.found ?? "",
    /is quality, not reviewer/,
  );
});

test("signatures are given to demands so that as many as possible are met", async () => {
  using home = new Home();
  const record = home.addRun();
  // Anna could fill either; only with her as approver are both filled.
  await sign(home, record, anna, "review");
  await sign(home, record, anna, "approval");
  await sign(home, record, bert, "review");
  assert.equal((await release(home, record)).status, "released");
});

test("two reviews are two persons", async () => {
  using home = new Home();
  const record = home.addRun();
  const policy = { signatures: [{ meaning: "review" }, { meaning: "review" }] };
  await sign(home, record, anna, "review");
  await missing(home, record, { policy }, "signature/review");
  await sign(home, record, bert, "review");
  assert.equal((await release(home, record, { policy })).status, "released");
});

test("a critical deviation blocks until it is closed, or dispositioned where the policy says so", async () => {
  using home = new Home();
  const record = await signed(home, { claims: [checkOf("audio/pitch", "failed")] });
  const [{ id } = { id: "" }] = await openDeviations(home.handle, record);
  const early = { deviations: { blocking: ["critical"], until: "dispositioned" } } as const;
  const move = (to: string, disposition?: string, who = anna) =>
    moveDeviation({ home: home.handle, id, to, disposition, reason: "so", name: who.name, key: who.key });
  await missing(home, record, {}, "deviation/D");
  await move("investigating");
  await missing(home, record, { policy: early }, "deviation/D");
  await move("dispositioned", "use-as-is");
  await missing(home, record, {}, "deviation/D");
  await move("capa");
  await move("effectiveness-check");
  await missing(home, record, {}, "deviation/D");
  await move("closed", undefined, stranger);
  await missing(home, record, { policy: { signers } }, "deviation/D");
  // What somebody did whom the policy does not name is done again by those it names.
  await move("investigating", undefined, stranger);
  await move("dispositioned", "use-as-is", bert);
  await missing(home, record, { policy: { ...early, signers } }, "deviation/D");
  await move("investigating", undefined, bert);
  await missing(home, record, { policy: { ...early, signers } }, "deviation/D");
  await move("dispositioned", "use-as-is", anna);
  assert.equal((await release(home, record, { policy: { ...early, signers } })).status, "released");
});

test("who signs under the name and with the meaning of another does not keep them from signing", async () => {
  using home = new Home();
  const record = home.addRun();
  await sign(home, record, { ...stranger, name: anna.name }, "review");
  await sign(home, record, anna, "review");
  await sign(home, record, bert, "approval");
  assert.equal((await release(home, record, { policy: { signers } })).status, "released");
});

test("two keys under one name are one person where the policy names nobody", async () => {
  using home = new Home();
  const record = home.addRun();
  await sign(home, record, anna, "review");
  await sign(home, record, { ...stranger, name: anna.name }, "approval");
  await missing(home, record, {}, "signature/approval");
});

test("what was rejected or is to be reworked is not released, however far its deviation went", async () => {
  for (const disposition of ["reject", "rework"]) {
    using home = new Home();
    const record = await signed(home, { claims: [checkOf("audio/spread", "untested")] });
    const [{ id, severity } = { id: "", severity: "" }] = await openDeviations(home.handle, record);
    assert.equal(severity, "minor");
    const { name, key } = anna;
    for (const to of ["investigating", "dispositioned", "capa", "effectiveness-check", "closed"]) {
      const more = to === "dispositioned" ? { disposition } : {};
      await moveDeviation({ home: home.handle, id, to, ...more, reason: "so", name, key });
    }
    await missing(home, record, {}, "deviation/D");
  }
});

test("a broken history of a deviation, a spoiled signature and a changed record block by name", async () => {
  using home = new Home();
  const record = await signed(home, { claims: [checkOf("audio/spread", "untested")] });
  const [{ id } = { id: "" }] = await openDeviations(home.handle, record);
  const spoil = async (file: string, ...names: string[]) => {
    const text = home.read(file);
    home.write(file, text.replace(/[a-z]/, "#"));
    await missing(home, record, {}, ...names);
    home.write(file, text);
  };
  await spoil(`deviations/${id}/opened.json`, "deviations");
  await spoil(`signatures/${record.runId}/1.sigstore.json`, "signature/review");
  const text = home.read(`runs/${record.runId}.json`);
  home.write(`runs/${record.runId}.json`, text.replace('"durationMs": 1000', '"durationMs": 1001'));
  const wanted = ["record-unchanged", "result-present", "deviations"];
  await missing(home, record, {}, ...wanted, "signature/review", "signature/approval");
});

test("a result that is gone is missed", async () => {
  using home = new Home();
  const record = await signed(home);
  rmSync(join(home.path, TREE), { recursive: true });
  await missing(home, record, {}, "result-present", "signature/review", "signature/approval");
});

test("a stage from the cache counts with the sandbox that it was built in", async () => {
  using home = new Home();
  const none = home.addRun({ sandbox: { kind: "none", tried: [] } });
  const sandbox = { kind: "not-used", tried: [] };
  const cached = (builtInRun: string) =>
    signed(home, { sandbox, stages: [stageOf("audio", { builtInRun })] });
  await missing(home, await cached(none.runId), {}, "sandbox", "deviation/D");
  await missing(home, await cached("20260101T000000009Z-abcdef"), {}, "sandbox");
  await missing(home, await cached("20260101T000000009Z-abcdef"), { audit: { sandbox: "none" } }, "sandbox");
  const lost = await cached("20260101T000000009Z-abcdef");
  const rebuilt = await release(home, lost, { audit: { sandbox: "bubblewrap" } });
  assert.equal(
    rebuilt.demands.find(({ name }) => name === "sandbox")?.found,
    "unknown, and again in bubblewrap by the audit",
  );
  assert.equal(rebuilt.status, "released");
  await missing(
    home,
    await cached(none.runId),
    { audit: { sandbox: "bubblewrap" } },
    "sandbox",
    "deviation/D",
  );
  const good = home.addRun();
  assert.equal((await release(home, await cached(good.runId))).status, "released");
});

test("nothing is released twice differently: again is the first one, another policy is refused", async () => {
  using home = new Home();
  const record = await signed(home);
  const first = await release(home, record);
  const before = home.files();
  const again = await release(home, record, { releaser: bert });
  assert.equal(again.status, "released-before");
  assert.deepEqual(again.release, first.release);
  const strict = { sandboxes: ["bubblewrap"] };
  const refusesAgain = () =>
    assert.rejects(release(home, record, { policy: strict }), (error) =>
      isPipeliteError(error, "RELEASE_EXISTS"),
    );
  await refusesAgain();
  assert.deepEqual(home.files(), before);
  const file = releaseFile(record.runId);
  home.write(file, home.read(file).replace("SHA256", "SHA255"));
  assert.deepEqual(counted(home, record.runId), [], "a spoiled release counts for nothing");
  const second = await release(home, record);
  assert.deepEqual([second.status, second.release?.bundleFile], ["released", releaseFile(record.runId, 2)]);
});

test("a release by a key that was not asked for, or that the policy does not let release, does not count", async () => {
  using home = new Home();
  const record = await signed(home);
  const mallory = person(carla.name);
  await release(home, record, { policy: { signatures: [] }, releaser: mallory });
  const seen = (policy: Policy, ...keys: Person[]) =>
    verifyRun(home.handle, record.runId, {
      policy,
      ...(keys.length > 0 && { keys: keys.map(({ key }) => key.publicKey) }),
    }).checks.find(({ what }) => what === "release");
  assert.equal(seen(BUILT_IN)?.status, "holds");
  assert.equal(seen(BUILT_IN, anna, bert, mallory)?.status, "holds");
  assert.match(
    seen(BUILT_IN, anna, bert, carla)?.detail ?? "",
    /by Carla with a key that is not among the given/,
  );
  assert.match(
    seen({ ...BUILT_IN, signers })?.detail ?? "",
    /the policy in force lacks releaser: Carla: not a signer of the policy with that key/,
  );
});

test("a release that names the policy, by somebody whom that does not let release, stands in the way of none", async () => {
  const policy: Partial<Policy> = { signers, releaseRoles: ["quality"] };
  for (const [by, problem] of [
    [person(carla.name), /lacks releaser: Carla: not a signer of the policy with that key/],
    [anna, /lacks releaser: Anna: reviewer/],
  ] as const) {
    using home = new Home();
    const record = await signed(home);
    const { runId } = record;
    const releasedBy = { name: by.name, keyId: by.key.publicKey.keyId };
    const predicate = {
      runId,
      timeVerified: new Date().toISOString(),
      journalHead: home.handle.journal.head(),
      policy: { digest: applied(policy).digest, content: applied(policy).policy },
      releasedBy,
    };
    const subject = subjectsOf(home.handle, home.handle.runs.read(runId));
    home.handle.keyring.keep(by.key.publicKey);
    const content = writeBundle(signStatement({ subject, predicateType: RELEASE_TYPE, predicate }, by.key));
    home.handle.sealed.seal({ kind: "release", subject: runId, file: releaseFile(runId), content });
    assert.deepEqual(counted(home, runId), [by.name]);
    const seen = () =>
      verifyRun(home.handle, runId, { policy: applied(policy).policy }).checks.find(
        ({ what }) => what === "release",
      );
    home.addAudit(record);
    assert.equal(seen()?.status, "fails");
    assert.match(seen()?.detail ?? "", problem);
    assert.equal((await release(home, record, { policy })).status, "released");
    assert.equal(seen()?.status, "holds");
    assert.match(seen()?.detail ?? "", /set aside/);
  }
});

test("with keys given, moves by others do not count", async () => {
  using home = new Home();
  const record = await signed(home, { claims: [checkOf("audio/frequency", "failed")] });
  const [deviation] = await openDeviations(home.handle, record);
  assert.ok(deviation);
  const { name, key } = carla;
  const to = "investigating";
  await moveDeviation({ home: home.handle, id: deviation.id, to, reason: "looked", name, key });
  const seen = (...keys: Person[]) =>
    verifyRun(home.handle, record.runId, {
      policy: BUILT_IN,
      keys: keys.map((each) => each.key.publicKey),
    }).checks.find(({ what }) => what === "deviations")?.status;
  assert.deepEqual([seen(anna, bert, carla), seen(anna, bert)], ["holds", "fails"]);
});

test("a file that a killed process left in the place of a release is not a release, and does not hinder one", async () => {
  using home = new Home();
  const record = await signed(home);
  const file = releaseFile(record.runId);
  home.write(file, "{}");
  assert.deepEqual(readReleases(home.handle, record.runId), []);
  assert.equal((await release(home, record)).status, "released");
  assert.equal(home.read(`${file}.unsealed`), "{}");
});

test("two who release at once release once", async () => {
  using home = new Home();
  const record = await signed(home);
  const outcomes = await Promise.all(
    [anna, bert, carla].map((releaser) => release(home, record, { releaser })),
  );
  const states = outcomes.map(({ status }) => status).toSorted();
  assert.deepEqual(states, ["released", "released-before", "released-before"]);
  assert.equal(new Set(outcomes.map((each) => each.release?.releasedBy)).size, 1);
  assert.equal(home.handle.journal.requireWhole().filter(({ kind }) => kind === "release").length, 1);
});

test("when all is there but nobody signs, that is what is missing", async () => {
  using home = new Home();
  const record = await signed(home);
  await missing(home, record, { releaser: null }, "releaser");
});

test("a release can't be carried to another run", async () => {
  using home = new Home();
  const [one, two] = [await signed(home), await signed(home)];
  await release(home, one);
  const text = home.read(releaseFile(one.runId));
  home.write(releaseFile(two.runId), text);
  assert.deepEqual(readReleases(home.handle, two.runId), []);
  const file = releaseFile(two.runId);
  home.handle.journal.append({ kind: "release", subject: two.runId, file, digest: digestOf(utf8(text)) });
  assert.deepEqual(counted(home, two.runId), []);
  assert.equal((await release(home, two)).status, "released");
});

/** Signs as whoever holds the key can: with a time of their choice. */
function signAt(home: Home, { runId }: RunRecord, { name, key }: Person, meaning: string, signedAt: string) {
  const { handle } = home;
  const run = handle.runs.read(runId);
  const { digest: recordDigest } = run;
  const signer = { name, keyId: key.publicKey.keyId };
  const said = { runId, signer, meaning, reason: "", signedAt, recordDigest };
  const predicate = {
    ...said,
    journalHead: handle.journal.head(),
    displayedAs: `${name}, ${meaning}, ${signedAt}`,
  };
  const statement = { subject: subjectsOf(handle, run), predicateType: SIGNATURE_TYPE, predicate };
  handle.keyring.keep(key.publicKey);
  const file = handle.sealed.nextIn(`signatures/${runId}`);
  const content = writeBundle(signStatement(statement, key));
  handle.sealed.seal({ kind: "signature", subject: runId, file, content });
}

test("a key that was revoked signs nothing any more, whatever time it names and whatever the journal is made to say", async () => {
  using home = new Home();
  const record = home.addRun();
  const [before, revoked] = [2000, 1000].map((ms) => new Date(Date.now() - ms).toISOString());
  assert.ok(before && revoked);
  const policy = { signers: signers.map((each) => (each.name === anna.name ? { ...each, revoked } : each)) };
  await sign(home, record, bert, "approval");
  signAt(home, record, anna, "review", before);
  const [, view] = readSignatures(home.handle, record.runId);
  assert.deepEqual([view?.problem, view?.signedAt], [undefined, before]);
  await missing(home, record, { policy }, "signature/review");

  using backwards = new Home();
  const other = backwards.addRun();
  await sign(backwards, other, bert, "approval");
  const now = Date.now;
  try {
    Date.now = () => Date.parse(before);
    signAt(backwards, other, anna, "review", before);
  } finally {
    Date.now = now;
  }
  const last = backwards.handle.journal.requireWhole().at(-1);
  assert.deepEqual([last?.at, (last?.setBackMs ?? 0) > 0], [before, true]);
  const [journal] = verifyRun(backwards.handle, other.runId, { policy: BUILT_IN }).checks;
  assert.match(journal?.detail ?? "", /; the clock was set back before line \d+ by \d/);
  await missing(backwards, other, { policy }, "signature/review");
});

test("a release under a lax policy does not hold under the policy in force, nor do people who left", async () => {
  using home = new Home();
  const record = home.addRun({ sandbox: { kind: "none", tried: [] } });
  const lax = {
    audit: "stored",
    sandboxes: ["none"],
    signatures: [],
    deviations: { blocking: [], until: "closed" },
  } as const;
  home.addAudit(record);
  assert.equal((await release(home, record, { policy: lax, releaser: stranger })).status, "released");
  const seen = (policy: Partial<Policy>) =>
    verifyRun(home.handle, record.runId, { policy: applied(policy).policy }).checks.find(
      ({ what }) => what === "release",
    );
  assert.equal(seen(lax)?.status, "holds");
  assert.match(
    seen({ ...lax, audit: "fresh" })?.detail ?? "",
    /the policy in force lacks audit: it was released by a stored audit/,
    "anyone who may write to the home can write a stored audit",
  );
  assert.match(seen({ sandboxes: [], audit: "stored" })?.detail ?? "", /the policy in force lacks sandbox/);
  assert.match(
    seen({ ...lax, signatures: [{ meaning: "review" }] })?.detail ?? "",
    /lacks signature\/review: none/,
  );
  await sign(home, record, anna, "review");
  assert.match(
    seen({ ...lax, signatures: [{ meaning: "review" }] })?.detail ?? "",
    /lacks signature\/review/,
    "a signature that came after the release was not there for it",
  );
  const { name, key } = stranger;
  const dora = { name, role: "quality", keyId: key.publicKey.keyId, key: writePublicKey(key.publicKey) };
  assert.equal(seen({ ...lax, signers: [dora] })?.status, "holds");
  assert.equal(seen({ ...lax, signers: [{ ...dora, from: "2020-01-01T00:00:00.000Z" }] })?.status, "holds");
  for (const over of ["until", "revoked"] as const)
    assert.match(
      seen({ ...lax, signers: [{ ...dora, [over]: "2020-01-01T00:00:00.000Z" }] })?.detail ?? "",
      /releaser/,
    );
  assert.match(
    seen({ ...lax, signers: [{ ...dora, from: "2999-01-01T00:00:00.000Z" }] })?.detail ?? "",
    /releaser/,
  );
});

test("four eyes: who approves may not release, who investigates may not close", async () => {
  using home = new Home();
  const record = await signed(home, { claims: [checkOf("audio/frequency", "failed")] });
  const policy = {
    fourEyes: ["closing", "releasing"],
    deviations: { blocking: ["critical"], until: "closed" },
  } as const;
  const [{ id } = { id: "" }] = await openDeviations(home.handle, record);
  const moves = ["investigating", "dispositioned", "capa", "effectiveness-check", "closed"];
  const move = (by: Person, to: string) =>
    moveDeviation({
      home: home.handle,
      id,
      to,
      ...(to === "dispositioned" && { disposition: "use-as-is" }),
      reason: "so",
      name: by.name,
      key: by.key,
    });
  for (const to of moves) await move(anna, to);
  await missing(home, record, { policy }, "deviation/D");
  await missing(home, record, { policy, releaser: bert }, "deviation/D", "releaser");
  for (const to of moves) await move(to === "closed" ? carla : anna, to);
  await missing(home, record, { policy, releaser: bert }, "releaser");
  assert.equal((await release(home, record, { policy })).status, "released");
});

test("junk that whoever writes to the home can put there stands in the way of no release", async () => {
  using home = new Home();
  const record = await signed(home);
  const line = (kind: "signature" | "release", file: string, content: string) => {
    home.write(file, content);
    home.handle.journal.append({ kind, subject: record.runId, file, digest: digestOf(utf8(content)) });
  };
  line("signature", `signatures/${record.runId}/9.sigstore.json`, "{}");
  line("release", releaseFile(record.runId), "{}");
  home.handle.journal.append({
    kind: "release",
    subject: record.runId,
    file: releaseFile(record.runId, 2),
    digest: "x",
  });
  const { status, release: made } = await release(home, record);
  assert.deepEqual([status, made?.bundleFile], ["released", releaseFile(record.runId, 3)]);
});
