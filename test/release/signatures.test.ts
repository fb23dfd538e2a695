import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { openHome } from "#home/home.ts";
import { join } from "node:path";
import { test } from "node:test";
import type { JournalEntry } from "#home/journal.ts";
import { digestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { type ErrorCode } from "#cli/error-rows.ts";
import { looksLike, nameProblem } from "#release/names.ts";
import { SIGNATURE_TYPE } from "#release/predicates.ts";
import { readSignatures, signRun, subjectsOf } from "#release/signatures.ts";
import { verifyBundleFile, verifyRun } from "#release/verify.ts";
import { BUILT_IN } from "#release/policy.ts";
import { openStore } from "#store/store.ts";
import { signStatement, verifyBundle, parseBundle, writeBundle } from "#sigstore/index.ts";
import { builderKey } from "#supply/attest.ts";
import { Home, person, TREE } from "./rig.ts";
import type { Person } from "./rig.ts";

function refuses(code: ErrorCode, action: () => Promise<unknown>): Promise<void> {
  return assert.rejects(action, (error) => isPipeliteError(error, code));
}

function sign(
  home: Home,
  runId: string,
  { name, key }: Person,
  more: { meaning?: string; reason?: string } = {},
) {
  return signRun({ home: home.handle, runId, name, key, meaning: "review", reason: "seen", ...more });
}

/** What is wrong with the signatures of a run: `undefined` for each that holds. */
function problems(home: Home, runId: string): (string | undefined)[] {
  return readSignatures(home.handle, runId).map(({ problem }) => problem);
}

test("a signature says who, what it means, why and when, over the record and the result", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const anna = person("Anna Meier");
  const view = await sign(home, runId, anna, { meaning: "approval", reason: "limits met" });
  assert.deepEqual([view.signer, view.meaning, view.reason], ["Anna Meier", "approval", "limits met"]);
  assert.equal(view.isValid, true);
  assert.deepEqual(readSignatures(home.handle, runId), [view]);
  const bundle = parseBundle(home.read(view.bundleFile));
  const { subject, predicate } = verifyBundle(bundle, [anna.key.publicKey]);
  assert.deepEqual(
    subject.map(({ name }) => name),
    [`runs/${runId}.json`, TREE.slice("/nix/store/".length)],
  );
  assert.equal(`sha256:${subject[0]?.digest["sha256"]}`, view.recordDigest);
  assert.equal(predicate["displayedAs"], `Anna Meier, approval, ${view.signedAt}: limits met`);
});

test("before a run has ended, by this clock, nobody signs: refused, and nothing is written", async () => {
  using home = new Home();
  const later = (ms: number) => home.addRun({ finishedAt: new Date(Date.now() + ms).toISOString() }).runId;
  const anna = person("Anna");
  const runId = later(3_600_000);
  const before = home.read("journal.ndjson");
  await refuses("CLOCK_BEHIND", () => sign(home, runId, anna));
  assert.equal(home.read("journal.ndjson"), before);
  assert.deepEqual(readSignatures(home.handle, runId), []);
  assert.equal((await sign(home, later(30_000), anna)).isValid, true, "clocks differ by a little");
});

test("one key signs once with one meaning, whatever the name; under a name others took its owner signs all the same", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const anna = person("Anna");
  await sign(home, runId, anna);
  await refuses("SIGNED_ALREADY", () => sign(home, runId, anna));
  await refuses("SIGNED_ALREADY", () => sign(home, runId, { ...anna, name: "Another" }));
  await sign(home, runId, anna, { meaning: "approval" });
  await sign(home, runId, person("Anna"));
  assert.deepEqual(problems(home, runId), [undefined, undefined, undefined]);
});

test("what can't be signed is refused, and leaves no file and no line", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const other = home.addRun();
  const anna = person("Anna");
  home.write(
    `runs/${other.runId}.json`,
    home.read(`runs/${other.runId}.json`).replace('"passed"', '"failed"'),
  );
  const before = home.files();
  await refuses("MEANING_UNKNOWN", () => sign(home, runId, anna, { meaning: "blessing" }));
  await refuses("RUN_NOT_FOUND", () => sign(home, "20260101T000000099Z-abcdef", anna));
  await refuses("RUN_NOT_FOUND", () => sign(home, "../../etc/passwd", anna));
  await refuses("RECORD_CHANGED", () => sign(home, other.runId, anna));
  for (const name of ["", " Anna", "Anna\u200b", "Anna  Meier", "A\nB", "e\u0301"]) {
    await refuses("SIGNER_INVALID", () => sign(home, runId, { ...anna, name }));
  }
  rmSync(join(home.path, TREE), { recursive: true });
  await refuses("RESULT_MISSING", () => sign(home, runId, anna));
  assert.deepEqual(home.files(), before);
});

test("a result that is not what the run made can't be signed, and does not verify where nobody has signed", async () => {
  using home = new Home();
  const kept = join(home.path, "kept");
  renameSync(join(home.path, "nix"), kept);
  openStore(home.path).close();
  cpSync(kept, join(home.path, "nix"), { recursive: true });
  const { runId } = home.addRun();
  const report = join(home.path, TREE, "evidence/report.html");
  const found = () =>
    verifyRun(home.handle, runId, { policy: BUILT_IN }).checks.find(({ what }) => what === "result");
  assert.equal(found()?.status, "holds");
  writeFileSync(report, "<p>It passed");
  await refuses("RESULT_CHANGED", () => sign(home, runId, person("Anna")));
  assert.equal(found()?.status, "fails");
  assert.match(found()?.detail ?? "", /its name does not follow from its bytes/);
  rmSync(report);
  await sign(home, runId, person("Anna"));
});

test("a record that the journal does not have can't be signed", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const text = home.read(`runs/${runId}.json`).replaceAll(runId, "20260101T000000050Z-abcdef");
  home.write("runs/20260101T000000050Z-abcdef.json", text);
  await refuses("RECORD_CHANGED", () => sign(home, "20260101T000000050Z-abcdef", person("Anna")));
});

test("every change of a byte of record, result or bundle breaks the signature", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const { bundleFile } = await sign(home, runId, person("Anna"));
  const files = [
    home.file(`runs/${runId}.json`),
    home.file(bundleFile),
    join(home.path, TREE, "evidence/claims.json"),
  ];
  for (const file of files) {
    const bytes = readFileSync(file);
    const step = Math.ceil(bytes.length / 150);
    for (let at = 0; at < bytes.length; at += step) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file, changed);
      assert.equal(holds(home, runId), false, `byte ${at} of ${file}`);
    }
    writeFileSync(file, bytes);
    assert.equal(holds(home, runId), true);
  }
});

function holds(home: Home, runId: string): boolean {
  try {
    const { status, signatures } = verifyRun(home.handle, runId, { policy: BUILT_IN });
    return status === "holds" && signatures.every(({ isValid }) => isValid);
  } catch (error) {
    assert.ok(isPipeliteError(error), String(error));
    return false;
  }
}

test("a signature can't be carried to another run, nor a file be put beside the journal's back", async () => {
  using home = new Home();
  const [one, two] = [home.addRun(), home.addRun()];
  const anna = person("Anna");
  const { bundleFile } = await sign(home, one.runId, anna);
  home.write(`signatures/${two.runId}/1.sigstore.json`, home.read(bundleFile));
  const [carried] = readSignatures(home.handle, two.runId);
  assert.equal(carried?.isValid, false);
  assert.equal(carried.isJournalled, false);
  home.write(`signatures/${one.runId}/2.sigstore.json`, home.read(bundleFile));
  assert.deepEqual(problems(home, one.runId), [undefined, "the journal has no entry of it"]);
  await sign(home, two.runId, anna);
  assert.deepEqual(problems(home, two.runId), [undefined], "a planted file keeps no place");
});

test("a bundle of another run fails under a journal made to fit it: the record is what is signed", async () => {
  using home = new Home();
  const [one, two] = [home.addRun(), home.addRun()];
  const { bundleFile } = await sign(home, one.runId, person("Anna"));
  const text = home.read(bundleFile);
  const file = `signatures/${two.runId}/1.sigstore.json`;
  home.handle.sealed.seal({ kind: "signature", subject: two.runId, file, content: text });
  assert.deepEqual(problems(home, two.runId), ["it is for another run"]);
});

test("a copy of a signature under another number is the same signature", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const { bundleFile } = await sign(home, runId, person("Anna"));
  const file = `signatures/${runId}/2.sigstore.json`;
  home.handle.sealed.seal({ kind: "signature", subject: runId, file, content: home.read(bundleFile) });
  assert.deepEqual(problems(home, runId), [undefined]);
});

/** Signs as `sign` does and puts in what a signer with tools of his own would. */
function craft(
  home: Home,
  runId: string,
  change: (predicate: Record<string, unknown>) => void,
  about: (own: ReturnType<typeof subjectsOf>) => ReturnType<typeof subjectsOf> = (own) => own,
): string {
  const carl = person("Carl");
  const name = "Carl";
  const signedAt = new Date().toISOString();
  const run = home.handle.runs.read(runId);
  const predicate: Record<string, unknown> = {
    runId,
    signer: { name, keyId: carl.key.publicKey.keyId },
    meaning: "approval",
    reason: "",
    signedAt,
    recordDigest: run.digest,
    journalHead: home.handle.journal.head(),
  };
  change(predicate);
  const {
    signer,
    meaning,
    signedAt: at,
  } = predicate as { signer: { name: string }; meaning: string; signedAt: string };
  predicate["displayedAs"] ??= `${signer.name}, ${meaning}, ${at}`;
  home.handle.keyring.keep(carl.key.publicKey);
  const subject = about(subjectsOf(home.handle, run));
  const statement = { subject, predicateType: SIGNATURE_TYPE, predicate };
  const content = writeBundle(signStatement(statement, carl.key));
  home.handle.sealed.seal({
    kind: "signature",
    subject: runId,
    file: `signatures/${runId}/1.sigstore.json`,
    content,
  });
  return problems(home, runId)[0] ?? "valid";
}

const CRAFTED: Record<string, [RegExp, (predicate: Record<string, unknown>) => void]> = {
  "nothing odd": [/^valid$/, () => undefined],
  "a time before the run": [/before the run/, (p) => (p["signedAt"] = "2001-01-01T00:00:00.000Z")],
  "a time to come": [/later than its line/, (p) => (p["signedAt"] = "2999-01-01T00:00:00.000Z")],
  "no time": [/its time is none/, (p) => (p["signedAt"] = "yesterday")],
  "a time with an end of its own": [/its time is none/, (p) => (p["signedAt"] = "2026-11-01T00:00:00Z")],
  "a meaning that turns the line": [/which is none/, (p) => (p["meaning"] = "approval\u202e")],
  "a meaning of its own": [/which is none/, (p) => (p["meaning"] = "blessing")],
  "a reason with an escape": [/its reason/, (p) => (p["reason"] = "\u001b[2K")],
  "an empty journal": [
    /before the journal had/,
    (p) => (p["journalHead"] = { sequence: 0, digest: digestOf("") }),
  ],
  "a head before it": [
    /the journal before it/,
    (p) => (p["journalHead"] = { sequence: -1, digest: digestOf("") }),
  ],
  "a name with an escape": [
    /is not a name/,
    (p) => (p["signer"] = { ...(p["signer"] as object), name: "Anna Meier\u001b[2K" }),
  ],
  "another sentence": [/the sentence it shows/, (p) => (p["displayedAs"] = "Anna Meier, approval, 2030")],
};

test("what is signed together with something else is no signature on a run", () => {
  using home = new Home();
  const { runId } = home.addRun();
  const also = [{ name: "runs/another.json", digest: { sha256: "0".repeat(64) } }];
  assert.match(
    craft(
      home,
      runId,
      () => undefined,
      (own) => [...own, ...also],
    ),
    /it is for more than this run/,
  );
});

test("all digests of what is signed are compared", () => {
  for (const [index, name, problem] of [
    [0, "sha1", /the record is not the one/],
    [1, "narHash", /the result is not the one/],
  ] as const) {
    using home = new Home();
    const { runId } = home.addRun();
    const withOther = (own: ReturnType<typeof subjectsOf>) =>
      own.map((each, at) =>
        at === index ? { ...each, digest: { ...each.digest, [name]: "0".repeat(40) } } : each,
      );
    assert.match(
      craft(home, runId, () => undefined, withOther),
      problem,
    );
  }
});

for (const [what, [problem, change]] of Object.entries(CRAFTED)) {
  test(`what is signed is checked: ${what}`, () => {
    using home = new Home();
    const { runId } = home.addRun();
    assert.match(craft(home, runId, change), problem);
    const [shown] = readSignatures(home.handle, runId);
    assert.doesNotMatch(JSON.stringify(shown), /\\u001b|\u202e/);
  });
}

test("names that a reader takes for one name are one person, and odd ones are refused", async () => {
  for (const name of [
    "Anna Meier",
    "Łukasz Żak",
    "José O’Neill",
    "山田 太郎",
    "Анна Майер",
    "김 철수",
    "J. R. Smith-Doe",
  ])
    assert.equal(nameProblem(name), undefined, name);
  for (const name of [
    "Anna\u00a0Meier",
    "\u0410nna Meier",
    "Anna Me\u034fier",
    "Anna Me\u0301\u0301ier",
    "Ren\u00e9\u0301e Meier",
    "Anna Me\u0300\u0301\u0302\u0303ier",
    "Anna Meier\ufe0f",
    "Anna Meier\u3164",
    "Anna\u2003Meier",
    "Anna Meier\u115f",
    "Anna Meier\u{e0100}",
    "Anna Meie\uff52",
    "Anna\u202eMeier",
    "Anna <b>",
    "...",
    "ᏎᎢ",
    "A".repeat(201),
  ])
    assert.notEqual(nameProblem(name), undefined, JSON.stringify(name));
  for (const [a, b] of [
    ["Anna Meier", "anna meier"],
    ["Ian Lee", "lan Lee"],
    ["Сара", "Capa"],
    ["Arnie", "Amie"],
    ["Bo0l", "BoOI"],
    ["Anna Meier", "Anna Mei\u0307er"],
    ["Вера Рос", "BEPA POC"],
    ["Νικη", "NIKH"],
    ["Anna Groß", "ANNA GROSS"],
    ["محمد علي", "مح\u0640مد علي"],
  ] as const)
    assert.ok(looksLike(a, b), `${a} / ${b}`);
  assert.ok(!looksLike("Anna Meier", "Anna Maier"));
  using home = new Home();
  const { runId } = home.addRun();
  await sign(home, runId, person("Ian Lee"));
  assert.equal(looksLike("Ian Lee", "lan Lee"), true);
  await refuses("REASON_INVALID", () => sign(home, runId, person("Bert"), { reason: "seen\n" }));
});

test("whatever lies where signatures, keys and events are, and whatever number a line names, signing goes on", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const place = (name: string) => home.file(name);
  for (const folder of ["keys", "events"]) mkdirSync(place(folder), { recursive: true });
  mkdirSync(place(`signatures/${runId}/1.sigstore.json/full`), { recursive: true });
  mkdirSync(place(`signatures/${runId}/1.sigstore.json.unsealed/full`), { recursive: true });
  symlinkSync("/nowhere", place(`signatures/${runId}/2.sigstore.json`));
  const pipes = [
    `signatures/${runId}/7.sigstore.json`,
    "keys/odd.pub",
    "events/20260101T000000000Z-abcdef.ndjson",
  ];
  // Opened for reading, a pipe that nobody writes to would be waited for without end.
  for (const name of pipes) execFileSync("mkfifo", [place(name)]);
  const file = `signatures/${runId}/999999999.sigstore.json`;
  home.handle.journal.append({ kind: "signature", subject: runId, file, digest: digestOf("") });
  const [anna, bert] = [person("Anna"), person("Bert")];
  const views = [await sign(home, runId, anna), await sign(home, runId, bert)];
  assert.deepEqual(
    views.map(({ bundleFile, isValid }) => [bundleFile, isValid]),
    [1, 2].map((number) => [`signatures/${runId}/${number}.sigstore.json`, true]),
  );
  assert.deepEqual(problems(home, runId), [undefined, undefined, "the file is gone", "the file is gone"]);
  assert.equal(home.handle.runs.list().length, 2);
});

test("the latest run is the last that the journal has, not the one with the latest name", () => {
  using home = new Home();
  const first = home.addRun();
  const { runs, journal } = home.handle;
  const digest = digestOf(home.read(`runs/${first.runId}.json`));
  const named = { kind: "repeat", subject: "20990101T000000000Z-ffffff" } as const;
  journal.append({ ...named, file: `runs/${first.runId}.json`, digest });
  assert.equal(runs.find({ word: "latest" }).repetition?.runId, named.subject);
  const second = home.addRun();
  assert.equal(runs.find({ word: "latest" }).runId, second.runId);
});

test("a folder in the place of an audit is moved aside by the next one", () => {
  using home = new Home();
  const { runId } = home.addRun();
  const file = `audits/${runId}.json`;
  mkdirSync(home.file(`${file}/full`), { recursive: true });
  home.handle.keep({ kind: "audit", subject: runId, file, content: "{}" });
  assert.equal(home.read(file), "{}");
});

test("a record, a journal or an audit that is not a file is refused by name, and not waited for", async () => {
  using home = new Home();
  const record = home.addRun();
  home.addAudit(record);
  const file = `runs/${record.runId}.json`;
  for (const name of [file, `audits/${record.runId}.json`, "journal.ndjson"]) {
    rmSync(home.file(name));
    execFileSync("mkfifo", [home.file(name)]);
  }
  assert.throws(
    () => openHome(home.path).runs.read(record.runId),
    (error) => isPipeliteError(error, "RUN_RECORD_INVALID") && /it is not a file/.test(error.message),
  );
  assert.throws(
    () => openHome(home.path).journal.requireWhole(),
    (error) => isPipeliteError(error, "JOURNAL_BROKEN") && /it is not a file/.test(error.message),
  );
  assert.equal(home.handle.sealed.read(`audits/${record.runId}.json`).text, undefined);
});

test("a journal that was rewritten with a whole chain does not fit what was signed", async () => {
  using home = new Home();
  const [other, { runId }] = [home.addRun(), home.addRun()];
  await sign(home, runId, person("Anna"));
  const entries = home.handle.journal.requireWhole();
  const rewrite = (kept: readonly JournalEntry[]) => {
    rmSync(home.file("journal.ndjson"));
    for (const { kind, subject, file, digest } of kept)
      home.handle.journal.append({ kind, subject, file, digest });
  };
  rewrite(entries.filter(({ subject }) => subject !== other.runId));
  assert.match(problems(home, runId)[0] ?? "", /the journal before it is not the one/);
  rewrite(
    entries.map((entry) => (entry.subject === other.runId ? { ...entry, digest: "sha256:00" } : entry)),
  );
  assert.match(problems(home, runId)[0] ?? "", /the journal before it is not the one/);
});

test("a signature that is gone is missed, and one by an unknown key is shown as nobody's", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const { bundleFile } = await sign(home, runId, person("Anna"));
  rmSync(home.file("keys"), { recursive: true });
  const [unknown] = readSignatures(home.handle, runId);
  assert.deepEqual([unknown?.isValid, unknown?.signer], [false, ""]);
  rmSync(home.file(bundleFile));
  assert.deepEqual(problems(home, runId), ["the file is gone"]);
});

test("a statement of another type is not a signature, even by a good key", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const anna = person("Anna");
  const { bundleFile } = await sign(home, runId, anna);
  const statement = verifyBundle(parseBundle(home.read(bundleFile)), [anna.key.publicKey]);
  const other = { ...statement, predicateType: "https://pipelite.dev/release/v1" };
  home.write(`signatures/${runId}/2.sigstore.json`, writeBundle(signStatement(other, anna.key)));
  assert.match(problems(home, runId)[1] ?? "", /it is not a signature on a run/);
  const thief = person("Bert");
  home.write(`signatures/${runId}/2.sigstore.json`, writeBundle(signStatement(statement, thief.key)));
  assert.equal(readSignatures(home.handle, runId)[1]?.isValid, false);
});

test("a run that had nothing to do stands for the one it repeats: that is what is signed", async () => {
  using home = new Home();
  const run = home.addRun();
  const repeat = home.addRepeat(run);
  await sign(home, repeat, person("Anna"));
  assert.deepEqual(problems(home, run.runId), [undefined]);
  assert.equal(holds(home, repeat), true);
  const { record } = { record: home.read(`runs/${run.runId}.json`) };
  home.write(`runs/${run.runId}.json`, record.replace('"durationMs": 1000', '"durationMs": 1001'));
  assert.equal(holds(home, repeat), false);
  await refuses("RECORD_CHANGED", () => sign(home, repeat, person("Bert")));
});

test("with keys given, others do not count; a bundle alone is verified by its key", async () => {
  using home = new Home();
  const { runId } = home.addRun();
  const [anna, bert] = [person("Anna"), person("Bert")];
  const { bundleFile } = await sign(home, runId, anna);
  const status = (...keys: Person[]) =>
    verifyRun(home.handle, runId, { policy: BUILT_IN, keys: keys.map(({ key }) => key.publicKey) }).status;
  assert.deepEqual([status(anna), status(anna, bert), status(bert)], ["holds", "holds", "fails"]);
  const text = home.read(bundleFile);
  assert.equal(verifyBundleFile(home.handle, text, [anna.key.publicKey]).status, "holds");
  assert.equal(verifyBundleFile(home.handle, text, [bert.key.publicKey]).status, "fails");
  using elsewhere = new Home();
  const alone = verifyBundleFile(elsewhere.handle, text, [anna.key.publicKey]);
  assert.deepEqual(
    [alone.status, ...alone.checks.map(({ status: each }) => each)],
    ["untested", "holds", "untested"],
  );
});

test("a statement of another type about the same subject is no statement about the run, and none that fails", async () => {
  using home = new Home();
  const run = home.addRun();
  const anna = person("Anna Meier");
  const { bundleFile } = await sign(home, run.runId, anna);
  const { subject, predicate } = verifyBundle(parseBundle(home.read(bundleFile)), [anna.key.publicKey]);
  const judged = (predicateType: string, of = subject) => {
    const text = writeBundle(signStatement({ subject: of, predicateType, predicate }, anna.key));
    const { status, checks } = verifyBundleFile(home.handle, text);
    return [status, ...checks.map(({ what, status: each }) => `${what} ${each}`)];
  };
  assert.deepEqual(judged("https://pipelite.dev/e-signature/v1"), [
    "holds",
    "signature holds",
    "subject holds",
  ]);
  const sums = [{ name: "SHA256SUMS", digest: { sha256: "0".repeat(64) } }];
  assert.deepEqual(judged("https://pipelite.dev/e-signature/v1", sums)[0], "fails");
  for (const [type, of] of [
    ["https://example.org/anything/v1", subject],
    ["https://pipelite.dev/journal-break/v1", subject],
    ["https://pipelite.dev/archive/v1", sums],
    ["https://pipelite.dev/rebuild/v1", sums],
  ] as const)
    assert.deepEqual(judged(type, of), ["untested", "signature holds", "subject untested"]);
  // What the home itself signs is by a key that it knows.
  const text = writeBundle(
    signStatement(
      { subject: sums, predicateType: "https://pipelite.dev/archive/v1", predicate },
      builderKey(home.handle),
    ),
  );
  assert.equal(verifyBundleFile(home.handle, text).checks[0]?.status, "holds");
});
