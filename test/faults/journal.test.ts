// A disk that fails while a line of the journal is written: the line is there with its file, or neither is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { removeTree } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import { peer } from "../rig/peer.ts";
import { compileFaults } from "./work.ts";

const skip = peer("gcc");
const SUBJECT = "20260101T000000000Z-000001";
const FILE = `signatures/${SUBJECT}/1.sigstore.json`;
const TORN = '{"sequence":2,"at":"';

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "pipelite-journal-faults-"))));
after(() => removeTree(folder));

const HOME_MODULE = pathToFileURL(join(import.meta.dirname, "../../src/home/home.ts")).href;
const SEAL = `
  const { openHome } = await import(${JSON.stringify(HOME_MODULE)});
  const [folder] = process.argv.slice(2);
  openHome(folder).sealed.seal({ kind: "signature", subject: "${SUBJECT}", file: "${FILE}", content: "signed" });
`;

for (const kind of ["EIO", "ENOSPC", "after"])
  test(`a line and its file at each call that fails: ${kind}`, { skip }, () => {
    const library = compileFaults(folder);
    const script = join(folder, "seal.ts");
    writeFileSync(script, SEAL);
    let failed = 0;
    for (let at = 1; ; at += 1) {
      const home = join(folder, `${kind}-${at}`);
      mkdirSync(home);
      const { journal } = openHome(home);
      journal.append({
        kind: "run",
        subject: SUBJECT,
        file: `runs/${SUBJECT}.json`,
        digest: `sha256:${"0".repeat(64)}`,
      });
      appendFileSync(journal.file, TORN);
      const fault = { FAULT_HOME: home, FAULT_AT: String(at), FAULT_KIND: kind, LD_PRELOAD: library };
      const env = { ...process.env, ...fault };
      const { status, stderr } = spawnSync(process.execPath, [script, home], { env, encoding: "utf8" });
      const { sealed, journal: left } = openHome(home);
      const { isJournalled, problem } = sealed.read(FILE);
      assert.deepEqual(left.breaks, [], `call ${at}`);
      assert.equal(problem, isJournalled ? undefined : "the file is gone", `call ${at}`);
      if (status === 0) {
        assert.ok(isJournalled);
        assert.equal(left.entries.at(-1)?.torn, TORN);
        break;
      }
      assert.ok(stderr.includes(`path: '${home}/`), `call ${at} names no file: ${stderr}`);
      failed += 1;
      if (!isJournalled && kind !== "after")
        assert.ok(readFileSync(left.file, "utf8").endsWith(TORN), `call ${at}: what was torn is gone`);
      assert.equal(existsSync(`${join(home, "pipelite", FILE)}.pending`), false, `call ${at}`);
    }
    assert.ok(failed >= 5, `${failed} calls`);
  });
