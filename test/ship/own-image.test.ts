// Pipelite as an image of itself, without anything of a distribution: under podman with runc it serves a store as a binary cache, and
// answers for its health.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, realpathSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test } from "node:test";
import { VERSION } from "#base/version.ts";
import { packImages } from "../rig/packing.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const base = mkdtempSync(join(tmpdir(), "own-image-"));
after(() => execFileSync("rm", ["-rf", base]));
const root = join(import.meta.dirname, "../..");

const PIPELINE = `import { out, pack, pipeline, sh, source, tool } from "pipelite";
const app = source("app");
const probe = source("probe.js");
const program = sh({ path: [tool("chmod")], name: "program" })\`
printf '#!%s --disable-warning=ExperimentalWarning\\nrequire("%s")\\n' \${tool("./node")} \${app}/dist/cli.cjs > \${out("pipelite")}
printf '#!%s\\nrequire("%s")\\n' \${tool("./node")} \${probe} > \${out("probe")}
chmod +x \${out("pipelite")} \${out("probe")}\`;
export default pipeline({ program });
export const pipelite = pack({
  name: "pipelite",
  version: "${VERSION}",
  description: "Pipelines that can prove what they did",
  licence: "Apache-2.0",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { pipelite: program.file("pipelite"), probe: program.file("probe") },
  image: {
    command: ["pipelite", "cache", "serve", "--port", "8080"],
    env: { PIPELITE_HOME: "/var/lib/pipelite" },
    ports: [8080],
    volumes: ["/var/lib/pipelite"],
    health: { command: ["probe"], everySeconds: 30 },
  },
});
`;

const PROBE = `fetch("http://127.0.0.1:8080/health").then(async (answer) => {
  console.log(answer.status, await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
}, (error) => { console.log(String(error.cause ?? error)); process.exitCode = 1; });
`;

test(
  "the image of Pipelite serves a store and answers for its health",
  { skip: sweep() || peer("podman", "runc") },
  async () => {
    using project = new Project({ "pipeline.ts": PIPELINE, "probe.js": PROBE, "app/README": "" });
    execFileSync(process.execPath, ["--no-warnings", "tools/build.ts", join(project.root, "app/dist")], {
      cwd: root,
    });
    copyFileSync(join(root, "package.json"), join(project.root, "app/package.json"));
    symlinkSync(realpathSync(process.execPath), join(project.root, "node"));
    await project.run();
    const { packages } = await packImages(project, { out: base, codec: "zstd" });
    // Podman takes the path for a name, and names are lower case.
    const image = `oci:${packages[0]?.file ?? ""}:${VERSION}`;
    const name = `own-image-${process.pid}`;
    const storage = [
      "--storage-driver=vfs",
      `--root=${base}/podman`,
      `--runroot=${base}/podman-run`,
      "--runtime=runc",
    ];
    const podman = (...words: string[]) =>
      spawnSync("podman", [...storage, ...words], { encoding: "utf8", cwd: base, timeout: 120_000 });
    const limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=none"];
    const said = podman("run", "--rm", ...limits, "--entrypoint=/usr/bin/pipelite", image, "--version");
    assert.equal(said.stdout, `pipelite ${VERSION}\n`, said.stderr);
    const started = podman(
      "run",
      "-d",
      "--name",
      name,
      ...limits,
      "-v",
      `${project.home}:/var/lib/pipelite`,
      image,
    );
    assert.equal(started.status, 0, started.stderr);
    try {
      let answer = "";
      for (let tries = 0; tries < 300 && !answer.startsWith("200"); tries += 1) {
        answer = podman("exec", name, "/usr/bin/probe").stdout;
        if (!answer.startsWith("200")) await sleep(100);
      }
      assert.match(answer.trim(), /^200 \{"status":"ok","paths":\d+\}$/, podman("logs", name).stderr);
    } finally {
      podman("rm", "-f", name);
    }
  },
);
