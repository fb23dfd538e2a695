// The same pipeline by the embedded engine in each sandbox and by real Nix: equal paths. Commands, fetches, classical
// addressing, concurrency.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { embeddedEngine } from "#engine/embedded.ts";
import { rebuild } from "#engine/rebuild.ts";
import type { Derivation } from "#nix/derivation.ts";
import { utf8 } from "#base/bytes.ts";
import { sha256 } from "#nix/hash.ts";
import { makeFixedPath, parseStorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { assertNixAccepts, nix } from "../rig/nix.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const files = {
  "pipeline.ts": `
import { check, command, gate, out, pipeline, source, stage, tool } from "pipelite";
const numbers = source("numbers.txt");
const sum = stage(() => import("./sum.ts"), { numbers });
const upper = command(tool("busybox"), ["sh", "-c", "busybox tr a-z A-Z < $words > $0", out], { env: { words: source("words.txt"), PATH: "/none" } });
const copy = command(tool("busybox"), ["cp", gate(sum, "verdict.json").file("sum.txt"), out]);
const classic = stage(() => import("./classic.ts"), { sum }, { addressing: "input" });
const long = stage(() => import("./long.ts"), { sum, counts: Array.from({ length: 50000 }, (_, index) => index) });
const lines = check({ statement: "One line", evidence: [sum, long.file("long.json").at("/1")], formula: "files($1) + 0 * $2", accept: "value == 2" });
export default pipeline({ sum, copy, classic, long, lines });
`,
  "long.ts": `
export default async function long({ sum, counts }) {
  return { "long.json": [await sum.text("sum.txt"), counts.length, process.env.stage ?? null, process.env.stagePath.replace(/.*attr/, "attr")] };
}
`,
  "numbers.txt": "1\n2\n39\n",
  "words.txt": "words\n",
  "sum.ts": `
import type { Source } from "pipelite";
export default async function sum({ numbers }: { numbers: Source }) {
  const total = (await numbers.text()).trim().split("\\n").map(Number).reduce((a, b) => a + b, 0);
  return { "sum.txt": String(total), "verdict.json": { status: "passed", checks: [] } };
}
`,
  "classic.ts": `
import { mkdirSync, writeFileSync } from "node:fs";
export default function classic(_inputs: object, { out }: { out: string }) {
  mkdirSync(out);
  writeFileSync(out + "/self.txt", out);
}
`,
};

test(
  "starter, bubblewrap, unshare, no sandbox and real Nix give the same output paths",
  { skip: peer("nix-store", "bwrap", "busybox", "unshare") },
  async () => {
    const outputs: Record<string, unknown> = {};
    for (const how of [
      { name: "starter", sandbox: "starter" },
      { name: "bubblewrap", sandbox: "bubblewrap" },
      { name: "unshare", sandbox: "unshare" },
      { name: "none", sandbox: "none", stages: ["sum", "copy", "long"] },
      { name: "nix", engine: "nix" },
    ] as const) {
      using project = new Project(files);
      const { name, ...options } = how;
      const ran = await project.run({ ...options, stages: "stages" in how ? [...how.stages] : [] });
      assert.equal(
        ran.status,
        "passed",
        JSON.stringify(ran.events.filter((event) => event.type === "stage-finished")),
      );
      const { sum, copy, long, classic } = ran.outputs;
      outputs[name] = how.name === "none" ? { sum, copy, long } : { sum, copy, long, classic };
      assertNixAccepts(project.home);
    }
    const { bubblewrap, none, ...others } = outputs;
    for (const [name, paths] of Object.entries(others)) assert.deepEqual(paths, bubblewrap, name);
    const { classic, ...withoutClassic } = bubblewrap as Record<string, string>;
    assert.ok(classic?.includes("-classic"));
    assert.deepEqual(none, withoutClassic);
  },
);

test("an output made without a sandbox is not used by a run that has one", async () => {
  using project = new Project(files);
  assert.equal((await project.run({ stages: ["sum"], sandbox: "none" })).ends["sum"], "built");
  assert.equal(
    (await project.run({ stages: ["sum"], sandbox: "none", paranoid: true })).ends["sum"],
    "cached",
  );
  assert.equal((await project.run({ stages: ["sum"] })).ends["sum"], "built");
});

test(
  "a gate that stays shut stops what is behind it, and the rest goes on with keepGoing",
  { skip: peer("busybox") },
  async () => {
    using project = new Project({
      ...files,
      "sum.ts": files["sum.ts"].replace('status: "passed"', 'status: "failed"'),
    });
    const { ends, exitCode, events } = await project.run({ keepGoing: true });
    assert.deepEqual(ends, {
      sum: "built",
      "sum-gate": "failed",
      copy: "skipped",
      classic: "built",
      long: "built",
      lines: "built",
    });
    assert.equal(exitCode, 1);
    const gate = events.find((event) => event.type === "stage-finished" && event.name === "sum-gate");
    assert.ok(gate?.type === "stage-finished");
    assert.equal(gate.failure?.code, "GATE_CLOSED");
    assert.match(gate.failure?.logTail?.join("\n") ?? "", /verdict\.json says 'failed'/);
  },
);

test("an engine that is not there is said so: NIX_NOT_FOUND, exit code 4", async () => {
  using project = new Project(files);
  const path = process.env["PATH"];
  process.env["PATH"] = "/nonexistent";
  try {
    await assert.rejects(project.run({ engine: "nix", stages: ["sum"] }), /no nix-daemon on the PATH/);
  } finally {
    process.env["PATH"] = path;
  }
});

test(
  "runs at once on one store build a stage once: the others wait and take it",
  { skip: sweep() },
  async () => {
    using project = new Project({
      "pipeline.ts": `import { pipeline, stage } from "pipelite";
const slow = stage(() => import("./slow.ts"));
const classic = stage(() => import("./slow.ts"), {}, { addressing: "input" });
export default pipeline({ slow, classic });\n`,
      "slow.ts": `export default async function slow() { await new Promise((done) => setTimeout(done, 1500)); return { x: "1" }; }\n`,
    });
    const runs = await Promise.all([1, 2, 3].map(() => project.run()));
    assert.deepEqual(
      runs.map(({ status }) => status),
      ["passed", "passed", "passed"],
    );
    for (const stage of ["slow", "classic"]) {
      const ends = runs.map((run) => run.ends[stage] ?? "");
      assert.equal(ends.filter((end) => end === "built").length, 1, stage);
      assert.equal(ends.filter((end) => end === "cached").length, 2, stage);
      assert.equal(new Set(runs.map(({ outputs }) => outputs[stage])).size, 1);
    }
  },
);

function fetching(url: string, hash: string, name = "data.txt"): Record<string, string> {
  return {
    "pipeline.ts": `import { download, pipeline } from "pipelite";
export default pipeline({ data: download(${JSON.stringify({ url, hash, name })}) });\n`,
  };
}

const CONTENT = "fetched\n".repeat(1000);
const HASH = `sha256-${createHash("sha256").update(CONTENT).digest("base64")}`;

test(
  "download gets http and file, replays from the store, and real Nix agrees on the path",
  { skip: peer("nix-store") },
  async () => {
    let served = 0;
    const server = createServer((request, response) => {
      served += 1;
      if (request.url === "/moved") response.writeHead(302, { location: "/data.txt" }).end();
      else if (request.url === "/data.txt") response.end(CONTENT);
      else response.writeHead(404).end("no");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      using project = new Project(fetching(`${base}/moved`, HASH));
      const { outputs, status } = await project.run();
      assert.equal(status, "passed");
      const path = outputs["data.txt"] ?? "none";
      assert.equal(readFileSync(join(project.home, path), "utf8"), CONTENT);
      const before = served;
      assert.equal((await project.run({ paranoid: true })).ends["data.txt"], "cached");
      assert.equal(served, before);
      const file = join(project.folder, "copy.txt");
      writeFileSync(file, CONTENT);
      project.write(fetching(pathToFileURL(file).href, HASH));
      assert.equal((await project.run()).outputs["data.txt"], path);
      const printed = nix(
        "nix-store",
        "--print-fixed-path",
        "sha256",
        createHash("sha256").update(CONTENT).digest("hex"),
        "data.txt",
      );
      assert.equal(printed.stdout.trim(), path);
      project.write(fetching(`${base}/gone`, HASH, "other.txt"));
      const gone = await project.run();
      assert.equal(gone.exitCode, 1);
      assert.ok(
        gone.events.some(
          (event) => event.type === "stage-finished" && event.failure?.code === "FETCH_FAILED",
        ),
      );
    } finally {
      server.close();
    }
  },
);

test("a fetched file with another hash is refused: FETCH_HASH_MISMATCH, exit code 3, nothing kept", async () => {
  using project = new Project({});
  const file = join(project.folder, "data.txt");
  writeFileSync(file, "other");
  project.write(fetching(pathToFileURL(file).href, HASH));
  const { exitCode, events } = await project.run();
  assert.equal(exitCode, 3);
  assert.ok(
    events.some((event) => event.type === "stage-finished" && event.failure?.code === "FETCH_HASH_MISMATCH"),
  );
  assert.deepEqual(
    readdirSync(join(project.home, "nix/store")).filter((name) => name.endsWith("-data.txt")),
    [],
  );
});

test(
  "a file that a command takes from a stage must be there: INPUT_FILE_MISSING with the place",
  { skip: peer("busybox") },
  async () => {
    using project = new Project({
      ...files,
      "pipeline.ts": files["pipeline.ts"].replace('.file("sum.txt")', '.file("total.txt")'),
    });
    const { events, exitCode } = await project.run();
    assert.equal(exitCode, 1);
    const failed = events.find(
      (event) => event.type === "stage-finished" && event.failure?.code === "INPUT_FILE_MISSING",
    );
    assert.ok(
      failed?.type === "stage-finished" && failed.failure?.message.includes("pipeline.ts:6:14"),
      JSON.stringify(failed),
    );
    assert.ok(existsSync(project.home));
  },
);

test("a derivation that the engine can't build is refused: DERIVATION_UNSUPPORTED", async () => {
  using project = new Project({});
  using store = openStore(project.home);
  const engine = await embeddedEngine({ store, sandbox: undefined, env: process.env });
  const derivation: Derivation = {
    name: "two",
    outputs: new Map([
      ["dev", { kind: "floating", method: "recursive", algorithm: "sha256" }],
      ["out", { kind: "floating", method: "recursive", algorithm: "sha256" }],
    ]),
    inputDrvs: new Map(),
    inputSrcs: [],
    system: "x86_64-linux",
    builder: "/none",
    args: [],
    env: new Map(),
  };
  const outcome = await engine.build({
    name: "two",
    drvPath: await store.addDerivation(derivation),
    derivation,
    onLog: () => undefined,
    signal: new AbortController().signal,
  });
  assert.equal(outcome.status === "failed" && outcome.error.code, "DERIVATION_UNSUPPORTED");
});

test("a derivation gets no variable of who builds it but those of proxies, whatever it asks for", async () => {
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts")) });`,
    "one.ts": 'export default () => ({ "a.txt": "a" });',
  });
  const { runId } = await project.run();
  const drvPath = parseStorePath(project.record(runId).stages[0]?.drvPath ?? "");
  using store = openStore(project.home);
  const { builder, inputSrcs, system } = store.readDerivation(drvPath);
  const code = `require("fs").writeFileSync(process.env.out, JSON.stringify([process.env.http_proxy, process.env.SECRET]))`;
  const hash = sha256(utf8(JSON.stringify(["proxy", ""])));
  const fixed = { method: "flat", hash: { algorithm: "sha256", bytes: hash } } as const;
  const path = makeFixedPath({ name: "asks", ...fixed });
  const derivation: Derivation = {
    name: "asks",
    outputs: new Map([["out", { kind: "fixed", path, ...fixed }]]),
    inputDrvs: new Map(),
    inputSrcs,
    system,
    builder,
    args: ["-e", code],
    env: new Map([
      ["out", path],
      ["impureEnvVars", "http_proxy SECRET"],
    ]),
  };
  const env = { ...process.env, http_proxy: "proxy", SECRET: "secret" };
  const engine = await embeddedEngine({ store, sandbox: undefined, env });
  const outcome = await engine.build({
    name: "asks",
    drvPath: await store.addDerivation(derivation),
    derivation,
    onLog: () => undefined,
    signal: new AbortController().signal,
  });
  assert.equal(outcome.status, "built", outcome.status === "failed" ? outcome.error.message : "");
  // Who audits or rebuilds what may be anybody's does not even give it a network.
  const signal = new AbortController().signal;
  const place = {
    store,
    kind: "starter",
    folder: project.folder,
    env,
    target: join(project.folder, "a"),
  } as const;
  const again = rebuild({ name: "asks", drvPath, derivation, signal }, place);
  await assert.rejects(again, { code: "DERIVATION_UNSUPPORTED" });
});

test("a stage starts Node by its own path and by fork, and what it starts does so again", async () => {
  const code = `
import { fork, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
export default async function starts() {
  const inner = "const { spawnSync } = require('node:child_process'); process.stdout.write(spawnSync(process.execPath, ['-p', '6 * 7']).stdout)";
  const { status, stdout } = spawnSync(process.execPath, ["-e", inner], { encoding: "utf8" });
  writeFileSync("child.cjs", "process.on('message', (n) => { process.send(n + 1); process.disconnect(); });");
  const child = fork("child.cjs");
  const answer = await new Promise((done) => { child.once("message", done); child.send(41); });
  return { "starts.json": { status, stdout, answer } };
}
`;
  using project = new Project({
    "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ starts: stage(() => import("./starts.ts")) });
`,
    "starts.ts": code,
  });
  const { outputs } = await project.run({});
  const file = join(project.home, outputs["starts"] ?? "", "starts.json");
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { status: 0, stdout: "42\n", answer: 42 });
});

test(
  "a program that closes its output before it ends is ended by nobody, on both engines",
  { skip: peer("nix-store", "busybox") },
  async () => {
    using project = new Project({
      "pipeline.ts": `
import { command, out, pipeline, tool } from "pipelite";
const late = command(tool("busybox"), ["sh", "-c", "exec >&- 2>&-; busybox sleep 1; echo late > $0", out], { env: { PATH: "/none" } });
export default pipeline({ late });
`,
    });
    const built = await project.run({ engine: "nix" });
    assert.deepEqual(built.ends, { late: "built" });
    using other = new Project({ "pipeline.ts": readFileSync(join(project.root, "pipeline.ts"), "utf8") });
    assert.deepEqual((await other.run()).outputs, built.outputs);
  },
);
