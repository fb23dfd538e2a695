// The commands, as a user types them, and what they say of wrong words.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { ErrorCode } from "#cli/error-rows.ts";
import { runHere } from "../cli/rig.ts";
import { pipelite, start } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { absentPath } from "../store/rig.ts";
import { CacheRig, FakeServer } from "./rig.ts";

async function refused(rig: CacheRig, code: ErrorCode, exit: number, ...args: string[]): Promise<string> {
  const ended = await runHere(["cache", ...args, "--json", "--store", rig.home], { cwd: rig.folder });
  assert.equal(ended.code, exit, ended.stderr);
  const { error } = JSON.parse(ended.stdout) as { error: { code: string; message: string } };
  assert.equal(error.code, code);
  return error.message;
}

describe("cache commands", () => {
  test("a key, a push, a server, a pull, and its end by a signal", async () => {
    using rig = new CacheRig();
    const [, upper] = await rig.pair();
    rig.close();
    const run = async (home: string, ...args: string[]) => {
      const ended = await pipelite([...args, "--store", home], { cwd: rig.folder });
      assert.equal(ended.code, 0, ended.stderr);
      return ended.stdout.trim();
    };
    const key = await run(rig.home, "key", "new", "cache.key", "--paths", "cache-1");
    assert.match(key, /^cache-1:[A-Za-z0-9+/]{43}=$/);
    const pushed = await run(rig.home, "cache", "push", upper, "--to", "cache", "--key", "cache.key");
    assert.equal(pushed.split("\n").length, 2);
    const server = start(["cache", "serve", "--port", "0", "--store", rig.home], { cwd: rig.folder });
    const url = await new Promise<string>((resolve) =>
      server.child.stdout?.on("data", (chunk: Buffer) => resolve(chunk.toString().trim())),
    );
    for (const [index, from] of ["cache", url].entries()) {
      const home = rig.path(`home-${index}`);
      const added = await run(home, "cache", "pull", upper, "--from", from, "--trusted-key", "cache.key.pub");
      assert.deepEqual(added.split("\n").toSorted(), pushed.split("\n").toSorted());
    }
    server.child.kill("SIGTERM");
    assert.equal((await server.ended).code, 0);
  });

  test("wrong words are named", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    rig.close();
    const absent = absentPath();
    await refused(rig, "CACHE_URL_INVALID", 2, "push", path, "--to", "ftp://host/x");
    await refused(rig, "CACHE_URL_INVALID", 2, "push", path, "--to", "http://");
    await refused(rig, "CACHE_URL_INVALID", 2, "push", path, "--to", "file://host/x");
    await refused(rig, "CACHE_URL_INVALID", 2, "push", path, "--to", "s3://bucket?endpoint=a%20b");
    await refused(rig, "CACHE_PATH_MISSING", 1, "pull", absent, "--from", "nowhere");
    await refused(rig, "CACHE_KEY_UNREADABLE", 2, "pull", absent, "--from", "x", "--trusted-key", "none.pub");
    await refused(rig, "CACHE_KEY_UNREADABLE", 2, "pull", absent, "--from", "x", "--trusted-key", "a:b");
    await refused(rig, "CACHE_KEY_UNREADABLE", 2, "push", path, "--to", "cache", "--key", "none.key");
    for (const content of [undefined, "", "short\n"]) {
      if (content !== undefined) writeFileSync(rig.path("tokens"), content);
      await refused(rig, "CACHE_TOKEN_UNREADABLE", 2, "serve", "--token-file", "tokens");
    }
    writeFileSync(rig.path("plain"), "");
    await refused(rig, "CACHE_FOLDER_UNUSABLE", 2, "push", path, "--to", "plain");
    mkdirSync(rig.path("cache/nix-cache-info"), { recursive: true });
    await refused(rig, "CACHE_FOLDER_UNUSABLE", 2, "push", path, "--to", "cache");
  });

  test("a server that has no place for uploads", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    rig.close();
    await using server = await FakeServer.start((request, response) => {
      request.resume();
      response.writeHead(404).end();
    });
    await refused(rig, "CACHE_WRITE_FAILED", 1, "push", path, "--to", server.url);
  });

  test("a server that wants a token, and an address that is taken", async () => {
    using rig = new CacheRig();
    const path = await rig.text("path");
    rig.close();
    await using server = await FakeServer.start((request, response) => {
      request.resume();
      response.writeHead(request.method === "PUT" ? 401 : 404).end();
    });
    const message = await refused(rig, "CACHE_REFUSED", 1, "push", path, "--to", `${server.url}/x?secret=1`);
    assert.doesNotMatch(message, /secret/);
    const { port } = new URL(server.url);
    await refused(rig, "CACHE_ADDRESS_TAKEN", 2, "serve", "--port", port);
  });
});

test(
  "the store of a machine takes and gives paths, by its daemon",
  { skip: peer("nix-daemon") },
  async () => {
    using rig = new CacheRig();
    const [lower, upper] = await rig.pair();
    rig.close();
    // An ssh that starts the daemon of another store on this machine.
    const ssh = [
      "#!/bin/sh",
      `while [ "$1" != -- ]; do shift; done`,
      "export NIX_REMOTE= NIX_CONFIG='build-users-group =",
      "substituters ='",
      `exec nix-daemon --stdio --store ${rig.path("far")}`,
    ].join("\n");
    rig.write({ "bin/ssh": `${ssh}\n` });
    chmodSync(rig.path("bin/ssh"), 0o755);
    const env = { PATH: `${rig.path("bin")}:${process.env["PATH"]}` };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await pipelite(["cache", ...args], { cwd: rig.folder, env });
      assert.equal(code, 0, stderr);
      return stdout.trim().split("\n").toSorted();
    };
    const both = [lower, upper].toSorted();
    assert.deepEqual(await run("push", upper, "--to", "ssh-ng://far", "--store", rig.home), both);
    assert.deepEqual(await run("push", upper, "--to", "ssh-ng://far", "--store", rig.home), [""]);
    assert.deepEqual(await run("pull", upper, "--from", "ssh-ng://far", "--store", rig.path("near")), both);
    assert.equal(rig.nixOn(rig.path("far"), "nix-store", "--verify", "--check-contents"), "");
  },
);
