// The archive of the Monster Walk on a machine with nothing but Node, in June 2035: verified and built again by nobody, without a
// network. And the same file by tools that know nothing of Pipelite: tar, sha256sum, Nix, Python.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { hashTree } from "#store/tree.ts";
import { pipelite, until } from "../rig/command.ts";
import { peer, sweep } from "../rig/peer.ts";
import { NOBODY, emptyRoot, nodeIn, pipeliteAsNobody, startAsNobody } from "./machine.ts";

const skip =
  sweep() ||
  peer("bwrap", "setpriv", "faketime", "ldd", "nix-store", "nix", "sha256sum", "tar", "python3") ||
  (process.getuid?.() === 0 ? false : "not run: only root can be another user");

const CLOCK = "2035-06-01 00:00:00";

describe("the archive of the Monster Walk", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pipelite-walk-"));
  const home = join(folder, "home");
  const file = join(folder, "walk.tar");
  const trust = join(folder, "attestations/trust.json");
  const root = join(folder, "root");
  const unpacked = join(folder, "unpacked");
  let runId = "";

  const good = async (
    ended: Promise<{ code: number | null; stdout: string; stderr: string }>,
  ): Promise<string> => {
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    return stdout;
  };

  before(async () => {
    chmodSync(folder, 0o755);
    const walk = join(import.meta.dirname, "../../examples/monster-walk");
    await good(pipelite(["run", walk, "--store", home, "--out", join(folder, "result"), "--quiet"]));
    const archived = await good(
      pipelite(["archive", "--store", home, "--out", file, "--json"], { cwd: walk }),
    );
    ({ runId } = JSON.parse(archived) as { runId: string });
    await good(pipelite(["provenance", runId, "--store", home, "--out", join(folder, "attestations")]));
    emptyRoot(root);
    copyFileSync(trust, join(root, "in/trust.json"));
    writeFileSync(join(root, "in/walk.tar"), "");
    mkdirSync(unpacked);
    execFileSync("tar", ["-xf", file, "-C", unpacked]);
  });
  after(() => removeTree(folder));

  test("is whole by tar and sha256sum alone", () => {
    const { status, stderr } = spawnSync("sha256sum", ["--quiet", "--strict", "--check", "SHA256SUMS"], {
      cwd: unpacked,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    const sums = readFileSync(join(unpacked, "SHA256SUMS"), "utf8").split("\n").length - 1;
    const files = execFileSync("find", [unpacked, "-type", "f"], { encoding: "utf8" }).split("\n").length - 1;
    // All but SHA256SUMS and the signature over it.
    assert.equal(files, sums + 2);
    assert.match(
      readFileSync(join(unpacked, "sources/examples/monster-walk/pipeline.ts"), "utf8"),
      /pipeline\(/,
    );
  });

  test(
    "is verified, opened and built again where Node is all there is, in 2035",
    { timeout: 900_000 },
    async () => {
      const readme = readFileSync(join(unpacked, "README"), "utf8");
      writeFileSync(join(root, "in/unpack.js"), codeAfter(readme, "node unpack.js ARCHIVE"));
      const node = (...args: string[]) => nodeIn(root, { file, clock: CLOCK }, args);
      assert.match(
        await good(node("-p", "new Date().toISOString() + process.getuid()")),
        /^2035-06-01T00:00.*65534\n$/,
      );
      await good(node("/in/unpack.js", "/in/walk.tar"));
      const cli = (...args: string[]) => node("program/dist/cli.cjs", ...args);
      const verified = await good(cli("verify", "/in/walk.tar", "--trust", "/in/trust.json"));
      assert.match(verified, /^holds +closure /m);
      assert.match(verified, /^holds +provenance\/audio .*audio.sigstore.json/m);
      assert.match(verified, /^all holds$/m);
      await good(cli("archive", "open", "/in/walk.tar", "--to", "home"));
      const rebuilt = await good(cli("rebuild", runId, "--times", "0", "--store", "home"));
      assert.match(rebuilt, /^(\d+) of \1 outputs of run .* reproduced$/m);
      const shown = JSON.parse(await good(cli("show", runId, "--store", "home", "--json"))) as object;
      assert.match(JSON.stringify(shown), /"last":"2035-06-01T/);
    },
  );

  test(
    "leaves nothing where its opening is killed; the next time it is built again by both engines, in another folder, by another user",
    { timeout: 900_000 },
    async () => {
      const own = join(folder, "nobody");
      mkdirSync(own);
      chownSync(own, NOBODY, NOBODY);
      const opening = ["archive", "open", file, "--to", "home"];
      const { child, ended } = startAsNobody(own, opening);
      const unfinished = () => readdirSync(own).filter((name) => name.startsWith("home.opening-"));
      await until(() => unfinished().some((name) => existsSync(join(own, name, "nix/store"))), "it begins");
      child.kill("SIGKILL");
      await ended;
      assert.equal(existsSync(join(own, "home")), false);
      assert.equal(unfinished().length, 1);
      await good(pipeliteAsNobody(own, opening));
      assert.deepEqual(unfinished(), []);
      const words = ["rebuild", runId, "--times", "0", "--store", "home"];
      const rebuilt = await good(pipeliteAsNobody(own, words));
      assert.match(rebuilt, /^(\d+) of \1 outputs of run .* reproduced$/m);
      assert.equal(rebuilt.match(/ 2 builds by embedded and nix$/gm)?.length, 12);
      assert.equal(rebuilt.match(/ the same with other time, .*user, .*build-path, /g)?.length, 12);
    },
  );

  test("has a store that Nix copies, and NARs that the Python of its README takes apart", async () => {
    const readme = readFileSync(join(unpacked, "README"), "utf8");
    const script = codeAfter(readme, "With Nix instead, from the unpacked archive:").replaceAll(
      "HOME",
      join(folder, "nix"),
    );
    const { status, stderr } = spawnSync("sh", ["-ec", script], { cwd: unpacked, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const cache = readdirSync(join(unpacked, "store")).filter((name) => name.endsWith(".narinfo"));
    assert.equal(
      readdirSync(join(folder, "nix/nix/store")).filter((name) => !name.startsWith(".")).length,
      cache.length,
    );
    const check = spawnSync("nix-store", ["--store", join(folder, "nix"), "--verify", "--check-contents"]);
    assert.equal(check.status, 0, check.stderr.toString());
    writeFileSync(join(folder, "nar.py"), codeAfter(readme, "nar.py FILE.nar TARGET"));
    const nars = readdirSync(join(unpacked, "store/nar")).filter((name) =>
      /-(song|node-[\d.]+|node_modules)\.nar$/.test(name),
    );
    assert.ok(nars.length >= 3);
    for (const name of nars) {
      const target = join(folder, `out-${name}`);
      execFileSync("python3", [join(folder, "nar.py"), join(unpacked, "store/nar", name), target]);
      const { narHash } = await hashTree(target);
      const sums = readFileSync(join(unpacked, "SHA256SUMS"), "utf8");
      assert.ok(sums.includes(`${Buffer.from(narHash).toString("hex")}  store/nar/${name}\n`), name);
      execFileSync("chmod", ["-R", "u+w", target]);
    }
  });
});

/** The block that stands indented after a line that ends so. */
function codeAfter(readme: string, end: string): string {
  const lines = readme.split("\n");
  const from = lines.findIndex((line) => line.replace(/[):]*$/, "").endsWith(end.replace(/[):]*$/, ""))) + 1;
  const length = lines.slice(from).findIndex((line) => line !== "" && !line.startsWith("    "));
  const block = lines.slice(from, length < 0 ? undefined : from + length);
  return `${block
    .map((line) => line.slice(4))
    .join("\n")
    .trim()}\n`;
}
