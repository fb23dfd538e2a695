// Packages and repositories in the hands of those for whom they are: installed, run, upgraded and removed in fresh roots by the
// distributions' own tools. No tool of Alpine can be had here: its format is held to OpenSSL, tar and our own reader.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pack } from "#app/pack.ts";
import { repo } from "#app/repo.ts";
import { newPackageKey } from "#keys/package-key.ts";
import { readApkIndex } from "#package/apk-index.ts";
import { readApk, streamsOf, textOfInfo } from "#package/apk.ts";
import { PACKAGE_FORMATS } from "#ship/shipment.ts";
import { addedFile } from "#ship/tree.ts";
import { writePackage } from "#ship/write.ts";
import { Project } from "../rig/project.ts";
import { OutcomeTable } from "../rig/outcomes.ts";
import { peer } from "../rig/peer.ts";
import { manifestIn, planOf, type Manifest } from "./rig.ts";

const skip = peer(
  "dpkg",
  "apt-get",
  "rpm",
  "dnf",
  "createrepo_c",
  "lintian",
  "gpgv",
  "bsdtar",
  "openssl",
  "gcc",
  "busybox",
);

const table = new OutcomeTable("packages.md", "test/ship/peers.test.ts");

describe("packages in the hands of distributions", { skip }, () => {
  const base = mkdtempSync(join(tmpdir(), "pipelite-peers-"));
  after(() => {
    rmSync(base, { recursive: true, force: true });
    table.compare();
  });
  const key = newPackageKey(join(base, "team.key"), "Team <team@example.org>");
  const other = newPackageKey(join(base, "other.key"), "Other <other@example.org>");
  const [first, second] = [join(base, "1.0"), join(base, "2.0")];
  const site = (kind: string) => join(base, "site", kind);

  before(async () => {
    for (const version of ["1.0", "2.0"]) await packVersion(version);
    await packShell();
    for (const kind of ["apt", "rpm", "apk"] as const)
      await repo({
        kind,
        folder: site(kind),
        add: [first],
        keyFile: key.file,
        suite: "stable",
        origin: "Test",
        epoch: 1_790_000_000,
      });
  });

  async function packVersion(version: string): Promise<void> {
    using project = new Project({
      "pipeline.ts": PIPELINE(version),
      "hello.c": `#include <stdio.h>\nint main(void) { puts("hello from ${version}"); return 0; }\n`,
      "files/hello.1": ".TH HELLO 1 2026-11-30\n.SH NAME\nhello \\- says hello\n.SH SYNOPSIS\n.B hello\n",
      "files/hello.conf": `greeting = ${version}\n`,
      "files/note.txt": "a note\n",
      "files/hello.bash": "complete -W '--help' hello\n",
    });
    mkdirSync(join(project.root, "bin"));
    execFileSync("gcc", [
      "-O2",
      "-static",
      "-s",
      "-o",
      join(project.root, "bin/hello"),
      join(project.root, "hello.c"),
    ]);
    await project.run();
    const request = {
      home: project.door,
      which: { word: "latest" },
      names: [],
      formats: PACKAGE_FORMATS,
      codec: undefined,
      epoch: undefined,
      pathKeyFile: undefined,
      level: undefined,
      layersFile: undefined,
      isAttested: false,
      signal: new AbortController().signal,
    };
    await pack({ ...request, out: join(base, version), isSingle: false, keyFile: key.file });
    await pack({ ...request, out: join(base, `${version}-single`), isSingle: true, keyFile: key.file });
  }

  /** The shell that scripts of packages ask for, where a root has no distribution. */
  async function packShell(): Promise<void> {
    const bytes = readFileSync("/bin/busybox");
    const shell = addedFile("bin/sh", bytes, { mode: 0o755 });
    const plan = planOf([shell], { name: "shell", version: "1", depends: [], standsFor: [], scripts: {} });
    const { readPackageKey } = await import("#keys/package-key.ts");
    await writePackage("rpm", plan, { folder: first, codec: undefined, key: readPackageKey(key.file) });
  }

  function run(command: string, args: readonly string[], options: { cwd?: string } = {}) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env: ENV, ...options });
    return { status, text: `${stdout}${stderr}`, stdout };
  }

  function must(command: string, args: readonly string[]): string {
    const { status, text } = run(command, args);
    assert.equal(status, 0, `${command} ${args.join(" ")}\n${text}`);
    return text;
  }

  /** A root with a shell and nothing else. */
  function freshRoot(name: string): string {
    const root = join(base, "roots", name);
    mkdirSync(join(root, "bin"), { recursive: true });
    copyFileSync("/bin/busybox", join(root, "bin/busybox"));
    chmodSync(join(root, "bin/busybox"), 0o755);
    for (const each of ["sh", "rm", "cat", "echo"]) symlinkSync("busybox", join(root, "bin", each));
    return root;
  }

  function dpkgRoot(name: string): string {
    const root = freshRoot(name);
    for (const folder of ["info", "updates", "triggers"])
      mkdirSync(join(root, "var/lib/dpkg", folder), { recursive: true });
    writeFileSync(join(root, "var/lib/dpkg/status"), "");
    return root;
  }

  const filesOf = (folder: string, end: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(end))
      .map((name) => join(folder, name));
  const hello = (root: string) => must("chroot", [root, "/usr/bin/hello"]);
  const isGone = (root: string) => !existsSync(join(root, "usr/bin/hello"));

  test("dpkg", () => {
    const root = dpkgRoot("dpkg");
    const dpkg = ["--root=" + root, "--force-not-root", "--force-architecture"];
    must("dpkg", [...dpkg, "-i", ...filesOf(first, ".deb")]);
    assert.equal(must("dpkg", [...dpkg, "-V"]), "");
    assert.equal(hello(root), "hello from 1.0\n");
    assert.equal(readFileSync(join(root, "installed"), "utf8"), "yes\n");
    for (const file of PROFILE) assert.ok(existsSync(join(root, file)), file);
    writeFileSync(join(root, "etc/hello.conf"), "greeting = mine\n");
    must("dpkg", [...dpkg, "--force-confold", "-i", ...filesOf(second, ".deb")]);
    assert.equal(hello(root), "hello from 2.0\n");
    assert.equal(readFileSync(join(root, "etc/hello.conf"), "utf8"), "greeting = mine\n");
    must("dpkg", [...dpkg, "-r", "hello"]);
    assert.ok(isGone(root) && !existsSync(join(root, "installed")));
    must("dpkg", [...dpkg, "-P", "hello", ...installedIn(root)]);
    assert.ok(!existsSync(join(root, "nix")) && !existsSync(join(root, "etc/hello.conf")));
    table.say(
      "dpkg",
      "dpkg -i, -V, run, -i of an upgrade, -r, -P",
      "installed, verified, upgraded with a changed conffile kept, removed",
    );
  });

  function installedIn(root: string): string[] {
    const shown = must("dpkg-query", [
      `--admindir=${root}/var/lib/dpkg`,
      "-W",
      "-f",
      "${Package}\\n",
      "nix-*",
    ]);
    return shown.trim().split("\n");
  }

  test("dpkg: one package with all of it, and the packages that it stands for", () => {
    const root = dpkgRoot("dpkg-single");
    const dpkg = ["--root=" + root, "--force-not-root", "--force-architecture"];
    must("dpkg", [...dpkg, "-i", ...filesOf(`${first}-single`, ".deb")]);
    assert.equal(hello(root), "hello from 1.0\n");
    const part = run("dpkg", [
      ...dpkg,
      "-i",
      ...filesOf(first, ".deb").filter((each) => each.includes("nix-")),
    ]);
    assert.ok(part.status !== 0 && part.text.includes("conflicting packages - not installing"), part.text);
    assert.equal(hello(root), "hello from 1.0\n");
    table.say(
      "dpkg",
      "dpkg -i of --single, then of a part of it",
      "installed; the part is refused as a conflict",
    );
  });

  function aptIn(root: string, certificate: string): string[] {
    const apt = join(root, "apt");
    for (const folder of ["lists/partial", "archives/partial", "etc"])
      mkdirSync(join(apt, folder), { recursive: true });
    writeFileSync(
      join(apt, "sources.list"),
      `deb [signed-by=${certificate}] file:${site("apt")} stable main\n`,
    );
    const options = {
      "Dir::Etc::sourcelist": join(apt, "sources.list"),
      "Dir::Etc::sourceparts": "/dev/null",
      "Dir::Etc::main": "/dev/null",
      "Dir::Etc::parts": "/dev/null",
      "Dir::Etc::preferencesparts": "/dev/null",
      "Dir::State": apt,
      "Dir::State::lists": join(apt, "lists"),
      "Dir::State::status": join(root, "var/lib/dpkg/status"),
      "Dir::State::extended_states": join(apt, "extended_states"),
      "Dir::Cache": apt,
      "Dir::Cache::archives": join(apt, "archives"),
      "Dir::Log": apt,
      "APT::Sandbox::User": "root",
      "DPkg::Options::": `--root=${root}`,
      "Dpkg::Use-Pty": "0",
      "APT::Architecture": "amd64",
    };
    return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  }

  test("apt", async () => {
    const root = dpkgRoot("apt");
    const force = ["-o", "DPkg::Options::=--force-architecture", "-o", "DPkg::Options::=--force-confold"];
    const apt = [...aptIn(root, key.certificateFile), ...force, "-y"];
    must("apt-get", [...apt, "update"]);
    must("apt-get", [...apt, "install", "hello"]);
    assert.equal(hello(root), "hello from 1.0\n");
    await repo({
      kind: "apt",
      folder: site("apt"),
      add: [second],
      keyFile: key.file,
      suite: "stable",
      origin: "Test",
      epoch: 1_790_000_100,
    });
    must("apt-get", [...apt, "update"]);
    must("apt-get", [...apt, "upgrade", "--with-new-pkgs"]);
    assert.equal(hello(root), "hello from 2.0\n");
    must("apt-get", [...apt, "install", "--allow-downgrades", "hello=1.0"]);
    assert.equal(hello(root), "hello from 1.0\n");
    must("apt-get", [...apt, "autoremove", "--purge", "hello"]);
    assert.ok(isGone(root) && !existsSync(join(root, "nix")));
    table.say(
      "apt",
      "apt-get update, install, upgrade, install of the old version, autoremove --purge",
      "by the signed repository, and all of it gone at the end",
    );
    const stranger = run("apt-get", [...aptIn(root, other.certificateFile), "update"]);
    assert.match(stranger.text, /NO_PUBKEY|not signed|couldn't be verified/i);
    table.say("apt", "apt-get update with another key", "refused");
    const release = join(site("apt"), "dists/stable");
    must("gpgv", [
      "--keyring",
      binaryRing(key.certificateFile),
      join(release, "Release.gpg"),
      join(release, "Release"),
    ]);
    must("gpgv", ["--keyring", binaryRing(key.certificateFile), join(release, "InRelease")]);
    table.say("gpgv", "gpgv Release.gpg Release; gpgv InRelease", "good signatures");
  });

  function binaryRing(certificate: string): string {
    const lines = readFileSync(certificate, "utf8").split("\n");
    const body = lines.slice(
      2,
      lines.findIndex((line) => line.startsWith("=")),
    );
    const ring = join(base, "ring.gpg");
    writeFileSync(ring, Buffer.from(body.join(""), "base64"));
    return ring;
  }

  test("lintian", () => {
    const debs = [...filesOf(first, ".deb"), ...filesOf(`${first}-single`, ".deb")];
    const { status, text } = run("lintian", ["--allow-root", "--fail-on", "error,warning", ...debs]);
    assert.deepEqual([status, text], [0, ""]);
    table.say(
      "lintian",
      "lintian --fail-on error,warning",
      "nothing, with the overrides that the packages carry",
    );
  });

  test("rpm", () => {
    const root = freshRoot("rpm");
    const rpm = ["--root", root];
    must("rpm", [...rpm, "--initdb"]);
    must("rpm", [...rpm, "--import", key.certificateFile]);
    const files = filesOf(first, ".rpm");
    const checked = must("rpm", [...rpm, "-K", "-v", ...files]);
    assert.equal(
      checked.match(/Header V4 RSA\/SHA256 Signature, key ID [0-9a-f]+: OK/g)?.length,
      files.length,
    );
    assert.doesNotMatch(checked, /BAD|NOT ?OK|NOKEY/);
    must("rpm", [...rpm, "-i", ...files]);
    assert.equal(run("rpm", [...rpm, "-Va", "--nodeps"]).stdout, "");
    for (const file of PROFILE) assert.ok(existsSync(join(root, file)), file);
    assert.equal(hello(root), "hello from 1.0\n");
    writeFileSync(join(root, "etc/hello.conf"), "greeting = mine\n");
    must("rpm", [...rpm, "-U", ...filesOf(second, ".rpm").filter((each) => !each.includes("-note-"))]);
    assert.equal(hello(root), "hello from 2.0\n");
    assert.equal(readFileSync(join(root, "etc/hello.conf"), "utf8"), "greeting = mine\n");
    must("rpm", [...rpm, "-e", "hello"]);
    assert.ok(isGone(root) && !existsSync(join(root, "installed")));
    table.say(
      "rpm",
      "rpm -K -v, -i, -Va, run, -U, -e",
      "signatures and digests OK, verified, upgraded with a changed config kept, removed",
    );
    const changed = readFileSync(files[0] ?? "");
    changed[changed.length - 20] = (changed[changed.length - 20] ?? 0) ^ 1;
    writeFileSync(join(base, "changed.rpm"), changed);
    assert.match(
      run("rpm", [...rpm, "-K", "-v", join(base, "changed.rpm")]).text,
      /Payload SHA256 digest: BAD/,
    );
    table.say("rpm", "rpm -K of a package with one changed bit", "BAD");
  });

  test("dnf", async () => {
    const root = freshRoot("dnf");
    rmSync(join(root, "bin"), { recursive: true });
    const conf = join(base, "dnf.conf");
    const write = (certificate: string) =>
      writeFileSync(
        conf,
        `[main]\nreposdir=/dev/null\ncachedir=${base}/dnf-cache\nkeepcache=0\n[test]\nname=test\nbaseurl=file://${site("rpm")}\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://${certificate}\nmetadata_expire=0\n`,
      );
    const dnf = ["-c", conf, `--installroot=${root}`, "--releasever=1", "-y", "--setopt=install_weak_deps=0"];
    write(other.certificateFile);
    assert.notEqual(run("dnf", [...dnf, "install", "hello"]).status, 0);
    table.say("dnf", "dnf install with another key", "refused");
    write(key.certificateFile);
    must("dnf", [...dnf, "install", "hello"]);
    assert.equal(hello(root), "hello from 1.0\n");
    assert.equal(run("rpm", ["--root", root, "-V", "hello"]).stdout, "");
    await repo({
      kind: "rpm",
      folder: site("rpm"),
      add: [second],
      keyFile: key.file,
      suite: "",
      origin: "Test",
      epoch: 1_790_000_100,
    });
    // An index that was read in this very second counts as fresh.
    must("dnf", [...dnf, "--refresh", "upgrade"]);
    assert.equal(hello(root), "hello from 2.0\n");
    must("dnf", [...dnf, "remove", "hello"]);
    assert.ok(isGone(root));
    table.say(
      "dnf",
      "dnf install, upgrade, remove with gpgcheck=1 and repo_gpgcheck=1",
      "by the signed repository, and gone at the end",
    );
    const theirs = join(base, "createrepo");
    mkdirSync(theirs);
    for (const file of filesOf(first, ".rpm"))
      copyFileSync(file, join(theirs, file.slice(file.lastIndexOf("/") + 1)));
    must("createrepo_c", ["--quiet", theirs]);
    table.say("createrepo_c", "createrepo_c of the packages", "reads them all");
  });

  test("bsdtar and Python read the same files as we do, in every format", async () => {
    const single = Object.fromEntries(
      PACKAGE_FORMATS.map((format) => [format, filesOf(`${first}-single`, `.${format}`)[0] ?? ""]),
    );
    const [deb = "", rpm = "", apk = ""] = PACKAGE_FORMATS.map((format) => single[format]);
    const own: Manifest[] = [];
    for (const format of PACKAGE_FORMATS)
      own.push(await manifestIn(format, readFileSync(single[format] ?? "")));
    const paths = (text: string) =>
      text
        .split("\n")
        .map((line) => line.replace(/^\.\//, ""))
        .filter((line) => line !== "" && line !== "." && !line.endsWith("/"))
        .toSorted();
    const data = join(base, "data.tar.gz");
    writeFileSync(data, execFileSync("bsdtar", ["-xOf", deb, "data.tar.gz"], { maxBuffer: 1 << 28 }));
    assert.deepEqual(paths(must("bsdtar", ["-tf", data])), Object.keys(own[0] ?? {}).toSorted());
    const listed = paths(must("bsdtar", ["-tf", rpm]));
    assert.deepEqual(
      listed.filter((each) => own[1]?.[each] !== undefined),
      Object.keys(own[1] ?? {}).toSorted(),
    );
    const third = streamsOf(readFileSync(apk)).at(-1)?.packed ?? Buffer.alloc(0);
    writeFileSync(join(base, "apk.tar.gz"), third);
    assert.deepEqual(
      paths(must("bsdtar", ["-tf", join(base, "apk.tar.gz")])),
      Object.keys(own[2] ?? {}).toSorted(),
    );
    table.say("bsdtar", "bsdtar -t of deb, rpm and the files of apk", "the same names as our readers");
    for (const [index, file] of [data, join(base, "apk.tar.gz")].entries()) {
      const found = JSON.parse(must("python3", ["-c", PYTHON, file])) as Record<string, string>;
      const wanted = own[index * 2] ?? {};
      for (const [path, digest] of Object.entries(found)) assert.ok(wanted[path]?.endsWith(digest), path);
      assert.equal(
        Object.keys(found).length,
        Object.values(wanted).filter((each) => !each.startsWith("link")).length,
      );
    }
    table.say(
      "python3",
      "tarfile and hashlib over the files of deb and apk",
      "the same digests as our readers",
    );
  });

  test("apk, without a tool of Alpine", () => {
    const [file = ""] = filesOf(`${first}-single`, ".apk");
    const read = readApk(readFileSync(file));
    const check = (signed: Uint8Array, signature: Uint8Array) => {
      writeFileSync(join(base, "signed"), signed);
      writeFileSync(join(base, "signature"), signature);
      const args = [
        "dgst",
        "-sha256",
        "-verify",
        key.publicFile,
        "-signature",
        join(base, "signature"),
        join(base, "signed"),
      ];
      assert.match(must("openssl", args), /Verified OK/);
    };
    check(read.control, read.signature?.bytes ?? new Uint8Array());
    const bytes = readFileSync(join(site("apk"), "x86_64/APKINDEX.tar.gz"));
    const index = readApkIndex(bytes);
    const [head] = streamsOf(bytes);
    const signature = [...tarOf(head?.content ?? new Uint8Array())];
    check(index.signed, signature[0] ?? new Uint8Array());
    const packages = filesOf(first, ".apk").map(
      (each) => textOfInfo(readApk(readFileSync(each)), "pkgname") ?? "",
    );
    const named = index.records.map((record) => record.get("P") ?? "");
    assert.deepEqual(new Set(named), new Set(packages));
    const names = must("tar", ["--warning=no-unknown-keyword", "-tzf", file]).split("\n");
    assert.ok(
      names[0]?.startsWith(".SIGN.RSA256.") === true &&
        names.includes(".PKGINFO") &&
        names.includes("usr/bin/hello"),
    );
    table.say("openssl", "openssl dgst -sha256 -verify of a package and of APKINDEX", "Verified OK");
    table.say("tar", "tar -tzf of an apk", "signature, control and files in their order");
  });

  function* tarOf(cut: Uint8Array): Generator<Uint8Array> {
    const size = Number.parseInt(Buffer.from(cut.subarray(124, 135)).toString("latin1"), 8);
    yield cut.subarray(512, 512 + size);
  }
});

/** What a package adds so that a system finds what is in it. */
const PROFILE = [
  "usr/share/man/man1/hello.1.gz",
  "usr/share/bash-completion/completions/hello",
  "usr/lib/systemd/system/hello-daily.service",
  "etc/hello.conf",
];

const ENV = {
  PATH: process.env["PATH"] ?? "",
  LC_ALL: "C.UTF-8",
  HOME: "/nonexistent",
  DEBIAN_FRONTEND: "noninteractive",
  TMPDIR: tmpdir(),
};

const PIPELINE = (version: string) => `import { pack, pipeline, source } from "pipelite";
const bin = source("bin");
const files = source("files");
export default pipeline({ bin, files });
export const hello = pack({
  name: "hello",
  version: "${version}",
  description: "Says hello\\nIt says hello, and which version it is.",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  homepage: "https://example.org/",
  date: "2026-11-30",
  programs: { hello: bin.file("hello") },
  manPages: { "hello.1": files.file("hello.1") },
  data: { "note.txt": files.file("note.txt") },
  configuration: { "/etc/hello.conf": files.file("hello.conf") },
  completions: { bash: { hello: files.file("hello.bash") } },
  services: { "hello-daily": { description: "Says hello once", command: ["hello"] } },
  scripts: { afterInstall: "echo yes > /installed", afterRemove: "rm -f /installed" },
});
`;

const PYTHON = `
import hashlib, json, sys, tarfile
found = {}
with tarfile.open(sys.argv[1]) as tar:
    for each in tar:
        if each.isfile():
            found[each.name.removeprefix("./")] = hashlib.sha256(tar.extractfile(each).read()).hexdigest()
print(json.dumps(found))
`;
