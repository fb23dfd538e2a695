// The journal: a chain that every change breaks, many writers at once, and what a killed writer leaves.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { sha256OfShort } from "#base/sha256.ts";
import { appendJournal, journalFile, journalled, readJournal } from "#evidence/journal.ts";
import type { NewEntry } from "#evidence/journal.ts";

let folder: string;
let homes = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-journal-"))));
after(() => removeTree(folder));

function newHome(): string {
  homes += 1;
  return join(folder, `home-${homes}`);
}

function entry(subject: string): NewEntry {
  return { kind: "run", subject, file: `runs/${subject}.json`, digest: `sha256:${"0".repeat(64)}` };
}

function fill(count: number): string {
  const home = newHome();
  for (let index = 1; index <= count; index += 1) appendJournal(home, entry(`run-${index}`));
  return home;
}

function linesOf(home: string): string[] {
  return readFileSync(journalFile(home), "utf8").split("\n").slice(0, -1);
}

test("SHA-256 of short texts equals node:crypto's, at every length of the padding", () => {
  for (let length = 0; length < 200; length += 1) {
    const text = "a".repeat(length);
    assert.equal(sha256OfShort(text), createHash("sha256").update(text).digest("hex"));
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => {
      assert.equal(sha256OfShort(text), createHash("sha256").update(text).digest("hex"));
    }),
  );
});

test("entries are numbered, and each has the digest of the line before", () => {
  const home = fill(3);
  assert.deepEqual(readJournal(newHome()), []);
  const lines = linesOf(home);
  const entries = readJournal(home);
  assert.deepEqual(
    entries.map(({ sequence, subject }) => [sequence, subject]),
    [
      [1, "run-1"],
      [2, "run-2"],
      [3, "run-3"],
    ],
  );
  const digest = createHash("sha256")
    .update(lines[1] ?? "")
    .digest("hex");
  assert.equal(entries[2]?.previous, `sha256:${digest}`);
  assert.equal(entries[0]?.previous, `sha256:${createHash("sha256").digest("hex")}`);
  assert.deepEqual(
    journalled(home, "run", "run-2").map(({ sequence }) => sequence),
    [2],
  );
});

const CHANGES: Record<string, (lines: string[]) => string[]> = {
  "a line is taken out": (lines) => lines.toSpliced(1, 1),
  "the first line is taken out": (lines) => lines.slice(1),
  "two lines are exchanged": ([a = "", b = "", ...rest]) => [b, a, ...rest],
  "a line is put in twice": (lines) => lines.toSpliced(1, 0, lines[1] ?? ""),
  "a digest is edited": (lines) => lines.with(1, (lines[1] ?? "").replace("sha256:0", "sha256:1")),
  "a time is edited": (lines) => lines.with(1, (lines[1] ?? "").replace('"at":"2', '"at":"3')),
  "the time of the last line is edited": (lines) =>
    lines.with(3, (lines[3] ?? "").replace('"at":"2', '"at":"3')),
  "a number is edited": (lines) => lines.with(3, (lines[3] ?? "").replace('"sequence":4', '"sequence":5')),
  "a line is no JSON": (lines) => lines.with(1, "nothing"),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what}: JOURNAL_BROKEN with the line`, () => {
    const home = fill(4);
    writeFileSync(journalFile(home), `${change(linesOf(home)).join("\n")}\n`);
    assert.throws(
      () => readJournal(home),
      (error) => isPipeliteError(error, "JOURNAL_BROKEN") && typeof error.details["line"] === "number",
    );
  });
}

test("nothing is appended to a last line that is no entry", () => {
  const home = fill(1);
  appendFileSync(journalFile(home), "nothing\n");
  assert.throws(
    () => appendJournal(home, entry("run-2")),
    (error) => isPipeliteError(error, "JOURNAL_BROKEN"),
  );
});

test("what a killed writer left is carried by the next entry, wherever it was cut", () => {
  const whole = readFileSync(journalFile(fill(3)));
  const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
  for (let length = start; length < whole.length; length += 7) {
    const home = fill(3);
    truncateSync(journalFile(home), length);
    const kept = linesOf(home);
    const left = readFileSync(journalFile(home)).subarray(start).toString();
    assert.equal(readJournal(home).length, 2);
    appendJournal(home, entry("next"));
    const entries = readJournal(home);
    assert.deepEqual(linesOf(home).slice(0, 2), kept);
    assert.deepEqual(
      entries.slice(2).map(({ sequence, subject, torn }) => [sequence, subject, torn ?? ""]),
      [[3, "next", left]],
    );
  }
});

test("an entry longer than what is read at once is still the one before", () => {
  const home = newHome();
  appendJournal(home, entry("short"));
  appendJournal(home, entry("long".repeat(20_000)));
  assert.equal(appendJournal(home, entry("next")).sequence, 3);
  assert.equal(readJournal(home).length, 3);
});

test("writers in several processes, some of them killed, lose nothing that one of them was told is kept", async () => {
  const home = newHome();
  const module = pathToFileURL(join(import.meta.dirname, "../../src/evidence/journal.ts")).href;
  const code = `
    const { appendJournal } = await import(${JSON.stringify(module)});
    for (let n = 1; n <= Number(process.argv[2]); n += 1) {
      const subject = process.argv[1] + "-" + n;
      appendJournal(${JSON.stringify(home)}, { kind: "run", subject, file: "f", digest: "d" });
      process.stdout.write(subject + "\\n");
    }`;
  const writer = (name: string, count: number) => {
    const child = spawn(process.execPath, [
      "--disable-warning=ExperimentalWarning",
      "--input-type=module",
      "-e",
      code,
      name,
      String(count),
    ]);
    let told = "";
    child.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
    const ended = new Promise<string[]>((resolve) =>
      child.on("close", () => resolve(told.split("\n").slice(0, -1))),
    );
    return { child, ended };
  };
  const steady = [writer("a", 40), writer("b", 40)];
  const doomed = [writer("c", 1e6), writer("d", 1e6)];
  const isFull = () => existsSync(journalFile(home)) && readFileSync(journalFile(home)).length > 20_000;
  while (!isFull()) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { child } of doomed) child.kill("SIGKILL");
  const told = (await Promise.all([...steady, ...doomed].map(({ ended }) => ended))).flat();
  const subjects = readJournal(home).map(({ subject }) => subject);
  assert.equal(new Set(subjects).size, subjects.length);
  assert.deepEqual(
    told.filter((subject) => !subjects.includes(subject)),
    [],
  );
  assert.deepEqual(subjects.filter((subject) => /^[ab]/.test(subject)).length, 80);
});
