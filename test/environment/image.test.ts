// Images in files and folders: what is pinned of them, what unpacking one gives, and what is refused.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { image } from "#author/environment.ts";
import type { ImageRequest } from "#author/environment-request.ts";
import { isPipeliteError } from "#base/errors.ts";
import { lock } from "#app/lock.ts";
import { lockedEnvironment, lockKey } from "#environment/environment.ts";
import unpack from "#environment/image/image-unpack.ts";
import { getMember } from "#environment/image/local-image.ts";
import { lockImage } from "#environment/image/lock-image.ts";
import type { LockedImage } from "#environment/image/locked-image.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { makeImage, THIS_MACHINE, writeLayout, writeSaved, type ImageOptions } from "../rig/image.ts";
import { Project } from "../rig/project.ts";
import type { TarMember } from "../rig/tar.ts";
import { StoreRig } from "../store/rig.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-image-"));
after(() => rmSync(folder, { recursive: true }));
let places = 0;
function newPlace(): string {
  places += 1;
  return join(folder, `place-${places}`);
}

const { signal } = new AbortController();
const rest = { mirrors: mirrorsOf({}, "/nowhere"), env: {}, now: new Date(), signal, say: () => {} };
const named = (name: string): TarMember => ({ name });
const one = makeImage({
  layers: [{ members: [named("one")] }, { members: [named("two")], compression: ".zst" }],
});
const two = makeImage({ layers: [{ members: [named("same")] }, { members: [named("same")] }], env: [] });

async function lockFile(name: string, tag?: string): Promise<LockedImage> {
  const { request } = image(`./${name}`, tag === undefined ? {} : { tag });
  using rig = new StoreRig();
  const { store } = rig;
  return await lockImage(request as ImageRequest, { root: folder, temporary: folder, store, ...rest });
}

function is(code: string, words = /./) {
  return (error: unknown): boolean => {
    assert.ok(isPipeliteError(error, code), String(error));
    assert.match(error.message, words);
    return true;
  };
}

describe("an image in a folder", () => {
  writeLayout(join(folder, "layout"), [
    { image: one, tag: "one" },
    { image: two, tag: "two" },
  ]);
  test("is pinned by its digests, the tag says which", async () => {
    const locked = await lockFile("layout", "one");
    assert.deepEqual([locked.digest, locked.config.sha256], [one.manifest, one.config]);
    assert.deepEqual(
      locked.layers.map(({ compression }) => compression),
      [".gz", ".zst"],
    );
    assert.equal((await lockFile("layout", "two")).digest, two.manifest);
  });
  test("must be said where there are several", () =>
    assert.rejects(lockFile("layout"), is("IMAGE_AMBIGUOUS", /'one', 'two'/)));
  test("that is not in it is named, with those that are", () =>
    assert.rejects(lockFile("layout", "three"), is("IMAGE_UNKNOWN", /'three' in it, but 'one', 'two'/)));
  test("is read without following links", async () => {
    const place = newPlace();
    writeLayout(place, [{ image: one }]);
    const blob = join(place, "blobs/sha256", one.manifest);
    rmSync(blob);
    symlinkSync(join(folder, "layout/blobs/sha256", one.manifest), blob);
    await assert.rejects(lockFile(place.slice(folder.length + 1)), is("IMAGE_FILE_INVALID", /is a link/));
  });
  test("has no file that is beside it, whatever its manifest.json names", async () => {
    const place = newPlace();
    mkdirSync(place);
    const beside = "beside-the-images";
    writeFileSync(join(folder, beside), "of the host");
    writeFileSync(join(place, "config.json"), one.blobs.get(one.config) ?? "");
    symlinkSync("..", join(place, "up"));
    for (const name of [`../${beside}`, `up/${beside}`, `x/../../${beside}`, join(folder, beside)]) {
      const saved = { Config: "config.json", RepoTags: ["one:1"], Layers: [name, name] };
      writeFileSync(join(place, "manifest.json"), JSON.stringify([saved]));
      await assert.rejects(
        lockFile(place.slice(folder.length + 1)),
        is("IMAGE_FILE_INVALID", /leads out of it|is a link/),
      );
    }
    const from = { kind: "local-image", image: "x", file: place, member: `up/${beside}` } as const;
    assert.throws(
      () => getMember({ name: "layer", sha256: "0".repeat(64), size: 0, from }, newPlace()),
      is("IMAGE_FILE_INVALID", /is a link/),
    );
  });
  test("has layers of the size that its manifest says", async () => {
    const place = newPlace();
    const [layer] = one.layers;
    const digest = `sha256:${layer?.sha256 ?? ""}`;
    const layers = [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 1 }];
    const members = [named("one")];
    writeLayout(place, [{ image: makeImage({ layers: [{ members }], manifest: { layers } }) }]);
    await assert.rejects(
      lockFile(place.slice(folder.length + 1)),
      is("IMAGE_FILE_INVALID", /says 1 bytes of a layer that has \d+/),
    );
  });
  test("is not waited for where it is a pipe", async () => {
    const place = newPlace();
    mkdirSync(place);
    for (const pipe of ["index.json", "image.tar"]) execFileSync("mkfifo", [join(place, pipe)]);
    const name = place.slice(folder.length + 1);
    await assert.rejects(lockFile(name), is("IMAGE_FILE_INVALID", /it is no file/));
    await assert.rejects(lockFile(`${name}/image.tar`), is("IMAGE_FILE_INVALID", /it is no file/));
  });
  test("is what it says it is", async () => {
    const place = newPlace();
    writeLayout(place, [{ image: one }]);
    writeFileSync(join(place, "blobs/sha256", one.config), "{}");
    await assert.rejects(
      lockFile(place.slice(folder.length + 1)),
      is("IMAGE_DIGEST_DIFFERS", /came sha256:44136/),
    );
  });
  test("for another machine is refused", async () => {
    const place = newPlace();
    writeLayout(place, [{ image: makeImage({ layers: [], architecture: "s390x" }) }]);
    await assert.rejects(lockFile(place.slice(folder.length + 1)), is("IMAGE_PLATFORM_MISSING", /s390x/));
  });
});

describe("an image in a tar", () => {
  writeSaved(join(folder, "saved.tar"), [
    { image: one, tags: ["r.example/one:1"] },
    { image: two, tags: ["two:2"] },
  ]);
  test("of docker save is pinned, links within it followed", async () => {
    const locked = await lockFile("saved.tar", "2");
    assert.equal(locked.digest, two.config);
    const [first, second] = locked.layers;
    assert.deepEqual(first, second);
    const target = newPlace();
    const file = join(folder, "saved.tar");
    const from = { kind: "local-image", image: "x", file, member: second?.member ?? "" } as const;
    getMember({ name: "layer", sha256: second?.sha256 ?? "", size: 0, from }, target);
    assert.deepEqual(readFileSync(target), two.layers[0]?.tar);
    const other = { name: "layer", sha256: "0".repeat(64), size: 0, from };
    assert.throws(() => getMember(other, target), is("IMAGE_DIGEST_DIFFERS"));
    const gone = { ...other, from: { ...from, member: "gone" } };
    assert.throws(() => getMember(gone, target), is("IMAGE_FILE_INVALID", /no gone any more/));
  });
  test("must be said where there are several", () =>
    assert.rejects(lockFile("saved.tar"), is("IMAGE_AMBIGUOUS", /'r.example\/one:1', 'two:2'/)));
  test("that is not there, is packed, or holds something else, is named", async () => {
    await assert.rejects(lockFile("nowhere.tar"), is("IMAGE_FILE_INVALID", /no such file/));
    writeFileSync(join(folder, "x.tar"), gzipSync(readFileSync(join(folder, "saved.tar"))));
    await assert.rejects(lockFile("x.tar"), is("IMAGE_FILE_INVALID", /compressed by gzip/));
    writeFileSync(join(folder, "x.tar"), "hello");
    await assert.rejects(lockFile("x.tar"), is("IMAGE_FILE_INVALID", /cut off/));
    writeFileSync(join(folder, "x.tar"), Buffer.alloc(1024));
    await assert.rejects(lockFile("x.tar"), is("IMAGE_FILE_INVALID", /neither an index.json/));
  });
});

const FOLDERS = ["dev", "tmp", "root", "var/tmp", "nix/store"];

/** Unpacks as the derivation does. */
async function unpacked(options: ImageOptions, more: object = {}): Promise<string> {
  const made = makeImage(options);
  const [out, temp] = [newPlace(), newPlace()];
  mkdirSync(temp);
  const reader = (sha256: string) => {
    const path = join(temp, sha256);
    writeFileSync(path, made.blobs.get(sha256) ?? "");
    return { path, bytes: async () => readFileSync(path) };
  };
  const inputs = {
    config: reader(made.config),
    layers: made.layers.map(({ sha256 }) => reader(sha256)),
    compressions: options.layers.map(({ compression = ".gz" }) => compression),
    architecture: THIS_MACHINE,
    env: options.env ?? ["PATH=/bin"],
    folders: FOLDERS,
    passwd: "nixbld:x:1000:100::/root:/bin/sh",
    ...more,
  };
  await unpack(inputs as unknown as Parameters<typeof unpack>[0], { out, temp, cores: 1 });
  return out;
}

describe("a root that is made of an image", () => {
  test("has files, links and the executable bit, whatever its layers are packed by", async () => {
    const out = await unpacked({
      layers: [
        {
          members: [{ name: "bin/tool", mode: 0o4755, content: "tool", uid: 5 }, named("gone")],
          compression: "",
        },
        {
          members: [{ name: "link", type: "2", target: "bin/tool" }, named(".wh.gone")],
          compression: ".zst",
        },
        { members: [{ name: "again", type: "1", target: "bin/tool" }] },
      ],
    });
    assert.deepEqual(readdirSync(out).toSorted(), [
      ".pipelite.json",
      "again",
      "bin",
      "dev",
      "etc",
      "link",
      "nix",
      "root",
      "tmp",
      "var",
    ]);
    assert.equal(readFileSync(join(out, "again"), "utf8"), "tool");
    assert.equal(statSync(join(out, "bin/tool")).mode & 0o7777, 0o755);
    assert.equal(readlinkSync(join(out, "link")), "bin/tool");
    assert.match(readFileSync(join(out, "etc/passwd"), "utf8"), /^nixbld:/);
    const { dropped } = JSON.parse(readFileSync(join(out, ".pipelite.json"), "utf8")) as { dropped: object };
    assert.deepEqual(dropped, { attributes: 0, devices: 0, hidden: 0, owners: 2, setId: 2 });
  });
  test("has nothing where something is mounted when it is entered, and says how much that was", async () => {
    const out = await unpacked({
      layers: [
        {
          members: [
            ...["tmp/a", "root/.profile", "nix/store/x/y", ".pipelite.json"].map(named),
            { name: "var/tmp", type: "2", target: "/tmp" },
            { name: "dev/null", type: "3", device: [1, 3] as [number, number] },
            { name: "fifo", type: "6" },
          ],
        },
      ],
    });
    for (const name of FOLDERS) assert.deepEqual(readdirSync(join(out, name)), [], name);
    assert.ok(lstatSync(join(out, "var/tmp")).isDirectory());
    const { dropped } = JSON.parse(readFileSync(join(out, ".pipelite.json"), "utf8")) as { dropped: object };
    assert.deepEqual(dropped, { attributes: 0, devices: 1, hidden: 4, owners: 0, setId: 0 });
  });
  test("keeps the users of the image", async () => {
    const content = "root:x:0:0::/root:/bin/sh";
    const out = await unpacked({ layers: [{ members: [{ name: "etc/passwd", content }] }] });
    assert.equal(
      readFileSync(join(out, "etc/passwd"), "utf8"),
      `${content}\nnixbld:x:1000:100::/root:/bin/sh\n`,
    );
  });
  test("has names that are no UTF-8", async () => {
    const out = await unpacked({ layers: [{ members: [named("caf\xe9")] }] });
    assert.ok(readdirSync(out, "buffer").some((name) => name.equals(Buffer.from("caf\xe9", "latin1"))));
  });
});

describe("an image is refused", () => {
  const refuse = (name: string, options: ImageOptions, words: RegExp, more: object = {}): void =>
    void test(name, () =>
      assert.rejects(unpacked(options, more), (error: Error) => {
        assert.match(error.message, /^cannot unpack this image: /);
        assert.match(error.message, words);
        return true;
      }),
    );
  const layers = [{ members: [named("a")] }];
  refuse(
    "with a layer that leads out",
    { layers: [{ members: [named("../a")] }] },
    /layer 1 of 1.*leads out/,
  );
  // Names are bytes; what is said of them is text.
  const bytes = Buffer.from("schön ∂").toString("latin1");
  refuse(
    "with a name that is not ASCII",
    { layers: [{ members: [named(`../${bytes}`)] }] },
    /'\.\.\/schön ∂' leads out/,
  );
  refuse(
    "with a link whose name is not ASCII",
    { layers: [{ members: [{ name: bytes, type: "2", target: `../../${bytes}` }] }] },
    /'schön ∂' leads out of it: '\.\.\/\.\.\/schön ∂'/,
  );
  refuse(
    "with a link that leads out",
    { layers: [{ members: [{ name: "l", type: "2", target: "../x" }] }] },
    /leads out/,
  );
  const hash = { rootfs: { type: "layers", diff_ids: [`sha256:${"0".repeat(64)}`] } };
  refuse(
    "with a layer that is another",
    { layers, config: hash },
    /SHA-256 is not that of the configuration/,
  );
  refuse(
    "with fewer hashes than layers",
    { layers, config: { rootfs: { type: "layers", diff_ids: [] } } },
    /0 hashes/,
  );
  refuse("for another machine", { layers, architecture: "s390x" }, /for linux\/s390x/);
  refuse("with variables that somebody edited", { layers }, /not those that are locked/, {
    env: ["PATH=/evil"],
  });
  refuse("with a layer that is not packed as it says", { layers }, /layer 1 of 1/, {
    compressions: [".zst"],
  });
});

test("what was edited in its lock is named", () => {
  const { request } = image("r.example/x:1");
  const sha256 = "0".repeat(64);
  const blob = { sha256, size: 1 };
  const layer = { ...blob, compression: ".gz" };
  const locked = {
    request,
    architecture: THIS_MACHINE,
    digest: sha256,
    manifest: sha256,
    config: blob,
    env: ["A=b"],
  };
  const read = (content: object): unknown => {
    const environments = { [lockKey(request)]: { ...locked, layers: [layer], ...content } };
    using project = new Project({ "pipelite.lock.json": JSON.stringify({ version: 1, environments }) });
    return lockedEnvironment(project.root, request);
  };
  read({});
  for (const [content, words] of [
    [{ layers: [{ ...layer, sha256: "../x" }] }, /layers\/0\/sha256 is no SHA-256/],
    [{ layers: [{ ...layer, compression: ".xz" }] }, /compression is none of/],
    [{ layers: [{ ...layer, url: "http://x" }] }, /url is no member/],
    [{ env: ["=x"] }, /env\/0 is no NAME=VALUE/],
    [{ request: { ...request, from: "r.example/y:1" } }, /another request/],
  ] as const)
    assert.throws(() => read(content), is("LOCK_FILE_INVALID", words));
});

test("a run of a hostile image fails with its code, and registers nothing", async () => {
  using project = new Project({
    "pipeline.ts": `
import { command, image, out, pipeline } from "pipelite";
export default pipeline({ one: command(image("./bad").tool("x"), [out]) });
`,
  });
  const bad = [named("a"), { name: "l", type: "2", target: "../../etc" }];
  writeLayout(join(project.root, "bad"), [{ image: makeImage({ layers: [{ members: bad }] }) }]);
  const options = { pipeline: project.root, params: {}, update: false, home: project.door, ...rest };
  const locked = await lock(options);
  assert.deepEqual(
    locked.environments.map(({ status, parts, unit }) => [status, parts, unit]),
    [["locked", 1, "layer"]],
  );
  const ran = await project.run();
  const failures = ran.events.flatMap((event) =>
    event.type === "stage-finished" ? (event.failure ?? []) : [],
  );
  assert.deepEqual(
    failures.map(({ code }) => code),
    ["IMAGE_REFUSED"],
  );
  assert.equal(ran.outputs["image-bad"], undefined);
});
