// Weighs the claims of a run, each once though it is asked for twice, and those that may take long in a thread that can be ended: a
// formula computes for ten seconds at most, and meanwhile its thread hears nothing.
import { Worker } from "node:worker_threads";
import { entryAt } from "#base/files.ts";
import { ownModule } from "#base/own-code.ts";
import { onThreadEnd } from "#base/thread.ts";
import type { Steps } from "#base/steps.ts";
import type { Claim } from "#home/run-record.ts";
import { parseReference } from "./evidence-files.ts";
import type { EvidencePlaces } from "./formula-context.ts";
import { weigh, type Weighed } from "./weigh.ts";

/** What the thread is asked. */
export interface WeighRequest {
  claim: Claim;
  /** Store path -> where it is on disk. */
  places: Readonly<Record<string, string>>;
  /** Derivation -> the output it gave again; undefined: what needs one is not computed. */
  again: Readonly<Record<string, string>> | undefined;
}

/** Bytes of evidence times characters of formula, of what is computed without a thread: a tenth of a second or so. */
export const COST_MAX = 1e6;
/** Text that an `accept` may look at again and again. */
const TEXT_MAX = 10_000;

/** What a formula costs that reads what is in the store: see `COST_MAX`. */
export function costOf(
  { formula, evidence }: Pick<Claim, "formula" | "evidence">,
  locate: (path: string) => string,
): number {
  let bytes = 0;
  for (const text of evidence) {
    const reference = parseReference(text);
    if (reference?.kind !== "store") continue;
    const { path, file } = reference;
    const stat = entryAt(`${locate(path)}${file === "" ? "" : `/${file}`}`);
    // How much is in a folder nobody knows before it is read.
    bytes += stat?.isDirectory() === true ? COST_MAX : (stat?.size ?? 0);
  }
  return bytes * formula.length;
}

export class Weigher {
  readonly #locate: (path: string) => string;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<string, Weighed>();
  #thread: Worker | undefined;

  constructor(locate: (path: string) => string, signal: AbortSignal | undefined) {
    this.#locate = locate;
    this.#signal = signal;
  }

  /**
   * What the formulas of a claim come to.
   * @param places what it is weighed on where it costs little, or reads the record
   * @param again derivation -> the output it gave again, of the formula; undefined: what needs one is not computed
   */
  *weigh(claim: Claim, places: EvidencePlaces, again?: Readonly<Record<string, string>>): Steps<Weighed> {
    const isRealising = again !== undefined && Object.keys(again).length > 0;
    const { id, formula, accept, value, limit, status, evidence } = claim;
    const key = JSON.stringify([id, formula, accept, value, limit, status, evidence]);
    const known = isRealising ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const cost = this.#costOf(claim);
    let weighed: Weighed | undefined;
    if (cost === undefined || cost <= COST_MAX) weighed = weigh(claim, places, again !== undefined);
    else yield this.#inThread({ claim, places: this.#placesOf(claim), again }, (got) => (weighed = got));
    if (weighed === undefined) throw new Error("the thread gave nothing");
    // What the record says is read by the second of those who ask alone.
    if (!isRealising && cost !== undefined) this.#known.set(key, weighed);
    return weighed;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  /** undefined for what reads the record. */
  #costOf(claim: Claim): number | undefined {
    const { evidence, value, limit } = claim;
    if (evidence.some((text) => parseReference(text)?.kind === "record")) return undefined;
    const isLong = [value, limit].some((each) => typeof each === "string" && each.length > TEXT_MAX);
    return isLong ? Infinity : costOf(claim, this.#locate);
  }

  #placesOf({ evidence }: Claim): Record<string, string> {
    const references = evidence.map(parseReference).filter((each) => each?.kind === "store");
    return Object.fromEntries(references.map(({ path }) => [path, this.#locate(path)]));
  }

  #started(): Worker {
    const thread = new Worker(ownModule("evidence/formula-thread"));
    return thread.once("exit", () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
  }

  async #inThread(request: WeighRequest, take: (weighed: Weighed) => void): Promise<void> {
    const thread = (this.#thread ??= this.#started());
    const { promise, resolve, reject } = Promise.withResolvers<Weighed>();
    const stop = () => reject(this.#signal?.reason as Error);
    this.#signal?.addEventListener("abort", stop, { once: true });
    thread.once("message", resolve);
    const stopListening = onThreadEnd(thread, "compute the formulas", reject);
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      thread.postMessage(request);
      take(await promise);
    } finally {
      this.#signal?.removeEventListener("abort", stop);
      thread.off("message", resolve);
      stopListening();
    }
  }
}
