// A disk that is really full: a small file system of its own, which only the processes of the test see. What needs room says so,
// nothing registered is lost, and a collection makes room, however often something was tried before.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { peer } from "../rig/peer.ts";
import { StoreRig } from "./rig.ts";

const PIPELITE = join(import.meta.dirname, "../../bin/pipelite");
const UNSHARE = process.geteuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
/** Each step prints what it ended with. */
const SCRIPT = `
set -u
mount -t tmpfs -o size=24m none "$DISK" || exit 9
step() { name=$1; shift; "$@" >"$OUT" 2>&1; echo "$name $? $(grep -c 'no space is left' "$OUT")"; }
reserve() { echo "$1 $(stat -c %s "$DISK/home/nix/var/nix/db/reserved")"; }
nix() { nix-store --store "$DISK/home" --verify --check-contents; }
step add "$PIPELITE" store add "$BIG" --name kept
cat /dev/zero >"$DISK/fill" 2>/dev/null
for again in 1 2 3; do
  step add-full "$PIPELITE" store add "$OTHER" --name other
  cat /dev/zero >"$DISK/fill$again" 2>/dev/null
done
reserve left
step list "$PIPELITE" store list
grep -c -- -kept "$OUT"
step gc "$PIPELITE" store gc
grep -c -- -kept "$OUT"
step nix nix
rm "$DISK"/fill*
step add-again "$PIPELITE" store add "$OTHER" --name other
step optimise "$PIPELITE" store optimise
step verify "$PIPELITE" store verify --contents
step nix nix
reserve again
`;
const ENDS = `add 0 0
add-full 1 1
add-full 1 1
add-full 1 1
list 0 0
1
gc 0 0
1
nix 0 0
add-again 0 0
optimise 0 0
verify 0 0
nix 0 0
again ${8 << 20}
`;

test(
  "a collection makes room on a full disk, whatever was tried before",
  { skip: peer("unshare", "nix-store") },
  () => {
    using rig = new StoreRig();
    const big = rig.write({
      big: Buffer.alloc(4 << 20, "a"),
      other: Buffer.alloc(5 << 20, "b"),
      "disk/x": "",
    });
    const disk = rig.path("disk");
    const env = {
      ...process.env,
      PIPELITE,
      DISK: disk,
      BIG: big,
      OTHER: rig.path("other"),
      OUT: rig.path("out"),
      PIPELITE_HOME: join(disk, "home"),
      NO_COLOR: "1",
    };
    const { stdout, stderr } = spawnSync("unshare", [...UNSHARE, "sh", "-c", SCRIPT], {
      env,
      encoding: "utf8",
    });
    const left = Number(/^left (\d+)$/m.exec(stdout)?.[1]);
    assert.ok(left > 4 << 20, `${left} bytes of the reserve are left`);
    assert.equal(stdout.replace(/^left .*\n/m, ""), ENDS, stderr);
  },
);

/** Files that have nothing in them take all that the file system can hold; then they go, one after the other. */
const WITHOUT_FILES = `
set -u
mount -t tmpfs -o size=24m,nr_inodes=300 none "$DISK" || exit 9
step() { name=$1; shift; "$@" >"$OUT" 2>&1; echo "$name $? $(grep -c 'no file more can be made' "$OUT")"; }
step add "$PIPELITE" store add "$OTHER" --name kept
mkdir "$DISK/new"
i=0; while (: >"$DISK/f$i") 2>/dev/null; do i=$((i + 1)); done
step add-full "$PIPELITE" store add "$BIG" --name other
step list "$PIPELITE" store list
step gc "$PIPELITE" store gc
while [ $i -gt 0 ]; do
  rm -r "$DISK/new"; mkdir "$DISK/new"
  PIPELITE_HOME="$DISK/new" "$PIPELITE" store add "$BIG" --name other >"$OUT" 2>&1 && break
  grep -q 'no file more can be made' "$OUT" || { echo "not told:"; cat "$OUT"; }
  i=$((i - 3)); rm -f "$DISK/f$i" "$DISK/f$((i + 1))" "$DISK/f$((i + 2))"
done
echo end
`;

test("a file system that holds no more files is full, and told as that", { skip: peer("unshare") }, () => {
  using rig = new StoreRig();
  rig.write({ big: "a", other: "b", "disk/x": "" });
  const disk = rig.path("disk");
  const paths = { DISK: disk, BIG: rig.path("big"), OTHER: rig.path("other"), OUT: rig.path("out") };
  const env = { ...process.env, ...paths, PIPELITE, PIPELITE_HOME: join(disk, "home"), NO_COLOR: "1" };
  const { stdout, stderr } = spawnSync("unshare", [...UNSHARE, "sh", "-c", WITHOUT_FILES], {
    env,
    encoding: "utf8",
  });
  assert.equal(stdout, "add 0 0\nadd-full 1 1\nlist 0 0\ngc 0 0\nend\n", stderr);
});
