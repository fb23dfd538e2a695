// The package as a stranger gets it: packed by npm, installed from the tarball into an empty project, and used there
// with nothing but Node 26 and the tools of the system on the PATH.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { removeTree } from "#base/files.ts";

const root = join(import.meta.dirname, "../..");
const modules = join(root, "node_modules");
const folder = mkdtempSync(join(tmpdir(), "pipelite-package-"));
const project = join(folder, "project");
const home = join(folder, "home");
let packed: string[] = [];

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program in the project, with no setting of npm from the run of the tests themselves. */
function runProgram(program: string, words: readonly string[], cwd = project): Ended {
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const path = [join(folder, "bin"), folderOf("npm"), "/usr/bin", "/bin"].join(delimiter);
  const own = { PATH: path, PIPELITE_HOME: home, XDG_CACHE_HOME: join(folder, "cache"), NO_COLOR: "1" };
  return spawnSync(program, words, {
    cwd,
    encoding: "utf8",
    env: { ...Object.fromEntries(inherited), ...own },
  });
}

function folderOf(program: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.find((each) => existsSync(join(each, program)));
  assert.ok(found, `${program} is on the PATH`);
  return found;
}

function succeed(program: string, words: readonly string[], cwd?: string): Ended {
  const ended = runProgram(program, words, cwd);
  assert.equal(ended.status, 0, `${program} ${words.join(" ")}\n${ended.stdout}${ended.stderr}`);
  return ended;
}

before(() => {
  mkdirSync(project);
  mkdirSync(join(folder, "bin"));
  symlinkSync(realpathSync(process.execPath), join(folder, "bin/node"));
  const pack = join(folder, "pack");
  for (const name of ["package.json", "bin", "LICENSE", "README.md"]) {
    cpSync(join(root, name), join(pack, name), { recursive: true });
  }
  succeed(process.execPath, [join(root, "tools/build.ts"), join(pack, "dist")], root);
  const { stdout } = succeed("npm", ["pack", "--json", "--pack-destination", folder], pack);
  const [tarball] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  assert.ok(tarball);
  packed = tarball.files.map(({ path }) => path);
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const local = (name: string) => [name, `file:${join(modules, name)}`] as const;
  const manifest = {
    name: "project",
    private: true,
    type: "module",
    dependencies: { pipelite: `file:${join(folder, tarball.filename)}` },
    devDependencies: Object.fromEntries([local("@types/node")]),
    // Nothing is downloaded: the dependencies are the ones that are installed here.
    overrides: Object.fromEntries(Object.keys(dependencies).map(local)),
  };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  succeed("npm", ["install", "--offline", "--no-audit", "--no-fund"]);
});

after(() => removeTree(folder));

test("the package holds bundles, declarations and the command, and no source or test", () => {
  for (const name of [
    "bin/pipelite",
    "dist/cli.cjs",
    "dist/index.js",
    "dist/types/index.d.ts",
    "LICENSE",
    "README.md",
  ])
    assert.ok(packed.includes(name), name);
  const others = packed.filter((name) => !/^(bin|dist)\/|^(LICENSE|README\.md|package\.json)$/.test(name));
  assert.deepEqual(others, []);
  const sources = packed.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  assert.deepEqual(sources, []);
});

test("init writes a project that runs, and runs again with nothing to do", () => {
  succeed("npx", ["--offline", "pipelite", "init"]);
  const first = succeed("npx", ["--offline", "pipelite", "run"]);
  assert.match(first.stderr, /2 built, 0 cached/);
  const summary = JSON.parse(readFileSync(join(project, "result/summary/summary.json"), "utf8")) as object;
  assert.deepEqual(Object.keys(summary), ["count", "mean"]);
  assert.match(succeed("npx", ["--offline", "pipelite", "run"]).stderr, /0 built, 2 cached/);
  assert.match(succeed("npx", ["--offline", "pipelite", "run", "--paranoid"]).stderr, /0 built, 2 cached/);
  assert.match(succeed("npx", ["--offline", "pipelite", "show"]).stdout, /passed/);
});

test("the project that init writes is type-checked against the shipped declarations", () => {
  assert.ok(existsSync(join(project, "tsconfig.json")));
  const tsc = join(modules, ".bin/tsc");
  succeed(tsc, ["--project", "."]);
  // The declarations are really read: a stage that is given what it does not take is an error.
  const wrong = `import { pipeline, stage } from "pipelite";
export default pipeline({ samples: stage(() => import("./stages/samples.ts"), { count: "many" }) });
`;
  writeFileSync(join(project, "wrong.ts"), wrong);
  assert.match(runProgram(tsc, ["--project", "."]).stdout, /wrong\.ts\(2,/);
});

test("a stage can import pipelite/stats and pipelite/lean, and what they export is typed", () => {
  const stage = `import { check } from "pipelite/lean";
import { meanOf } from "pipelite/stats";

export default function measured() {
  const meta = { meta: { exporter: { name: "none", version: "1" }, lean: { githash: "", version: "4" }, format: { version: "3.1.0" } } };
  const mean: number = meanOf([1, 2, 6]);
  return { "measured.json": { mean, status: check([JSON.stringify(meta) + "\\n"]).status } };
}
`;
  const definition = `import { pipeline, stage } from "pipelite";

export default pipeline({ measured: stage(() => import("./stages/measured.ts")) });
`;
  mkdirSync(join(project, "other/stages"), { recursive: true });
  writeFileSync(join(project, "other/stages/measured.ts"), stage);
  writeFileSync(join(project, "other/pipeline.ts"), definition);
  writeFileSync(join(project, "wrong.ts"), "");
  succeed(join(modules, ".bin/tsc"), ["--project", "."]);
  succeed("npx", ["--offline", "pipelite", "run", "other"]);
  const measured: unknown = JSON.parse(readFileSync(join(project, "result/measured/measured.json"), "utf8"));
  assert.deepEqual(measured, { mean: 3, status: "accepted" });
});

test("declarations name no file that the package does not have", () => {
  const installed = join(project, "node_modules/pipelite");
  const declarations = packed.filter((name) => name.endsWith(".d.ts"));
  assert.ok(declarations.length > 0);
  for (const name of declarations) {
    const lines = readFileSync(join(installed, name), "utf8").split("\n");
    const text = lines.filter((line) => !/^\s*(\/?\*|\/\/)/.test(line)).join("\n");
    for (const [, target = ""] of text.matchAll(/from "(\.[^"]+)\.js"|import\("(\.[^"]+)\.js"\)/g)) {
      if (target === "") continue;
      assert.ok(existsSync(join(installed, dirname(name), `${target}.d.ts`)), `${name}: ${target}`);
    }
    assert.doesNotMatch(text, /["']#|\.ts["']/, name);
  }
});

test("the store and Nix's formats can be imported from a script, with types", () => {
  const script = `import { openStore } from "pipelite/store";
import { encodeNix32, decodeNix32 } from "pipelite/nix";

using store = openStore(process.argv[2] ?? "");
const [first] = store.validPaths();
const bytes: Uint8Array = decodeNix32(encodeNix32(Buffer.from("text")));
console.log(JSON.stringify({ text: Buffer.from(bytes).toString(), isValid: first !== undefined && store.isValid(first) }));
`;
  writeFileSync(join(project, "wrong.ts"), "");
  writeFileSync(join(project, "script.ts"), script);
  succeed(join(modules, ".bin/tsc"), ["--project", "."]);
  const { stdout } = succeed("node", ["--disable-warning=ExperimentalWarning", "script.ts", home]);
  assert.deepEqual(JSON.parse(stdout), { text: "text", isValid: true });
});
