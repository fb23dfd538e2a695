// Images: two homes give one digest, whatever was packed before; a layer that is kept wrongly is packed again; what is in an image is
// what the store has, and every change of it is found.
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { verify } from "#app/verify-image.ts";
import { isPipeliteError } from "#base/errors.ts";
import { hexDigestOf } from "#base/digest.ts";
import { parseHash } from "#nix/hash.ts";
import { bytesDocument, writeReferrer } from "#package/oci-writer.ts";
import { BUNDLE_TYPE } from "#ship/statement.ts";
import { pipelite } from "../rig/command.ts";
import { packImages } from "../rig/packing.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const base = mkdtempSync(join(tmpdir(), "images-"));
after(() => rmSync(base, { recursive: true }));

const PIPELINE = (image: string) => `import { pack, pipeline, source, stage } from "pipelite";
const bin = source("bin");
const note = stage(() => import("./note.ts"), { bin });
export default pipeline({ note });
export const hello = pack({
  name: "hello",
  version: "1.0~rc1",
  description: "Says hello",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { hello: bin.file("hello") },
  data: { note },
  image: ${image},
});
`;

const IMAGE = `{
    env: { GREETING: "hello" },
    user: "anna",
    ports: [8080, "53/udp"],
    labels: { "org.example.team": "words" },
    health: { command: ["hello", "--probe"], everySeconds: 30, retries: 3 },
  }`;

function filesWith(image = IMAGE): Record<string, string> {
  return {
    "pipeline.ts": PIPELINE(image),
    "note.ts": `import type { Source } from "pipelite";
export default function note({ bin }: { bin: Source }) { return { "note.txt": bin.path }; }`,
    "bin/hello": "#!/bin/sh\necho hello\n",
  };
}

async function projectWith(image?: string): Promise<Project> {
  const project = new Project(filesWith(image));
  chmodSync(join(project.root, "bin/hello"), 0o755);
  await project.run();
  return project;
}

function packed(project: Project, more: Parameters<typeof packImages>[1] = {}) {
  return packImages(project, { out: mkdtempSync(join(base, "out-")), ...more });
}

const EMPTY_BILL = '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"dependencies":[]}';
const LAYOUT = `hello-1.0-rc1-${process.arch === "arm64" ? "arm64" : "amd64"}.oci`;

function blob(layout: string, digest: string): Buffer {
  return readFileSync(join(layout, "blobs/sha256", digest.replace("sha256:", "")));
}

function documentsOf(layout: string) {
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as {
    manifests: { digest: string }[];
  };
  const [first] = index.manifests;
  const manifest = JSON.parse(blob(layout, first?.digest ?? "").toString()) as {
    config: { digest: string };
    layers: { digest: string; annotations?: Record<string, string> }[];
    annotations: Record<string, string>;
  };
  const config = JSON.parse(blob(layout, manifest.config.digest).toString()) as {
    config: Record<string, unknown>;
    created: string;
  };
  return { index, manifest, config };
}

describe("an image", () => {
  test("has one digest in two homes, of another umask, and from what was packed before", async () => {
    using one = await projectWith();
    const first = await packed(one, { out: join(base, "one") });
    const before = process.umask(0o077);
    try {
      using other = await projectWith();
      assert.deepEqual(
        await withoutRun(packed(other, { out: join(base, "other") })),
        await withoutRun(first),
      );
      assert.deepEqual(await withoutRun(packed(one, { out: join(base, "again") })), await withoutRun(first));
    } finally {
      process.umask(before);
    }
    for (const name of filesBelow(join(base, "one", LAYOUT)))
      for (const out of ["other", "again"])
        assert.deepEqual(
          readFileSync(join(base, out, LAYOUT, name)),
          readFileSync(join(base, "one", LAYOUT, name)),
          name,
        );
  });

  test("says how it is started, and what it is", () => {
    const { manifest, config } = documentsOf(join(base, "one", LAYOUT));
    const { Labels, ...started } = config.config;
    assert.deepEqual(started, {
      Entrypoint: ["/usr/bin/hello"],
      Env: ["GREETING=hello", "PATH=/usr/bin:/bin"],
      ExposedPorts: { "53/udp": {}, "8080/tcp": {} },
      Healthcheck: { Interval: 30_000_000_000, Retries: 3, Test: ["CMD", "/usr/bin/hello", "--probe"] },
      User: "anna",
    });
    assert.equal(config.created, "2026-11-30T00:00:00Z");
    const labels = Labels as Record<string, string>;
    assert.equal(labels["org.opencontainers.image.version"], "1.0~rc1");
    assert.equal(labels["org.example.team"], "words");
    for (const [name, value] of Object.entries(labels)) assert.equal(manifest.annotations[name], value);
    assert.match(manifest.annotations["dev.pipelite.packing"] ?? "", /^node-zlib-chromium\/gzip-6\//);
  });

  test("names every path that is in a layer", () => {
    const { manifest } = documentsOf(join(base, "one", LAYOUT));
    const names = manifest.layers.flatMap(
      ({ annotations = {} }) => annotations["dev.pipelite.layer.paths"]?.split(" ") ?? [],
    );
    assert.ok(names.includes("note") && names.includes("bin"), names.join());
  });

  test("has bills of materials beside it, and is signed where that is asked for", async () => {
    using project = await projectWith();
    const out = join(base, "signed");
    const { packages } = await packed(project, { out, isAttested: true });
    const { index } = documentsOf(join(out, LAYOUT));
    const types = index.manifests.slice(1).map((each) => (each as { artifactType?: string }).artifactType);
    const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    assert.deepEqual(types, ["application/vnd.cyclonedx+json", "application/spdx+json", bundle, bundle]);
    const found = await verify({ ...againstOf(project), layout: join(out, LAYOUT) });
    assert.deepEqual(
      [found.status, found.digest],
      ["holds", `sha256:${packages[0]?.sha256}`],
      JSON.stringify(found.checks),
    );
  });

  test("is the same image by another codec, in other bytes", async () => {
    using project = await projectWith();
    const out = join(base, "zstd");
    const { packages } = await packed(project, { out, codec: "zstd", isAttested: true });
    const [own] = packages;
    const [other] = (await packed(project)).packages;
    assert.equal(own?.payload.sha256, other?.payload.sha256);
    assert.notEqual(own?.sha256, other?.sha256);
    const found = await verify({ ...againstOf(project), layout: join(out, LAYOUT) });
    assert.equal(found.status, "holds", JSON.stringify(found.checks));
  });

  test("is not packed at a level that there is not", async () => {
    using project = await projectWith();
    await assert.rejects(packed(project, { level: 10 }), (error) =>
      isPipeliteError(error, "PACK_LEVEL_INVALID"),
    );
  });

  test("does not take what was kept and is damaged", async () => {
    using project = await projectWith();
    const first = await packed(project);
    const kept = project.door.layout.packed;
    for (const name of readdirSync(kept).filter((each) => !each.endsWith(".json")))
      writeFileSync(join(kept, name), "damaged");
    assert.deepEqual(await withoutRun(packed(project)), await withoutRun(first));
  });

  test("is not made of bytes that are not registered", async () => {
    using project = await projectWith();
    const path = project.record().results["note"] ?? "";
    const file = join(project.home, path, "note.txt");
    chmodSync(file, 0o644);
    writeFileSync(file, "changed");
    await assert.rejects(packed(project), (error) => isPipeliteError(error, "SHIPPED_PATH_CHANGED"));
  });

  test("needs to know which of two programs it starts", async () => {
    const two = `{}, services: {}`;
    using project = new Project({
      ...filesWith(two),
      "pipeline.ts": PIPELINE(two).replace(
        'hello: bin.file("hello")',
        'hello: bin.file("hello"), bye: bin.file("hello")',
      ),
    });
    chmodSync(join(project.root, "bin/hello"), 0o755);
    await project.run();
    await assert.rejects(packed(project), (error) => isPipeliteError(error, "PACK_IMAGE_COMMAND"));
  });

  for (const [image, words] of [
    ['{ command: ["bye"] }', /starts no program/],
    ['{ env: { "A B": "1" } }', /'A B' of the image is no variable/],
    ['{ user: "A B" }', /'A B' is not a user/],
    ["{ ports: [99999] }", /'99999' is no port/],
    ['{ folder: "x" }', /'x' is no folder/],
    ['{ labels: { "A": "1" } }', /'A' is no label/],
    ["{ layers: 1 }", /2 to 127 layers/],
    ['{ health: { command: ["hello"], everySeconds: 0 } }', /a number of the health probe/],
    ['{ health: { command: ["bye"] } }', /the health probe of the image starts no program/],
  ] as const)
    test(`that says ${image} is refused where it is written`, async () => {
      using project = new Project(filesWith(image));
      await assert.rejects(
        project.run(),
        (error) => isPipeliteError(error, "PACK_INVALID") && words.test(error.message),
      );
    });
});

test("a file keeps which paths share a layer, and one that is none is refused", async () => {
  using project = await projectWith();
  const layersFile = join(base, "layers.json");
  await packed(project, { layersFile });
  const text = readFileSync(layersFile, "utf8");
  await packed(project, { layersFile });
  assert.equal(readFileSync(layersFile, "utf8"), text);
  writeFileSync(layersFile, '{"version":1,"images":{"hello":[1]}}');
  await assert.rejects(packed(project, { layersFile }), (error) =>
    isPipeliteError(error, "LAYERS_FILE_INVALID"),
  );
});

describe("what lies beside an image", { skip: sweep() }, () => {
  /** The documents of this kind that lie there. */
  function contentsOf(layout: string, kind: string): string[] {
    return documentsOf(layout)
      .index.manifests.filter((each) => (each as { artifactType?: string }).artifactType === kind)
      .map(({ digest }) => {
        const { layers } = JSON.parse(blob(layout, digest).toString()) as { layers: { digest: string }[] };
        return blob(layout, layers[0]?.digest ?? "").toString();
      });
  }

  function attach(layout: string, artifactType: string, text: string): void {
    const { index } = documentsOf(layout);
    const [subject] = index.manifests as [Parameters<typeof writeReferrer>[0]];
    const content = bytesDocument(artifactType, Buffer.from(text));
    const referrer = writeReferrer(subject, { artifactType, content, annotations: {} });
    for (const { digest, bytes } of [content, referrer])
      writeFileSync(join(layout, "blobs/sha256", digest.slice("sha256:".length)), bytes);
    const { mediaType, digest, size } = referrer;
    index.manifests.push({ mediaType, digest, size, artifactType } as { digest: string });
    writeFileSync(join(layout, "index.json"), JSON.stringify(index));
  }

  test("counts by keys that are known, and for this image only", async () => {
    using one = await projectWith();
    const [out, layout] = [join(base, "beside"), join(base, "beside", LAYOUT)];
    await packed(one, { out, isAttested: true });
    assert.equal((await verify({ ...againstOf(one), layout })).status, "holds");
    // Another home has the same paths and the same run, and does not know the key.
    using other = await projectWith();
    const unknown = await verify({ ...againstOf(other), layout });
    assert.equal(unknown.status, "untested");
    assert.match(JSON.stringify(unknown.checks), /whom to believe is said by --trust/);
    const [statement] = contentsOf(layout, BUNDLE_TYPE).slice(-1);
    const changed = join(base, "beside-zstd");
    await packed(one, { out: changed, codec: "zstd" });
    attach(join(changed, LAYOUT), BUNDLE_TYPE, statement ?? "");
    const moved = await verify({ ...againstOf(one), layout: join(changed, LAYOUT) });
    assert.equal(moved.status, "fails");
    assert.match(JSON.stringify(moved.checks), /it is of another image/);
  });

  test("with a trust file, is no pass where nobody vouches for what the image is made of", async () => {
    using project = await projectWith();
    const [folder, attested, bare] = ["trust", "attested", "bare"].map((name) => join(base, name)) as [
      string,
      string,
      string,
    ];
    await packed(project, { out: bare });
    const trustFile = join(folder, "trust.json");
    const words = ["provenance", "--out", folder, "--store", project.home];
    assert.equal((await pipelite(words, { cwd: project.root })).code, 0);
    const nobody = await verify({ ...againstOf(project), layout: join(bare, LAYOUT), trustFile });
    assert.equal(nobody.status, "fails");
    assert.match(JSON.stringify(nobody.checks), /nobody whom the trust file names vouches for/);
    await packed(project, { out: attested, isAttested: true });
    const attestedLayout = { ...againstOf(project), layout: join(attested, LAYOUT), trustFile };
    const part = await verify(attestedLayout);
    assert.match(JSON.stringify(part.checks), /vouches for \/nix\/store\/\w+-bin"/);
    const narHash = project.record().materials.find(({ path }) => path.endsWith("-bin"))?.narHash ?? "";
    const sha256 = Buffer.from(parseHash(narHash).bytes).toString("hex");
    const trust = JSON.parse(readFileSync(trustFile, "utf8")) as object;
    writeFileSync(trustFile, JSON.stringify({ ...trust, sources: { bin: [`sha256:${sha256}`] } }));
    const found = await verify(attestedLayout);
    assert.equal(found.status, "holds", JSON.stringify(found.checks));
  });

  for (const [name, kind, text, status, words] of [
    ["a bundle that is none", BUNDLE_TYPE, "{}", "fails", /signed statement/],
    [
      "a bill that lists nothing",
      "application/vnd.cyclonedx+json",
      EMPTY_BILL,
      "fails",
      /is in the image and not listed/,
    ],
    ["a bill that is none", "application/spdx+json", "{", "fails", /spdx/],
    ["what is not known", "text/plain", "fine", "untested", /not known here/],
  ] as const)
    test(`is no pass where it is ${name}`, async () => {
      using project = await projectWith();
      const out = mkdtempSync(join(base, "beside-"));
      await packed(project, { out });
      attach(join(out, LAYOUT), kind, text);
      const found = await verify({ ...againstOf(project), layout: join(out, LAYOUT) });
      assert.equal(found.status, status, JSON.stringify(found.checks));
      assert.match(JSON.stringify(found.checks), words);
    });
});

describe("an image that was changed", { skip: sweep() }, () => {
  /** A layout whose blobs are changed with all digests that name them: what is left is what it says of itself. */
  function tampered(layout: string, change: (documents: Tampering) => void): string {
    const copy = mkdtempSync(join(base, "tampered-"));
    cpSync(layout, copy, { recursive: true });
    const { index, manifest, config } = documentsOf(copy);
    change({ copy, manifest, config });
    const put = (value: object | Buffer) => {
      const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
      writeFileSync(join(copy, "blobs/sha256", hexDigestOf(bytes)), bytes);
      return { digest: `sha256:${hexDigestOf(bytes)}`, size: bytes.length };
    };
    Object.assign(manifest.config, put(config));
    Object.assign(index.manifests[0] ?? {}, put(manifest));
    index.manifests.length = 1;
    writeFileSync(join(copy, "index.json"), JSON.stringify(index));
    return copy;
  }

  interface Tampering extends Pick<ReturnType<typeof documentsOf>, "manifest" | "config"> {
    copy: string;
  }

  for (const [name, change, words] of [
    [
      "starts something else",
      ({ config }) => void (config.config["Entrypoint"] = ["/bin/evil"]),
      /started otherwise/,
    ],
    [
      "has one layer less",
      ({ manifest, config }) => {
        manifest.layers.shift();
        (config as unknown as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids.shift();
      },
      /named and not in it/,
    ],
  ] as const satisfies [string, (documents: Tampering) => void, RegExp][])
    test(`and ${name} does not hold`, async () => {
      using project = await projectWith();
      const found = await verify({
        ...againstOf(project),
        layout: tampered(join(base, "one", LAYOUT), change),
      });
      assert.equal(found.status, "fails");
      assert.match(JSON.stringify(found.checks), words);
    });

  test("in its layers is no image of ours", async () => {
    using project = await projectWith();
    const swap = ({ config }: Tampering): void => {
      (config as unknown as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids.reverse();
    };
    await assert.rejects(
      verify({ ...againstOf(project), layout: tampered(join(base, "one", LAYOUT), swap) }),
      (error) => isPipeliteError(error, "IMAGE_WRONG") && /another digest than it says/.test(error.message),
    );
  });

  test("is untested where the home knows nothing of it", async () => {
    using project = new Project(filesWith());
    const found = await verify({ ...againstOf(project), layout: join(base, "one", LAYOUT) });
    assert.equal(found.status, "untested");
  });
});

function againstOf(project: Project) {
  return {
    home: project.door,
    which: undefined,
    trustFile: undefined,
    env: {},
    signal: new AbortController().signal,
  };
}

async function withoutRun(made: ReturnType<typeof packed> | Awaited<ReturnType<typeof packed>>) {
  return (await made).packages;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1))
    .toSorted();
}
