// The journal: a chain that every change breaks, many writers at once, and what a killed writer leaves.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isPipeliteError } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { digestOf } from "#base/digest.ts";
import { openHome } from "#home/home.ts";
import { Journal, type JournalEntry, type NewEntry } from "#home/journal.ts";
import { setBackText } from "#home/set-backs.ts";

let folder: string;
let homes = 0;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-journal-"))));
after(() => removeTree(folder));

function newJournal(): Journal {
  homes += 1;
  return new Journal(join(folder, `home-${homes}`, "journal.ndjson"));
}

/** The same file, as another process reads it. */
function again({ file }: Journal): Journal {
  return new Journal(file);
}

function entry(subject: string): NewEntry {
  return { kind: "run", subject, file: `runs/${subject}.json`, digest: `sha256:${"0".repeat(64)}` };
}

function fill(count: number): Journal {
  const journal = newJournal();
  for (let index = 1; index <= count; index += 1) journal.append(entry(`run-${index}`));
  return journal;
}

function linesOf({ file }: Journal): string[] {
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

test("entries are numbered, and each has the digest of the line before", () => {
  const journal = fill(3);
  assert.deepEqual(newJournal().entries, []);
  const lines = linesOf(journal);
  const entries = again(journal).requireWhole();
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
    journal.about("run", "run-2").map(({ sequence }) => sequence),
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
  "a line is not JSON": (lines) => lines.with(1, "nothing"),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what}: JOURNAL_BROKEN with the line`, () => {
    const journal = fill(4);
    writeFileSync(journal.file, `${change(linesOf(journal)).join("\n")}\n`);
    assert.throws(
      () => again(journal).requireWhole(),
      (error) => isPipeliteError(error, "JOURNAL_BROKEN") && typeof error.details["line"] === "number",
    );
  });
}

test("a line that is not an entry is a break: what stands before it counts no more, what follows is a chain again", () => {
  const journal = fill(2);
  appendFileSync(journal.file, "nothing\n");
  assert.equal(journal.append(entry("run-3")).entry.sequence, 4);
  journal.append(entry("run-4"));
  for (const each of [journal, again(journal)]) {
    const [found, ...others] = each.breaks;
    assert.equal(found?.line, 3);
    assert.match(found.problem, /it is not an entry/);
    assert.deepEqual(others, []);
    assert.deepEqual(
      each.entries.map(({ subject }) => subject),
      ["run-3", "run-4"],
    );
    assert.throws(
      () => each.requireWhole(),
      (error) => isPipeliteError(error, "JOURNAL_BROKEN") && error.details["line"] === 3,
    );
  }
});

test("a clock that was set back is written down, and a time that runs backwards otherwise is a break", () => {
  const journal = newJournal();
  journal.append(entry("run-1"));
  const later = new Date(Date.now() + 3_600_000).toISOString();
  // As a clock that went an hour ahead would have written it.
  const forged = (line: string, change: Partial<JournalEntry>): string => {
    const { own: _, ...content } = { ...(JSON.parse(line) as JournalEntry), ...change };
    return JSON.stringify({ ...content, own: digestOf(JSON.stringify(content)) });
  };
  writeFileSync(journal.file, `${forged(linesOf(journal)[0] ?? "", { at: later })}\n`);
  const { setBackMs = 0 } = journal.append(entry("run-2")).entry;
  assert.ok(setBackMs > 3_500_000 && setBackMs <= 3_600_000, String(setBackMs));
  assert.equal(again(journal).requireWhole().length, 2);
  for (const each of [journal, again(journal)])
    assert.deepEqual(each.setBacks, [{ line: 2, byMs: setBackMs }]);
  assert.match(setBackText(journal.setBacks), /^; the clock was set back before line 2 by (59m|1h)/);
  assert.equal(setBackText([]), "");
  const [first = "", second = ""] = linesOf(journal);
  const { setBackMs: __, ...silent } = JSON.parse(second) as JournalEntry;
  const { own: ___, ...content } = silent;
  writeFileSync(
    journal.file,
    `${first}\n${JSON.stringify({ ...content, own: digestOf(JSON.stringify(content)) })}\n`,
  );
  assert.match(again(journal).breaks[0]?.problem ?? "", /its time is before that of the line before/);
});

test("a line whose members are of another type, or none that is known, is passed over and breaks nothing", () => {
  const line = linesOf(fill(1))[0] ?? "";
  const changes: [string, string][] = [
    ['"file":"runs/run-1.json"', '"file":7'],
    ['"file":"runs/run-1.json"', '"file":"../../etc/passwd"'],
    ['"kind":"run"', '"kind":"wish"'],
    ['"kind":"run"', '"kind":"run","more":1'],
  ];
  for (const [from, to] of changes) {
    const journal = newJournal();
    journal.append(entry("run-1"));
    const { own: _, ...content } = JSON.parse(line.replace(from, to)) as JournalEntry;
    writeFileSync(
      journal.file,
      `${JSON.stringify({ ...content, own: digestOf(JSON.stringify(content)) })}\n`,
    );
    journal.append(entry("run-2"));
    const { entries, breaks } = again(journal);
    assert.deepEqual([entries.map(({ subject }) => subject), breaks], [["run-2"], []], to);
  }
  const journal = fill(1);
  writeFileSync(journal.file, `${line.replace('"kind":"run"', '"kind":"audit","kind":"run"')}\n`);
  assert.equal(again(journal).breaks.length, 1);
});

test("what a killed writer left is carried by the next entry, wherever it was cut", () => {
  const whole = readFileSync(fill(3).file);
  const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
  for (let length = start; length < whole.length; length += 7) {
    const journal = fill(3);
    truncateSync(journal.file, length);
    const kept = linesOf(journal);
    const left = readFileSync(journal.file).subarray(start).toString();
    assert.equal(again(journal).requireWhole().length, 2);
    journal.append(entry("next"));
    const entries = again(journal).requireWhole();
    assert.deepEqual(linesOf(journal).slice(0, 2), kept);
    assert.deepEqual(
      entries.slice(2).map(({ sequence, subject, torn }) => [sequence, subject, torn ?? ""]),
      [[3, "next", left]],
    );
  }
});

test("an entry longer than what is read at once is still the one before", () => {
  const journal = newJournal();
  journal.append(entry("short"));
  journal.append(entry("long".repeat(20_000)));
  assert.equal(journal.append(entry("next")).entry.sequence, 3);
  assert.equal(again(journal).requireWhole().length, 3);
});

test("writers in several processes, some of them killed, lose nothing that one of them was told is kept", async () => {
  const journal = newJournal();
  const module = pathToFileURL(join(import.meta.dirname, "../../src/home/journal.ts")).href;
  const code = `
    const { Journal } = await import(${JSON.stringify(module)});
    const journal = new Journal(${JSON.stringify(journal.file)});
    for (let n = 1; n <= Number(process.argv[2]); n += 1) {
      const subject = process.argv[1] + "-" + n;
      journal.append({ kind: "run", subject, file: "runs/f", digest: "sha256:" + "0".repeat(64) });
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
  const isFull = () => existsSync(journal.file) && readFileSync(journal.file).length > 20_000;
  while (!isFull()) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { child } of doomed) child.kill("SIGKILL");
  const told = (await Promise.all([...steady, ...doomed].map(({ ended }) => ended))).flat();
  const subjects = again(journal)
    .requireWhole()
    .map(({ subject }) => subject);
  assert.equal(new Set(subjects).size, subjects.length);
  assert.deepEqual(
    told.filter((subject) => !subjects.includes(subject)),
    [],
  );
  assert.deepEqual(subjects.filter((subject) => /^[ab]/.test(subject)).length, 80);
});

test("another file that is put in its place while a writer waits for the lock gets the line", async () => {
  const journal = fill(1);
  const module = pathToFileURL(join(import.meta.dirname, "../../src/base/libc.ts")).href;
  const code = `
    import { copyFileSync, openSync, readdirSync, readlinkSync, renameSync } from "node:fs";
    const { tryFlock } = await import(${JSON.stringify(module)});
    const file = ${JSON.stringify(journal.file)};
    tryFlock(openSync(file, "r+"), "exclusive");
    console.log("locked");
    const isOpen = (fd) => {
      try {
        return readlinkSync("/proc/" + process.ppid + "/fd/" + fd) === file;
      } catch {
        return false;
      }
    };
    while (!readdirSync("/proc/" + process.ppid + "/fd").some(isOpen));
    copyFileSync(file, file + ".new");
    renameSync(file + ".new", file);`;
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", code]);
  await once(child.stdout, "data");
  journal.append(entry("second"));
  assert.deepEqual(
    again(journal)
      .requireWhole()
      .map(({ subject }) => subject),
    ["run-1", "second"],
  );
});

for (const [name, wanted] of [
  ["keys", "folder"],
  ["runs", "folder"],
  ["signatures", "folder"],
  ["roots", "folder"],
  ["seal.lock", "file"],
  ["builds.sqlite", "file"],
] as const) {
  test(`something else in the place of ${name} is refused by name: HOME_DAMAGED`, () => {
    const home = join(folder, `damaged-${name}`);
    const path = join(home, "pipelite", name);
    mkdirSync(dirname(path), { recursive: true });
    if (wanted === "folder") writeFileSync(path, "");
    else mkdirSync(path);
    assert.throws(
      () => openHome(home),
      (error) =>
        isPipeliteError(error, "HOME_DAMAGED") && error.exitCode === 3 && error.message.includes(path),
    );
  });
}
