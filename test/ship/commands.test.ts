// `pack`, `key new --packages`, `repo` and `rebuild FILE` as they are typed.
import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
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
  // There is no store yet, and that is not what is wrong.
  const missing = await pipelite("verify", "nothing.deb");
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /nothing\.deb: no such file/);
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
    json.packages.map(() => ["node-zlib-chromium/gzip/1048576", 6]),
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
  async function verifies(name: string): Promise<void> {
    const seen = async (file: string, ...more: string[]) => {
      const { code, stdout } = await pipelite("verify", file, "--json", ...more);
      const { status, checks } = JSON.parse(stdout) as {
        status: string;
        checks: { what: string; status: string; detail: string }[];
      };
      return { code, status, open: checks.filter((each) => each.status !== "holds") };
    };
    const unsigned = await seen(join("other", name));
    assert.deepEqual([unsigned.code, unsigned.status], [3, "untested"]);
    assert.deepEqual(
      unsigned.open.map(({ what }) => what),
      ["besides", "signature"],
    );
    const made = await succeed("pack", "--format", "deb,rpm,apk", "--single", "--attest", "--out", "signed");
    assert.match(made.stdout, /hello_1\.0_\w+\.deb\.sigstore\.json/);
    for (const format of ["deb", "rpm", "apk"]) {
      const file = readdirSync(join(folder, "signed")).find((each) => each.endsWith(`.${format}`)) ?? "";
      const found = await seen(join("signed", file));
      assert.deepEqual([found.code, found.open], [0, []], file);
    }
    // A signature of another file, and by somebody whom the trust file does not name.
    copyFileSync(join(folder, `signed/${name}.sigstore.json`), join(folder, `other/${name}.sigstore.json`));
    const moved = await seen(join("other", name));
    assert.deepEqual([moved.code, moved.open.at(-1)?.detail], [3, "it is of another file"]);
    writeFileSync(join(folder, "trust.json"), JSON.stringify({ version: 1, keys: [], builders: [] }));
    const nobody = await seen(join("other", name), "--trust", "trust.json");
    assert.deepEqual([nobody.code, nobody.status], [3, "fails"]);
  }
  const bytes = readFileSync(join(folder, "packages", deb));
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
  writeFileSync(join(folder, "packages", deb), bytes);
  assert.equal((await pipelite("rebuild", join("packages", deb))).code, 3);
  await verifies(deb);
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
