// The example in three languages (C by gcc, R, Python with numpy and matplotlib) is the same by whomever it is made: by our engine
// for root, by our engine for an ordinary user with another home and another clock, and by real Nix. Its packages are chosen afresh.
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lock } from "#app/lock.ts";
import { removeTree } from "#base/files.ts";
import { storePathName } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { pushTo } from "../cache/rig.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { runAsOther } from "../rig/second-user.ts";

const skip =
  sweep() ||
  peer("faketime", "apt-get", "nix-store") ||
  (process.getuid?.() === 0 ? false : "not run: needs root, to become another user");

const EXAMPLE = join(import.meta.dirname, "../../examples/languages");

const NO_MIRRORS = ["debian", "debian-security", "snapshot"]
  .map((name) => `${name}=http://127.0.0.1:1`)
  .join(" ");

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
        env: process.env,
        now: new Date(),
        signal,
      };
      const locked = await lock({ ...asked, home: project.door, say: () => {} });
      assert.equal(locked.environments.length, 3);
      assert.doesNotMatch(readFileSync(locked.file, "utf8"), /https?:/);

      const own = await project.run();
      assert.equal(own.status, "passed", JSON.stringify(own.ends));
      assert.equal(Object.keys(own.outputs).length, 7);
      const bytes = (name: string, file: string) =>
        readFileSync(join(project.door.physical(own.outputs[name] ?? ""), file));
      assert.match(bytes("counts", "counts.csv").toString(), /^1000000,78498$/m);
      assert.match(bytes("fit", "fit.csv").toString(), /^1000000,78498,\d+/m);
      assert.equal(bytes("picture", "primes.png").subarray(1, 4).toString(), "PNG");

      // The others take the packages, and nothing else, from here: archives are asked once.
      const cache = join(folder, "cache");
      {
        using store = openStore(project.home);
        const debs = store.validPaths().filter((path) => storePathName(path).endsWith(".deb"));
        assert.ok(debs.length > 200, `${debs.length} packages`);
        await pushTo(store, cache, debs, { compression: "none" });
      }
      // The other machine names them in another order.
      const other = join(folder, "reordered");
      cpSync(project.root, other, { recursive: true });
      const text = readFileSync(join(EXAMPLE, "pipeline.ts"), "utf8");
      const reordered = text.replace('["gcc", "libc6-dev"]', '["libc6-dev", "gcc"]');
      assert.notEqual(reordered, text);
      writeFileSync(join(other, "pipeline.ts"), reordered);
      using third = new Project({});
      cpSync(project.root, third.root, { recursive: true });
      const env = { PIPELITE_MIRRORS: NO_MIRRORS };
      const [ordinary, nix] = await Promise.all([
        runAsOther({ folder, project: other, env, words: ["--cache", cache] }),
        third.run({
          env: { ...process.env, ...env },
          caches: { caches: [cache], trustedKeys: [], cwd: "/", env: {} },
          engine: "nix",
        }),
      ]);
      assert.equal(ordinary.status, 0, ordinary.text);
      assert.equal(nix.status, "passed", JSON.stringify(nix.ends));
      assert.deepEqual(new Set(Object.values(nix.ends)), new Set(["built"]));
      assert.deepEqual(ordinary.outputs, own.outputs);
      assert.deepEqual(nix.outputs, own.outputs);
    } finally {
      removeTree(folder);
    }
  },
);
