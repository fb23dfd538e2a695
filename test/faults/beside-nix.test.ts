// Processes that are killed at any moment while real Nix works in the same store: after each of them both find nothing wrong.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { randomOf } from "../fuzz/mutate.ts";
import { BUSY, StoreRig, storeScript } from "../store/rig.ts";

/** Real Nix adds and collects. */
const NIX = `
  n=0
  while :; do
    n=$((n + 1))
    echo "$$ $n" > "$2/file"
    nix-store --store "$1" --add "$2/file" || exit 1
    [ $((n % 3)) != 0 ] || nix-store --store "$1" --gc || exit 1
  done`;

const ROUNDS = 24;
const seed = Number(process.env["PIPELITE_FAULT_SEED"] ?? Date.now() % 1_000_000);

test(
  "killed at any moment beside real Nix, which is killed, too: nothing is lost",
  { skip: peer("nix-store") },
  async (t) => {
    using rig = new StoreRig();
    for (let index = 0; index < 20; index++)
      rig.write({ [`source/${index % 4}/${index}`]: "x".repeat(index * 997) });
    const anchor = await rig.text("anchor");
    await rig.store.addRoot(rig.path("result"), anchor);
    rig.close();
    mkdirSync(rig.path("nix"));
    mkdirSync(rig.path("nix-conf"));
    writeFileSync(rig.path("nix-conf/nix.conf"), "build-users-group =\nsubstituters =\n");
    const env = { ...process.env, NIX_CONF_DIR: rig.path("nix-conf"), HOME: rig.folder };
    const startNix = (): ChildProcess => {
      const words = ["-c", NIX, "sh", rig.home, rig.path("nix")];
      return spawn("sh", words, { env, stdio: "ignore", detached: true });
    };
    const killAll = async (child: ChildProcess): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await once(child, "exit");
    };
    const random = randomOf(seed);
    let registered = 0;
    let nix = startNix();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const child = spawn(process.execPath, [...storeScript(BUSY), rig.home, rig.path("source")], {
          stdio: ["ignore", "pipe", "inherit"],
          detached: true,
        });
        await once(child.stdout, "data");
        // However busy the machine is, it is in the middle of its work.
        await new Promise((resolve) => setTimeout(resolve, random() * 120));
        await killAll(child);
        assert.equal(nix.exitCode, null, "Nix was not stopped by what was left");
        if (round % 4 === 3) {
          await killAll(nix);
          assert.equal(rig.nixComplaints(), "", `round ${round}, seed ${seed}`);
          nix = startNix();
        }
        registered = Math.max(registered, rig.store.validPaths().length);
        const { problems } = await rig.store.verify({ checkContents: true });
        assert.deepEqual(problems, [], `round ${round}, seed ${seed}`);
        assert.ok(rig.store.isPresent(anchor), `round ${round}, seed ${seed}`);
        rig.close();
      }
    } finally {
      await killAll(nix);
    }
    t.diagnostic(`${ROUNDS} kills of ours, ${Math.floor(ROUNDS / 4) + 1} of Nix, seed ${seed}`);
    assert.ok(registered > 1, "nothing was registered");
    assert.equal(rig.nixComplaints(), "");
    await rig.store.gc();
    assert.deepEqual(rig.store.validPaths(), [anchor]);
    assert.equal(rig.nixComplaints(), "");
  },
);
