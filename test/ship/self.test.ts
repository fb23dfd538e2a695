// Pipelite as packages, made by Pipelite: installed into roots that have no Node, no npm and no Nix, and used there.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { VERSION } from "#base/version.ts";
import { FORMATS } from "#ship/shipment.ts";
import { gather } from "../../tools/package/gather.ts";
import { peer } from "../rig/peer.ts";
import { manifestIn } from "./rig.ts";
import { must, rootOf, runAndPack } from "./roots.ts";

const skip =
  process.getuid?.() === 0 ? peer("apt-get", "dpkg", "rpm", "busybox", "tar") : "not run: roots are for root";

describe("Pipelite as packages", { skip }, () => {
  const base = mkdtempSync(join(tmpdir(), "pipelite-self-"));
  const [out, home] = [join(base, "out"), join(base, "home")];
  after(() => {
    removeTree(home);
    rmSync(base, { recursive: true, force: true });
  });
  const files: Record<string, string> = {};

  before(async () => {
    const folder = join(base, "self");
    gather(folder);
    const packages = await runAndPack(folder, home, { isSingle: true, out });
    for (const { format, file } of packages) files[format] = join(out, file);
  });

  const version = (root: string) => must("chroot", [root, "/usr/bin/pipelite", "--version"]);

  test("apt install ./pipelite.deb && pipelite --version, on a bare Debian root", () => {
    const root = join(base, "roots/debian");
    bareDebian(root);
    const apt = aptOptions(root);
    must("apt-get", [...apt, "-y", "install", files["deb"] ?? ""]);
    assert.equal(version(root), `pipelite ${VERSION}\n`);
    must("chroot", [root, "/usr/bin/pipelite", "init", "/tmp/demo"]);
    assert.ok(readFileSync(join(root, "tmp/demo/pipeline.ts"), "utf8").includes("pipeline("));
    must("apt-get", [...apt, "-y", "remove", "pipelite"]);
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

  test("rpm -i in a root that has a shell only", () => {
    const root = rootOf(join(base, "roots/rpm"));
    must("rpm", ["--root", root, "--initdb"]);
    must("rpm", ["--root", root, "-i", files["rpm"] ?? ""]);
    assert.equal(version(root), `pipelite ${VERSION}\n`);
    must("rpm", ["--root", root, "-e", "pipelite"]);
  });

  test("the files of the apk, unpacked by tar", () => {
    const root = rootOf(join(base, "roots/apk"));
    must("tar", ["--warning=no-unknown-keyword", "-xzf", files["apk"] ?? "", "-C", root]);
    assert.equal(version(root), `pipelite ${VERSION}\n`);
  });

  test("every format has the same files", async () => {
    const listed = JSON.parse(readFileSync(join(out, "pipelite.files.json"), "utf8")) as Record<
      string,
      { sha256?: string }
    >;
    for (const format of FORMATS) {
      const found = await manifestIn(format, readFileSync(files[format] ?? ""));
      for (const [path, { sha256 = "" }] of Object.entries(listed))
        assert.ok(found[path]?.endsWith(sha256), `${format}: ${path}`);
    }
  });
});
