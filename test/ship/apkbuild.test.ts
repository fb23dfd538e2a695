// The APKBUILD of the static example: abuild is not to be had here, so what it would do is done: the sums are compared, the shell
// parses it, and its own functions build and install.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { apkVersion } from "#package/apk.ts";
import { removeTree } from "#base/files.ts";
import { peer, sweep } from "../rig/peer.ts";
import { warm } from "../rig/warm-home.ts";
import { must, runAndPack } from "./roots.ts";

const example = join(import.meta.dirname, "../../examples/static-c");
const text = readFileSync(join(example, "APKBUILD"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "pipelite-apkbuild-"));
after(() => rmSync(folder, { recursive: true }));

function variable(name: string): string {
  return execFileSync(
    "sh",
    ["-c", '. "$1"; eval "printf %s \\"\\$$2\\""', "sh", join(example, "APKBUILD"), name],
    {
      encoding: "utf8",
    },
  );
}

test("its sources are there, with the sums that it names, and the shell parses it", () => {
  execFileSync("sh", ["-n", join(example, "APKBUILD")]);
  const sources = variable("source").split(/\s+/).filter(Boolean);
  const sums = variable("sha512sums")
    .trim()
    .split("\n")
    .map((line) => line.split(/ {2}/));
  assert.deepEqual(
    sums.map(([, name]) => name),
    sources,
  );
  for (const [sum, name = ""] of sums)
    assert.equal(hash("sha512", readFileSync(join(example, name))), sum, name);
  assert.equal(apkVersion(variable("pkgver")), variable("pkgver"));
  assert.match(variable("pkgname"), /^[a-z0-9][a-z0-9+._-]*$/);
  for (const each of ["pkgdesc", "url", "arch", "license"]) assert.notEqual(variable(each), "", each);
  assert.doesNotMatch(text, /SKIP/);
});

test(
  "its pipeline builds the program with musl, which runs on a root that has nothing, from every package",
  {
    skip:
      process.getuid?.() === 0 ? sweep() || peer("dpkg-deb", "bsdtar", "tar") : "not run: roots are for root",
  },
  async () => {
    const [home, out] = [join(folder, "home"), join(folder, "packages")];
    warm(home);
    after(() => removeTree(home));
    const packages = await runAndPack(example, home, { isSingle: true, out });
    const unpack: Record<string, string> = {
      deb: 'dpkg-deb -x "$1" "$2"',
      rpm: 'bsdtar -xf "$1" -C "$2"',
      apk: 'tar --warning=no-unknown-keyword -xzf "$1" -C "$2"',
    };
    for (const { format, file } of packages) {
      const root = join(folder, `root-${format}`);
      mkdirSync(root);
      execFileSync("sh", ["-c", unpack[format] ?? "", "sh", join(out, file), root]);
      const said = must("chroot", [root, "/usr/bin/hello-static"]);
      assert.match(said, /^hello from Linux on /, format);
      const program = readFileSync(join(root, readlinkSync(join(root, "usr/bin/hello-static"))));
      assert.ok(!program.includes("GNU C Library"), format);
    }
  },
);

test("its functions build the program and put it where it belongs", { skip: peer("gcc") }, () => {
  const [srcdir, pkgdir] = [join(folder, "src"), join(folder, "pkg")];
  mkdirSync(srcdir);
  cpSync(join(example, "hello.c"), join(srcdir, "hello.c"));
  const script = 'set -e; . "$1"; cd "$srcdir"; build; package';
  execFileSync("sh", ["-c", script, "sh", join(example, "APKBUILD")], {
    env: { PATH: process.env["PATH"], srcdir, pkgdir },
  });
  const program = join(pkgdir, "usr/bin/hello-static");
  assert.equal(statSync(program).mode & 0o777, 0o755);
  assert.match(execFileSync(program, { encoding: "utf8", env: {} }), /^hello from Linux on /);
});
