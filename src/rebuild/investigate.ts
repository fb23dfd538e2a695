// One output built again: as it was, under all variations at once, and by the other engine. Where that gives other bytes, the
// smallest set of variations that does is looked for; where nothing need be varied for it, what must be held still.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Limiter } from "#base/limiter.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseStorePath, type StorePath } from "#nix/store-path.ts";
import { buildAgain, type VariedBuild, type AgainPlace } from "./again.ts";
import { causes, isFoundAgain, minimise } from "./bisect.ts";
import type { NixAgain } from "./by-nix.ts";
import { compareTrees } from "./compare.ts";
import { describeByDiffoscope } from "./diffoscope.ts";
import { factsOf } from "./facts.ts";
import { guess } from "./guess.ts";
import type { Attempt, Cause, RebuiltOutput } from "./outcome.ts";
import { equivalentBy, type Stabiliser } from "./stabilise.ts";
import {
  NEVER,
  STILL,
  changeOf,
  merge,
  sortVariations,
  type StageFacts,
  type StillName,
  type VariationName,
} from "./variations.ts";

export interface OutputToRebuild {
  stage: string;
  drvPath: string;
  outPath: string;
  narHash: string;
}

export interface Investigation extends AgainPlace {
  memory: StageFacts["memory"];
  /** What is to be varied. */
  variations: readonly VariationName[];
  /** How often it is built with nothing varied; 0: once, and only where it is another one with everything varied. */
  times: number;
  nix: NixAgain | { reason: string };
  /** One build at a time: beside another it would be another one, for what counts processes or has them race. */
  turns: Limiter;
  /** Told before each build. */
  onBuild: (what: string) => void;
}

/** All at once but for their builds, so that one that waits for another second lets the others build. */
const AT_ONCE = 8;

/** @returns in their order. @throws as investigate */
export async function investigateAll(
  outputs: readonly OutputToRebuild[],
  place: Omit<Investigation, "turns" | "onBuild">,
  onBuild: (stage: string, what: string, done: number) => void,
): Promise<RebuiltOutput[]> {
  const made = new Map<OutputToRebuild, RebuiltOutput>();
  const turns = new Limiter(1);
  const open = [...outputs];
  const work = async (): Promise<void> => {
    for (let output = open.shift(); output !== undefined; output = open.shift()) {
      const { stage } = output;
      const told = (what: string): void => onBuild(stage, what, made.size);
      made.set(output, await investigate(output, { ...place, turns, onBuild: told }));
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, () => work().finally(() => open.splice(0))),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return outputs.flatMap((output) => made.get(output) ?? []);
}

interface Timed {
  again: VariedBuild;
  /** By this process's own clock, in ms. */
  startedAt: number;
}

type Job = { name: string; drvPath: StorePath; derivation: Derivation };

/** @throws what setting up a build throws; a build that fails is a value */
export async function investigate(output: OutputToRebuild, place: Investigation): Promise<RebuiltOutput> {
  return new Investigator(output, place).run();
}

const FILES_MAX = 100;

class Investigator {
  readonly #output: OutputToRebuild;
  readonly #place: Investigation;
  readonly #job: Job;
  readonly #facts: StageFacts;
  readonly #original: string;
  readonly #attempts: Attempt[] = [];
  readonly #causes: Cause[] = [];
  readonly #untested: RebuiltOutput["untested"] = [];

  constructor(output: OutputToRebuild, place: Investigation) {
    const { store } = place;
    const drvPath = parseStorePath(output.drvPath);
    this.#output = output;
    this.#place = place;
    this.#job = { name: output.stage, drvPath, derivation: store.readDerivation(drvPath) };
    this.#facts = factsOf({ ...this.#job, store, kind: place.kind, memory: place.memory });
    this.#original = store.physical(parseStorePath(output.outPath));
  }

  async run(): Promise<RebuiltOutput> {
    const { variations, times, nix } = this.#place;
    const { can, untested } = sortVariations(variations, this.#facts);
    this.#untested.push(...untested);
    const varied = times === 0 && can.length > 0 ? await this.#attempt(can) : undefined;
    const isSettled = varied !== undefined && this.#isSame(varied);
    let differing: VariedBuild | undefined;
    for (let left = isSettled ? 0 : Math.max(1, times); left > 0 && differing === undefined; left -= 1) {
      const again = await this.#attempt([]);
      if (!this.#isSame(again)) differing = again;
    }
    if (differing !== undefined) await this.#explainItself(differing, can);
    else if (!isSettled) await this.#vary(can, varied);
    if ("reason" in nix) this.#untested.push({ name: "engine", reason: nix.reason });
    else await this.#byNix(nix, differing !== undefined);
    this.#untested.push(...NEVER);
    return {
      ...this.#output,
      attempts: this.#attempts,
      untested: this.#untested,
      causes: this.#causes,
    };
  }

  #isSame(again: VariedBuild): boolean {
    return again.status === "built" && again.narHash === this.#output.narHash;
  }

  async #attempt(varied: readonly VariationName[]): Promise<VariedBuild> {
    const { again } = await this.#build(
      varied,
      varied.length === 0 ? "as it was" : `with ${varied.join(", ")}`,
    );
    if (again.status !== "impossible")
      this.#attempts.push({ engine: "embedded", sandbox: this.#place.kind, varied, ...this.#madeBy(again) });
    return again;
  }

  #madeBy(
    again: Exclude<VariedBuild, { status: "impossible" }>,
  ): Pick<Attempt, "narHash" | "equivalentBy" | "failure"> {
    if (again.status === "failed") return { failure: again.reason };
    const { narHash, tree } = again;
    const by = narHash === this.#output.narHash ? undefined : this.#equivalence(tree);
    return { narHash, ...(by !== undefined && { equivalentBy: by }) };
  }

  /** @param what for people */
  #build(names: readonly (VariationName | StillName)[], what: string): Promise<Timed> {
    return this.#place.turns.run(async () => {
      this.#place.onBuild(what);
      const startedAt = performance.now();
      const again = await buildAgain(this.#job, merge(names.map(changeOf)), this.#facts, this.#place);
      return { again, startedAt };
    });
  }

  /** All at once; where that makes a difference, the sets that do. What the sandbox refuses is untested. */
  async #vary(names: readonly VariationName[], all: VariedBuild | undefined): Promise<void> {
    const results = new Map<string, VariedBuild>();
    if (all !== undefined) results.set([...names].toSorted().join(" "), all);
    let other: VariedBuild | undefined;
    const build = async (set: readonly VariationName[]): Promise<VariedBuild> => {
      const again = await this.#attempt(set);
      if (again.status === "built" && !this.#isSame(again)) other = again;
      return again;
    };
    const ask = async (set: readonly VariationName[]): Promise<boolean> => {
      const key = [...set].toSorted().join(" ");
      const again = results.get(key) ?? (await build(set));
      results.set(key, again);
      return !this.#isSame(again);
    };
    const { sets } = await causes(names, ask);
    // One that now and then differs by itself had its causes by chance.
    const isSure = await isFoundAgain(sets, async (set) => !this.#isSame(await build(set)));
    if (!isSure && other !== undefined) return this.#explainItself(other, names);
    for (const set of sets) {
      const again = results.get([...set].toSorted().join(" "));
      if (again?.status === "impossible")
        this.#untested.push(...set.map((name) => ({ name, reason: again.reason })));
      else if (again !== undefined) this.#causes.push({ by: set, ...this.#describe(this.#original, again) });
    }
  }

  /** A stage that differs by itself: what must be held still, and whether, held so, it differs by something else as well. */
  async #explainItself(differing: VariedBuild, names: readonly VariationName[]): Promise<void> {
    const { can, untested } = sortVariations(STILL, this.#facts);
    this.#untested.push(...untested.map(({ name, reason }) => ({ name: `held still: ${name}`, reason })));
    const cause: Cause = { by: ["itself"], ...this.#describe(this.#original, differing) };
    if (differing.status !== "built") return void this.#causes.push(cause);
    // Held so, a stage that is asked for its variations is compared with what it then gives.
    const bases = new Map<string, Extract<VariedBuild, { status: "built" }>>();
    const build = (set: readonly StillName[]): Promise<Timed> =>
      this.#build(set, ["several times", ...set.map((each) => `${each} held still`)].join(", "));
    const isStill = async (set: readonly StillName[]): Promise<boolean> => {
      // What was seen to differ is one of the builds with nothing held.
      const isKnown = set.length === 0;
      const { again: one, startedAt } = isKnown
        ? { again: differing, startedAt: performance.now() }
        : await build(set);
      if (one.status !== "built") return false;
      const second = await build(set);
      if (!isEqual(one, second.again)) return false;
      // Many clocks count seconds: two builds in one of them tell nothing.
      if (second.startedAt - startedAt < SECOND_MS) {
        const left = Math.max(0, startedAt + SECOND_MS - performance.now());
        await sleep(left, undefined, { signal: this.#place.signal });
        if (!isEqual(one, (await build(set)).again)) return false;
      }
      bases.set(set.join(" "), one);
      return true;
    };
    let held: StillName[] = [];
    const isRecorded = await isStill([]);
    if (!isRecorded && can.length > 0 && (await isStill(can))) held = await minimise(can, isStill);
    const base = isRecorded || held.length > 0 ? bases.get(held.join(" ")) : undefined;
    const found = base === undefined ? undefined : await this.#varyHeld(held, base, names);
    this.#causes.push(
      found !== undefined && isRecorded
        ? { ...cause, by: ["recorded"] }
        : { ...cause, heldStill: found === undefined ? [] : held },
      ...(found?.causes ?? []),
    );
    const unknown = names.map((name) => ({ name, reason: "it differs with nothing varied" }));
    this.#untested.push(...(found?.untested ?? unknown));
  }

  /** @returns undefined where it differs now and then with nothing varied, held still as it is */
  async #varyHeld(
    held: readonly StillName[],
    base: Extract<VariedBuild, { status: "built" }>,
    names: readonly VariationName[],
  ): Promise<{ causes: Cause[]; untested: RebuiltOutput["untested"] } | undefined> {
    const hidden: Partial<Record<VariationName, StillName>> = { time: "clock", cores: "one-core" };
    const open = names.filter((name) => !held.some((still) => still === hidden[name]));
    const results = new Map<string, VariedBuild>();
    const differs = async (set: readonly VariationName[]): Promise<boolean> => {
      const what = [...held.map((each) => `${each} held still`), ...set].join(", ");
      const { again } = await this.#build([...held, ...set], what === "" ? "as it was" : what);
      results.set(set.join(" "), again);
      return !isEqual(base, again);
    };
    const { sets } = await causes(open, differs);
    if (!(await isFoundAgain(sets, differs))) return undefined;
    const found = { causes: [] as Cause[], untested: [] as RebuiltOutput["untested"] };
    for (const set of sets) {
      const again = results.get(set.join(" "));
      if (again?.status === "impossible")
        found.untested.push(...set.map((name) => ({ name, reason: again.reason })));
      else if (again !== undefined) found.causes.push({ by: set, ...this.#describe(base.tree, again) });
    }
    const still = held.length === 0 ? "" : `, with ${held.join(" and ")} held still,`;
    const reason = `it differs with nothing varied; beside that${still} this made no difference`;
    const rest = open.filter((name) => !sets.flat().includes(name));
    found.untested.push(...rest.map((name) => ({ name, reason })));
    return found;
  }

  async #byNix(nix: NixAgain, isUnstable: boolean): Promise<void> {
    const again = await this.#place.turns.run(() => {
      this.#place.onBuild(`by ${nix.version}`);
      return nix.build(this.#job);
    });
    if (again.status === "impossible")
      return void this.#untested.push({ name: "engine", reason: again.reason });
    this.#attempts.push({ engine: "nix", sandbox: nix.version, varied: [], ...this.#madeBy(again) });
    // That of a stage which is different every time says nothing of the engine.
    if (!this.#isSame(again) && !isUnstable)
      this.#causes.push({ by: ["engine"], ...this.#describe(this.#original, again) });
  }

  #describe(before: string, again: VariedBuild): Omit<Cause, "by"> {
    if (again.status !== "built") return { guesses: [], failure: again.reason };
    const found = compareTrees(before, again.tree, FILES_MAX);
    const [difference] = found;
    const diffoscope = describeByDiffoscope(before, again.tree, this.#place.env);
    return {
      guesses: [...new Set(found.slice(0, 3).flatMap(guess))],
      files: found.length,
      ...(difference !== undefined && { difference }),
      ...(diffoscope !== undefined && { diffoscope }),
    };
  }

  /** The stabilisers after which all files are the same; undefined where one is not. */
  #equivalence(tree: string): Stabiliser[] | undefined {
    const found = compareTrees(this.#original, tree, FILES_MAX);
    const used = new Set<Stabiliser>();
    for (const { file, what, one, other } of found) {
      const size = Math.max(one.size ?? 0, other.size ?? 0);
      if (what !== "content" || size > STABILISED_MAX_BYTES || found.length === FILES_MAX) return undefined;
      const by = equivalentBy(readFileSync(join(this.#original, file)), readFileSync(join(tree, file)));
      if (by === undefined) return undefined;
      for (const each of by) used.add(each);
    }
    return found.length === 0 ? undefined : [...used];
  }
}

/** A little more than one. */
const SECOND_MS = 1100;

function isEqual(one: VariedBuild, other: VariedBuild): boolean {
  return one.status === "built" && other.status === "built" && one.narHash === other.narHash;
}

const STABILISED_MAX_BYTES = 128 * 1024 * 1024;
