// The job `image` of `pipelite ci`, with a real engine for containers: an image that answers, one that does not, one that ends.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RanCi } from "#app/ci.ts";
import { start } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const PIPELINE = (command: readonly string[], image = "") => `
import { pack, pipeline, source, stage } from "pipelite";
const bin = source("bin");
const page = stage(() => import("./page.ts"), { bin });
export default pipeline({ page });
export const site = pack({
  name: "site",
  version: "1.0",
  description: "Answers",
  licence: "MIT",
  maintainer: "Anna Example <anna@example.org>",
  date: "2026-11-30",
  programs: { busybox: bin.file("busybox") },
  data: { pages: page },
  image: {
    command: ${JSON.stringify(command)},
    health: { command: ["busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/health"], startSeconds: 20 },
    ${image}
  },
});
`;

const SERVE = ["busybox", "httpd", "-f", "-p", "8080", "-h", "/usr/share/site/pages"];

/** What podman needs on machines that may not raise limits, and a place of its own. */
function settingsIn(folder: string): Record<string, string> {
  const [containers, storage] = [join(folder, "containers.conf"), join(folder, "storage.conf")];
  writeFileSync(
    containers,
    `[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n`,
  );
  writeFileSync(
    storage,
    `[storage]\ndriver = "vfs"\nrunroot = "${folder}/run"\ngraphroot = "${folder}/graph"\n`,
  );
  return { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
}

test(
  "an image is started and asked how it is; one that does not answer, or ends, fails the job",
  { skip: peer("podman", "runc", "busybox") },
  async () => {
    using project = new Project({
      "pipeline.ts": PIPELINE(SERVE),
      "page.ts": `export default function page() { return { health: "well\\n" }; }`,
    });
    mkdirSync(join(project.root, "bin"));
    copyFileSync("/bin/busybox", join(project.root, "bin/busybox"));
    chmodSync(join(project.root, "bin/busybox"), 0o755);
    const env = settingsIn(project.folder);
    const job = async () => {
      const words = ["ci", project.root, "--job", "image", "--json"];
      const { stdout, code, stderr } = await start(words, { cwd: project.root, env }).ended;
      assert.ok(stdout.startsWith("{"), stderr);
      const [result] = (JSON.parse(stdout) as RanCi).results;
      return { code, status: result?.status, reason: result?.reason ?? "" };
    };
    assert.deepEqual(await job(), { code: 0, status: "passed", reason: "site is well in podman" });

    project.write({ "page.ts": `export default function page() { return { other: "not well\\n" }; }` });
    project.write({ "pipeline.ts": PIPELINE(SERVE).replace("startSeconds: 20", "startSeconds: 1") });
    const silent = await job();
    assert.equal(silent.status, "failed");
    assert.equal(silent.code, 1);
    assert.match(silent.reason, /^site: its probe says 1: .*404/);

    project.write({ "pipeline.ts": PIPELINE(["busybox", "false"]) });
    const ended = await job();
    assert.equal(ended.status, "failed");
    assert.match(ended.reason, /^site: it ended before it was asked/);

    project.write({ "pipeline.ts": PIPELINE(SERVE).replace(/health: .*\n/, "\n") });
    const unasked = await job();
    assert.deepEqual([unasked.code, unasked.status], [0, "unavailable"]);
  },
);
