// Bundles that somebody took away: the journal has a line for each that a home keeps, and its log an entry for each that was signed.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { openHome } from "#home/home.ts";
import { createRig, type Rig } from "../cli/rig.ts";

const rig: Rig = createRig();
after(() => rig[Symbol.dispose]());

const TRUST = ["--trust", "out/trust.json"];
let kept: string;
before(async () => {
  writeFileSync(
    join(rig.folder, "pipeline.ts"),
    `import { pipeline, stage } from "pipelite";
const one = stage(() => import("./one.ts"));
export default pipeline({ one, "two+1": stage(() => import("./two.ts"), { one }) });
`,
  );
  writeFileSync(join(rig.folder, "one.ts"), 'export default () => ({ "a.json": 1 });\n');
  writeFileSync(join(rig.folder, "two.ts"), 'export default ({ one }) => ({ "b.json": String(one) });\n');
  // What is made of files of this moment is not remembered, so the next run would be one of its own.
  assert.equal((await rig("run")).code, EXIT.ok);
  assert.equal((await rig("run", "--attest")).code, EXIT.ok);
  assert.equal((await rig("provenance", "--out", "out")).code, EXIT.ok);
  const { runId } = JSON.parse((await rig("show", "--json")).stdout) as { runId: string };
  kept = join(rig.home, "pipelite/attestations", runId);
});

async function verified(...words: string[]): Promise<{ code: number; rows: string }> {
  const { code, stdout, stderr } = await rig("verify", ...words);
  assert.equal(stderr, "");
  return { code, rows: stdout.replaceAll(/ {2,}/g, "  ") };
}

test("all attestations of a run are taken away: verify names each, with a trust file or without", async () => {
  assert.equal((await verified()).code, EXIT.ok);
  renameSync(kept, `${kept}.away`);
  for (const flags of [[], [...TRUST, "--bundles", "out"]]) {
    const { code, rows } = await verified("latest", ...flags);
    assert.equal(code, EXIT.verification);
    assert.match(
      rows,
      /fails {2}attestation one\.sigstore\.json {2}it is gone: the journal has it as sha256:/,
    );
    assert.match(rows, /fails {2}attestation two\+1\.sigstore\.json {2}it is gone/);
  }
  renameSync(`${kept}.away`, kept);
  assert.equal((await verified()).code, EXIT.ok);
});

test("one is another than the journal has", async () => {
  const file = join(kept, "one.sigstore.json");
  const text = readFileSync(file);
  writeFileSync(file, readFileSync(join(rig.folder, "out/one.sigstore.json")));
  const { code, rows } = await verified();
  assert.equal(code, EXIT.verification);
  assert.match(rows, /fails {2}attestation one\.sigstore\.json {2}it is another one/);
  writeFileSync(file, text);
});

test("attesting again in the place of what was taken away is a line of its own", async () => {
  rmSync(kept, { recursive: true });
  assert.equal((await rig("run", "--attest")).code, EXIT.ok);
  assert.equal(readdirSync(kept).length, 2);
  assert.equal((await verified()).code, EXIT.ok);
  const lines = readFileSync(join(rig.home, "pipelite/journal.ndjson"), "utf8");
  assert.equal(lines.match(/"kind":"attestation"/g)?.length, 4);
  await rig("run", "--attest");
  assert.equal(
    readFileSync(join(rig.home, "pipelite/journal.ndjson"), "utf8").match(/"attestation"/g)?.length,
    4,
  );
  assert.equal((await rig("log-audit")).code, EXIT.ok);
});

test("a line of the journal about a file elsewhere speaks for nothing", async () => {
  const home = openHome(rig.home);
  const subject = kept.slice(kept.lastIndexOf("/") + 1);
  const digest = `sha256:${"0".repeat(64)}`;
  for (const file of ["runs/none.json", "attestations/other/one.sigstore.json"])
    home.journal.append({ kind: "attestation", subject, file, digest });
  assert.equal((await verified()).code, EXIT.ok);
});

test("of a folder of bundles one is taken away: the log has it together with the others", async () => {
  assert.equal((await verified("./out", ...TRUST)).code, EXIT.ok);
  for (const name of ["one", "two+1"]) {
    const file = join(rig.folder, "out", `${name}.sigstore.json`);
    const text = readFileSync(file);
    rmSync(file);
    const { code, rows } = await verified("./out", ...TRUST);
    assert.equal(code, EXIT.verification);
    assert.match(
      rows,
      new RegExp(
        `fails  bundle of ${name.replace("+", "\\+")}  it is gone: entry \\d+ of the log was signed together with`,
      ),
    );
    writeFileSync(file, text);
  }
});

test("a run that was attested elsewhere alone: what the log has of it is untested", async () => {
  mkdirSync(join(rig.folder, "other"));
  writeFileSync(
    join(rig.folder, "other/pipeline.ts"),
    `import { pipeline, stage } from "pipelite";
export default pipeline({ alone: stage(() => import("../one.ts")) });
`,
  );
  assert.equal((await rig("run", "other", "--no-link")).code, EXIT.ok);
  const here = async (...words: string[]) => rig.with({ cwd: "other" }, ...words);
  assert.doesNotMatch((await here("verify")).stdout, /attestation/);
  assert.equal((await here("provenance", "--out", "out")).code, EXIT.ok);
  const { code, stdout } = await here("verify");
  assert.equal(code, EXIT.ok);
  assert.match(
    stdout,
    /untested +attestation of alone +entry \d+ of the log is of it, and this home keeps no such/,
  );
});
