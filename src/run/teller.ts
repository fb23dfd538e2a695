// What a run says: to its log, to its listeners, and to what is known of it.
import type { EventLog } from "#home/event-log.ts";
import type { RunEvent, RunListener } from "#home/events.ts";
import { foldEvent, newFold } from "#home/fold.ts";
import type { Secrets } from "#secrets/secrets.ts";

/** What is told of a run before its stages. */
const FIRST: ReadonlySet<RunEvent["type"]> = new Set(["run-started", "list-expanded", "stage-planned"]);

export class Teller {
  /** What is known of the run is the fold of its events; the log and every view get the same ones. */
  readonly fold = newFold();
  readonly #openLog: () => EventLog;
  readonly #listener: RunListener;
  readonly #secrets: Secrets;
  #log: EventLog | undefined;
  /** What was said while nothing is told. */
  #held: RunEvent[] | undefined;
  /** A secret was in what the run said: it has failed. */
  hasLeaked = false;

  constructor(openLog: () => EventLog, listener: RunListener, secrets: Secrets) {
    this.#openLog = openLog;
    this.#listener = listener;
    this.#secrets = secrets;
  }

  /** The log of the run, which is there from its first word on. */
  get log(): EventLog {
    return (this.#log ??= this.#openLog());
  }

  /** Keeps to itself what is said until `release`: it is not known yet whether there is a run. */
  hold(): void {
    this.#held ??= [];
  }

  /** Tells what was held, the plan before the stages. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) if (FIRST.has(event.type)) this.emit(event);
    for (const event of held) if (!FIRST.has(event.type)) this.emit(event);
  }

  /** What can't be written of the log is in the record, or the error that there is none is told. */
  async close(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    await log?.close().catch(() => undefined);
  }

  readonly emit = (said: RunEvent): void => {
    if (this.#held !== undefined) return void this.#held.push(said);
    this.learn(said)();
  };

  /** Takes up what is not told yet, as it may turn out otherwise. @returns what tells it */
  learn(said: RunEvent): () => void {
    const event = this.#redact(said);
    foldEvent(this.fold, event);
    return () => {
      this.log.add(event);
      this.#listener(event);
    };
  }

  /** What secrets come from is searched before; this is for a way that nobody thought of. */
  #redact(event: RunEvent): RunEvent {
    if (this.#secrets.isEmpty || this.#secrets.in(JSON.stringify(event)) === undefined) return event;
    this.hasLeaked = true;
    return this.#secrets.redactAll(event);
  }
}
