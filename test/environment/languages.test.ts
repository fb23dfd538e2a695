// The example in three languages (C by gcc, R, Python with numpy and matplotlib) is the same by whomever it is made: by our engine
// for root, by our engine for an ordinary user with another home and another clock, and by real Nix, from the exported flake alone: that
// is the flake of this example held against Nix, as test/export/examples.test.ts does for the others. Packages are chosen afresh.
import assert from "node:assert/strict";
import { chmodSync, cpSync, globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lock } from "#app/lock.ts";
import { removeTree } from "#base/files.ts";
import { FlakeNix, nixHolds } from "../export/rig.ts";
import { pipelite } from "../rig/command.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { runAsOther } from "../rig/second-user.ts";

const skip =
  sweep() ||
  peer("faketime", "apt-get", "nix", "unshare") ||
  (process.getuid?.() === 0 ? false : "not run: needs root, to become another user");

const EXAMPLE = join(import.meta.dirname, "../../examples/languages");

const NO_MIRRORS = {
  PIPELITE_MIRRORS: ["debian", "debian-security", "snapshot"]
    .map((name) => `${name}=http://127.0.0.1:1`)
    .join(" "),
};

const SAYS_42 = ["Rscript", "-e", "cat('42\\n')"];

test(
  "gcc, R and matplotlib have equal paths for two users, by two clocks, and by both engines",
  { skip, timeout: 3_000_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "pipelite-languages-"));
    chmodSync(folder, 0o755);
    try {
      using project = new Project({});
      cpSync(EXAMPLE, project.root, { recursive: true });
      const { signal } = new AbortController();
      const asked = {
        pipeline: project.root,
        params: {},
        update: true,
        shells: true,
        env: process.env,
        now: new Date(),
        signal,
      };
      const locked = await lock({ ...asked, home: project.door, say: () => {} });
      // The three of the pipeline, and that of the shells.
      assert.equal(locked.environments.length, 4);
      assert.doesNotMatch(readFileSync(locked.file, "utf8"), /https?:/);

      const own = await project.run();
      assert.equal(own.status, "passed", JSON.stringify(own.ends));
      assert.equal(Object.keys(own.outputs).length, 7);
      const bytes = (name: string, file: string) =>
        readFileSync(join(project.door.physical(own.outputs[name] ?? ""), file));
      assert.match(bytes("counts", "counts.csv").toString(), /^1000000,78498$/m);
      assert.match(bytes("fit", "fit.csv").toString(), /^1000000,78498,\d+/m);
      assert.equal(bytes("picture", "primes.png").subarray(1, 4).toString(), "PNG");

      // The others take the packages, and nothing else that was made, from the cache of the flake: archives are asked once.
      const exported = join(folder, "exported");
      const { code, stderr } = await pipelite(
        ["export-nix", project.root, "-o", exported, "--compression", "none"],
        { env: { PIPELITE_HOME: project.home } },
      );
      assert.equal(code, 0, stderr);
      const cache = join(exported, "cache");
      const cached = new Set(
        globSync("*.narinfo", { cwd: cache }).map(
          (name) => /^StorePath: (.*)$/m.exec(readFileSync(join(cache, name), "utf8"))?.[1],
        ),
      );
      const debs = [...cached].filter((path) => path?.endsWith(".deb"));
      assert.ok(debs.length > 200, `${debs.length} packages`);
      assert.deepEqual(cached.intersection(new Set(Object.values(own.outputs))), new Set());
      // The other machine names them in another order.
      const other = join(folder, "reordered");
      cpSync(project.root, other, { recursive: true });
      const text = readFileSync(join(EXAMPLE, "pipeline.ts"), "utf8");
      const reordered = text.replace('["gcc", "libc6-dev"]', '["libc6-dev", "gcc"]');
      assert.notEqual(reordered, text);
      writeFileSync(join(other, "pipeline.ts"), reordered);
      const nix = new FlakeNix(folder, exported);
      const { stages } = project.record();
      const [ordinary] = await Promise.all([
        runAsOther({ folder, project: other, env: NO_MIRRORS, words: ["--cache", cache] }),
        nixHolds({ nix, exported, stages, same: stages.map(({ name }) => name), full: SAYS_42 }),
      ]);
      assert.equal(ordinary.status, 0, ordinary.text);
      assert.deepEqual(ordinary.outputs, own.outputs);
    } finally {
      removeTree(folder);
    }
  },
);
