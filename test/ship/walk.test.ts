// The result of the Monster Walk as packages, one for each path: installed, verified, read and removed by dpkg and rpm.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { FORMATS } from "#ship/shipment.ts";
import { peer } from "../rig/peer.ts";
import { manifestIn, type Manifest } from "./rig.ts";
import { must, rootOf, runAndPack } from "./roots.ts";

const skip = process.getuid?.() === 0 ? peer("dpkg", "rpm", "busybox") : "not run: roots are for root";
const base = mkdtempSync(join(tmpdir(), "pipelite-walk-"));
const home = join(base, "home");
after(() => {
  removeTree(home);
  rmSync(base, { recursive: true, force: true });
});
const byPath = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);

test("the result of the Monster Walk, a package for each path", { skip }, async () => {
  const folder = join(base, "walk");
  const packages = await runAndPack(join(import.meta.dirname, "../../examples/monster-walk"), home, {
    isSingle: false,
    out: folder,
  });
  const of = (format: string) =>
    packages.filter((each) => each.format === format).map(({ file }) => join(folder, file));
  const root = rootOf(join(base, "roots/dpkg"));
  for (const each of ["info", "updates", "triggers"])
    mkdirSync(join(root, "var/lib/dpkg", each), { recursive: true });
  writeFileSync(join(root, "var/lib/dpkg/status"), "");
  const dpkg = [`--root=${root}`, "--force-not-root", "--force-architecture"];
  must("dpkg", [...dpkg, "-i", ...of("deb")]);
  assert.equal(must("dpkg", [...dpkg, "-V"]), "");
  const certificate = "/usr/share/monster-walk/proof/certificate.json";
  const shown = JSON.parse(must("chroot", [root, "/bin/busybox", "cat", certificate])) as object;
  assert.ok(Object.keys(shown).length > 0);
  const names = packages.filter(({ format }) => format === "deb").map(({ name }) => name);
  must("dpkg", [...dpkg, "-P", ...names]);
  assert.ok(!existsSync(join(root, "nix")));
  const other = rootOf(join(base, "roots/rpm"));
  must("rpm", ["--root", other, "--initdb"]);
  must("rpm", ["--root", other, "-i", ...of("rpm")]);
  assert.equal(must("rpm", ["--root", other, "-Va"]), "");
  must("chroot", [other, "/bin/busybox", "cat", certificate]);
  must("rpm", ["--root", other, "-e", ...names]);
  const manifests = await Promise.all(
    FORMATS.map(async (format) => {
      const all = await Promise.all(of(format).map((file) => manifestIn(format, readFileSync(file))));
      return Object.entries(Object.assign({}, ...all) as Manifest).filter(([path]) =>
        path.startsWith("nix/"),
      );
    }),
  );
  for (const each of manifests) assert.deepEqual(each.toSorted(byPath), manifests[0]?.toSorted(byPath));
});
