// A disk that fails while a line of the journal is written: the line is there with its file, or neither is.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openHome } from "#home/home.ts";
import { peer } from "../rig/peer.ts";
import { FaultyScript, moduleText, type Ended } from "./each-call.ts";

const skip = peer("gcc");
const SUBJECT = "20260101T000000000Z-000001";
const FILE = `signatures/${SUBJECT}/1.sigstore.json`;
const TORN = '{"sequence":2,"at":"';

const SEAL = `
  const { openHome } = await import(${moduleText("home/home.ts")});
  const [folder] = process.argv.slice(2);
  openHome(folder).sealed.seal({ kind: "signature", subject: "${SUBJECT}", file: "${FILE}", content: "signed" });
`;

function prepare(home: string): void {
  const { journal } = openHome(home);
  const digest = `sha256:${"0".repeat(64)}`;
  journal.append({ kind: "run", subject: SUBJECT, file: `runs/${SUBJECT}.json`, digest });
  appendFileSync(journal.file, TORN);
}

for (const kind of ["EIO", "ENOSPC", "after"])
  test(`a line and its file at each call that fails: ${kind}`, { skip }, () => {
    using script = new FaultyScript(SEAL);
    let left = 0;
    const judge = (home: string, { status, stderr }: Ended, at: number): boolean => {
      const { sealed, journal } = openHome(home);
      const { isJournalled, problem } = sealed.read(FILE);
      assert.deepEqual(journal.breaks, [], `call ${at}`);
      assert.equal(problem, isJournalled ? undefined : "the file is gone", `call ${at}`);
      if (status === 0) {
        assert.ok(isJournalled);
        assert.equal(journal.entries.at(-1)?.torn, TORN);
        return true;
      }
      if (isJournalled) left += 1;
      assert.ok(stderr.includes(`path: '${home}/`), `call ${at} names no file: ${stderr}`);
      if (!isJournalled && kind !== "after")
        assert.ok(readFileSync(journal.file, "utf8").endsWith(TORN), `call ${at}: what was torn is gone`);
      assert.equal(existsSync(`${join(home, "pipelite", FILE)}.pending`), false, `call ${at}`);
      return false;
    };
    const failed = script.failEachCall(kind, judge, prepare);
    assert.ok(failed >= 5, `${failed} calls`);
    // Only what names the file may fail behind a line: one that was not known to be on the disk is taken back.
    if (kind !== "after") assert.equal(left, 1);
  });
