// Nothing is lost on bad input: stages that misbehave and machines that fail. Each case ends with the documented code and
// a message that says what happened, leaves no process behind, and leaves a store that real Nix verifies.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { removeTree } from "#base/files.ts";
import { readBuild } from "#home/builds.ts";
import { auditRun } from "#evidence/audit.ts";
import { documents } from "#app/documents.ts";
import { openHome } from "#home/home.ts";
import type { ErrorCode } from "#cli/error-rows.ts";
import { pipelite, start, until } from "../rig/command.ts";
import type { Ended } from "../rig/command.ts";
import { assertNixAccepts } from "../rig/nix.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const HEAD = 'import { command, param, pipeline, source, stage, tool, out } from "pipelite";\n';
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : "not run: mounting a small file system needs root";

let shared: Project;
before(() => {
  shared = new Project({});
});
after(() => shared[Symbol.dispose]());

/** A project of one stage, `bad`, with this body. */
function oneStage(body: string, options = ""): Project {
  return new Project(
    {
      "pipeline.ts": `${HEAD}const bad = stage(() => import("./bad.ts")${options && `, {}, ${options}`});\nexport default pipeline({ bad });\n`,
      "bad.ts": `import { spawn, spawnSync } from "node:child_process";
import { writeFileSync, mkdirSync, symlinkSync, chmodSync } from "node:fs";
export default async function bad(_inputs: object, { out }: { out: string }) {
${body}
}
`,
    },
    shared.home,
  );
}

function run(project: Project, ...more: string[]): Promise<Ended> {
  return pipelite([
    "run",
    project.root,
    "--store",
    project.home,
    "--out",
    join(project.folder, "result"),
    ...more,
  ]);
}

/** Processes that carry this mark in their command line or environment. */
function processesWith(mark: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(mark);
      } catch {
        return false;
      }
    });
}

interface Misbehaving {
  name: string;
  failure: ErrorCode;
  body: string;
  options?: string;
  says: RegExp;
}

const misbehaving: Misbehaving[] = [
  { name: "exits with a code", failure: "STAGE_FAILED", body: "process.exit(7);", says: /exited with 7/ },
  {
    name: "throws",
    failure: "STAGE_FAILED",
    body: 'throw new Error("no bread");',
    says: /no bread[\s\S]*at Object\.bad \(bad\.ts:4:7\)/,
  },
  {
    name: "ends by a signal",
    failure: "STAGE_KILLED",
    body: "process.abort();",
    says: /ended by SIG(ABRT|SEGV|ILL|TRAP)/,
  },
  { name: "makes no output", failure: "STAGE_NO_OUTPUT", body: "", says: /made no output/ },
  {
    name: "runs too long",
    failure: "STAGE_TIMED_OUT",
    body: "setInterval(() => undefined, 1000); await new Promise(() => undefined);",
    options: "{ timeoutMs: 700 }",
    says: /stopped after 700 ms/,
  },
  {
    name: "prints a gigabyte",
    failure: "STAGE_LOG_LIMIT",
    body: 'const line = "x".repeat(1023) + "\\n"; for (let i = 0; i < 1 << 20; i++) writeFileSync(1, line);',
    says: /stopped after \d+ MiB of log/,
  },
  {
    name: "writes into its input",
    failure: "STAGE_FAILED",
    body: 'writeFileSync(process.argv[1], "other"); return {};',
    says: /EACCES|EROFS/,
  },
  {
    name: "makes a socket",
    failure: "STORE_SPECIAL_FILE",
    body: 'mkdirSync(out); const net = await import("node:net"); await new Promise((done) => net.createServer().listen(out + "/socket", () => done(undefined))); process.exit(0);',
    says: /socket/,
  },
  {
    name: "returns a path that leads outside",
    failure: "STAGE_FAILED",
    body: "return { '../x': '1' };",
    says: /plain relative path/,
  },
  {
    name: "returns what is not a file",
    failure: "STAGE_FAILED",
    body: "return { x: Number.NaN };",
    says: /NaN/,
  },
];

for (const { name, failure, body, options, says } of misbehaving) {
  test(
    `a stage that ${name}: ${failure}, exit code 1, the reason, no leftovers`,
    { skip: peer("nix-store") },
    async () => {
      using project = oneStage(body, options);
      const { code, stderr } = await run(project);
      assert.equal(code, 1, stderr);
      assert.match(stderr, says);
      assert.match(stderr, /pipeline\.ts:2:13/);
      assert.equal(project.record("latest").stages[0]?.failure?.code, failure);
      assert.deepEqual(readdirSync(join(project.home, "nix/var/nix/builds")), []);
      assertNixAccepts(project.home);
    },
  );
}

test("a stage that leaves processes behind: they are gone when it ends", async () => {
  const mark = `left-behind-${process.pid}`;
  using project = oneStage(`
  const child = spawn("/proc/self/exe", [...process.execArgv], { detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  spawn(process.execPath, ["-e", "setInterval(() => 1, 1000) // ${mark}"], { detached: true, stdio: "ignore" }).unref();
  return { "x.txt": "done" };`);
  const { code, stderr } = await run(project);
  assert.equal(code, 0, stderr);
  await until(() => processesWith(mark).length === 0, `the end of ${mark}`);
});

test(
  "Ctrl-C kills the process tree of the stage and registers nothing: exit code 130",
  { skip: peer("nix-store") },
  async () => {
    using project = oneStage(
      'console.log("started"); setInterval(() => undefined, 1000); await new Promise(() => undefined);',
    );
    const running = start([
      "run",
      project.root,
      "--store",
      project.home,
      "--out",
      join(project.folder, "result"),
    ]);
    await until(() => readdirSync(join(project.home, "nix/var/nix/builds")).length > 0, "a build");
    await sleep(500);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    assert.equal(code, 130, stderr);
    assert.deepEqual(processesWith(storePathOfStage(project)), []);
    assert.deepEqual(readdirSync(join(project.home, "nix/var/nix/builds")), []);
    assertNixAccepts(project.home);
  },
);

test("Ctrl-C while a source of a terabyte is read ends the run: exit code 130", async () => {
  using project = new Project({
    "pipeline.ts": `${HEAD}const big = source("big");\nconst a = command(tool("busybox"), ["sh", "-c", "wc -c < $F > $0", out], { env: { F: big } });\nexport default pipeline({ a });\n`,
    big: "x",
  });
  truncateSync(join(project.root, "big"), 2 ** 40);
  const running = start(["run", project.root, "--store", project.home, "--no-link"]);
  const hasBegun = () =>
    existsSync(join(project.home, "nix/store")) &&
    readdirSync(join(project.home, "nix/store")).some((name) => name.includes("-scratch-"));
  await until(hasBegun, "the reading of the source");
  running.child.kill("SIGINT");
  const { code, stderr } = await running.ended;
  assert.equal(code, 130, stderr);
  assert.ok(!hasBegun(), "nothing unfinished is left");
});

function storePathOfStage({ home }: Project): string {
  return readdirSync(join(home, "nix/store")).find((name) => name.endsWith("-bad.mjs")) ?? "no such bundle";
}

test(
  "kill -9 at any moment: the stage dies, the store stays valid, the next run is as if nothing had been",
  { skip: peer("nix-store") },
  async () => {
    using project = new Project({
      "pipeline.ts": `${HEAD}const one = stage(() => import("./killed-one.ts"), { n: param.integer({ default: 0 }) });
const two = stage(() => import("./killed-two.ts"), { one });
export default pipeline({ one, two });\n`,
      "killed-one.ts": `export default function one({ n }: { n: number }) { return Object.fromEntries(Array.from({ length: 200 }, (_, i) => ["f" + i, "x".repeat(5000) + n + i])); }\n`,
      "killed-two.ts": `import type { Source } from "pipelite";\nexport default async function two({ one }: { one: Source }) { return { "n.txt": await one.text("f7") }; }\n`,
    });
    for (let n = 0; n < 12; n += 1) {
      const running = start([
        "run",
        project.root,
        "--store",
        project.home,
        "--param",
        `n=${n}`,
        "--out",
        join(project.folder, "result"),
      ]);
      await sleep(60 + n * 40);
      running.child.kill("SIGKILL");
      await running.ended;
    }
    await until(() => processesWith("-killed-").length === 0, "the end of the stages");
    assertNixAccepts(project.home);
    const { code, stderr } = await run(project, "--param", "n=5");
    assert.equal(code, 0, stderr);
    const { code: collected, stderr: said } = await pipelite(["store", "gc", "--store", project.home]);
    assert.equal(collected, 0, said);
    assert.deepEqual(readdirSync(join(project.home, "nix/var/nix/builds")), []);
    assertNixAccepts(project.home);
    assert.match(readFileSync(join(project.folder, "result/two/n.txt"), "utf8"), /^x+57$/);
  },
);

test("a file of the store that changed: verify names it, exit code 3", async () => {
  using project = new Project({
    "pipeline.ts": `${HEAD}const a = stage(() => import("./a.ts"));\nexport default pipeline({ a });\n`,
    "a.ts": "export default function a() { return { 'x.txt': 'right' }; }\n",
  });
  assert.equal((await run(project)).code, 0);
  const file = join(project.folder, "result/a/x.txt");
  chmodSync(file, 0o644);
  writeFileSync(file, "wrong");
  const { code, stderr, stdout } = await pipelite(["store", "verify", "--contents", "--store", project.home]);
  assert.equal(code, 3);
  assert.match(stdout + stderr, /-a\b/);
});

test("a truncated database: said so, exit code 3, nothing written", async () => {
  using project = oneStage("return { 'x.txt': '1' };");
  using other = new Project({}, undefined);
  assert.equal((await run(project)).code, 0);
  const database = join(project.home, "nix/var/nix/db/db.sqlite");
  mkdirSync(join(other.home, "nix/var/nix"), { recursive: true });
  execFileSync("cp", ["-r", join(project.home, "nix/var/nix/db"), join(other.home, "nix/var/nix/db")]);
  removeTree(join(other.home, "nix/var/nix/db/db.sqlite-wal"));
  execFileSync("cp", [database, join(other.home, "nix/var/nix/db/db.sqlite")]);
  const copy = join(other.home, "nix/var/nix/db/db.sqlite");
  truncateSync(copy, Math.floor(statSync(copy).size / 2));
  const before = readFileSync(copy);
  const { code, stderr } = await pipelite(["run", project.root, "--store", other.home]);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /database/i);
  assert.ok(readFileSync(copy).equals(before));
});

test("a home that cannot be written: said so, exit code 2, no stack", { skip: needsRoot }, async () => {
  using project = oneStage("return { 'x.txt': '1' };");
  using mounted = new Mounted(project.folder, "size=1m,ro");
  const { code, stderr } = await pipelite(["run", project.root, "--store", join(mounted.path, "home")]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /its file system is read-only/);
  assert.doesNotMatch(stderr, /Internal error/);
});

test(
  "a full disk: said so, exit code 1, the store stays valid",
  { skip: needsRoot || peer("nix-store") },
  async () => {
    using project = oneStage(
      'const big = Buffer.alloc(1 << 20, 7); mkdirSync(out); try { for (let i = 0; i < 400; i++) writeFileSync(out + "/" + i, big); } catch { process.exit(3); }',
    );
    using mounted = new Mounted(project.folder, "size=220m");
    const home = join(mounted.path, "home");
    const { code, stderr } = await pipelite([
      "run",
      project.root,
      "--store",
      home,
      "--out",
      join(project.folder, "result"),
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /no space is left/i);
    assert.equal(
      openHome(home).runs.find({ word: "latest" }).record.stages[0]?.failure?.code,
      "STAGE_DISK_FULL",
    );
    assertNixAccepts(home);
  },
);

test("a disk that is full from the start: said so, no stack", { skip: needsRoot }, async () => {
  using project = oneStage("return { 'x.txt': '1' };");
  using mounted = new Mounted(project.folder, "size=40m");
  const { code, stderr } = await pipelite(["run", project.root, "--store", join(mounted.path, "home")]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /no space|full/i);
  assert.doesNotMatch(stderr, /Internal error/);
});

test(
  "a stage that forks without end: stopped, exit code 1, the machine goes on",
  { skip: sweep() || needsRoot },
  async () => {
    using project = new Project(
      {
        "pipeline.ts": `${HEAD}const bomb = command(tool("busybox"), ["sh", "-c", "f() { f | f & }; f; sleep 30"], { timeoutMs: 2500 });\nexport default pipeline({ bomb });\n`,
      },
      shared.home,
    );
    const { code, stderr } = await run(project);
    assert.equal(code, 1, stderr);
    await until(() => processesWith("f() { f | f & }").length === 0, "the end of the forks");
  },
);

test(
  "a disk that runs full while a stage writes its log: the stage failed, exit code 1, and later runs go on",
  { skip: needsRoot || peer("nix-store") },
  async () => {
    using project = new Project({
      "pipeline.ts": `${HEAD}const bad = stage(() => import("./bad.ts"), { mb: param.integer({ default: 1 }) });\nexport default pipeline({ bad });\n`,
      "bad.ts": `import { mkdirSync, openSync, writeSync } from "node:fs";
export default function bad({ mb }: { mb: number }, { out }: { out: string }) {
  mkdirSync(out);
  const file = openSync(out + "/f", "w");
  const block = Buffer.alloc(1 << 20, mb);
  for (let i = 0; i < mb; i += 1) {
    writeSync(file, block);
    console.log("x".repeat(60_000));
  }
}\n`,
    });
    using mounted = new Mounted(project.folder, "size=220m");
    const home = join(mounted.path, "home");
    const attempt = (mb: number) =>
      pipelite(["run", project.root, "--store", home, "--no-link", "--param", `mb=${mb}`]);
    assert.equal((await attempt(1)).code, 0);
    const full = await attempt(300);
    assert.equal(full.code, 1, full.stderr);
    assert.match(full.stderr, /no space is left/i);
    assert.doesNotMatch(full.stderr, /Internal error/);
    assert.deepEqual(readdirSync(join(home, "nix/var/nix/builds")), []);
    assertNixAccepts(home);
    // What a killed run left would fill the disk for ever, were it not removed before all else.
    const leftover = join(home, "nix/var/nix/builds/999999999-1");
    mkdirSync(leftover);
    spawnSync("sh", ["-c", `cat /dev/zero > ${leftover}/big`]);
    const after = await attempt(2);
    assert.equal(after.code, 0, after.stderr);
  },
);

test(
  "a disk too full for the plan: the stages that failed are told, and recorded once there is room",
  { skip: needsRoot },
  async () => {
    using project = new Project({
      "pipeline.ts": `${HEAD}const bad = (name: string) => stage(() => import("./bad.ts"), { name });
export default pipeline({ a: bad("a"), b: bad("b") });\n`,
      "bad.ts": "export default ({ name }: { name: string }) => ({ [name]: name });\n",
    });
    using mounted = new Mounted(project.folder, "size=220m");
    const home = openHome(join(mounted.path, "home"));
    const filler = join(mounted.path, "filler");
    const { status, exitCode, ends, runId } = await project.run({
      home,
      keepGoing: true,
      listener: ({ type }) => {
        if (type === "stage-planned") spawnSync("sh", ["-c", `cat /dev/zero > ${filler}`]);
        if (type === "stage-finished") rmSync(filler, { force: true });
      },
    });
    assert.deepEqual([status, exitCode, ends], ["failed", 1, { a: "failed", b: "failed" }]);
    const { stages } = home.runs.read(runId).record;
    assert.deepEqual(new Set(stages.map(({ failure }) => failure?.code)), new Set(["STORE_NO_SPACE"]));
  },
);

test(
  "an audit on a full disk says that nothing was compared: unavailable",
  { skip: sweep() || needsRoot },
  async () => {
    using project = oneStage("return { 'x.bin': new Uint8Array(3_000_000) };");
    using mounted = new Mounted(project.folder, "size=220m");
    const home = openHome(join(mounted.path, "home"));
    const { runId } = await project.run({ home });
    const { bavail, bsize } = statfsSync(mounted.path);
    writeFileSync(join(mounted.path, "filler"), Buffer.alloc(bavail * bsize - 1_000_000));
    const { status, rebuilds } = await auditRun(home, home.runs.read(runId), { documents });
    assert.deepEqual([status, rebuilds[0]?.status], ["unavailable", "unavailable"]);
    assert.match(rebuilds[0]?.reason ?? "", /no space is left.*, so nothing was compared/);
  },
);

test("a table of builds that is damaged is made again", async () => {
  using project = oneStage("return { 'x.txt': '2' };");
  assert.equal((await run(project)).code, 0);
  const file = join(project.home, "pipelite/builds.sqlite");
  for (const content of [Buffer.from("SQLite format 3\0 and no more"), Buffer.alloc(3000, 0x5a)]) {
    for (const suffix of ["-wal", "-shm"]) removeTree(`${file}${suffix}`);
    writeFileSync(file, content);
    assert.throws(() => readBuild(project.door.layout, "/nix/store/x.drv"), { code: "BUILDS_DAMAGED" });
    project.write({ "bad.ts": `export default () => ({ "x.txt": "${content.length}" });\n` });
    const { code, stderr } = await run(project);
    assert.equal(code, 0, stderr);
  }
});

test(
  "a runtime that was removed from the store by hand is added again",
  { skip: peer("nix-store") },
  async () => {
    using project = new Project({
      "pipeline.ts": `${HEAD}const a = stage(() => import("./a.ts"));\nexport default pipeline({ a });\n`,
      "a.ts": "export default () => ({ x: '1' });\n",
    });
    assert.equal((await run(project)).code, 0);
    const store = join(project.home, "nix/store");
    for (const name of readdirSync(store)) if (/-node-26|-a\.mjs$/.test(name)) removeTree(join(store, name));
    project.write({ "a.ts": "export default () => ({ x: '2' });\n" });
    const { code, stderr } = await run(project);
    assert.equal(code, 0, stderr);
    project.write({ "a.ts": "export default () => ({ x: '1' });\n" });
    assert.equal((await run(project)).code, 0);
    assertNixAccepts(project.home);
  },
);

test(
  "an output that mentions itself has the path that real Nix gives it, and its audit holds",
  { skip: peer("nix-store") },
  async () => {
    using project = oneStage("return { 'self.txt': 'me ' + out };");
    assert.equal((await run(project)).code, 0);
    const audited = await pipelite(["audit", "--store", project.home]);
    assert.equal(audited.code, 0, audited.stdout + audited.stderr);
    const outputOf = (home: string) => openHome(home).runs.find({ word: "latest" }).record.stages[0]?.outPath;
    const home = join(project.folder, "by-nix");
    const byNix = await pipelite(["run", project.root, "--store", home, "--no-link", "--engine", "nix"]);
    assert.equal(byNix.code, 0, byNix.stderr);
    assert.equal(outputOf(home), outputOf(project.home));
  },
);

test("names that are no text, or hold line ends, are kept as they are, and sha256sum finds each", async () => {
  using project = oneStage(`
  mkdirSync(out);
  writeFileSync(Buffer.concat([Buffer.from(out + "/f"), Buffer.from([0xff, 0xfe])]), "1");
  mkdirSync(Buffer.concat([Buffer.from(out + "/d"), Buffer.from([0x80])]));
  writeFileSync(Buffer.concat([Buffer.from(out + "/d"), Buffer.from([0x80]), Buffer.from("/in")]), "2");
  for (const name of ["new\\nline", "back\\\\slash", "return\\r"]) writeFileSync(out + "/" + name, name);`);
  const { code, stderr } = await run(project);
  assert.equal(code, 0, stderr);
  const sums = ["--check", "--strict", "--quiet", "evidence/SHA256SUMS"];
  const checked = spawnSync("sha256sum", sums, { cwd: join(project.folder, "result"), encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stderr);
  assert.equal(
    readFileSync(join(project.folder, "result/evidence/SHA256SUMS")).toString("latin1").split("\n").length,
    6,
  );
  const audited = await pipelite(["audit", "--store", project.home]);
  assert.equal(audited.code, 0, audited.stdout + audited.stderr);
});

/** A small file system of its own. */
class Mounted implements Disposable {
  readonly path: string;

  constructor(folder: string, options: string) {
    this.path = join(folder, "small");
    mkdirSync(this.path);
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", this.path]);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["-l", this.path]);
  }
}
