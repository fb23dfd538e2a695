// What was built here is built again by another user, in another folder and another home, by our engine under every variation and by
// Nix: Pipelite's own package, as npm packs it, and a stage in an environment of Debian. (The Monster Walk: test/archive/walk.test.ts.)
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { gatherMembers } from "#archive/gather.ts";
import { writeArchive } from "#archive/write.ts";
import { lock } from "#app/lock.ts";
import { openStore } from "#store/index.ts";
import { builderKey } from "#supply/attest.ts";
import { personWith } from "#supply/person.ts";
import { NOBODY, pipeliteAsNobody } from "../archive/machine.ts";
import { pipelite } from "../rig/command.ts";
import { peer, sweep } from "../rig/peer.ts";
import { Project } from "../rig/project.ts";

const skip =
  sweep() ||
  peer("setpriv", "nix-store", "npm", "apt-get") ||
  (process.getuid?.() === 0 ? false : "not run: only root can be another user");
const { signal } = new AbortController();

const PIPELINE = `// Pipelite's own package, as npm packs it, made in a stage; and stages in an environment of Debian.
import { command, debian, pipeline, source, stage } from "pipelite";

const env = debian(["jq"]);
export default pipeline({
  package: stage(() => import("./pack.ts"), {
    checkout: source("checkout"),
    packages: source("packages"),
    npm: source("npm"),
  }),
  said: command(env.tool("jq"), ["-r", ".hello", source("hello.json")], { stdout: "said.txt" }),
  who: command(env.tool("id"), ["-un"], { stdout: "who.txt" }),
  place: command(env.tool("pwd"), [], { stdout: "place.txt" }),
});
`;

const PACK = `import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Source } from "pipelite";

/** Bundles the checkout and packs it, with nothing but what stands in the arguments. */
export default function pack({ checkout, packages, npm }: Record<"checkout" | "packages" | "npm", Source>) {
  const work = resolve("work");
  // npm keeps the modes of files.
  process.umask(0o022);
  copy(checkout.path, work, false);
  copy(packages.path, join(work, "node_modules"), true);
  copy(npm.path, resolve("npm"), true);
  const node = (...args: string[]): void => {
    const env = { HOME: resolve("home"), npm_config_update_notifier: "false" };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: work,
      env,
      encoding: "utf8",
    });
    console.log(stdout, stderr);
    if (status !== 0) throw new Error(\`node \${args.join(" ")} ended with \${status}\`);
  };
  node("--disable-warning=ExperimentalWarning", "tools/build.ts");
  node(resolve("npm/bin/npm-cli.js"), "pack", "--ignore-scripts", "--offline");
  const [name = ""] = readdirSync(work).filter((each) => each.endsWith(".tgz"));
  return { "pipelite.tgz": readFileSync(join(work, name)) };
}

/** A source has no folder \`node_modules\`: those of packages are called \`modules\`. */
function copy(from: string, to: string, isOfPackages: boolean): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  const visit = (folder: string): void => {
    chmodSync(folder, 0o755);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      visit(join(folder, entry.name));
      if (entry.name === "modules" && isOfPackages)
        renameSync(join(folder, "modules"), join(folder, "node_modules"));
    }
  };
  visit(to);
}
`;

const root = join(import.meta.dirname, "../..");

/** Archives the latest run of the project, and has nobody open it and build the stages again. */
async function rebuiltByNobody(project: Project, stages: readonly string[]): Promise<string> {
  const file = join(project.folder, "run.tar");
  const run = project.door.runs.find({ word: "latest" });
  {
    using store = openStore(project.home, { readOnly: true });
    const person = personWith(builderKey(project.door));
    const sources = "left out";
    const members = await gatherMembers({
      home: project.door,
      store,
      run,
      program: new Map(),
      sources,
      person,
    });
    await writeArchive(file, members, { run: run.runId, signal, onMember: () => undefined });
  }
  chmodSync(project.folder, 0o755);
  const own = join(project.folder, "nobody");
  mkdirSync(own);
  chownSync(own, NOBODY, NOBODY);
  const opened = await pipeliteAsNobody(own, ["archive", "open", file, "--to", "home"]);
  assert.equal(opened.code, 0, opened.stderr);
  const words = ["rebuild", run.runId, ...stages, "--times", "0", "--store", "home"];
  const { code, stdout, stderr } = await pipeliteAsNobody(own, words);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

describe("built again by nobody, elsewhere, by both engines", { skip }, () => {
  let project: Project;
  before(() => {
    project = new Project({
      "pipeline.ts": PIPELINE,
      "pack.ts": PACK,
      "hello.json": `{ "hello": "hello you" }`,
    });
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    }).split("\0");
    for (const file of files)
      if (
        /^(src|tools|bin|examples\/measure)\/|^(package.json|tsconfig.json|LICENSE|README.md)$/.test(file)
      ) {
        mkdirSync(join(project.root, "checkout", dirname(file)), { recursive: true });
        cpSync(join(root, file), join(project.root, "checkout", file));
      }
    copyPackages(project.root);
    const npmFolder = resolve(realpathSync(which("npm")), "../..");
    cpSync(npmFolder, join(project.root, "npm"), { recursive: true, verbatimSymlinks: true });
    for (const folder of ["packages", "npm"]) renameModules(join(project.root, folder));
  });
  after(() => project[Symbol.dispose]());

  test(
    "Pipelite's own package, and a stage in an environment of Debian",
    { timeout: 1_200_000 },
    async () => {
      const now = new Date();
      const options = { pipeline: project.root, params: {}, update: false, env: process.env, now, signal };
      await lock({ ...options, home: project.door, say: () => undefined });
      const { ends, outputs, events } = await project.run();
      assert.deepEqual(
        [ends["package"], ends["said"]],
        ["built", "built"],
        JSON.stringify(events.filter(({ type }) => type === "stage-finished")),
      );
      const tarball = join(project.home, outputs["package"] ?? "", "pipelite.tgz");
      const names = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" });
      assert.match(names, /^package\/dist\/cli.cjs$/m);
      assert.match(names, /^package\/dist\/types\/index.d.ts$/m);
      const text = await rebuiltByNobody(project, ["package", "said"]);
      assert.match(text, /^2 of 2 outputs of run .* reproduced$/m);
      for (const stage of ["package", "said"])
        assert.match(
          text,
          new RegExp(
            `^reproduced  ${stage}\n    2 builds by embedded and nix\n    the same with other time, time-zone, .*user, .*build-path, `,
            "m",
          ),
        );
    },
  );

  test("what a stage in an environment sees of who builds it, and where", { timeout: 600_000 }, async () => {
    // Who is somebody else in there, and where the stage works, can be seen; on a kernel that libc6 refuses its root is not made.
    const { runId, record } = project.door.runs.find({ word: "latest" });
    const again = async (...words: string[]): Promise<string> => {
      const call = ["rebuild", runId, ...words, "--engine", "embedded", "--store", project.home];
      const { stdout, stderr } = await pipelite(call);
      assert.notEqual(stdout, "", stderr);
      return stdout;
    };
    const seen = await again("who", "place", "--vary", "user", "--vary", "build-path", "--vary", "home");
    assert.match(seen, /who\n(?: .*\n)*? +differs with other user; .*\n.*\n.*"nixbld.n"\n.*"somebody.n"/);
    assert.match(
      seen,
      /place\n(?: .*\n)*? +differs with other build-path; .*\n.*\n.*"\/build.n"\n.*"\/run\/other-place.n"/,
    );
    const environment = record.stages.find(({ name }) => name.startsWith("bookworm"))?.name ?? "";
    const made = await again(environment, "--vary", "kernel", "--vary", "user");
    assert.match(made, /^reproduced +bookworm/m, made);
    assert.match(
      made,
      / kernel: the library of C of a distribution refuses to be set up on so old a kernel$/m,
    );
    assert.match(
      made,
      / user: what makes an environment is always the root user of a namespace of its own$/m,
    );
  });
});

/** What the bundling of the package takes: what its code imports, with all that depends on, and the compiler for declarations. */
function copyPackages(to: string): void {
  const code = execFileSync("cat", globSync("{src,tools}/**/*.ts", { cwd: root }), {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const imported = [...code.matchAll(/(?:from |import\()"((?:@[\w-]+\/)?[\w-]+)[^":]*"/g)].map(
    ([, name = ""]) => name,
  );
  const open = [...new Set([...imported, "@esbuild", "typescript", "@typescript", "@types", "undici-types"])];
  for (const name of open) {
    const from = join(root, "node_modules", name);
    if (!existsSync(from)) continue;
    cpSync(from, join(to, "packages", name), { recursive: true, verbatimSymlinks: true });
    const more = readdirSync(from).includes("package.json")
      ? (JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as { dependencies?: object })
          .dependencies
      : undefined;
    for (const each of Object.keys(more ?? {})) if (!open.includes(each)) open.push(each);
  }
}

/** A source leaves out folders of this name. */
function renameModules(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    renameModules(join(folder, entry.name));
    if (entry.name === "node_modules") renameSync(join(folder, entry.name), join(folder, "modules"));
  }
}

function which(program: string): string {
  return execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
}
