// The flake of each example, held against real Nix: offline, in a store that begins empty, without the home it was exported from. All
// share one home and one store, so that what several need is made once; that nothing is missing in an export is seen in its cache.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, existsSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pipelite } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { FlakeNix, nixHolds } from "./rig.ts";

const EXAMPLES_FOLDER = join(import.meta.dirname, "../../examples");

interface Example {
  /** Its lists or times are those of a run. */
  needsRun?: boolean;
  /** It is locked first: packages of Debian and wheels are fetched, from the mirrors of this machine. */
  isLocked?: boolean;
  /** Real Nix alone builds it: making its environments twice takes long. */
  isNixOnly?: boolean;
  /** Another test does the same, since it makes the environments anyway. */
  heldBy?: string;
  /** What is the same bytes in every build, where not all is. */
  same?: readonly string[];
  /** What the shell `full` has of an environment: a program that says 42. */
  full?: readonly [program: string, ...words: string[]];
}

/** Every example: one that is not here fails the test below. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  commands: {},
  hello: {},
  irreproducible: { same: ["fine"] },
  languages: { heldBy: "test/environment/languages.test.ts" },
  measure: {},
  "monster-walk": { needsRun: true },
  "static-c": { isLocked: true, isNixOnly: true, full: ["perl", "-e", "print 6 * 7, qq(\\n)"] },
  tiles: { needsRun: true },
  wheels: { isLocked: true, full: ["python3", "-c", "import numpy; print(numpy.sum([40, 2]))"] },
};

interface Shared {
  project: Project;
  /** A lock of the shells alone. */
  lockFile: string;
}

let shared: Shared | undefined;
after(() => {
  if (shared === undefined) return;
  const { project } = shared;
  new FlakeNix(project.folder, "")[Symbol.dispose]();
  project[Symbol.dispose]();
});

test("each example is exported", () => {
  assert.deepEqual(Object.keys(EXAMPLES), readdirSync(EXAMPLES_FOLDER).toSorted());
  for (const [name, { heldBy }] of Object.entries(EXAMPLES))
    if (heldBy !== undefined) {
      const text = readFileSync(join(EXAMPLES_FOLDER, "..", heldBy), "utf8");
      assert.ok(text.includes(`examples/${name}"`) && text.includes(" nixHolds({"), heldBy);
    }
});

async function done(words: readonly string[], { home }: Project): Promise<void> {
  const { code, stderr } = await pipelite(words, { env: { PIPELITE_HOME: home } });
  assert.equal(code, 0, stderr);
}

function makeShared(): Shared {
  const project = new Project({});
  // What an example takes from npm.
  symlinkSync(join(EXAMPLES_FOLDER, "../node_modules"), join(project.root, "node_modules"));
  return { project, lockFile: join(project.folder, "shells.lock.json") };
}

/** A copy of an example, with the shells' bash, git and jq locked; mirrors are asked once for all of them. */
async function copied(name: string, isLocked: boolean): Promise<{ project: Project; example: string }> {
  shared ??= makeShared();
  const { project, lockFile } = shared;
  const example = join(project.root, name);
  cpSync(join(EXAMPLES_FOLDER, name), example, { recursive: true });
  const place = join(example, "pipelite.lock.json");
  if (isLocked) await done(["lock", example, "--update", "--shells"], project);
  else if (existsSync(lockFile)) copyFileSync(lockFile, place);
  else {
    await done(["lock", example, "--shells"], project);
    copyFileSync(place, lockFile);
  }
  return { project, example };
}

for (const [name, how] of Object.entries(EXAMPLES)) {
  const { needsRun = false, isLocked = false, isNixOnly = false, heldBy, same, full } = how;
  if (heldBy !== undefined) continue;
  test(
    `real Nix evaluates, builds, checks and develops ${name}, offline`,
    { skip: peer("nix", "unshare", "apt-get"), timeout: 1_500_000 },
    async () => {
      const { project, example } = await copied(name, isLocked);
      if (!isNixOnly) await done(["run", example, "--out", join(project.folder, "result")], project);
      const record = isNixOnly ? undefined : project.record();
      const { stages = [], tree = "" } = record ?? {};
      assert.equal(stages.length > 0, !isNixOnly);
      const exported = join(project.folder, `exported-${name}`);
      const words = ["export-nix", example, "-o", exported, "--compression", "none"];
      await done([...words, ...(needsRun ? ["--run", "latest"] : [])], project);
      const nix = new FlakeNix(project.folder, exported);
      const results = await nixHolds({
        nix,
        exported,
        stages,
        ...(same && { same }),
        ...(full && { full }),
      });
      if (record === undefined) return;
      const ours = readdirSync(join(project.home, tree)).filter((each) => each !== "evidence");
      assert.deepEqual(results, ours.toSorted());
    },
  );
}
