// Environments are the same wherever they are made: wheels and an image, by our engine for root, by our engine for an ordinary
// user with another home, another clock, another order and one stage at a time, and by real Nix. All is locked afresh.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lock } from "#app/lock.ts";
import { removeTree } from "#base/files.ts";
import { freePort, startDockerRegistry } from "../rig/docker-registry.ts";
import { makeImage, writeLayout } from "../rig/image.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { runAsOther } from "../rig/second-user.ts";

const isRoot = process.getuid?.() === 0;
const skip =
  sweep() ||
  peer("docker-registry", "skopeo", "busybox", "faketime", "apt-get", "nix-store") ||
  (isRoot ? false : "not run: needs root, to become another user");

test(
  "wheels and an image have equal paths for two users, by two clocks, and by both engines",
  {
    skip,
    timeout: 1_200_000,
  },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "pipelite-second-"));
    chmodSync(folder, 0o755);
    const port = await freePort();
    const registry = await startDockerRegistry(join(folder, "registry"), port);
    const mirrors = { PIPELITE_MIRRORS: `registry.example=http://127.0.0.1:${port}` };
    const env = { ...process.env, ...mirrors };
    try {
      const busybox = readFileSync(String(spawnSync("sh", ["-c", "command -v busybox"]).stdout).trim());
      const link = (name: string) => ({ name: `bin/${name}`, type: "2", target: "busybox" });
      const members = [{ name: "bin/busybox", mode: 0o755, content: busybox }, link("sh"), link("sha256sum")];
      const layout = join(folder, "layout");
      writeLayout(layout, [{ image: makeImage({ layers: [{ members }] }), tag: "1.0" }]);
      const to = `docker://127.0.0.1:${port}/team/tools:1.0`;
      const pushed = spawnSync("skopeo", ["copy", "--dest-tls-verify=false", `oci:${layout}:1.0`, to]);
      assert.equal(pushed.status, 0, String(pushed.stderr));

      using project = new Project({});
      const wheels = join(import.meta.dirname, "../../examples/wheels");
      cpSync(wheels, project.root, { recursive: true });
      const example = readFileSync(join(wheels, "pipeline.ts"), "utf8");
      const pipeline = (text: string) =>
        text.replace("import { command,", "import { command, image,").replace(
          "export default pipeline({ picture });",
          `const tools = image("registry.example/team/tools:1.0");
const sum = command(tools.tool("sha256sum"), [picture.file("picture.png")], { name: "sum", stdout: "sum.txt" });
export default pipeline({ picture, sum });`,
        );
      project.write({ "pipeline.ts": pipeline(example) });
      const { signal } = new AbortController();
      const asked = { pipeline: project.root, params: {}, update: false, env, now: new Date(), signal };
      const locked = await lock({ ...asked, home: project.door, say: () => {} });
      assert.equal(locked.environments.length, 3);

      const params = { width: "90" };
      const own = await project.run({ env, params });
      assert.equal(own.status, "passed", JSON.stringify(own.ends));
      assert.equal(Object.keys(own.outputs).length, 4);
      const png = readFileSync(join(project.door.physical(own.outputs["picture"] ?? ""), "picture.png"));
      assert.equal(png.subarray(1, 4).toString(), "PNG");

      // The other machine: its packages stand in another order, and all of it belongs to somebody else.
      const reordered = pipeline(example).replace('["python3", "libstdc++6"]', '["libstdc++6", "python3"]');
      const other = join(folder, "reordered");
      cpSync(project.root, other, { recursive: true });
      writeFileSync(join(other, "pipeline.ts"), reordered);
      const words = ["--param", "width=90"];
      const ordinary = await runAsOther({ folder, project: other, env: mirrors, words });
      assert.equal(ordinary.status, 0, ordinary.text);

      using third = new Project({});
      cpSync(project.root, third.root, { recursive: true });
      const nix = await third.run({ env, engine: "nix", params });
      assert.equal(nix.status, "passed", JSON.stringify(nix.ends));
      assert.deepEqual(nix.outputs, own.outputs);
      assert.deepEqual(ordinary.outputs, own.outputs);
    } finally {
      await registry[Symbol.asyncDispose]();
      removeTree(folder);
    }
  },
);
