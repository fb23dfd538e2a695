// The flake of each example, held against real Nix: offline, in a store that begins empty, without the home it was exported from. All
// share one home and one store, so that what several need is made once; that nothing is missing in an export is seen in its cache.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, existsSync, readdirSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { pipelite } from "../rig/command.ts";
import { peer } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";
import { descriptionOf, FlakeNix } from "./rig.ts";

const EXAMPLES_FOLDER = join(import.meta.dirname, "../../examples");
const SYSTEM = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

interface Example {
  /** Its lists or times are those of a run. */
  needsRun?: boolean;
  /** It is locked first: packages of Debian and wheels are fetched, from the mirrors of this machine. */
  isLocked?: boolean;
  /** Real Nix alone builds it: making its environments twice takes long. */
  isNixOnly?: boolean;
  /** Evaluated only, but for PIPELITE_ALL_EXAMPLES=1: what the rest would take. */
  left?: string;
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
  languages: {
    isLocked: true,
    isNixOnly: true,
    left: "gcc, R and matplotlib are 250 packages",
    full: ["Rscript", "-e", "cat('42\\n')"],
  },
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
  const { needsRun = false, isLocked = false, isNixOnly = false, left, same, full } = how;
  const isEvaluatedOnly = left !== undefined && process.env["PIPELITE_ALL_EXAMPLES"] !== "1";
  test(
    `real Nix evaluates${isEvaluatedOnly ? "" : ", builds, checks and develops"} ${name}, offline`,
    { skip: peer("nix", "unshare", "apt-get"), timeout: 1_500_000 },
    async (t) => {
      const { project, example } = await copied(name, isLocked);
      if (!isNixOnly) await done(["run", example, "--out", join(project.folder, "result")], project);
      const record = isNixOnly ? undefined : project.record();
      const { stages = [], tree = "" } = record ?? {};
      const out = join(project.folder, `exported-${name}`);
      const words = ["export-nix", example, "-o", out, "--compression", "none"];
      await done([...words, ...(needsRun ? ["--run", "latest"] : [])], project);
      const nix = new FlakeNix(project.folder, out);
      const described = descriptionOf(out);
      assert.equal(described.toolsFrom, "debian");
      // What derivations read is in the cache, whatever else the store has.
      for (const { inputSrcs } of Object.values(described.derivations))
        for (const path of inputSrcs)
          assert.ok(existsSync(join(out, "cache", `${basename(path).slice(0, 32)}.narinfo`)), path);

      // Evaluates to our derivations: those that the run wrote down.
      for (const kind of ["packages", "checks", "devShells"] as const) {
        const apply = "builtins.mapAttrs (name: each: each.drvPath)";
        const paths = nix.run("eval", "--json", `#${kind}.${SYSTEM}`, "--apply", apply);
        assert.equal(paths.status, 0, paths.stderr);
        const wanted = Object.entries(described[kind]).map(([key, base]) => [key, `/nix/store/${base}`]);
        assert.deepEqual(JSON.parse(paths.stdout), Object.fromEntries(wanted));
      }
      const ofRun = stages.filter(({ graphDrvPath, kind }) => graphDrvPath !== undefined && kind !== "gate");
      assert.equal(ofRun.length > 0, !isNixOnly);
      for (const { name: stage, graphDrvPath = "" } of ofRun)
        assert.equal(`/nix/store/${described.packages[stage]}`, graphDrvPath);

      if (isEvaluatedOnly) {
        t.diagnostic(`built, checked and developed with PIPELITE_ALL_EXAMPLES=1 only: ${left}`);
        return;
      }
      // Builds what the run made.
      const built = nix.run("build", "--no-link", "--json", "#");
      assert.equal(built.status, 0, built.stderr);
      const [{ outputs } = { outputs: { out: "" } }] = JSON.parse(built.stdout) as {
        outputs: { out: string };
      }[];
      const results = readdirSync(join(nix.store, outputs.out)).toSorted();
      if (record !== undefined) {
        const ours = readdirSync(join(project.home, tree)).filter((each) => each !== "evidence");
        assert.deepEqual(results, ours.toSorted());
      }
      const inStore = new Set(readdirSync(join(nix.store, "nix/store")));
      for (const { name: stage, outPath = "" } of stages)
        if ((same ?? results).includes(stage)) assert.ok(inStore.has(outPath.slice(11)), stage);

      const checked = nix.run("flake", "check", "#");
      assert.equal(checked.status, 0, checked.stderr);
      const app = nix.run("run", "#bash", "--", "-c", "echo $0 $BASH_VERSION");
      assert.match(app.stdout, /^\/nix\/store\/\S+-programs-default\/bin\/bash \d/, app.stderr);
      const programs = ["git", "jq", "bash", ...("node" in described.apps ? ["node"] : [])];
      const seen = nix.run("develop", "-i", "#ci", "-c", "bash", "-c", `type -p ${programs.join(" ")}`);
      assert.equal(seen.status, 0, seen.stderr);
      const places = seen.stdout.trim().split("\n");
      assert.equal(places.length, programs.length);
      for (const [at, program] of programs.entries())
        assert.match(places[at] ?? "", new RegExp(`^/nix/store/\\S+-programs-ci/bin/${program}$`));
      if (full === undefined) return;
      const said = nix.run("develop", "-i", "#full", "-c", ...full);
      assert.equal(said.stdout, "42\n", said.stderr);
    },
  );
}
