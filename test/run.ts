// `npm test` after the checks: every test file under test/ and examples/, each in a process of its own. Arguments name the folders
// or files to run instead. The compile cache keeps the start of each process short.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 26)
  throw new Error(`the tests need the pinned Node 26, this is ${process.versions.node}: run them by npm`);

const wanted = process.argv.slice(2);
const globs =
  wanted.length > 0
    ? wanted.map((name) => (name.endsWith(".ts") ? name : `${name}/**/*.test.ts`))
    : ["test/**/*.test.ts", "examples/**/*.test.ts"];
const cache = mkdtempSync(join(tmpdir(), "pipelite-compile-cache-"));
const { status } = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=2",
    "--test-timeout=600000",
    ...globs,
  ],
  {
    stdio: "inherit",
    cwd: join(import.meta.dirname, ".."),
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  },
);
rmSync(cache, { recursive: true, force: true });
process.exitCode = status ?? 1;
