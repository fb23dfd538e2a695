// What starting the installed command loads: a run with nothing to do is as quick as the little that it loads.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { removeTree } from "#base/files.ts";
import { install } from "../../bench/installed.ts";
import { sweep } from "../rig/peer.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "pipelite-start-"));
after(() => removeTree(folder));

test(
  "a run with nothing to do loads one file of ours, and no part of Node that it does not need",
  { skip: sweep() },
  () => {
    const command = install(join(folder, "installed"));
    const part = (name: string) =>
      readFileSync(join(folder, "installed/node_modules/pipelite/dist", name), "utf8");
    // The library is in a part: a pipeline.ts that imports it loads one more file. Node's assertions take longer to load than that part.
    assert.doesNotMatch(part("index.js"), /from ?"\./);
    assert.doesNotMatch(part("pack.cjs"), /node:assert/);
    const told = join(folder, "told.json");
    const teller = join(folder, "tell.cjs");
    writeFileSync(
      teller,
      `const files = [];
     require("node:module").registerHooks({
       load: (url, context, next) => (url.startsWith("file:") && files.push(url), next(url, context)),
     });
     process.on("exit", () => {
       // Those whose compiled code we keep ourselves, too.
       for (const file of Object.keys(require.cache)) {
         const url = String(require("node:url").pathToFileURL(file));
         if (file !== __filename && !files.includes(url)) files.push(url);
       }
       const content = JSON.stringify({ files, parts: process.moduleLoadList });
       require("node:fs").writeFileSync(${JSON.stringify(told)}, content);
     });`,
    );
    const run = (env: NodeJS.ProcessEnv = {}) => {
      const words = ["run", join(root, "examples/hello"), "--out", join(folder, "result")];
      const { status, stderr } = spawnSync(command, words, {
        encoding: "utf8",
        env: {
          ...process.env,
          PIPELITE_HOME: join(folder, "home"),
          NODE_OPTIONS: `--require=${teller}`,
          FORCE_COLOR: undefined,
          ...env,
        },
      });
      assert.equal(status, 0, stderr);
      return stderr;
    };
    assert.match(run(), /2 built/);
    assert.doesNotMatch(readFileSync(told, "utf8"), /amaro/, "Node's own eraser of types");
    assert.match(run(), /0 built, 2 cached/);
    const { files, parts } = JSON.parse(readFileSync(told, "utf8")) as { files: string[]; parts: string[] };
    assert.deepEqual(
      files.map((url) => basename(url)),
      ["cli.cjs", "core.cjs"],
    );
    for (const part of ["crypto", "stream", "net", "tty", "child_process", "worker_threads"])
      assert.ok(!parts.includes(`NativeModule ${part}`), part);
    // What is in a cache is run: root with the home of somebody else neither reads theirs nor leaves files there.
    const users = join(folder, "users");
    const env = { HOME: users, XDG_CACHE_HOME: undefined, NODE_COMPILE_CACHE: undefined };
    mkdirSync(users);
    run(env);
    assert.ok(existsSync(join(users, ".cache/pipelite/code/whole")));
    if (process.geteuid?.() !== 0) return;
    removeTree(join(users, ".cache"));
    chownSync(users, 65534, 65534);
    run(env);
    assert.ok(!existsSync(join(users, ".cache")));
  },
);
