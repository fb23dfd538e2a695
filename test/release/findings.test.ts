import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RunRecord } from "#home/run-record.ts";
import type { AuditFinding } from "#release/deviation.ts";
import { deviationsOf } from "#release/deviations.ts";
import { findingsOf, type FindingSources } from "#release/findings.ts";
import { SEVERITY_RULES } from "#release/severity.ts";
import { checkOf, recordOf, stageOf } from "./rig.ts";

const RUN = "20260101T000000020Z-abcdef";

/** `kind severity fingerprint` of each deviation. */
function found(own: Partial<RunRecord>, more: Omit<FindingSources, "record"> = {}): string[] {
  return deviationsOf({ record: recordOf({ runId: RUN, ...own }), ...more }).map(
    ({ kind, severity, fingerprint }) => `${kind} ${severity} ${fingerprint}`,
  );
}

const audit = (...failing: string[]): AuditFinding => ({
  auditedAt: "",
  status: "fails",
  claims: [
    { id: "song/nar-hash", status: "holds" },
    ...failing.map((id) => ({ id, status: "fails" as const })),
  ],
});

test("the document has every kind with its severity", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/release.md"), "utf8");
  for (const { kind, fingerprint, severity } of SEVERITY_RULES) {
    const name = `\`${kind}\`${fingerprint === undefined ? "" : ` \`${fingerprint}\``}`;
    const row = text.split("\n").find((line) => line.replaceAll(/ +/g, " ").startsWith(`| ${name} | `));
    assert.match(row ?? name, new RegExp(`${severity} *\\|$`));
  }
});

test("a run by plan has no deviations", () => {
  assert.deepEqual(found({}, { audit: { ...audit(), status: "holds" } }), []);
});

test("a failed check is critical, one that could not decide is minor, a recorded figure is nothing", () => {
  const claims = [
    checkOf("audio/pitch", "failed"),
    checkOf("audio/spread", "gauge-limited"),
    checkOf("audio/never", "untested"),
    checkOf("audio/length", "passed"),
    { ...checkOf("audio/wall", "unavailable"), kind: "figure" as const },
    { ...checkOf("run/passed", "failed"), kind: "figure" as const },
  ];
  assert.deepEqual(found({ claims }), [
    "failed-check critical audio/pitch",
    "inconclusive-check minor audio/spread",
    "inconclusive-check minor audio/never",
  ]);
});

test("a failed stage is critical, and named with how it failed", () => {
  const failure = { code: "STAGE_TIMEOUT", message: "it took too long" };
  const stages = [stageOf("audio", { status: "failed", failure }), stageOf("song", { status: "skipped" })];
  assert.deepEqual(found({ stages, status: "failed" }), ["failed-stage critical audio STAGE_TIMEOUT"]);
});

test("trying again until it passes is a retry; after a change of its inputs it is not", () => {
  const failed = recordOf({
    runId: "20260101T000000011Z-abcdef",
    stages: [stageOf("audio", { status: "failed" })],
  });
  assert.deepEqual(found({}, { earlier: [failed] }), ["retry major audio"]);
  const cached = [stageOf("audio", { status: "cached", builtInRun: "20260101T000000012Z-abcdef" })];
  assert.deepEqual(found({ stages: cached }, { earlier: [failed] }), ["retry major audio"]);
  const drvPath = "/nix/store/3c2mhvwzgqjd2p8gjwjsrgsg6v7bw7mg-audio.drv";
  assert.deepEqual(found({ stages: [stageOf("audio", { drvPath })] }, { earlier: [failed] }), []);
});

test("no sandbox is critical, a lesser one minor, one that was asked for no deviation", () => {
  const tried = [{ kind: "bubblewrap", reason: "no namespaces" }];
  assert.deepEqual(found({ sandbox: { kind: "none", tried } }), ["sandbox-downgrade critical none"]);
  assert.deepEqual(found({ sandbox: { kind: "none", tried: [] } }), ["sandbox-downgrade critical none"]);
  assert.deepEqual(found({ sandbox: { kind: "unshare", tried } }), ["sandbox-downgrade minor unshare"]);
  assert.deepEqual(found({ sandbox: { kind: "unshare", tried: [] } }), []);
});

test("what was built without a sandbox stays so when it comes from the cache", () => {
  const runId = "20260101T000000011Z-abcdef";
  const before = recordOf({ runId, sandbox: { kind: "none", tried: [] } });
  const own = { sandbox: { kind: "not-used", tried: [] }, stages: [stageOf("audio", { builtInRun: runId })] };
  assert.deepEqual(found(own, { earlier: [before] }), ["sandbox-downgrade critical none"]);
});

test("values that an audit does not get again are critical, one deviation for each output", () => {
  assert.deepEqual(found({}, { audit: audit("audio/nar-hash", "audio/pitch", "proof/primes") }), [
    "not-reproduced critical audio",
    "not-reproduced critical proof",
  ]);
  assert.deepEqual(found({}, { audit: audit() }), ["not-reproduced critical evidence"]);
  assert.deepEqual(found({}, { audit: { ...audit(), status: "unavailable" } }), []);
});

test("signals of control charts open one deviation each", () => {
  const signal = { subject: "audio/wall", claims: ["audio/wall"], rule: "WER1", meaning: "one point beyond" };
  const signals = [signal, { ...signal, rule: "EWMA" }];
  assert.deepEqual(found({}, { signals }), [
    "out-of-control major audio/wall WER1",
    "out-of-control major audio/wall EWMA",
  ]);
  const [first] = findingsOf({ record: recordOf({ runId: RUN }), signals });
  assert.deepEqual(first?.claims, ["audio/wall"]);
});

test("recurrence counts earlier runs that departed alike, and makes what is minor major in the end", () => {
  const claims = [checkOf("audio/spread", "untested")];
  const runs = Array.from({ length: 5 }, (_, index) => {
    const runId = `20260101T00000001${index}Z-abcdef`;
    return recordOf({ runId, claims: index === 2 ? [] : claims });
  });
  const of = (count: number) => {
    const [first] = deviationsOf({ record: recordOf({ runId: RUN, claims }), earlier: runs.slice(0, count) });
    return [first?.recurrence, first?.severity];
  };
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(of), [
    [0, "minor"],
    [1, "minor"],
    [2, "minor"],
    [2, "minor"],
    [3, "major"],
    [4, "major"],
  ]);
});

test("an id is the same for the same run, kind and fingerprint, and another for any other", () => {
  const ids = (runId: string, ...names: string[]) =>
    deviationsOf({ record: recordOf({ runId, claims: names.map((name) => checkOf(name, "failed")) }) }).map(
      ({ id }) => id,
    );
  const [a, b] = ids(RUN, "audio/a", "audio/b");
  assert.match(a ?? "", /^D-[0-9a-f]{12}$/);
  assert.notEqual(a, b);
  assert.deepEqual(ids(RUN, "audio/b"), [b]);
  assert.notDeepEqual(ids("20260101T000000021Z-abcdef", "audio/b"), [b]);
});
