// A disk that is full while something is written where the user said: what was there stays as it was, and nothing half is left.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { peer } from "../rig/peer.ts";

const PIPELITE = join(import.meta.dirname, "../../bin/pipelite");
const UNSHARE = process.geteuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
const folder = mkdtempSync(join(tmpdir(), "pipelite-no-room-"));
after(() => removeTree(folder));

/** Each step prints what it ended with, and what there is afterwards. */
const SCRIPT = `
set -eu
"$PIPELITE" init project; cd project; "$PIPELITE" run -q; cd ..
mkdir disk
room() { umount disk 2>/dev/null || true; mount -t tmpfs -o "size=$1,nr_inodes=100" none disk; }
step() { name=$1; shift; code=0; "$@" 2>"$name.err" || code=$?; echo "$name $code $(cd disk; find . -type f | sort | tr '\\n' ' ')"; }
exec >told
room 4k; cat /dev/zero > disk/fill 2>/dev/null || true
step key "$PIPELITE" key new disk/own.key
step packages "$PIPELITE" key new disk/team.key --packages 'Team <team@example.org>'
step paths "$PIPELITE" key new disk/cache.key --paths cache-1
room 12k; cp project/package.json disk/package.json; cat /dev/zero > disk/fill 2>/dev/null || true
step init "$PIPELITE" init disk
cmp disk/package.json project/package.json
report() { (cd project; exec "$PIPELITE" report --out ../disk); }
room 24k
step report report
room 4m; report
(cd disk; sha256sum *.*) > before; cat /dev/zero > disk/fill 2>/dev/null || true
step again report
rm disk/fill; (cd disk; sha256sum *.*) > after; cmp before after && echo as before
`;

test("what the user named is there whole, or as it was", { skip: peer("unshare", "sha256sum") }, () => {
  const env = { ...process.env, PIPELITE, PIPELITE_HOME: join(folder, "home") };
  const { status, stderr } = spawnSync("unshare", [...UNSHARE, "sh", "-c", SCRIPT], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const told = spawnSync("cat", [join(folder, "told")], { encoding: "utf8" }).stdout;
  const lines = told.split("\n").filter((line) => /^(key|packages|paths|init|report|again|as) /.test(line));
  assert.deepEqual(
    lines.map((line) => line.trim()),
    [
      "key 1 ./fill",
      "packages 1 ./fill",
      "paths 1 ./fill",
      "init 1 ./fill ./package.json",
      "report 1 ./SHA256SUMS",
      "again 1 ./SHA256SUMS ./annex11.json ./attestations.cdx.json ./batch-record.json ./deviations.json ./fill ./iso9001-2015.json ./master-record.json ./part11.json ./report.html",
      "as before",
    ],
  );
});
