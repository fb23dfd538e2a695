// What a record may not do to who audits it: its word alone has nothing built without a sandbox, or with a network, and shows a
// build no variable of who audits.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { documents } from "#app/documents.ts";
import { release } from "#app/release.ts";
import { auditRun, type AuditOptions } from "#evidence/audit.ts";
import { generateKey } from "#keys/key-file.ts";
import { Project } from "../rig/project.ts";
import { Tamper } from "./tamper.ts";
import { sweep } from "../rig/peer.ts";

/** A stage that leaves a mark on the host where nothing keeps it from it. */
function projectOf(mark: string): Project {
  return new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ odd: stage(() => import("./odd.ts"), { mark: ${JSON.stringify(mark)} }) });`,
    "odd.ts": `import { appendFileSync } from "node:fs";
export default ({ mark }: { mark: string }) => {
  try { appendFileSync(mark, "x"); } catch {}
  return { "a.txt": "a" };
};`,
  });
}

const markOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

test(
  "a run without a sandbox is built again without one only where who audits says so",
  { skip: sweep() },
  async () => {
    const mark = `/tmp/pipelite-unconfined-${process.pid}`;
    after(() => rmSync(mark));
    using project = projectOf(mark);
    const { runId } = await project.run({ sandbox: "none" });
    assert.equal(markOf(mark), "x");
    const audit = (more: Partial<AuditOptions> = {}) =>
      auditRun(project.door, project.door.runs.read(runId), { documents, ...more });
    const { rebuilds, sandbox, status } = await audit();
    assert.equal(markOf(mark), "x", "the audit ran the stage on the host");
    assert.deepEqual([rebuilds[0]?.status, sandbox, status], ["unavailable", "unavailable", "unavailable"]);
    assert.match(rebuilds[0]?.reason ?? "", /it was built without a sandbox.*--sandbox none/);
    const open = await audit({ sandbox: "none" });
    assert.deepEqual([markOf(mark), open.rebuilds[0]?.status, open.sandbox], ["xx", "holds", "none"]);
    const kept = await audit({ sandbox: "starter" });
    assert.deepEqual([markOf(mark), kept.rebuilds[0]?.status], ["xx", "holds"]);

    // A release audits so only where its policy takes such runs, and then not with a key that stages could read.
    const policyFile = join(project.folder, "policy.json");
    const asked = (keyVariable?: string) =>
      release({
        home: project.door,
        which: { word: runId },
        policyFile,
        releaser: { name: "Anna", signer: { by: "key", key: generateKey() } },
        keyVariable,
        env: {},
        signal: new AbortController().signal,
      });
    writeFileSync(policyFile, JSON.stringify({ schema: 1, sandboxes: ["starter"] }));
    assert.equal((await asked("KEY")).status, "refused");
    assert.equal(markOf(mark), "xx");
    writeFileSync(policyFile, JSON.stringify({ schema: 1, sandboxes: ["none"] }));
    await assert.rejects(asked("KEY"), { code: "SIGNING_KEY_EXPOSED", exitCode: 2 });
    assert.equal(markOf(mark), "xx");
    await asked();
    assert.equal(markOf(mark), "xxx");
  },
);

test("a record that says none of what was built in a sandbox runs nothing on the host", async () => {
  const mark = `/tmp/pipelite-forged-${process.pid}`;
  using project = projectOf(mark);
  const { runId } = await project.run();
  assert.equal(markOf(mark), "");
  const tamper = new Tamper(project.home, project.record(runId));
  tamper.forge((of) => void (of.sandbox.kind = "none"));
  const { rebuilds } = await auditRun(project.door, project.door.runs.read(runId), { documents });
  assert.deepEqual([rebuilds[0]?.status, markOf(mark)], ["unavailable", ""]);
});

test("a build that this machine kept from its end tells nothing: unavailable, where one that fails by itself fails", async () => {
  const mark = `/tmp/pipelite-kept-${process.pid}`;
  after(() => rmSync(mark, { force: true }));
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ odd: stage(() => import("./odd.ts"), { mark: ${JSON.stringify(mark)} }) });`,
    "odd.ts": `import { existsSync, readFileSync } from "node:fs";
export default ({ mark }: { mark: string }) => {
  if (existsSync(mark)) (0, eval)(readFileSync(mark, "utf8"));
  return { "a.txt": "a" };
};`,
  });
  const { runId } = await project.run({ sandbox: "none" });
  const auditWhere = async (does: string) => {
    writeFileSync(mark, does);
    const run = project.door.runs.read(runId);
    const { rebuilds, claims, status } = await auditRun(project.door, run, { documents, sandbox: "none" });
    const [rebuilt] = rebuilds;
    assert.equal(claims.find(({ id }) => id === "odd/nar-hash")?.status, rebuilt?.status);
    return [status, rebuilt?.status, rebuilt?.reason ?? ""] as const;
  };
  const killed = await auditWhere('process.kill(process.pid, "SIGKILL")');
  assert.deepEqual(killed.slice(0, 2), ["unavailable", "unavailable"]);
  assert.match(killed[2], /building odd again: .* ended by SIGKILL, so nothing was compared/);
  const failed = await auditWhere("process.exit(3)");
  assert.deepEqual(failed.slice(0, 2), ["fails", "fails"]);
  assert.match(failed[2], /exited with 3$/);
});
