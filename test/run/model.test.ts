// A model's answer in a hermetic run: asked once, checked, pinned, replayed; anything else never counts.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable, pipeline } from "node:stream";
import { after, before, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { Project } from "../rig/project.ts";

const files = {
  "pipeline.ts": `
import { answer, pipeline, stage } from "pipelite";
const ask = stage(() => import("./ask.ts"));
const poem = answer(ask.file("request.json"), () => import("./check.ts"));
const book = stage(() => import("./book.ts"), { poem });
export default pipeline({ book });
`,
  "ask.ts": `export default function ask() { return { "request.json": { messages: [{ role: "user", content: "a word of seven letters" }], temperature: 0 } }; }\n`,
  "check.ts": `
import type { Source } from "pipelite";
export default async function check({ answer }: { answer: Source }) {
  const word = (await answer.text()).trim();
  if (word.length !== 7) throw new Error("not seven letters: " + word);
  return { "word.txt": word };
}
`,
  "book.ts": `
import type { Input } from "pipelite";
import type check from "./check.ts";
export default async function book({ poem }: { poem: Input<typeof check> | null }) {
  return { "page.txt": poem === null ? "composed" : "answered: " + (await poem.text("word.txt")) };
}
`,
};

let reply: { status: number; body: unknown };
let asked: { url: string | undefined; body: Record<string, unknown> }[] = [];
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk: Buffer) => (text += chunk.toString()));
  request.on("end", () => {
    asked.push({ url: request.url, body: JSON.parse(text) as Record<string, unknown> });
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
  });
});
let url: string;
let project: Project;
before(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  project = new Project(files);
});
after(() => {
  server.close();
  project[Symbol.dispose]();
});

function completion(content: string, finish_reason = "stop") {
  return { status: 200, body: { choices: [{ message: { role: "assistant", content }, finish_reason }] } };
}

const lock = () => join(project.root, "pipelite.lock.json");

function page(outputs: Record<string, string | undefined>): string {
  return readFileSync(join(project.home, outputs["book"] ?? "none", "page.txt"), "utf8");
}

test("without a model the input is null, and nothing is asked", async () => {
  const { status, outputs } = await project.run();
  assert.equal(status, "passed");
  assert.equal(page(outputs), "composed");
  assert.equal(asked.length, 0);
});

const bad: { name: string; reply: { status: number; body: unknown }; code: string }[] = [
  {
    name: "an error status",
    reply: { status: 404, body: { error: "model not found" } },
    code: "MODEL_REFUSED",
  },
  {
    name: "an error object with status 200",
    reply: { status: 200, body: { error: "pull model manifest: file does not exist" } },
    code: "MODEL_REFUSED",
  },
  { name: "no JSON", reply: { status: 200, body: "<html>busy</html>" }, code: "MODEL_REFUSED" },
  { name: "no choices", reply: { status: 200, body: { choices: [] } }, code: "MODEL_REFUSED" },
  { name: "an answer that is cut off", reply: completion("sevenle", "length"), code: "MODEL_REFUSED" },
  { name: "an empty answer", reply: completion("  "), code: "MODEL_REFUSED" },
  { name: "an answer that fails its check", reply: completion("short"), code: "STAGE_FAILED" },
];

for (const { name, reply: answer, code } of bad) {
  test(`${name} fails the run with ${code} and is not pinned`, async () => {
    reply = answer;
    const { status, exitCode, events } = await project.run({ model: { url, name: "m1" } });
    assert.equal(status, "failed");
    assert.equal(exitCode, 1);
    const failures = events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure?.code ?? []) : [],
    );
    assert.deepEqual(failures, [code]);
    assert.equal(existsSync(lock()), false);
  });
}

function* endless(): Generator<Buffer> {
  const piece = Buffer.alloc(2 ** 20, " ");
  for (;;) yield piece;
}

test("an endpoint that talks without end is not listened to for ever: MODEL_REFUSED", async () => {
  const talker = createServer((request, response) => {
    request.resume();
    pipeline(Readable.from(endless()), response, () => undefined);
  });
  await new Promise<void>((done) => talker.listen(0, "127.0.0.1", done));
  try {
    const { port } = talker.address() as AddressInfo;
    const { events } = await project.run({ model: { url: `http://127.0.0.1:${port}/v1`, name: "m1" } });
    const failures = events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure?.code ?? []) : [],
    );
    assert.deepEqual(failures, ["MODEL_REFUSED"]);
  } finally {
    talker.closeAllConnections();
    talker.close();
  }
});

test("an unreachable endpoint fails the run with MODEL_UNREACHABLE", async () => {
  const { events } = await project.run({ model: { url: "http://127.0.0.1:9/v1", name: "m1" } });
  assert.ok(
    events.some((event) => event.type === "stage-finished" && event.failure?.code === "MODEL_UNREACHABLE"),
  );
});

test("a model without an endpoint and without a pinned answer fails with MODEL_URL_MISSING", async () => {
  const { events } = await project.run({ model: { name: "m1" } });
  assert.ok(
    events.some((event) => event.type === "stage-finished" && event.failure?.code === "MODEL_URL_MISSING"),
  );
});

test("a request without messages is refused: MODEL_REQUEST_INVALID", async () => {
  using wrong = new Project({
    ...files,
    "ask.ts": `export default function ask() { return { "request.json": {} }; }\n`,
  });
  const { events } = await wrong.run({ model: { url, name: "m1" } });
  assert.ok(
    events.some(
      (event) => event.type === "stage-finished" && event.failure?.code === "MODEL_REQUEST_INVALID",
    ),
  );
});

test("an answer that passes its check is used and pinned; the request carries the model's name", async () => {
  reply = completion("quavers\n");
  asked = [];
  const { status, outputs, ends } = await project.run({ model: { url, name: "m1" } });
  assert.equal(status, "passed");
  assert.equal(page(outputs), "answered: quavers");
  assert.equal(ends["check-answer"], "built");
  assert.deepEqual(asked, [
    {
      url: "/v1/chat/completions",
      body: { messages: [{ role: "user", content: "a word of seven letters" }], model: "m1", temperature: 0 },
    },
  ]);
  assert.match(readFileSync(lock(), "utf8"), /quavers/);
});

test("it is replayed without asking: by the same home, and by one that has never seen it", async () => {
  asked = [];
  const again = await project.run({ model: { url, name: "m1" }, paranoid: true });
  assert.equal(again.ends["check-answer"], "cached");
  using elsewhere = new Project({ ...files, "pipelite.lock.json": readFileSync(lock(), "utf8") });
  const { status, outputs } = await elsewhere.run({ model: { name: "m1" } });
  assert.equal(status, "passed");
  assert.deepEqual(outputs, again.outputs);
  assert.equal(asked.length, 0);
});

test("another model is another request", async () => {
  asked = [];
  reply = completion("octaves");
  const { outputs } = await project.run({ model: { url, name: "m2" } });
  assert.equal(page(outputs), "answered: octaves");
  assert.equal(asked.length, 1);
});

test("a pinned answer that was changed by hand is refused: LOCK_ANSWER_CHANGED, exit code 3", async () => {
  writeFileSync(lock(), readFileSync(lock(), "utf8").replace("octaves", "sixteen"));
  await assert.rejects(
    project.run({ model: { url, name: "m2" } }),
    (error) => isPipeliteError(error, "LOCK_ANSWER_CHANGED") && error.exitCode === 3,
  );
});

test("a pinned answer that is none is refused by the file's name: LOCK_FILE_INVALID", async () => {
  const before = readFileSync(lock(), "utf8");
  for (const odd of ["5", "null", "{}", '{"model":"m","hash":"x","answer":[]}']) {
    writeFileSync(lock(), before.replaceAll(/: \{\s+"answer": [^}]*\}/g, `: ${odd}`));
    await assert.rejects(
      project.run({ model: { url, name: "m2" } }),
      (error) => isPipeliteError(error, "LOCK_FILE_INVALID") && error.message.includes(lock()),
    );
  }
});

test("a lock file that is none is refused with its name", async () => {
  writeFileSync(lock(), "{");
  await assert.rejects(
    project.run({ model: { url, name: "m2" } }),
    (error) => isPipeliteError(error, "LOCK_FILE_INVALID") && error.message.includes(lock()),
  );
});
