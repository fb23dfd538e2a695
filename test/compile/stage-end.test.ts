// How the process of a TypeScript stage ends: when its files are returned, whatever it left behind, and never before all that
// it writes is written.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

async function runStage(code: string) {
  using project = new Project({
    "pipeline.ts": `import { pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./a.ts"), {}, { timeoutMs: 60_000 }) });`,
    "a.ts": code,
  });
  const { events } = await project.run();
  const log = events.flatMap((event) => (event.type === "stage-log" ? [event.line] : []));
  const end = events.find((event) => event.type === "stage-finished");
  assert.ok(end?.type === "stage-finished");
  const read = (name: string) => readFileSync(join(project.door.physical(end.outPath ?? ""), name), "latin1");
  return { status: end.status, failure: end.failure?.code, log, text: end.outPath && read("a.txt") };
}

const FILES = 'return { "a.txt": "all of it" };';

for (const [name, line, words] of [
  ["a timer", "setInterval(() => {}, 1000);", "1 timer"],
  ["a far timeout", "setTimeout(() => {}, 1e8); setTimeout(() => {}, 1e7);", "2 timers"],
  ["a server", '(await import("node:net")).createServer().listen("/tmp/socket");', "1 (server|pipe)"],
  ["a port", "new MessageChannel().port1.onmessage = () => {};", "1 message port"],
] as const) {
  test(`${name} that is left behind does not keep a stage alive, and is named`, async () => {
    const { status, log, text } = await runStage(`export default async () => { ${line} ${FILES} };`);
    assert.equal(status, "built");
    assert.equal(text, "all of it");
    assert.match(log.join("\n"), new RegExp(`still open were: ${words}$`));
  });
}

test("a stage that leaves nothing behind says nothing", async () => {
  const { status, log } = await runStage(`export default () => { ${FILES} };`);
  assert.deepEqual([status, log], ["built", []]);
});

test("what is still being written when the files are returned is written whole", async () => {
  const { status, text } = await runStage(`
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { createGzip, createGunzip } from "node:zlib";
export default (_, { out, temp }) => {
  setInterval(() => {}, 1000);
  mkdirSync(out);
  writeFileSync(temp + "/in", "x".repeat(30_000_000));
  createReadStream(temp + "/in").pipe(createGzip()).pipe(createGunzip()).pipe(createWriteStream(out + "/a.txt"));
};`);
  assert.equal(status, "built");
  assert.equal(text?.length, 30_000_000);
});

test("what is still being compressed when the files are returned is written", async () => {
  const { status, text } = await runStage(`
import { mkdirSync, writeFileSync } from "node:fs";
import { brotliCompress } from "node:zlib";
export default (_, { out }) => {
  setInterval(() => {}, 1000);
  mkdirSync(out);
  const text = Array.from({ length: 30_000 }, (_, index) => String(index * 7919)).join();
  brotliCompress(text, () => writeFileSync(out + "/a.txt", "all of it"));
};`);
  assert.deepEqual([status, text], ["built", "all of it"]);
});

test(
  "a worker that comes to its end is waited for, one that does not fails the stage",
  { skip: sweep() },
  async () => {
    const worker = (code: string) =>
      runStage(`import { Worker } from "node:worker_threads";
export default () => { new Worker(${JSON.stringify(code)}, { eval: true }); ${FILES} };`);
    const ended = await worker('setTimeout(() => console.log("worked"), 300)');
    assert.deepEqual([ended.status, ended.log], ["built", ["worked"]]);
    const idle = await worker("setInterval(() => {}, 1000)");
    assert.deepEqual([idle.status, idle.failure], ["failed", "STAGE_FAILED"]);
    assert.match(idle.log.join("\n"), /1 worker thread.* went on for 10 s after/);
  },
);

test("a stage that failed does not wait for what it left behind", async () => {
  const { status, log } = await runStage(
    'export default () => { setInterval(() => {}, 1000); throw new Error("no luck"); };',
  );
  assert.equal(status, "failed");
  assert.match(log.join("\n"), /no luck/);
});

test("a stage that waits for what can't come says so", async () => {
  const { status, log } = await runStage("export default () => new Promise(() => {});");
  assert.equal(status, "failed");
  assert.match(log.join("\n"), /a promise that nothing can settle any more/);
});

test("the heap of a stage is the same on every machine, and larger than any", async () => {
  const code =
    'import v8 from "node:v8"; export default () => ({ "a.txt": String(v8.getHeapStatistics().heap_size_limit) });';
  const { text } = await runStage(code);
  assert.ok(Number(text) > 2 ** 40, String(text));
});
