// Places that can't be used, and what is said where nothing was looked at: each command names the place and ends with 2.
import { once } from "node:events";
import { createServer } from "node:net";
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { EXIT } from "#base/errors.ts";
import { createRig, type Rig } from "./rig.ts";
import { sweep } from "../rig/peer.ts";

const rig: Rig = createRig();
after(() => rig[Symbol.dispose]());

let first: string;
const write = (name: string, text: string): void => writeFileSync(join(rig.folder, name), text);
before(async () => {
  mkdirSync(join(rig.folder, "data"));
  write("data/a.txt", "a");
  write(
    "pipeline.ts",
    `import { pipeline, source, stage } from "pipelite";
const data = source("data");
export default pipeline({ data, says: stage(() => import("./says.ts"), { data }) });
`,
  );
  write(
    "says.ts",
    'export default () => { console.log(`at ${process.hrtime.bigint()}n`); return { "a.json": 1 }; };\n',
  );
  assert.equal((await rig("run", "--quiet")).code, EXIT.ok);
  first = (JSON.parse((await rig("show", "--json")).stdout) as { runId: string }).runId;
});

for (const [words, message] of [
  [
    ["cache", "push", "result", "--to", "/proc/x"],
    /Cannot use the folder \/proc\/x as a cache: no folder can/,
  ],
  [
    ["cache", "push", "result", "--to", "/dev/null"],
    /Cannot use the folder \/dev\/null as a cache: a file is/,
  ],
  [["run", "--out", "/proc/x"], /Cannot write the link \/proc\/x: no folder can be made there/],
  [["run", "--out", "/dev/null/x"], /Cannot use \/dev\/null\/x: not a directory/],
  [["init", "/proc"], /Cannot start a pipeline in \/proc: no folder can be made there/],
  [
    ["verify", "./says.ts"],
    /Cannot accept the bundle: .*\/says\.ts: it cannot be read as JSON/,
    EXIT.verification,
  ],
] as const satisfies readonly (readonly [readonly string[], RegExp, number?])[]) {
  test(`${words.join(" ")} names the place`, async () => {
    const { code, stderr } = await rig(...words);
    assert.match(stderr, message);
    assert.equal(code, words[0] === "verify" ? EXIT.verification : EXIT.usage);
  });
}

for (const [words, code] of [
  [["run", "--out", "/proc/x"], "STORE_ROOT_UNWRITABLE"],
  [["init", "/proc"], "INIT_FOLDER_UNUSABLE"],
] as const)
  test(`${words.join(" ")}: ${code}`, async () => {
    const { stdout } = await rig(...words, "--json");
    assert.match(stdout, new RegExp(`"code": ?"${code}"`));
  });

test("log --run shows what was printed in that run, after --force too, or says that it is another", async () => {
  const old = (await rig("log", "says")).stdout;
  assert.match(old, /^at \d+n/);
  assert.equal((await rig("run", "--quiet", "--force", "says")).code, EXIT.ok);
  assert.notEqual((await rig("log", "says")).stdout, old);
  const again = await rig("log", "says", "--run", first);
  assert.deepEqual([again.stdout, again.stderr], [old, ""]);
  const { tree = "" } = JSON.parse((await rig("show", first, "--json")).stdout) as { tree?: string };
  const log = join(rig.home, tree, "evidence/logs/says.log");
  assert.match(readFileSync(log, "utf8"), /^at/);
  renameSync(join(rig.home, tree), join(rig.home, "aside"));
  const later = await rig("log", "says", "--run", first);
  assert.notEqual(later.stdout, old);
  assert.match(
    later.stderr,
    /^warning: this is what a later build of says printed; the log of run .* no longer there/,
  );
  renameSync(join(rig.home, "aside"), join(rig.home, tree));
});

test("run --debug of a stage that is there already says that nothing was built", async () => {
  const { code, stderr } = await rig("run", "--debug", "says");
  assert.equal(code, EXIT.ok);
  assert.match(stderr, /not built, so that nothing failed: says; --force says builds again/);
  assert.doesNotMatch((await rig("run", "--debug", "says", "--force", "says")).stderr, /not built, so/);
});

test("a run whose result can't be kept is judged once, as failed", async () => {
  const { stdout } = await rig("run", "--out", "/proc/x", "--json");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type?: string; status?: string });
  const judged = events.filter(({ type }) => type === "run-judged");
  assert.deepEqual(
    judged.map(({ status }) => status),
    ["failed"],
  );
});

for (const words of [
  ["capability", "/proc/self/mem", "--column", "x", "--lsl", "0"],
  ["verify", "/proc/self/mem"],
  ["run", "--params", "/proc/self/mem"],
])
  test(`${words.join(" ")} names the file that can't be read`, async () => {
    const { code, stderr } = await rig(...words);
    assert.deepEqual([code, stderr], [EXIT.usage, "error: Cannot use /proc/self/mem: i/o error\n"]);
  });

for (const words of [
  ["run", "--cache", "http://[::1"],
  ["plan", "--cache", "ftp://x"],
  ["run", "--trusted-key", "a:!!"],
  ["run", "--cpus", "0"],
  ["run", "--model", "http://[::1", "--model-name", "x"],
])
  test(`${words.join(" ")} is refused though nothing is to be built`, async () => {
    const { code, stderr } = await rig(...words);
    assert.equal(code, EXIT.usage, stderr);
    assert.match(stderr, /Cannot (use|read)/);
  });

test("messages shorten what they quote", async () => {
  for (const words of [
    ["sign", "latest", "--meaning", "review", "--key", "k", "--as", "x\u0007".repeat(50_000)],
    ["run", "--engine", "x".repeat(100_000)],
    ["x".repeat(100_000)],
    ["show", "x".repeat(100_000)],
  ]) {
    const { code, stderr } = await rig(...words);
    assert.equal(code, EXIT.usage, stderr.slice(0, 200));
    assert.ok(stderr.length < 20_000, `${words[0]?.slice(0, 20)}: ${stderr.length}`);
  }
});

test("log-audit says beside what holds what nobody was asked about", async () => {
  const { code, stdout } = await rig("log-audit");
  assert.equal(code, EXIT.ok);
  assert.match(stdout, /^holds: .* by what this home has; not tested: key, independence\n/);
  const [, key = ""] = /^key (.*)$/m.exec(stdout) ?? [];
  assert.match((await rig("log-audit", "--key", key)).stdout, /^holds: .*; not tested: independence\n/);
});

test("a result that has a source holds for who trusts the source by its hash", async () => {
  assert.equal((await rig("provenance", "--out", "att")).code, EXIT.ok);
  const file = join(rig.folder, "att/trust.json");
  const trust = JSON.parse(readFileSync(file, "utf8")) as object;
  const { materials } = JSON.parse((await rig("show", "--json")).stdout) as {
    materials: { name: string; narHash: string }[];
  };
  const hash = materials.find(({ name }) => name === "data")?.narHash ?? "";
  const verified = async (path: string, sources?: object) => {
    writeFileSync(file, JSON.stringify({ ...trust, ...(sources && { sources }) }));
    return rig("verify", path, "--trust", "att/trust.json", "--bundles", "att");
  };
  const unknown = await verified("result");
  assert.equal(unknown.code, EXIT.verification);
  assert.match(unknown.stdout, /fails +provenance\/data +no bundle says.*trusted by `sources`/);
  for (const path of ["result", "result/data"]) {
    const { code, stdout } = await verified(path, { data: [hash] });
    assert.equal(code, EXIT.ok, stdout);
    assert.match(stdout, /holds +source data +sha256:/);
    assert.equal((await verified(path, { data: [`sha256:${"0".repeat(64)}`] })).code, EXIT.verification);
  }
});

test("words that no path, number or name can be end with 2, and say so", { skip: sweep() }, async () => {
  const server = createServer().listen(join(rig.folder, "socket")).unref();
  await once(server, "listening");
  for (const [words, message] of [
    [["graph", "a\0b"], /Cannot use .*a.*b: it holds a NUL/],
    [["verify", "--trust=", "latest"], /Cannot use '' for --trust: it is empty/],
    [["graph", "--out="], /Cannot use '' for --out: it is empty/],
    [["graph", "--out=."], /Cannot use \.: it is a folder/],
    [["archive", "save", "--out=."], /Cannot use \.: it is a folder/],
    [["graph", "--out=socket"], /Cannot use .*socket: no such device or address/],
    [["graph", "--out=../../../../../../.."], /Cannot use .*: resource busy or locked/],
    [["completion", "__proto__"], /it must be bash, zsh or fish/],
    [["cache", "pull", `/nix/store/${"0".repeat(32)}-x`], /The argument --from is missing/],
  ] as const) {
    const { code, stderr } = await rig(...words);
    assert.match(stderr, message);
    assert.equal(code, EXIT.usage, words.join(" "));
  }
  server.close();
  assert.notEqual((await rig("audit", "--jobs", "99999999999")).code, EXIT.internal);
});

test("a name that is too long, a home that is a link to itself, and a device in the place of an archive end with 2", async () => {
  const long = join(rig.folder, "x".repeat(300));
  write("d.csv", "x\n1\n2\n");
  const made = await rig("capability", "d.csv", "--column", "x", "--usl", "5", "--picture", long);
  assert.equal(made.code, EXIT.usage);
  assert.match(made.stderr, /name too long/);
  const loop = join(rig.folder, "loop");
  symlinkSync("loop", loop);
  for (const home of [long, loop]) {
    const { code, stderr } = await rig.with({ env: { PIPELITE_HOME: home } }, "runs");
    assert.equal(code, EXIT.usage);
    assert.match(stderr, /path is too long|link to itself/);
  }
  const { code, stdout } = await rig("archive", "save", "latest", "--out", "/dev/null", "--json");
  assert.equal(code, EXIT.usage);
  assert.match(stdout, /ARCHIVE_NO_FILE/);
});
