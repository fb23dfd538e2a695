// An environment of real packages, by both engines, and what a stage finds in it. The packages are chosen again: archives drop
// what they supersede.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { lock } from "#app/lock.ts";
import { writeNixPublicKey } from "#nix/signature.ts";
import { openStore } from "#store/store.ts";
import { KEY, pushTo } from "../cache/rig.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const skip = sweep() || peer("apt-get", "nix-store");

const FILES = {
  "pipeline.ts": `
import { command, debian, out, pipeline, sh, source, stage } from "pipelite";
const env = debian(["jq", "sudo"]);
const said = command(env.tool("jq"), ["-r", ".hello", source("hello.json")], { name: "said", stdout: "said.txt" });
const shell = sh({ environment: env })\`jq --version | head -n 1 > \${out("version.txt")}; id -u >> \${out("version.txt")}\`;
const inside = stage(() => import("./inside.ts"), {}, { environment: env });
export default pipeline({ said, shell, inside });
`,
  "hello.json": `{ "hello": "hello you" }`,
  "inside.ts": `
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
export default function inside() {
  const { stdout } = spawnSync("jq", ["-n", "6 * 7"], { encoding: "utf8" });
  return {
    "machine.txt": stdout,
    "audit.txt": spawnSync("dpkg", ["--audit"], { encoding: "utf8" }).stdout,
    "root.json": readdirSync("/"),
    // Made by the script of a package: no archive has it.
    "alternative.json": [readlinkSync("/usr/bin/awk"), realpathSync("/usr/bin/awk")],
    "passwd.txt": readFileSync("/etc/passwd", "utf8"),
    "leaks.json": ["/etc/machine-id", "/etc/resolv.conf", "/etc/hostname", "/usr/sbin/policy-rc.d"].filter((path) => existsSync(path)),
  };
}
`,
};

const NO_MIRRORS = ["debian", "debian-security", "snapshot"]
  .map((name) => `${name}=http://127.0.0.1:1`)
  .join(" ");

describe("an environment of packages", { skip }, () => {
  test(
    "is the same by our engine and by Nix, and has what the stage needs",
    { timeout: 1_500_000 },
    async () => {
      using project = new Project(FILES);
      const { signal } = new AbortController();
      const options = {
        pipeline: project.root,
        params: {},
        update: false,
        env: process.env,
        now: new Date(),
        signal,
      };
      const locked = await lock({ ...options, home: project.door, say: () => {} });
      const [environment] = locked.environments;
      assert.equal(environment?.status, "locked");
      assert.doesNotMatch(readFileSync(locked.file, "utf8"), /https?:/);

      const own = await project.run();
      assert.equal(own.status, "passed", JSON.stringify(own.ends));
      const text = (name: string, file: string) =>
        readFileSync(join(project.door.physical(own.outputs[name] ?? ""), file), "utf8");
      assert.equal(text("said", "said.txt"), "hello you\n");
      assert.match(text("shell", "version.txt"), /^jq-.*\n1000\n$/);
      assert.equal(text("inside", "machine.txt"), "42\n");
      assert.equal(text("inside", "audit.txt"), "");
      assert.deepEqual(JSON.parse(text("inside", "leaks.json")), []);
      const alternative = JSON.parse(text("inside", "alternative.json"));
      assert.deepEqual(alternative, ["/etc/alternatives/awk", "/usr/bin/mawk"]);
      assert.match(text("inside", "passwd.txt"), /^nixbld:x:1000:100:/m);
      const events = JSON.stringify(own.events);
      assert.doesNotMatch(events, /https?:\/\//, "no address in what a run says");

      using second = new Project(FILES);
      second.write({ "pipelite.lock.json": readFileSync(locked.file, "utf8") });
      const nix = await second.run({ engine: "nix" });
      assert.equal(nix.status, "passed", JSON.stringify(nix.ends));
      const [name = ""] = Object.keys(own.outputs).filter((each) => each.startsWith("bookworm-"));
      assert.equal(nix.outputs[name], own.outputs[name]);
      assert.equal(nix.outputs["said"], own.outputs["said"]);

      // Another home takes all of it from a cache, and asks no mirror.
      const cache = `${project.folder}/cache`;
      {
        using store = openStore(project.home);
        await pushTo(store, cache, store.validPaths(), { key: KEY, compression: "none" });
      }
      using third = new Project(FILES);
      third.write({ "pipelite.lock.json": readFileSync(locked.file, "utf8") });
      const trustedKeys = [writeNixPublicKey(KEY.publicKey)];
      const taken = await third.run({
        caches: { caches: [cache], trustedKeys, cwd: "/", env: {} },
        env: { ...process.env, PIPELITE_MIRRORS: NO_MIRRORS },
      });
      const problems = taken.events.flatMap((event) =>
        event.type === "stage-finished" ? (event.failure?.message ?? []) : [],
      );
      assert.deepEqual(new Set(Object.values(taken.ends)), new Set(["substituted"]), problems.join("; "));
      assert.deepEqual(taken.outputs, own.outputs);

      // What is there is not made again, by a program that is not in it the stage fails by its name.
      const again = await project.run({ paranoid: true });
      assert.deepEqual(new Set(Object.values(again.ends)), new Set(["cached"]));
      const other = 'const said = command(env.tool("jk"), [out]);';
      const changed = FILES["pipeline.ts"].replace(/^const said = .*$/m, other);
      project.write({ "pipeline.ts": changed });
      const missing = await project.run();
      const failure = missing.events.flatMap((event) =>
        event.type === "stage-finished" ? (event.failure ?? []) : [],
      )[0];
      assert.equal(failure?.code, "ENVIRONMENT_PROGRAM_MISSING");

      // No part of this machine is in it.
      const root = project.door.physical(own.outputs[name] ?? "");
      assert.deepEqual(readdirSync(join(root, "tmp")), []);
    },
  );
});
