// Images that somebody made of ours, all of whose digests are right again: what a store has no hash of is believed by a signature alone,
// and what would be unpacked elsewhere than it is looked at is refused. The same image is made again, and found where it was pushed.
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { packAgain } from "#app/pack-again.ts";
import { pushToRegistry } from "#app/push.ts";
import { verify } from "#app/verify-image.ts";
import { isPipeliteError } from "#base/errors.ts";
import { hexDigestOf } from "#base/digest.ts";
import { readTar } from "#package/tar-reader.ts";
import { startOciRegistry } from "../rig/oci-registry.ts";
import { packImages } from "../rig/packing.ts";
import { sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { writeTar, type TarMember } from "../rig/tar.ts";

const PIPELINE = `import { pack, pipeline, source } from "pipelite";
const bin = source("bin");
export default pipeline({ bin });
export const hello = pack({
  name: "hello",
  version: "1.0",
  description: "Says hello",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { hello: bin.file("hello") },
  configuration: { "/etc/hello.conf": bin.file("hello.conf") },
  image: { user: "anna" },
});
`;

interface Named {
  digest: string;
  size: number;
}

describe("an image that somebody changed with all its digests", { skip: sweep() }, () => {
  const base = mkdtempSync(join(tmpdir(), "hostile-image-"));
  const signal = new AbortController().signal;
  let project: Project;
  let [bare, attested] = ["", ""];

  before(async () => {
    project = new Project({
      "pipeline.ts": PIPELINE,
      "bin/hello": "#!/bin/sh\necho hello\n",
      "bin/hello.conf": "greeting = hello\n",
    });
    chmodSync(join(project.root, "bin/hello"), 0o755);
    await project.run();
    const layout = async (name: string, isAttested: boolean) => {
      const { packages } = await packImages(project, { out: join(base, name), isAttested });
      return join(base, name, packages[0]?.file ?? "");
    };
    [bare, attested] = [await layout("bare", false), await layout("attested", true)];
  });
  after(() => {
    project[Symbol.dispose]();
    rmSync(base, { recursive: true });
  });

  const against = (layout: string) =>
    verify({ home: project.door, layout, which: { word: "latest" }, trustFile: undefined, env: {}, signal });

  const TYPES: Readonly<Record<string, string>> = { file: "0", folder: "5", link: "2", "hard-link": "1" };

  /** The highest layer is written anew, and says of itself what is in it. */
  function tampered(
    change: (members: TarMember[]) => TarMember[],
    tail: Uint8Array = new Uint8Array(),
  ): string {
    const copy = mkdtempSync(join(base, "tampered-"));
    cpSync(bare, copy, { recursive: true });
    const blob = (digest: string) => join(copy, "blobs/sha256", digest.slice("sha256:".length));
    const read = (digest: string) => JSON.parse(readFileSync(blob(digest), "utf8")) as unknown;
    const put = (bytes: Buffer): Named => {
      const digest = `sha256:${hexDigestOf(bytes)}`;
      writeFileSync(blob(digest), bytes);
      return { digest, size: bytes.length };
    };
    const index = JSON.parse(readFileSync(join(copy, "index.json"), "utf8")) as { manifests: Named[] };
    const manifest = read(index.manifests[0]?.digest ?? "") as { config: Named; layers: Named[] };
    const config = read(manifest.config.digest) as { rootfs: { diff_ids: string[] } };
    const top = manifest.layers.at(-1) as Named;
    const entries = [...readTar(gunzipSync(readFileSync(blob(top.digest))))];
    const own = entries.find(({ path }) => path === ".pipelite.json");
    const others = entries
      .filter((each) => each !== own)
      .map(({ path, kind, mode, target, content }) => ({
        name: path,
        type: TYPES[kind] ?? "0",
        mode,
        target,
        content: Buffer.from(content),
      }));
    const members = change(others);
    const kinds = Object.fromEntries(Object.entries(TYPES).map(([kind, type]) => [type, kind]));
    const says = JSON.parse(Buffer.from(own?.content ?? "").toString()) as Record<string, unknown>;
    says["files"] = members
      .filter(({ name }) => !name.startsWith("nix"))
      .map(({ name, type = "0", mode = 0o644, target = "", content = "" }) => ({
        path: name,
        kind: kinds[type] ?? "character",
        mode,
        content: type === "2" ? target : type === "0" ? `sha256:${hexDigestOf(Buffer.from(content))}` : "",
      }));
    const described = { name: ".pipelite.json", mode: 0o444, content: JSON.stringify(says) };
    const tar = Buffer.concat([writeTar([described, ...members]), tail]);
    Object.assign(top, put(gzipSync(tar)));
    config.rootfs.diff_ids[config.rootfs.diff_ids.length - 1] = `sha256:${hexDigestOf(tar)}`;
    Object.assign(manifest.config, put(Buffer.from(JSON.stringify(config))));
    Object.assign(index.manifests[0] ?? {}, put(Buffer.from(JSON.stringify(manifest))));
    index.manifests.length = 1;
    writeFileSync(join(copy, "index.json"), JSON.stringify(index));
    return copy;
  }

  const evilPasswd = (members: TarMember[]) =>
    members.map((each) =>
      each.name === "etc/passwd" ? { ...each, content: "anna:x:0:0:anna:/tmp:/bin/sh\n" } : each,
    );

  test("holds by a signature, and without one is not all looked at", async () => {
    const signed = await against(attested);
    assert.equal(signed.status, "holds", JSON.stringify(signed.checks));
    for (const layout of [bare, tampered(evilPasswd)]) {
      const { status, checks } = await against(layout);
      const open = checks.filter((each) => each.status !== "holds").map(({ what }) => what.split(" for ")[0]);
      assert.deepEqual([status, open], ["untested", ["start"]], JSON.stringify(checks));
    }
  });

  test("differs from what its run gives, and names the file", async () => {
    const same = await packAgain(project.door, attested, signal);
    assert.deepEqual([same.status, same.difference], ["same", undefined]);
    const other = await packAgain(project.door, tampered(evilPasswd), signal);
    assert.deepEqual([other.status, other.difference], ["differs", "etc/passwd"]);
  });

  test("is made again by another codec and level, and from none where no run is known", async () => {
    const { packages } = await packImages(project, { out: join(base, "zstd"), codec: "zstd", level: 5 });
    const again = await packAgain(project.door, join(base, "zstd", packages[0]?.file ?? ""), signal);
    assert.equal(again.status, "same");
    using stranger = new Project({});
    await assert.rejects(packAgain(stranger.door, bare, signal), (error) =>
      isPipeliteError(error, "PACK_RUN_MISSING"),
    );
  });

  const add = (more: TarMember) => (members: TarMember[]) => [...members, more];
  for (const [name, change, words] of [
    [
      "a file below a link into the store",
      (members) => [
        ...members,
        { name: "opt", type: "2", mode: 0o777, target: "/nix/store" },
        { name: "opt/evil", content: "evil" },
      ],
      /'opt\/evil' is below 'opt', which is no folder/,
    ],
    ["a file that runs as its owner", add({ name: "etc/su", mode: 0o4755 }), /runs as its owner .* 4755/],
    ["a file of another owner", add({ name: "etc/own", uid: 1000 }), /belongs to 1000:0/],
    [
      "capabilities",
      add({ name: "etc/cap", pax: { "SCHILY.xattr.security.capability": "x" } }),
      /attributes/,
    ],
    [
      "a hard link",
      add({ name: "etc/hard", type: "1", target: "etc/passwd", mode: 0o4755 }),
      /is a hard-link/,
    ],
    ["a device", add({ name: "etc/device", type: "3" }), /is a character/],
    ["a store that all may write", add({ name: "nix", type: "5", mode: 0o777 }), /'nix' has the mode 777/],
    ["a file twice", (members) => [...members, ...members.slice(-1)], /is in it twice/],
    ["a name that leads out", add({ name: "../evil" }), /leads out of it/],
  ] as const satisfies [string, (members: TarMember[]) => TarMember[], RegExp][])
    test(`and has ${name} is refused`, () =>
      assert.rejects(
        against(tampered(change)),
        (error) => isPipeliteError(error, "IMAGE_WRONG") && words.test(error.message),
      ));

  test("and has something behind the end of a layer is refused", () =>
    assert.rejects(
      against(tampered((members) => members, writeTar([{ name: "etc/evil" }]))),
      (error) => isPipeliteError(error, "IMAGE_WRONG") && /something follows its end/.test(error.message),
    ));

  for (const referrers of [true, false])
    test(`is found with its signature in a registry that ${referrers ? "lists" : "does not list"} what lies beside`, async () => {
      await using registry = await startOciRegistry({ referrers });
      const to = `oci://${registry.host}/team/hello:1.0`;
      const pushed = await pushToRegistry({ to, layouts: [attested], mounts: [], env: {}, signal });
      assert.equal(pushed.referrers, referrers ? "api" : "tag");
      const found = await against(to);
      assert.equal(found.status, "holds", JSON.stringify(found.checks));
      const isTagged = [...registry.manifests.keys()].some((key) => key.includes(" sha256-"));
      assert.equal(isTagged, !referrers);
    });

  test("is found with all that lies beside it where the list has pages, and pages without end are refused", async () => {
    await using registry = await startOciRegistry({ referrers: true, pages: (at) => at });
    const to = `oci://${registry.host}/team/hello:1.0`;
    const pushed = await pushToRegistry({ to, layouts: [attested], mounts: [], env: {}, signal });
    assert.equal(pushed.referrers, "api");
    const found = await against(to);
    assert.equal(found.status, "holds", JSON.stringify(found.checks));
    for (const [next, words] of [
      [(at: string) => at.replace(/page=.*/, "page=0"), /more than 100 pages/],
      [() => "http://127.0.0.1:9/list", /goes on at another server/],
    ] as const) {
      await using other = await startOciRegistry({ referrers: true, pages: next });
      for (const [name, bytes] of registry.blobs) other.blobs.set(name, bytes);
      for (const [name, bytes] of registry.manifests) other.manifests.set(name, bytes);
      await assert.rejects(
        against(`oci://${other.host}/team/hello:1.0`),
        (error) => isPipeliteError(error, "REGISTRY_FAILED") && words.test(error.message),
      );
    }
  });
});
