// What an audit of a long log costs, in counts: each checkpoint is proved against the next, and no tile is read twice for it.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import { TransparencyLog } from "#home/log.ts";
import { auditLog } from "#supply/log-audit.ts";
import { sweep } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-log-"));
after(() => removeTree(folder));

test(
  "205 runs are audited between all their checkpoints, from tiles that are read once",
  { skip: sweep() },
  async (t) => {
    const RUNS = 205;
    const home = openHome(folder);
    for (let run = 0; run < RUNS; run += 1) {
      home.journal.append({
        kind: "run",
        subject: "a",
        file: "runs/a.json",
        digest: `sha256:${"0".repeat(64)}`,
      });
      await new TransparencyLog(home).publish();
    }
    const hashes = t.mock.method(TransparencyLog.prototype, "hashes");
    const audited = auditLog({ home: openHome(folder), kept: [], witnesses: [] });
    assert.equal(audited.status, "holds");
    assert.equal(audited.checkpoints, RUNS);
    const proved = audited.findings.find(({ what }) => what === "append-only")?.detail;
    assert.equal(proved, `${RUNS - 1} proofs: each checkpoint continues the one before`);
    assert.equal(hashes.mock.callCount(), 1);
  },
);
