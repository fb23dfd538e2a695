// A journal with a line that does not belong there: nothing before it counts, nobody can mend it, and a person can let it stand.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync } from "node:fs";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { openHome } from "#home/home.ts";
import { acceptBreak, journalState } from "#release/journal-breaks.ts";
import { BUILT_IN } from "#release/policy.ts";
import { signRun } from "#release/signatures.ts";
import { verifyRun } from "#release/verify.ts";
import { Home, person, type Person } from "./rig.ts";

const anna = person("Anna Meier");

function accept(home: Home, { name, key }: Person = anna) {
  return acceptBreak({ home: home.handle, reason: "a script wrote here", name, key });
}

function sign(home: Home, runId: string) {
  const { name, key } = anna;
  return signRun({ home: home.handle, runId, name, key, meaning: "review", reason: "seen" });
}

function verifyJournal(home: Home, runId: string, keys?: Person[]) {
  const publicKeys = keys?.map(({ key }) => key.publicKey);
  const { checks } = verifyRun(openHome(home.path), runId, { keys: publicKeys, policy: BUILT_IN });
  return checks.find(({ what }) => what === "journal");
}

function refuses(code: string, action: () => Promise<unknown>): Promise<void> {
  return assert.rejects(action, (error) => isPipeliteError(error, code));
}

test("a junk line blocks signing until a person lets it stand; runs before it stay out, those after it can be signed", async () => {
  using home = new Home();
  const before = home.addRun();
  appendFileSync(home.file("journal.ndjson"), "junk\n");
  const after = home.addRun();
  await refuses("JOURNAL_BROKEN", () => sign(home, after.runId));
  const { breaks, accepted } = await accept(home);
  assert.deepEqual(
    breaks.map(({ line }) => line),
    [2],
  );
  assert.deepEqual([accepted?.signer, accepted?.reason], ["Anna Meier", "a script wrote here"]);
  assert.equal((await sign(home, after.runId)).isValid, true);
  await refuses("RECORD_CHANGED", () => sign(home, before.runId));
  assert.match(home.read("journal.ndjson"), /^junk$/m, "it stays");
  const found = verifyJournal(home, after.runId);
  assert.equal(found?.status, "holds");
  assert.match(found.detail, /after line 2, which is broken: accepted by Anna Meier/);
});

test("there is nothing to accept in a journal that is whole, and a second junk line asks for a second acceptance", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  await refuses("JOURNAL_WHOLE", () => accept(home));
  appendFileSync(home.file("journal.ndjson"), "junk\n");
  await accept(home);
  await refuses("JOURNAL_WHOLE", () => accept(home));
  appendFileSync(home.file("journal.ndjson"), "more junk\n");
  await refuses("JOURNAL_BROKEN", () => sign(home, runId));
  assert.equal((await accept(home)).breaks.length, 2);
});

test("a line that says by itself that a break was accepted lets nobody sign, and keeps nobody from accepting it", async () => {
  using home = new Home();
  mkdirSync(home.file("."));
  appendFileSync(home.file("journal.ndjson"), "junk\n");
  const { runId } = home.addRun();
  for (const [file, content] of [
    ["breaks/1.sigstore.json", "{}"],
    ["breaks/1.2.sigstore.json", "[]"],
  ] as const)
    home.handle.sealed.seal({ kind: "break", subject: "line-1", file, content });
  await refuses("JOURNAL_BROKEN", () => sign(home, runId));
  assert.equal(home.handle.journal.openBreaks.length, 1);
  assert.match(journalState(home.handle).accepted?.problem ?? "", /\S/);
  const { accepted } = await accept(home);
  assert.deepEqual(
    [accepted?.signer, accepted?.problem, accepted?.bundleFile],
    ["Anna Meier", undefined, "breaks/1.3.sigstore.json"],
  );
  assert.equal((await sign(home, runId)).isValid, true);
  assert.equal(verifyJournal(home, runId, [anna])?.status, "holds");
  // Signed by somebody else first: whose word counts is asked of all of them.
  using other = new Home();
  mkdirSync(other.file("."));
  appendFileSync(other.file("journal.ndjson"), "junk\n");
  const bert = person("Bert Kunz");
  await accept(other, bert);
  const run = other.addRun();
  await accept(other);
  assert.equal(verifyJournal(other, run.runId, [anna])?.status, "holds");
  assert.equal(verifyJournal(other, run.runId, [bert])?.status, "holds");
  assert.equal(verifyJournal(other, run.runId, [person("Carl")])?.status, "fails");
});

test("an acceptance counts for nothing in another journal, though the same junk stands at the same line", async () => {
  const homes = [new Home(), new Home()] as const;
  // Lines before it that are the same in both, made within a millisecond, would make it one journal.
  const runs = homes.map((home, at) => {
    const run = home.addRun({ runId: `20260101T00000001${at}Z-abcdef` });
    appendFileSync(home.file("journal.ndjson"), "junk\n");
    return run;
  });
  const [home, other] = homes;
  await accept(home);
  other.handle.keyring.keep(anna.key.publicKey);
  const content = home.read("breaks/2.sigstore.json");
  other.handle.sealed.seal({ kind: "break", subject: "line-2", file: "breaks/2.sigstore.json", content });
  assert.match(journalState(other.handle).accepted?.problem ?? "", /another journal/);
  assert.equal(verifyJournal(other, runs[1]?.runId ?? "", [anna])?.status, "fails");
  await refuses("JOURNAL_BROKEN", () => sign(other, runs[1]?.runId ?? ""));
  assert.equal((await accept(other)).accepted?.problem, undefined);
  for (const each of homes) each[Symbol.dispose]();
});

test("an acceptance that nobody signed, or somebody else, holds for no verification", async () => {
  using home = new Home();
  mkdirSync(home.file("."));
  appendFileSync(home.file("journal.ndjson"), "junk\n");
  const { runId } = home.addRun();
  home.handle.sealed.seal({
    kind: "break",
    subject: "line-1",
    file: "breaks/1.sigstore.json",
    content: "{}",
  });
  assert.equal(verifyJournal(home, runId)?.status, "fails");
  using other = new Home();
  mkdirSync(other.file("."));
  appendFileSync(other.file("journal.ndjson"), "junk\n");
  await accept(other);
  const run = other.addRun();
  assert.equal(verifyJournal(other, run.runId, [person("Bert")])?.status, "fails");
  assert.equal(verifyJournal(other, run.runId, [anna])?.status, "holds");
  // The line is not the one that was looked at.
  const bundle = other.read("breaks/1.sigstore.json");
  appendFileSync(home.file("journal.ndjson"), "other junk\n");
  home.handle.sealed.seal({
    kind: "break",
    subject: "line-4",
    file: "breaks/4.sigstore.json",
    content: bundle,
  });
  home.handle.keyring.keep(anna.key.publicKey);
  assert.equal(journalState(home.handle).accepted?.problem, "it is not about this line");
});
