// `pipelite shell` and `run --debug`, as an ordinary user and as root, from a terminal and from a pipe: by the command itself,
// in one environment of Debian's essential packages.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chownSync,
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
import { peer, sweep } from "../rig/peer.ts";

const ROOT = join(import.meta.dirname, "../..");
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), "pipelite-shell-"));
const project = join(folder, "project");
after(() => removeTree(folder));

const FILES = {
  "pipeline.ts": `
import { command, debian, out, pipeline, sh, source, stage } from "pipelite";
const env = debian(["dash"]);
const upper = command(env.tool("tr"), ["a-z", "A-Z"], { name: "upper", stdin: source("data.txt"), stdout: "upper.txt" });
const broken = sh({ environment: env, env: { WORD: "of the stage" } })\`
  echo half > partial.txt; cat \${upper.file("upper.txt")} > \${out("x")}; exit 4\`;
const plain = stage(() => import("./plain.ts"), { upper });
export default pipeline({ upper, broken, plain });
`,
  "data.txt": "hello\n",
  "plain.ts": "export default function plain(): never { throw new Error('no'); }\n",
};

interface How {
  asRoot?: boolean;
  input?: string;
  /** With a terminal, as `script` makes one. */
  terminal?: boolean;
  /** How many user namespaces it may make. */
  namespaces?: number;
  env?: Readonly<Record<string, string>>;
}

function pipelite(words: readonly string[], how: How = {}) {
  const { asRoot = false, input = "", terminal = false, namespaces } = how;
  let command = [join(ROOT, "bin/pipelite"), ...words];
  const quoted = (list: readonly string[]) =>
    list.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  if (terminal) command = ["script", "-qec", quoted(command), "/dev/null"];
  if (namespaces !== undefined) {
    const limited = `echo ${namespaces} > /proc/sys/user/max_user_namespaces; exec ${quoted(command)}`;
    command = ["unshare", "-U", "-r", "sh", "-c", limited];
  }
  if (isRoot && !asRoot)
    command = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...command];
  const [program = "", ...args] = command;
  const variables = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    PIPELITE_HOME: join(folder, "home"),
    SHELL: "/bin/sh",
  };
  return spawnSync(program, args, {
    cwd: project,
    env: { ...variables, ...how.env },
    input,
    encoding: "utf8",
  });
}

const skip = sweep() || peer("apt-get", "script", "unshare") || whyNobodyCannot();

function whyNobodyCannot(): false | string {
  if (!isRoot) return false;
  const { status } = spawnSync("setpriv", [`--reuid=${NOBODY}`, "test", "-r", join(ROOT, "package.json")]);
  return status === 0 ? false : "not run: an ordinary user may not read this checkout";
}

describe("a prompt in an environment", { skip }, () => {
  before(() => {
    mkdirSync(project);
    for (const [name, content] of Object.entries(FILES)) writeFileSync(join(project, name), content);
    if (isRoot) for (const path of [folder, project]) chownSync(path, NOBODY, NOBODY);
    const { status, stderr } = pipelite(["lock"]);
    assert.equal(status, 0, stderr);
  });

  test("has the inputs of the stage, which are built first, its variables, its user, and a fresh folder", () => {
    const script =
      'id -u; pwd; ls -A; echo "$WORD"; cat /nix/store/*-upper/upper.txt; echo $out; touch /tmp/x $out; exit 7';
    const { status, stdout, stderr } = pipelite(["shell", "broken", "--", "sh", "-c", script]);
    assert.equal(status, 7, stderr);
    assert.match(stdout, /^1000\n\/build\nof the stage\nHELLO\n\/nix\/store\/[0-9a-z]{32}-broken\n$/);
  });

  test("takes what comes by a pipe, and gives the output to one, without a word of its own", () => {
    const { status, stdout, stderr } = pipelite(["shell"], {
      input: "read word; echo got $word; exit 3\nthis\n",
    });
    assert.deepEqual([status, stdout, stderr], [3, "got this\n", ""]);
  });

  test("sees no network, no host, and no process of it", () => {
    const script = `cat /proc/net/dev | grep -c :; ls /home 2>/dev/null; echo /proc/[0-9]* | wc -w; ls ${ROOT} 2>&1`;
    const { stdout } = pipelite(["shell", "--", "sh", "-c", script]);
    assert.match(stdout, /^1\n[23456]\nls: cannot access .*No such file or directory\n$/);
  });

  test("at a terminal: a shell with job control, whose exit code counts", () => {
    const input = "sleep 300 &\njobs; kill %1; exit 6\n";
    const { status, stdout } = pipelite(["shell", "broken"], { terminal: true, input });
    assert.equal(status, 6, stdout);
    assert.match(stdout, /stage 'broken' runs here as: .*command.*\.mjs/);
    assert.match(stdout, /\[1\]\+ +Running +sleep 300/);
  });

  test("may not type into the terminal for the user", () => {
    // perl is essential: TIOCSTI pushes a byte into the input of the terminal.
    const script = 'ioctl(STDIN, 0x5412, my $byte = "x") and die "typed\\n"; print "refused: $!\\n"';
    const { stdout } = pipelite(["shell", "--", "perl", "-e", script], { terminal: true });
    assert.match(stdout, /refused: Operation not permitted/);
  });

  test("a program that a signal ended", () => {
    assert.equal(pipelite(["shell", "--", "sh", "-c", "kill -9 $$"]).status, 137);
  });

  test("names that there are not are told, with what there is", () => {
    for (const [words, code, message] of [
      [["shell", "brokn"], 2, /Did you mean broken\?/],
      [
        ["shell", "plain"],
        2,
        /pipeline\.ts:\d+:\d+: cannot open 'plain': it runs in no environment\n.*upper, broken/s,
      ],
      [["shell", "--", "catt"], 2, /Cannot start catt .*\n.*Did you mean cat\?/],
      [["shell", "--", "/usr/bin/nothing"], 2, /Cannot start \/usr\/bin\/nothing/],
      [["shell", ".", "broken", "upper"], 2, /upper/],
    ] as const) {
      const { status, stderr } = pipelite(words);
      assert.equal(status, code, stderr);
      assert.match(stderr, message);
    }
    assert.match(pipelite(["shell", "--json", "--", "catt"]).stdout, /"SHELL_PROGRAM_MISSING"/);
  });

  test("where the kernel refuses namespaces, within the sandbox or at all, the exit code is 4", () => {
    const words = ["shell", "--", "true"];
    const within = pipelite(words, { namespaces: 2 });
    assert.equal(within.status, 4, within.stderr);
    // The kernel gives back those of the probe in its own time: which of the two is refused is not ours to say.
    assert.match(
      within.stderr,
      /cannot enter its environment: make a user namespace: error ENOSPC|Cannot use the sandbox starter on this machine: .*ENOSPC/,
    );
    const none = pipelite(words, { namespaces: 0 });
    assert.equal(none.status, 4, none.stderr);
    assert.match(none.stderr, /Cannot use the sandbox starter/);
  });

  describe("where a stage failed", () => {
    const kept = (stderr: string) => /was built in (\S+),/.exec(stderr)?.[1] ?? "";

    test("without a terminal its folder is named, and goes with the next collection", () => {
      const { status, stderr } = pipelite(["run", "--debug", "broken", "."]);
      assert.equal(status, 1);
      assert.equal(readFileSync(join(kept(stderr), "partial.txt"), "utf8"), "half\n");
      assert.equal(pipelite(["store", "gc"]).status, 0);
      assert.ok(!existsSync(kept(stderr)));
      // Of the environment all is there still, though no result refers to it: nothing is fetched or made again.
      const env = { PIPELITE_MIRRORS: "debian=file:///nowhere debian-security=file:///nowhere" };
      const again = pipelite(["run", ".", "upper"], { env });
      assert.equal(again.status, 0, again.stderr);
      const debs = readdirSync(join(folder, "home/nix/store")).filter((name) => name.endsWith("_amd64.deb"));
      assert.ok(debs.length > 40, String(debs.length));
    });

    test("at a terminal a shell is opened in it, in the environment of the stage", () => {
      const input = "cat partial.txt; echo; cat $out/x; id -u; exit 9\n";
      const { status, stdout } = pipelite(["run", "--debug", "broken", "."], { terminal: true, input });
      assert.equal(status, 1, "the run has failed, whatever the shell says");
      assert.match(stdout, /half\r\n\r\nHELLO\r\n1000\r\n/);
    });

    test("a stage without an environment: a shell of the user's own", () => {
      const input = "pwd; ls; exit\n";
      const { stdout } = pipelite(["run", "--debug", "plain", ".", "plain"], { terminal: true, input });
      assert.match(stdout, /this is a shell of your own, outside of its sandbox/);
      assert.match(stdout, /outside of its sandbox.*\/failed\/[0-9a-z]{32}-plain\r?\n.*build/s);
    });

    test("a stage that passes keeps nothing, and an unknown one is refused before anything is built", () => {
      const { status, stderr } = pipelite(["run", "--debug", "upper", ".", "upper"]);
      assert.deepEqual([status, kept(stderr)], [0, ""]);
      assert.match(pipelite(["run", "--debug", "uper", "."]).stderr, /Did you mean upper\?/);
      const nix = pipelite(["run", "--debug", "upper", "--engine", "nix", "."]);
      assert.equal(nix.status, 2, nix.stderr);
      assert.match(nix.stderr, /DEBUG_WITH_NIX|Nix builds it/);
    });
  });

  // The last: the home belongs to root from here on.
  test("is the same for root", { skip: isRoot ? false : "not run: needs root" }, () => {
    spawnSync("chown", ["-R", "0:0", folder]);
    const words = ["shell", "broken", "--", "sh", "-c", "id -u; exit 5"];
    const { status, stdout, stderr } = pipelite(words, { asRoot: true });
    assert.deepEqual([status, stdout], [5, "1000\n"], stderr);
  });
});
