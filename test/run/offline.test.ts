// Without any network: in a network namespace of its own, which has not even a working loopback, a home builds, repeats, verifies and
// audits.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const PIPELITE = join(import.meta.dirname, "../../bin/pipelite");
const UNSHARE = process.geteuid?.() === 0 ? ["--net"] : ["--net", "--map-root-user"];

test("build, no-op, verify and audit need no network", { skip: peer("unshare", "busybox") }, () => {
  using project = new Project({
    "pipeline.ts": `import { check, command, out, param, pipeline, source, stage, tool } from "pipelite";
const words = source("words.txt");
const counted = stage(() => import("./count.ts"), { words });
const copied = command(tool("busybox"), ["cp", words, out]);
const few = check({ statement: "Few words", evidence: counted.file("count.json").at("/count"), formula: "$1",
  accept: "value <= limit", limit: param.number({ default: 5 }), unit: "1" });
export default pipeline({ counted, copied, few });\n`,
    "words.txt": "one two three\n",
    "count.ts": `import type { Source } from "pipelite";
export default async ({ words }: { words: Source }) => ({ "count.json": { count: (await words.text()).split(" ").length } });\n`,
  });
  const without = (...words: string[]) => {
    const env = { ...process.env, PIPELITE_HOME: project.home, NO_COLOR: "1" };
    return spawnSync("unshare", [...UNSHARE, ...words], { cwd: project.root, encoding: "utf8", env });
  };
  const interfaces = without(
    "sh",
    "-c",
    "cut -d: -f1 < /proc/net/dev | tail -n +3; cat /proc/net/route | tail -n +2",
  );
  assert.equal(interfaces.stdout.trim(), "lo", "there is a network");
  const pipelite = (...words: string[]): string => {
    const { status, stdout, stderr } = without(PIPELITE, ...words);
    assert.equal(status, 0, `${words.join(" ")}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  pipelite("run");
  assert.deepEqual(
    project.record().stages.map(({ status }) => status),
    project.record().stages.map(() => "built"),
  );
  pipelite("run");
  assert.notEqual(
    project.door.runs.find({ word: "latest" }).repetition,
    undefined,
    "the second builds nothing",
  );
  pipelite("store", "verify", "--contents");
  pipelite("verify", "latest");
  pipelite("audit");
  pipelite("log-audit");
});
