// `pack`, `key new --packages`, `repo` and `rebuild FILE` as they are typed.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createRig } from "../cli/rig.ts";

const PIPELINE = `import { pack, pipeline, source } from "pipelite";
const bin = source("bin");
export default pipeline({ bin });
export const packages = pack({ name: "hello", version: "1.0", description: "Says hello", licence: "MIT",
  maintainer: "Anna Example <anna@example.org>", programs: { hello: bin.file("hello") } });
`;

test("a run is packed, signed and put into repositories", async () => {
  using pipelite = createRig();
  const { folder } = pipelite;
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/hello"), "#!/bin/sh\necho hello\n");
  chmodSync(join(folder, "bin/hello"), 0o755);
  writeFileSync(join(folder, "pipeline.ts"), PIPELINE);
  const succeed = async (...words: string[]) => {
    const ended = await pipelite(...words);
    assert.equal(ended.code, 0, `${words.join(" ")}\n${ended.stderr}`);
    return ended;
  };
  await succeed("run");
  const key = await succeed("key", "new", "team.key", "--packages", "Team <team@example.org>");
  assert.match(key.stdout, /^[0-9A-F]{40}\n$/);
  const packed = await succeed(
    "pack",
    "--format",
    "deb,rpm",
    "--format",
    "apk",
    "--key",
    "team.key",
    "--out",
    "packages",
  );
  assert.match(packed.stdout, /hello_1\.0_\w+\.deb +[\d.]+ \w+ +sha256:[0-9a-f]{64}/);
  assert.match(packed.stdout, /written to packages, with hello\.files\.json/);
  const json = JSON.parse((await succeed("pack", "--format", "deb", "--out", "other", "--json")).stdout) as {
    packages: { payload: { codec: string; level: number; sha256: string } }[];
  };
  assert.deepEqual(
    json.packages.map(({ payload: { codec, level } }) => [codec, level]),
    json.packages.map(() => ["node-zlib-chromium/gzip", 6]),
  );
  for (const kind of ["apt", "rpm", "apk"]) {
    const first = await succeed("repo", kind, `site/${kind}`, "--add", "packages", "--key", "team.key");
    assert.equal(first.stdout.trim().split("\n").length, 2);
    const again = await succeed("repo", kind, `site/${kind}`, "--add", "packages", "--key", "team.key");
    assert.match(again.stderr, /2 packages in .*, 2 there already/);
  }
  assert.ok(existsSync(join(folder, "site/apt/dists/stable/InRelease")));
  await succeed("key", "new", "cache.key", "--paths", "test-1");
  const nix = await succeed("repo", "nix", "site/nix", "--add", "result", "--key", "cache.key");
  assert.match(nix.stderr, /\d+ paths to site\/nix/);
  const narinfo = readdirSync(join(folder, "site/nix")).filter((name) => name.endsWith(".narinfo"));
  for (const each of narinfo)
    assert.match(readFileSync(join(folder, "site/nix", each), "utf8"), /^Sig: test-1:/m);
  assert.equal(narinfo.length, nix.stdout.trim().split("\n").length);
  const deb = readdirSync(join(folder, "packages")).find((name) => /^hello.*\.deb$/.test(name)) ?? "";
  assert.match((await succeed("rebuild", join("packages", deb))).stdout, /comes out the same/);
  const bytes = readFileSync(join(folder, "packages", deb));
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
  writeFileSync(join(folder, "packages", deb), bytes);
  assert.equal((await pipelite("rebuild", join("packages", deb))).code, 3);
  for (const [words, said] of [
    [["pack", "--out", "x"], /--format/],
    [["pack", "--format", "zip", "--out", "x"], /it must be/],
    [["repo", "apt", "x"], /--key/],
    [["repo", "apt", "x", "--key", "team.key", "--suite", "../x"], /it must be letters/],
  ] as const) {
    const ended = await pipelite(...words);
    assert.equal(ended.code, 2, words.join(" "));
    assert.match(ended.stderr, said);
  }
});
