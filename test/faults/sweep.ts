// Faults at every step of what changes a store: the process dies, a call fails, the power goes. faults.c counts the calls that a
// command makes below a folder and lets one of them go wrong, or keeps what is there before each of them, which is what the end of the
// process there would leave. What is left is held against real Nix, our own verify and what was there before.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "#base/errors.ts";
import type { Scenario } from "./scenarios.ts";
import { endsProcess, Work, type Fault } from "./work.ts";

export interface Swept {
  /** Calls of the command, each a place for a fault. */
  calls: number;
  tried: number;
  /** Of those tried, how many the command did not notice, as the failing call was one it can do without. */
  unnoticed: number;
  /** What was wrong, by the number of the call. */
  lost: string[];
}

export interface Places {
  /** So many at the most, spread evenly. */
  most: number;
  /** Of the first of them, so that sweeps of different seeds try different places. */
  seed: number;
}

/** At each of so many places what takes long is looked at, too. */
const DEEPLY_EVERY = 8;

export async function sweepFaults(scenario: Scenario, fault: Fault, { most, seed }: Places): Promise<Swept> {
  using work = await Work.make();
  const below = work[scenario.below];
  const input = Buffer.from((await scenario.prepare(work)) ?? "");
  work.save();
  const words = scenario.words(work);
  work.restore();
  const before = work.registered();
  const { status, stderr } = work.start(words, work.faulty("none", 0, below), input);
  if (status !== EXIT.ok) throw new Error(`${words.join(" ")}: ${stderr}`);
  const calls = work.count();
  const step = Math.max(1, Math.ceil(calls / most));
  const first = 1 + (seed % step);
  const swept: Swept = { calls, tried: 0, unnoticed: 0, lost: [] };
  const judge = async (at: number, isDone: boolean, check: () => void): Promise<void> => {
    const isDeep = swept.tried % DEEPLY_EVERY === 0;
    swept.tried += 1;
    if (isDone) swept.unnoticed += 1;
    try {
      check();
      await mustBeSound(work, scenario, { before, input, isDone, isDeep });
    } catch (error) {
      swept.lost.push(`${at}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  work.restore();
  if (endsProcess(fault)) {
    const isPower = fault !== "kill";
    const ended = work.start(words, work.snapshots(below, { first, step }, isPower), input);
    if (ended.status !== EXIT.ok) throw new Error(`${words.join(" ")}: ${ended.stderr}`);
    const last = work.count() + 1;
    const lost = fault === "torn" ? join(below, scenario.below === "home" ? "nix/store" : "nar") : below;
    for (const at of work.snapshotNumbers()) {
      work.restoreSnapshot(at);
      if (isPower) work.losePower(lost, at);
      // After the last call all that the command said must be there, also when the power goes.
      await judge(at, at === last, () => {});
    }
    return swept;
  }
  for (let at = first; at <= calls; at += step) {
    work.restore();
    const ended = work.start(words, work.faulty(fault, at, below), input);
    await judge(at, ended.status === EXIT.ok, () => mustHaveEnded(ended));
  }
  return swept;
}

function mustHaveEnded({ status, signal, stderr }: ReturnType<Work["start"]>): void {
  if (status === null) throw new Error(`it was ended by ${signal}`);
  if (status >= EXIT.internal) throw new Error(`it ended with ${status}: ${stderr}`);
  if (status !== EXIT.ok && stderr === "") throw new Error(`it ended with ${status} and said nothing`);
}

interface Left {
  /** Paths that were valid before the command. */
  before: ReadonlySet<string>;
  input: Buffer;
  /** The command said that it had done all. */
  isDone: boolean;
  isDeep: boolean;
}

async function mustBeSound(work: Work, scenario: Scenario, left: Left): Promise<void> {
  const { before, input, isDone, isDeep } = left;
  if (scenario.findsDamage !== true || isDone) mustPleaseNix(work);
  const now = work.registered();
  const gone = [...before].filter((path) => !now.has(path));
  if (scenario.removes === undefined && gone.length > 0) throw new Error(`lost ${gone.join(" ")}`);
  await scenario.left?.(work);
  if (isDone) await scenario.afterwards(work);
  await work.pipelite((scenario.again ?? scenario.words)(work), input);
  await scenario.afterwards(work);
  if (!isDeep) return;
  await scenario.deeply?.(work);
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
