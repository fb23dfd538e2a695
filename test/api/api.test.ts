// docs/api.md: every example runs, in the order of the page, in a project of its own; and what a program may rest on beyond
// the examples.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isPipeliteError, plan, run, runs, show, type RunEvent } from "#api/index.ts";
import { removeTree } from "#base/files.ts";
import { warm } from "../rig/warm-home.ts";
import { sweep } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-api-"));
const project = join(folder, "project");
const home = join(folder, "home");
cpSync(join(import.meta.dirname, "../../examples/measure"), project, { recursive: true });
writeFileSync(join(project, "package.json"), '{ "type": "module" }');
warm(home);
after(() => removeTree(folder));

const page = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code);

function runExample(code: string): string {
  const library = new URL("../../src/api/index.ts", import.meta.url).href;
  writeFileSync(join(project, "example.ts"), code.replace("pipelite/api", library));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "example.ts"],
    { cwd: project, encoding: "utf8", env: { ...process.env, PIPELITE_HOME: home } },
  );
  assert.equal(status, 0, `${code}\n${stderr}`);
  return stdout;
}

test(
  "every example of docs/api.md runs, and prints what the page leads one to expect",
  { skip: sweep() },
  () => {
    const [planned, ran, refused, looked, audited, ...others] = examples.map(runExample);
    assert.deepEqual(others, []);
    assert.match(planned ?? "", /^fit build not built before\n/);
    assert.match(ran ?? "", /^fit built\nnear built\nnear-gate built\npicture built\npassed true\n$/);
    assert.equal(refused, "PIPELINE_NOT_FOUND 2\n");
    assert.equal(looked, "passed 4 as it was written\n");
    assert.equal(audited, "holds true\ntrue\n");
    assert.ok(existsSync(join(project, "result")));
  },
);

test("events come to whoever asks late, whole and in order, and to two readers alike", async () => {
  const running = run({ pipeline: project, home });
  await running.outcome;
  const read = async (): Promise<RunEvent[]> => Array.fromAsync(running);
  const [one, other] = await Promise.all([read(), read()]);
  assert.equal(one[0]?.type, "run-preparing");
  assert.equal(one.at(-1)?.type, "run-finished");
  assert.deepEqual(other, one);
});

test("leaving the loop cancels the run; so does a signal, and the outcome says so", async () => {
  const left = run({ pipeline: project, home, params: { limit: "0.02" } });
  for await (const event of left) if (event.type === "stage-started") break;
  assert.equal((await left.outcome).status, "cancelled");
  const stop = new AbortController();
  const stopped = run({ pipeline: project, home, params: { limit: "0.03" }, signal: stop.signal });
  for await (const event of stopped) if (event.type === "stage-started") stop.abort();
  assert.equal((await stopped.outcome).status, "cancelled");
});

test("what makes a run impossible rejects both the outcome and the loop, with a code", async () => {
  const refused = run({ pipeline: join(folder, "nowhere"), home });
  const isKnown = (error: unknown): boolean => isPipeliteError(error, "PIPELINE_NOT_FOUND");
  await assert.rejects(Array.fromAsync(refused), isKnown);
  await assert.rejects(refused.outcome, isKnown);
  await assert.rejects(plan({ pipeline: join(folder, "nowhere"), home }), isKnown);
});

test("a run is shown by the start of its id, with what is wrong with its record", async () => {
  const [newest] = await runs({ home, max: 1 });
  assert.ok(newest !== undefined);
  assert.equal((await runs({ home, max: 1 })).length, 1);
  const { runId } = await show({ home, run: newest.runId.slice(0, -2) });
  assert.equal(runId, newest.runId);
  const file = join(home, "pipelite/runs", `${runId}.json`);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"cancelled"', '"passed"'));
  assert.match((await show({ home, run: runId })).problem ?? "", /journal/);
  writeFileSync(file, text);
});
