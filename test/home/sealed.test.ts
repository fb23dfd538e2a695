// Files that the journal has a line of, as a process leaves them that is killed: whoever reads them finds what the journal says.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "#base/digest.ts";
import { removeTree } from "#base/files.ts";
import { openHome, type Home } from "#home/home.ts";

const SUBJECT = "20260101T000000000Z-000001";
const AUDIT = { kind: "audit", subject: SUBJECT, file: `audits/${SUBJECT}.json` } as const;

function withHome(check: (home: Home) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-sealed-"));
  try {
    check(openHome(folder));
  } finally {
    removeTree(folder);
  }
}

/** What is left where the process is killed when the line is there, and before the file has its name. */
function killedAfterLine(home: Home, content: string): void {
  writeFileSync(`${home.pathOf(AUDIT.file)}.pending`, content);
  home.journal.append({ ...AUDIT, digest: digestOf(content) });
}

test("a file that replaces another is the one of the last line", () => {
  withHome((home) => {
    home.keep({ ...AUDIT, content: "one" });
    killedAfterLine(home, "two");
    assert.equal(home.sealed.read(AUDIT.file, digestOf("two")).text, "two");
    assert.equal(readFileSync(home.pathOf(AUDIT.file), "utf8"), "two");
    killedAfterLine(home, "three");
    assert.deepEqual(home.readFile(AUDIT.file), Buffer.from("three"));
    killedAfterLine(home, "four");
    home.keep({ ...AUDIT, content: "five" });
    assert.deepEqual(home.readFile(AUDIT.file), Buffer.from("five"));
  });
});

test("a file without its line takes no place", () => {
  withHome((home) => {
    home.keep({ ...AUDIT, content: "one" });
    writeFileSync(`${home.pathOf(AUDIT.file)}.pending`, "two");
    assert.deepEqual(home.readFile(AUDIT.file), Buffer.from("one"));
    assert.equal(home.sealed.read(AUDIT.file, digestOf("one")).problem, undefined);
    home.keep({ ...AUDIT, content: "three" });
    assert.deepEqual(home.readFile(AUDIT.file), Buffer.from("three"));
  });
});
