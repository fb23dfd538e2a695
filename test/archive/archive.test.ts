// The archive of a real run: what it holds, that its bytes follow from the run, and that the home it makes stands by itself.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gatherMembers } from "#archive/gather.ts";
import { openArchive } from "#archive/open.ts";
import { ArchiveReader } from "#archive/read.ts";
import { writeArchive } from "#archive/write.ts";
import { archiveSources } from "#app/archive-sources.ts";
import { archiveRun } from "#app/archive.ts";
import { ownProgram, reasonIn } from "#app/own-program.ts";
import { verifyArchive } from "#app/verify-archive.ts";
import { verify, type VerifyRequest } from "#app/verify.ts";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { settled } from "#compile/file-stamps.ts";
import { OpenFile } from "#environment/open-file.ts";
import { openHome, type Home } from "#home/home.ts";
import { generateKey } from "#keys/key-file.ts";
import { writePublicKey, type SigningKey } from "#sigstore/index.ts";
import { TransparencyLog } from "#home/log.ts";
import { signRun } from "#release/signatures.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { openStore } from "#store/index.ts";
import { logFile } from "#store/layout.ts";
import { attestRun } from "#supply/attestations.ts";
import { builderKey } from "#supply/attest.ts";
import { personWith } from "#supply/person.ts";
import { auditLog } from "#supply/log-audit.ts";
import { Attested } from "../rig/attested.ts";
import { sweep } from "../rig/peer.ts";

describe("the archive of a run", { skip: sweep() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-archived-"));
  const attested = new Attested();
  const { project } = attested;
  const home = project.door;
  const { signal } = new AbortController();
  const file = join(folder, "run.tar");
  let opened: Home;

  before(async () => {
    // What is changed while it is read is not remembered as read.
    await settled(
      ["one.ts", "two.ts", "pipeline.ts", "readings.csv"].map((name) => join(project.root, name)),
    );
    await attested.start();
    const { runId } = attested;
    const key = generateKey();
    await signRun({ home, runId, meaning: "review", name: "Anna Meier", reason: "", key });
    await attestRun(home, runId);
    await save(file);
    await openArchive(file, join(folder, "home"), { signal });
    opened = openHome(join(folder, "home"));
  });
  after(() => {
    attested[Symbol.dispose]();
    removeTree(folder);
  });

  async function save(
    target: string,
    given: AbortSignal = signal,
    key: SigningKey = builderKey(home),
    of: Home = home,
  ): Promise<void> {
    using store = openStore(of.folder, { readOnly: true });
    const run = of.runs.read(attested.runId);
    const program = new Map([["dist/cli.cjs", Buffer.from("process.exit(0);\n")]]);
    const person = personWith(key);
    const members = await gatherMembers({
      home: of,
      store,
      run,
      program,
      sources: archiveSources(of, run),
      person,
    });
    await writeArchive(target, members, { run: run.runId, signal: given, onMember: () => undefined });
  }

  const request = (of: Home): Omit<VerifyRequest, "target"> => ({
    home: of,
    keyFiles: undefined,
    policyFile: undefined,
    trustFile: undefined,
    bundles: undefined,
    summary: undefined,
  });
  const run = () => ({ form: "run", which: { word: attested.runId } }) as const;

  test("has sources, log, bundles and the closure down to Node, and no private key", () => {
    const source = new OpenFile(file);
    try {
      const reader = new ArchiveReader(source, file);
      assert.deepEqual(reader.below("sources"), [
        "sources/one.ts",
        "sources/pipeline.ts",
        "sources/readings.csv",
        "sources/two.ts",
      ]);
      const names = [...reader.below("home"), ...reader.below("logs"), ...reader.below("store")].join("\n");
      for (const wanted of [
        /^home\/runs\/.*json$/m,
        /^home\/events\//m,
        /^home\/log\/checkpoints\/\d+$/m,
        /^home\/log\/tile\/entries\//m,
        /^home\/attestations\/.*\/two.sigstore.json$/m,
        /^home\/keys\/.*pub$/m,
        /^logs\/.*-one.drv$/m,
        /^store\/nar\/.*-readings.csv.nar$/m,
        /^store\/nar\/.*-node-[\d.]+-libraries.nar$/m,
        /^store\/realisations\//m,
      ])
        assert.match(names, wanted);
    } finally {
      source.close();
    }
    const bytes = readFileSync(file);
    for (const key of ["builder/builder.key", "log/log.key"]) {
      const pem = readFileSync(home.pathOf(key), "utf8").split("\n");
      assert.equal(bytes.includes(pem[1] ?? "no key"), false, key);
    }
  });

  test("the same run gives the same bytes, and one that is stopped leaves none", async () => {
    const again = join(folder, "again.tar");
    await save(again);
    const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
    assert.equal(digest(again), digest(file));
    const stopped = join(folder, "stopped.tar");
    await assert.rejects(save(stopped, AbortSignal.abort()));
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("stopped")),
      [],
    );
  });

  test("all that held in the home holds of the archive, and in a home out of it", async () => {
    const here = verify({ ...request(home), target: run() });
    assert.equal(here.status, "holds");
    const there = verify({ ...request(opened), target: run() });
    const rows = ({ checks }: typeof here) => checks.map(({ what, status }) => `${status} ${what}`);
    assert.deepEqual(rows(there), rows(here));
    const other = openHome(join(folder, "other"));
    const ofFile = await verifyArchive(file, request(other), signal);
    assert.ok(ofFile);
    assert.deepEqual(rows(ofFile), [
      "holds archive",
      "holds closure",
      "holds archive signature",
      ...rows(here),
    ]);
    assert.equal(ofFile.status, "holds");
    assert.equal(
      existsSync(join(folder, "other/nix/store")),
      false,
      "nothing is added to the home that verifies",
    );
    assert.deepEqual(readdirSync(join(folder, "other/nix/var/nix/builds")), []);
  });

  test("an archive is held to who may have signed it, and to no key that it brings itself", async () => {
    const trustFile = join(folder, "trust.json");
    const other = openHome(join(folder, "judge"));
    const judged = async (archive: string, trust: object) => {
      writeFileSync(trustFile, JSON.stringify(trust));
      const found = await verifyArchive(archive, { ...request(other), trustFile }, signal);
      assert.ok(found);
      const own = found.checks.filter(({ what }) => what.startsWith("archive signature"));
      return [found.status, ...own.map(({ status, what }) => `${status} ${what}`)];
    };
    const { builders } = attested.trust();
    const keyOf = (key: SigningKey, more: object = {}) => ({ key: writePublicKey(key.publicKey), ...more });
    const trust = { version: 1, keys: [keyOf(attested.key)], builders };
    const HOLDS = ["holds archive signature: signature", "holds archive signature: key"];
    assert.deepEqual(await judged(file, trust), ["holds", ...HOLDS]);
    const stranger = generateKey();
    const forged = join(folder, "forged.tar");
    await save(forged, signal, stranger);
    assert.equal((await verifyArchive(forged, request(other), signal))?.status, "holds", "by the key in it");
    assert.deepEqual(await judged(forged, trust), ["fails", "fails archive signature: signature"]);
    // A key that signs archives, and speaks for no builder.
    const both = { ...trust, keys: [...trust.keys, keyOf(stranger, { builders: [] })] };
    assert.deepEqual(await judged(forged, both), ["holds", ...HOLDS]);
    const revoked = { ...trust, keys: [keyOf(attested.key, { revoked: "2020-01-01T00:00:00.000Z" })] };
    assert.deepEqual((await judged(file, revoked)).slice(0, 3), [
      "fails",
      HOLDS[0],
      "fails archive signature: key",
    ]);
  });

  test("`latest` in a home out of an archive is the run that came with it, in any folder", async () => {
    const moved = openHome(join(folder, "moved"));
    await openArchive(file, moved.folder, { signal });
    const latest = (pipelineFile?: string) => moved.runs.find({ word: "latest", pipelineFile }).runId;
    assert.equal(latest(), attested.runId);
    assert.equal(latest("/elsewhere/pipeline.ts"), attested.runId);
    // The journal came whole: most of the runs that it has stayed where they were made.
    const repetition = {
      runId: "20990101T000000000Z-aaaaaa",
      startedAt: "2099-01-01T00:00:00.000Z",
      durationMs: 1,
    };
    moved.runs.repeat(repetition, {
      runId: "20250101T000000000Z-bbbbbb",
      digest: `sha256:${"0".repeat(64)}`,
    });
    assert.equal(latest(), attested.runId);
    assert.throws(() => home.runs.find({ word: "latest", pipelineFile: "/elsewhere/pipeline.ts" }), {
      code: "RUN_NONE",
    });
  });

  test("a bundle that is left out of an archive is missed", async () => {
    const lost = openHome(join(folder, "lost"));
    await openArchive(file, lost.folder, { signal });
    removeTree(lost.pathOf(`attestations/${attested.runId}/two.sigstore.json`));
    const { status, checks } = verify({ ...request(lost), target: run() });
    assert.equal(status, "fails");
    assert.match(
      checks.map(({ what, detail }) => `${what}: ${detail}`).join("\n"),
      /attestation two.sigstore.json: it is gone/,
    );
  });

  test("the log that came with it is held to its checkpoints, also when a new one goes on", async () => {
    const { verifier } = new TransparencyLog(home);
    assert.ok(verifier);
    const audit = (key = verifier) => auditLog({ home: opened, key, kept: [], witnesses: [] });
    const what = ({ findings }: ReturnType<typeof audit>) =>
      findings
        .filter(({ status }) => status !== "untested")
        .map(({ status, what: name }) => `${status} ${name}`);
    const FORMER = `holds former log ${verifier.name}`;
    assert.deepEqual(what(audit()), ["holds key", FORMER, "holds journal"]);
    const kept = { name: "kept", note: readFileSync(home.layout.checkpoint, "utf8") };
    assert.equal(auditLog({ home: opened, kept: [kept], witnesses: [] }).status, "holds");
    await new TransparencyLog(opened).publish();
    assert.deepEqual(what(audit()), ["holds key", FORMER, "holds tiles", "holds anchors", "holds journal"]);
    assert.equal(auditLog({ home: opened, key: verifier, kept: [kept], witnesses: [] }).status, "holds");
    const { verifier: own } = new TransparencyLog(opened);
    assert.ok(own && own.name !== verifier.name);
    assert.equal(audit(own).status, "holds");
    const journal = readFileSync(opened.layout.journal);
    writeFileSync(
      opened.layout.journal,
      journal.subarray(0, journal.lastIndexOf("\n", journal.length - 2) + 1),
    );
    assert.match(JSON.stringify(audit().findings), /former log.*its end is lost/);
    writeFileSync(opened.layout.journal, journal);
  });

  test("a home of somebody else gives no file of ours by what it names or links to", async (context) => {
    const theirs = openHome(join(folder, "theirs"));
    cpSync(home.folder, theirs.folder, { recursive: true, verbatimSymlinks: true });
    const secret = join(folder, "secret");
    mkdirSync(secret);
    writeFileSync(join(secret, "id"), "not for the archive: 7c1e");
    const { runId, record } = theirs.runs.read(attested.runId);
    const events = theirs.pathOf(`events/${runId}.ndjson`);
    const log = logFile(theirs.folder, parseStorePath(record.stages[0]?.drvPath ?? ""));
    for (const place of [events, log]) {
      rmSync(place);
      symlinkSync(join(secret, "id"), place);
    }
    mkdirSync(theirs.layout.audits, { recursive: true });
    symlinkSync(secret, theirs.pathOf("audits/more"));
    const digest = `sha256:${"0".repeat(64)}`;
    theirs.journal.append({ kind: "audit", subject: runId, file: "audits/more/id", digest });
    const out = join(folder, "theirs.tar");
    await save(out, signal, builderKey(theirs), theirs);
    assert.equal(readFileSync(out).includes("not for the archive: 7c1e"), false);
    context.mock.method(process as { geteuid: () => number }, "geteuid", () => 4242);
    assert.equal(
      archiveSources(theirs, theirs.runs.read(runId)),
      "left out, since the home is somebody else's",
    );
  });

  test("sources that were changed since are left out, and so are those that nobody knows any more", () => {
    const { runId, record, ...rest } = home.runs.read(attested.runId);
    assert.ok(typeof archiveSources(home, { ...rest, runId, record }) !== "string");
    assert.equal(
      archiveSources(home, { ...rest, runId: "other", record }),
      "left out, since nothing here knows any more which they were",
    );
    appendFileSync(join(project.root, "one.ts"), "// more\n");
    assert.equal(
      archiveSources(home, { ...rest, runId, record }),
      "left out, since one of them was changed after the run",
    );
  });

  test("Pipelite that can't be packed, and a run that does not verify, are said, and no file is there", async () => {
    const env = { ...process.env, NODE_OPTIONS: "--require=/nowhere/at-all.cjs" };
    assert.throws(
      () => ownProgram(join(folder, "packed"), env),
      (error) => isPipeliteError(error, "ARCHIVE_PROGRAM_MISSING") && error.exitCode === 4,
    );
    const broken = openHome(join(folder, "broken"));
    await openArchive(file, broken.folder, { signal });
    const { outPath = "" } = home.runs.read(attested.runId).record.stages[0] ?? {};
    removeTree(broken.physical(outPath));
    const out = join(folder, "broken.tar");
    const which = { word: attested.runId };
    await assert.rejects(
      archiveRun({
        home: broken,
        which,
        out,
        signer: { by: "key", key: undefined },
        env: process.env,
        signal,
        onMember: () => undefined,
      }),
      (error) => isPipeliteError(error, "ARCHIVE_RUN_UNSOUND") && error.exitCode === 3,
    );
    assert.equal(existsSync(out), false);
  });
});

test("why Pipelite could not be packed is what its program ended with", () => {
  const crashed =
    "node:fs:1\n    at x\n\nError: EFBIG: file too large, write\n    at y\n\nNode.js v26.10.0\n";
  assert.equal(reasonIn(crashed), "Error: EFBIG: file too large, write");
  assert.equal(reasonIn("first\nlast\n\nNode.js v26.10.0\n"), "last");
  assert.equal(reasonIn("Node.js v26.10.0\n"), "it does not say why");
});
