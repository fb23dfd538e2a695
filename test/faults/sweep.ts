// Faults at every step of what changes a store: the process dies, a call fails, the power goes. faults.c counts the calls that a
// command makes below a folder and lets one of them go wrong, or keeps what is there before each of them, which is what the end of the
// process there would leave. What is left is held against real Nix, our own verify and what was there before.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "#base/errors.ts";
import type { Scenario } from "./scenario.ts";
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

/** What `torn` loses below the folder. */
const UNSYNCED = { home: "nix/store", cache: "nar", now: "home/nix/store" };

/** One command, prepared once for the faults of all kinds. */
export class Sweep implements Disposable {
  readonly #scenario: Scenario;
  readonly #work: Work;
  readonly #words: string[];
  readonly #input: Buffer;
  readonly #before: ReadonlySet<string>;
  readonly #calls: number;

  private constructor(scenario: Scenario, work: Work, input: Buffer) {
    this.#scenario = scenario;
    this.#work = work;
    this.#input = input;
    work.save();
    this.#words = scenario.words(work);
    work.restore();
    this.#before = work.registered();
    this.#mustBeDone(work.faulty("none", 0, this.#below));
    this.#calls = work.count();
  }

  static async make(scenario: Scenario): Promise<Sweep> {
    const work = await Work.make();
    try {
      return new Sweep(scenario, work, Buffer.from((await scenario.prepare(work)) ?? ""));
    } catch (error) {
      work[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#work[Symbol.dispose]();
  }

  async try(fault: Fault, { most, seed }: Places): Promise<Swept> {
    const step = Math.max(1, Math.ceil(this.#calls / most));
    const first = 1 + (seed % step);
    const swept: Swept = { calls: this.#calls, tried: 0, unnoticed: 0, lost: [] };
    this.#work.restore();
    if (endsProcess(fault)) await this.#end(fault, { first, step }, swept);
    else
      for (let at = first; at <= this.#calls; at += step) {
        this.#work.restore();
        const ended = this.#start(this.#work.faulty(fault, at, this.#below));
        await this.#judge(swept, { at, isDone: ended.status === EXIT.ok, check: () => mustHaveEnded(ended) });
      }
    return swept;
  }

  get #below(): string {
    return this.#work[this.#scenario.below];
  }

  #start(env: Record<string, string>): ReturnType<Work["start"]> {
    return this.#work.start({ program: this.#scenario.program, words: this.#words, input: this.#input }, env);
  }

  #mustBeDone(env: Record<string, string>): void {
    const { status, stderr } = this.#start(env);
    if (status !== EXIT.ok) throw new Error(`${this.#words.join(" ")}: ${stderr}`);
  }

  async #end(fault: Fault, places: { first: number; step: number }, swept: Swept): Promise<void> {
    const work = this.#work;
    const isPower = fault !== "kill";
    this.#mustBeDone(work.snapshots(this.#below, places, isPower));
    const last = work.count() + 1;
    const lost = fault === "torn" ? join(this.#below, UNSYNCED[this.#scenario.below]) : this.#below;
    for (const at of work.snapshotNumbers()) {
      work.restoreSnapshot(at);
      if (isPower) work.losePower(lost, at);
      // After the last call all that the command said must be there, also when the power goes.
      await this.#judge(swept, { at, isDone: at === last, check: () => {} });
    }
  }

  async #judge(
    swept: Swept,
    { at, isDone, check }: { at: number; isDone: boolean; check: () => void },
  ): Promise<void> {
    const isDeep = swept.tried % DEEPLY_EVERY === 0;
    swept.tried += 1;
    if (isDone) swept.unnoticed += 1;
    try {
      check();
      const left = { before: this.#before, input: this.#input, isDone, isDeep };
      await mustBeSound(this.#work, this.#scenario, left);
    } catch (error) {
      swept.lost.push(`${at}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function mustHaveEnded({ status, signal, stdout, stderr }: ReturnType<Work["start"]>): void {
  if (status === null) throw new Error(`it was ended by ${signal}`);
  if (status >= EXIT.internal) throw new Error(`it ended with ${status}: ${stderr}`);
  if (status !== EXIT.ok && stdout + stderr === "")
    throw new Error(`it ended with ${status} and said nothing`);
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
  await again(work, scenario, input);
  await scenario.afterwards(work);
  if (!isDeep) return;
  await scenario.deeply?.(work);
  mustPleaseNix(work);
}

async function again(work: Work, { program, words, again: other = words }: Scenario, input: Buffer) {
  if (program === undefined) return void (await work.pipelite(other(work), input));
  const { status, stderr } = work.start({ program, words: other(work), input }, {});
  if (status !== EXIT.ok) throw new Error(`again: it ended with ${status}: ${stderr}`);
}

export function mustPleaseNix({ home, folder }: Work): void {
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
