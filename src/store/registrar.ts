// Registrations of many stages that end one soon after the other. What waits for the disk, and a transaction, cost about as much
// for one path as for a dozen: so those that may wait a moment are done together.
import { makeDurable } from "./durable.ts";
import type { Realisation } from "#nix/realisation.ts";
import { byteStringOf } from "#base/bytes.ts";
import { physicalPath } from "./layout.ts";
import type { StoreDatabase } from "./query.ts";
import { registerPaths, type Registration } from "./register.ts";

/** What becomes valid at once, or not at all. */
export interface RegistrationGroup {
  registrations: readonly Registration[];
  realisations?: readonly Realisation[];
  /** Resolved when what is to be registered before it is. */
  after?: Promise<unknown> | undefined;
}

interface Waiting extends RegistrationGroup {
  done: PromiseWithResolvers<void>;
}

/** So many are done without waiting for more. */
const TOGETHER = 16;
/** Nobody waits longer for others. */
const WAIT_MAX_MS = 100;
/** What is larger keeps nobody else waiting for the disk. */
const SMALL_BYTES = 1024 * 1024;

export class Registrar {
  readonly #store: StoreDatabase;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(store: StoreDatabase) {
    this.#store = store;
  }

  /**
   * Registers files that are at their places, once they are on the disk.
   * @param mayWait for others, that are registered with it
   */
  async register(entry: RegistrationGroup, mayWait: boolean): Promise<void> {
    if (!mayWait || entry.registrations.some(({ narSize }) => narSize > SMALL_BYTES))
      return this.#registerAll([entry]);
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ ...entry, done });
    if (this.#waiting.length >= TOGETHER) this.hurry();
    else this.#timer ??= setTimeout(() => this.hurry(), WAIT_MAX_MS);
    return done.promise;
  }

  /** There is somebody who has nothing to do before those that wait are registered. */
  hurry(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) void this.#settle(waiting);
  }

  /** One that can't be registered takes no other with it. */
  async #settle(waiting: readonly Waiting[]): Promise<void> {
    try {
      await this.#registerAll(waiting);
      for (const { done } of waiting) done.resolve();
    } catch (error) {
      const [only, ...others] = waiting;
      if (others.length === 0) only?.done.reject(error);
      else await Promise.all(waiting.map((each) => this.#settle([each])));
    }
  }

  async #registerAll(entries: readonly RegistrationGroup[]): Promise<void> {
    const { layout } = this.#store;
    const registrations = entries.flatMap((entry) => entry.registrations);
    const files = registrations.map(({ path }) => byteStringOf(physicalPath(layout, path)));
    await makeDurable(layout.storeDir, files);
    const realisations = entries.flatMap((entry) => entry.realisations ?? []);
    await Promise.all(entries.flatMap(({ after }) => after ?? []));
    registerPaths(this.#store, registrations, realisations);
  }
}
