// The audit: it holds for what a run left, and fails, naming the place, for every change of it. A change of the record is
// tried in two ways: as it is, which its digest in the journal shows, and forged, with a journal that agrees.
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { documents } from "#app/documents.ts";
import { auditRun, type AuditOptions } from "#evidence/audit.ts";
import { parseAudit, type AuditReport } from "#evidence/audit-file.ts";
import { openHome } from "#home/home.ts";
import type { ReadRun } from "#home/runs.ts";
import { outputClaimSteps } from "#evidence/output-claims.ts";
import { addResultTree, readLogs } from "#evidence/result-tree.ts";
import { claimsOfRun } from "#evidence/run-claims.ts";
import type { RunRecord } from "#home/run-record.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { finish } from "#base/steps.ts";
import { documentWriter, makeDocuments } from "#report/index.ts";
import { openStore } from "#store/store.ts";
import { hashSteps } from "#store/tree.ts";
import { runHere } from "../cli/rig.ts";
import { pipelite, start } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { Tamper } from "./tamper.ts";

const files = {
  "pipeline.ts": `
import { param, pipeline, source, stage, timings } from "pipelite";
const samples = source("samples");
const measure = stage(() => import("./measure.ts"), { samples, scale: param.integer({ default: 2 }) });
const judge = stage(() => import("./judge.ts"), { measure });
const report = stage(() => import("./report.ts"), { times: timings(measure, judge) });
export default pipeline({ measure, judge, report });
`,
  "samples/values.txt": "1\n2\n4\n",
  "measure.ts": `
import type { Source } from "pipelite";
export default async function measure({ samples, scale }: { samples: Source; scale: number }) {
  const values = (await samples.text("values.txt")).trim().split("\\n").map((line) => scale * Number(line));
  console.log("measured", values.length);
  return {
    "tone.wav": new Uint8Array([82, 73, 70, 70, 36, 0, 0, 0, 87, 65, 86, 69]),
    "measurements.json": { values: values.map((value) => ({ value })) },
  };
}
`,
  "judge.ts": `
import type { Input } from "pipelite";
import type measure from "./measure.ts";
export default async function judge({ measure: of }: { measure: Input<typeof measure> }) {
  const { values } = await of.json("measurements.json");
  const greatest = Math.max(...values.map(({ value }) => value));
  return {
    "verdict.json": {
      status: "passed",
      checks: [
        {
          id: "greatest",
          statement: "No value is above the limit",
          value: greatest,
          unit: "V",
          limit: 10,
          status: greatest <= 10 ? "passed" : "failed",
          formula: "max($1)",
          accept: "value <= limit",
          evidence: "measure/measurements.json#/values/*/value",
        },
        { id: "count", statement: "There are values", value: values.length, status: "passed" },
        { id: "not-13", statement: "It is not 13", value: greatest, status: "passed", accept: "value != 13" },
        { id: "name", statement: "It is named", value: "tone", status: "passed", accept: 'value != "noise"' },
      ],
    },
  };
}
`,
  "report.ts": `
import type { Source } from "pipelite";
export default async function report({ times }: { times: Source }) {
  return { "report.txt": String((await times.bytes()).length) };
}
`,
};

let project: Project;
let record: RunRecord;
const hashes: NonNullable<AuditOptions["hashes"]> = new Map();
before(async () => {
  project = new Project(files);
  const { runId } = await project.run({ out: join(project.folder, "result") });
  record = project.record(runId);
  // So that the journal has more lines than one.
  await project.run({ paranoid: true });
});
after(() => project[Symbol.dispose]());

function run(): ReadRun {
  return project.door.runs.read(record.runId);
}

function reasonsOf({ claims, integrity, rebuilds }: AuditReport): string {
  return [...claims, ...integrity, ...rebuilds]
    .flatMap(({ status, reason }) => (status === "fails" ? [reason ?? "no reason"] : []))
    .join("\n");
}

test("an audit that is interrupted ends, also where nothing is built again", async () => {
  const reason = new Error("enough");
  const options = { documents, rebuild: false, signal: AbortSignal.abort(reason) };
  await assert.rejects(auditRun(project.door, run(), options), (error) => error === reason);
});

test("a run that nobody touched holds: every claim, every file, every build", async () => {
  const report = await auditRun(project.door, run(), { documents });
  assert.equal(reasonsOf(report), "");
  assert.equal(report.status, "holds");
  assert.deepEqual(
    report.rebuilds.map(({ stage, status, narHash }) => [stage, status, narHash]),
    record.stages.map(({ name, narHash }) => [name, "holds", narHash]),
  );
  const greatest = report.claims.find(({ id }) => id === "judge/greatest");
  assert.deepEqual([greatest?.status, greatest?.recomputed, greatest?.stated], ["holds", 8, "passed"]);
  assert.deepEqual(
    report.claims.map(({ id }) => id),
    record.claims.map(({ id }) => id),
  );
  assert.deepEqual(
    readdirSync(join(project.home, "pipelite/tmp")).filter((name) => name.startsWith("audit-")),
    [],
  );
});

test("without building again, what only that can tell is unavailable, and so is the whole", async () => {
  const { status, claims } = await auditRun(project.door, run(), { documents, rebuild: false, hashes });
  assert.equal(status, "unavailable");
  const statusOf = (id: string) => claims.find((claim) => claim.id === id)?.status;
  assert.deepEqual(["judge/greatest", "judge/count", "judge/nar-hash", "judge/nar-size"].map(statusOf), [
    "holds",
    "unavailable",
    "unavailable",
    "holds",
  ]);
});

const claimOf = ({ claims }: RunRecord, id: string) => {
  const found = claims.find((claim) => claim.id === id);
  assert.ok(found, id);
  return found;
};

type Whole = RunRecord["stages"][number] &
  Record<"outPath" | "narHash" | "drvPath", string> & { narSize: number };

function stageAt({ stages }: RunRecord, index: number): Whole {
  const found = stages[index];
  assert.ok(found?.outPath !== undefined && found.narHash !== undefined);
  return found as Whole;
}

function usageOf({ stages: [stage] }: RunRecord) {
  assert.ok(stage?.usage);
  return stage.usage;
}

function materialOf({ materials: [material] }: RunRecord) {
  assert.ok(material);
  return material;
}

interface Change {
  change: (tamper: Tamper) => void;
  /** What one of the reasons must say. */
  reason: RegExp;
  /** Only building again can tell. */
  rebuild?: boolean;
}

const OUTPUTS: Record<string, Change> = {
  "a byte of a recording": {
    change: (t) =>
      t.edit(t.path(t.stage("measure").outPath, "tone.wav"), (text) => text.replace("WAVE", "WAVF")),
    reason: /-measure: its bytes have NAR hash/,
  },
  "a measured value": {
    change: (t) =>
      t.edit(t.path(t.stage("measure").outPath, "measurements.json"), (text) => text.replace("8", "9")),
    reason: /-measure: its bytes have NAR hash/,
  },
  "the value of a check": {
    change: (t) => t.edit(t.path(t.stage("judge").outPath, "verdict.json"), (text) => text.replace("8", "7")),
    reason: /its status is "passed", and by the evidence "failed"/,
  },
  "the statement of a check": {
    change: (t) =>
      t.edit(t.path(t.stage("judge").outPath, "verdict.json"), (text) => text.replace("No value", "No")),
    reason: /its statement is/,
  },
  "a file too many in an output": {
    change: (t) => t.add(t.path(t.stage("measure").outPath, "more.txt"), "more"),
    reason: /-measure: its bytes have NAR hash/,
  },
  "a file too few in an output": {
    change: (t) => t.remove(t.path(t.stage("measure").outPath, "tone.wav")),
    reason: /measure\/files.*|its value is 2, and by the evidence 1/,
  },
  "an output that can be executed": {
    change: (t) => t.setMode(t.path(t.stage("measure").outPath, "tone.wav"), 0o555),
    reason: /-measure: its bytes have NAR hash/,
  },
  "an output that is gone from disk": {
    change: (t) => t.remove(t.path(t.stage("measure").outPath)),
    reason: /-measure is registered, but not on disk/,
  },
  "an output with another's content": {
    change: (t) => t.replace(t.path(t.stage("measure").outPath), t.path(t.stage("judge").outPath)),
    reason: /-measure: its bytes have NAR hash/,
  },
  "a source": {
    change: (t) =>
      t.edit(t.path(t.record.materials[0]?.path ?? "", "values.txt"), (text) => text.replace("4", "3")),
    reason: /-samples: its bytes have NAR hash/,
  },
  "the timings that a stage read": {
    change: (t) => {
      const { path = "" } = t.record.materials.find(({ kind }) => kind === "timings") ?? {};
      t.edit(t.path(path), (text) => text.replace("measure", "measurf"));
    },
    reason: /-timings\.json: its bytes have NAR hash/,
  },
  "a derivation": {
    change: (t) =>
      t.edit(t.path(t.stage("judge").drvPath), (text) =>
        text.replace("x86_64", "x86_65").replace("aarch64", "aarch65"),
      ),
    reason: /-judge\.drv: its bytes have NAR hash/,
  },
  "the graph's derivation": {
    change: (t) =>
      t.edit(t.path(t.record.stages[0]?.graphDrvPath ?? ""), (text) => text.replace("Derive", "derive")),
    reason: /\.drv: its bytes have NAR hash/,
  },
  "the code that a stage ran": {
    change: (t) => {
      const drv = readFileSync(t.path(t.stage("judge").drvPath), "latin1");
      const code = [...drv.matchAll(/\/nix\/store\/[0-9a-z]{32}-[\w.-]+/g)].map(([path]) => path);
      const bundle = code.find((path) => path.endsWith(".mjs") || path.endsWith(".js"));
      assert.ok(bundle, code.join(" "));
      t.edit(t.path(bundle), (text) => `${text}//`);
    },
    reason: /its bytes have NAR hash/,
  },
  "a log": {
    change: (t) => {
      const base = t.stage("measure").drvPath.slice("/nix/store/".length);
      t.edit(join(t.home, "nix/var/log/nix/drvs", base.slice(0, 2), base.slice(2)), (text) => `${text}x`);
    },
    reason: /the log of measure, .* is not the one/,
  },
  "the sums in the result": {
    change: (t) =>
      t.edit(t.path(t.record.tree ?? "", "evidence/SHA256SUMS"), (text) => text.replace(/^./, "g")),
    reason: /its bytes have NAR hash/,
  },
  "the record in the result": {
    change: (t) =>
      t.edit(t.path(t.record.tree ?? "", "evidence/run.json"), (text) =>
        text.replace('"cores":', '"cores":1'),
      ),
    reason: /evidence\/run\.json is not what is made again/,
  },
  "a link of the result": {
    change: (t) =>
      t.relink(t.path(t.record.tree ?? "", "measure"), `../${t.stage("judge").outPath.slice(11)}`),
    reason: /it holds other things than links/,
  },
  "a file beside the evidence": {
    change: (t) => t.add(t.path(t.record.tree ?? "", "certificate.html"), "certified"),
    reason: /it holds other things than links/,
  },
  "a log in the result": {
    change: (t) => t.remove(t.path(t.record.tree ?? "", "evidence/logs/measure.log")),
    reason: /its bytes have NAR hash/,
  },
};

const DATABASES: Record<string, Change> = {
  "a NAR hash in the store's database": {
    change: (t) =>
      t.storeRow(
        "update ValidPaths set hash = ? where path = ?",
        `sha256:${"0".repeat(64)}`,
        t.stage("measure").outPath,
      ),
    reason: /-measure: its bytes have NAR hash/,
  },
  "a size in the store's database": {
    change: (t) =>
      t.storeRow("update ValidPaths set narSize = narSize + 8 where path = ?", t.stage("measure").outPath),
    reason: /-measure: its archive has/,
  },
  "a content address in the store's database": {
    change: (t) =>
      t.storeRow(
        "update ValidPaths set ca = ? where path = ?",
        `fixed:r:sha256:${"0".repeat(52)}`,
        t.stage("measure").outPath,
      ),
    reason: /-measure: the database has another content address/,
  },
  "a reference in the store's database": {
    change: (t) =>
      t.storeRow(
        "delete from Refs where referrer = (select id from ValidPaths where path = ?) and reference = (select id from ValidPaths where path = ?)",
        t.record.tree ?? "",
        t.stage("judge").outPath,
      ),
    reason: /its name does not follow from its bytes and references/,
  },
  "bytes, and the NAR hash in the database with them": {
    change: (t) => {
      const path = t.stage("measure").outPath;
      t.edit(t.path(path, "tone.wav"), (text) => text.replace("WAVE", "WAVF"));
      using store = openStore(t.home, { readOnly: true });
      const { narHash } = finish(hashSteps(store.physical(parseStorePath(path))));
      t.storeRow(
        "update ValidPaths set hash = ? where path = ?",
        `sha256:${Buffer.from(narHash).toString("hex")}`,
        path,
      );
    },
    reason: /-measure: its name does not follow from its bytes/,
  },
  "an output in the table of builds": {
    change: (t) =>
      t.buildRow(
        "update Builds set outPath = ? where drvPath = ?",
        t.stage("judge").outPath,
        t.stage("measure").drvPath,
      ),
    reason: /builds\.sqlite, the row of .*-measure\.drv: its output is .*-judge/,
  },
  "figures in the table of builds": {
    change: (t) =>
      t.buildRow(
        "update Builds set usage = json_set(usage, '$.wallMs', 1) where drvPath = ?",
        t.stage("measure").drvPath,
      ),
    reason: /-measure\.drv: its figures are not those of run\.json/,
  },
};

const JOURNAL: Record<string, Change> = {
  "a line of the journal taken out": {
    change: (t) => t.journalLines((lines) => lines.slice(1)),
    reason: /journal/,
  },
  "lines of the journal exchanged": {
    change: (t) => t.journalLines(([a = "", b = "", ...rest]) => [b, a, ...rest]),
    reason: /journal.* at line 1: it is numbered 2/,
  },
  "a digest in the journal": {
    change: (t) =>
      t.journalLines((lines) => lines.map((line) => line.replace(/("digest":"sha256:)./, "$1g"))),
    reason:
      /runs\/.*\.json is sha256:.* and entry \d+ of the journal says sha256:g|it is not what was written/,
  },
  "the time of an entry": {
    change: (t) => t.journalLines((lines) => lines.map((line) => line.replace('"at":"2', '"at":"1'))),
    reason: /journal.* at line 1: it is not what was written/,
  },
  "the time of the last entry": {
    change: (t) =>
      t.journalLines((lines) => [...lines.slice(0, -1), (lines.at(-1) ?? "").replace('"at":"2', '"at":"1')]),
    reason: /journal.* at line 2: it is not what was written/,
  },
  "the journal gone": { change: (t) => t.remove(t.journal), reason: /journal\.ndjson has no entry of run/ },
  "the last entries of the journal cut off": {
    change: (t) => t.edit(t.journal, (text) => text.slice(0, 100)),
    reason: /journal\.ndjson has no entry of run/,
  },
  "the record, with a second line for it at the end of the journal": {
    change: (t) => t.amend((record) => (record.host.cores = 64)),
    reason: /runs\/.*\.json is written once, and entries 1 and 3 of the journal give it two digests/,
  },
  "the record, with a second line that calls it an audit": {
    change: (t) => t.amend((record) => (record.host.cores = 64), "audit"),
    reason: /is written once/,
  },
  "a time in the record": {
    change: (t) => t.edit(t.recordFile, (text) => text.replace('"durationMs":', '"durationMs":1')),
    reason: /runs\/.*\.json is (sha256|another record)/,
  },
};

const FORGED: Record<string, [change: (record: RunRecord, tamper: Tamper) => void, reason: RegExp]> = {
  "the value of a claim": [
    (r) => (claimOf(r, "judge/greatest").value = 7),
    /its value is 7, and by the evidence 8/,
  ],
  "the value of a claim in its last digit": [
    (r) => (claimOf(r, "judge/greatest").value = 8 + 2e-15),
    /its value is 8\.000000000000002, and by the evidence 8/,
  ],
  "the unit of a claim": [(r) => (claimOf(r, "judge/greatest").unit = "mV"), /its unit is "mV"/],
  "the statement of a claim": [
    (r) => (claimOf(r, "judge/count").statement = "All is well"),
    /its statement is "All/,
  ],
  "the formula of a claim": [(r) => (claimOf(r, "judge/greatest").formula = "8"), /its formula is "8"/],
  "the status of a claim": [
    (r) => (claimOf(r, "judge/greatest").status = "failed"),
    /its status is "failed"/,
  ],
  "the limit of a claim": [(r) => (claimOf(r, "judge/greatest").limit = 100), /its limit is 100/],
  "what a claim is accepted by": [
    (r) => (claimOf(r, "judge/greatest").accept = "true"),
    /its accept is "true"/,
  ],
  "an evidence pointer": [
    (r) => (claimOf(r, "judge/greatest").evidence[0] += "/0"),
    /its evidence is \[.*value\/0/,
  ],
  "evidence in another output": [
    (r, t) => (claimOf(r, "measure/nar-size").evidence[0] = t.stage("judge").outPath),
    /its evidence is/,
  ],
  "the id of a claim": [
    (r) => (claimOf(r, "judge/count").id = "judge/number"),
    /the evidence gives no claim judge\/number/,
  ],
  "a claim taken out": [
    (r) => r.claims.splice(r.claims.indexOf(claimOf(r, "judge/count")), 1),
    /run\.json#\/claims lacks judge\/count/,
  ],
  "a claim put in": [
    (r) => r.claims.push({ ...claimOf(r, "judge/count"), id: "judge/more", value: 1 }),
    /the evidence gives no claim judge\/more/,
  ],
  "a claim twice": [(r) => r.claims.push(claimOf(r, "judge/count")), /two claims of one id|the evidence/],
  "the duration of the run": [(r) => (r.durationMs += 5000), /run\.json#\/durationMs is/],
  "the time a stage took": [
    (r) => (stageAt(r, 0).durationMs = 1),
    /its value is .*, and by the evidence 1$/m,
  ],
  "what a build used": [(r) => (usageOf(r).wallMs = 1), /figures are not those of run\.json/],
  "counts of stages": [(r) => (r.counts.built = 9), /run\.json#\/counts does not follow/],
  "how a stage ended": [(r) => (stageAt(r, 0).status = "cached"), /run\.json#\/counts does not follow/],
  "when the run started": [
    (r) => (r.startedAt = r.startedAt.replace("2", "1")),
    /from \/startedAt to \/finishedAt/,
  ],
  "a parameter": [(r) => (r.params["scale"] = 3), /run\/param\/scale|by the evidence 3/],
  "the machine": [(r) => (r.host.cores = 64), /by the evidence 64/],
  "what isolated the builds": [(r) => (r.sandbox.kind = "unshare"), /by the evidence "unshare"/],
  "what a stage read": [
    (r) => (stageAt(r, 1).inputs = []),
    /evidence\/run\.json is not what is made again|critical/,
  ],
  "the hash of an output": [
    (r) => (stageAt(r, 0).narHash = stageAt(r, 1).narHash),
    /measure\/nar-hash|its value is "sha256:/,
  ],
  "the size of an output": [(r) => (stageAt(r, 0).narSize += 8), /its value is/],
  "the path of an output": [
    (r) => (stageAt(r, 0).outPath = stageAt(r, 1).outPath),
    /run\.json says .*-judge|not the record/,
  ],
  "the derivation of a stage": [
    (r) => (stageAt(r, 0).drvPath = stageAt(r, 1).drvPath),
    /building measure again gives another/,
  ],
  "what a stage read, another one": [
    (r, t) => (stageAt(r, 1).inputs = [t.stage("report").name]),
    /-judge\.drv does not read the report of this run/,
  ],
  "a stage that is said to fetch": [
    (r) => (stageAt(r, 0).kind = "fetch"),
    /-measure\.drv is of the kind stage, and run\.json says fetch/,
  ],
  "a stage that is said to have no derivation": [
    (r) => Reflect.deleteProperty(stageAt(r, 0), "drvPath"),
    /says of measure an output, and no derivation/,
  ],
  "the graph's derivation of a stage": [
    (r) => (stageAt(r, 0).graphDrvPath = stageAt(r, 1).graphDrvPath ?? ""),
    /-judge\.drv is not what becomes .*-measure\.drv/,
  ],
  "a result that is not named": [(r) => delete r.tree, /the run passed, and names no result/],
  "the run that the evidence is of": [
    (r) => (r.evidenceOfRun = "20260101T000000000Z-000000"),
    /it is of the run 20260101T000000000Z-000000, whose record is not there/,
  ],
  "a stage left out": [
    (r) => ((r.counts.built -= 1), r.stages.splice(0, 1)),
    /results\/measure is no output of a stage/,
  ],
  "the path of a result": [
    (r) => (r.results["measure"] = r.results["judge"] ?? ""),
    /it holds other things than links/,
  ],
  "the hash of a source": [
    (r) => (materialOf(r).narHash = `sha256:${"0".repeat(64)}`),
    /its value is "sha256:/,
  ],
  "the digest of a log": [
    (r) => (stageAt(r, 0).logDigest = `sha256:${"0".repeat(64)}`),
    /the log of measure/,
  ],
};

function declare(what: string, { change, reason, rebuild = false }: Change): void {
  test(`audit fails when changed: ${what}`, async () => {
    const tamper = new Tamper(project.home, record);
    try {
      change(tamper);
      const report = await auditRun(project.door, project.door.runs.read(record.runId), {
        documents,
        rebuild,
        hashes,
      });
      assert.equal(report.status, "fails");
      assert.match(reasonsOf(report), reason);
    } finally {
      tamper.undo();
    }
  });
}

for (const [what, change] of Object.entries({ ...OUTPUTS, ...DATABASES, ...JOURNAL })) declare(what, change);
for (const [what, [change, reason]] of Object.entries(FORGED)) {
  const rebuild = what === "the derivation of a stage";
  declare(`${what}, with a journal that agrees`, {
    change: (tamper) => tamper.forge((forged) => change(forged, tamper)),
    reason,
    rebuild,
  });
}

/** A verdict that no stage made, in the store under its right name, with a record, claims and a journal that agree. */
async function forgeOutput(tamper: Tamper): Promise<void> {
  const folder = join(project.folder, "forged");
  cpSync(tamper.path(tamper.stage("judge").outPath), folder, { recursive: true });
  const file = join(folder, "verdict.json");
  const text = readFileSync(file, "utf8");
  removeTree(folder);
  mkdirSync(folder);
  writeFileSync(file, text.replace('"There are values"', '"All is well"'));
  using store = openStore(project.home);
  const { path } = await store.addTree(folder, { name: "judge" });
  const info = store.info(path);
  assert.ok(info);
  tamper.buildRow("update Builds set outPath = ? where drvPath = ?", path, tamper.stage("judge").drvPath);
  tamper.forge((forged) => {
    const stage = forged.stages.find(({ name }) => name === "judge");
    assert.ok(stage);
    const narHash = `sha256:${Buffer.from(info.narHash).toString("hex")}`;
    Object.assign(stage, { outPath: path, narHash, narSize: info.narSize });
    forged.results["judge"] = path;
    forged.status = "cancelled"; // One that passed has a tree.
    delete forged.tree;
    delete forged.evidenceOfRun;
    const ofOutputs = finish(outputClaimSteps(forged, (each) => tamper.path(each)));
    forged.claims = claimsOfRun(forged, ofOutputs);
  });
}

/** The result tree as it is but for a change, in the store under its right name, with a record and a journal that agree. */
async function readd(tamper: Tamper, change: (evidence: string) => void): Promise<void> {
  const folder = join(project.folder, "readded");
  cpSync(tamper.path(record.tree ?? ""), folder, { recursive: true, verbatimSymlinks: true });
  chmodSync(folder, 0o755);
  for (const name of ["evidence", "evidence/logs"]) chmodSync(join(folder, name), 0o755);
  for (const name of ["report.html", "claims.json", "batch-record.json", "logs/measure.log"])
    chmodSync(join(folder, "evidence", name), 0o644);
  change(join(folder, "evidence"));
  using store = openStore(project.home);
  const { path } = await store.addTree(folder, { name: "forged" });
  removeTree(folder);
  tamper.forge((forged) => (forged.tree = path));
}

const REPLACED: Record<string, [(evidence: string) => void, RegExp]> = {
  "a false report": [
    (evidence) => edit(join(evidence, "report.html"), (text) => text.replace("passed", "PASSED")),
    /report\.html is not what is made again/,
  ],
  "a false batch record": [
    (evidence) => edit(join(evidence, "batch-record.json"), (text) => text.replace("passed", "PASSED")),
    /batch-record\.json is not what is made again/,
  ],
  "a false claim": [
    (evidence) => edit(join(evidence, "claims.json"), (text) => text.replace('"value":8', '"value":9')),
    /claims\.json is not what is made again/,
  ],
  "a false log": [
    (evidence) => edit(join(evidence, "logs/measure.log"), (text) => `${text}all is well\n`),
    /logs\/measure\.log is not the log/,
  ],
  "no log": [(evidence) => rmSync(join(evidence, "logs/measure.log")), /logs\/measure\.log is not the log/],
  "a certificate more": [
    (evidence) => writeFileSync(join(evidence, "certificate.html"), "certified"),
    /certificate\.html is not a document of this run/,
  ],
  "a log more": [
    (evidence) => writeFileSync(join(evidence, "logs/other.log"), "fine"),
    /logs\/other\.log is not a document/,
  ],
  "a link": [
    (evidence) => symlinkSync("report.html", join(evidence, "index.html")),
    /index\.html .* is not a document/,
  ],
  "an empty folder": [
    (evidence) => mkdirSync(join(evidence, "certificates")),
    /certificates\/ is not a document/,
  ],
  "a report that is a program": [
    (evidence) => chmodSync(join(evidence, "report.html"), 0o755),
    /report\.html is a program/,
  ],
  "a log that is a program": [
    (evidence) => chmodSync(join(evidence, "logs/measure.log"), 0o755),
    /logs\/measure\.log is a program/,
  ],
  "no report": [(evidence) => rmSync(join(evidence, "report.html")), /report\.html is missing/],
};

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, "utf8");
  const after = change(before);
  assert.notEqual(after, before);
  writeFileSync(file, after);
}

for (const [what, [change, reason]] of Object.entries(REPLACED)) {
  test(`a result that was added again with ${what} fails, though all the rest agrees`, async () => {
    const tamper = new Tamper(project.home, record);
    try {
      await readd(tamper, change);
      const forged = project.door.runs.read(record.runId);
      const report = await auditRun(project.door, forged, { documents, rebuild: false, hashes });
      assert.equal(report.status, "fails");
      assert.match(reasonsOf(report), reason);
    } finally {
      tamper.undo();
    }
  });
}

/** A run with the id, and what follows from it, of another record. */
function renamed(of: RunRecord, runId: string): RunRecord {
  const { tree: _, evidenceOfRun: __, documentsBy: ___, tookMs: ____, ...rest } = structuredClone(of);
  return { ...rest, runId };
}

test("the record that the evidence of another run is made of is not believed", async () => {
  using forger = new Project(files);
  const { runId } = await forger.run();
  const home = forger.door;
  const honest = forger.record(runId);
  const source = renamed(honest, "20990101T000000000Z-aaaaaa");
  const claim = source.claims.find(({ id }) => id === "judge/greatest");
  assert.ok(claim);
  Object.assign(claim, { statement: "No value is above a tenth of the limit", value: 0.8 });
  using store = openStore(forger.home);
  const logs = readLogs(home, source);
  const results = new Map(Object.entries(source.results).map(([name, path]) => [name, parseStorePath(path)]));
  const made = await makeDocuments(home, source, logs);
  const tree = await addResultTree({ home, store, results, record: source, documents: made, logs });
  const gathered = { tree, evidenceOfRun: source.runId };
  home.runs.write({ ...source, ...gathered, tookMs: honest.tookMs ?? 0, documentsBy: documentWriter() });
  const taker = renamed(honest, "20990101T000000000Z-bbbbbb");
  home.runs.write({ ...taker, ...gathered });
  const report = await auditRun(home, home.runs.read(taker.runId), { documents, rebuild: false });
  assert.equal(report.status, "fails");
  assert.match(
    reasonsOf(report),
    /^its evidence is of the run 2\S+-aaaaaa, whose record fails: its statement is /,
  );

  const other = { ...source, claims: honest.claims, ...gathered, evidenceOfRun: taker.runId };
  home.runs.write({ ...other, runId: "20990101T000000000Z-cccccc" });
  const chained = await auditRun(home, home.runs.read("20990101T000000000Z-cccccc"), {
    documents,
    rebuild: false,
  });
  assert.match(reasonsOf(chained), /it is of the run 2\S+-bbbbbb, which did not gather it/);
});

test(
  "a run that found everything made is audited with the run that gathered its result",
  { skip: sweep() },
  async () => {
    using twice = new Project(files);
    const first = await twice.run();
    const { runId } = await twice.run({ paranoid: true });
    assert.equal(twice.record(runId).evidenceOfRun, first.runId);
    const report = await auditRun(twice.door, twice.door.runs.read(runId), { documents });
    assert.equal(report.status, "holds", reasonsOf(report));
    assert.equal(report.integrity.find(({ id }) => id === "evidence/source")?.status, "holds");
    assert.equal(report.rebuilds.length, 3);
  },
);

test("a record that was spoiled for good does not hold up the runs after it: they gather evidence of their own", async () => {
  using spoiled = new Project(files);
  const first = await spoiled.run();
  const file = `runs/${first.runId}.json`;
  const digest = `sha256:${"0".repeat(64)}`;
  spoiled.door.journal.append({ kind: "run", subject: first.runId, file, digest });
  const { runId } = await spoiled.run({ paranoid: true });
  assert.equal(spoiled.record(runId).evidenceOfRun, runId);
  const report = await auditRun(spoiled.door, spoiled.door.runs.read(runId), { documents });
  assert.equal(report.status, "holds", reasonsOf(report));
});

/** What a terminal acts on, or what turns a line around; colours are not written to a pipe. */
const UNSHOWN = /[\p{Bidi_Control}\u2028\u2029]|(?!\n)\p{Cc}/u;
const HOSTILE = "\u001b[2J\u009b1m\u202ebad\u2066<script>\u0007";

test("nothing that a record says moves the cursor or turns a line around, whatever shows it", async () => {
  using hostile = new Project(files);
  const { runId } = await hostile.run();
  const forged = renamed(hostile.record(runId), "20990101T000000000Z-aaaaaa");
  forged.pipeline += HOSTILE;
  forged.params = { [`scale${HOSTILE}`]: `2${HOSTILE}` };
  for (const stage of forged.stages) {
    stage.name += HOSTILE;
    stage.place += HOSTILE;
    stage.inputs = stage.inputs.map((input) => `${input}${HOSTILE}`);
  }
  for (const claim of forged.claims)
    Object.assign(claim, {
      id: claim.id + HOSTILE,
      statement: HOSTILE,
      unit: HOSTILE,
      status: `failed${HOSTILE}`,
    });
  forged.sandbox.kind += HOSTILE;
  forged.host.kernel += HOSTILE;
  hostile.door.runs.write(forged);
  const { runId: id } = forged;
  const shows = [
    ["show", id],
    ["show", "--json", id],
    ["runs"],
    ["trace", id],
    ["trace", "--verbose", id],
    ["diff", runId, id],
    ["diff", "--json", runId, id],
    ["verify", id],
    ["deviation", "list", id],
    ["audit", id],
    ["release", id],
  ];
  for (const words of shows) {
    const { stdout, stderr, code } = await runHere(words, {
      cwd: hostile.root,
      env: { PIPELITE_HOME: hostile.home },
    });
    assert.doesNotMatch(stdout + stderr, UNSHOWN, words.join(" "));
    assert.notEqual(code, 70, stderr);
  }
});

test("documents of another writer are unavailable, neither held nor called false", async () => {
  const other = { ...documents, writer: "0.0.9+000000000000" };
  const report = await auditRun(project.door, run(), { documents: other, rebuild: false, hashes });
  const found = report.integrity.find(({ id }) => id === "evidence");
  assert.equal(found?.status, "unavailable");
  assert.match(found?.reason ?? "", /only that writes them again; this is 0\.0\.9\+0/);
  assert.equal(report.status, "unavailable");
});

test("what is changed while it is audited fails, whatever it is when the audit ends", async () => {
  const file = join(project.home, record.results["judge"] ?? "", "verdict.json");
  const before = readFileSync(file);
  const make: typeof documents.make = (...rest) => {
    const made = documents.make(...rest);
    const { atime, mtime } = statSync(file);
    chmodSync(file, 0o644);
    writeFileSync(file, "{}");
    writeFileSync(file, before);
    chmodSync(file, 0o444);
    utimesSync(file, atime, mtime);
    return made;
  };
  const report = await auditRun(project.door, run(), { documents: { ...documents, make }, rebuild: false });
  assert.match(reasonsOf(report), /-judge was changed while it was audited/);
});

const isInMemory = statfsSync(tmpdir()).type === 0x01021994;

test(
  "what is changed through a mapping made before fails, too",
  { skip: isInMemory && "files in memory have no times of it" },
  async () => {
    const file = join(project.home, record.results["judge"] ?? "", "verdict.json");
    const { atime, mtime } = statSync(file);
    chmodSync(file, 0o644);
    const fd = openSync(file, "r+");
    chmodSync(file, 0o444);
    const { dlopen, getUint8, setUint8 } = process.getBuiltinModule("node:ffi");
    const { mmap } = dlopen("libc.so.6", {
      mmap: { arguments: ["pointer", "u64", "i32", "i32", "i32", "i64"], return: "pointer" },
    }).functions;
    const [READ_WRITE, SHARED] = [3, 1];
    const page = mmap(0n, 4096n, READ_WRITE, SHARED, fd, 0n);
    closeSync(fd);
    const first = getUint8(page, 0);
    // From here on a write leaves no trace until the page is written back.
    setUint8(page, 0, first);
    utimesSync(file, atime, mtime);
    const make: typeof documents.make = (...rest) => {
      setUint8(page, 0, 0);
      setUint8(page, 0, first);
      return documents.make(...rest);
    };
    const report = await auditRun(project.door, run(), { documents: { ...documents, make }, rebuild: false });
    assert.match(reasonsOf(report), /-judge was changed while it was audited/);
  },
);

test("an output that is away while it is audited fails, though it comes back", async () => {
  const place = join(project.home, record.results["judge"] ?? "");
  const make: typeof documents.make = (...rest) => {
    const made = documents.make(...rest);
    renameSync(place, `${place}.away`);
    renameSync(`${place}.away`, place);
    return made;
  };
  const report = await auditRun(project.door, run(), { documents: { ...documents, make }, rebuild: false });
  assert.match(reasonsOf(report), /-judge was changed while it was audited/);
});

test("what no stage made is found by building again, though all the rest agrees", async () => {
  const tamper = new Tamper(project.home, record);
  try {
    await forgeOutput(tamper);
    const forged = project.door.runs.read(record.runId);
    assert.equal(reasonsOf(await auditRun(project.door, forged, { documents, rebuild: false, hashes })), "");
    const report = await auditRun(project.door, forged, { documents, hashes });
    assert.equal(report.status, "fails");
    assert.match(reasonsOf(report), /building judge again gives another .*-judge\/verdict\.json/);
    const claim = report.claims.find(({ id }) => id === "judge/nar-hash");
    assert.equal(claim?.status, "fails");
  } finally {
    tamper.undo();
  }
});

/** What is wrong with a check -> the check, and what the audit says of it. */
const LIES: Record<string, [check: object, reason: RegExp]> = {
  value: [
    { value: 7, formula: "max($1)", evidence: "numbers/n.json#/*" },
    /max\(\$1\) gives 8, the (claim|check) says 7/,
  ],
  verdict: [{ value: 8, limit: 1, accept: "value <= limit" }, /value <= limit is not true/],
  place: [{ value: 8, evidence: "looked at it" }, /its evidence 'looked at it' is no place in this run/],
  pointer: [{ value: 8, formula: "$1", evidence: "numbers/n.json#/9" }, /n\.json#\/9: there is no \/9/],
  formula: [{ value: 8, formula: "max of $1", evidence: "numbers/n.json#/*" }, /max of \$1 at column 5/],
  constant: [{ value: 8, formula: "2 * 4" }, /its formula reads no evidence/],
  "constant behind a name": [
    { value: 8, formula: "n = $1; n = 8; n", evidence: "numbers/n.json#/*" },
    /its formula reads no evidence/,
  ],
  own: [{ value: 8, formula: "$1" }, /reads only what the check itself states/],
  "own by its place": [
    { value: 8, formula: "at($1, 0)", evidence: "numbers/verdict.json#/checks/*/value" },
    /reads only what the check itself states/,
  ],
  "own in the record": [
    { value: 8, formula: "$1", evidence: "run.json#/claims/0/value" },
    /reads only what the check itself states/,
  ],
  "own limit": [
    { value: 8, limit: 8, formula: "$2 + 0 * $1", evidence: "numbers/verdict.json#/checks" },
    /reads only what the check itself states/,
  ],
  nothing: [{ value: null }, /it passed without a value/],
  anything: [{ value: 8, accept: "value == value" }, /'value == value' would accept any value/],
  within: [{ value: 8, accept: "value < 2 * 10 ^ 300" }, /would accept any value/],
  truth: [{ value: true, accept: "true" }, /'true' would accept any value/],
  "no status": [{ value: 8, status: "FAILED" }, /its status is 'FAILED', which is none/],
  unasked: [
    { value: 8, limit: 1, accept: "value <= limit", status: "recorded" },
    /nothing is asked of it, but it says what is accepted/,
  ],
  type: [{ value: 8, formula: "max($1) + $2", evidence: ["numbers/n.json#/*"] }, /at column 9|gives/],
  other: [
    { value: 8, formula: 'narHash(realise("/nix/store/x.drv"))' },
    /which is no derivation of this run/,
  ],
};

test("a stage that states what its own evidence does not give is found out: by the run, or by the audit", async () => {
  const checks = Object.entries(LIES).map(([id, [check]]) => ({
    id,
    statement: id,
    status: "passed",
    ...check,
  }));
  using lying = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const numbers = stage(() => import("./numbers.ts"));
export default pipeline({ numbers });
`,
    "numbers.ts": `export default () => ({
  "n.json": [1, 8],
  "verdict.json": { status: "passed", checks: ${JSON.stringify(checks)} },
});
`,
  });
  const { runId, status: ran, exitCode } = await lying.run();
  assert.deepEqual([ran, exitCode], ["failed", 1]);
  const { status, claims, rebuilds } = await auditRun(lying.door, lying.door.runs.read(runId), {
    documents,
    hashes,
  });
  assert.deepEqual([status, rebuilds.map((each) => each.status)], ["fails", ["holds"]]);
  for (const [id, [, reason]] of Object.entries(LIES)) {
    const claim = claims.find((each) => each.id === `numbers/${id}`);
    assert.notEqual(claim?.stated === "passed" && claim.status === "holds", true, id);
    assert.match(`${claim?.problem} ${claim?.reason}`, reason);
  }
  // That the run could not tell is what the audit must: those that only building again shows.
  const untold = claims.filter(
    ({ id, problem }) => LIES[id.replace("numbers/", "")] && problem === undefined,
  );
  assert.deepEqual(
    untold.map(({ id, status: found }) => [id, found]),
    [
      ["numbers/place", "fails"],
      ["numbers/no status", "fails"],
      ["numbers/unasked", "fails"],
      ["numbers/other", "fails"],
    ],
  );
  const others = claims.filter(({ id }) => LIES[id.replace("numbers/", "")] === undefined);
  assert.deepEqual(
    others.filter((each) => each.status !== "holds"),
    [],
  );
});

test("a check can't take the name of a hash of the output", async () => {
  const check = { id: "nar-hash", statement: "A hash", value: "sha256:0", status: "recorded" };
  using lying = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const numbers = stage(() => import("./numbers.ts"));
export default pipeline({ numbers });
`,
    "numbers.ts": `export default () => ({ "verdict.json": { status: "passed", checks: [${JSON.stringify(check)}] } });\n`,
  });
  const { runId } = await lying.run();
  const { claims, stages } = lying.record(runId);
  const valueOf = (id: string) => claims.find((claim) => claim.id === id)?.value;
  assert.deepEqual(
    [valueOf("numbers/nar-hash"), valueOf("numbers/nar-hash~2")],
    [stages[0]?.narHash, check.value],
  );
});

test("a verdict that can't be read, or that fails as a whole, fails the run, which is recorded and holds", async () => {
  const verdicts = {
    "not JSON": /it is not JSON/,
    null: /it is not an object/,
    '{"checks":{"a":1}}': /its checks are no list/,
    '{"checks":[null]}': /a check is not an object/,
    '{"checks":[{"value":1e999}]}': /a number is too large/,
    '{"status":"failed","checks":[{"id":"a","value":1,"status":"passed"}]}': /as a whole/,
  };
  using odd = new Project({
    "pipeline.ts": `
import { param, pipeline, stage } from "pipelite";
const judge = stage(() => import("./judge.ts"), { text: param.text({ default: "" }) });
export default pipeline({ judge });
`,
    "judge.ts": `export default ({ text }: { text: string }) => ({ "verdict.json": text });\n`,
  });
  for (const [text, statement] of Object.entries(verdicts)) {
    const { runId, status } = await odd.run({ params: { text } });
    assert.equal(status, "failed", text);
    const oddRecord = odd.record(runId);
    const claim = oddRecord.claims.find(({ id }) => id === "judge/verdict");
    assert.match(claim?.statement ?? "", statement);
    assert.equal(claim?.status, "failed");
    assert.equal(reasonsOf(await auditRun(odd.door, odd.door.runs.read(runId), { documents, hashes })), "");
  }
});

test("-0 is 0, and what 64 bits can't hold is not a number, in a verdict and in its evidence", async () => {
  const check = (id: string, rest: string) => `{"id":"${id}","statement":"s","status":"passed",${rest}}`;
  const verdict = `{"status":"passed","checks":[${[
    check("plain", '"value":-0'),
    check("limit", '"value":-0.0,"limit":-0,"accept":"value >= limit"'),
    check("deep", '"value":{"a":[1,{"b":-0}]}'),
    check("formula", '"value":0,"formula":"-1 * min($1)","evidence":"judge/m.json#/zeros"'),
    check("tiny", '"value":-1e-400'),
  ].join()}]}`;
  using zero = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
const judge = stage(() => import("./judge.ts"));
export default pipeline({ judge });
`,
    "judge.ts": `export default () => (${JSON.stringify({ "verdict.json": verdict, "m.json": '{"zeros":[0,-0]}' })});\n`,
  });
  const { runId, status } = await zero.run();
  assert.equal(status, "passed");
  const zeroRecord = zero.record(runId);
  const valueOf = (id: string) => zeroRecord.claims.find((claim) => claim.id === `judge/${id}`)?.value;
  assert.deepEqual(["plain", "limit", "formula", "tiny"].map(valueOf), [0, 0, 0, 0]);
  assert.equal(valueOf("deep"), '{"a":[1,{"b":0}]}');
  assert.equal(reasonsOf(await auditRun(zero.door, zero.door.runs.read(runId), { documents, hashes })), "");
});

test("a verdict that somebody wrote into a source is no check of the run", async () => {
  using typed = new Project({
    "pipeline.ts": `
import { pipeline, source } from "pipelite";

export default pipeline({ data: source("data") });
`,
    "data/verdict.json": '{"checks":[{"id":"purity","statement":"It is pure","value":99,"status":"passed"}]}',
  });
  const { runId } = await typed.run();
  const typedRecord = typed.record(runId);
  assert.deepEqual(
    typedRecord.claims.filter(({ kind }) => kind === "check").map(({ id }) => id),
    [],
  );
  assert.equal((await auditRun(typed.door, typed.door.runs.read(runId), { documents })).status, "holds");
});

test("the record of another run in the place of one is refused by name", () => {
  const other = readdirSync(join(project.home, "pipelite/runs")).find(
    (name) => !name.startsWith(record.runId),
  );
  assert.ok(other);
  const tamper = new Tamper(project.home, record);
  try {
    const foreign = readFileSync(join(project.home, "pipelite/runs", other), "latin1");
    tamper.edit(tamper.recordFile, () => foreign);
    assert.throws(
      () => project.record(record.runId),
      (error) =>
        isPipeliteError(error, "RUN_RECORD_INVALID") && /it is the record of run/.test(error.message),
    );
  } finally {
    tamper.undo();
  }
});

test("a record that is none any more ends the audit with 3 and by name, not by a fault", async () => {
  const env = { PIPELITE_HOME: project.home };
  for (const [from, to] of [
    ['"stages":', '"stagez":'],
    ['"outPath":"/nix/store/', '"outPath":"/nix/stare/'],
  ] as const) {
    const tamper = new Tamper(project.home, record);
    try {
      tamper.edit(tamper.recordFile, (text) => text.replace(from, to));
      const { code, stderr } = await pipelite(["audit", record.runId], { env });
      assert.equal(code, 3, from);
      assert.match(stderr, /Cannot read the run record .*: \/stage/);
    } finally {
      tamper.undo();
    }
  }
});

test("an output that was collected is unavailable, and so is what is claimed of it", async () => {
  const home = join(project.folder, "collected");
  const { runId } = await project.run({ home: openHome(home) });
  {
    using store = openStore(home);
    await store.gc();
  }
  const door = openHome(home);
  const report = await auditRun(door, door.runs.read(runId), { documents });
  assert.equal(report.status, "unavailable");
  const claim = report.claims.find(({ id }) => id === "judge/greatest");
  assert.deepEqual(
    [claim?.status, /is no longer in the store/.test(claim?.reason ?? "")],
    ["unavailable", true],
  );
});

test(
  "without the sandbox of the run nothing is built again: unavailable, with the reason, and 3",
  { skip: sweep() },
  async (t) => {
    using other = new Project(files);
    const { runId } = await other.run({ sandbox: "unshare" }).catch((error: unknown) => {
      if (isPipeliteError(error, "SANDBOX_UNAVAILABLE")) return { runId: undefined };
      throw error;
    });
    if (runId === undefined) return t.skip("not run: unshare makes no sandbox here");
    const programs = join(project.folder, "programs");
    mkdirSync(programs);
    writeFileSync(join(programs, "unshare"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const env = { PIPELITE_HOME: other.home, PATH: `${programs}:${process.env["PATH"]}` };
    // What a process knows of its sandboxes it has found out once.
    const { code, stdout } = await start(["audit", runId, "--json"], { env }).ended;
    const { status, rebuilds, claims } = JSON.parse(stdout) as AuditReport;
    assert.deepEqual([code, status], [3, "unavailable"]);
    assert.match(rebuilds[0]?.reason ?? "", /measure was not built again: Cannot use the sandbox/);
    assert.equal(claims.find(({ id }) => id === "judge/nar-hash")?.status, "unavailable");
    assert.equal(claims.find(({ id }) => id === "judge/greatest")?.status, "holds");
  },
);

test("an audit that is stopped leaves nothing behind", async () => {
  const stopped = new AbortController();
  stopped.abort();
  await assert.rejects(auditRun(project.door, run(), { documents, hashes, signal: stopped.signal, jobs: 8 }));
  const left = readdirSync(join(project.home, "pipelite/tmp")).filter((name) => name.startsWith("audit-"));
  assert.deepEqual(left, []);
});

test("a failed run has claims, too, and they hold", async () => {
  using failing = new Project({
    ...files,
    "report.ts": 'export default function report() { throw new Error("no"); }\n',
    "samples/values.txt": "1\n20\n",
  });
  const { runId, status } = await failing.run();
  assert.equal(status, "failed");
  const failed = failing.record(runId);
  const report = await auditRun(failing.door, failing.door.runs.read(runId), { documents });
  assert.equal(reasonsOf(report), "");
  assert.equal(report.status, "holds");
  const valueOf = (id: string) => failed.claims.find((claim) => claim.id === id)?.value;
  assert.deepEqual(
    ["judge/greatest", "run/passed", "run/stages-failed", "report/exit-code", "report/status"].map(valueOf),
    [40, false, 1, 1, "failed"],
  );
  assert.equal(claimOf(failed, "judge/greatest").status, "failed");
});

test("the example in docs/audit.md runs, and its audit holds", async () => {
  const document = readFileSync(join(import.meta.dirname, "../../docs/audit.md"), "utf8");
  const blocks = [...document.matchAll(/^```ts\n\/\/ (\S+)\n([^]*?)^```$/gm)];
  const written = Object.fromEntries(blocks.map(([, name = "", code = ""]) => [name, code]));
  assert.deepEqual(Object.keys(written), ["pipeline.ts", "rings.ts"]);
  using example = new Project(written);
  const { runId } = await example.run();
  const report = await auditRun(example.door, example.door.runs.read(runId), { documents, hashes });
  assert.equal(reasonsOf(report), "");
  const claim = report.claims.find(({ id }) => id === "rings/largest-deviation");
  assert.deepEqual([claim?.status, claim?.value, claim?.stated], ["holds", 0.03, "passed"]);
});

test("pipelite audit says what holds, keeps the report, and ends with 3 where something does not", async () => {
  const options = { env: { PIPELITE_HOME: project.home } };
  const audits = () => project.door.journal.about("audit", record.runId).length;
  const earlier = audits();
  const good = await pipelite(["audit", record.runId, "--json"], options);
  assert.equal(good.code, 0, good.stderr);
  const report = JSON.parse(good.stdout) as AuditReport;
  assert.equal(report.runId, record.runId);
  assert.equal(audits(), earlier + 1);
  const file = `audits/${record.runId}.json`;
  assert.deepEqual(parseAudit(project.door.readFile(file) ?? "", file), report);
  const tamper = new Tamper(project.home, record);
  try {
    tamper.edit(tamper.path(tamper.stage("measure").outPath, "tone.wav"), (text) => text.replace("W", "w"));
    const bad = await pipelite(["audit", record.runId.slice(0, -1)], options);
    assert.equal(bad.code, 3);
    assert.match(bad.stdout, /^fails: \d+ of \d+ claims of run/);
    assert.match(bad.stdout, /-measure: its bytes have NAR hash sha256:/);
  } finally {
    tamper.undo();
  }
  const kept = join(project.home, `pipelite/audits/${record.runId}.json`);
  assert.ok(existsSync(kept));
  appendFileSync(kept, "\n");
  const later = await auditRun(project.door, run(), { documents, rebuild: false, hashes });
  assert.match(reasonsOf(later), /audits\/.*\.json is sha256:/);
});
