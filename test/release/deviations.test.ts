import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { isPipeliteError, type ErrorCode } from "#base/errors.ts";
import type { Deviation } from "#release/deviation.ts";
import { moveDeviation, openDeviations, readDeviations } from "#release/deviations.ts";
import { Home, checkOf, person } from "./rig.ts";
import type { Person } from "./rig.ts";

function refuses(code: ErrorCode, action: () => unknown): Promise<void> {
  return assert.rejects(
    async () => action(),
    (error) => isPipeliteError(error, code),
  );
}

const FAILED = { status: "failed", claims: [checkOf("audio/pitch", "failed")] } as const;

async function openOne(home: Home) {
  const record = home.addRun({ ...FAILED, claims: [...FAILED.claims] });
  const [deviation] = await openDeviations(home.path, record);
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
  return moveDeviation({ home: home.path, id, to, disposition, reason: `to ${to}`, name, key });
}

const WAY = ["investigating", "dispositioned", "capa", "effectiveness-check", "closed"] as const;

test("a deviation goes its way by signed moves, each with its reason", async () => {
  using home = new Home();
  const { record, id } = await openOne(home);
  const anna = person("Anna");
  for (const to of WAY) await move(home, id, anna, to, to === "dispositioned" ? "use-as-is" : undefined);
  const [deviation] = readDeviations(home.path, record);
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
  const opened = await openDeviations(home.path, record);
  assert.deepEqual(
    opened.map(({ kind }) => kind),
    ["not-reproduced"],
  );
  home.addAudit(record);
  assert.deepEqual(readDeviations(home.path, record), opened);
});

test("opening twice writes once", async () => {
  using home = new Home();
  const { record } = await openOne(home);
  const before = home.files();
  await openDeviations(home.path, record);
  assert.deepEqual(home.files(), before);
});

test("an audit of another record, or one changed by hand, opens nothing", async () => {
  using home = new Home();
  const record = home.addRun();
  const failing = { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] } as const;
  home.addAudit(record);
  home.write(`audits/${record.runId}.json`, JSON.stringify(home.audit(record, failing)));
  assert.deepEqual(readDeviations(home.path, record), []);
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
      await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.path, record));
    }
    rmSync(home.file(file));
    await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.path, record));
    home.write(file, text);
  }
  assert.equal(readDeviations(home.path, record)[0]?.state, "capa");
});

test("moves can't be carried to another deviation, reordered or put there without the journal", async () => {
  using home = new Home();
  const [one, two] = [await openOne(home), await openOne(home)];
  const anna = person("Anna");
  await move(home, one.id, anna, "investigating");
  const text = home.read(`deviations/${one.id}/1.sigstore.json`);
  home.write(`deviations/${two.id}/1.sigstore.json`, text);
  await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.path, two.record));
  rmSync(home.file(`deviations/${two.id}/1.sigstore.json`));
  const { bundleFile } = (await move(home, two.id, anna, "investigating")).history[0] ?? { bundleFile: "" };
  home.write(bundleFile, text);
  await refuses("DEVIATION_HISTORY_BROKEN", () => readDeviations(home.path, two.record));
});

test("recurrence counts what earlier runs opened by audit, too", async () => {
  using home = new Home();
  const failing = { status: "fails", claims: [{ id: "audio/nar-hash", status: "fails" }] } as const;
  const runs = [home.addRun(), home.addRun(), home.addRun()];
  for (const run of runs) {
    home.addAudit(run, failing);
    await openDeviations(home.path, run);
  }
  assert.deepEqual(
    runs.map((run) => readDeviations(home.path, run)[0]?.recurrence),
    [0, 1, 2],
  );
});
