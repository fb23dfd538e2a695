// A named pipe in the place of a file that a pipeline is made of would be waited for without end: each is refused at once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { PipeliteError } from "#base/errors.ts";
import type { ErrorCode } from "#cli/error-rows.ts";
import { Project } from "../rig/project.ts";

const STAGE = "export default function a() { return { 'x.json': { n: 1 } }; }\n";
const HEAD = 'import { command, debian, pipeline, source, stage } from "pipelite";\n';
const a = 'const a = stage(() => import("./a.ts"));';

/** In each, `pipe` is a named pipe. */
const PIPES: Record<
  string,
  { lines: string[]; code: ErrorCode; files?: Record<string, string>; pipe?: string }
> = {
  "a stage": { lines: [a, "export default pipeline({ a });"], code: "MODULE_ENDLESS", pipe: "a.ts" },
  "the package.json beside the pipeline": {
    lines: [a, "export default pipeline({ a });"],
    files: { "a.ts": STAGE },
    code: "FILE_ENDLESS",
    pipe: "package.json",
  },
  "the package.json beside a stage": {
    lines: ['const s = stage(() => import("./stages/s.ts"), {});', "export default pipeline({ s });"],
    files: { "stages/s.ts": STAGE },
    code: "FILE_ENDLESS",
    pipe: "stages/package.json",
  },
  "the package.json of a package": {
    lines: [a, "export default pipeline({ a });"],
    files: { "a.ts": 'import "q";\nexport default () => ({});\n', "node_modules/q/index.js": "" },
    code: "FILE_ENDLESS",
    pipe: "node_modules/q/package.json",
  },
  "the package.json of a package of the pipeline": {
    lines: ['import "q";', "export default pipeline({});"],
    files: { "node_modules/q/index.js": "" },
    code: "FILE_ENDLESS",
    pipe: "node_modules/q/package.json",
  },
  "the package.json beside a module of the pipeline": {
    lines: ['import "./lib/x.ts";', "export default pipeline({});"],
    files: { "lib/x.ts": "" },
    code: "FILE_ENDLESS",
    pipe: "lib/package.json",
  },
  "the tsconfig.json that says what a name stands for": {
    lines: ['import "q";', "export default pipeline({});"],
    code: "FILE_ENDLESS",
    pipe: "tsconfig.json",
  },
  "the lock file": {
    lines: [
      'const t = debian(["busybox"]);',
      'export default pipeline({ c: command(t.tool("busybox"), ["true"]) });',
    ],
    code: "LOCK_FILE_INVALID",
    pipe: "pipelite.lock.json",
  },
  "a module of a stage": {
    lines: [a, "export default pipeline({ a });"],
    files: { "a.ts": 'import "./pipe.ts";\nexport default () => ({});\n' },
    code: "STAGE_BUNDLE_FAILED",
  },
  "a module of the pipeline": {
    lines: ['import "./pipe.ts";', "export default pipeline({});"],
    code: "MODULE_ENDLESS",
  },
  "a source": {
    lines: [
      'const a = stage(() => import("./b.ts"), { s: source("pipe.ts") });',
      "export default pipeline({ a });",
    ],
    files: { "b.ts": STAGE },
    code: "STORE_SPECIAL_FILE",
  },
  "a file that the pipeline reads": {
    lines: ['import { readFileSync } from "node:fs";', 'readFileSync(new URL("pipe.ts", import.meta.url));'],
    code: "PIPELINE_REACHES_OUT",
  },
};

for (const [what, { lines, code, files = {}, pipe = "pipe.ts" }] of Object.entries(PIPES)) {
  test(`refuses a named pipe as ${what}, and does not wait for it: ${code}`, async () => {
    using project = new Project({ "pipeline.ts": `${HEAD}${lines.join("\n")}\n`, ...files });
    const path = join(project.root, pipe);
    mkdirSync(dirname(path), { recursive: true });
    execFileSync("mkfifo", [path]);
    await assert.rejects(project.plan(), (error) => {
      if (!(error instanceof PipeliteError)) throw error;
      assert.equal(error.code, code, error.message);
      assert.match(`${error.message} ${error.hint ?? ""}`, /named pipe/);
      assert.match(error.message, new RegExp(pipe));
      return true;
    });
  });
}
