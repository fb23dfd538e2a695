// What is kept of a rebuild: statements that verify count, and nothing else does; nothing else is left.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PipeliteError } from "#base/errors.ts";
import { addRebuild, rebuild } from "#app/rebuild.ts";
import { reproductions } from "#app/reproductions.ts";
import { writePublicKey } from "#sigstore/key.ts";
import { writeBundle } from "#sigstore/bundle.ts";
import { signStatement, verifyBundle } from "#sigstore/sign.ts";
import { parseBundle } from "#sigstore/bundle.ts";
import { generateKey } from "#keys/key-file.ts";
import { checkDemands } from "#release/demands.ts";
import { parseStorePath, storePathBase } from "#nix/store-path.ts";
import { failedBy } from "#rebuild/again.ts";
import { lostRebuilds, reproductionOf } from "#rebuild/reproductions.ts";
import { REBUILD_TYPE, UNKNOWN_MACHINE } from "#rebuild/statement.ts";
import { documentsOf } from "#report/documents.ts";
import { gatherDocuments } from "#report/gather.ts";
import { openStore } from "#store/store.ts";
import { layoutOf } from "#store/layout.ts";
import { attest, builderKey, builderPublicKey } from "#supply/attest.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { checkJournal } from "#evidence/integrity.ts";

const FILES = {
  "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ good: stage(() => import("./good.ts")) });
`,
  "good.ts": 'export default () => ({ "a.txt": "a" });\n',
};

test("statements that verify are counted; a changed one counts for nothing", { skip: sweep() }, async () => {
  using project = new Project(FILES);
  const { runId } = await project.run();
  const { door: home } = project;
  const run = home.runs.read(runId);
  const pathsBefore = paths(project.home);
  const report = await rebuild({
    home,
    which: { word: runId, pipelineFile: undefined },
    stages: ["good"],
    variations: ["umask", "user"],
    times: 2,
    engines: "embedded",
    sandbox: undefined,
    env: process.env,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const [output] = report?.outputs ?? [];
  assert.equal(output?.status, "reproduced");
  assert.equal(output.attempts.length, 3);
  assert.deepEqual(paths(project.home), pathsBefore);
  assert.deepEqual(readdirSync(layoutOf(project.home).buildsDir), []);

  const [found] = reproductions(home, run.record);
  assert(found);
  const { same, builds, engines, machines, varied, status, keys } = found;
  assert.deepEqual(
    { same, builds, engines, machines, varied, status },
    {
      same: 3,
      builds: 3,
      engines: ["embedded"],
      machines: 1,
      varied: ["umask", "user"],
      status: "reproduced",
    },
  );
  const own = builderPublicKey(home);
  assert.deepEqual(keys, [own?.keyId]);
  assert(checkJournal(home, run).every((each) => each.status === "holds"));

  // The same said by another home counts as a second one; about another output it is not taken.
  const { file = "" } = output;
  const text = readFileSync(home.pathOf(file), "utf8");
  const statement = verifyBundle(parseBundle(text), own === undefined ? [] : [own]);
  const other = generateKey();
  const write = (name: string, content: string) => {
    writeFileSync(join(project.folder, name), content);
    return join(project.folder, name);
  };
  const key = write("other.pub", writePublicKey(other.publicKey));
  const which = { word: runId, pipelineFile: undefined };
  await addRebuild(home, which, write("good.json", writeBundle(signStatement(statement, other))), key);
  assert.equal(reproductions(home, run.record)[0]?.keys.length, 2);
  // Said twice in the same words it is said once.
  const countedBefore = reproductions(home, run.record)[0]?.same;
  await addRebuild(home, which, join(project.folder, "good.json"), key);
  assert.equal(reproductions(home, run.record)[0]?.same, countedBefore);
  const digest = { narHash: "0".repeat(64) };
  const foreign = { ...statement, subject: [{ name: "x", digest }] };
  const foreignFile = write("foreign.json", writeBundle(signStatement(foreign, other)));
  await assert.rejects(addRebuild(home, which, foreignFile, key), { code: "REBUILD_FOREIGN" });
  // Other stages may well have given the same bytes.
  const name = `${"0".repeat(32)}-good.drv`;
  const derivation = { name, digest: { sha256: "0".repeat(64) } };
  const elsewhere = { ...statement, predicate: { ...statement.predicate, derivation } };
  const elsewhereFile = write("elsewhere.json", writeBundle(signStatement(elsewhere, other)));
  await assert.rejects(addRebuild(home, which, elsewhereFile, key), { code: "REBUILD_FOREIGN" });
  const ownKey = write("own.pub", own === undefined ? "" : writePublicKey(own));
  await assert.rejects(addRebuild(home, which, join(project.folder, "good.json"), ownKey), {
    code: "REBUILD_FOREIGN",
  });

  writeFileSync(
    home.pathOf(file),
    text.replace(/"payload": ?"..../, (start) => `${start.slice(0, -4)}AAAA`),
  );
  assert.equal(reproductions(home, run.record)[0]?.keys.length, 1);
  assert(checkJournal(home, run).some((each) => each.status === "fails"));
  // What it said nobody knows now: whoever takes away a statement that told of other bytes gains nothing.
  assert.deepEqual(lostRebuilds(home, run.record), [file]);
  rmSync(home.pathOf(file));
  assert.deepEqual(lostRebuilds(home, run.record), [file]);
  assert.deepEqual(lostRebuilds(home, { stages: [] }), []);
});

test("statements of a key that was replaced count for nothing, and are named with it", async () => {
  using project = new Project(FILES);
  const { runId } = await project.run();
  const { door: home } = project;
  const { record } = home.runs.read(runId);
  const old = builderKey(home);
  const [stage] = record.stages;
  assert(stage?.drvPath !== undefined && stage.narHash !== undefined);
  const hash = stage.narHash.slice("sha256:".length);
  const statement = (other: string) => ({
    subject: [{ name: "good", digest: { sha256: hash, narHash: hash } }],
    predicateType: REBUILD_TYPE,
    predicate: {
      runId,
      stage: "good",
      derivation: { name: storePathBase(parseStorePath(stage.drvPath ?? "")), digest: { sha256: hash } },
      rebuiltOn: new Date().toISOString(),
      machine: { id: "m", system: "x64-linux", kernel: "6", cores: 1 },
      builds: [{ engine: "embedded", sandbox: "starter", varied: [], narHash: `sha256:${other}` }],
    },
  });
  const bundles = await attest(home, [statement(hash), statement("0".repeat(64))], old);
  for (const [index, bundle] of bundles.entries())
    home.sealed.seal({
      kind: "rebuild",
      subject: runId,
      file: `rebuilds/${runId}/${index + 1}.sigstore.json`,
      content: writeBundle(bundle),
    });
  assert.deepEqual(
    reproductions(home, record).map(({ statements, uncounted }) => [statements, uncounted]),
    [[2, undefined]],
  );
  rmSync(home.layout.builder, { recursive: true });
  const { keyId } = builderKey(home).publicKey;
  const [found] = reproductions(home, record);
  assert.equal(found?.statements, 0);
  const problem = `this home has the key ${keyId}, and the one that signed it is none that counts`;
  const of = { stage: "good", keyId: old.publicKey.keyId, problem };
  assert.deepEqual(found.uncounted, [
    { ...of, file: `rebuilds/${runId}/1.sigstore.json`, isDenial: false },
    { ...of, file: `rebuilds/${runId}/2.sigstore.json`, isDenial: true },
  ]);
  assert.match(
    found.text,
    /^untested; rebuilds\/.*1\.sigstore\.json, rebuilds\/.*2\.sigstore\.json \(other bytes\) count for nothing, signed by SHA256:/,
  );
  const html = new TextDecoder().decode(
    documentsOf(gatherDocuments(home, home.runs.read(runId))).get("report.html"),
  );
  assert.match(html, /Statements that count for nothing/);
});

test("a policy that asks for rebuilds is not met by fewer, by another engine, or by one that differs", () => {
  const found = {
    status: "reproduced",
    same: 2,
    builds: 2,
    engines: ["embedded"],
    machines: 1,
    keys: ["k"],
    varied: [],
    statements: 1,
  } as const;
  const met = (
    reproduced: object,
    reproduction: object | undefined,
    lost: string[] = [],
    uncountedRebuilds: object[] = [],
  ) => {
    const asked = { atLeast: 2, engines: [], homes: 1, keys: [], ...reproduced };
    const reproductionsOfRun = new Map(
      reproduction === undefined ? [] : [["good", { ...found, ...reproduction }]],
    );
    const facts = {
      policy: {
        signatures: [],
        signers: "any",
        sandboxes: [],
        deviations: { blocking: [], until: "closed" },
        audit: "fresh",
        reproduced: asked,
      },
      record: { status: "passed" },
      sandboxes: new Map(),
      deviations: [],
      signatures: [],
      reproductions: reproductionsOfRun,
      lostRebuilds: lost,
      uncountedRebuilds,
    };
    const demands = checkDemands(facts as never).filter(({ name }) => name.startsWith("reproduced"));
    assert.equal(demands.length, 1);
    return demands[0]?.isMet;
  };
  assert.equal(met({}, {}), true);
  assert.equal(met({ atLeast: 3 }, {}), false);
  assert.equal(met({ engines: ["nix"] }, {}), false);
  assert.equal(met({ homes: 2 }, {}), false);
  assert.equal(met({}, { status: "differs" }), false);
  assert.equal(met({}, { status: "untested", same: 0 }), false);
  assert.equal(met({}, undefined), false);
  assert.equal(met({}, {}, ["rebuilds/r/1.sigstore.json"]), false);
  const uncounted = { stage: "good", file: "rebuilds/r/1.sigstore.json", keyId: "k", problem: "another key" };
  assert.equal(met({}, {}, [], [{ ...uncounted, isDenial: false }]), true);
  assert.equal(met({}, {}, [], [{ ...uncounted, isDenial: true }]), false);
});

test("the same bytes made by another derivation say nothing of this one", () => {
  const narHash = `sha256:${"a".repeat(64)}`;
  const drv = (letter: string) => `${letter.repeat(32)}-good.drv`;
  const build = { engine: "nix", sandbox: "nix", varied: [], narHash } as const;
  const stated = { runId: "r", stage: "good", rebuiltOn: "", machine: "m", narHash, builds: [build] };
  const kept = [{ file: "f", keyId: "k", isOwn: true, stated: { ...stated, derivation: drv("a") } }];
  const countedFor = (letter: string) =>
    reproductionOf({ drvPath: parseStorePath(`/nix/store/${drv(letter)}`), narHash }, kept).same;
  assert.equal(countedFor("a"), 1);
  assert.equal(countedFor("b"), 0);
});

test("a machine that has no id may be any of those that have one", () => {
  const narHash = `sha256:${"a".repeat(64)}`;
  const derivation = `${"a".repeat(32)}-good.drv`;
  const build = { engine: "nix", sandbox: "nix", varied: [], narHash } as const;
  const countedOn = (...machines: string[]) => {
    const kept = machines.map((machine, index) => ({
      file: `${index}`,
      keyId: "k",
      isOwn: true,
      stated: { runId: "r", stage: "good", rebuiltOn: "", machine, narHash, builds: [build], derivation },
    }));
    return reproductionOf({ drvPath: parseStorePath(`/nix/store/${derivation}`), narHash }, kept).machines;
  };
  assert.equal(countedOn("a", "b", "a"), 2);
  assert.equal(countedOn("a", UNKNOWN_MACHINE), 1);
  assert.equal(countedOn(UNKNOWN_MACHINE), 1);
});

test("a full disk says nothing of a stage", () => {
  const full = new PipeliteError("STORE_NO_SPACE", { message: "full", exit: 1 }, {});
  assert.throws(() => failedBy(full), full);
  const refused = new PipeliteError("SANDBOX_SETUP_FAILED", { message: "no", exit: 4 }, {});
  assert.deepEqual(failedBy(refused), { status: "impossible", reason: "no" });
});

function paths(folder: string): string[] {
  using store = openStore(folder, { readOnly: true });
  return store.validPaths().toSorted();
}

test("what can't be rebuilt is refused with its reason", async () => {
  using project = new Project({
    ...FILES,
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ good: stage(() => import("./good.ts")), bad: stage(() => import("./bad.ts")) });
`,
    "bad.ts": "export default () => { throw new Error('bad'); };\n",
  });
  const { runId } = await project.run({ keepGoing: true });
  const asked = (stage: string, sandbox?: "none") =>
    rebuild({
      home: project.door,
      which: { word: runId, pipelineFile: undefined },
      stages: [stage],
      variations: [],
      times: 1,
      engines: "embedded",
      sandbox,
      env: process.env,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
  await assert.rejects(asked("nothing"), { code: "REBUILD_STAGE_UNKNOWN" });
  await assert.rejects(asked("bad"), { code: "REBUILD_NO_OUTPUT" });
  await assert.rejects(asked("good", "none"), { code: "REBUILD_NOT_POSSIBLE" });
});
