// The commands that faults are put into: all that change a store or what a home keeps beside it.
import { chmodSync, existsSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "#base/files.ts";
import { openHome } from "#home/home.ts";
import { Retention } from "#home/retention.ts";
import { EVIDENCE_SCENARIOS } from "./evidence-scenarios.ts";
import { REPOSITORY_SCENARIOS } from "./repository-scenarios.ts";
import { by, newKey, runsMustVerify, type Scenario } from "./scenario.ts";
import type { Work } from "./work.ts";

/** Each log that a record has the digest of is there, or the journal says that retention removed it. */
async function logsMustBeKnown(work: Work): Promise<void> {
  const home = openHome(work.home);
  const retention = new Retention(home);
  for (const { name, drvPath, logDigest } of home.runs.find({ word: "latest" }).record.stages) {
    if (drvPath === undefined || logDigest === undefined || home.logOf(drvPath) !== undefined) continue;
    if (retention.log(drvPath, logDigest) === undefined)
      throw new Error(`the log of ${name} went, and the journal has no word of it`);
  }
}

function profileMustBe(work: Work, least: number): void {
  const [profile] = work.reading((store) => store.profiles(["site"]));
  const { generations = [], current } = profile ?? {};
  if (generations.find(({ number }) => number === current) === undefined || (current ?? 0) < least)
    throw new Error(`generation ${current} of ${generations.length} is current`);
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "add",
    what: "a tree into an empty store",
    prepare: async () => {},
    words: (work) => ["store", "add", work.tree],
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
  },
  {
    name: "run",
    what: "two stages, a source, their record, evidence and log",
    prepare: async (work) => void (await work.pipelite(["run", work.project, "--no-link"])),
    words: (work) => ["run", work.project, "--param", "n=2", "--out", work.result],
    left: runsMustVerify,
    afterwards: async (work) => work.mustHave(readlinkSync(work.result).replace(work.home, "")),
    deeply: async (work) => {
      await work.pipelite(["audit"]);
      await work.pipelite(["log-audit"]);
    },
    below: "home",
  },
  {
    name: "first",
    what: "the first run of a home, which it makes",
    prepare: async (work) => removeTree(work.home),
    words: (work) => ["run", work.project, "--out", work.result],
    afterwards: async (work) => {
      work.mustHave(readlinkSync(work.result).replace(work.home, ""));
      await runsMustVerify(work);
      await work.pipelite(["log-audit"]);
    },
    below: "home",
  },
  {
    name: "collect",
    what: "all that no root keeps",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--out", work.result]);
      await work.pipelite(["run", work.project, "--param", "n=2", "--no-link"]);
      await work.pipelite(["store", "add", work.tree]);
    },
    words: () => ["store", "gc"],
    afterwards: async (work) => {
      work.mustHave(readlinkSync(work.result).replace(work.home, ""));
      work.mustNotHave(work.treePath);
    },
    below: "home",
    removes: true,
  },
  {
    name: "push",
    what: "a tree and eight files into a cache that is a folder",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      for (let index = 0; index < 8; index += 1)
        await work.pipelite(["store", "add", work.text(`t${index}`)]);
    },
    words: (work) => ["cache", "push", "--to", work.cache, ...work.registered()],
    afterwards: async (work) => {
      await work.pipelite(["store", "gc"]);
      await work.pipelite(["cache", "pull", "--from", work.cache, work.treePath]);
      work.mustHave(work.treePath);
    },
    below: "cache",
  },
  {
    name: "pull",
    what: "a tree from a cache that is a folder",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      await work.pipelite(["cache", "push", "--to", work.cache, work.treePath]);
      await work.pipelite(["store", "gc"]);
    },
    words: (work) => ["cache", "pull", "--from", work.cache, work.treePath],
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
  },
  {
    name: "import",
    what: "a tree from a stream",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      const stream = await work.bytes(["store", "export", work.treePath]);
      await work.pipelite(["store", "gc"]);
      return stream;
    },
    words: () => ["store", "import"],
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
  },
  {
    name: "optimise",
    what: "eight files of two contents",
    prepare: async (work) => {
      for (let index = 0; index < 8; index += 1)
        await work.pipelite(["store", "add", work.text(`t${index}`, `content ${index % 2}`)]);
    },
    words: () => ["store", "optimise"],
    afterwards: async () => {},
    below: "home",
  },
  {
    name: "repair",
    what: "a changed tree, from a cache that is a folder",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      await work.pipelite(["cache", "push", "--to", work.cache, work.treePath]);
      const file = join(work.home, work.treePath, "f2");
      chmodSync(file, 0o644);
      writeFileSync(file, "damaged");
    },
    words: (work) => ["store", "repair", "--from", work.cache],
    left: async (work) => work.mustHave(work.treePath),
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
    findsDamage: true,
  },
  {
    name: "profile",
    what: "a second generation",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      await work.pipelite([
        "store",
        "profile",
        "site",
        (await work.pipelite(["store", "add", work.text("t")])).trim(),
      ]);
    },
    words: (work) => ["store", "profile", "site", work.treePath],
    left: async (work) => profileMustBe(work, 1),
    afterwards: async (work) => profileMustBe(work, 2),
    below: "home",
  },
  {
    name: "retain",
    what: "removes the logs of a run",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--out", work.result]);
      work.ageLogs();
    },
    words: () => ["store", "gc", "--logs-older-than", "30d"],
    left: logsMustBeKnown,
    afterwards: logsMustBeKnown,
    deeply: async (work) => void (await work.pipelite(["audit"])),
    below: "home",
    removes: true,
  },
  {
    name: "sign",
    what: "a signature on a run",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--out", work.result]);
      await newKey(work, "Anna");
    },
    words: (work) => ["sign", "latest", "--meaning", "review", ...by(work, "Anna")],
    again: (work) => ["sign", "latest", "--meaning", "approval", ...by(work, "Anna")],
    left: runsMustVerify,
    afterwards: async (work) => {
      await runsMustVerify(work);
      await work.pipelite(["journal", "show"]);
    },
    below: "home",
  },
  {
    name: "pack",
    what: "a package of a run, beside the store",
    prepare: async (work) => void (await work.pipelite(["run", work.project, "--out", work.result])),
    words: (work) => ["pack", "--format", "deb", "--out", join(work.cache, "packages")],
    left: runsMustVerify,
    afterwards: async () => {},
    below: "home",
  },
  {
    name: "open",
    what: "a home out of an archive",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--no-link"]);
      await work.pipelite(["archive", "save", "--out", join(work.folder, "run.tar")]);
      removeTree(work.home);
    },
    words: (work) => ["archive", "open", join(work.folder, "run.tar"), "--to", work.home],
    again: (work) =>
      existsSync(work.home)
        ? ["verify", "latest"]
        : ["archive", "open", join(work.folder, "run.tar"), "--to", work.home],
    afterwards: async (work) => void (await work.pipelite(["verify", "latest"])),
    below: "home",
  },
  ...EVIDENCE_SCENARIOS,
  ...REPOSITORY_SCENARIOS,
];
