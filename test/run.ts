// Runs tests, each file in a process of its own. Without arguments the first lane (`npm test`): all that needs nothing but Node and
// npm. With --peers the second: the files that hold us against other tools, and sweeps. Folders or files named instead are run
// whole. The compile cache keeps the start of each process short.
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 26)
  throw new Error(`the tests need the pinned Node 26, this is ${process.versions.node}: run them by npm`);

const root = join(import.meta.dirname, "..");
const [first, ...more] = process.argv.slice(2);
const isSecondLane = first === "--peers";
const named = first === undefined || isSecondLane ? more : [first, ...more];
const lane = first === undefined ? { PIPELITE_LANE: "first" } : {};
const cache = mkdtempSync(join(tmpdir(), "pipelite-compile-cache-"));
const { status } = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=2",
    "--test-timeout=600000",
    ...filesOf(named),
  ],
  { stdio: "inherit", cwd: root, env: { ...process.env, ...lane, NODE_COMPILE_CACHE: cache } },
);
rmSync(cache, { recursive: true, force: true });
process.exitCode = status ?? 1;

function filesOf(names: readonly string[]): string[] {
  if (names.length > 0)
    return names.flatMap((name) =>
      name.endsWith(".ts") ? [name] : globSync(`${name}/**/*.test.ts`, { cwd: root }),
    );
  const all = globSync(["test/**/*.test.ts", "examples/**/*.test.ts"], { cwd: root });
  const hasPeers = (file: string) => /\brig\/peer\.ts"/.test(readFileSync(join(root, file), "utf8"));
  return isSecondLane ? all.filter(hasPeers) : all;
}
