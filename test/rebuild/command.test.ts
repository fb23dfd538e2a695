// The command line of `rebuild`: what it prints, its exit codes, and what it leaves.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pipelite, start, until } from "../rig/command.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const FILES = {
  "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ fine: stage(() => import("./fine.ts")), path: stage(() => import("./path.ts")) });
`,
  "fine.ts": 'export default () => ({ "a.txt": "a" });\n',
  "path.ts": 'export default () => ({ "a.txt": process.cwd() });\n',
};

test(
  "0 for what is reproduced, 3 with the cause for what is not, 2 for a mistake",
  { skip: sweep() },
  async () => {
    using project = new Project(FILES);
    const { runId } = await project.run();
    const rebuild = (...words: string[]) =>
      pipelite(["rebuild", runId, ...words, "--engine", "embedded", "--store", project.home]);
    const good = await rebuild("fine");
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^reproduced +fine\n/);
    const bad = await rebuild("path", "--vary", "umask", "--vary", "build-path");
    assert.equal(bad.code, 3, bad.stderr);
    assert.match(bad.stdout, /differs with other build-path; it looks like path\n +a.txt, byte 1\n/);
    const shown = await pipelite(["show", runId, "--store", project.home]);
    assert.match(
      shown.stdout,
      /fine +reproduced: the same bytes from 2 of 2 builds by embedded, 1 machine, 1 home/,
    );
    assert.match(shown.stdout, /path +differs: /);
    const out = join(project.folder, "report");
    await pipelite(["report", runId, "--store", project.home, "--out", out]);
    const report = readFileSync(join(out, "report.html"), "utf8");
    const section =
      /<section[^>]*id="rebuilds"[\s\S]*?<\/section>/.exec(report)?.[0].replaceAll(/<[^>]*>/g, " ") ?? "";
    assert.match(section.replaceAll(/\s+/g, " "), /fine reproduced 2 2 embedded 1 1 time, .* path differs /);
    assert.equal((await rebuild("--vary", "moon")).code, 2);
    assert.equal((await rebuild("--add", "x")).code, 2);
  },
);

test("a policy that asks for rebuilds is met by them, and by nothing else", { skip: sweep() }, async () => {
  using project = new Project({
    ...FILES,
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ fine: stage(() => import("./fine.ts")) });
`,
  });
  const { runId } = await project.run();
  const policy = join(project.folder, "policy.json");
  const reproduced = { atLeast: 2, engines: ["embedded"], homes: 1 };
  writeFileSync(policy, JSON.stringify({ schema: 1, signatures: [], reproduced }));
  const key = join(project.folder, "anna.key");
  assert.equal((await pipelite(["key", "new", key])).code, 0);
  const release = () =>
    pipelite(
      [
        "release",
        runId,
        "--policy",
        policy,
        "--as",
        "Anna Meier",
        "--key",
        key,
        "--store",
        project.home,
        "--json",
      ],
      { cwd: project.root },
    );
  const early = await release();
  assert.equal(early.code, 3, early.stdout + early.stderr);
  const { missing } = JSON.parse(early.stdout) as { missing: string[] };
  assert.deepEqual(missing, ["reproduced/fine"]);
  const rebuilt = await pipelite(["rebuild", runId, "--engine", "embedded", "--store", project.home]);
  assert.equal(rebuilt.code, 0, rebuilt.stderr);
  const released = await release();
  assert.equal(released.code, 0, `${released.stdout}${released.stderr}`);
  assert.equal((await pipelite(["verify", runId, "--policy", policy, "--store", project.home])).code, 0);
});

test(
  "one that is killed leaves no statement, and its folders go with the next",
  { skip: sweep() },
  async () => {
    using project = new Project({
      ...FILES,
      "path.ts":
        'export default () => new Promise((resolve) => setTimeout(() => resolve({ "a.txt": "a" }), 500));\n',
    });
    const { runId } = await project.run();
    const words = ["rebuild", runId, "--engine", "embedded", "--store", project.home];
    const builds = join(project.home, "nix/var/nix/builds");
    const { child, ended } = start(words);
    const left = () =>
      [builds, "/dev/shm"]
        .flatMap((folder) => readdirSync(folder))
        .filter((name) => name.includes(`${child.pid}`));
    const own = join(builds, `${child.pid}-rebuild`);
    await until(
      () => existsSync(own) && readdirSync(own).some((name) => name.startsWith("again-")),
      "it builds",
    );
    child.kill("SIGKILL");
    await ended;
    assert.ok(left().length > 0);
    assert.equal(existsSync(join(project.home, "pipelite/rebuilds")), false);
    const next = await pipelite(words);
    assert.equal(next.code, 0, next.stdout + next.stderr);
    assert.deepEqual(left(), []);
    assert.equal((await pipelite(["log-audit", "--store", project.home])).code, 0);
    assert.equal((await pipelite(["store", "verify", "--contents", "--store", project.home])).code, 0);
  },
);
