// A second machine's worth of difference: an ordinary user with another home, another clock, another time zone and locale, who
// runs our own code, one stage at a time.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const NOBODY = 65534;
const DAYS_BEHIND = 40;

/** Our own code where an ordinary user may read it, with all that it imports. */
function readableCopy(folder: string): string {
  const copy = join(folder, "pipelite");
  const texts = globSync("src/**/*.ts", { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), "utf8"));
  const imported = texts.flatMap((text) =>
    [...text.matchAll(/(?:from|import\() ?"((?:@[\w-]+\/)?[\w-]+)/g)].map(([, name = ""]) => name),
  );
  const modules = new Set<string>();
  const visit = (name: string): void => {
    const manifest = join(ROOT, "node_modules", name, "package.json");
    if (modules.has(name) || !existsSync(manifest)) return;
    modules.add(name);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
      [kind: string]: Record<string, string> | undefined;
    };
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) visit(each);
  };
  for (const name of new Set(imported)) visit(name);
  for (const each of ["src", "package.json", ...[...modules].map((name) => `node_modules/${name}`)])
    cpSync(join(ROOT, each), join(copy, each), { recursive: true });
  cpSync(realpathSync(process.execPath), join(copy, "node"));
  return copy;
}

export interface SecondRun {
  status: number | null;
  /** Stage name -> output path. */
  outputs: Record<string, string>;
  /** What it said, and how each stage ended. */
  text: string;
}

interface AsOther {
  /** Readable by everybody; what is needed is written into it. */
  folder: string;
  /** Copied: the other user owns what is run. */
  project: string;
  env?: Record<string, string>;
  /** For `pipelite run`. */
  words?: readonly string[];
}

/** `pipelite run` of a copy of the project, by the other user. Needs root, and faketime. */
export async function runAsOther({ folder, project, env = {}, words = [] }: AsOther): Promise<SecondRun> {
  const copy = readableCopy(folder);
  const home = join(folder, "other");
  mkdirSync(home);
  cpSync(project, join(home, "project"), { recursive: true });
  const owned = spawnSync("chown", ["-R", `${NOBODY}:${NOBODY}`, home]);
  assert.equal(owned.status, 0);
  const store = ["--store", join(home, "store")];
  const run = ["run", join(home, "project"), ...store, "--no-link", "--json", "-j", "1", ...words];
  const program = [
    join(copy, "node"),
    "--disable-warning=ExperimentalWarning",
    join(copy, "src/cli/main.ts"),
  ];
  const child = spawn("faketime", ["-m", "-f", `-${DAYS_BEHIND}d`, ...program, ...run], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: home,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      HOME: home,
      TZ: "Asia/Kathmandu",
      LANG: "tr_TR.UTF-8",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      ...env,
    },
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const events = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { type: string; name: string; outPath?: string; startedAt?: string });
  const started = events.find(({ type }) => type === "run-started")?.startedAt ?? "";
  const latest = Date.now() - (DAYS_BEHIND - 1) * 86_400_000;
  assert.ok(Date.parse(started) < latest, `another clock: ${started} ${stderr}`);
  const ends = events.filter(({ type }) => type === "stage-finished");
  const outputs = Object.fromEntries(ends.map(({ name, outPath = "" }) => [name, outPath]));
  return { status: status as number | null, outputs, text: `${stderr} ${JSON.stringify(ends)}` };
}
