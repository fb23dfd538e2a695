// Downloads that go wrong: what may pass is tried again, the rest is said with the stage's name; nothing is kept.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { sweep } from "../rig/peer.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const CONTENT = "fetched\n".repeat(1000);
const HASH = `sha256-${createHash("sha256").update(CONTENT).digest("base64")}`;

/** Fetches from a server that gives each request to `answer`, with the number of requests before it. */
async function fetchFrom(answer: (response: ServerResponse, earlier: number) => void) {
  let requests = 0;
  const server = createServer((_, response) => answer(response, requests++));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  using project = new Project({});
  try {
    return { ...(await fetchUrl(project, `http://127.0.0.1:${port}/data`)), requests };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function fetchUrl(
  project: Project,
  url: string,
  more: object = {},
): Promise<RanOnce & { failure: string }> {
  const fetched = JSON.stringify({ url, hash: HASH, name: "data.txt" });
  project.write({
    "pipeline.ts": `import { download, pipeline } from "pipelite";
export default pipeline({ data: download(${fetched}) });\n`,
  });
  const run = await project.run(more);
  const [failure] = run.events.flatMap((event) =>
    event.type === "stage-finished" && event.failure
      ? [`${event.failure.code} ${event.failure.message}`]
      : [],
  );
  const kept = readdirSync(join(project.home, "pipelite/tmp"));
  assert.deepEqual(kept, [], "nothing unfinished is kept");
  return { ...run, failure: failure ?? "" };
}

function truncate(response: ServerResponse): void {
  response.writeHead(200, { "content-length": CONTENT.length });
  response.write(CONTENT.slice(0, 10), () => response.destroy());
}

test("an answer that ends too early and a 503 are tried again", async () => {
  const { exitCode, requests } = await fetchFrom((response, earlier) => {
    if (earlier === 0) truncate(response);
    else if (earlier === 1) response.writeHead(503).end();
    else response.end(CONTENT);
  });
  assert.equal(exitCode, 0);
  assert.equal(requests, 3);
});

test(
  "what is always cut off fails after five tries, with the stage's name: exit code 1",
  { skip: sweep() },
  async () => {
    const { exitCode, failure, requests } = await fetchFrom(truncate);
    assert.equal(exitCode, 1);
    assert.equal(requests, 5);
    assert.match(failure, /^FETCH_FAILED Stage 'data.txt': .* the connection was closed before/);
  },
);

test("a 404 is not asked for again", async () => {
  const { exitCode, failure, requests } = await fetchFrom((response) => response.writeHead(404).end());
  assert.equal(exitCode, 1);
  assert.equal(requests, 1);
  assert.match(failure, /FETCH_FAILED Stage 'data.txt': .*404/);
});

test("a folder, or nothing, behind file: is said with the stage's name", async () => {
  using project = new Project({});
  mkdirSync(join(project.folder, "folder"));
  for (const [name, says] of [
    ["folder", /Stage 'data.txt': .*it is not a file/],
    ["nothing", /Stage 'data.txt': .*ENOENT|no such file/],
  ] as const) {
    const { exitCode, failure } = await fetchUrl(project, pathToFileURL(join(project.folder, name)).href);
    assert.equal(exitCode, 1);
    assert.match(failure, says);
  }
});

test("a server that sends without end is stopped by the time limit", async () => {
  let timer: NodeJS.Timeout | undefined;
  const server = createServer((_, response) => {
    timer = setInterval(() => response.write("x".repeat(1000)), 10);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  using project = new Project({});
  const { exitCode, failure } = await fetchUrl(project, `http://127.0.0.1:${port}/endless`, {
    costs: { timeoutMs: 500 },
  });
  clearInterval(timer);
  server.closeAllConnections();
  server.close();
  assert.equal(exitCode, 1);
  assert.match(failure, /STAGE_TIMED_OUT/);
});
