// Every variation is really seen by a stage, under each kind of sandbox, and nothing else changes with it: what was not varied must
// never be called reproduced.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { removeTree } from "#base/files.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { buildAgain } from "#rebuild/again.ts";
import { factsOf } from "#rebuild/facts.ts";
import { memoryFolder } from "#rebuild/reorder.ts";
import { VARIATIONS, changeOf, merge, sortVariations } from "#rebuild/variations.ts";
import { closeStarters } from "#sandbox/sandbox.ts";
import { openStore } from "#store/store.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const NAMES = Array.from({ length: 12 }, (_, index) => `file-${index * 7}`);
const FILES = {
  "pipeline.ts": `
import { pipeline, source, stage } from "pipelite";
export default pipeline({ probe: stage(() => import("./probe.ts"), { data: source("data") }) });
`,
  "probe.ts": `
import { opendirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, hostname, release, userInfo } from "node:os";
export default async ({ data }) => {
  const names = [];
  for await (const { name } of opendirSync(data.path)) names.push(name);
  writeFileSync("made", "");
  const { uid, gid, username } = userInfo();
  const { TZ, LANG, LC_ALL, HOME, PIPELITE_REBUILD } = process.env;
  const seen = {
    time: new Date().getUTCFullYear(),
    "time-zone": TZ,
    locale: [LANG, LC_ALL, (0.5).toLocaleString()],
    environment: PIPELITE_REBUILD,
    home: HOME,
    umask: statSync("made").mode & 0o777,
    user: [uid, gid, username],
    "host-name": hostname(),
    "process-ids": readFileSync("/proc/sys/kernel/ns_last_pid", "utf8").trim().length,
    cores: availableParallelism(),
    "build-path": process.cwd(),
    "file-order": names,
    kernel: release().startsWith("2.6."),
    addresses: readFileSync("/proc/self/maps", "utf8").split("\\n").find((line) => line.includes("/ld-linux"))?.split(" ")[0],
  };
  return { "seen.json": Object.fromEntries(Object.entries(seen).map(([name, value]) => [name, JSON.stringify(value) ?? "unset"])) };
};
`,
  ...Object.fromEntries(NAMES.map((name) => [`data/${name}`, name])),
};

for (const [kind, skip] of [
  ["starter", sweep()],
  ["bubblewrap", peer("bwrap")],
  ["unshare", peer("unshare")],
] as const)
  test(`each variation alone is what a stage sees, under ${kind}`, { skip }, async () => {
    using project = new Project(FILES);
    const { runId } = await project.run();
    const [{ name, drvPath: path = "" } = { name: "" }] = project.record(runId).stages;
    using store = openStore(project.home, { readOnly: true });
    const drvPath = parseStorePath(path);
    const job = { name, drvPath, derivation: store.readDerivation(drvPath) };
    const memory = memoryFolder();
    const facts = factsOf({ ...job, store, kind, memory });
    const folder = mkdtempSync(join(project.folder, "again-"));
    const signal = new AbortController().signal;
    const build = async (names: readonly (typeof VARIATIONS)[number][]) => {
      const change = merge(names.map(changeOf));
      const again = await buildAgain(job, change, facts, { store, kind, env: process.env, folder, signal });
      assert.equal(again.status, "built", JSON.stringify(again));
      assert(again.status === "built");
      return JSON.parse(readFileSync(join(again.tree, "seen.json"), "utf8")) as Record<string, string>;
    };
    try {
      const usual = await build([]);
      const { can } = sortVariations(VARIATIONS, facts);
      assert(can.length >= VARIATIONS.length - 4, `only ${can.join(", ")}`);
      for (const variation of can) {
        const seen = await build([variation]);
        const changed = Object.keys(usual).filter((key) => usual[key] !== seen[key]);
        assert.deepEqual(changed, [variation]);
      }
    } finally {
      await closeStarters();
      if ("folder" in memory) removeTree(memory.folder);
    }
  });
