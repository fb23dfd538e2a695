// Environments that are composed: a root with files of earlier stages and of the source tree, by both engines.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lock } from "#app/lock.ts";
import { letGoUnlocked } from "#environment/kept-files.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { openStore } from "#store/store.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project, type RanOnce } from "../rig/project.ts";

const script = [
  "mkdir -p $1/sbin $1/opt/own",
  `printf '#!/bin/sh\\necho "hello $WORD"\\n' > $1/sbin/hello`,
  "cp $1/sbin/hello $1/opt/own/first",
  "chmod +x $1/sbin/hello $1/opt/own/first",
  "echo same > $1/etc-same",
].join("; ");

const HEAD = `
import { command, environment, image, out, pipeline, source, stage } from "pipelite";
const base = image("./base");
const box = (words: string[], name: string, env = base) => command(env.tool("busybox"), words, { name, stdout: "out.txt" });
const tools = command(base.tool("busybox"), ["sh", "-c", ${JSON.stringify(script)}, "sh", out], { name: "tools" });
`;

const FILES = {
  "pipeline.ts": `${HEAD}
const both = environment({ root: base, add: [tools, source("same")], path: ["/opt/own"], env: { WORD: "world" } });
const nested = environment({ root: both, add: [source("extra")], env: { WORD: "again" } });
export default pipeline({
  said: command(both.tool("hello"), [], { name: "said", stdout: "out.txt" }),
  first: command(both.tool("first"), [], { name: "first", stdout: "out.txt" }),
  kept: box(["ls", "/bin", "/etc", "/usr"], "kept", both),
  again: command(nested.tool("hello"), [], { name: "again", stdout: "out.txt" }),
  extra: box(["cat", "/opt/own/more/extra.txt", "/etc/passwd"], "extra", nested),
});
`,
  "same/etc-same": "same\n",
  "extra/opt/own/more/extra.txt": "extra\n",
};

describe("a composed environment", { skip: sweep() || peer("busybox", "nix-store") }, () => {
  const { signal } = new AbortController();
  const projects: Project[] = [];
  after(() => projects.forEach((project) => project[Symbol.dispose]()));

  async function start(files: Readonly<Record<string, string>>, home?: string): Promise<Project> {
    const project = new Project(files, home);
    projects.push(project);
    const members = [
      { name: "bin/" },
      { name: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
      { name: "bin/sh", type: "2", target: "busybox" },
      { name: "sbin", type: "2", target: "bin" },
      { name: "etc/" },
      { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\n" },
      { name: "usr/share/words", content: "word\n" },
    ];
    writeLayout(join(project.root, "base"), [{ image: makeImage({ layers: [{ members }] }) }]);
    await lockAll(project);
    return project;
  }

  async function lockAll(project: Project, update = false): Promise<void> {
    const { root: pipeline, door: home } = project;
    const { env } = process;
    await lock({ pipeline, params: {}, update, env, now: new Date(), signal, home, say: () => {} });
  }

  let project: Project;
  let own: RanOnce;
  before(async () => {
    project = await start(FILES);
    own = await project.run();
    assert.equal(
      own.status,
      "passed",
      JSON.stringify(own.events.filter(({ type }) => type === "stage-finished")),
    );
  });
  const text = (name: string) =>
    readFileSync(join(project.door.physical(own.outputs[name] ?? ""), "out.txt"), "utf8");

  test("has what was added where it was, links of the root followed, with its own PATH and variables", () => {
    assert.equal(text("said"), "hello world\n");
    assert.equal(text("first"), "hello world\n");
    assert.equal(text("kept"), "/bin:\nbusybox\nhello\nsh\n\n/etc:\npasswd\n\n/usr:\nshare\n");
  });

  test("can be composed again", () => {
    assert.equal(text("again"), "hello again\n");
    assert.match(text("extra"), /^extra\nroot:x:0/);
  });

  test("is a tree of links: nothing of the root is copied", () => {
    const [name = ""] = Object.keys(own.outputs).filter((each) => each.endsWith("-composed"));
    const root = project.door.physical(own.outputs[name] ?? "");
    assert.ok(readdirSync(root, { recursive: true }).length < 40);
    assert.ok(statSync(join(root, "opt")).isDirectory());
  });

  test("a file that two environments have is on disk once, and Nix finds nothing wrong with it", async () => {
    const other = await start(
      { "pipeline.ts": `${HEAD}export default pipeline({ one: box(["true"], "one") });\n` },
      project.home,
    );
    const members = [
      { name: "bin/" },
      { name: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
      { name: "etc/" },
      { name: "etc/issue", content: "another\n" },
    ];
    writeLayout(join(other.root, "base"), [{ image: makeImage({ layers: [{ members }] }) }]);
    await lockAll(other, true);
    const ran = await other.run();
    assert.equal(ran.status, "passed", JSON.stringify(ran.ends));
    const busybox = (outputs: RanOnce["outputs"]) =>
      statSync(join(project.door.physical(outputs["image-base"] ?? ""), "bin/busybox"));
    assert.notEqual(ran.outputs["image-base"], own.outputs["image-base"]);
    assert.equal(busybox(ran.outputs).ino, busybox(own.outputs).ino);
    const words = ["--store", project.home, "--verify", "--check-contents"];
    const env = { ...process.env, NIX_CONF_DIR: "/nonexistent", HOME: project.folder };
    const verified = spawnSync("nix-store", words, { env, encoding: "utf8" });
    assert.equal(verified.status, 0, verified.stderr);
  });

  test("a collection keeps the root below, which the lock file names", async () => {
    const [name = ""] = Object.keys(own.outputs).filter((each) => each === "image-base");
    const below = parseStorePath(own.outputs[name] ?? "");
    using store = openStore(project.home);
    await letGoUnlocked(store, project.door.layout.locks);
    const kept = store.roots().filter(({ source }) => source.startsWith(project.door.layout.locks));
    assert.ok(store.closure(kept.map(({ path }) => path)).includes(below));
  });

  test("is the same by Nix", async () => {
    const second = await start(FILES);
    const nix = await second.run({ engine: "nix" });
    assert.equal(nix.status, "passed", JSON.stringify(nix.ends));
    assert.deepEqual(nix.outputs, own.outputs);
  });

  test("two files in one place are an error that names both", async () => {
    const other = await start({
      "pipeline.ts": `${HEAD}
const wrong = environment({ root: base, add: [source("wrong")] });
export default pipeline({ one: box(["true"], "one", wrong) });
`,
      "wrong/etc/passwd": "other\n",
    });
    const ran = await other.run();
    const failures = ran.events.flatMap((event) =>
      event.type === "stage-finished" ? (event.failure ?? []) : [],
    );
    assert.deepEqual(
      failures.map(({ code, message }) => [
        code,
        /\/etc\/passwd is in the root and in the stage 'wrong'/.test(message),
      ]),
      [["ENVIRONMENT_NOT_COMPOSED", true]],
    );
  });
});
