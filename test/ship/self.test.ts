// Pipelite as packages and as an image, made by Pipelite: installed into roots that have no Node, no npm and no Nix, used there, upgraded
// to a next version and removed. No tool of Alpine can be had here: its package is unpacked by tar.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { VERSION } from "#base/version.ts";
import { PACKAGE_FORMATS } from "#ship/shipment.ts";
import { gather } from "../../tools/package/gather.ts";
import { until } from "../rig/command.ts";
import { freePort } from "../rig/docker-registry.ts";
import { OutcomeTable } from "../rig/outcomes.ts";
import { peer, sweep } from "../rig/peer.ts";
import { manifestIn } from "./rig.ts";
import { LIMITS, must, nixIn, podmanIn, rootOf, runAndPack } from "./roots.ts";

const skip =
  process.getuid?.() === 0
    ? sweep() || peer("apt-get", "dpkg", "rpm", "busybox", "tar", "podman", "runc", "nix", "nix-env")
    : "not run: roots are for root";
const NEXT = VERSION.replace(/\d+$/, (patch) => `${Number(patch) + 1}`);

const table = new OutcomeTable("packages.md", "test/ship/self.test.ts");

describe("Pipelite as packages", { skip }, () => {
  const base = mkdtempSync(join(tmpdir(), "pipelite-self-"));
  const home = join(base, "home");
  after(() => {
    removeTree(home);
    removeTree(base);
    table.compare();
  });
  /** Version and format -> file. */
  const files: Record<string, string> = {};
  /** Version -> path of the store. */
  const paths: Record<string, string> = {};
  const formats = [...PACKAGE_FORMATS, "oci", "nix"] as const;

  before(async () => {
    const folder = join(base, "self");
    gather(folder);
    await pack(VERSION);
    for (const name of readdirSync(join(folder, "app/dist"))) {
      const file = join(folder, "app/dist", name);
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(`"${VERSION}"`, `"${NEXT}"`));
    }
    const manifest = join(folder, "app/package.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(VERSION, NEXT));
    await pack(NEXT);

    async function pack(version: string): Promise<void> {
      const out = join(base, version);
      const wanted = version === VERSION ? formats : formats.filter((each) => each !== "apk");
      const packages = await runAndPack(folder, home, {
        isSingle: true,
        out,
        formats: wanted,
        codec: "zstd",
      });
      for (const { format, file } of packages)
        if (!file.endsWith(".nix-export")) files[`${version} ${format}`] = join(out, file);
      const [path] = (packages[0]?.paths ?? []).filter((each) => each.endsWith("-pipelite"));
      paths[version] = path ?? "";
    }
  });

  const file = (version: string, format: string): string => files[`${version} ${format}`] ?? "";
  const versionIn = (root: string, program = "/usr/bin/pipelite") =>
    must("chroot", [root, program, "--version"]);

  test("apt install ./pipelite.deb && pipelite --version, on a bare Debian root", () => {
    const root = join(base, "roots/debian");
    bareDebian(root);
    const apt = aptOptions(root);
    must("apt-get", [...apt, "-y", "install", file(VERSION, "deb")]);
    assert.equal(versionIn(root), `pipelite ${VERSION}\n`);
    must("chroot", [root, "/usr/bin/pipelite", "init", "/tmp/demo"]);
    assert.ok(readFileSync(join(root, "tmp/demo/pipeline.ts"), "utf8").includes("pipeline("));
    must("apt-get", [...apt, "-y", "install", file(NEXT, "deb")]);
    assert.equal(versionIn(root), `pipelite ${NEXT}\n`);
    must("apt-get", [...apt, "-y", "remove", "pipelite"]);
    assert.ok(!existsSync(join(root, "usr/bin/pipelite")) && !existsSync(join(root, "nix")));
    table.say(
      "apt",
      "apt-get install ./pipelite.deb, install of the next version, remove",
      "on a bare Debian root; `pipelite --version` and `init` work, nothing is left",
    );
  });

  /** The C library, a shell and the core utilities of Debian, as their packages have them; its list of packages is empty. */
  function bareDebian(root: string): void {
    const archives = join(base, "archives");
    mkdirSync(join(archives, "partial"), { recursive: true });
    for (const folder of ["info", "updates", "triggers"])
      mkdirSync(join(root, "var/lib/dpkg", folder), { recursive: true });
    const status = join(root, "var/lib/dpkg/status");
    writeFileSync(status, "");
    const options = [
      "-o",
      `Dir::State::status=${status}`,
      "-o",
      `Dir::Cache::archives=${archives}`,
      "-o",
      "APT::Sandbox::User=root",
      "-o",
      "Debug::NoLocking=1",
    ];
    must("apt-get", [
      ...options,
      "-y",
      "--no-install-recommends",
      "--download-only",
      "install",
      "dash",
      "coreutils",
      "libc6",
    ]);
    const all = must("sh", ["-c", `ls ${archives}/*.deb`])
      .trim()
      .split("\n");
    for (const deb of all) must("dpkg-deb", ["-x", deb, root]);
  }

  function aptOptions(root: string): string[] {
    const apt = join(base, "apt");
    mkdirSync(join(apt, "lists/partial"), { recursive: true });
    mkdirSync(join(apt, "archives/partial"), { recursive: true });
    const options = {
      "Dir::Etc::sourcelist": "/dev/null",
      "Dir::Etc::sourceparts": "/dev/null",
      "Dir::State": apt,
      "Dir::State::lists": join(apt, "lists"),
      "Dir::State::status": join(root, "var/lib/dpkg/status"),
      "Dir::Cache": apt,
      "Dir::Cache::archives": join(apt, "archives"),
      "Dir::Log": apt,
      "APT::Sandbox::User": "root",
      "DPkg::Options::": `--root=${root}`,
      "Dpkg::Use-Pty": "0",
    };
    return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  }

  test("rpm -i, -U and -e in a root that has nothing", () => {
    const root = join(base, "roots/rpm");
    mkdirSync(root, { recursive: true });
    const rpm = ["--root", root];
    must("rpm", [...rpm, "--initdb"]);
    must("rpm", [...rpm, "-i", file(VERSION, "rpm")]);
    assert.equal(versionIn(root), `pipelite ${VERSION}\n`);
    must("rpm", [...rpm, "-U", file(NEXT, "rpm")]);
    assert.equal(versionIn(root), `pipelite ${NEXT}\n`);
    must("rpm", [...rpm, "-e", "pipelite"]);
    assert.ok(!existsSync(join(root, "usr/bin/pipelite")) && !existsSync(join(root, "nix")));
    table.say(
      "rpm",
      "rpm -i, -U, -e of pipelite",
      "in a root that has nothing; `pipelite --version` works, nothing is left",
    );
  });

  test("nix copy into an empty store, a profile that is set to the next version, and gone", () => {
    const root = join(base, "roots/nix");
    const nix = nixIn(root);
    for (const version of [VERSION, NEXT]) {
      nix.install(file(version, "nix"), paths[version] ?? "");
      assert.equal(versionIn(root, `${paths[version]}/bin/pipelite`), `pipelite ${version}\n`);
    }
    nix.verify();
    nix.remove();
    for (const path of Object.values(paths)) assert.ok(!existsSync(join(root, path)), path);
    table.say(
      "nix",
      "nix copy, nix-env --set of both versions, nix-store --delete",
      "`bin/pipelite --version` works in a chroot, nothing is left",
    );
  });

  test("podman runs it, it serves a cache and answers for its health, and the next version takes its place", async () => {
    const podman = podmanIn(base);
    const image = (version: string) => `oci:${file(version, "oci").slice(base.length + 1)}:${version}`;
    const run = (version: string, ...words: string[]) =>
      podman(
        "run",
        "--rm",
        ...LIMITS,
        "--network=none",
        "--entrypoint=/usr/bin/pipelite",
        image(version),
        ...words,
      );
    assert.equal(run(VERSION, "--version"), `pipelite ${VERSION}\n`);
    for (const version of [VERSION, NEXT]) {
      const port = await freePort();
      const name = `pipelite-self-${process.pid}-${port}`;
      const started = ["-v", `${home}:/var/lib/pipelite`, "--entrypoint=/usr/bin/pipelite"];
      const serve = ["cache", "serve", "--port", `${port}`];
      podman("run", "-d", "--name", name, ...LIMITS, "--network=host", ...started, image(version), ...serve);
      try {
        let answer = "";
        await until(async () => {
          const got = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
          if (got !== undefined) answer = `${got.status} ${await got.text()}`;
          return answer !== "";
        }, `${name} answers`);
        assert.match(answer.trim(), /^200 \{"status":"ok","paths":\d+\}$/, podman("logs", name));
      } finally {
        podman("rm", "-f", name);
      }
    }
    assert.equal(run(NEXT, "--version"), `pipelite ${NEXT}\n`);
    podman("rmi", "--all", "--force");
    assert.equal(podman("images", "-q"), "");
    table.say(
      "podman",
      "podman run of both versions with runc, rmi",
      "serves a cache; `GET /health` answers 200",
    );
  });

  test("the files of the apk, unpacked by tar", () => {
    const root = rootOf(join(base, "roots/apk"));
    must("tar", ["--warning=no-unknown-keyword", "-xzf", file(VERSION, "apk"), "-C", root]);
    assert.equal(versionIn(root), `pipelite ${VERSION}\n`);
    table.say("tar", "tar -xzf of the apk", "`pipelite --version` works; no tool of Alpine is to be had");
  });

  test("every format has the same files", async () => {
    const listed = JSON.parse(readFileSync(join(base, VERSION, "pipelite.files.json"), "utf8")) as Record<
      string,
      { sha256?: string }
    >;
    for (const format of PACKAGE_FORMATS) {
      const found = await manifestIn(format, readFileSync(file(VERSION, format)));
      for (const [path, { sha256 = "" }] of Object.entries(listed))
        assert.ok(found[path]?.endsWith(sha256), `${format}: ${path}`);
    }
  });
});
