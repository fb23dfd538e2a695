// Documents of images as they are written are read back; trees of the store come out of a layer as they went in.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { NarParser, NarWriter } from "#nix/nar.ts";
import { parseImageConfig, parseImageDocument } from "#package/oci.ts";
import {
  bytesDocument,
  OCI_TYPES,
  isoSeconds,
  writeImageConfig,
  writeImageIndex,
  writeImageManifest,
  writeReferrer,
} from "#package/oci-writer.ts";
import { tellTree, TreeToTar } from "#package/store-layer.ts";
import { readTar } from "#package/tar-reader.ts";
import { TAR_END } from "#package/tar-writer.ts";

const LAYER = {
  ...bytesDocument(OCI_TYPES.layer.gzip, Buffer.from("packed")),
  diffId: `sha256:${"ab".repeat(32)}`,
  comment: "hello",
};
const PLATFORM = { os: "linux", architecture: "amd64" };

describe("documents", () => {
  const start = {
    entrypoint: ["/bin/serve"],
    command: ["--port", "8080"],
    env: { PATH: "/bin", A: "1" },
    user: "nobody",
    folder: "/tmp",
    ports: ["8080", "53/udp"],
    labels: { "org.opencontainers.image.title": "x" },
    health: { command: ["/bin/probe"], intervalMs: 30_000, retries: 3 },
  };
  const config = writeImageConfig(PLATFORM, { layers: [LAYER], createdAt: 1_700_000_000, start });

  test("a configuration says all of how it is started", () => {
    const value = JSON.parse(Buffer.from(config.bytes).toString()) as { config: object; created: string };
    assert.equal(value.created, "2023-11-14T22:13:20Z");
    assert.deepEqual(value.config, {
      Cmd: ["--port", "8080"],
      Entrypoint: ["/bin/serve"],
      Env: ["A=1", "PATH=/bin"],
      ExposedPorts: { "53/udp": {}, "8080/tcp": {} },
      Healthcheck: { Interval: 30_000_000_000, Retries: 3, Test: ["CMD", "/bin/probe"] },
      Labels: { "org.opencontainers.image.title": "x" },
      User: "nobody",
      WorkingDir: "/tmp",
    });
    const { diffIds, platform, env } = parseImageConfig(config.bytes);
    assert.deepEqual([diffIds, platform, env], [["ab".repeat(32)], PLATFORM, ["A=1", "PATH=/bin"]]);
  });

  test("manifests and indexes are read back", () => {
    const manifest = writeImageManifest(config, [LAYER], {});
    const read = parseImageDocument(manifest.bytes);
    assert.deepEqual(read, {
      kind: "manifest",
      config: { mediaType: OCI_TYPES.config, sha256: config.digest.slice(7), size: config.size },
      layers: [{ mediaType: OCI_TYPES.layer.gzip, sha256: LAYER.digest.slice(7), size: LAYER.size }],
    });
    const index = parseImageDocument(writeImageIndex([{ ...manifest, platform: PLATFORM }]).bytes);
    assert.equal(index.kind === "index" && index.manifests[0]?.descriptor.sha256, manifest.digest.slice(7));
  });

  test("a referrer names what it is about, and nothing to be run", () => {
    const content = bytesDocument("application/spdx+json", Buffer.from("{}"));
    const about = { artifactType: "application/spdx+json", content, annotations: {} };
    const value = JSON.parse(Buffer.from(writeReferrer(config, about).bytes).toString()) as {
      subject: object;
      config: { digest: string };
    };
    assert.deepEqual(value.subject, {
      mediaType: config.mediaType,
      digest: config.digest,
      size: config.size,
    });
    // The digest that the image-spec gives for `{}`.
    assert.equal(
      value.config.digest,
      "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    );
  });

  test("times are whole seconds of UTC", () => assert.equal(isoSeconds(1), "1970-01-01T00:00:01Z"));
});

describe("trees of the store in a layer", () => {
  const folder = "test/nix/vectors/nar";
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".nar")))
    test(`${file} comes out as it went in`, () => {
      const nar = readFileSync(`${folder}/${file}`);
      const tar = tarOf(nar, "nix/store/x");
      const again: Uint8Array[] = [];
      const writer = new NarWriter((chunk) => void again.push(Uint8Array.from(chunk)));
      tellTree(tar, { entries: [...readTar(tar)], root: "nix/store/x" }, writer);
      writer.end();
      assert.equal(digestOf(Buffer.concat(again)), digestOf(nar));
    });

  test("what no store path has is refused", () => {
    const tar = Buffer.from(tarOf(readFileSync(`${folder}/executable.nar`), "x"));
    const entries = [...readTar(tar)];
    const [first] = entries;
    assert.ok(first !== undefined);
    const ignored = new NarWriter(() => undefined);
    for (const [change, words] of [
      [{ mode: 0o755 }, /has the mode 755/],
      [{ mtime: 2 }, /has the time 2/],
      [{ uid: 1000 }, /belongs to 1000:0/],
      [{ path: "y" }, /'x' is not where it should be/],
      [{ kind: "fifo" as const }, /is a fifo/],
    ] as const)
      assert.throws(
        () => tellTree(tar, { entries: [{ ...first, ...change }, ...entries.slice(1)], root: "x" }, ignored),
        words,
      );
  });
});

function tarOf(nar: Uint8Array, root: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  const parser = new NarParser(new TreeToTar(root, (bytes) => void pieces.push(Uint8Array.from(bytes))));
  parser.push(nar);
  parser.end();
  return Buffer.concat([...pieces, TAR_END]);
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
