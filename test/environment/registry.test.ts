// What a registry may answer, and what is made of it: by a small server that knows tokens, passwords, and many ways to fail.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { image } from "#author/environment.ts";
import type { ImageRequest } from "#author/environment-request.ts";
import { hexDigestOf } from "#base/digest.ts";
import { isPipeliteError } from "#base/errors.ts";
import { lockImage } from "#environment/image/lock-image.ts";
import { getBlob } from "#environment/image/registry.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { indexOf, makeImage, THIS_MACHINE } from "../rig/image.ts";
import { StoreRig } from "../store/rig.ts";
import { sweep } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-registry-"));
after(() => rmSync(folder, { recursive: true }));

const made = makeImage({ layers: [{ members: ["etc/", "etc/motd"].map((name) => ({ name })) }] });
const other = makeImage({ layers: [], architecture: "s390x" });
const index = indexOf([
  { image: other, platform: { os: "linux", architecture: "s390x" } },
  { image: other, platform: { os: "unknown", architecture: "unknown" } },
  { image: made, platform: { os: "linux", architecture: THIS_MACHINE } },
]);
const documents = new Map<string, Uint8Array>([
  ["1.0", made.blobs.get(made.manifest) ?? Buffer.alloc(0)],
  ["many", Buffer.from(index)],
  ["foreign", other.blobs.get(other.manifest) ?? Buffer.alloc(0)],
  ["nonsense", Buffer.from("{}")],
  ["nobody", Buffer.from(indexOf([{ image: other, platform: { os: "linux", architecture: "s390x" } }]))],
]);
for (const bytes of [...documents.values(), ...other.blobs.values(), ...made.blobs.values()])
  documents.set(`sha256:${hexDigestOf(bytes)}`, bytes);

type Fault = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => boolean;
let fault: Fault = () => false;
let asked: { url: string; headers: IncomingMessage["headers"] }[] = [];
/** What must be said to be let in; undefined for everybody. */
let pass: string | undefined;
let challenge = "";

const server = createServer((request, response) => {
  const { url = "", headers } = request;
  asked.push({ url, headers });
  if (url.startsWith("/token")) {
    if (fault(request, response, Buffer.alloc(0))) return;
    response.end(JSON.stringify({ token: "TOKEN" }));
    return;
  }
  if (pass !== undefined && headers.authorization !== pass) {
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return;
  }
  const [, kind, name = ""] = /^\/v2\/team\/tools\/(manifests|blobs)\/(.*)$/.exec(url) ?? [];
  const bytes = kind === undefined ? undefined : documents.get(name);
  if (fault(request, response, bytes ?? Buffer.alloc(0))) return;
  if (bytes === undefined) response.writeHead(404).end();
  else response.end(bytes);
});
let port = 0;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
after(() => server.close());
beforeEach(() => {
  [fault, asked, pass, challenge] = [() => false, [], undefined, ""];
});

async function lock(
  name: string,
  { env = {}, mirrors = "" }: { env?: Record<string, string>; mirrors?: string } = {},
) {
  const { request } = image(`127.0.0.1:${port}/team/tools${name}`);
  using rig = new StoreRig();
  return await lockImage(request as ImageRequest, {
    root: folder,
    temporary: join(folder, "temporary"),
    store: rig.store,
    mirrors: mirrorsOf({ PIPELITE_MIRRORS: mirrors }, "/nowhere"),
    env: { HOME: folder, ...env },
    now: new Date(),
    signal: new AbortController().signal,
    say: () => {},
  });
}

function is(code: string, words = /./) {
  return (error: unknown): boolean => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.match(`${error.message} ${error.hint ?? ""}`, words);
    return true;
  };
}

const LOGIN = Buffer.from("me:secret").toString("base64");

function logins(content: unknown): Record<string, string> {
  const file = join(folder, "auth.json");
  writeFileSync(file, JSON.stringify(content));
  return { REGISTRY_AUTH_FILE: file };
}
const login = () => logins({ auths: { [`127.0.0.1:${port}`]: { auth: LOGIN } } });

describe("what a name stands for is pinned", () => {
  test("by a tag", async () => {
    const locked = await lock(":1.0");
    assert.equal(locked.digest, made.manifest);
    assert.deepEqual(
      locked.layers.map(({ sha256, compression }) => [sha256, compression]),
      [[made.layers[0]?.sha256, ".gz"]],
    );
    assert.deepEqual(locked.env, ["PATH=/bin"]);
  });
  test("by a digest", async () => {
    assert.equal((await lock(`@sha256:${made.manifest}`)).manifest, made.manifest);
    assert.equal(asked[0]?.url, `/v2/team/tools/manifests/sha256:${made.manifest}`);
  });
  test("by a tag and a digest: the digest counts", async () => {
    assert.equal((await lock(`:gone@sha256:${made.manifest}`)).manifest, made.manifest);
  });
  test("of several platforms, this machine's", async () => {
    const locked = await lock(":many");
    assert.deepEqual([locked.digest, locked.manifest], [hexDigestOf(index), made.manifest]);
  });
});

describe("a registry that wants to know who asks", () => {
  test("gives a token to everybody", async () => {
    pass = "Bearer TOKEN";
    challenge = `Bearer realm="http://127.0.0.1:${port}/token",service="the \\"registry\\"",scope="x"`;
    await lock(":1.0");
    const token = new URL(asked[1]?.url ?? "", "http://x");
    assert.equal(token.searchParams.get("scope"), "repository:team/tools:pull");
    assert.equal(token.searchParams.get("service"), 'the "registry"');
    assert.equal(asked.filter(({ url }) => url.startsWith("/token")).length, 1, "one token for all");
  });
  test("gives a token to who has logged in", async () => {
    pass = "Bearer TOKEN";
    challenge = `Bearer realm="http://127.0.0.1:${port}/token"`;
    await lock(":1.0", { env: login() });
    assert.equal(asked[1]?.headers.authorization, `Basic ${LOGIN}`);
  });
  test("takes a password", async () => {
    pass = `Basic ${LOGIN}`;
    challenge = 'Basic realm="here"';
    await lock(":1.0", { env: login() });
    await assert.rejects(lock(":1.0"), is("REGISTRY_LOGIN_NEEDED", /podman login/));
  });
  test("takes the password that a mirror's address has", async () => {
    pass = `Basic ${LOGIN}`;
    challenge = 'Basic realm="here"';
    await lock(":1.0", { mirrors: `127.0.0.1:${port}=http://me:secret@127.0.0.1:${port}` });
  });
  test("is given a password by none but who belongs to it", async () => {
    pass = "Bearer TOKEN";
    challenge = `Bearer realm="http://localhost:${port}/token"`;
    await lock(":1.0", { env: login() });
    const [token] = asked.filter(({ url }) => url.startsWith("/token"));
    assert.equal(token?.headers.authorization, undefined);
  });
  for (const [what, realm] of [
    ["from where anybody listens", "ftp://127.0.0.1/token"],
    ["from nowhere", "nowhere"],
    ["by a password of the registry's choice", "http://u:p@127.0.0.1/token"],
  ] as const)
    test(`gets no token ${what}`, async () => {
      pass = "Bearer TOKEN";
      challenge = `Bearer realm="${realm}"`;
      await assert.rejects(lock(":1.0"), is("REGISTRY_LOGIN_NEEDED"));
    });
  test("that refuses the token says so", async () => {
    pass = "Bearer OTHER";
    challenge = `Bearer realm="http://127.0.0.1:${port}/token"`;
    await assert.rejects(lock(":1.0"), is("REGISTRY_LOGIN_NEEDED", /401/));
  });
  test("a file of logins that is none is named", async () => {
    pass = `Basic ${LOGIN}`;
    challenge = "Basic";
    await assert.rejects(lock(":1.0", { env: logins([]) }), is("REGISTRY_AUTH_INVALID", /auth\.json/));
  });
});

describe("what is wrong is said with its code", () => {
  const answer =
    (status: number, headers: Record<string, string> = {}): Fault =>
    (_, response) => {
      response.writeHead(status, headers).end();
      return true;
    };
  test("a tag that there is not", () =>
    assert.rejects(lock(":2.0"), is("IMAGE_UNKNOWN", /there is no 2\.0/)));
  test("forbidden", async () => {
    fault = answer(403);
    await assert.rejects(lock(":1.0"), is("REGISTRY_LOGIN_NEEDED", /403/));
  });
  test("asked too often, for longer than anybody waits", async () => {
    fault = answer(429, { "retry-after": "3600" });
    await assert.rejects(lock(":1.0"), is("REGISTRY_BUSY", /mirror/));
    assert.equal(asked.length, 1);
  });
  test("a server's trouble is waited for, and said when it lasts", async () => {
    let times = 0;
    fault = (_, response) => {
      times += 1;
      if (times > 2) return false;
      response.writeHead(times === 1 ? 500 : 429, { "retry-after": "0" }).end();
      return true;
    };
    await lock(":1.0");
    fault = answer(501);
    await assert.rejects(lock(":1.0"), is("REGISTRY_FAILED", /501/));
  });
  test("other bytes than the digest", async () => {
    fault = (request, response) => {
      if (!request.url?.includes("manifests")) return false;
      response.end("{}");
      return true;
    };
    await assert.rejects(
      lock(`@sha256:${made.manifest}`),
      is("IMAGE_DIGEST_DIFFERS", /came sha256:44136fa3/),
    );
  });
  test("an image for another architecture", () =>
    assert.rejects(
      lock(":foreign"),
      is("IMAGE_PLATFORM_MISSING", /it is for linux\/s390x, wanted is linux/),
    ));
  test("an index without this one", () =>
    assert.rejects(lock(":nobody"), is("IMAGE_PLATFORM_MISSING", /linux\/s390x/)));
  test("a document that is none", () => assert.rejects(lock(":nonsense"), is("IMAGE_DOCUMENT_INVALID")));
  test("a document without end", async () => {
    fault = (_, response) => {
      response.end(Buffer.alloc(5 * 2 ** 20));
      return true;
    };
    await assert.rejects(lock(":1.0"), is("REGISTRY_FAILED", /more than 4194304 bytes/));
  });
});

describe("a blob", () => {
  const sha256 = made.layers[0]?.sha256 ?? "";
  const bytes = made.blobs.get(sha256) ?? Buffer.alloc(0);
  const target = join(folder, "blob");
  const get = (mirrors = "", size = bytes.length) => {
    const registry = `127.0.0.1:${port}`;
    const from = { kind: "registry", image: "tools", registry, repository: "team/tools" } as const;
    return getBlob({ name: "layer", sha256, size, from }, target, {
      mirrors: mirrorsOf({ PIPELITE_MIRRORS: mirrors }, "/nowhere"),
      env: {},
      signal: new AbortController().signal,
    });
  };
  /** Ends in the middle, once. */
  const cut = (then: Fault): Fault => {
    let isFirst = true;
    return (request, response, all) => {
      if (!isFirst) return then(request, response, all);
      isFirst = false;
      response.writeHead(200, { "content-length": all.length });
      response.write(all.subarray(0, 20), () => response.destroy());
      return true;
    };
  };

  test("that was cut short goes on where it broke off", async () => {
    fault = cut((request, response, all) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1]);
      assert.ok(from > 0);
      response.writeHead(206, { "content-range": `bytes ${from}-${all.length - 1}/${all.length}` });
      response.end(all.subarray(from));
      return true;
    });
    await get();
    assert.deepEqual(readFileSync(target), bytes);
  });
  test("comes again where the server knows no ranges", async () => {
    fault = cut(() => false);
    await get();
    assert.deepEqual(readFileSync(target), bytes);
  });
  test("comes again where the server goes on elsewhere", { skip: sweep() }, async () => {
    fault = cut(
      cut((_, response, all) => {
        response.end(all);
        return true;
      }),
    );
    let tries = 0;
    const inner = fault;
    fault = (request, response, all) => {
      tries += 1;
      if (tries !== 2) return inner(request, response, all);
      response.writeHead(206, { "content-range": `bytes 5-${all.length - 1}/${all.length}` });
      response.end(all.subarray(5));
      return true;
    };
    await get();
    assert.deepEqual(readFileSync(target), bytes);
  });
  test("that is longer than it should be is not taken", () =>
    assert.rejects(get("", bytes.length - 1), is("REGISTRY_FAILED", /more than/)));
  test("that is another is not taken", async () => {
    fault = (_, response) => {
      response.end("x");
      return true;
    };
    await assert.rejects(get(), is("IMAGE_DIGEST_DIFFERS"));
  });
  test("that is gone is named", async () => {
    fault = (_, response) => {
      response.writeHead(404).end();
      return true;
    };
    await assert.rejects(get(), is("IMAGE_UNKNOWN", new RegExp(sha256)));
  });
  test("comes from the registry where a mirror has not got it", async () => {
    await get(`127.0.0.1:${port}=http://127.0.0.1:${port}/nothing`);
    assert.equal(asked[0]?.url, `/nothing/v2/team/tools/blobs/sha256:${sha256}`);
    assert.deepEqual(readFileSync(target), bytes);
  });
  test("from elsewhere is fetched without the password", async () => {
    pass = "Bearer TOKEN";
    challenge = `Bearer realm="http://127.0.0.1:${port}/token"`;
    let sent: string | undefined = "nothing";
    const store = createServer((request, response) => {
      sent = request.headers.authorization;
      response.end(bytes);
    });
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    fault = (request, response) => {
      if (request.url?.startsWith("/token") === true) return false;
      const location = `http://127.0.0.1:${(store.address() as AddressInfo).port}/x`;
      response.writeHead(307, { location }).end();
      return true;
    };
    await get();
    store.close();
    assert.equal(sent, undefined);
    assert.deepEqual(readFileSync(target), bytes);
  });
});
