// The result of the Monster Walk as packages, one for each path, as an image of data and as a closure for Nix: installed, verified, read,
// upgraded and removed in fresh roots, and the same files in each of them.
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { PACKAGE_FORMATS, type WrittenPackage } from "#ship/shipment.ts";
import { OutcomeTable } from "../rig/outcomes.ts";
import { peer, sweep } from "../rig/peer.ts";
import { LIMITS, must, nixIn, podmanIn, rootOf, runAndPack } from "./roots.ts";

const skip =
  process.getuid?.() === 0
    ? sweep() || peer("dpkg", "rpm", "busybox", "tar", "podman", "runc", "umoci", "nix", "nix-env")
    : "not run: roots are for root";
const [FIRST, SECOND] = ["1.0", "1.1"];
const CERTIFICATE = "/usr/share/monster-walk/proof/certificate.json";

const table = new OutcomeTable("packages.md", "test/ship/walk.test.ts");

describe("the result of the Monster Walk in every format", { skip }, () => {
  const base = mkdtempSync(join(tmpdir(), "pipelite-walk-"));
  const home = join(base, "home");
  after(() => {
    removeTree(home);
    removeTree(base);
    table.compare();
  });
  const packages: Record<string, WrittenPackage[]> = {};

  before(async () => {
    const folder = join(base, "walk");
    cpSync(join(import.meta.dirname, "../../examples/monster-walk"), folder, { recursive: true });
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(base, "node_modules"));
    const pipeline = join(folder, "pipeline.ts");
    const text = readFileSync(pipeline, "utf8");
    for (const version of [FIRST, SECOND]) {
      // The next version has another limit, so that some paths are others and some the same.
      const next = text.replace("cents: 1,", "cents: 2,").replace('version: "1.0"', 'version: "1.1"');
      if (version === SECOND) writeFileSync(pipeline, next);
      const formats = [...PACKAGE_FORMATS, "oci", "nix"] as const;
      packages[version] = await runAndPack(folder, home, {
        isSingle: false,
        out: join(base, version),
        formats,
      });
    }
    assert.notDeepEqual(pathsOf(FIRST), pathsOf(SECOND));
  });

  const filesOf = (version: string, format: string): string[] =>
    (packages[version] ?? [])
      .filter((each) => each.format === format)
      .map(({ file }) => join(base, version, file));
  const pathsOf = (version: string): string[] =>
    [...(packages[version]?.find(({ format }) => format === "nix")?.paths ?? [])].toSorted();
  const namesOf = (version: string): string[] =>
    (packages[version] ?? []).filter(({ format }) => format === "deb").map(({ name }) => name);
  const common = () => pathsOf(FIRST).filter((path) => pathsOf(SECOND).includes(path));
  const certificateIn = (root: string): string => must("chroot", [root, "/bin/busybox", "cat", CERTIFICATE]);

  /** Path -> what is there, of all below the store. */
  function storeIn(root: string): Record<string, string> {
    const found: Record<string, string> = {};
    const store = join(root, "nix/store");
    for (const entry of readdirSync(store, { recursive: true, withFileTypes: true })) {
      const place = join(entry.parentPath, entry.name);
      const name = place.slice(root.length + 1);
      const path = `/${name.split("/").slice(0, 3).join("/")}`;
      if (entry.isDirectory() || !pathsOf(FIRST).includes(path)) continue;
      found[name] = entry.isSymbolicLink()
        ? `link ${readlinkSync(place)}`
        : `${(lstatSync(place).mode & 0o777).toString(8).padStart(4, "0")} ${hash("sha256", readFileSync(place))}`;
    }
    return Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  const manifests: Record<string, Record<string, string>> = {};

  test("dpkg", () => {
    const root = rootOf(join(base, "roots/dpkg"));
    for (const each of ["info", "updates", "triggers"])
      mkdirSync(join(root, "var/lib/dpkg", each), { recursive: true });
    writeFileSync(join(root, "var/lib/dpkg/status"), "");
    const dpkg = [`--root=${root}`, "--force-not-root", "--force-architecture"];
    must("dpkg", [...dpkg, "-i", ...filesOf(FIRST, "deb")]);
    assert.equal(must("dpkg", [...dpkg, "-V"]), "");
    assert.ok(Object.keys(JSON.parse(certificateIn(root)) as object).length > 0);
    manifests["deb"] = storeIn(root);
    must("dpkg", [...dpkg, "-i", ...filesOf(SECOND, "deb")]);
    const version = ["-W", "-f", "${Version}", "monster-walk"];
    assert.equal(must("dpkg-query", [`--admindir=${root}/var/lib/dpkg`, ...version]), SECOND);
    must("dpkg", [...dpkg, "-P", ...new Set([...namesOf(FIRST), ...namesOf(SECOND)])]);
    assert.ok(!existsSync(join(root, "nix")));
    table.say("dpkg", "dpkg -i, -V, -i of the next version, -P", "verified, read, upgraded, nothing is left");
  });

  test("rpm", () => {
    const root = rootOf(join(base, "roots/rpm"));
    const rpm = ["--root", root];
    must("rpm", [...rpm, "--initdb"]);
    must("rpm", [...rpm, "-i", ...filesOf(FIRST, "rpm")]);
    assert.equal(must("rpm", [...rpm, "-Va"]), "");
    certificateIn(root);
    manifests["rpm"] = storeIn(root);
    // Unlike dpkg, rpm minds what is there already.
    const there = filesOf(FIRST, "rpm").map((each) => basename(each));
    must("rpm", [...rpm, "-U", ...filesOf(SECOND, "rpm").filter((each) => !there.includes(basename(each)))]);
    assert.equal(must("rpm", [...rpm, "-q", "--qf", "%{VERSION}", "monster-walk"]), SECOND);
    must("rpm", [...rpm, "-e", ...new Set([...namesOf(FIRST), ...namesOf(SECOND)])]);
    assert.ok(!existsSync(join(root, "nix")));
    table.say("rpm", "rpm -i, -Va, -U, -e", "verified, read, upgraded, nothing is left");
  });

  test("nix", () => {
    const root = join(base, "roots/nix");
    const nix = nixIn(root);
    const [cache, next] = [FIRST, SECOND].map(
      (version) => filesOf(version, "nix").find((each) => each.endsWith("-cache")) ?? "",
    );
    for (const path of pathsOf(FIRST)) nix.install(cache ?? "", path);
    nix.verify();
    manifests["nix"] = storeIn(root);
    for (const path of pathsOf(SECOND)) nix.install(next ?? "", path);
    nix.remove();
    for (const path of [...pathsOf(FIRST), ...pathsOf(SECOND)])
      assert.ok(!existsSync(join(root, path)), path);
    table.say(
      "nix",
      "nix copy, nix-store --verify --check-contents, nix copy of the next version, --delete",
      "nothing wrong, nothing is left",
    );
  });

  test("podman and umoci", () => {
    const podman = podmanIn(base);
    const image = (version: string) => `oci:${filesOf(version, "oci")[0]?.slice(base.length + 1)}:${version}`;
    for (const version of [FIRST, SECOND]) {
      // What has no program is not started: a container of it is made, and read.
      const id = podman("create", ...LIMITS, image(version), "none").trim();
      podman("cp", `${id}:${CERTIFICATE}`, join(base, `certificate-${version}.json`));
      podman("rm", id);
      assert.ok(readFileSync(join(base, `certificate-${version}.json`), "utf8").startsWith("{"));
    }
    podman("rmi", "--all", "--force");
    assert.equal(podman("images", "-q"), "");
    must("umoci", ["unpack", "--image", image(FIRST).slice("oci:".length), "bundle"], base);
    manifests["oci"] = storeIn(join(base, "bundle/rootfs"));
    table.say("podman", "podman create, cp of both versions, rmi", "the certificate is read");
    table.say("umoci", "umoci unpack", "the same files");
  });

  test("apk, unpacked by tar", () => {
    const root = join(base, "roots/apk");
    mkdirSync(root, { recursive: true });
    for (const file of filesOf(FIRST, "apk"))
      must("tar", ["--warning=no-unknown-keyword", "-xzf", file, "-C", root]);
    manifests["apk"] = storeIn(root);
    table.say("tar", "tar -xzf of the apks", "the same files");
  });

  test("what each of them has laid down is the same, and what the list of files says", () => {
    const listed = JSON.parse(readFileSync(join(base, FIRST, "monster-walk.files.json"), "utf8")) as Record<
      string,
      { sha256?: string; mode?: string; link?: string }
    >;
    const wanted = Object.fromEntries(
      Object.entries(listed)
        .filter(([path]) => path.startsWith("nix/"))
        .map(([path, { sha256, mode, link }]) => [
          path,
          link === undefined ? `${mode} ${sha256}` : `link ${link}`,
        ])
        .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
    );
    assert.deepEqual(Object.keys(manifests).toSorted(), ["apk", "deb", "nix", "oci", "rpm"]);
    for (const [format, found] of Object.entries(manifests)) assert.deepEqual(found, wanted, format);
    assert.ok(common().length > 0 && Object.keys(wanted).length > 0);
  });
});
