// The command line of `rebuild`: what it prints, its exit codes, and what it leaves.
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openNix } from "#rebuild/by-nix.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { openStore } from "#store/index.ts";
import { pipelite, start, until } from "../rig/command.ts";
import { peer, sweep } from "../rig/peer.ts";
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
    using project = new Project({
      ...FILES,
      "pipeline.ts": FILES["pipeline.ts"].replace("({", '({ clock: stage(() => import("./clock.ts")),'),
      "clock.ts": 'export default () => ({ "a.txt": String(process.hrtime.bigint()) });\n',
    });
    const { runId } = await project.run();
    const rebuild = (...words: string[]) =>
      pipelite(["rebuild", runId, ...words, "--engine", "embedded", "--store", project.home]);
    const good = await rebuild("fine");
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^reproduced +fine\n/);
    // Nothing but what is varied is built where that is the same; else as it was, too.
    const short = JSON.parse((await rebuild("fine", "clock", "--times", "0", "--json")).stdout) as {
      outputs: {
        stage: string;
        status: string;
        attempts: { varied: string[] }[];
        causes: { by: string[] }[];
      }[];
    };
    const [fine, clock] = ["fine", "clock"].map((name) => short.outputs.find(({ stage }) => stage === name));
    assert.equal(fine?.status, "reproduced");
    assert.deepEqual([fine.attempts.length, fine.attempts[0]?.varied.includes("umask")], [1, true]);
    assert.deepEqual(clock?.causes[0]?.by, ["itself"]);
    const bad = await rebuild("path", "--vary", "umask", "--vary", "build-path", "--times", "0");
    assert.equal(bad.code, 3, bad.stderr);
    assert.match(bad.stdout, /untested:\n +engine: .*\n +network: .*\n +machine: /);
    const itself = await rebuild("clock", "--vary", "umask", "--vary", "locale");
    assert.match(itself.stdout, /\n +(umask, locale|locale, umask): it differs with nothing varied\n/);
    assert.match(bad.stdout, /differs with other build-path; it looks like path\n +a.txt, byte 1\n/);
    const shown = await pipelite(["show", runId, "--store", project.home]);
    assert.match(
      shown.stdout,
      /fine +reproduced: the same bytes from 3 of 3 builds by embedded, 1 machine, 1 home/,
    );
    assert.match(shown.stdout, /path +differs: /);
    const out = join(project.folder, "report");
    await pipelite(["report", runId, "--store", project.home, "--out", out]);
    const report = readFileSync(join(out, "report.html"), "utf8");
    const section =
      /<section[^>]*id="rebuilds"[\s\S]*?<\/section>/.exec(report)?.[0].replaceAll(/<[^>]*>/g, " ") ?? "";
    assert.match(section.replaceAll(/\s+/g, " "), /fine reproduced 3 3 embedded 1 1 time, .* path differs /);
    assert.equal((await rebuild("--vary", "moon")).code, 2);
    const often = await rebuild("--times", "1001");
    assert.deepEqual([often.code, /from 0 to 1000/.test(often.stderr)], [2, true], often.stderr);
    const bare = await rebuild("--sandbox", "none");
    assert.deepEqual([bare.code, /here: no sandbox was asked for/.test(bare.stderr)], [4, true], bare.stderr);
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
  const reproduced = { atLeast: 2, engines: ["embedded"], homes: 1, variations: ["umask", "user"] };
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
  const words = ["rebuild", runId, "--engine", "embedded", "--store", project.home];
  assert.equal((await pipelite([...words, "--vary", "umask"])).code, 0);
  assert.match((await release()).stdout, /reproduced: the same bytes .*; not with other user"/);
  const rebuilt = await pipelite(words);
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

const TAMPERED = {
  "pipeline.ts": `
import { command, out, pipeline, source, tool } from "pipelite";
const said = command(tool("busybox"), ["sh", "-c", "sh $1 > $0", out, source("script.sh")], { addressing: "input" });
export default pipeline({ said });
`,
  "script.sh": "head -c8 /dev/urandom | od -An -tx1\n",
};

test(
  "a home in which an input gives what was recorded, or a derivation does, is found out and signs nothing",
  { skip: sweep() || peer("busybox") },
  async () => {
    using project = new Project(TAMPERED);
    const { runId, outputs } = await project.run();
    const recorded = readFileSync(join(project.home, outputs["said"] ?? ""), "latin1");
    const [stage] = project.record().stages;
    const script = readdirSync(join(project.home, "nix/store")).find((name) => name.endsWith("-script.sh"));
    const [input, drv] = [`/nix/store/${script}`, stage?.drvPath ?? ""].map((path) =>
      join(project.home, path),
    );
    for (const [file = "", change] of [
      [input, () => `echo '${recorded.trim()}' | sed 's/^/ /'\n`],
      [drv, (text: string) => text.replace("sh $1 > $0", `printf '${recorded.trim()}' > $0`)],
    ] as const) {
      const before = readFileSync(file, "latin1");
      chmodSync(file, 0o644);
      writeFileSync(file, change(before));
      chmodSync(file, 0o444);
      utimesSync(file, 1, 1);
      const words = ["rebuild", runId, "--vary", "umask", "--engine", "embedded", "--store", project.home];
      const { code, stdout } = await pipelite([...words, "--json"]);
      assert.equal(code, 3, stdout);
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
      assert.equal(error.code, "REBUILD_INPUT_CHANGED");
      assert.match(error.message, /(its bytes have NAR hash|name does not follow)/);
      assert.equal(existsSync(join(project.home, "pipelite/rebuilds")), false);
      chmodSync(file, 0o644);
      writeFileSync(file, before);
      chmodSync(file, 0o444);
      utimesSync(file, 1, 1);
    }
  },
);

test(
  "what Nix has already, and does not build, is no build by Nix",
  { skip: sweep() || peer("busybox", "nix-daemon") },
  async () => {
    using project = new Project(TAMPERED);
    await project.run();
    const [stage] = project.record().stages;
    using store = openStore(project.home, { readOnly: true });
    const drvPath = parseStorePath(stage?.drvPath ?? "");
    const { signal } = new AbortController();
    const nix = await openNix({ store, env: process.env, folder: join(project.folder, "by-nix"), signal });
    assert("build" in nix);
    const job = { name: "said", drvPath, derivation: store.readDerivation(drvPath) };
    assert.equal((await nix.build(job)).status, "built");
    assert.equal((await nix.build(job)).status, "impossible");
    await nix.close();
  },
);
