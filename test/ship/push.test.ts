// Images into a registry: what it has is not sent, what breaks off goes on, what lies is found out, and the name comes last.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pushToFolder, pushToRegistry } from "#app/push.ts";
import { isPipeliteError } from "#base/errors.ts";
import { bytesDocument, EMPTY_DOCUMENT, OCI_TYPES, writeReferrer } from "#package/oci-writer.ts";
import { layoutSource, readLayout } from "#ship/image/layout.ts";
import { makeImage, writeLayout, type MadeImage } from "../rig/image.ts";
import { startOciRegistry, type RegistryOptions } from "../rig/oci-registry.ts";

const folder = mkdtempSync(join(tmpdir(), "push-"));
after(() => rmSync(folder, { recursive: true }));

const image = makeImage({ layers: [{ members: [{ name: "hello", content: "hello" }] }] });
/** One layer of more than two pieces. */
const large = makeImage({
  layers: [{ members: [{ name: "noise", content: noise(20 * 1024 * 1024) }], compression: "" }],
});
const BLOBS = 2;

function noise(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0, state = 1; at < bytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    content.writeUInt32LE(state, at);
  }
  return content;
}

function layoutOf(made: MadeImage, name: string): string {
  const path = join(folder, name);
  writeLayout(path, [{ image: made, tag: "1.0" }]);
  return path;
}

/** Beside an image: a document that names it. */
function withReferrer(made: MadeImage, name: string): string {
  const path = layoutOf(made, name);
  const bytes = made.blobs.get(made.manifest) ?? Buffer.alloc(0);
  const subject = { mediaType: OCI_TYPES.manifest, digest: `sha256:${made.manifest}`, size: bytes.length };
  const content = bytesDocument("application/spdx+json", Buffer.from("{}\n"));
  const referrer = writeReferrer(subject, {
    artifactType: "application/spdx+json",
    content,
    annotations: {},
  });
  for (const each of [content, referrer, EMPTY_DOCUMENT])
    writeFileSync(join(path, "blobs/sha256", each.digest.slice(7)), each.bytes);
  const file = join(path, "index.json");
  const index = JSON.parse(readFileSync(file, "utf8")) as { manifests: object[] };
  const { mediaType, digest, size } = referrer;
  index.manifests.push({ mediaType, digest, size, artifactType: "application/spdx+json" });
  writeFileSync(file, JSON.stringify(index));
  return path;
}

const small = layoutOf(image, "small");
const big = layoutOf(large, "big");

interface Pushing {
  layout?: string;
  to?: string;
  mounts?: string[];
  env?: Record<string, string>;
}

async function pushTo(options: RegistryOptions, pushing: Pushing = {}) {
  await using registry = await startOciRegistry(options);
  return { registry, result: await pushInto(registry.host, pushing) };
}

function pushInto(host: string, { layout = small, to = "team/demo", mounts = [], env = {} }: Pushing = {}) {
  const { signal } = new AbortController();
  return pushToRegistry({ to: `oci://${host}/${to}`, layouts: [layout], mounts, env, signal });
}

const fails = (code: string, words: RegExp) => (error: unknown) =>
  isPipeliteError(error, code) && words.test(error.message);

describe("what is sent", () => {
  test("blobs, then documents, then the name; the second time nothing", async () => {
    await using registry = await startOciRegistry();
    const first = await pushInto(registry.host);
    assert.equal(first.digest, `sha256:${image.manifest}`);
    assert.deepEqual(first.blobs, { there: 0, mounted: 0, sent: BLOBS });
    const puts = registry.requests.filter((each) => each.startsWith("PUT"));
    assert.equal(puts.at(-1), "PUT /v2/team/demo/manifests/1.0");
    assert.equal(puts.at(-2), `PUT /v2/team/demo/manifests/sha256:${image.manifest}`);
    const second = await pushInto(registry.host, { to: "team/demo:2" });
    assert.deepEqual([second.blobs.there, second.blobs.sent], [BLOBS, 0]);
    assert.deepEqual(registry.manifests.get("team/demo 2"), image.blobs.get(image.manifest));
  });

  test("what another repository has is taken over from it", async () => {
    await using registry = await startOciRegistry();
    await pushInto(registry.host, { to: "other" });
    const { blobs, sentBytes } = await pushInto(registry.host, { mounts: ["nothing", "other"] });
    assert.deepEqual(blobs, { there: 0, mounted: BLOBS, sent: 0 });
    assert.ok(sentBytes <= 2 * (image.blobs.get(image.manifest)?.length ?? 0), `${sentBytes}`);
  });

  test("a large blob goes in pieces, and only the broken one goes twice", async () => {
    let cut = 0;
    const fault: RegistryOptions["fault"] = ({ method, count }) =>
      method === "PATCH" && count === 2 && cut++ === 0 ? "cut" : undefined;
    const { registry, result } = await pushTo({ fault }, { layout: big });
    const size = large.blobs.get(large.layers[0]?.sha256 ?? "")?.length ?? 0;
    assert.equal(registry.blobs.get(`team/demo sha256:${large.layers[0]?.sha256}`)?.length, size);
    assert.ok(
      cut > 0 && result.sentBytes > size && result.sentBytes < 1.6 * size,
      `${result.sentBytes} of ${size}`,
    );
  });

  test("an upload that the registry has forgotten is begun again", async () => {
    let lost = 0;
    const fault: RegistryOptions["fault"] = ({ method }) =>
      method === "PATCH" && lost++ === 1 ? 404 : undefined;
    const { result } = await pushTo({ fault }, { layout: big });
    assert.equal(result.blobs.sent, BLOBS);
  });

  test("two platforms are one name", async () => {
    const other = layoutOf(makeImage({ layers: [], architecture: "arm64" }), "other");
    await using registry = await startOciRegistry();
    const { signal } = new AbortController();
    const to = `oci://${registry.host}/both:1`;
    const pushed = await pushToRegistry({ to, layouts: [other, small], mounts: [], env: {}, signal });
    assert.deepEqual(pushed.platforms.toSorted(), ["linux/amd64", "linux/arm64"]);
    const index = JSON.parse(registry.manifests.get("both 1")?.toString() ?? "") as { manifests: unknown[] };
    assert.equal(index.manifests.length, 2);
    await assert.rejects(
      pushToRegistry({ to, layouts: [small, small], mounts: [], env: {}, signal }),
      fails("LAYOUT_INVALID", /two images are for linux/),
    );
  });
});

describe("images of two platforms in a folder", () => {
  const other = layoutOf(makeImage({ layers: [], architecture: "arm64" }), "other-platform");
  const { signal } = new AbortController();

  test("are one index, with what lies beside them, and the one that a registry gets", async () => {
    const to = join(folder, "both");
    const beside = withReferrer(image, "with-bill");
    const joined = await pushToFolder({ to, layouts: [other, beside], signal });
    assert.deepEqual(joined.platforms, ["linux/amd64", "linux/arm64"]);
    const tree = await readLayout(to);
    assert.deepEqual([tree.tag, tree.images.length, tree.referrers.length], ["1.0", 2, 1]);
    const source = layoutSource(to);
    for (const { manifest } of tree.images)
      for (const blob of [...manifest.layers, manifest.config]) await Array.fromAsync(source.blob(blob));
    const { result } = await pushTo({}, { layout: to });
    assert.equal(result.digest, joined.digest);
  });

  test("are not written over what is there, nor by half", async () => {
    await assert.rejects(
      pushToFolder({ to: small, layouts: [other, big], signal }),
      fails("LAYOUT_THERE", /small/),
    );
    const [broken, to] = [layoutOf(large, "broken"), join(folder, "inside/half")];
    const layer = large.layers[0]?.sha256 ?? "";
    const file = join(broken, "blobs/sha256", layer);
    const bytes = readFileSync(file);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await assert.rejects(
      pushToFolder({ to, layouts: [other, broken], signal }),
      fails("LAYOUT_INVALID", /digest/),
    );
    assert.deepEqual(readdirSync(join(folder, "inside")), []);
    await assert.rejects(
      pushToFolder({ to: join(small, "index.json/x"), layouts: [other, big], signal }),
      fails("LAYOUT_WRITE_FAILED", /index.json/),
    );
  });
});

describe("what lies beside an image", () => {
  test("is in the registry's own list", async () => {
    const { registry, result } = await pushTo({ referrers: true }, { layout: withReferrer(image, "listed") });
    assert.equal(result.referrers, "api");
    assert.ok(!registry.manifests.has(`team/demo sha256-${image.manifest}`));
  });

  test("is found by a tag where the registry has none, beside what others put there", async () => {
    await using registry = await startOciRegistry();
    const layout = withReferrer(image, "tagged");
    const tag = `team/demo sha256-${image.manifest}`;
    const others = {
      schemaVersion: 2,
      manifests: [{ mediaType: OCI_TYPES.manifest, digest: `sha256:${"00".repeat(32)}`, size: 2 }],
    };
    registry.manifests.set(tag, Buffer.from(JSON.stringify(others)));
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await pushInto(registry.host, { layout })).referrers, "tag");
      const index = JSON.parse(registry.manifests.get(tag)?.toString() ?? "") as { manifests: object[] };
      assert.equal(index.manifests.length, 2);
    }
  });
});

test("a list of what lies beside an image that is none is not written over", async () => {
  await using registry = await startOciRegistry();
  const tag = `team/demo sha256-${image.manifest}`;
  for (const list of ["{", '{"manifests":[{}]}', '{"manifests":1}']) {
    registry.manifests.set(tag, Buffer.from(list));
    await assert.rejects(
      pushInto(registry.host, { layout: withReferrer(image, "none") }),
      fails("PUSH_FAILED", /its list of referrers is none/),
    );
    assert.equal(registry.manifests.get(tag)?.toString(), list);
    assert.ok(!registry.manifests.has("team/demo 1.0"));
  }
});

test("a list of what lies beside an image that goes on at another server is not followed", async () => {
  await using registry = await startOciRegistry({ referrers: true, pages: () => "http://127.0.0.1:9/x" });
  const layout = withReferrer(image, "elsewhere");
  const push = () => pushInto(registry.host, { layout });
  await push();
  // Two things lie beside it now, a page each.
  const [other] = [...registry.manifests.values()].filter((bytes) => bytes.includes('"subject"'));
  registry.manifests.set(`team/demo sha256:${"0".repeat(64)}`, Buffer.from(`${other?.toString()} `));
  const rows = [...registry.manifests].toReversed();
  registry.manifests.clear();
  for (const [name, bytes] of rows) registry.manifests.set(name, bytes);
  await assert.rejects(push(), fails("PUSH_FAILED", /goes on at another server/));
});

describe("who asks", () => {
  const file = join(folder, "auth.json");
  const envFor = (host: string, user: string) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, JSON.stringify({ auths: { [host]: { auth: btoa(user) } } }));
    return { REGISTRY_AUTH_FILE: file };
  };
  for (const login of ["basic", "token"] as const)
    test(`is said by ${login}`, async () => {
      await using registry = await startOciRegistry({ user: "anna:secret", login });
      const { host } = registry;
      assert.equal((await pushInto(host, { env: envFor(host, "anna:secret") })).blobs.sent, BLOBS);
      const refused = fails("REGISTRY_REFUSES", /blob sha256:\w+ to 127.0.0.1:\d+\/team\/demo: .*401/);
      await assert.rejects(pushInto(host, { env: envFor(host, "anna:wrong"), to: "team/demo" }), refused);
      await assert.rejects(pushInto(host), refused);
    });
});

describe("a registry that goes wrong", () => {
  test("for a moment is asked again", async () => {
    const fault: RegistryOptions["fault"] = ({ count, path }) =>
      count === 1 && /manifests/.test(path) ? 503 : undefined;
    assert.equal((await pushTo({ fault })).result.blobs.sent, BLOBS);
  });

  for (const [status, code] of [
    [400, "PUSH_FAILED"],
    [403, "REGISTRY_REFUSES"],
    [501, "PUSH_FAILED"],
  ] as const)
    test(`with ${status} in the middle leaves no name`, async () => {
      await using registry = await startOciRegistry({
        fault: ({ method, path }) => (method === "PUT" && /uploads/.test(path) ? status : undefined),
      });
      await assert.rejects(
        pushInto(registry.host),
        fails(code, /blob sha256:\w{64} to 127.0.0.1:\d+\/team\/demo/),
      );
      assert.equal(registry.manifests.size, 0);
    });

  test("and says for how long is believed when that is short, and left when it is long", async () => {
    await using registry = await startOciRegistry({
      fault: ({ method }) => (method === "HEAD" ? 429 : undefined),
      lie: ({ method }) => (method === "HEAD" ? { "retry-after": "3600" } : undefined),
    });
    await assert.rejects(pushInto(registry.host), fails("PUSH_TOO_OFTEN", /asked too often/));
  });

  test("and has a blob of another size, or another digest, is not relied on", async () => {
    await using registry = await startOciRegistry({
      lie: ({ method }) => (method === "HEAD" ? { "content-length": "1" } : undefined),
    });
    for (const each of [image.config, image.layers[0]?.sha256])
      registry.blobs.set(`team/demo sha256:${each}`, Buffer.from("x"));
    await assert.rejects(pushInto(registry.host), fails("REGISTRY_LIES", /says that it is 1 bytes/));
    const other = `sha256:${"ab".repeat(32)}`;
    const lie: RegistryOptions["lie"] = ({ method }) =>
      method === "PUT" ? { "docker-content-digest": other } : undefined;
    await assert.rejects(pushTo({ lie }), fails("REGISTRY_LIES", /abab/));
  });

  test("and gives another image by the name is found out", async () => {
    const swap = (bytes: Buffer) => Buffer.from(bytes.toString().replace("schemaVersion", "schemaversion"));
    await assert.rejects(pushTo({ swap }), fails("REGISTRY_LIES", /tag 1.0/));
  });
});

describe("a layout", () => {
  const broken = (name: string, change: (path: string) => void): string => {
    const path = layoutOf(image, name);
    change(path);
    return path;
  };
  const layer = image.layers[0]?.sha256 ?? "";
  for (const [name, change, words] of [
    ["no-blob", (path) => rmSync(join(path, "blobs/sha256", layer)), /is not there/],
    ["other-bytes", (path) => flip(join(path, "blobs/sha256", layer)), /has another digest/],
    [
      "cut-blob",
      (path) => writeFileSync(join(path, "blobs/sha256", layer), "x"),
      /has 1 bytes, and \d+ are named/,
    ],
    ["other-config", (path) => flip(join(path, "blobs/sha256", image.config)), /has another digest/],
    ["version", (path) => writeFileSync(join(path, "oci-layout"), "{}"), /not of version/],
    ["no-index", (path) => rmSync(join(path, "index.json")), /no oci-layout and index.json/],
    [
      "nothing",
      (path) => writeFileSync(join(path, "index.json"), '{"schemaVersion":2,"manifests":[]}'),
      /0 images/,
    ],
  ] as const satisfies [string, (path: string) => void, RegExp][])
    test(`that is damaged (${name}) is not pushed`, async () => {
      await using registry = await startOciRegistry();
      await assert.rejects(
        pushInto(registry.host, { layout: broken(name, change) }),
        fails("LAYOUT_INVALID", words),
      );
      assert.equal(registry.manifests.size, 0);
    });

  function flip(file: string): void {
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  }
});

test("a name without a host, with a digest or of another scheme is refused", async () => {
  const { signal } = new AbortController();
  for (const to of [
    "oci://demo",
    "docker://x.example/y",
    `oci://x.example/y@sha256:${"0".repeat(64)}`,
    "oci://x.example/",
  ])
    await assert.rejects(
      pushToRegistry({ to, layouts: [small], mounts: [], env: {}, signal }),
      fails("IMAGE_NAME_INVALID", /it is not oci:\/\/HOST/),
    );
});
