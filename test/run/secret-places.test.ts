// Where a secret may stand and where not, and what is made of an item of a list.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { Project } from "../rig/project.ts";

const TOKEN = "tok-3n/With+signs";
const CONTENT = "for who has the token\n";
const HASH = createHash("sha256").update(CONTENT).digest("hex");
const env = { ...process.env, TOKEN };

const WORDS =
  "answer, check, command, debian, download, each, env, gate, matrix, out, param, pipeline, secret, sh, source, stage, timings, tool";

const NODES_ALONE = new Set([
  "command(TOKEN, [out])",
  "gate(fine, TOKEN)",
  "timings(TOKEN)",
  "each(TOKEN, (x) => fine)",
  "matrix({ a: TOKEN }, ({ a }) => fine)",
  "TOKEN",
]);

test("a secret is refused wherever it is no secret any more", async () => {
  for (const use of [
    'stage(() => import("./a.ts"), { x: 1 }, { name: TOKEN })',
    'stage(() => import("./a.ts"), { x: 1 }, { timeoutMs: TOKEN })',
    'stage(() => import("./a.ts"), { list: [fine, TOKEN] })',
    'stage(() => import("./a.ts"), { text: JSON.stringify({ TOKEN }) })',
    'stage(() => import("./a.ts"), { text: "" + TOKEN })',
    'answer(fine.file("a"), () => import("./a.ts"), { deep: { TOKEN } }, { key: TOKEN })',
    'check({ statement: "x", evidence: fine, formula: "sha256($1)", accept: "value < limit", limit: TOKEN })',
    'check({ statement: TOKEN, evidence: fine, formula: "sha256($1)", accept: "value < 2" })',
    'command(tool("sort"), [out], { name: TOKEN })',
    'command(tool("sort"), [out], { path: [TOKEN] })',
    'command(tool("sort"), [], { stdout: TOKEN })',
    'command(tool("sort"), [out], { stdin: TOKEN })',
    'command(tool("sort"), [out], { copies: { x: TOKEN } })',
    'command(tool("sort"), [], { keep: [TOKEN] })',
    "command(tool(TOKEN), [out])",
    "command(TOKEN, [out])",
    "sh`echo ${TOKEN} > ${out}`",
    "sh({ env: { TOKEN } })`env > ${out}`",
    "debian([TOKEN])",
    'debian(["x1"], { suite: TOKEN })',
    "source(TOKEN)",
    'source("x", { ignore: [TOKEN] })',
    'download({ url: "https://host/x", hash: TOKEN })',
    'download({ url: "https://host/x", hash: "x", name: TOKEN })',
    "gate(fine, TOKEN)",
    "fine.file(TOKEN)",
    "timings(TOKEN)",
    "each(TOKEN, (x) => fine)",
    'each(fine.file("a"), (x) => fine, { name: TOKEN })',
    "matrix({ a: [TOKEN] }, ({ a }) => stage(() => import('./a.ts'), { a }))",
    "matrix({ a: TOKEN }, ({ a }) => fine)",
    "param.text({ default: TOKEN })",
    "param.choice([TOKEN])",
    'env("X", { default: TOKEN })',
    "secret(TOKEN)",
    "TOKEN",
  ]) {
    using project = new Project({
      "a.ts": "export default () => ({ a: '' });",
      "pipeline.ts": `import { ${WORDS} } from "pipelite";
const TOKEN = secret("TOKEN");
const fine = stage(() => import("./a.ts"));
const used = ${use};
export default pipeline({ fine, used: [].concat(used)[0] });`,
    });
    await assert.rejects(
      project.plan({ env }),
      (error) => {
        assert.ok(isPipeliteError(error) && error.exitCode === 2, `${use}: ${String(error)}`);
        assert.match(error.message, /^pipeline.ts:[245]:/, use);
        // Where only a node may stand, any other value is refused in the same words.
        return NODES_ALONE.has(use) || error.code === "SECRET_MISPLACED";
      },
      use,
    );
  }
});

const pipelineOf = (base: string, inside: string) => `
import { each, download, pipeline, secret, stage } from "pipelite";
const TOKEN = secret("TOKEN");
const list = stage(() => import("./list.ts"));
const data = each(list.file("list.json"), (name) =>
  download({ url: "${base}/" + name, headers: { Authorization: ["Bearer ", ${inside}] }, hash: "${HASH}", name }));
export default pipeline({ list, all: stage(() => import("./all.ts"), { data }) });`;

const files = {
  "list.ts": 'export default () => ({ "list.json": ["one", "two"] });',
  "all.ts": 'export default async ({ data }) => ({ "n.json": data.length });',
};

async function withServer(action: (base: string) => Promise<void>): Promise<void> {
  const server = createServer(({ headers }, response) => {
    const isRight = headers.authorization === `Bearer ${TOKEN}`;
    response.writeHead(isRight ? 200 : 401).end(isRight ? CONTENT : "no");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await action(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a secret for what is made of items is known, and searched for, from the beginning", async () => {
  await withServer(async (base) => {
    using project = new Project({ ...files, "pipeline.ts": pipelineOf(base, "TOKEN") });
    const ran = await project.run({ env });
    assert.equal(ran.status, "passed", JSON.stringify(ran.events));
    assert.deepEqual(project.record().secrets, [{ name: "TOKEN", from: "environment", status: "present" }]);
    // The list is made before anything that has the secret is known.
    const codes = JSON.stringify(Array.from(Buffer.from(TOKEN), (byte) => byte + 1));
    using leaking = new Project({
      ...files,
      "list.ts": `export default () => {
        console.log(String.fromCharCode(...${codes}.map((code) => code - 1))); return { "list.json": ["one"] }; };`,
      "pipeline.ts": pipelineOf(base, "TOKEN"),
    });
    const leaked = await leaking.run({ env });
    assert.equal(leaked.status, "failed");
    assert.match(JSON.stringify(leaked.events), /SECRET_FOUND/);
  });
});

test("one that nobody knew of before its item is refused, with the place of it", async () => {
  await withServer(async (base) => {
    const text = pipelineOf(base, 'secret("OTHER")');
    using project = new Project({ ...files, "pipeline.ts": text });
    const ran = await project.run({ env: { ...env, OTHER: TOKEN } });
    assert.equal(ran.status, "failed");
    const failed = ran.events.flatMap((event) =>
      event.type === "stage-finished" && event.failure !== undefined ? [event.failure] : [],
    );
    assert.equal(failed[0]?.code, "SECRET_LATE");
    assert.match(failed[0].message, /pipeline.ts:6:\d+: the secret 'OTHER' comes too late/);
  });
});
