// The report of a check and the line shown while it runs, at widths and sizes that no small export has.
import { visibleText } from "#base/escape.ts";
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { Report, TheoremReport } from "#lean/index.ts";
import { displayWidth } from "#view/format.ts";
import { createLeanProgress } from "#view/lean-progress.ts";
import { leanReportLines, type LeanViewOptions } from "#view/lean.ts";

const theorem = (name: string, statement: string, axioms: readonly string[] = []): TheoremReport => ({
  name,
  statement,
  axioms,
  universes: [],
  line: 1,
  status: "checked",
});

const report = (...theorems: readonly TheoremReport[]): Report => ({
  status: "accepted",
  lines: 10,
  counts: {
    axiom: 0,
    definition: 0,
    theorem: theorems.length,
    opaque: 0,
    quotient: 4,
    inductive: 0,
    constructor: 0,
    recursor: 0,
    excluded: 2,
  },
  theorems,
  axioms: [],
  accelerated: [],
  used: ["propext", "a\u202eb"].flatMap((axiom) => {
    const users = theorems.filter(({ axioms }) => axioms.includes(axiom)).length;
    return users === 0 ? [] : [{ axiom, theorems: users }];
  }),
  unaccelerated: [],
});

function show(shown: Report, options: Partial<LeanViewOptions> = {}): string[] {
  const all = { columns: undefined, quiet: false, verbose: false, axioms: true, allowAxioms: [], ...options };
  return leanReportLines(shown, all).map((line) => line.map(({ text }) => text).join(""));
}

const statement = Array.from({ length: 99 }, (_, i) => `word${i}`).join(" ");

test("on a narrow terminal no line is wider than it, and what goes on is indented", () => {
  const lines = show(report(theorem("a", statement, ["propext", "Quot.sound"])), {
    columns: 40,
    verbose: true,
  });
  assert.deepEqual(
    lines.filter((line) => displayWidth(line) > 40),
    [],
  );
  assert.equal(lines[1]?.startsWith("    word"), true);
  assert.equal(
    lines.some((line) => line.includes("word98")),
    true,
  );
  assert.equal(lines.includes("    [axioms: propext, Quot.sound]"), true);
});

test("a long statement is cut with a count of what is hidden; in a pipe it is whole, on one line", () => {
  const lines = show(report(theorem("a", statement), theorem("b", "True")), { columns: 40 });
  assert.match(lines[12] ?? "", /^ {4}\(\d+ more lines, with --verbose\)$/);
  assert.equal(lines[13], "checked   b : True");
  assert.equal(
    show(report(theorem("a", statement, ["propext"])))[0],
    `checked   a : ${statement}  [axioms: propext]`,
  );
});

test("axioms are counted over all theorems", () => {
  const many = Array.from({ length: 3000 }, (_, i) =>
    theorem(`t${i}`, "True", i % 3 === 0 ? ["propext"] : []),
  );
  const lines = show(report(...many));
  assert.equal(lines.length, 3000 + 4);
  assert.deepEqual(lines.slice(-4), [
    "",
    "accepted: 3000 theorems; they rest on propext (1000)",
    "declared: 3000 theorems, 4 constants of the quotient, 2 unsafe or partial, left out",
    "export: 10 lines",
  ]);
});

test("a name cannot move the cursor, hide a part of itself or break the line", () => {
  const name = "sorryAx\u001b[2K\rgood\u202e\u200b\n";
  const [line] = show(report(theorem(name, `"${name}"`)));
  const spelled = "sorryAx\\u{1b}[2K\\u{d}good\\u{202e}\\u{200b}\\u{a}";
  assert.equal(visibleText(name), spelled);
  assert.equal(line, `checked   ${spelled} : "${spelled}"`);
});

test("a check that was given up says that nothing is said", () => {
  const problem = {
    kind: "limit",
    reason: "resource-limit",
    message: "Cannot",
    line: 7,
    declaration: "x",
  } as const;
  const lines = show({ ...report(theorem("a", "True")), status: "unavailable", problem });
  assert.deepEqual(lines.slice(2, 6), [
    "gave up: resource-limit at line 7, in x",
    "    Cannot",
    "hint: nothing is said about this declaration or what follows it, neither good nor bad",
    "checked before that: 1 theorem; what follows was not looked at",
  ]);
});

test("the line of progress names what is being checked, fits the terminal, and is gone at the end", () => {
  let nowMs = 0;
  const written: string[] = [];
  const stream = Object.assign(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written.push(chunk.toString());
        done();
      },
    }),
    { columns: 60 },
  );
  const progress = createLeanProgress(stream, {
    isShown: true,
    color: false,
    totalBytes: 200,
    now: () => nowMs,
  });
  progress.start({ name: "early", declarations: 0 });
  assert.deepEqual(written, []);
  nowMs = 61_000;
  progress.read(50);
  progress.start({ name: "Nat.add_comm", declarations: 1234 });
  const erase = "\r\u001b[K";
  const line = "checking 1m01s, 1234 declarations, 25 %: Nat.add_comm";
  assert.deepEqual(written, [`${erase}${line}\r`]);
  progress.start({ name: "too soon", declarations: 1235 });
  assert.deepEqual(written, [`${erase}${line}\r`]);
  nowMs = 62_000;
  progress.start({ name: "A.very.long.name.that.does.not.fit", declarations: 1236 });
  assert.equal(displayWidth((written[1] ?? "").slice(erase.length).trimEnd()), 59);
  progress.close();
  assert.equal(written.at(-1), erase);
});

test("where progress is not wanted nothing is written", () => {
  let nowMs = 0;
  const stream = new Writable({ write: () => assert.fail("written") });
  const options = { isShown: false, color: false, totalBytes: undefined, now: () => nowMs };
  const progress = createLeanProgress(stream, options);
  nowMs = 10_000;
  progress.start({ name: "a", declarations: 1 });
  progress.close();
});
