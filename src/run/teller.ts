// What a run says: to its log, to its listeners, and to what is known of it.
import type { EventLog } from "#home/event-log.ts";
import type { RunEvent, RunListener } from "#home/events.ts";
import { foldEvent, newFold } from "#home/fold.ts";
import type { Secrets } from "#secrets/secrets.ts";

export class Teller {
  /** What is known of the run is the fold of its events; the log and every view get the same ones. */
  readonly fold = newFold();
  readonly log: EventLog;
  readonly #listener: RunListener;
  readonly #secrets: Secrets;
  /** A secret was in what the run said: it has failed. */
  hasLeaked = false;

  constructor(log: EventLog, listener: RunListener, secrets: Secrets) {
    this.log = log;
    this.#listener = listener;
    this.#secrets = secrets;
  }

  readonly emit = (said: RunEvent): void => {
    const event = this.#redact(said);
    foldEvent(this.fold, event);
    this.log.add(event);
    this.#listener(event);
  };

  /** What secrets come from is searched before; this is for a way that nobody thought of. */
  #redact(event: RunEvent): RunEvent {
    if (this.#secrets.isEmpty || this.#secrets.in(JSON.stringify(event)) === undefined) return event;
    this.hasLeaked = true;
    return this.#secrets.redactAll(event);
  }
}
