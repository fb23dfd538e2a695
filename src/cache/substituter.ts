// Taking paths from caches into the store: each path with all it needs, several at a time, what is there already left out.
// A cache that answers wrongly or not at all is asked no more; the others still are.
import { isPipeliteError } from "#base/errors.ts";
import { dependencyOrder } from "#base/order.ts";
import type { NarInfo } from "#nix/narinfo.ts";
import type { Realisation, RealisationId } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { isOfContent } from "#store/transfer.ts";
import type { BinaryCache } from "./binary-cache.ts";
import type { AsyncChunks } from "./files.ts";
import { pipeliteError } from "./errors.ts";
import { Limiter } from "#base/limiter.ts";

/** Narinfos asked for at a time: what costs is the way there and back. */
const QUERIES_MAX = 64;
const DOWNLOADS_MAX = 8;
/** A cache may make up paths that need more paths, without end. */
const CLOSURE_MAX = 250_000;

export interface SubstituterEvents {
  /** A cache is asked no more, and why. */
  onRefused?: (url: string, error: Error) => void;
  onPath?: (path: StorePath, url: string) => void;
}

/** What a cache says of a path that it has. */
export interface Offer {
  info: NarInfo;
  cache: BinaryCache;
}

/** Whether what a cache offers will do; else the next one is asked. */
type Accepts = (info: NarInfo, url: string) => boolean;

/** What caches offer of a path and all it needs, and the first of that which none has. */
interface OfferedClosure {
  offers: Map<StorePath, Offer>;
  missing?: StorePath;
}

/** What came of a path that was wanted, all it needs included. */
export interface Substituted {
  /** Those that were not there before. */
  added: StorePath[];
  /** Of their NARs. */
  bytes: number;
  /** The cache that gave the path itself, unless it was there. */
  from?: string;
}

export class Substituter {
  readonly #store: Store;
  readonly #events: SubstituterEvents;
  readonly #queries = new Limiter(QUERIES_MAX);
  readonly #downloads = new Limiter(DOWNLOADS_MAX);
  /** One download of a path at a time, however many stages want it. */
  readonly #running = new Map<StorePath, Promise<void>>();
  #caches: Promise<BinaryCache[]>;
  /** Of all caches, as people see them. */
  readonly urls: readonly string[];
  #failure: Error | undefined;
  readonly #quarantined = new Set<BinaryCache>();

  constructor(
    store: Store,
    caches: readonly BinaryCache[],
    signal: AbortSignal,
    events: SubstituterEvents = {},
  ) {
    this.#store = store;
    this.#events = events;
    this.urls = caches.map(({ url }) => url);
    this.#caches = this.#inOrder(caches, signal);
  }

  /** Those whose priority is smaller come first. */
  async #inOrder(caches: readonly BinaryCache[], signal: AbortSignal): Promise<BinaryCache[]> {
    const ranked = await Promise.all(
      caches.map(async (cache) => {
        const info = await this.#asking(cache, signal, () => cache.info(signal));
        return { cache, priority: info?.priority ?? Number.POSITIVE_INFINITY };
      }),
    );
    return ranked.toSorted((a, b) => a.priority - b.priority).map(({ cache }) => cache);
  }

  async #usable(): Promise<BinaryCache[]> {
    return (await this.#caches).filter((cache) => !this.#quarantined.has(cache));
  }

  /** What a cache answers; undefined, and it is asked no more, where that is no answer at all. */
  async #asking<T>(
    cache: BinaryCache,
    signal: AbortSignal,
    ask: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (this.#quarantined.has(cache)) return undefined;
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || !isPipeliteError(error)) throw error;
      this.#quarantine(cache, error);
      return undefined;
    }
  }

  #quarantine(cache: BinaryCache, error: Error): void {
    if (this.#quarantined.has(cache)) return;
    this.#quarantined.add(cache);
    this.#failure ??= error;
    this.#events.onRefused?.(cache.url, error);
  }

  /** Why the first cache that is asked no more is not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** What the first cache that knows it says a derivation gave. @param drvPath all of whose inputs are store paths */
  async realisation(
    id: RealisationId,
    signal: AbortSignal,
    drvPath?: StorePath,
  ): Promise<{ realisation: Realisation; from: string } | undefined> {
    for (const cache of await this.#usable()) {
      const realisation = await this.#asking(cache, signal, () => cache.realisation(id, signal, drvPath));
      if (realisation !== undefined) return { realisation, from: cache.url };
    }
    return undefined;
  }

  /** Which cache has a path, as far as can be told without taking it. */
  async offer(path: StorePath, signal: AbortSignal): Promise<string | undefined> {
    return (await this.#offer(path, signal))?.cache.url;
  }

  /** What caches offer of a path and all it needs, whatever the store has of it. */
  closure(path: StorePath, signal: AbortSignal): Promise<OfferedClosure> {
    return this.#closure(path, signal, { isThere: () => false, accepts: () => true });
  }

  /**
   * Takes a path and all it needs into the store.
   * @param accepts which offers will do
   * @returns undefined where no cache has all of it; what came until then stays, and is found there the next time
   */
  async take(
    path: StorePath,
    signal: AbortSignal,
    accepts: Accepts = () => true,
  ): Promise<Substituted | undefined> {
    const isThere = (each: StorePath): boolean => this.#store.isPresent(each);
    for (;;) {
      const before = this.#quarantined.size;
      const { offers, missing } = await this.#closure(path, signal, { isThere, accepts });
      if (missing !== undefined) return undefined;
      const isComplete = await this.#download(offers, signal);
      if (isComplete) {
        const from = offers.get(path)?.cache.url;
        const infos = [...offers.values()].map(({ info }) => info);
        return {
          added: infos.map((info) => info.path),
          bytes: infos.reduce((sum, { narSize }) => sum + narSize, 0),
          ...(from !== undefined && { from }),
        };
      }
      if (this.#quarantined.size === before) return undefined;
    }
  }

  /** All of the closure but what is there already. */
  async #closure(
    root: StorePath,
    signal: AbortSignal,
    { isThere, accepts }: { isThere: (path: StorePath) => boolean; accepts: Accepts },
  ): Promise<OfferedClosure> {
    const offers = new Map<StorePath, Offer>();
    const told = new Map<StorePath, Offer>();
    let missing: StorePath | undefined;
    if (isThere(root)) return { offers };
    for (const cache of await this.#usable()) {
      const infos = await this.#asking(cache, signal, () => cache.closure(root, signal));
      for (const info of infos ?? []) if (accepts(info, cache.url)) told.set(info.path, { info, cache });
      if (infos !== undefined) break;
    }
    const seen = new Set<StorePath>([root]);
    /** @returns what it needs that was not seen yet */
    const note = (path: StorePath, offer: Offer): StorePath[] => {
      offers.set(path, offer);
      if (offers.size > CLOSURE_MAX) {
        const { cache: { url }, info: { url: file } } = offer; // prettier-ignore
        const problem = `${root} would need more than ${CLOSURE_MAX} paths`;
        throw pipeliteError("CACHE_ANSWER_WRONG", { url, file, problem });
      }
      return offer.info.references.filter((each) => !seen.has(each) && seen.add(each));
    };
    const ask = async (path: StorePath): Promise<void> => {
      const offer = await this.#queries.run(() => this.#offer(path, signal, accepts));
      if (offer === undefined) missing ??= path;
      else await visit(note(path, offer));
    };
    // What was told may be a chain of any length: it is gone through without a call for each link.
    const visit = async (paths: readonly StorePath[]): Promise<void> => {
      const open = [...paths];
      const asked: Promise<void>[] = [];
      for (let path = open.pop(); path !== undefined; path = open.pop()) {
        if (isThere(path)) continue;
        const offer = told.get(path);
        if (offer === undefined) asked.push(ask(path));
        else for (const next of note(path, offer)) open.push(next);
      }
      await Promise.all(asked);
    };
    await visit([root]);
    return { offers, ...(missing !== undefined && { missing }) };
  }

  async #offer(
    path: StorePath,
    signal: AbortSignal,
    accepts: Accepts = () => true,
  ): Promise<Offer | undefined> {
    for (const cache of await this.#usable()) {
      const info = await this.#asking(cache, signal, () => cache.narInfo(path, signal));
      if (info !== undefined && accepts(info, cache.url)) return { info, cache };
    }
    return undefined;
  }

  /**
   * Hands the NAR of one path to `take`, from one cache after the other until one gives it whole; nothing is added to the store.
   * @param take throws where it is not the content that was wanted
   * @returns the cache that gave it
   */
  async read(
    path: StorePath,
    signal: AbortSignal,
    { accepts, take }: { accepts: Accepts; take: (chunks: AsyncChunks) => Promise<void> },
  ): Promise<string | undefined> {
    for (const cache of await this.#usable()) {
      const isGiven = await this.#asking(cache, signal, async () => {
        const info = await cache.narInfo(path, signal);
        if (info === undefined || !accepts(info, cache.url)) return false;
        await take(cache.nar(info, signal));
        return true;
      });
      if (isGiven === true) return cache.url;
    }
    return undefined;
  }

  /** Each path after those it refers to. @returns whether all came */
  async #download(offers: ReadonlyMap<StorePath, Offer>, signal: AbortSignal): Promise<boolean> {
    const coming = new Map<StorePath, Promise<boolean>>();
    for (const path of dependencyOrder(offers.keys(), (each) => offers.get(each)?.info.references ?? [])) {
      const offer = offers.get(path);
      if (offer === undefined) continue;
      const before = offer.info.references.flatMap((each) => (each === path ? [] : (coming.get(each) ?? [])));
      coming.set(
        path,
        Promise.all(before).then((came) => !came.includes(false) && this.#fetch(offer, signal)),
      );
    }
    return !(await Promise.all(coming.values())).includes(false);
  }

  async #fetch({ info, cache }: Offer, signal: AbortSignal): Promise<boolean> {
    const came = await this.#asking(cache, signal, async () => {
      let running = this.#running.get(info.path);
      running ??= this.#downloads
        .run(() => this.#add(info, cache, signal))
        .finally(() => this.#running.delete(info.path));
      this.#running.set(info.path, running);
      await running;
      return true;
    });
    return came === true;
  }

  async #add(info: NarInfo, cache: BinaryCache, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { added } = await this.#store.addNar(info, cache.nar(info, signal)).catch((error: unknown) => {
      if (!isPipeliteError(error) || !isOfContent(error.code)) throw error;
      const { url } = cache;
      throw pipeliteError("CACHE_ANSWER_WRONG", { url, file: info.url, problem: error.message }, error);
    });
    if (added) this.#events.onPath?.(info.path, cache.url);
  }
}
