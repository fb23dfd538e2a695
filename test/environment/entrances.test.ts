// The programs that enter a root: in our own sandboxes and in Nix's, as what they are and as what a stage sees.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { hexDigestOf } from "#base/digest.ts";
import { ENTRANCE_FAILED, assembleEntrance, entranceStep } from "#sandbox/launcher/entrance.ts";
import { writeEntrance, type EntranceName } from "#sandbox/entrances.ts";
import { peer } from "../rig/peer.ts";

const folder = mkdtempSync(join(tmpdir(), "pipelite-entrances-"));
after(() => rmSync(folder, { recursive: true }));

/** Their bytes are part of what every stage in an environment is: whoever changes one builds all of those again. */
const DIGESTS: Record<string, string> = {
  "enter-x64": "d300128adfd32134905ace6e2635c1d37569c68d6fd4cc59a746813035d8c12d",
  "enter-arm64": "120e8e9bcc1e69ad9efb3422e7d145c6d082183a365dfcd730ae8808f560edd8",
  "arrange-x64": "62c2c6bba31704fc2f58ef041ba7254a56c43bf71d0f2ee7d08b5b270dece8de",
  "arrange-arm64": "80976f3c172571d48cb569a525625d12b986e39b3c50f5f3d668cc45640a45b1",
  "configure-x64": "81813a2501ce28c99c0f5ddef672fc5c25cd6baaa39d5949f39633416db9a32c",
  "configure-arm64": "6e51fd10a6468200fff3717d53ed7831f431bf5a32555fefa798f337ebfbea41",
};

test("their bytes follow from the source alone", () => {
  const names: EntranceName[] = ["enter", "arrange", "configure"];
  const digests = names.flatMap((name) =>
    (["x64", "arm64"] as const).map((machine) => [
      `${name}-${machine}`,
      hexDigestOf(writeEntrance(name, machine)),
    ]),
  );
  assert.deepEqual(Object.fromEntries(digests), DIGESTS);
});

describe("outside of a sandbox", () => {
  const file = join(folder, "enter");
  writeFileSync(file, writeEntrance("enter", process.arch === "arm64" ? "arm64" : "x64"));
  chmodSync(file, 0o755);
  const run = (...args: string[]) => spawnSync(file, args, { encoding: "utf8", env: {} });

  test("what fails is said in words, with the kernel's error", () => {
    // Nobody here is user 1000 of a namespace that may be left for another.
    const { status, stderr } = run("/nowhere", "/bin/sh", "", "sh");
    assert.equal(status, ENTRANCE_FAILED);
    assert.match(stderr, /^pipelite: cannot enter the environment: .*: error [A-Z]+.*\n$/);
  });
});

for (const machine of ["x64", "arm64"] as const) {
  const emulator = machine === "x64" ? "qemu-x86_64-static" : "qemu-aarch64-static";
  const isOwn = process.arch === machine;
  describe(`an entrance for ${machine}`, { skip: isOwn ? false : peer(emulator) }, () => {
    const file = join(folder, `plain-${machine}`);
    writeFileSync(file, assembleEntrance(machine, [entranceStep("go nowhere", "chdir", { known: "root" })]));
    chmodSync(file, 0o755);
    const run = (...args: string[]) => {
      const [command = "", ...words] = [...(isOwn ? [] : [emulator]), file, ...args];
      return spawnSync(command, words, { encoding: "utf8", env: { A: "1", B: "two" } });
    };
    test("executes the first candidate that is there, with its arguments and the environment", () => {
      const { stdout, stderr } = run(
        "/",
        "/nowhere/sh",
        "/bin/sh",
        "/bin/false",
        "",
        "sh",
        "-c",
        'echo "$A $B $0 $1"',
        "x",
        "",
      );
      assert.equal(`${stdout}${stderr}`, "1 two x \n");
    });
    test("says what failed, and ends with its own code", () => {
      for (const [args, words] of [
        [["/nowhere", "/bin/sh", "", "sh"], "go nowhere: error ENOENT, it is not there"],
        [["/", "/nowhere", "", "sh"], "the program cannot be started there: error ENOENT, it is not there"],
        [
          ["/", "/etc/passwd", "/nowhere", "", "x"],
          "the program cannot be started there: error EACCES, it may not be used",
        ],
      ] as const) {
        const { status, stderr } = run(...args);
        assert.equal(status, ENTRANCE_FAILED);
        assert.equal(stderr, `pipelite: cannot enter the environment: ${words}\n`);
      }
    });
  });
}

describe("in the sandbox of Nix", { skip: peer("nix-build", "busybox") }, () => {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  spawnSync("cp", ["/bin/busybox", join(tools, "busybox")]);
  writeFileSync(join(tools, "enter"), writeEntrance("enter", process.arch === "arm64" ? "arm64" : "x64"));
  chmodSync(join(tools, "enter"), 0o755);
  const build = (root: string, candidates: string[], script: string) => {
    const words = (list: string[]) =>
      list.map((word) => JSON.stringify(word).replaceAll("${", "\\${")).join(" ");
    const file = join(folder, "test.nix");
    writeFileSync(
      file,
      `let
  tools = ${tools};
  busybox = "\${tools}/busybox";
  root = derivation {
    name = "root"; system = builtins.currentSystem; builder = busybox;
    args = [ "sh" "-c" ${JSON.stringify(root).replaceAll("$", "\\$")} ];
    inherit busybox;
  };
in derivation {
  name = "inside"; system = builtins.currentSystem; builder = "\${tools}/enter";
  args = [ "\${root}" ${words(candidates)} "" "sh" "-c" ${JSON.stringify(script).replaceAll("$", "\\$")} ];
}`,
    );
    return spawnSync("nix-build", ["--store", join(folder, "store"), file, "--no-out-link"], {
      encoding: "utf8",
      env: {
        ...process.env,
        NIX_CONFIG: "build-users-group =\nsandbox = true\nsandbox-fallback = false\nsubstituters =\n",
      },
    });
  };
  const ROOT =
    "for i in bin dev proc build nix/store tmp run root var/tmp; do $busybox mkdir -p $out/$i; done; " +
    "$busybox cp $busybox $out/bin/busybox; $busybox ln -s busybox $out/bin/sh";

  test("the root is the environment, read-only, with fresh folders, as the user of every stage", () => {
    const script = `exec 2>&1; set -e
      b=/bin/busybox
      $b test "$PWD" = /build; $b test "$($b id -u):$($b id -g)" = 1000:100
      ! $b touch /bin/x; for i in /tmp /run /root /var/tmp /build; do $b touch $i/x; done
      $b test "$($b ls /)" = "$($b printf 'bin\\nbuild\\ndev\\nnix\\nproc\\nroot\\nrun\\ntmp\\nvar')"
      $b test -c /dev/null; $b test -d /proc/self; $b ls /nix/store > $out`;
    const { status, stderr } = build(ROOT, ["/usr/bin/sh", "/bin/sh"], script);
    assert.equal(status, 0, stderr);
  });

  test("a root without the folders that are mounted is refused by name", () => {
    const { status, stderr } = build(ROOT.replace(" proc ", " "), ["/bin/sh"], "true");
    assert.notEqual(status, 0);
    assert.match(stderr, /cannot enter the environment: mount \/proc in it: error ENOENT/);
  });

  test("a program that is not there is said to be so", () => {
    const { stderr } = build(ROOT, ["/bin/nothing", "/usr/bin/nothing"], "true");
    assert.match(stderr, /cannot enter the environment: the program cannot be started there: error ENOENT/);
  });
});
