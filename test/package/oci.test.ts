// Names and documents of container images.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isPipeliteError } from "#base/errors.ts";
import { parseImageReference } from "#package/image-reference.ts";
import { parseImageConfig, parseImageDocument, runsOn } from "#package/oci.ts";

const HEX = "a".repeat(64);

test("the name of an image has a registry, a path, a tag and a digest", () => {
  const parts = (text: string) => {
    const reference = parseImageReference(text);
    return reference && [reference.registry, reference.repository, reference.tag, reference.sha256];
  };
  const hub = "docker.io";
  assert.deepEqual(parts("alpine:3.20"), [hub, "library/alpine", "3.20", undefined]);
  assert.deepEqual(parts("team/tools"), [hub, "team/tools", undefined, undefined]);
  assert.deepEqual(parts("docker.io/alpine"), [hub, "library/alpine", undefined, undefined]);
  assert.deepEqual(parts("localhost/x:1"), ["localhost", "x", "1", undefined]);
  assert.deepEqual(parts("127.0.0.1:5000/a/b_c/d--e:V.1-x"), [
    "127.0.0.1:5000",
    "a/b_c/d--e",
    "V.1-x",
    undefined,
  ]);
  assert.deepEqual(parts("[::1]:5000/a"), ["[::1]:5000", "a", undefined, undefined]);
  assert.deepEqual(parts(`r.example/a:1@sha256:${HEX}`), ["r.example", "a", "1", HEX]);
  for (const text of [
    "",
    "Alpine",
    "a//b",
    "a/../b",
    "r.example/",
    "a:",
    "a@sha256:00",
    `a@sha512:${"a".repeat(128)}`,
    `a@sha256:${HEX.toUpperCase()}`,
    "https://r.example/a",
    "me@r.example/a",
    `r.example/${"a/".repeat(200)}a`,
    "a b",
    "a\n",
  ])
    assert.equal(parseImageReference(text), undefined, text);
});

const blob = (more: object = {}) => ({ mediaType: "x", digest: `sha256:${HEX}`, size: 1, ...more });
const layer = (more: object = {}) =>
  blob({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...more });
const manifest = { schemaVersion: 2, config: blob(), layers: [layer()] };

describe("a document is refused", () => {
  const refuse = (name: string, document: unknown, words: RegExp): void =>
    void test(name, () => {
      const text = typeof document === "string" ? document : JSON.stringify(document);
      assert.throws(
        () => parseImageDocument(Buffer.from(text)),
        (error) => isPipeliteError(error, "IMAGE_DOCUMENT_INVALID") && words.test(error.message),
      );
    });
  refuse("that is not JSON", "{", /JSON|Expected/);
  refuse("with a member twice", '{"layers":[],"layers":[]}', /stands twice/);
  refuse("of schema 1", { ...manifest, schemaVersion: 1 }, /schema 2/);
  refuse("that is an index as well", { ...manifest, manifests: [] }, /also an index/);
  refuse(
    "that says it is another",
    { ...manifest, mediaType: "application/vnd.oci.image.index.v1+json" },
    /its type/,
  );
  refuse(
    "with a digest that is a path",
    { ...manifest, config: blob({ digest: "sha256:../../x" }) },
    /not a SHA-256/,
  );
  refuse("with no size", { ...manifest, config: blob({ size: -1 }) }, /no size/);
  refuse("with a size of 2^50", { ...manifest, config: blob({ size: 2 ** 50 }) }, /no size/);
  refuse("with layers that are no list", { ...manifest, layers: {} }, /no list/);
  const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  refuse(
    "with a layer that is elsewhere",
    { ...manifest, layers: [layer({ mediaType: foreign })] },
    /had elsewhere/,
  );
  refuse("with a thousand layers", { ...manifest, layers: Array(1001).fill(layer()) }, /1001 layers/);
});

test("a configuration names its platform and the hashes of its layers", () => {
  const config = {
    os: "linux",
    architecture: "arm64",
    rootfs: { type: "layers", diff_ids: [`sha256:${HEX}`] },
  };
  const read = (value: object) => parseImageConfig(Buffer.from(JSON.stringify(value)));
  assert.deepEqual(read(config), {
    platform: { os: "linux", architecture: "arm64" },
    diffIds: [HEX],
    env: [],
  });
  for (const wrong of [
    { ...config, rootfs: undefined },
    { ...config, architecture: 1 },
    { ...config, rootfs: { type: "layers", diff_ids: ["x"] } },
  ])
    assert.throws(
      () => read(wrong),
      (error) => isPipeliteError(error, "IMAGE_DOCUMENT_INVALID"),
    );
});

test("a machine runs what is for its architecture and no later kind of it", () => {
  const linux = (architecture: string, variant?: string) => ({
    os: "linux",
    architecture,
    ...(variant && { variant }),
  });
  assert.ok(runsOn(linux("amd64"), "amd64"));
  assert.ok(runsOn(linux("arm64", "v8"), "arm64"));
  assert.ok(!runsOn(linux("amd64", "v3"), "amd64"));
  assert.ok(!runsOn(linux("arm64"), "amd64"));
  assert.ok(!runsOn({ os: "windows", architecture: "amd64" }, "amd64"));
});
