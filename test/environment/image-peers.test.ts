// An image from Debian's registry: pushed by skopeo, pulled and unpacked by both engines and as an ordinary user, and held
// against what umoci unpacks.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lock } from "#app/lock.ts";
import { freePort, startDockerRegistry } from "../rig/docker-registry.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const skip = sweep() || peer("docker-registry", "skopeo", "umoci", "busybox", "nix-store");

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${command}: ${stderr}`);
}

/** Path, kind, executable bit and content of all below a folder. */
function listed(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = join(below, name);
    const stats = lstatSync(join(folder, path));
    if (stats.isSymbolicLink()) return [`${path} -> ${readlinkSync(join(folder, path))}`];
    if (stats.isDirectory()) return [`${path}/`, ...listed(folder, path)];
    return [`${path} ${stats.mode & 0o100} ${readFileSync(join(folder, path)).toString("base64").length}`];
  });
}

test(
  "an image of a registry is the same by both engines, and what umoci unpacks",
  { skip, timeout: 900_000 },
  async () => {
    const port = await freePort();
    const name = `127.0.0.1:${port}/team/tools`;
    using project = new Project({
      "pipeline.ts": `
import { command, image, out, pipeline } from "pipelite";
const tools = image("${name}:1.0");
export default pipeline({ said: command(tools.tool("sh"), ["-c", "cat /etc/motd; id -u; ls /app"], { stdout: "said" }) });
`,
    });
    const { folder, root } = project;
    const busybox = readFileSync(String(spawnSync("sh", ["-c", "command -v busybox"]).stdout).trim());
    const tool = (each: string) => ({ name: `bin/${each}`, type: "1", target: "bin/busybox" });
    const image = makeImage({
      layers: [
        {
          members: [
            { name: "bin/busybox", mode: 0o4755, content: busybox },
            ...["sh", "cat", "id", "ls"].map(tool),
          ],
        },
        {
          members: [
            { name: "etc/motd", content: "hello\n" },
            { name: "app/" },
            { name: "app/old" },
            { name: "app/.dot" },
          ],
        },
        {
          members: [
            { name: "app/.wh..wh..opq" },
            { name: "app/new", type: "2", target: "/etc/motd" },
            { name: "etc/.wh.gone" },
          ],
        },
      ],
    });
    const layout = join(folder, "layout");
    writeLayout(layout, [{ image, tag: "1.0" }]);
    {
      await using registry = await startDockerRegistry(join(folder, "registry"), port);
      run("skopeo", "copy", "--dest-tls-verify=false", `oci:${layout}:1.0`, `docker://${name}:1.0`);
      const options = { params: {}, update: false, env: process.env, now: new Date() };
      const { signal } = new AbortController();
      const locked = await lock({ ...options, pipeline: root, home: project.door, signal, say: () => {} });
      const pinned = readFileSync(locked.file, "utf8");
      assert.match(pinned, new RegExp(image.manifest));

      const own = await project.run();
      assert.equal(own.status, "passed", JSON.stringify(own.ends));
      const out = (path: string | undefined, file = "") => join(project.door.physical(path ?? ""), file);
      assert.equal(readFileSync(out(own.outputs["said"], "said"), "utf8"), "hello\n1000\nnew\n");
      const claims = project.record().claims.filter(({ id }) => id === "image-tools-1.0/dropped/set-id");
      assert.deepEqual(
        claims.map(({ value }) => value),
        [5],
      );

      const bundle = join(folder, "bundle");
      run("umoci", "unpack", "--rootless", "--image", `${layout}:1.0`, bundle);
      const wanted = listed(join(bundle, "rootfs"));
      const got = new Set(listed(out(own.outputs["image-tools-1.0"])));
      assert.deepEqual(
        wanted.filter((line) => !got.has(line)),
        [],
      );

      using second = new Project({ "pipeline.ts": readFileSync(join(root, "pipeline.ts"), "utf8") });
      second.write({ "pipelite.lock.json": pinned });
      const nix = await second.run({ engine: "nix" });
      assert.equal(nix.status, "passed", JSON.stringify(nix.ends));
      assert.deepEqual(nix.outputs, own.outputs);

      const drv = spawnSync("grep", ["-rl", `127.0.0.1:${port}`, join(project.home, "nix/store")], {
        encoding: "utf8",
      });
      assert.equal(drv.stdout, "", "no path of the store names the registry");
      assert.ok(registry.isUp);
    }
  },
);
