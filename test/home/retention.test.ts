// Retention: what went by a rule is told from what somebody took away.
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { filesBelow, makeFolder } from "#base/files.ts";
import { parseRetained, retain, Retention } from "#home/retention.ts";
import { logsFolder } from "#store/layout.ts";
import { pipelite } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const DAY_MS = 86_400_000;
const LONG_AGO = Date.now() / 1000 - 365 * 86_400;

/** As if all builds had been a year ago. */
function age(project: Project): string[] {
  const folder = logsFolder(project.home);
  const files = filesBelow(folder).map((file) => join(folder, file));
  for (const file of files) utimesSync(file, LONG_AGO, LONG_AGO);
  return files;
}

describe("logs of a run", { skip: sweep() }, () => {
  let project: Project;
  let result: string;
  const run = (...words: string[]) =>
    pipelite(words, { cwd: project.root, env: { PIPELITE_HOME: project.home } });
  const log = async (status = "holds") => {
    const { code, stdout } = await run("audit", "--json");
    const { integrity } = JSON.parse(stdout) as {
      integrity: { id: string; status: string; reason?: string }[];
    };
    const finding = integrity.find(({ id }) => id === "log/a");
    assert.equal(finding?.status, status, finding?.reason ?? "");
    return { code, reason: finding?.reason ?? "" };
  };

  before(() => {
    project = new Project({
      "pipeline.ts": `import { pipeline, stage, param } from "pipelite";
const a = stage(() => import("./a.ts"), { n: param.integer({ name: "n", default: 1 }) });
export default pipeline({ a });\n`,
      "a.ts": `export default ({ n }: { n: number }) => { console.log("n is " + n); if (n < 0) throw new Error("no"); return { n: String(n) }; };\n`,
    });
    result = join(project.folder, "result");
  });
  after(() => project[Symbol.dispose]());

  let n = 1;
  /** A run of its own: its log is there, and old. */
  beforeEach(async () => {
    n += 1;
    const { code, stderr } = await run("run", "--param", `n=${n}`, "--out", result);
    assert.equal(code, 0, stderr);
    assert.ok(age(project).length > 0);
  });

  test("go by their age, and the audit holds by the copy in the result", async () => {
    const { code, stdout, stderr } = await run("store", "gc", "--logs-older-than", "30d");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^log [0-9a-z]{32}-a\.drv$/m);
    assert.deepEqual(age(project), []);
    await log();
    assert.match((await run("log", "a")).stdout, new RegExp(`n is ${n}`));
    assert.match(
      (await run("show")).stdout,
      /log of a: removed by retention on 20.* \(retention\/retention-\d+\.json\)/,
    );
    assert.equal((await run("journal", "show")).code, 0);
    assert.equal((await run("log-audit")).code, 0);
  });

  test("that somebody took away are found", async () => {
    for (const file of age(project)) rmSync(file);
    assert.match((await log("fails")).reason, /is gone, and the journal has no retention that removed it/);
  });

  test("that were changed before they went are found", async () => {
    for (const file of age(project)) writeFileSync(file, "other");
    age(project);
    assert.equal((await run("store", "gc", "--logs-older-than", "30d")).code, 0);
    assert.match((await log("fails")).reason, /no retention that removed it/);
  });

  test("count as taken away when the list of what went was changed", async () => {
    assert.equal((await run("store", "gc", "--logs-older-than", "30d")).code, 0);
    await log();
    const entry = project.door.journal.entries.findLast(({ kind }) => kind === "retention");
    const file = project.door.pathOf(entry?.file ?? "");
    const text = readFileSync(file, "utf8");
    chmodSync(file, 0o644);
    writeFileSync(file, text.replace('"removedAt": "20', '"removedAt": "19'));
    assert.match((await log("fails")).reason, /no retention that removed it/);
    writeFileSync(file, text);
    await log();
  });

  test("of a run without a result are said to be removed, by whom and when", async () => {
    assert.equal((await run("run", "--param", "n=-1")).code, 1);
    age(project);
    assert.equal((await run("store", "gc", "--logs-older-than", "30d")).code, 0);
    const { code, stderr } = await run("log", "a");
    assert.equal(code, 2);
    assert.match(stderr, /removed by retention on 20\d\d-.* \(retention\/retention-\d+\.json\)/);
    assert.match((await run("log", "a", "--json")).stdout, /"STAGE_LOG_REMOVED"/);
    const { reason } = await log("unavailable");
    assert.match(reason, /was removed by retention on 20/);
  });

  test("a rule that takes nothing leaves no line; a dry run takes nothing", async () => {
    const lines = project.door.journal.entries.length;
    assert.equal((await run("store", "gc", "--logs-older-than", "900d")).code, 0);
    const { stdout } = await run("store", "gc", "--dry-run", "--logs-older-than", "30d");
    assert.match(stdout, /^log /m);
    assert.ok(age(project).length > 0);
    assert.equal(project.door.journal.entries.length, lines);
  });
});

test("the oldest logs go until the rest is small enough, and none that is young", async () => {
  using project = new Project({});
  const folder = logsFolder(project.home);
  const write = (name: string, ageMs: number): string => {
    const file = join(folder, name.slice(0, 2), name.slice(2));
    const seconds = (Date.now() - ageMs) / 1000;
    makeFolder(dirname(file));
    writeFileSync(file, "x".repeat(100));
    utimesSync(file, seconds, seconds);
    return file;
  };
  const names = ["00a", "11b", "22c", "33d"];
  const files = names.map((name, index) => write(name, (4 - index) * DAY_MS));
  const young = write("44e", 1000);
  const { logs } = await retain(project.door, { logsMaxBytes: 250 });
  assert.deepEqual(
    logs.map(({ file, sizeBytes }) => [file, sizeBytes]),
    [
      ["00/a", 100],
      ["11/b", 100],
      ["22/c", 100],
    ],
  );
  assert.deepEqual(
    files.map((file) => existsSync(file)),
    [false, false, false, true],
  );
  await retain(project.door, { logsMaxBytes: 0 });
  assert.ok(existsSync(young), "it may still be written");
  assert.equal(statSync(young).size, 100);
});

test("notes go by their age, and runs make them again", async () => {
  using project = new Project({});
  const { door } = project;
  door.notes.remember("kind", "old", 1);
  for (const file of filesBelow(door.layout.notes))
    utimesSync(join(door.layout.notes, file), LONG_AGO, LONG_AGO);
  door.notes.remember("kind", "new", 2);
  const { notes } = await retain(door, { notesOlderThanMs: 30 * DAY_MS });
  assert.ok(notes.some(({ file }) => file.startsWith("memo/kind/")));
  assert.deepEqual([door.notes.recall("kind", "old"), door.notes.recall("kind", "new")], [undefined, 2]);
});

test("what is no list of what went removes nothing", () => {
  for (const text of ["", "{}", '{"form":1,"form":1}', '{"form":2,"removedAt":"x"}'])
    assert.equal(parseRetained(text), undefined, text);
  using project = new Project({});
  const path = `/nix/store/${"0".repeat(32)}-a.drv`;
  assert.equal(new Retention(project.door).log(path, `sha256:${"0".repeat(64)}`), undefined);
});
