// Images held against the tools that others use them with: skopeo, umoci, podman with runc, docker-registry, nix. Each gets the same
// image of a static program. The table of docs/images.md is written by this test.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { pushToRegistry } from "#app/push.ts";
import { verify } from "#app/verify-image.ts";
import { hexDigestOf } from "#base/digest.ts";
import { newPathKey } from "#app/cache.ts";
import { OutcomeTable } from "../rig/outcomes.ts";
import { packImages } from "../rig/packing.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const PIPELINE = `import { pack, pipeline, source } from "pipelite";
const bin = source("bin");
const words = source("words");
export default pipeline({ bin, words });
export const hello = pack({
  name: "hello",
  version: "1.0",
  description: "Says hello",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { hello: bin.file("hello") },
  data: { words },
  image: { env: { GREETING: "hello from an image" }, user: "anna", ports: [8080] },
});
`;

const PROGRAM = `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
  FILE *words = fopen("/usr/share/hello/words/words.txt", "r");
  char text[100];
  if (words == NULL || fgets(text, sizeof text, words) == NULL) return 1;
  printf("%s as %d: %s", getenv("GREETING"), (int)getuid(), text);
  return 0;
}
`;

const table = new OutcomeTable("images.md", "test/ship/image-peers.test.ts");
const SAYS = "hello from an image as 1000: from the store\n";
const REF = "1.0";
const skip =
  sweep() || peer("skopeo", "umoci", "podman", "runc", "docker-registry", "nix", "nix-store", "gcc");

describe("an image and the tools of others", { skip }, () => {
  const base = mkdtempSync(join(tmpdir(), "image-peers-"));
  const signal = new AbortController().signal;
  let project: Project;
  let layout = "";
  let digest = "";
  let files: Record<string, { sha256?: string; link?: string }> = {};
  const run = (command: string, ...words: string[]) =>
    execFileSync(command, words, {
      encoding: "utf8",
      cwd: base,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });

  before(async () => {
    project = new Project({
      "pipeline.ts": PIPELINE,
      "words/words.txt": "from the store\n",
      "hello.c": PROGRAM,
    });
    mkdirSync(join(project.root, "bin"));
    run("gcc", "-static", "-O1", "-o", join(project.root, "bin/hello"), join(project.root, "hello.c"));
    await project.run();
    const { file: pathKeyFile } = newPathKey(join(base, "path.key"), "test-1");
    const { packages } = await packImages(project, {
      out: base,
      formats: ["oci", "docker", "nix"],
      isAttested: true,
      pathKeyFile,
    });
    layout = packages[0]?.file ?? "";
    digest = `sha256:${packages[0]?.sha256}`;
    files = JSON.parse(readFileSync(join(base, "hello.files.json"), "utf8")) as typeof files;
  });
  after(() => {
    project[Symbol.dispose]();
    execFileSync("rm", ["-rf", base]);
    table.compare();
  });

  test("skopeo reads it, and copies it without a change", () => {
    const seen = JSON.parse(run("skopeo", "inspect", `oci:${layout}:${REF}`)) as Record<string, unknown>;
    assert.deepEqual([seen["Digest"], seen["Created"]], [digest, "2026-11-30T00:00:00Z"]);
    table.say("skopeo", "skopeo inspect oci:hello-1.0-amd64.oci:1.0", "the digest of `pack`");
    run("skopeo", "copy", "-q", `oci:${layout}:${REF}`, "oci:copied:1");
    const [copied] = indexOf("copied");
    assert.equal(copied, digest);
    table.say("skopeo", "skopeo copy oci:hello-1.0-amd64.oci:1.0 oci:copied:1", "the same digest");
    const archive = layout.replace(".oci", ".docker.tar");
    run("skopeo", "copy", "-q", `docker-archive:${archive}`, "oci:loaded:1");
    // It writes the configuration anew, in its own words.
    const layersOf = (name: string, of = digest) => {
      const { config } = JSON.parse(blob(name, of)) as { config: { digest: string } };
      return (JSON.parse(blob(name, config.digest)) as { rootfs: object }).rootfs;
    };
    assert.deepEqual(layersOf("loaded", indexOf("loaded")[0]), layersOf(layout));
    table.say(
      "skopeo",
      "skopeo copy docker-archive:hello-1.0-amd64.docker.tar oci:loaded:1",
      "the same layers",
    );
  });

  test("skopeo takes layers by zstd", async () => {
    const out = join(base, "zstd");
    await packImages(project, { out, codec: "zstd" });
    run("skopeo", "copy", "-q", `oci:zstd/${layout}:${REF}`, "oci:unpacked:1");
    table.say(
      "skopeo",
      "skopeo copy oci:zstd/hello-1.0-amd64.oci:1.0 oci:unpacked:1",
      "layers by zstd are taken",
    );
  });

  test("umoci unpacks the files that every format has, and no others", () => {
    run("umoci", "unpack", "--image", `${layout}:${REF}`, "bundle");
    const found = treeOf(join(base, "bundle/rootfs"));
    for (const [path, { sha256, link }] of Object.entries(files))
      assert.equal(found.get(path), link === undefined ? `sha256:${sha256}` : `-> ${link}`, path);
    const own = [...found.keys()].filter((path) => files[path] === undefined).toSorted();
    assert.deepEqual(own, [".pipelite.json", "etc/group", "etc/passwd"]);
    table.say(
      "umoci",
      "umoci unpack --image hello-1.0-amd64.oci:1.0 bundle",
      "the files of hello.files.json, byte by byte",
    );
    const mtree = readFileSync(join(base, `bundle/${digest.replace(":", "_")}.mtree`), "utf8");
    const digests = [...mtree.matchAll(/sha256digest=([0-9a-f]{64})/g)].map(([, each]) => `sha256:${each}`);
    const regular = [...found.values()].filter((each) => !each.startsWith("->"));
    assert.deepEqual(digests.toSorted(), regular.toSorted());
    table.say("umoci", "bundle/sha256_*.mtree", "the digest of each file, the same");
  });

  test("runc runs it, without podman", () => {
    const file = join(base, "bundle/config.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as { process: object };
    // A terminal, and limits that this machine may not raise.
    Object.assign(config.process, { terminal: false, rlimits: [] });
    writeFileSync(file, JSON.stringify(config));
    assert.equal(run("runc", "run", "-b", join(base, "bundle"), `hello-${process.pid}`), SAYS);
    table.say("runc", "runc run -b bundle hello", "it says hello, as its user");
  });

  test("podman runs it from the layout and from the file for docker load", () => {
    const podman = (...words: string[]) =>
      run(
        "podman",
        "--storage-driver=vfs",
        `--root=${base}/podman`,
        `--runroot=${base}/podman-run`,
        "--runtime=runc",
        ...words,
      );
    const limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];
    const started = ["run", "--rm", "--network=none", ...limits];
    assert.equal(podman(...started, `oci:${layout}:${REF}`), SAYS);
    table.say("podman", "podman run oci:hello-1.0-amd64.oci:1.0", "it says hello, as its user");
    podman("load", "-q", "-i", layout.replace(".oci", ".docker.tar"));
    assert.equal(podman(...started, "localhost/hello:1.0"), SAYS);
    table.say(
      "podman",
      "podman load -i hello-1.0-amd64.docker.tar",
      "`podman run localhost/hello:1.0` says hello",
    );
  });

  test("docker-registry takes it, and what lies beside it, and gives them back", async () => {
    const port = await freePort();
    const host = `127.0.0.1:${port}`;
    const settings = [
      "version: 0.1",
      "log: {level: error}",
      `storage: {filesystem: {rootdirectory: ${base}/registry}}`,
      `http: {addr: "${host}"}`,
    ];
    writeFileSync(join(base, "registry.yml"), `${settings.join("\n")}\n`);
    const server = spawn("docker-registry", ["serve", join(base, "registry.yml")], { stdio: "ignore" });
    try {
      await answering(`http://${host}/v2/`);
      const push = (to: string, mounts: string[] = []) =>
        pushToRegistry({ to: `oci://${host}/${to}`, layouts: [join(base, layout)], mounts, env: {}, signal });
      const first = await push("team/hello");
      assert.deepEqual([first.digest, first.referrers], [digest, "tag"]);
      const second = await push("other/hello", ["team/hello"]);
      assert.deepEqual([second.blobs.sent, second.blobs.there], [0, 0]);
      assert.equal((await push("team/hello")).blobs.sent, 0);
      const remote = `docker://${host}/team/hello`;
      const tls = "--tls-verify=false";
      const seen = JSON.parse(run("skopeo", "inspect", tls, `${remote}:1.0`)) as { Digest: string };
      assert.equal(seen.Digest, digest);
      table.say(
        "docker-registry",
        "pipelite push hello-1.0-amd64.oci oci://HOST/team/hello",
        "`skopeo inspect` gives the same digest",
      );
      const listed = JSON.parse(
        run("skopeo", "inspect", tls, "--raw", `${remote}:${digest.replace(":", "-")}`),
      ) as {
        manifests: { artifactType: string }[];
      };
      const bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
      const types = new Set(listed.manifests.map(({ artifactType }) => artifactType));
      assert.deepEqual([...types], ["application/vnd.cyclonedx+json", "application/spdx+json", bundle]);
      table.say(
        "docker-registry",
        "skopeo inspect --raw docker://HOST/team/hello:sha256-DIGEST",
        "lists SBOMs and the signature",
      );
      const against = {
        home: project.door,
        which: { word: "latest" },
        trustFile: undefined,
        env: {},
        signal,
      };
      const found = await verify({ ...against, layout: `oci://${host}/team/hello:1.0` });
      assert.equal(found.status, "holds", JSON.stringify(found.checks));
      assert.ok(found.checks.some(({ what }) => what === "signature"));
      table.say("docker-registry", "pipelite verify oci://HOST/team/hello:1.0 --run latest", "all holds");
    } finally {
      server.kill();
    }
  });

  test("nix takes the closure out of the folder, by its signature, and out of the file", () => {
    const paths = Object.keys(files).map((path) => `/${path.split("/").slice(0, 3).join("/")}`);
    const wanted = [...new Set(paths.filter((path) => path.startsWith("/nix/store/")))];
    const nix = ["--extra-experimental-features", "nix-command"];
    const key = readFileSync(join(base, "path.key.pub"), "utf8").trim();
    const cache = `file://${base}/hello-1.0-${process.arch === "arm64" ? "aarch64" : "x86_64"}.nix-cache`;
    run(
      "nix",
      ...nix,
      "copy",
      "--option",
      "trusted-public-keys",
      key,
      "--store",
      `${base}/nix`,
      "--from",
      cache,
      ...wanted,
    );
    run("nix-store", "--store", `${base}/nix`, "--verify", "--check-contents");
    table.say(
      "nix",
      "nix copy --from file://.../hello-1.0-x86_64.nix-cache PATH",
      "taken by the signature; `nix-store --verify` finds nothing wrong",
    );
    const input = readFileSync(
      join(base, cache.slice(7).replace(`${base}/`, "").replace("nix-cache", "nix-export")),
    );
    const options = { encoding: "utf8", input } as const;
    const imported = execFileSync("nix-store", ["--store", `${base}/imported`, "--import"], options);
    assert.deepEqual(imported.trim().split("\n").toSorted(), wanted.toSorted());
    table.say("nix", "nix-store --import < hello-1.0-x86_64.nix-export", "all of its paths");
  });

  function blob(name: string, of: string): string {
    return readFileSync(join(base, name, "blobs/sha256", of.slice("sha256:".length)), "utf8");
  }

  function indexOf(name: string): string[] {
    const index = JSON.parse(readFileSync(join(base, name, "index.json"), "utf8")) as {
      manifests: { digest: string }[];
    };
    return index.manifests.map((each) => each.digest);
  }
});

/** Path -> digest or target, of all that is no folder. */
function treeOf(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (lstatSync(path).isDirectory()) continue;
    const content = entry.isSymbolicLink()
      ? `-> ${readlinkSync(path)}`
      : `sha256:${hexDigestOf(readFileSync(path))}`;
    found.set(path.slice(root.length + 1), content);
  }
  return found;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await fetch(url).catch(() => undefined))?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
