// What `export-nix` writes, held against real Nix: offline, in an empty store, without the home it was exported from.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { filesBelow, removeTree } from "#base/files.ts";
import { nixString, writeFlake } from "#export/flake.ts";
import { storePathBase } from "#nix/store-path.ts";
import { derivationPath, writeDerivation, type Derivation } from "#nix/derivation.ts";
import { ownPlaceholder, upstreamPlaceholder } from "#nix/placeholder.ts";
import { pipelite } from "../rig/command.ts";
import { inputs, peer, sweep } from "../rig/peer.ts";
import { Project, type ProjectFiles } from "../rig/project.ts";
import { descriptionOf, FlakeNix } from "./rig.ts";

const small: ProjectFiles = {
  "pipeline.ts": `
import { check, pipeline, source, stage } from "pipelite";
const count = stage(() => import("./count.ts"), { lines: source("lines.txt") });
const enough = check({ statement: "There are lines", evidence: count.file("count.json").at("/lines"), formula: "$1", accept: "value >= limit", limit: 2 });
export default pipeline({ count, enough });
`,
  "count.ts": `
import type { Source } from "pipelite";
export default async function count({ lines }: { lines: Source }) {
  return { "count.json": { lines: (await lines.text()).trimEnd().split("\\n").length } };
}
`,
  "lines.txt": "one\ntwo\n",
};

async function exported(project: Project, ...words: string[]): Promise<string> {
  const out = join(project.folder, "exported");
  const { code, stderr } = await pipelite(
    ["export-nix", project.root, "-o", out, "--compression", "none", "--machine-programs", ...words],
    {
      cwd: project.root,
      env: { PIPELITE_HOME: project.home },
    },
  );
  assert.equal(code, 0, stderr);
  return out;
}

test(
  "a check that fails, and a stage that fails, fail `nix flake check`",
  { skip: peer("nix", "unshare") },
  async () => {
    using project = new Project(small);
    const out = await exported(project);
    using nix = new FlakeNix(project.folder, out);
    assert.equal(nix.run("flake", "check", "#").status, 0);
    // Everything is the same but the data: one line is not enough.
    project.write({ "lines.txt": "one\n" });
    await exported(project);
    const unmet = nix.run("flake", "check", "#");
    assert.notEqual(unmet.status, 0);
    assert.match(unmet.stderr, /There are lines: 1, limit 2/);
    assert.equal(nix.run("build", "--no-link", "#enough").status, 0);
    project.write({
      "lines.txt": "one\ntwo\n",
      "count.ts": `export default function count(): never { throw new Error("broken"); }`,
    });
    await exported(project);
    const broken = nix.run("flake", "check", "#");
    assert.notEqual(broken.status, 0);
    assert.match(broken.stderr, /broken/);
  },
);

test("a stage can't take the place of all results", async () => {
  for (const [name, text] of [
    [
      "default",
      `const count = stage(() => import("./count.ts"), { lines: source("lines.txt") }, { name: "default" });
export default pipeline({ enough: stage(() => import("./count.ts"), { lines: count.file("count.json") }) });`,
    ],
    [
      "all-results",
      `const count = stage(() => import("./count.ts"), { lines: source("lines.txt") });
const enough = check({ statement: "There are lines", evidence: count.file("count.json").at("/lines"), formula: "$1", accept: "value >= limit", limit: 2 });
export default pipeline({ count, "all-results": enough });`,
    ],
  ] as const) {
    using project = new Project({
      ...small,
      "pipeline.ts": `import { check, pipeline, source, stage } from "pipelite";\n${text}\n`,
    });
    const out = join(project.folder, "exported");
    const words = ["export-nix", project.root, "-o", out, "--machine-programs", "--json"];
    const { code, stdout } = await pipelite(words, {
      cwd: project.root,
      env: { PIPELITE_HOME: project.home },
    });
    assert.equal(code, 2);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, "EXPORT_NAME_TAKEN");
    assert.ok(error.message.includes(`'${name}'`));
  }
});

test(
  "a derivation that was changed beside the flake is refused",
  { skip: peer("nix", "unshare") },
  async () => {
    using project = new Project(small);
    const out = await exported(project);
    const base = descriptionOf(out).packages["count"] ?? "";
    const file = join(out, "flake/drv", base);
    writeFileSync(file, readFileSync(file, "utf8").replace("count.mjs", "coumt.mjs"));
    using nix = new FlakeNix(project.folder, out);
    const { status, stderr } = nix.run("eval", "#count.drvPath");
    assert.notEqual(status, 0);
    assert.match(stderr, /is not the derivation that it was/);
  },
);

const hostile = fc.oneof(
  fc.constantFrom(
    "${",
    '${builtins.abort "x"}',
    "''",
    "''${x}",
    "\\",
    '"',
    "'",
    "\n",
    "\r\n",
    "\t",
    "$",
    "$$",
    "\x01",
    "é",
    "\xff\xfe",
    "/nix/store",
  ),
  fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) }),
);
const text = fc.array(hostile, { maxLength: 6 }).map((parts) => parts.join(""));

test(
  "whatever is in a derivation, the flake comes to its path",
  { skip: sweep() || peer("nix", "unshare") },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "pipelite-flake-"));
    try {
      const words = fc.sample(
        fc.record({
          args: fc.array(text, { maxLength: 4 }),
          env: fc.array(fc.tuple(text, text), { maxLength: 4 }),
        }),
        inputs(200),
      );
      let before: Derivation | undefined;
      const derivations = words.map(({ args, env }, index): Derivation => {
        const drvPath = before && derivationPath(before);
        const taken = drvPath === undefined ? [] : [upstreamPlaceholder(drvPath, "out")];
        const own = env.filter(([key]) => !["", "out", "name"].includes(key));
        before = {
          name: `each-${index}`,
          outputs: new Map([["out", { kind: "floating", method: "recursive", algorithm: "sha256" }]]),
          inputDrvs: new Map(drvPath === undefined || index % 10 === 0 ? [] : [[drvPath, ["out"]]]),
          inputSrcs: [],
          system: "x86_64-linux",
          builder: "/bin/sh",
          args: [...args, ...taken],
          env: new Map([...own, ["name", `each-${index}`], ["out", ownPlaceholder("out")]]),
        };
        return before;
      });
      const paths = derivations.map(derivationPath);
      const files = writeFlake({
        pipeline: "\"${a}\\\n''$",
        system: "x86_64-linux",
        toolsFrom: "debian",
        derivations: derivations.map((each) => {
          const drvPath = derivationPath(each);
          return {
            drvPath,
            name: each.name,
            system: each.system,
            inputDrvs: [...each.inputDrvs.keys()],
            inputSrcs: [],
            out: upstreamPlaceholder(drvPath, "out"),
          };
        }),
        packages: Object.fromEntries(paths.map((path, index) => [`each-${index}`, path])),
        checks: {},
        devShells: {},
        apps: {},
        caches: ['https://cache.example.org/${a}"b'],
      });
      mkdirSync(join(folder, "flake/drv"), { recursive: true });
      for (const [name, content] of Object.entries(files))
        writeFileSync(join(folder, "flake", name), content);
      for (const each of derivations)
        writeFileSync(join(folder, "flake/drv", storePathBase(derivationPath(each))), writeDerivation(each));
      using nix = new FlakeNix(folder, folder);
      const evaluated = nix.run(
        "eval",
        "--json",
        "#packages.x86_64-linux",
        "--apply",
        "builtins.mapAttrs (name: each: each.drvPath)",
      );
      assert.equal(evaluated.status, 0, evaluated.stderr);
      assert.deepEqual(
        Object.values(JSON.parse(evaluated.stdout) as Record<string, string>).toSorted(),
        paths.toSorted(),
      );
    } finally {
      removeTree(folder);
    }
  },
);

test("two exports are the same bytes", { skip: sweep() }, async () => {
  using project = new Project(small);
  const contents = (out: string) =>
    filesBelow(out)
      .toSorted()
      .map((name) => [name, readFileSync(join(out, name), "hex")]);
  const first = contents(await exported(project));
  using other = new Project(small);
  assert.deepEqual(contents(await exported(other)), first);
});

test(
  "where nothing is pinned and no mirror can be reached, an export says whose programs its shells have",
  { skip: peer("git", "jq") },
  async () => {
    using project = new Project(small);
    const nowhere = "http://127.0.0.1:1";
    const env = {
      PIPELITE_HOME: project.home,
      PIPELITE_MIRRORS: `debian=${nowhere} debian-security=${nowhere}`,
    };
    const out = join(project.folder, "exported");
    const words = ["export-nix", project.root, "-o", out, "--compression", "none"];
    const wrote = await pipelite([...words, "--json"], { env });
    assert.equal(wrote.code, 0, wrote.stderr);
    const { tools } = JSON.parse(wrote.stdout) as { tools: { from: string; reason: string } };
    assert.equal(tools.from, "machine");
    assert.match(tools.reason, /^Cannot read bookworm of the archive debian/);
    assert.match(wrote.stderr, /bash, git and jq of the shells are those of this machine: Cannot read/);
    const said = /bash, git and jq of its shells are those of the machine that exported it"/;
    assert.match(readFileSync(join(out, "flake/flake.nix"), "utf8"), said);
    assert.equal(descriptionOf(out).toolsFrom, "machine");
    assert.ok(!existsSync(join(project.root, "pipelite.lock.json")));
    const asked = await pipelite([...words, "--machine-programs"], { env });
    assert.match(asked.stderr, /those of this machine$/m);
  },
);

test("an export names what it can't be made without", { skip: sweep() }, async () => {
  using project = new Project({
    "pipeline.ts": `
import { each, pipeline, stage } from "pipelite";
const list = stage(() => import("./list.ts"), {});
const all = each(list.file("list.json"), (item) => stage(() => import("./one.ts"), { item }));
export default pipeline({ all });
`,
    "list.ts": `export default function list() { return { "list.json": ["a", "b"] }; }`,
    "one.ts": `export default function one({ item }: { item: string }) { return { "item.txt": item }; }`,
  });
  const env = { PIPELITE_HOME: project.home };
  const out = join(project.folder, "exported");
  const words = ["export-nix", project.root, "-o", out, "--compression", "none", "--machine-programs"];
  const early = await pipelite([...words, "--json"], { env });
  assert.equal(early.code, 2);
  assert.match(early.stdout, /"EXPORT_NEEDS_RUN"/);
  assert.match(early.stdout, /what is in the list of the each '\S+' is known only when it has run/);
  const ran = await project.run();
  assert.equal(ran.exitCode, 0);
  const wrote = await pipelite([...words, "--run", ran.runId], { env });
  assert.equal(wrote.code, 0, wrote.stderr);
  // A list that came out otherwise is not that of the run.
  project.write({ "list.ts": `export default function list() { return { "list.json": ["a", "c"] }; }` });
  await project.run();
  const changed = await pipelite([...words, "--run", ran.runId, "--json"], { env });
  assert.equal(changed.code, 2);
  assert.match(changed.stdout, /"EXPORT_RUN_DIFFERS"/);
  assert.match(changed.stdout, /has other items/);
  const mine = join(project.folder, "mine");
  mkdirSync(mine);
  writeFileSync(join(mine, "thesis.txt"), "mine");
  const taken = await pipelite(["export-nix", project.root, "-o", mine, "--json"], { env });
  assert.equal(taken.code, 2);
  assert.match(taken.stdout, /"EXPORT_FOLDER_TAKEN"/);
  const file = await pipelite(["export-nix", project.root, "-o", join(mine, "thesis.txt")], { env });
  assert.equal(file.code, 2, file.stderr);
});

test(
  "what was not fetched can't be carried, and a shell needs a bash that starts by itself",
  { skip: peer("gcc") },
  async () => {
    const hash = `sha256-${Buffer.alloc(32).toString("base64")}`;
    using project = new Project({
      "pipeline.ts": `
import { download, pipeline } from "pipelite";
export default pipeline({ page: download({ url: "http://127.0.0.1:1/page", hash: "${hash}" }) });
`,
    });
    const out = join(project.folder, "exported");
    const words = ["export-nix", project.root, "-o", out, "--machine-programs", "--json"];
    const env = { PIPELITE_HOME: project.home };
    const missing = await pipelite(words, { env });
    assert.equal(missing.code, 2);
    assert.match(missing.stdout, /"EXPORT_NOT_FETCHED"/);
    // It names a folder of libraries of its own, so it can't be made to name another.
    project.write({
      "bash.c": "int main(void) { return 0; }",
      "pipeline.ts": `
import { pipeline, stage } from "pipelite";
export default pipeline({ one: stage(() => import("./one.ts"), {}) });
`,
      "one.ts": `export default function one() { return { "a.txt": "a" }; }`,
    });
    const bash = join(project.root, "bash");
    const { status } = spawnSync("gcc", ["-Wl,-rpath,/opt/lib", "-o", bash, join(project.root, "bash.c")]);
    assert.equal(status, 0);
    const PATH = `${project.root}:${process.env["PATH"]}`;
    const unfit = await pipelite(words, { env: { ...env, PATH } });
    assert.equal(unfit.code, 4);
    assert.match(unfit.stdout, /"EXPORT_SHELL_UNFIT"/);
  },
);

test("a string of Nix ends where it should", () => {
  assert.equal(nixString('a"b\\${c}$d\n'), '"a\\"b\\\\\\${c}$d\\n"');
});
