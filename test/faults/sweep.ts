// Faults at every step of what changes a store: the process dies, a call fails, the power goes. faults.c counts the calls that a
// command makes below a folder and lets one of them go wrong. Here the command runs once for each of them, and what is left is held
// against real Nix, our own verify and what was there before.
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "#base/errors.ts";
import { removeTree } from "#base/files.ts";
import { openStore } from "#store/store.ts";
import { pipelite } from "../rig/command.ts";

/**
 * `kill`: the process is ended before the call. `EIO`, `ENOSPC`: the call fails. `full`: it fails with ENOSPC, and so do all that
 * come after it. `power`: the process is ended, and of every file only what was synced is left. `torn`: the same, but all that was
 * written outside the store directory is left, as when the disk happened to take that first.
 */
export const FAULTS = ["kill", "EIO", "ENOSPC", "full", "power", "torn"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Scenario {
  name: string;
  what: string;
  /** Makes what the command finds. */
  prepare: (work: Work) => Promise<unknown>;
  words: (work: Work) => string[];
  /** What must be so of what is left, whatever went wrong. */
  left?: (work: Work) => Promise<void>;
  /** What must be so when the command has been run again, and nothing went wrong. */
  afterwards: (work: Work) => Promise<void>;
  /** The folder whose calls go wrong. */
  below: "home" | "cache";
  /** It removes what nobody keeps. */
  removes?: true;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "add",
    what: "a tree into an empty store",
    prepare: async () => {},
    words: (work) => ["store", "add", work.tree],
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
  },
  {
    name: "run",
    what: "two stages, a source, their record, evidence and log",
    prepare: (work) => work.pipelite(["run", work.project, "--no-link"]),
    words: (work) => ["run", work.project, "--param", "n=2", "--out", work.result],
    left: async (work) => {
      const runs = JSON.parse(await work.pipelite(["runs", "--json"])) as { runId: string; status: string }[];
      if (runs.length === 0) throw new Error("the run of before is gone");
      for (const { runId, status } of runs) if (status === "passed") await work.pipelite(["verify", runId]);
    },
    afterwards: async (work) => {
      await work.pipelite(["audit"]);
      await work.pipelite(["log-audit"]);
    },
    below: "home",
  },
  {
    name: "collect",
    what: "all that no root keeps",
    prepare: async (work) => {
      await work.pipelite(["run", work.project, "--out", work.result]);
      await work.pipelite(["run", work.project, "--param", "n=2", "--no-link"]);
      await work.pipelite(["store", "add", work.tree]);
    },
    words: () => ["store", "gc"],
    afterwards: async (work) => {
      work.mustHave(readlinkSync(work.result).replace(work.home, ""));
      work.mustNotHave(work.treePath);
    },
    below: "home",
    removes: true,
  },
  {
    name: "push",
    what: "a tree into a cache that is a folder",
    prepare: (work) => work.pipelite(["store", "add", work.tree]),
    words: (work) => ["cache", "push", "--to", work.cache, work.treePath],
    afterwards: async (work) => {
      await work.pipelite(["store", "gc"]);
      await work.pipelite(["cache", "pull", "--from", work.cache, work.treePath]);
      work.mustHave(work.treePath);
    },
    below: "cache",
  },
  {
    name: "pull",
    what: "a tree from a cache that is a folder",
    prepare: async (work) => {
      await work.pipelite(["store", "add", work.tree]);
      await work.pipelite(["cache", "push", "--to", work.cache, work.treePath]);
      await work.pipelite(["store", "gc"]);
    },
    words: (work) => ["cache", "pull", "--from", work.cache, work.treePath],
    afterwards: async (work) => work.mustHave(work.treePath),
    below: "home",
  },
];

const PIPELINE = `import { command, out, param, pipeline, source, tool } from "pipelite";
const busybox = tool("busybox");
const n = param.integer({ name: "n", default: 1 });
const one = command(busybox, ["sh", "-c", "mkdir $0 && echo $1 > $0/one && cat $2 > $0/two", out, n, source("data.txt")]);
const two = command(busybox, ["sh", "-c", "cat $1/one $1/two > $0", out, one]);
export default pipeline({ one, two });
`;

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

/** The shared object of faults.c, compiled in this folder. */
export function compileFaults(folder: string): string {
  const library = join(folder, "faults.so");
  const source = join(import.meta.dirname, "faults.c");
  execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  return library;
}

/** Folders of their own for one scenario, made again from a copy before each fault. */
export class Work implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pipelite-faults-"));
  readonly home = join(this.folder, "now/home");
  readonly cache = join(this.folder, "now/cache");
  readonly result = join(this.folder, "now/result");
  readonly project = join(this.folder, "project");
  readonly tree = join(this.folder, "tree");
  readonly #library = compileFaults(this.folder);
  treePath = "";

  private constructor() {
    mkdirSync(this.project);
    writeFileSync(join(this.project, "pipeline.ts"), PIPELINE);
    writeFileSync(join(this.project, "data.txt"), "data\n");
    mkdirSync(join(this.tree, "sub"), { recursive: true });
    for (let index = 0; index < 5; index += 1)
      writeFileSync(
        join(this.tree, index % 2 === 0 ? `f${index}` : `sub/f${index}`),
        "x".repeat(index * 70_000),
      );
  }

  static async make(): Promise<Work> {
    const work = new Work();
    mkdirSync(work.home, { recursive: true });
    mkdirSync(work.cache, { recursive: true });
    work.treePath = (await work.pipelite(["store", "add", work.tree])).trim();
    await work.pipelite(["store", "gc"]);
    return work;
  }

  [Symbol.dispose](): void {
    removeTree(this.folder);
  }

  /** What a command prints. Throws where it does not end with 0. */
  async pipelite(words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await pipelite([...words, "--store", this.home], { cwd: this.project });
    if (code !== EXIT.ok) throw new Error(`${words.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  start(words: readonly string[], fault: Record<string, string>) {
    const args = ["--disable-warning=ExperimentalWarning", MAIN, ...words, "--store", this.home];
    const env = { ...process.env, ...fault, NO_COLOR: "1", UV_THREADPOOL_SIZE: "1" };
    return spawnSync(process.execPath, args, { cwd: this.project, encoding: "utf8", env, timeout: 120_000 });
  }

  mustHave(path: string): void {
    if (!this.registered().has(path)) throw new Error(`${path} is not there`);
  }

  mustNotHave(path: string): void {
    if (this.registered().has(path)) throw new Error(`${path} is still there`);
  }

  registered(): Set<string> {
    if (!existsSync(join(this.home, "nix/var/nix/db/db.sqlite"))) return new Set();
    using store = openStore(this.home);
    return new Set(store.validPaths());
  }

  /** Keeps what is there for `restore`. */
  save(): void {
    cpSync(join(this.folder, "now"), join(this.folder, "saved"), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
  }

  restore(): void {
    removeTree(join(this.folder, "now"));
    execFileSync("cp", ["-a", join(this.folder, "saved"), join(this.folder, "now")]);
  }

  faulty(fault: Fault | "none", at: number, below: string): Record<string, string> {
    const shadow = join(this.folder, "shadow");
    removeTree(shadow);
    const isPower = fault === "power" || fault === "torn";
    if (isPower) {
      mkdirSync(shadow);
      for (const file of filesBelow(below)) cpSync(file, join(shadow, String(statSync(file).ino)));
    }
    return {
      LD_PRELOAD: this.#library,
      FAULT_HOME: below,
      FAULT_AT: String(at),
      FAULT_KIND: isPower ? "kill" : fault === "full" ? "after" : fault,
      FAULT_COUNT: join(this.folder, "count"),
      ...(isPower && { FAULT_SHADOW: shadow }),
    };
  }

  /** How many calls the last command made that came to its end. */
  count(): number {
    return Number(readFileSync(join(this.folder, "count"), "utf8"));
  }

  /** Leaves of each file only what was synced. */
  losePower(below: string): void {
    const shadow = join(this.folder, "shadow");
    for (const file of filesBelow(below)) {
      const kept = join(shadow, String(statSync(file).ino));
      const synced = existsSync(kept) ? readFileSync(kept) : Buffer.alloc(0);
      if (!readFileSync(file).equals(synced)) overwrite(file, synced);
    }
  }
}

function overwrite(file: string, content: Uint8Array): void {
  const { mode } = statSync(file);
  execFileSync("chmod", ["u+w", file]);
  writeFileSync(file, content);
  execFileSync("chmod", [(mode & 0o7777).toString(8), file]);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

export interface Swept {
  /** Calls of the command, each a place for a fault. */
  calls: number;
  tried: number;
  /** Of those tried, how many the command did not notice, as the failing call was one it can do without. */
  unnoticed: number;
  /** What was wrong, by the number of the call. */
  lost: string[];
}

/**
 * @param most so many places at the most, spread evenly
 * @param first the first of them, so that sweeps of different seeds try different places
 */
export async function sweepFaults(
  scenario: Scenario,
  fault: Fault,
  most: number,
  first: number,
): Promise<Swept> {
  using work = await Work.make();
  const below = work[scenario.below];
  await scenario.prepare(work);
  work.save();
  const words = scenario.words(work);
  work.restore();
  const { status, stderr } = work.start(words, work.faulty("none", 0, below));
  if (status !== EXIT.ok) throw new Error(`${words.join(" ")}: ${stderr}`);
  const calls = work.count();
  const swept: Swept = { calls, tried: 0, unnoticed: 0, lost: [] };
  // After the last call, too: then all that the command said must be there when the power goes.
  const isPower = fault === "power" || fault === "torn";
  const places = isPower ? calls + 1 : calls;
  const step = Math.max(1, places / most);
  for (let at = 1 + (first % Math.ceil(step)); at <= places; at += step) {
    const number = Math.floor(at);
    work.restore();
    const before = work.registered();
    const ended = work.start(words, work.faulty(fault, number, below));
    if (isPower)
      work.losePower(fault === "torn" ? join(below, scenario.below === "home" ? "nix/store" : "nar") : below);
    swept.tried += 1;
    if (ended.status === EXIT.ok) swept.unnoticed += 1;
    const problem = await problemOf(async () => {
      if (fault !== "kill" && !isPower) mustHaveEnded(ended);
      await mustBeSound(work, scenario, before, ended.status === EXIT.ok);
    });
    if (problem !== undefined) swept.lost.push(`${number}: ${problem}`);
  }
  return swept;
}

async function problemOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function mustHaveEnded({ status, signal, stderr }: ReturnType<Work["start"]>): void {
  if (status === null) throw new Error(`it was ended by ${signal}`);
  if (status >= EXIT.internal) throw new Error(`it ended with ${status}: ${stderr}`);
  if (status !== EXIT.ok && stderr === "") throw new Error(`it ended with ${status} and said nothing`);
}

async function mustBeSound(
  work: Work,
  scenario: Scenario,
  before: ReadonlySet<string>,
  done: boolean,
): Promise<void> {
  mustPleaseNix(work);
  const now = work.registered();
  const gone = [...before].filter((path) => !now.has(path));
  if (scenario.removes === undefined && gone.length > 0) throw new Error(`lost ${gone.join(" ")}`);
  await scenario.left?.(work);
  if (done) await scenario.afterwards(work);
  await work.pipelite(scenario.words(work));
  await scenario.afterwards(work);
  mustPleaseNix(work);
}

function mustPleaseNix({ home, folder }: Work): void {
  if (!existsSync(join(home, "nix/var/nix/db/db.sqlite"))) return;
  const settings = join(folder, "nix-conf");
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, "nix.conf"), "build-users-group =\nsubstituters =\n");
  const env = { ...process.env, NIX_CONF_DIR: settings, HOME: folder };
  const args = ["--store", home, "--verify", "--check-contents"];
  const { status, stderr } = spawnSync("nix-store", args, { encoding: "utf8", env });
  const complaints = stderr
    .split("\n")
    .filter((line) => !/^$|^(checking|reading) |^warning: Nix search path/.test(line));
  if (status !== 0 || complaints.length > 0) throw new Error(`Nix: ${complaints.join("; ")}`);
}
