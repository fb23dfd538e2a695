// A secret is used by a download or an answer, and is nowhere else: not in a derivation, a record, a log, the store, an event, a
// message, or what other programs get. Whatever lets one out fails the run, and nothing of it is kept.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { Secrets } from "#secrets/secrets.ts";
import { findInTree } from "#secrets/tree.ts";
import type { RunOptions } from "#run/options.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const TOKEN = 'tok-3n/With+signs%and"more';
const CONTENT = "what only who has the token gets\n";
const HASH = createHash("sha256").update(CONTENT).digest("hex");
const ENV = { ...process.env, TOKEN };
const searched = new Secrets([{ name: "TOKEN", value: TOKEN }]);

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

async function withServer<T>(handler: Handler, action: (base: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) =>
    handler(request, response, new URL(request.url ?? "/", "http://x")),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await action(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const withToken: Handler = ({ headers }, response, url) => {
  const isRight = headers.authorization === `Bearer ${TOKEN}` || url.searchParams.get("key") === TOKEN;
  response.writeHead(isRight ? 200 : 401).end(isRight ? CONTENT : "no");
};

/** A pipeline with a secret that is declared by a download, and whatever else. */
const pipelineOf = (base: string, more = "", results = "data") => `
import { answer, command, download, env, out, param, pipeline, secret, source, stage, tool } from "pipelite";
const TOKEN = secret("TOKEN");
const data = download({ url: "${base}/data", headers: { Authorization: ["Bearer ", TOKEN] }, hash: "${HASH}", name: "data" });
${more}
export default pipeline({ ${results} });`;

/** Nothing in the home or the project holds the secret, files of databases included. */
async function assertNowhere(project: Project, ran?: Pick<RanOnce, "events">): Promise<void> {
  if (existsSync(project.home)) {
    // Programs that were captured are as they are.
    const include = (path: string): boolean => !/-node-|-libraries\b|\/bin\//.test(path);
    assert.equal(await findInTree(searched, project.home, { include }), undefined, "in the home");
  }
  const told = ran === undefined ? undefined : searched.in(JSON.stringify(ran.events));
  assert.equal(told, undefined, "in the events");
}

async function run(project: Project, more: Partial<RunOptions> = {}): Promise<RanOnce> {
  return project.run({ env: ENV, ...more });
}

function failureOf(ran: RanOnce): { code: string; message: string } | undefined {
  const [failure] = ran.events.flatMap((event) =>
    event.type === "stage-finished" && event.failure !== undefined ? [event.failure] : [],
  );
  return failure;
}

test("a download gets a secret in a header or its URL, and it is nowhere afterwards", async () => {
  await withServer(withToken, async (base) => {
    using project = new Project({ "pipeline.ts": pipelineOf(base) });
    const ran = await run(project);
    assert.equal(ran.ends["data"], "built", JSON.stringify(failureOf(ran)));
    assert.deepEqual(project.record().secrets, [{ name: "TOKEN", from: "environment", status: "present" }]);
    await assertNowhere(project, ran);
    using inUrl = new Project({
      "pipeline.ts": pipelineOf(base).replace(
        /const data = .*/,
        `const data = download({ url: ["${base}/data?key=", TOKEN], hash: "${HASH}", name: "data" });`,
      ),
    });
    const second = await run(inUrl);
    assert.equal(second.ends["data"], "built", JSON.stringify(failureOf(second)));
    const { drvPath } = inUrl.record().stages.find(({ name }) => name === "data") ?? {};
    assert.match(readFileSync(inUrl.door.physical(drvPath ?? ""), "utf8"), /data\?key=\{TOKEN\}/);
    await assertNowhere(inUrl, second);
  });
});

test("a secret comes from a variable, a file or a command; one that is absent is missed only where it is needed", async () => {
  await withServer(withToken, async (base) => {
    using project = new Project({ "pipeline.ts": pipelineOf(base) });
    const file = join(project.folder, "token");
    writeFileSync(file, `${TOKEN}\n`);
    const sources: NonNullable<RunOptions["secrets"]>[] = [
      { TOKEN: { from: "file", path: file } },
      { TOKEN: { from: "command", command: `cat ${file}` } },
      { TOKEN: { from: "environment", variable: "OTHER" } },
    ];
    const missing = await project.run();
    assert.equal(failureOf(missing)?.code, "SECRET_MISSING");
    assert.match(
      failureOf(missing)?.message ?? "",
      /pipeline.ts:4:\d+: the secret 'TOKEN' is needed, and there is none/,
    );
    for (const secrets of sources) {
      using other = new Project({ "pipeline.ts": pipelineOf(base) });
      const ran = await other.run({ secrets, env: { ...process.env, OTHER: TOKEN } });
      assert.equal(ran.ends["data"], "built", JSON.stringify(failureOf(ran)));
      assert.equal(other.record().secrets?.[0]?.from, secrets["TOKEN"]?.from);
      await assertNowhere(other, ran);
    }
    await run(project);
    const again = await project.run({ paranoid: true });
    assert.equal(again.ends["data"], "cached", "without the secret");
    const refused = {
      TOKEN: { from: "command", command: `cat ${file}; cat ${file} >&2; exit 3` },
    } as const;
    await assert.rejects(project.run({ secrets: refused, paranoid: true }), (error) => {
      assert.ok(isPipeliteError(error, "SECRET_SOURCE_FAILED"));
      assert.match(error.message, /from its command: it exited with 3/);
      return searched.in(String(error.stack)) === undefined;
    });
    // It says more than is read, and ends well when it is stopped: what was read is the half of something.
    const cut = { TOKEN: { from: "command", command: "trap '' TERM; yes; exit 0" } } as const;
    await assert.rejects(project.run({ secrets: cut, paranoid: true }), (error) =>
      isPipeliteError(error, "SECRET_SOURCE_FAILED"),
    );
    await assert.rejects(
      project.run({ env: { ...process.env, TOKEN: "short77" }, paranoid: true }),
      (error) => isPipeliteError(error, "SECRET_TOO_SHORT"),
    );
  });
});

/** What a stage lets out, by the ways there are. */
const LEAKS: Readonly<Record<string, string>> = {
  "its log": "console.log(`here: ${token}!`); return {};",
  "its log, cut between two writes": `for (const part of token) {
      process.stdout.write(part); await new Promise((resolve) => setTimeout(resolve, 5));
    } return {};`,
  "its log, across the border of a long line":
    'process.stdout.write("x".repeat(16380) + token + "y".repeat(20000)); return {};',
  "its log, at the very end": "process.stdout.write(token); return {};",
  "its log, in base64 of 20 columns":
    "console.log(Buffer.from(`u:${token}`).toString('base64').replace(/(.{20})/g, '$1\\n')); return {};",
  "its log, URL-encoded": "console.log(encodeURIComponent(token)); return {};",
  "an error": "throw new Error(`cannot reach https://host/?key=${encodeURIComponent(token)}`);",
  "a file": "return { 'a.txt': `x${token}` };",
  JSON: "return { 'a.json': { token } };",
  "the name of a file": "return { ['sub/' + token.replace('/', '/')]: 'x' };",
  "a link":
    "const fs = await import('node:fs'); fs.mkdirSync(out); fs.symlinkSync('../' + token, out + '/link');",
};

for (const [name, code] of Object.entries(LEAKS)) {
  test(`a stage that lets a secret out by ${name} fails the run, and nothing is kept`, async () => {
    await withServer(withToken, async (base) => {
      // How it comes to know it does not matter: what it is given is not the secret, but becomes it.
      const hidden = JSON.stringify(Array.from(Buffer.from(TOKEN), (byte) => byte + 1));
      using project = new Project({
        "pipeline.ts": pipelineOf(
          base,
          `const leak = stage(() => import("./leak.ts"), { codes: ${hidden} });`,
          "data, leak",
        ),
        "leak.ts": `export default async ({ codes }, { out }) => {
  const token = String.fromCharCode(...codes.map((code) => code - 1)); ${code} };`,
      });
      const ran = await run(project, { keepGoing: true, out: join(project.folder, "result") });
      assert.equal(ran.ends["leak"], "failed");
      assert.equal(failureOf(ran)?.code, "SECRET_FOUND", JSON.stringify(failureOf(ran)));
      assert.equal(ran.status, "failed");
      assert.equal(existsSync(join(project.folder, "result")), false);
      await assertNowhere(project, ran);
    });
  });
}

test(
  "what a run is made from is searched before anything of it is in the store",
  { skip: sweep() },
  async () => {
    const unused = "http://127.0.0.1:1";
    const cases: Record<
      string,
      { more: string; files?: Record<string, string>; params?: Record<string, string>; says: RegExp }
    > = {
      "a source": {
        more: 'const used = source("data");',
        files: { "data/sub/.env": `TOKEN=${TOKEN}\n` },
        says: /the file sub\/.env of the source data/,
      },
      code: {
        more: 'const used = stage(() => import("./a.ts"));',
        files: { "a.ts": `export default () => ({ "a": ${JSON.stringify(TOKEN)}.length })` },
        says: /the code of the stage at pipeline\.ts:5:14/,
      },
      "a constant": {
        more: `const used = stage(() => import("./a.ts"), { x: [${JSON.stringify(TOKEN)}] });`,
        says: /what the stage 'used' is given/,
      },
      "a parameter": {
        more: 'const used = stage(() => import("./a.ts"), { x: param.text() });',
        params: { x: `a ${TOKEN}` },
        says: /what the stage 'used' is given/,
      },
      "a variable": {
        more: 'const used = stage(() => import("./a.ts"), { x: env("TOKEN") });',
        says: /what the stage 'used' is given/,
      },
      "a URL": {
        more: `const used = download({ url: "${unused}/?" + ${JSON.stringify(encodeURIComponent(TOKEN))}, hash: "${HASH}" });`,
        says: /what the stage 'fetched' is given/,
      },
    };
    for (const [name, { more, files = {}, params = {}, says }] of Object.entries(cases)) {
      using project = new Project({
        "a.ts": "export default () => ({ a: 'a' });",
        ...files,
        "pipeline.ts": pipelineOf(unused, more, "data, used"),
      });
      const plain = new Project({ "a.ts": "" });
      plain[Symbol.dispose]();
      for (const action of [() => run(project, { params }), () => project.plan({ env: ENV, params })]) {
        await assert.rejects(action, (error) => {
          assert.ok(isPipeliteError(error, "SECRET_FOUND"), `${name}: ${String(error)}`);
          assert.match(error.message, says);
          assert.equal(searched.in(`${error.message}${JSON.stringify(error.details)}`), undefined);
          return true;
        });
        await assertNowhere(project);
      }
    }
  },
);

test(
  "a download that fails says nothing of what it sent, and an answer that holds the secret is not kept",
  { skip: sweep() },
  async () => {
    await withServer(withToken, async (base) => {
      const urls = {
        refused: `["${base}/data?key=no", TOKEN]`,
        unreachable: '["http://127.0.0.1:1/?key=", TOKEN]',
        whole: "[TOKEN]",
        "other machines without https": '["http://192.0.2.1/?key=", TOKEN]',
      };
      for (const [name, url] of Object.entries(urls)) {
        using project = new Project({
          "pipeline.ts": pipelineOf(base, "", "data").replace(
            /const data = .*/,
            `const data = download({ url: ${url}, hash: "${HASH}", name: "data" });`,
          ),
        });
        const ran = await run(project);
        assert.equal(failureOf(ran)?.code, "FETCH_FAILED", name);
        assert.match(failureOf(ran)?.message ?? "", /\{TOKEN\}/);
        await assertNowhere(project, ran);
      }
    });
    // A value that no header may have is in what fetch says of it.
    using broken = new Project({ "pipeline.ts": pipelineOf("http://127.0.0.1:1") });
    const value = `${TOKEN}\nX-More: 1`;
    const ran = await broken.run({ env: { ...process.env, TOKEN: value } });
    assert.equal(failureOf(ran)?.code, "FETCH_FAILED");
    assert.equal(new Secrets([{ name: "T", value }]).in(JSON.stringify(ran.events)), undefined);
    const echo = `echo ${TOKEN}`;
    const hash = createHash("sha256").update(echo).digest("hex");
    await withServer(
      (_, response) => response.end(echo),
      async (base) => {
        using project = new Project({ "pipeline.ts": pipelineOf(base).replace(HASH, hash) });
        const answered = await run(project);
        assert.equal(failureOf(answered)?.code, "SECRET_FOUND");
        await assertNowhere(project, answered);
      },
    );
  },
);

test("headers go to the server that the pipeline names, and to no other that this one leads to", async () => {
  const seen: (string | undefined)[] = [];
  await withServer(
    ({ headers }, response) => {
      seen.push(headers["x-key"] as string | undefined, headers.authorization);
      response.end(CONTENT);
    },
    (other) =>
      withServer(
        (_, response, url) => {
          const location = url.pathname === "/data" ? "/here" : other;
          response.writeHead(302, { location }).end();
        },
        async (base) => {
          using project = new Project({
            "pipeline.ts": pipelineOf(base).replace("headers: {", 'headers: { "X-Key": TOKEN,'),
          });
          const ran = await run(project);
          assert.equal(ran.ends["data"], "built", JSON.stringify(failureOf(ran)));
        },
      ),
  );
  assert.deepEqual(seen, [undefined, undefined]);
});

test("a secret has no place but a download and an answer", async () => {
  for (const use of [
    'stage(() => import("./a.ts"), { token: TOKEN })',
    'stage(() => import("./a.ts"), { options: { deep: [TOKEN] } })',
    'command(tool("sort"), [TOKEN, out])',
    'command(tool("sort"), [out], { env: { TOKEN } })',
    "source(`${TOKEN}`)",
    'download({ url: `https://host/${TOKEN}`, hash: "x" })',
  ]) {
    using project = new Project({
      "a.ts": "",
      "pipeline.ts": pipelineOf("http://127.0.0.1:1", `const used = ${use};`, "used"),
    });
    await assert.rejects(run(project), (error) => isPipeliteError(error, "SECRET_MISPLACED"), use);
  }
});

test("the name of a secret, and a text with secrets, are checked where they are written", async () => {
  for (const [use, code] of [
    ['secret("no name")', "SECRET_NAME_INVALID"],
    ['download({ url: ["https://host/", 5], hash: "x" })', "SECRET_TEXT_INVALID"],
  ] as const) {
    using project = new Project({
      "pipeline.ts": pipelineOf("http://127.0.0.1:1", `const used = ${use};`, "used"),
    });
    await assert.rejects(run(project), (error) => isPipeliteError(error, code), use);
  }
});

test("the processes of a run have a secret neither in their words nor, in the sandbox, in their environment", async () => {
  let words = "";
  const look: Handler = (request, response, url) => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        words += readFileSync(`/proc/${pid}/cmdline`, "latin1");
      } catch {
        // It has ended.
      }
    }
    withToken(request, response, url);
  };
  await withServer(look, async (base) => {
    using project = new Project({
      "pipeline.ts": pipelineOf(base, 'const seen = stage(() => import("./a.ts"), { data });', "seen"),
      "a.ts": 'export default () => ({ "env.json": { ...process.env } });',
    });
    const ran = await run(project);
    assert.equal(ran.ends["seen"], "built", JSON.stringify(failureOf(ran)));
  });
  assert.ok(words.length > 0);
  assert.equal(words.includes(TOKEN), false);
});

test(
  "real Nix never gets a secret, and what leaks under it is removed again",
  { skip: peer("nix-store", "nix-daemon") },
  async () => {
    await withServer(withToken, async (base) => {
      using project = new Project({
        "pipeline.ts": pipelineOf(base, 'const copy = stage(() => import("./a.ts"), { data });', "copy"),
        "a.ts": 'export default async ({ data }) => ({ "a.txt": (await data.text()).toUpperCase() });',
      });
      // What Nix gets is written down by what stands in its place.
      const bin = join(project.folder, "bin");
      mkdirSync(bin);
      for (const program of ["nix-daemon", "nix-store"]) {
        const real = (process.env["PATH"] ?? "")
          .split(delimiter)
          .map((folder) => join(folder, program))
          .find(existsSync);
        writeFileSync(
          join(bin, program),
          `#!/bin/sh\nenv >> ${project.folder}/given; echo "$@" >> ${project.folder}/given\nexec ${real} "$@"\n`,
        );
        chmodSync(join(bin, program), 0o755);
      }
      const env = { ...ENV, PATH: `${bin}:${process.env["PATH"]}` };
      const ran = await run(project, { engine: "nix", env });
      assert.equal(ran.ends["copy"], "built", JSON.stringify(failureOf(ran)));
      const given = readFileSync(join(project.folder, "given"), "utf8");
      assert.match(given, /^PATH=/m);
      assert.equal(given.includes(TOKEN), false);
      await assertNowhere(project, ran);
    });
    for (const code of ["console.log(token); return {};", "return { 'a.txt': token };"]) {
      const hidden = JSON.stringify(Array.from(Buffer.from(TOKEN), (byte) => byte + 1));
      await withServer(withToken, async (base) => {
        using project = new Project({
          "pipeline.ts": pipelineOf(
            base,
            `const leak = stage(() => import("./leak.ts"), { codes: ${hidden} });`,
            "data, leak",
          ),
          "leak.ts": `export default async ({ codes }) => { const token = String.fromCharCode(...codes.map((code) => code - 1)); ${code} };`,
        });
        const ran = await run(project, { engine: "nix", keepGoing: true });
        assert.equal(failureOf(ran)?.code, "SECRET_FOUND", JSON.stringify(failureOf(ran)));
        await assertNowhere(project, ran);
      });
    }
  },
);

test("an answer is asked for with a secret, and one that holds it is neither kept nor pinned", async () => {
  let said = "fine";
  const keys: (string | undefined)[] = [];
  await withServer(
    ({ headers }, response) => {
      keys.push(headers.authorization);
      response.end(JSON.stringify({ choices: [{ finish_reason: "stop", message: { content: said } }] }));
    },
    async (base) => {
      using project = new Project({
        "pipeline.ts": pipelineOf(
          base,
          `const ask = stage(() => import("./ask.ts"));
const told = answer(ask.file("request.json"), () => import("./told.ts"), {}, { key: TOKEN });`,
          "told",
        ),
        "ask.ts": 'export default () => ({ "request.json": { messages: [] } });',
        "told.ts": 'export default async ({ answer }) => ({ "a.txt": await answer.text() });',
      });
      const model = { url: base, name: "m" };
      said = `your key is ${TOKEN}`;
      const leaked = await run(project, { model });
      assert.equal(failureOf(leaked)?.code, "SECRET_FOUND", JSON.stringify(failureOf(leaked)));
      assert.equal(existsSync(join(project.root, "pipelite.lock.json")), false);
      await assertNowhere(project, leaked);
      said = "fine";
      const ran = await run(project, { model });
      assert.equal(ran.ends["told"], "built", JSON.stringify(failureOf(ran)));
      await assertNowhere(project, ran);
    },
  );
  assert.deepEqual(keys, [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
});

test("a variable is a parameter: in record and derivation, set by the run, noticed when it changes, missed when absent", async () => {
  using project = new Project({
    "pipeline.ts": `import { env, pipeline, stage } from "pipelite";
export default pipeline({ a: stage(() => import("./a.ts"), { zone: env("ZONE"), level: env("LEVEL", { default: "low", pattern: /^(low|high)$/ }) }) });`,
    "a.ts": 'export default (given) => ({ "a.json": given });',
  });
  const at = (env: Record<string, string>) => ({
    env: { ...process.env, ...env },
    out: join(project.folder, "result"),
  });
  await assert.rejects(project.run(), (error) => {
    assert.ok(isPipeliteError(error, "ENV_MISSING"));
    assert.match(error.message, /pipeline.ts:2:\d+: the variable ZONE is not set, and has no default/);
    return true;
  });
  await project.run(at({ ZONE: "UTC" }));
  assert.deepEqual(project.record().params, { ZONE: "UTC", LEVEL: "low" });
  const read = () => JSON.parse(readFileSync(join(project.folder, "result/a/a.json"), "utf8")) as unknown;
  assert.deepEqual(read(), { zone: "UTC", level: "low" });
  const same = await project.run(at({ ZONE: "UTC" }));
  assert.equal(same.ends["a"], "cached");
  const other = await project.run(at({ ZONE: "CET", LEVEL: "high" }));
  assert.equal(other.ends["a"], "built");
  assert.deepEqual(read(), { zone: "CET", level: "high" });
  await project.run({ ...at({ ZONE: "CET" }), params: { ZONE: "EST" } });
  assert.deepEqual(read(), { zone: "EST", level: "low" });
  await assert.rejects(project.run(at({ ZONE: "UTC", LEVEL: "medium" })), (error) =>
    isPipeliteError(error, "PARAM_INVALID"),
  );
});
