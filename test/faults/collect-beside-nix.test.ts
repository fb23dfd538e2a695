// Collections that are killed at any call while real Nix builds, or collects too, in the same store: what a root keeps stays, what Nix
// builds meanwhile is there, and both find nothing wrong.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { utf8 } from "#base/bytes.ts";
import { isStorePath, type StorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { randomOf } from "../fuzz/mutate.ts";
import { peer } from "../rig/peer.ts";
import { mustPleaseNix } from "./sweep.ts";
import { Work } from "./work.ts";

/** So many that files go by a thread, while rows go in several batches. */
const DEAD = 2100;
const KILLS = 6;
/** Each begins with all that is dead; those that follow find what the last one left. */
const IN_A_ROW = 3;
const seed = Number(process.env["PIPELITE_FAULT_SEED"] ?? Date.now() % 1_000_000);

/**
 * Nix takes a file by the hash it must have, each time under another name, and says that it has begun. A root keeps each second one, and
 * all derivations.
 */
const BUILDS = `
  for n in 1 2 3 4 5 6 7 8; do
    echo "$n" > "$2/file"
    hash=$(sha256sum < "$2/file" | cut -c1-64)
    nix-instantiate --store "$1" --add-root "$2/drvs/$3-$n" "$2/default.nix" --argstr name "$3-$n" --argstr hash "$hash" >&2 || exit 1
    drv=$(readlink "$2/drvs/$3-$n")
    root=
    [ $((n % 2)) = 0 ] || root="--add-root $2/roots/$3-$n"
    nix-store --store "$1" --realise $root "\${drv#"$1"}" >&2 || exit 1
    echo begun
  done`;
const COLLECTS = `
  for n in 1 2 3 4; do
    echo "$3 $n" > "$2/file"
    nix-store --store "$1" --add "$2/file" >&2 && nix-store --store "$1" --gc >&2 || exit 1
    echo begun
  done`;

const EXPRESSION = `{ name, hash }: derivation {
  inherit name; system = "builtin"; builder = "builtin:fetchurl"; url = "file://\${./file}";
  outputHash = hash; outputHashAlgo = "sha256"; outputHashMode = "flat";
}`;

describe("a collection that is killed beside real Nix", { skip: peer("nix-store", "gcc") }, () => {
  for (const [kind, script] of Object.entries({ builds: BUILDS, collects: COLLECTS }))
    test(`that ${kind}: nothing is lost`, async (t) => {
      using work = await Work.make();
      const random = randomOf(seed);
      const anchor = await fill(work);
      work.save();
      work.restore();
      const calls = mustBeDone(work);
      const counts: number[] = [];
      for (let round = 0; round < KILLS; round += 1) {
        if (round % IN_A_ROW === 0) work.restore();
        const nix = startNix(work, script, round);
        try {
          const ended = new Promise((resolve) => nix.once("exit", resolve));
          if (nix.stdout !== null) await Promise.race([once(nix.stdout, "data"), ended]);
          const at = 1 + Math.floor(random() * calls);
          counts.push(at);
          // Where Nix took some of what was dead, it may come to its end before that call.
          const { status, signal, stderr } = work.start(
            { words: ["store", "gc"] },
            work.faulty("kill", at, work.home),
          );
          assert.ok(signal === "SIGKILL" || status === 0, `${status} ${signal} ${stderr}`);
          await ended;
        } finally {
          end(nix);
        }
        const said = readFileSync(join(nixFolder(work), "said"), "utf8").slice(-2000);
        const when = `round ${round}, killed at call ${counts.at(-1)}, seed ${seed}: ${said}`;
        assert.equal(nix.exitCode, 0, when);
        mustPleaseNix(work);
        work.mustHave(anchor);
        for (const path of rootsOf(work)) work.mustHave(path);
      }
      assert.ok(kind === "collects" || rootsOf(work).length > 0, "Nix built nothing");
      await work.pipelite(["store", "gc"]);
      const wanted = new Set<string>([anchor, ...rootsOf(work)]);
      const left = [...work.registered()];
      // What was dead from the start, and what Nix built and no root keeps.
      const dead = left.filter((path) => /-(dead-\d+|\d+-[2468])$/.test(path));
      assert.deepEqual(dead, []);
      assert.ok(wanted.isSubsetOf(new Set(left)));
      mustPleaseNix(work);
      t.diagnostic(`${KILLS} kills, at calls ${counts.join(", ")} of ${calls}, seed ${seed}`);
    });
});

/** Many paths that nothing keeps, and one that a root keeps. */
async function fill(work: Work): Promise<StorePath> {
  using store = openStore(work.home);
  const { path } = await store.addText("anchor", utf8("anchor"));
  await store.addRoot(work.result, path);
  for (let done = 0; done < DEAD; done += 300)
    await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        store.addText(`dead-${done + index}`, utf8(`${index}`), [path]),
      ),
    );
  return path;
}

/** @returns how many calls it made */
function mustBeDone(work: Work): number {
  const { status, stderr } = work.start({ words: ["store", "gc"] }, work.faulty("none", 0, work.home));
  assert.equal(status, 0, stderr);
  return work.count();
}

/** Nix's own files, beside the home: they are put back with it. */
function nixFolder({ folder }: Work): string {
  return join(folder, "now/nix");
}

function startNix(work: Work, script: string, round: number): ChildProcess {
  const { folder, home } = work;
  const own = nixFolder(work);
  mkdirSync(join(own, "roots"), { recursive: true });
  writeFileSync(join(own, "default.nix"), EXPRESSION);
  writeFileSync(join(own, "nix.conf"), "build-users-group =\nsubstituters =\nsandbox = false\n");
  const env = { ...process.env, NIX_CONF_DIR: own, HOME: folder };
  // Nobody reads a pipe of its words while ours collects.
  const said = openSync(join(own, "said"), "w");
  try {
    const words = ["-c", script, "sh", home, own, String(round)];
    return spawn("sh", words, { env, stdio: ["ignore", "pipe", said], detached: true });
  } finally {
    closeSync(said);
  }
}

function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), "SIGKILL");
}

/** What Nix's own roots keep. */
function rootsOf(work: Work): StorePath[] {
  const roots = join(nixFolder(work), "roots");
  if (!existsSync(roots)) return [];
  return readdirSync(roots).map((name) => {
    const target = readlinkSync(join(roots, name)).replace(work.home, "");
    assert.ok(isStorePath(target), target);
    return target;
  });
}
