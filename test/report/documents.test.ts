// The documents of a run that passed, of one that failed, and of one that people worked on.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as CycloneDX from "@cyclonedx/cyclonedx-library";
import { claimsOfFile } from "../rig/claims-file.ts";
import { readLogs } from "#evidence/result-tree.ts";
import { documentsOf, evidenceDocuments } from "#report/documents.ts";
import { gatherDocuments, gatherAtEnd } from "#report/gather.ts";
import type { DocumentInput, ClaimSeries } from "#standards/input.ts";
import { removeTree } from "#base/files.ts";
import { forbiddenWords, readDocuments, walkDocuments } from "../rig/document-walk.ts";
import { Project } from "../rig/project.ts";

const files = {
  "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const make = stage(() => import("./make.ts"), { count: param.integer({ default: 12 }), limits: { most: 13.5 } });
const judge = stage(() => import("./judge.ts"), { make });
export default pipeline({ make, judge });
`,
  "make.ts": `export default function make({ count }: { count: number }) {
  console.log("\\u001b[31mmaking", count, "<b>parts</b>\\u001b[0m");
  return { "parts.json": Array.from({ length: count }, (_, index) => [index / 7]) };
}
`,
  "judge.ts": `import type { Source } from "pipelite";
import { judgeCapability } from "pipelite/stats";
export default async function judge({ make }: { make: Source }) {
  const parts = JSON.parse(await make.text("parts.json")) as number[][];
  const status = parts.length <= 12 ? "passed" : "failed";
  return { "verdict.json": { checks: [
    { id: "count-12", statement: "There are at most 12 <parts>", value: parts.length, limit: 12, unit: "parts", status, evidence: "make/parts.json" },
    { id: "capable", statement: "The parts are capable", value: capabilityOf(parts), status: "passed", limit: 1, formula: "parts = $1; capabilityBound(parts, 0 - 4, $2)", evidence: ["make/parts.json#/*", "judge/limit.json#/upper"] },
    { id: "fine", statement: "The last part is fine", value: 1.5714e-7, status: "passed", evidence: "make/parts.json#/11" },
  ] }, "limit.json": { upper: 9 } };
}

function capabilityOf(parts: number[][]) {
  return judgeCapability({ groups: parts }, { limits: { lower: -4, upper: 9 } }).bound;
}
`,
};

let project: Project;
let passed: DocumentInput;
let failed: DocumentInput;
before(async () => {
  project = new Project(files);
  const out = join(project.folder, "result");
  const first = await project.run({ out });
  assert.equal(first.status, "passed");
  passed = gatherDocuments(project.door, project.door.runs.read(first.runId));
  const second = await project.run({ params: { count: "15" } });
  assert.equal(second.status, "failed");
  failed = gatherDocuments(project.door, project.door.runs.read(second.runId));
});
after(() => removeTree(project.folder));

/** As if people had worked on the run. */
function workedOn(input: DocumentInput): DocumentInput {
  const { claims, runId } = input.record;
  return {
    ...input,
    audit: {
      auditedAt: "2026-02-03T04:05:06.789Z",
      status: "fails",
      claims: claims.map(({ id }) => ({ id, status: id === "make/nar-hash" ? "fails" : "holds" })),
    },
    signatures: [
      {
        signer: "Ada 2 <Lovelace>",
        keyId: "ab".repeat(32),
        meaning: "review",
        reason: "all 2 checks read",
        signedAt: "2026-02-03T05:00:00.000Z",
        recordDigest: `sha256:${"0".repeat(64)}`,
        isValid: true,
        bundleFile: `signatures/${runId}/1.sigstore.json`,
        isJournalled: true,
      },
    ],
  };
}

test("no document has a digit that is not a claim's or an identifier's, and each says what the record says", () => {
  for (const input of [passed, failed, workedOn(passed), workedOn(failed)]) {
    const documents = documentsOf(input);
    assert.deepEqual(walkDocuments(documents, input), []);
    assert.deepEqual(forbiddenWords(documents), []);
  }
});

test("a bare number, a changed value, a changed identifier and a claim that is not there are each found", () => {
  const documents = documentsOf(passed);
  const plant = (name: string, from: string | RegExp, to: string): string[] => {
    const text = new TextDecoder().decode(documents.get(name));
    const changed = text.replace(from, to);
    assert.notEqual(changed, text, `${name} has no ${String(from)}`);
    return walkDocuments(new Map([[name, new TextEncoder().encode(changed)]]), passed);
  };
  const found = [
    plant("report.html", "No field is typed in by anybody.", "No field of 13 is typed in by anybody."),
    plant("report.html", /(data-claim="judge\/count-12">)12/, "$111"),
    plant("report.html", 'data-claim="judge/count-12"', 'data-claim="judge/count-11"'),
    plant("report.html", `>${passed.record.runId}<`, ">20260101T000000000Z-000000<"),
    plant("batch-record.json", '"title": "Dates"', '"title": "Dates 1"'),
    plant("batch-record.json", '"title": "Dates"', '"title": "Dates", "share": 1'),
    plant("batch-record.json", '"value": 12', '"value": 13'),
    plant("iso9001-2015.json", '"identifier": "8.5.1"', '"identifier": "8.5.99"'),
    plant("attestations.cdx.json", '"text": "Dates"', '"text": "Days"'),
    plant("attestations.cdx.json", "There are at most 12 <parts>", "There are at most 13 <parts>"),
  ];
  for (const [index, problems] of found.entries()) assert.notDeepEqual(problems, [], `planting ${index}`);
});

test("attestations hold against CycloneDX's own schema", async () => {
  const validator = new CycloneDX.Validation.JsonStrictValidator(CycloneDX.Spec.Version.v1dot7);
  for (const input of [passed, workedOn(failed)]) {
    const bytes = documentsOf(input).get("attestations.cdx.json");
    assert.equal(await validator.validate(new TextDecoder().decode(bytes)), null);
  }
  assert.notEqual(
    await validator.validate('{"bomFormat":"CycloneDX","specVersion":"1.7","declarations":1}'),
    null,
  );
});

function statuses(input: DocumentInput, name: string): Record<string, string> {
  const { fields, clauses } = JSON.parse(new TextDecoder().decode(documentsOf(input).get(name))) as Record<
    string,
    { clause: { identifier: string }; status: string }[] | undefined
  >;
  return Object.fromEntries(
    (fields ?? clauses ?? []).map(({ clause, status }) => [clause.identifier, status]),
  );
}

test("the status of a clause follows from the claims, the audit and the signatures", () => {
  const clean = statuses(passed, "batch-record.json");
  assert.equal(clean["211.188(b)(5)"], "supported");
  assert.equal(clean["211.188(b)(8)"], "organisational");
  assert.equal(clean["211.188(b)(11)"], "partial");
  assert.equal(statuses(passed, "part11.json")["11.10(a)"], "unavailable");
  assert.equal(statuses(passed, "part11.json")["11.10(f)"], "supported");
  assert.equal(statuses(passed, "part11.json")["11.10(e)"], "partial", "who may write to it is not shown");

  const broken = statuses(failed, "batch-record.json");
  assert.equal(broken["211.188(b)(5)"], "failed");
  assert.equal(broken["211.188(b)(12)"], "partial");

  const reviewed = statuses(workedOn(passed), "batch-record.json");
  assert.equal(reviewed["211.188(b)(11)"], "supported");
  assert.equal(reviewed["211.188(b)(3)"], "failed", "the audit did not get the hash again");
  assert.equal(statuses(workedOn(passed), "part11.json")["11.10(a)"], "failed");

  const [review] = workedOn(passed).signatures;
  assert.ok(review);
  const spoiled = { ...review, isValid: false, problem: "the result is not the one that was signed" };
  const both: DocumentInput = { ...workedOn(passed), signatures: [review, spoiled] };
  assert.equal(statuses(both, "part11.json")["11.50"], "failed", "a spoiled signature beside a good one");
  const stray: DocumentInput = {
    ...workedOn(passed),
    signatures: [review, { ...spoiled, isJournalled: false }],
  };
  assert.equal(statuses(stray, "part11.json")["11.50"], "supported");
});

test("a record that was changed since, and a run without a sandbox, are said", () => {
  const changed = { ...passed, recordProblem: "it repeats 2026, whose record has changed" };
  assert.deepEqual(walkDocuments(documentsOf(changed), changed), []);
  assert.equal(statuses(changed, "part11.json")["11.10(e)"], "failed");
  const html = new TextDecoder().decode(documentsOf(changed).get("report.html"));
  assert.match(html, /class="verdict bad".*, but its record was changed/s);
  const claims = passed.record.claims.map((claim) =>
    claim.id === "run/sandbox" ? { ...claim, value: "none" } : claim,
  );
  const open = { ...passed, record: { ...passed.record, claims } };
  assert.equal(statuses(open, "iso9001-2015.json")["8.5.1"], "partial");
});

test("a signature that is not valid supports nothing", () => {
  const { signatures, ...input } = workedOn(passed);
  const invalid = {
    ...input,
    signatures: signatures.map((each) => ({ ...each, isValid: false, problem: "changed" })),
  };
  assert.equal(statuses(invalid, "part11.json")["11.50"], "failed");
});

test("the result tree holds the documents, the same that are made of its record", () => {
  const folder = join(project.folder, "result/evidence");
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
  const record = {
    ...(read("run.json") as object),
    claims: claimsOfFile(read("claims.json")),
  } as DocumentInput["record"];
  const atEnd = gatherAtEnd(project.door, record, readLogs(project.door, record));
  const wanted = evidenceDocuments(atEnd);
  assert.deepEqual(readdirSync(folder).toSorted(), [
    "SHA256SUMS",
    "batch-record.json",
    "claims.json",
    "logs",
    "report.html",
    "run.json",
  ]);
  const documents = readDocuments(folder, wanted.keys());
  assert.deepEqual(walkDocuments(documents, atEnd), []);
  for (const [name, bytes] of wanted) assert.ok(documents.get(name)?.equals(bytes), name);
});

test("the report is one file: no script, no outside resource; colour codes and markup of a log are text", () => {
  const html = new TextDecoder().decode(documentsOf(failed).get("report.html"));
  assert.doesNotMatch(html, /<script|<link|<img|@import|url\(|https?:/i);
  assert.match(html, /making 15 &lt;b&gt;parts&lt;\/b&gt;/);
  assert.ok(!html.includes("\u001B"));
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length, "ids are unique");
  for (const [, target = ""] of html.matchAll(/href="#([^"]*)"/g)) assert.ok(ids.includes(target), target);
});

test("the values behind a capability are drawn, read by the claim's own formula from its evidence", () => {
  const [series, ...more] = passed.series;
  assert.deepEqual(more, []);
  assert.equal(series?.claim.id, "judge/capable");
  assert.match(series.place, /-make\/parts\.json#\/\*$/);
  assert.deepEqual(series.limits, { lower: -4, upper: 9 });
  assert.deepEqual(series.groups[7], [1]);
  const html = new TextDecoder().decode(documentsOf(passed).get("report.html"));
  assert.match(html, /data-chart="judge\/capable"/);
  assert.match(html, /aria-label="Control chart"/);
  assert.match(html, /UCL/);
});

test("values that can't be judged are drawn as far as they can be", () => {
  const [series] = passed.series;
  assert.ok(series);
  const degenerate: Partial<ClaimSeries>[] = [
    { groups: [[1]] },
    { groups: [[2], [2], [2]] },
    { groups: [[1, 2], [3]] },
    { groups: [[1e-9], [3e-9], [2e-9]], limits: { upper: 5 } },
    { groups: [[1], [2], [4]], limits: { lower: 0 } },
    { groups: [[], [1], [2]] },
    { groups: [[1], [2]], limits: { lower: 3, upper: 2 } },
  ];
  for (const change of degenerate) {
    const input: DocumentInput = { ...passed, series: [{ ...series, ...change }] };
    assert.deepEqual(walkDocuments(documentsOf(input), input), []);
  }
});

test("checks have passed when there are some and each of them did", () => {
  const word = (change: (status: string) => string | undefined) => {
    const claims = passed.record.claims.flatMap((claim) => {
      if (!claim.evidence.some((place) => place.includes("/verdict.json#/checks/"))) return [claim];
      const status = change(claim.status);
      return status === undefined ? [] : [{ ...claim, status }];
    });
    const input: DocumentInput = { ...passed, series: [], record: { ...passed.record, claims } };
    const html = new TextDecoder().decode(documentsOf(input).get("report.html"));
    const [, row = ""] = /What a release depends on.*?>Checks<(.*?)<\/tr>/s.exec(html) ?? [];
    return ["passed", "failed", "partial", "untested"].find((each) => row.includes(`</span>${each}</span>`));
  };
  assert.equal(
    word((status) => status),
    "passed",
  );
  assert.equal(
    word(() => "failed"),
    "failed",
  );
  assert.equal(
    word(() => "not-computable"),
    "partial",
  );
  assert.equal(
    word(() => undefined),
    "untested",
  );
});

test("what is left to the organisation keeps a clause from being supported, and is said in every document", () => {
  const holds: DocumentInput = {
    ...workedOn(passed),
    audit: { auditedAt: "2026-02-03T04:05:06.789Z", status: "holds", claims: [] },
  };
  const shown = { "part11.json": "11.10(a)", "annex11.json": "4", "iso9001-2015.json": "7.1.5.2" };
  for (const [name, clause] of Object.entries(shown)) {
    assert.equal(statuses(holds, name)[clause], "partial", `${name} ${clause}`);
  }
  const documents = documentsOf(holds);
  for (const name of ["part11.json", "report.html", "attestations.cdx.json"]) {
    assert.match(
      new TextDecoder().decode(documents.get(name)),
      /Validation of the system for its intended use/,
    );
  }
  assert.deepEqual(walkDocuments(documents, holds), []);
});

test("the words in mappings and the titles of clauses hold no digit", () => {
  const folder = join(import.meta.dirname, "../../src/standards/mappings");
  for (const file of readdirSync(folder)) {
    const { clauses } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      clauses: { clause: string; title: string; duty?: string; kind: string; sources?: { name: string }[] }[];
    };
    for (const { clause, title, duty = "", kind, sources = [] } of clauses) {
      assert.doesNotMatch([title, duty, ...sources.map(({ name }) => name)].join(" "), /\d/, clause);
      assert.equal(kind === "technical", sources.length > 0, clause);
      assert.ok(kind === "technical" || duty !== "", clause);
    }
    assert.equal(new Set(clauses.map(({ clause }) => clause)).size, clauses.length, file);
  }
});

test("a log in the store that is not the one of the record is in no document", () => {
  for (const input of [passed, failed]) {
    const { record } = input;
    const stage = record.stages.find(({ name }) => name === "make");
    const file = project.door.logOf(stage?.drvPath) ?? "";
    const own = readFileSync(file);
    const secret = join(project.folder, "secret");
    writeFileSync(secret, "what nobody may see\n");
    rmSync(file);
    symlinkSync(secret, file);
    const again = gatherDocuments(project.door, project.door.runs.read(record.runId));
    assert.equal(again.logs.get("make"), record.tree === undefined ? undefined : input.logs.get("make"));
    assert.doesNotMatch(new TextDecoder().decode(documentsOf(again).get("report.html")), /nobody may see/);
    rmSync(file);
    writeFileSync(file, own);
  }
});
