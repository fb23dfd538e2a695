// Makes the packages of this folder anew: `node regenerate.ts PATH-OF-APK`. See SOURCES.md.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const [, , apk = "apk"] = process.argv;
const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), "apk3-"));
const root = join(folder, "root");
const put = (name: string, content: string, mode: number): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
  chmodSync(join(root, name), mode);
  utimesSync(join(root, name), 1_700_000_000, 1_700_000_000);
};
put("usr/bin/hello", "#!/bin/sh\necho hello\n", 0o755);
put("usr/share/xx/data", "data ".repeat(1000), 0o644);
put("usr/share/xx/empty", "", 0o600);
put("etc/hello.conf", "greeting = hello\n", 0o644);
symlinkSync("hello", join(root, "usr/bin/link"));
const script = join(folder, "post-install");
writeFileSync(script, "#!/bin/sh\necho installed\n");
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = join(folder, "team.key");
writeFileSync(key, privateKey.export({ format: "pem", type: "pkcs8" }));
writeFileSync(join(here, "team.pub"), publicKey.export({ format: "pem", type: "spki" }));

const info = {
  name: "hello",
  version: "1.0-r0",
  arch: "noarch",
  description: "Says hello",
  license: "MIT",
  origin: "hello",
  maintainer: "Anna Example <anna@example.org>",
  url: "https://example.org/",
  "build-time": "1700000000",
  depends: "busybox>=1.36 !other so:libc.musl-x86_64.so.1",
  provides: "cmd:hello=1.0-r0",
};
const run = (...words: string[]): string => execFileSync(apk, words, { encoding: "utf8", cwd: folder });
const make = (name: string, ...more: string[]): void => {
  const said = Object.entries(info).flatMap(([field, value]) => ["--info", `${field}:${value}`]);
  const files = ["--files", root, "--script", `post-install:${script}`, "--output", join(here, name)];
  run("mkpkg", ...said, ...files, ...more);
};
make("deflate.apk", "--sign-key", key);
make("zstd.apk", "--sign-key", key, "--compression", "zstd:9");
make("none.apk", "--compression", "none");
run("mkndx", "--allow-untrusted", "--output", join(here, "index.adb"), join(here, "none.apk"));
writeFileSync(join(here, "dump.txt"), run("adbdump", "--allow-untrusted", join(here, "none.apk")));
rmSync(folder, { recursive: true });
