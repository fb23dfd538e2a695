// What is said of runs: signed, checked, attested, kept as files for others. And what a pipeline is pinned to.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockSection } from "#environment/lock-file.ts";
import { openHome } from "#home/home.ts";
import type { Deviation } from "#release/deviation.ts";
import { readDeviations } from "#release/deviations.ts";
import { readReleases } from "#release/release.ts";
import { readStoredAudit } from "#release/stored-audit.ts";
import { by, newKey, runsMustVerify, type Scenario } from "./scenario.ts";
import type { Work } from "./work.ts";

async function runAlone(work: Work): Promise<void> {
  await work.pipelite(["run", work.project, "--no-link"]);
}

async function logMustHold(work: Work): Promise<void> {
  await runsMustVerify(work);
  await work.pipelite(["log-audit"]);
}

function latest({ home: folder }: Work) {
  const home = openHome(folder);
  return { home, run: home.runs.find({ word: "latest" }) };
}

function releasesOf(work: Work): number {
  const { home, run } = latest(work);
  const releases = readReleases(home, run.runId);
  for (const each of releases) if ("problem" in each) throw new Error(`a release: ${each.problem}`);
  if (releases.length > 0 && !existsSync(home.pathOf(`releases/${run.runId}.result`)))
    throw new Error("nothing keeps the result of a release");
  return releases.length;
}

function deviationOf(work: Work): Deviation {
  const { home, run } = latest(work);
  const [deviation] = readDeviations(home, run.record);
  if (deviation === undefined) throw new Error("the deviation is gone");
  return deviation;
}

function move(work: Work): string[] {
  const { id, state } = deviationOf(work);
  const to = state === "open" ? ["investigating"] : ["dispositioned", "--disposition", "use-as-is"];
  return ["deviation", "move", id, ...to, "--reason", "no bubblewrap here", ...by(work, "Anna")];
}

function lockedRoot({ now }: Work): string {
  return join(now, "locked");
}

export const EVIDENCE_SCENARIOS: readonly Scenario[] = [
  {
    name: "audit",
    inCi: "in turn",
    what: "all that a run claims, and the report of it",
    prepare: runAlone,
    words: () => ["audit"],
    left: runsMustVerify,
    afterwards: async (work) => {
      await work.pipelite(["journal", "show"]);
      const { home, run } = latest(work);
      if (readStoredAudit(home, run)?.status !== "holds") throw new Error("no audit is kept");
    },
    below: "home",
  },
  {
    name: "rebuild",
    inCi: "in turn",
    what: "outputs again, and statements of that in the log",
    prepare: runAlone,
    words: () => ["rebuild", "--vary", "time"],
    left: logMustHold,
    afterwards: logMustHold,
    below: "home",
  },
  {
    name: "attest",
    inCi: "in turn",
    what: "the provenance of a run, in the log and as files",
    prepare: runAlone,
    words: ({ now }) => ["provenance", "--out", join(now, "attestations")],
    left: logMustHold,
    afterwards: async (work) => {
      await logMustHold(work);
      const files = join(work.now, "attestations");
      const { home, run } = latest(work);
      const tree = join(home.folder, run.record.stages.find(({ name }) => name === "two")?.outPath ?? "");
      await work.pipelite(["verify", tree, "--trust", join(files, "trust.json"), "--bundles", files]);
    },
    below: "now",
  },
  {
    name: "release",
    inCi: "in turn",
    what: "a run that is signed, audited again and attested",
    prepare: async (work) => {
      await runAlone(work);
      for (const [name, meaning] of [
        ["Anna", "review"],
        ["Bert", "approval"],
      ] as const) {
        await newKey(work, name);
        await work.pipelite(["sign", "latest", "--meaning", meaning, ...by(work, name)]);
      }
      await newKey(work, "Carla");
    },
    words: (work) => ["release", "latest", ...by(work, "Carla")],
    left: async (work) => {
      await runsMustVerify(work);
      releasesOf(work);
    },
    afterwards: async (work) => {
      if (releasesOf(work) !== 1) throw new Error("it is not released once");
    },
    deeply: async (work) => {
      await work.pipelite(["store", "gc"]);
      await logMustHold(work);
    },
    below: "home",
  },
  {
    name: "deviation",
    inCi: "in turn",
    what: "one that is opened, and moved by a signature",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--no-link", "--sandbox", "none"]);
      await newKey(work, "Anna");
    },
    words: move,
    again: move,
    left: async (work) => {
      await runsMustVerify(work);
      deviationOf(work);
    },
    afterwards: async (work) => {
      await work.pipelite(["journal", "show"]);
      if (deviationOf(work).state === "open") throw new Error("nothing was moved");
    },
    below: "home",
  },
  {
    name: "archive",
    what: "a run as one file, over one of before",
    prepare: async (work) => {
      await runAlone(work);
      mkdirSync(join(work.now, "kept"));
      await work.pipelite(["archive", "save", "--out", join(work.now, "kept/run.tar")]);
      await work.pipelite(["run", work.project, "--no-link", "--param", "n=2"]);
    },
    words: ({ now }) => ["archive", "save", "--out", join(now, "kept/run.tar")],
    left: async (work) => {
      await runsMustVerify(work);
      await work.pipelite(["verify", join(work.now, "kept/run.tar")]);
    },
    afterwards: async () => {},
    below: "now",
    inCi: "never",
  },
  {
    name: "lock",
    what: "paths of a cache, beside what was pinned before",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      await work.pipelite(["cache", "push", "--to", work.cache, work.treePath]);
      mkdirSync(lockedRoot(work));
      const pipeline = `import { command, nixpkgs, pipeline } from "pipelite";
        export default pipeline({ made: command(nixpkgs("${work.treePath}").tool("f0"), []) });`;
      writeFileSync(join(lockedRoot(work), "pipeline.ts"), pipeline);
      writeFileSync(
        join(lockedRoot(work), "pipelite.lock.json"),
        JSON.stringify({ version: 1, others: { kept: true } }),
      );
    },
    words: (work) => ["lock", lockedRoot(work), "--cache", work.cache],
    left: async (work) => {
      const { kept } = lockSection(lockedRoot(work), "others");
      if (kept !== true) throw new Error("what was pinned before is gone");
    },
    afterwards: async (work) => {
      const text = readFileSync(join(lockedRoot(work), "pipelite.lock.json"), "utf8");
      if (!text.includes(work.treePath)) throw new Error("nothing was pinned");
    },
    below: "now",
  },
];
