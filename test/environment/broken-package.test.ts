// A package of somebody else's archive whose script fails, on the base of Debian: the package is named, with what the script said.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { lock } from "#app/lock.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

/** An archive with one package, made and signed by Debian's and GnuPG's own tools. @returns its mirror */
function writeBrokenArchive(root: string): string {
  const made = join(root, "made");
  const run = (program: string, ...args: string[]): string => {
    const env = { ...process.env, GNUPGHOME: join(made, "gnupg") };
    const { status, stdout, stderr } = spawnSync(program, args, { env, cwd: made, encoding: "utf8" });
    assert.equal(status, 0, `${program}: ${stderr}`);
    return stdout;
  };
  const write = (name: string, content: string, mode = 0o644): void => {
    mkdirSync(join(made, name, ".."), { recursive: true });
    writeFileSync(join(made, name), content, { mode });
  };
  const stanza = "Package: broken\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@example.org>\n";
  write("broken/DEBIAN/control", `${stanza}Description: none\n`);
  write("broken/DEBIAN/postinst", "#!/bin/sh\necho the script of broken gives up\nexit 3\n", 0o755);
  run("dpkg-deb", "--root-owner-group", "--build", "broken", "broken.deb");
  const deb = readFileSync(join(made, "broken.deb"));
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const index = `${stanza}Filename: broken.deb\nSize: ${deb.length}\nSHA256: ${hash(deb)}\n`;
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const packages = `main/binary-${architecture}/Packages`;
  const packed = gzipSync(index);
  mkdirSync(join(made, `dists/stable/main/binary-${architecture}`), { recursive: true });
  writeFileSync(join(made, `dists/stable/${packages}.gz`), packed);
  const lines = [
    "Suite: stable",
    "Codename: stable",
    `Date: ${new Date().toUTCString().replace("GMT", "UTC")}`,
  ];
  write("Release", [...lines, "SHA256:", ` ${hash(packed)} ${packed.length} ${packages}.gz`, ""].join("\n"));
  mkdirSync(join(made, "gnupg"), { mode: 0o700 });
  run(
    "gpg",
    "--batch",
    "--passphrase",
    "",
    "--quick-generate-key",
    "own <own@example.org>",
    "ed25519",
    "sign",
  );
  run("gpg", "--batch", "--output", join(root, "own.gpg"), "--export");
  run("gpg", "--batch", "--output", join(made, "dists/stable/InRelease"), "--clearsign", "Release");
  const mirrors = mirrorsOf({});
  const named = ["debian", "debian-security"].map((name) => `${name}=${mirrors.of(name)[0]}`);
  return [...named, `own=${pathToFileURL(made).href}`].join(" ");
}

const skip = sweep() || peer("apt-get", "gpg", "dpkg-deb");

test("a script of a package that fails", { skip, timeout: 900_000 }, async () => {
  using project = new Project({});
  const { signal } = new AbortController();
  const mirrors = writeBrokenArchive(project.root);
  project.write({
    "pipeline.ts": `
import { command, debian, out, pipeline } from "pipelite";
const repositories = [{ name: "own", suite: "stable", components: ["main"], keys: "own.gpg" }];
const env = debian(["broken"], { repositories });
export default pipeline({ said: command(env.tool("true"), [out], { name: "said" }) });
`,
  });
  const withOwn = { ...process.env, PIPELITE_MIRRORS: mirrors };
  const { root: pipeline, door: home } = project;
  await lock({
    pipeline,
    params: {},
    update: false,
    env: withOwn,
    now: new Date(),
    signal,
    home,
    say: () => {},
  });
  const broken = await project.run({ env: withOwn });
  const [ended] = broken.events.flatMap((event) =>
    event.type === "stage-finished" && event.status === "failed" ? [event] : [],
  );
  assert.equal(ended?.failure?.code, "ENVIRONMENT_PACKAGE_FAILED");
  assert.match(ended?.failure?.message ?? "", /cannot configure broken: dpkg ended with 1/);
  const lines = broken.events.flatMap((event) => (event.type === "stage-log" ? [event.line] : []));
  assert.match(lines.join("\n"), /the script of broken gives up/);
});
