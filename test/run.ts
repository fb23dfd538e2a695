// Runs tests, the files of a folder in one process. Without arguments the first lane (`npm test`): all that needs nothing but Node
// and npm. With --peers the second: the files that hold us against other tools, and sweeps. Folders or files named instead are run
// whole. What all of them share, compiled code and a home with Node in it (rig/warm-home.ts), is there for this run alone.
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { removeTree } from "#base/files.ts";

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 26)
  throw new Error(`the tests need the pinned Node 26, this is ${process.versions.node}: run them by npm`);

const root = join(import.meta.dirname, "..");
const [first, ...more] = process.argv.slice(2);
const isSecondLane = first === "--peers";
const named = first === undefined || isSecondLane ? more : [first, ...more];
const shared = mkdtempSync(join(tmpdir(), "pipelite-tests-"));
const env = {
  ...process.env,
  ...(first === undefined && { PIPELITE_LANE: "first" }),
  NODE_COMPILE_CACHE: join(shared, "code"),
  PIPELITE_TEST_HOME: join(shared, "home"),
};
const { status } = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=2",
    "--test-timeout=1200000",
    ...["spec", join(root, "test/rig/times.ts")].flatMap((reporter) => [
      `--test-reporter=${reporter}`,
      "--test-reporter-destination=stdout",
    ]),
    ...processesOf(filesOf(named)),
  ],
  { stdio: "inherit", cwd: root, env },
);
removeTree(shared);
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

/**
 * One file for each process. A process costs its start, the loading of all that is tested, and the first run of everything, which is
 * several times what the tests of most files do: so files of a folder share one, by a module that imports them.
 */
function processesOf(files: readonly string[]): string[] {
  const PROCESS_FILES_MAX = first === undefined ? 24 : 12;
  // They change what is the whole process's.
  const needsOwn =
    /\bmock\.|(before|after)Each\(|process\.(on|once|umask|chdir)\(|\w+\.now = |registerHooks|\/proc\/self/;
  const own = files.filter((file) => needsOwn.test(readFileSync(join(root, file), "utf8")));
  const folders = Map.groupBy(
    files.filter((file) => !own.includes(file)),
    dirname,
  );
  const joined = [...folders].flatMap(([folder, members]) => {
    const count = Math.ceil(members.length / PROCESS_FILES_MAX);
    return Array.from({ length: count }, (_, part) => {
      const mine = members.filter((_, index) => index % count === part);
      if (mine.length === 1) return mine[0] ?? "";
      const file = join(shared, `${folder.replaceAll("/", "-")}-${part + 1}.test.mjs`);
      const modules = ["test/rig/properties.ts", ...mine].map((name) => JSON.stringify(join(root, name)));
      writeFileSync(file, modules.map((name) => `import ${name};\n`).join(""));
      return file;
    });
  });
  return [...joined, ...own];
}
