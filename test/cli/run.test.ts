import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "#base/errors.ts";
import type { RunEvent } from "#home/events.ts";
import { peer } from "../rig/peer.ts";
import { warm } from "../rig/warm-home.ts";
import { createRig, scrub, type Ended } from "./rig.ts";

// One home for all: the first run captures Node into the store, the others find it there.
const rig = createRig();
warm(rig.home);
after(() => rig[Symbol.dispose]());

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

function transcript({ code, stdout, stderr }: Ended): string {
  return scrub(`exit ${code}\nstdout:\n${stdout}stderr:\n${stderr}`, rig);
}

/** A pipeline of one stage `only` with this body, in a folder of its own. */
async function writeStage(folder: string, body: string): Promise<void> {
  await rig("init", folder);
  const stage = `export default async function only() {\n${body}\n}\n`;
  writeFileSync(join(rig.folder, folder, "stages/only.ts"), stage);
  writeFileSync(
    join(rig.folder, folder, "pipeline.ts"),
    'import { pipeline, stage } from "pipelite";\n' +
      'const only = stage(() => import("./stages/only.ts"));\nexport default pipeline({ only });\n',
  );
}

test("init writes a pipeline that plans, runs, is cached, and can be shown", async (t) => {
  const steps: [string, string[]][] = [
    ["init", ["init", "walk"]],
    ["plan before", ["plan", "walk"]],
    ["run", ["run", "walk", "--jobs", "1"]],
    ["run again", ["run", "walk"]],
    ["plan with a parameter", ["plan", "walk", "--param", "limit=0.01"]],
    ["runs", ["runs"]],
    ["show", ["show"]],
    ["log", ["log", "fit"]],
    ["run with a parameter", ["run", "walk", "--param", "limit=0.01", "--no-link", "--jobs", "1"]],
  ];
  const parts: string[] = [];
  for (const [name, words] of steps) {
    const ended = await rig(...words);
    assert.equal(ended.code, EXIT.ok, ended.stderr);
    parts.push(`== ${name}: pipelite ${words.join(" ")}\n${transcript(ended)}`);
  }
  t.assert.fileSnapshot(parts.join("\n"), join(import.meta.dirname, "golden/walk.txt"), {
    serializers: [(text: string) => text],
  });
  assert.match(
    readFileSync(join(rig.folder, "result/picture/calibration.svg"), "utf8"),
    /^<svg .*<\/svg>\n$/s,
  );
  assert.equal((await rig("run", "walk")).stdout, `${join(rig.folder, "result")}\n`);
});

test("a pipeline is named by its file, whatever it is called, or by its folder; a run with nothing to do as well", async () => {
  await rig("init", "by-file");
  copyFileSync(join(rig.folder, "by-file/pipeline.ts"), join(rig.folder, "by-file/other.ts"));
  for (const name of ["by-file/pipeline.ts", "./by-file/pipeline.ts", "by-file", "by-file/other.ts"]) {
    for (const words of [
      ["run", name, "--no-link"],
      ["run", name, "--no-link"],
      ["plan", name],
    ]) {
      const { code, stderr } = await rig(...words);
      assert.equal(code, EXIT.ok, `${words.join(" ")}: ${stderr}`);
      assert.doesNotMatch(stderr, /error:/);
    }
  }
});

test("diff tells two runs apart, and agrees with itself", async () => {
  const runs = JSON.parse((await rig("runs", "--all", "--json")).stdout) as {
    runId: string;
    counts: { built: number };
  }[];
  const [other = "", first = ""] = runs.filter(({ counts }) => counts.built > 0).map(({ runId }) => runId);
  const { stdout, stderr, code } = await rig("diff", first, other);
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^ {2}param limit: 0\.005 -> 0\.01\n.* {2}near +different /ms);
  assert.equal(stderr, "3 of 4 outputs are the same\n");
  assert.equal((await rig("diff", first, first)).stderr, "4 of 4 outputs are the same\n");
});

test("init overwrites nothing", async () => {
  const before = readFileSync(join(rig.folder, "walk/pipeline.ts"), "utf8");
  const { code, stderr } = await rig("init", "walk");
  assert.equal(code, EXIT.usage);
  assert.match(stderr, /^error: Cannot start a pipeline in .*: it has pipeline\.ts, /);
  assert.match((await rig("init", "walk", "--json")).stdout, /"code":\s*"INIT_WOULD_OVERWRITE"/);
  assert.equal(readFileSync(join(rig.folder, "walk/pipeline.ts"), "utf8"), before);
});

test("init completes a package.json that is there, and refuses one that it cannot read", async () => {
  const folder = join(rig.folder, "given");
  mkdirSync(folder);
  const given = { name: "mine", scripts: { start: "echo" }, devDependencies: { typescript: "6.0.3" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(given));
  assert.equal((await rig("init", "given")).code, EXIT.ok);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, object>;
  assert.equal(manifest["name"], "mine");
  assert.deepEqual(Reflect.get(manifest["scripts"] ?? {}, "start"), "echo");
  assert.deepEqual(Object.keys(manifest["devDependencies"] ?? {}).toSorted(), [
    "@types/node",
    "pipelite",
    "typescript",
  ]);
  assert.equal(Reflect.get(manifest["devDependencies"] ?? {}, "typescript"), "6.0.3");
  mkdirSync(join(rig.folder, "broken"));
  writeFileSync(join(rig.folder, "broken/package.json"), "[");
  const { code, stdout } = await rig("init", "broken", "--json");
  assert.equal(code, EXIT.usage);
  assert.match(stdout, /"code":\s*"INIT_MANIFEST_UNREADABLE"/);
  assert.deepEqual(readdirSync(join(rig.folder, "broken")), ["package.json"]);
});

test("run --json is the events of the run, one a line, and no other word", async () => {
  const { stdout, stderr, code } = await rig("run", "walk", "--json");
  assert.equal(code, EXIT.ok);
  assert.equal(stderr, "");
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
  assert.equal(events[0]?.type, "run-started");
  const last = events.at(-1);
  assert.ok(last?.type === "run-finished" && last.status === "passed");
});

test("a stage that fails ends the run with 1; its log is shown once, in one piece, and its name at the end", async () => {
  await writeStage("bad", 'console.log("one");\nconsole.log("two");\nthrow new RangeError("no samples");');
  const { stdout, stderr, code } = await rig("run", "bad", "--no-link");
  assert.equal(code, EXIT.failed);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /✗ only {2}failed after .*\n {2}at pipeline\.ts:2:14\n(?: {2}last .*\n)? {2}\| one\n {2}\| two\n/,
  );
  assert.equal(stderr.match(/RangeError: no samples/g)?.length, 1);
  assert.match(
    stderr,
    /failed: 0 built, 0 cached, 1 failed in .*\n {2}failed {2}only: .*\n {2}next {4}pipelite log only\n$/,
  );
  assert.match((await rig("log", "only")).stdout, /^one\ntwo\n/);
  assert.match((await rig("show")).stdout, /failed only at pipeline\.ts:2:14: /);
  assert.equal((await rig("run", "bad", "--no-link", "--quiet", "--json")).code, EXIT.failed);
});

test("a wrong pipeline, stage, run or parameter ends with 2 and says what there is", async () => {
  for (const [words, message] of [
    [["run", "./nowhere"], /^error: Cannot find the pipeline/],
    [["run", "walk", "pictre"], /fit.*picture|did you mean picture/i],
    [["run", "walk", "--param", "cuont=5"], /^error: Cannot set the parameter 'cuont'/],
    [["show", "2001"], /^error: Cannot find the run 2001/],
    [["log", "nothing"], /^error: Cannot find the stage 'nothing'/],
  ] as const) {
    const { code, stderr, stdout } = await rig(...words);
    assert.deepEqual([code, stdout], [EXIT.usage, ""], stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test("__complete proposes commands, flags, values, stages, runs and store paths", async () => {
  const words = async (...line: string[]): Promise<string[]> => {
    const { stdout } = await rig("__complete", ...line);
    return stdout
      .split("\n")
      .filter((row) => row !== "")
      .map((row) => row.split("\t")[0] ?? "");
  };
  assert.deepEqual(await words("ru"), ["run", "runs"]);
  assert.deepEqual(await words("store", "res"), ["restore"]);
  assert.deepEqual(await words("run", "--eng"), ["--engine"]);
  assert.deepEqual(await words("run", "--engine", ""), ["embedded", "nix"]);
  assert.ok((await words("run", "--")).includes("--json"));
  await rig("run", "walk");
  assert.deepEqual(await words("log", "n"), ["near", "near-gate"]);
  assert.ok((await words("show", "")).includes("latest"));
  const link = readlinkSync(join(rig.folder, "result")).split("/").at(-1) ?? "";
  assert.deepEqual(await words("store", "info", link.slice(0, 10)), [link]);
  assert.deepEqual(await words("store", "info", `/nix/store/${link.slice(0, 10)}`), [`/nix/store/${link}`]);
  assert.deepEqual(await words("completion", "z"), ["zsh"]);
  assert.deepEqual(await words("nothing", "here", ""), []);
});

for (const [shell, check] of [
  ["bash", "-n"],
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const) {
  test(`the completion script is one that ${shell} can read`, { skip: peer(shell) }, async () => {
    const script = join(rig.folder, `completion.${shell}`);
    writeFileSync(script, (await rig("completion", shell)).stdout);
    assert.equal(spawnSync(shell, [check, script]).status, 0);
  });
}

test("the completion script completes in bash", { skip: peer("bash") }, async () => {
  const script = join(rig.folder, "completion.sh");
  const { stdout } = await rig("completion", "bash");
  const line = 'COMP_WORDS=(pipelite store res); COMP_CWORD=2; _pipelite; printf "%s\\n" "${COMPREPLY[@]}"';
  const command = 'pipelite() { "$NODE" --disable-warning=ExperimentalWarning "$MAIN" "$@"; }';
  writeFileSync(script, `${command}\n${stdout}${line}\n`);
  const env = { ...process.env, NODE: process.execPath, MAIN, PIPELITE_HOME: rig.home };
  assert.equal(spawnSync("bash", [script], { env }).stdout.toString(), "restore\n");
});

interface Child {
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly pid: number;
  stderr(): string;
}

/** The command as a process of its own. */
function start(script: string): Child {
  const child = spawn("sh", ["-c", script], {
    cwd: rig.folder,
    env: { ...process.env, PIPELITE_HOME: rig.home, NODE: process.execPath, MAIN, CI: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    pid: child.pid ?? 0,
    stderr: () => text,
    ended: new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal }))),
  };
}

test("who reads our output may stop: the command ends quietly", async () => {
  const child = start(
    '"$NODE" --disable-warning=ExperimentalWarning "$MAIN" store dump result | head -c 1 >&2',
  );
  await child.ended;
  assert.doesNotMatch(child.stderr(), /EPIPE|error|at /);
});

test("Ctrl-C ends a run with 130 and leaves nothing running", async () => {
  await writeStage(
    "slow",
    'console.log("started");\nawait new Promise((resolve) => setTimeout(resolve, 60_000));',
  );
  const child = start(
    'exec "$NODE" --disable-warning=ExperimentalWarning "$MAIN" run slow --no-link --verbose',
  );
  while (!child.stderr().includes("only | started")) await sleep(50);
  process.kill(child.pid, "SIGINT");
  assert.deepEqual(await child.ended, { code: EXIT.interrupted, signal: null }, child.stderr());
  assert.match(child.stderr(), /stopping\n[^]*cancelled: 0 built, 0 cached, 1 cancelled/);
});
