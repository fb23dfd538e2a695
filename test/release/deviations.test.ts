import assert from "node:assert/strict";
import { closeSync, openSync, rmSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { tryFlock } from "#base/libc.ts";
import type { Deviation } from "#release/deviation.ts";
import { moveDeviation, openAudited, openDeviations, readDeviations } from "#release/deviations.ts";
import { transitionStatement, type TransitionStatement } from "#release/transitions.ts";
import { signStatement, writeBundle } from "#sigstore/index.ts";
import { Home, checkOf, person } from "./rig.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { Person } from "./rig.ts";

function refuses(code: ErrorCode, action: () => unknown): Promise<void> {
  return assert.rejects(
    async () => action(),
    (error) => isPipeliteError(error, code),
  );
}

const FAILED = { status: "failed", claims: [checkOf("audio/pitch", "failed")] } as const;

async function openOne(home: Home, own: Partial<RunRecord> = {}) {
  const record = home.addRun({ ...FAILED, claims: [...FAILED.claims], ...own });
  const [deviation] = await openDeviations(home.handle, record);
  assert.ok(deviation);
  return { record, id: deviation.id };
}

function move(
  home: Home,
  id: string,
  { name, key }: Person,
  to: string,
  disposition?: string,
): Promise<Deviation> {
  return moveDeviation({ home: home.handle, id, to, disposition, reason: `to ${to}`, name, key });
}

const WAY = ["investigating", "dispositioned", "capa", "effectiveness-check", "closed"] as const;

test("before its run has ended, by this clock, a deviation is not moved", async () => {
  using home = new Home();
  const { id } = await openOne(home, { finishedAt: new Date(Date.now() + 3_600_000).toISOString() });
  const anna = person("Anna");
  await assert.rejects(move(home, id, anna, "investigating"), { code: "CLOCK_BEHIND", exitCode: 2 });
  assert.equal(home.handle.journal.entries.at(-1)?.file, `deviations/${id}/opened.json`);
});

test("a deviation goes its way by signed moves, each with its reason", async () => {
  using home = new Home();
  const { record, id } = await openOne(home);
  const anna = person("Anna");
  for (const to of WAY) await move(home, id, anna, to, to === "dispositioned" ? "use-as-is" : undefined);
  const [deviation] = readDeviations(home.handle, record);
  assert.equal(deviation?.state, "closed");
  assert.equal(deviation.disposition, "use-as-is");
  assert.deepEqual(
    deviation.history.map(({ number, from, to, reason, signer }) => [number, from, to, reason, signer]),
    WAY.map((to, index) => [index + 1, ["open", ...WAY][index], to, `to ${to}`, "Anna"]),
  );
});

test("a move that the states do not allow is refused, and leaves nothing", async () => {
  using home = new Home();
  const { id } = await openOne(home);
  const anna = person("Anna");
  const before = home.files();
  await refuses("DEVIATION_MOVE_REFUSED", () => move(home, id, anna, "closed"));
  await refuses("DISPOSITION_INVALID", () => move(home, id, anna, "investigating", "reject"));
  await refuses("DEVIATION_NOT_FOUND", () => move(home, "D-000000000000", anna, "investigating"));
  await refuses("DEVIATION_NOT_FOUND", () => move(home, "../runs", anna, "investigating"));
  await refuses("SIGNER_INVALID", () => move(home, id, { ...anna, name: "" }, "investigating"));
  assert.deepEqual(home.files(), before);
});

test("what was opened stays: an audit that holds later does not take back that one failed", async () => {
  using home = new Home();
  const record = home.addRun();
  home.addAudit(record, { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] });
  const opened = await openDeviations(home.handle, record);
  assert.deepEqual(
    opened.map(({ kind }) => kind),
    ["not-reproduced"],
  );
  home.addAudit(record);
  assert.deepEqual(readDeviations(home.handle, record), opened);
});

test("over a changed record or a broken journal nothing is opened", async () => {
  using home = new Home();
  const record = home.addRun();
  home.addAudit(record, { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] });
  for (const file of [`runs/${record.runId}.json`, "journal.ndjson"]) {
    const text = home.read(file);
    home.write(file, text.replace("abcdef", "abcdee"));
    const before = home.files();
    await openAudited(home.handle, record.runId);
    assert.deepEqual(home.files(), before);
    home.write(file, text);
  }
  await openAudited(home.handle, record.runId);
  assert.equal(home.files().size > 3, true);
  assert.match([...home.files().keys()].join(" "), /opened\.json/);
});

test("opening twice writes once", async () => {
  using home = new Home();
  const { record } = await openOne(home);
  const before = home.files();
  await openDeviations(home.handle, record);
  assert.deepEqual(home.files(), before);
});

test("an audit of another record, or one changed by hand, opens nothing", async () => {
  using home = new Home();
  const record = home.addRun();
  const failing = { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] } as const;
  home.addAudit(record);
  home.write(`audits/${record.runId}.json`, JSON.stringify(home.audit(record, failing)));
  assert.deepEqual(readDeviations(home.handle, record), []);
  home.addAudit(record, failing);
  assert.equal(readDeviations(home.handle, record).length, 1);
  const text = home.read(`runs/${record.runId}.json`);
  home.write(`runs/${record.runId}.json`, text.replace('"durationMs": 1000', '"durationMs": 1001'));
  assert.deepEqual(readDeviations(home.handle, record), []);
});

test("every change of a byte of a history breaks it, and so does taking a part of it away", async () => {
  using home = new Home();
  const { record, id } = await openOne(home);
  const anna = person("Anna");
  for (const to of WAY.slice(0, 3))
    await move(home, id, anna, to, to === "dispositioned" ? "reject" : undefined);
  for (const name of ["opened.json", "1.sigstore.json", "2.sigstore.json", "3.sigstore.json"]) {
    const file = `deviations/${id}/${name}`;
    const text = home.read(file);
    for (let at = 0; at < text.length; at += 41) {
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      home.write(file, bytes);
      await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.handle, record));
    }
    rmSync(home.file(file));
    await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.handle, record));
    home.write(file, text);
  }
  assert.equal(readDeviations(home.handle, record)[0]?.state, "capa");
});

test("moves can't be carried to another deviation, reordered or put there without the journal", async () => {
  using home = new Home();
  const [one, two] = [await openOne(home), await openOne(home)];
  const anna = person("Anna");
  await move(home, one.id, anna, "investigating");
  const text = home.read(`deviations/${one.id}/1.sigstore.json`);
  home.write(`deviations/${two.id}/1.sigstore.json`, text);
  assert.equal(readDeviations(home.handle, two.record)[0]?.state, "open");
  const { bundleFile } = (await move(home, two.id, anna, "investigating")).history[0] ?? { bundleFile: "" };
  home.write(bundleFile, text);
  await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.handle, two.record));
});

test("a move that a good key signed and the journal has still must fit run, deviation, chain and states", async () => {
  using home = new Home();
  const { record, id } = await openOne(home);
  const run = home.handle.runs.read(record.runId);
  const anna = person("Anna");
  await move(home, id, anna, "investigating");
  const opening = {
    file: `deviations/${id}/opened.json`,
    digest: digestOf(home.read(`deviations/${id}/opened.json`)),
  };
  const good: TransitionStatement = {
    run,
    deviation: id,
    opening,
    move: { from: "investigating", to: "dispositioned", disposition: "use-as-is", reason: "so" },
    number: 2,
    previous: digestOf(home.read(`deviations/${id}/1.sigstore.json`)),
    signer: { name: "Anna", keyId: anna.key.publicKey.keyId },
    signedAt: "2026-01-01T00:00:00.000Z",
    journalHead: home.handle.journal.head(),
  };
  const wrong: [RegExp | undefined, Partial<TransitionStatement>, string?][] = [
    [undefined, {}],
    [/it does not follow the move before it/, { previous: opening.digest }],
    [/it is of another deviation/, { deviation: "D-000000000000" }],
    [/it is over another opening/, { opening: { ...opening, digest: `sha256:${"0".repeat(64)}` } }],
    [/it is over another record/, { run: { ...run, digest: `sha256:${"0".repeat(64)}` } }],
    [/it is over another record/, { run: { ...run, runId: "20260101T000000099Z-abcdef" } }],
    [/it starts from another state/, { move: { ...good.move, from: "open" } }],
    [
      /Cannot move the deviation from investigating to closed/,
      { move: { from: "investigating", to: "closed", reason: "so" } },
    ],
    [/without a reason/, { move: { ...good.move, reason: " " } }],
    [
      /another key than it is signed with/,
      { signer: { name: "Anna", keyId: person("Bert").key.publicKey.keyId } },
    ],
    [
      /the journal before it is not the one/,
      { journalHead: { sequence: 1, digest: `sha256:${"0".repeat(64)}` } },
    ],
    [/the moves before it are gone/, {}, "3.sigstore.json"],
  ];
  for (const [problem, own, name = "2.sigstore.json"] of wrong) {
    using spoiled = home.copy();
    const content = writeBundle(signStatement(transitionStatement({ ...good, ...own }), anna.key));
    const file = `deviations/${id}/${name}`;
    spoiled.handle.sealed.seal({ kind: "transition", subject: record.runId, file, content });
    if (problem === undefined) {
      assert.equal(readDeviations(spoiled.handle, record)[0]?.state, "dispositioned");
    } else {
      assert.throws(
        () => readDeviations(spoiled.handle, record),
        (error) => isPipeliteError(error, "DEVIATION_HISTORY_BROKEN") && problem.test(error.message),
        String(problem),
      );
    }
  }
});

test("who signs, moves or releases waits for whoever does so at the time", async () => {
  using home = new Home();
  const { id } = await openOne(home);
  const fd = openSync(home.file("seal.lock"), "a");
  assert.ok(tryFlock(fd, "exclusive"));
  let isDone = false;
  const moving = move(home, id, person("Anna"), "investigating").then(() => (isDone = true));
  await sleep(100);
  assert.equal(isDone, false);
  closeSync(fd);
  assert.equal(await moving, true);
});

test("recurrence counts what earlier runs opened by audit, too", async () => {
  using home = new Home();
  const failing = { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] } as const;
  const runs = [home.addRun(), home.addRun(), home.addRun()];
  for (const run of runs) {
    home.addAudit(run, failing);
    await openDeviations(home.handle, run);
  }
  assert.deepEqual(
    runs.map((run) => readDeviations(home.handle, run)[0]?.recurrence),
    [0, 1, 2],
  );
});
