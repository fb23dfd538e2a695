// Packages, workers and files beside the code of a stage: what can be bundled is, what must stay beside its files is taken as
// it is installed, and an edit of any of it is noticed.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { openStore } from "#store/store.ts";
import { peer } from "../rig/peer.ts";
import { Project, type ProjectFiles } from "../rig/project.ts";

const pipelineText = `import { pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./stages/a.ts")) });
`;

function projectOf(stage: string, more: ProjectFiles = {}): Project {
  return new Project({ "pipeline.ts": pipelineText, "stages/a.ts": stage, ...more });
}

/** Runs the stage, which must pass. @returns what it returned as "r.json" */
async function result(project: Project, options: Parameters<Project["run"]>[0] = {}): Promise<unknown> {
  const ran = await project.run({ ...options, out: join(project.folder, "result") });
  assert.equal(
    ran.status,
    "passed",
    JSON.stringify(ran.events.filter(({ type }) => type === "stage-finished")),
  );
  return JSON.parse(readFileSync(join(project.folder, "result/a/r.json"), "utf8"));
}

async function reason(project: Project): Promise<string> {
  const { stages } = await project.plan();
  return stages[0]?.reason?.text ?? String(stages[0]?.status);
}

/** What the code of the last run refers to. */
function referencesOf(project: Project): string[] {
  const store = openStore(project.home);
  const { graphDrvPath } = project.record().stages[0] ?? {};
  assert.ok(graphDrvPath !== undefined);
  const code = store.info(graphDrvPath as never)?.references.find((path) => path.endsWith("-a.mjs"));
  const references = (code && store.info(code)?.references) ?? [];
  store.close();
  return references.map((path) => path.slice(path.lastIndexOf("/") + 34)).toSorted();
}

const PLAIN: ProjectFiles = {
  "node_modules/plain/package.json": '{ "name": "plain", "type": "module", "exports": "./index.js" }',
  "node_modules/plain/index.js":
    "// Neither __dirname nor require(x) in a comment counts, nor this.import(x).\nexport const plain = 'bundled';",
};

test("a package of code alone is bundled", async () => {
  using project = projectOf(
    'import { plain } from "plain";\nexport default () => ({ "r.json": [plain] });',
    PLAIN,
  );
  assert.deepEqual(await result(project), ["bundled"]);
  assert.deepEqual(referencesOf(project), []);
});

/** Reads a file beside itself, and depends on another version of a package than its neighbour does. */
const DATA: ProjectFiles = {
  ...PLAIN,
  "node_modules/data/package.json":
    '{ "name": "data", "main": "lib/main.js", "dependencies": { "two": "2", "none": "1" } }',
  "node_modules/data/lib/main.js":
    "exports.read = () => require('fs').readFileSync(__dirname + '/../data.txt', 'utf8') + require('two').version;",
  "node_modules/data/data.txt": "data of ",
  "node_modules/data/node_modules/two/package.json": '{ "name": "two", "main": "two" }',
  "node_modules/data/node_modules/two/two.js": "exports.version = 2;",
  "node_modules/data/node_modules/unused/package.json": "{}",
  "node_modules/two/package.json": '{ "name": "two", "main": "two" }',
  "node_modules/two/two.js": "exports.version = 1;",
};

const USES_DATA = `import { read } from "data";
import { version } from "two";
import { plain } from "plain";
export default () => ({ "r.json": [read(), version, plain] });`;

test("a package that reads files beside itself is taken as it is installed, with what it depends on", async () => {
  using project = projectOf(USES_DATA, DATA);
  assert.deepEqual(await result(project), ["data of 2", 1, "bundled"]);
  assert.deepEqual(referencesOf(project), ["node_modules"]);
  project.write({ "node_modules/data/data.txt": "more of " });
  assert.equal(await reason(project), "node_modules changed");
  assert.deepEqual(await result(project), ["more of 2", 1, "bundled"]);
  project.write({
    "node_modules/other/package.json": "{}",
    "node_modules/data/node_modules/unused/x.js": "",
  });
  assert.equal(await reason(project), "cached", "what it does not use is no part of it");
});

test("packages are found through links, as some managers lay them out", async () => {
  const files = Object.entries(DATA).map(([name, content]) => {
    const inner = name.replace("node_modules/data/node_modules/", "node_modules/.store/two@2/node_modules/");
    return [
      inner.replace("node_modules/data/", "node_modules/.store/data@1/node_modules/data/"),
      content,
    ] as const;
  });
  using project = projectOf(USES_DATA, Object.fromEntries(files));
  const link = (at: string, to: string) => {
    mkdirSync(dirname(join(project.root, at)), { recursive: true });
    symlinkSync(to, join(project.root, at));
  };
  link("node_modules/data", ".store/data@1/node_modules/data");
  link("node_modules/.store/data@1/node_modules/two", "../../two@2/node_modules/two");
  assert.deepEqual(await result(project), ["data of 2", 1, "bundled"]);
});

test("a package of the same repository is bundled with the stage", async () => {
  using project = projectOf('import { here } from "lib";\nexport default () => ({ "r.json": [here] });', {
    "packages/lib/package.json": '{ "name": "lib", "type": "module", "exports": "./lib.ts" }',
    "packages/lib/lib.ts": 'import { read } from "data";\nexport const here: string = read();',
    ...DATA,
  });
  symlinkSync("../packages/lib", join(project.root, "node_modules/lib"));
  assert.deepEqual(await result(project), ["data of 2"]);
  project.write({ "packages/lib/README": "no part of it" });
  assert.equal(await reason(project), "cached");
});

test("a package can be asked for while the stage runs", async () => {
  using project = projectOf(
    `import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const require = createRequire(import.meta.url);
export default () => ({ "r.json": [
  readFileSync(require.resolve("data/data.txt"), "utf8"), readFileSync(new URL(import.meta.resolve("data/data.txt")), "utf8"), require("two").version,
] });`,
    DATA,
  );
  assert.deepEqual(await result(project), ["data of ", "data of ", 1]);
});

const FILES: ProjectFiles = {
  "stages/a.ts": `import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import text from "./note.txt" with { type: "text" };
import bytes from "../assets/two bytes" with { type: "bytes" };
import wasm from "../assets/x.wasm";
import { letters } from "../lib/letters.ts";
const read = (file: string | URL) => readFileSync(file, "utf8");
export default () => ({ "r.json": [
  text, bytes.length, wasm.length, letters(), import.meta.main,
  read(new URL("./note.txt", import.meta.url)),
  read(new URL("../assets/two%20bytes", import.meta.url)),
  read(join(import.meta.dirname, "..", "assets", 'two bytes')),
  read(\`\${import.meta.dirname}/note.txt\`),
  read(import.meta.dirname + "/note.txt"),
  readdirSync(new URL("../assets/", import.meta.url)),
] });`,
  "stages/note.txt": "note",
  "assets/two bytes": "é",
  "assets/x.wasm": "\0asm",
  "lib/letters.ts": `import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
const __dirname = dirname(fileURLToPath(import.meta.url));
export const letters = () => readFileSync(join(__dirname, "letters.txt"), "utf8");
if (import.meta.main) throw new Error("run by itself");`,
  "lib/letters.txt": "abc",
};
const FILES_RESULT = ["note", 2, 4, "abc", false, "note", "é", "é", "note", "note", ["two bytes", "x.wasm"]];

test("files that the code names by where it lies are carried along", async () => {
  using project = new Project({ "pipeline.ts": pipelineText, ...FILES });
  assert.deepEqual(await result(project), FILES_RESULT);
  project.write({ "lib/letters.txt": "xyz" });
  assert.equal(await reason(project), "lib/letters.txt changed");
  project.write({ "lib/letters.txt": "abc", "assets/new": "" });
  assert.equal(await reason(project), "assets changed");
});

const WORKER: ProjectFiles = {
  "stages/a.ts": `import { Worker } from "node:worker_threads";
import { once } from "node:events";
export default async () => {
  const worker = new Worker(new URL("./work/er.ts", import.meta.url), { workerData: 20 });
  const [answer] = await once(worker, "message");
  return { "r.json": answer };
};`,
  "stages/work/er.ts": `import { parentPort, workerData } from "node:worker_threads";
import { readFileSync } from "node:fs";
import { double } from "../../lib/double.ts";
import { read } from "data";
const more: number = Number(readFileSync(new URL("./more.txt", import.meta.url), "utf8"));
parentPort!.postMessage([double(workerData) + more, read()]);`,
  "stages/work/more.txt": "2",
  "lib/double.ts": "export const double = (n: number): number => 2 * n;",
  ...DATA,
};

test("a worker is a bundle of its own, with its files and packages", async () => {
  using project = new Project({ "pipeline.ts": pipelineText, ...WORKER });
  assert.deepEqual(await result(project), [42, "data of 2"]);
  project.write({ "lib/double.ts": "// The same.\nexport const double = (n: number): number => 2 * n;" });
  assert.equal(await reason(project), "cached", "a comment rebuilds nothing");
  project.write({ "lib/double.ts": "export const double = (n: number): number => n + n + 1;" });
  assert.equal(await reason(project), "lib/double.ts changed");
});

test("a worker that starts itself is refused with the place: STAGE_BUNDLE_FAILED", async () => {
  using project = projectOf(
    'import { Worker } from "node:worker_threads";\nexport default () => { new Worker(new URL("./a.ts", import.meta.url)); };',
  );
  await assert.rejects(
    project.plan(),
    (error) =>
      isPipeliteError(error, "STAGE_BUNDLE_FAILED") && /stages\/a\.ts starts itself/.test(error.message),
  );
});

test("both engines give the same paths", { skip: peer("nix-store") }, async () => {
  for (const files of [{ ...DATA, "stages/a.ts": USES_DATA }, FILES, WORKER]) {
    using project = new Project({ "pipeline.ts": pipelineText, ...files });
    const made = await result(project);
    using other = new Project({ "pipeline.ts": pipelineText, ...files });
    assert.deepEqual(await result(other, { engine: "nix" }), made);
    assert.deepEqual((await other.run({ engine: "nix" })).outputs, (await project.run()).outputs);
  }
});
