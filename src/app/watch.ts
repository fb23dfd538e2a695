// Runs a pipeline, and again whenever something that it is made from has changed. A run that is still at work when that happens
// starts nothing more: what it is building is finished, so that the next one can take it, unless the next one does not want it.
import { dirname } from "node:path";
import { isPipeliteError, type PipeliteError } from "#base/errors.ts";
import { areSettled, areUnchanged, settled } from "#compile/file-stamps.ts";
import type { RunEvent, RunListener } from "#home/events.ts";
import type { RunOptions } from "#run/options.ts";
import { FolderWatch, foldersBelow, foldersOf } from "./folder-watch.ts";
import { pipelineFile } from "./home.ts";
import { run, type Ran } from "./run.ts";

export interface WatchHooks {
  /** Called before each run: gives its listener. The one of the run before is not called any more. */
  begin: () => RunListener;
  ended: (ran: Ran) => void;
  /** A pipeline that can't be run: it will be when it has changed. */
  failed: (error: PipeliteError) => void;
  /** Nothing is to be done until one of so many files changes. */
  waiting: (files: number) => void;
}

/** Ends when the signal is aborted. @throws what is a fault of ours */
export async function watchPipeline(
  options: Omit<RunOptions, "listener" | "follow">,
  database: string | undefined,
  hooks: WatchHooks,
): Promise<void> {
  const { signal } = options;
  let wake = (): void => undefined;
  let hasHappened = false;
  using folders = new FolderWatch(() => {
    hasHappened = true;
    wake();
  });
  signal.addEventListener("abort", () => wake());
  const file = pipelineFile(options.pipeline);
  const older = new Set<Attempt>();
  let force = options.force;
  const faults: unknown[] = [];
  for (;;) {
    folders.dropGone();
    folders.add(foldersBelow(dirname(file)));
    hasHappened = false;
    const attempt = new Attempt({ ...options, force }, database, { hooks, older, wake: () => wake() });
    force = [];
    older.add(attempt);
    attempt.ended.then(
      () => older.delete(attempt),
      (error: unknown) => void faults.push(error),
    );
    let isTold = false;
    while (!signal.aborted && faults.length === 0 && !(hasHappened && attempt.isChanged())) {
      // Before it is known what it is made from, nothing that happens is forgotten.
      if (attempt.files().length > 0) hasHappened = false;
      folders.add(foldersOf(attempt.files()));
      if (attempt.isOver && !isTold) {
        // What changed while it was read is noticed before anything more happens.
        if (!attempt.wasSettled()) break;
        hooks.waiting(attempt.files().length);
        isTold = true;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
    attempt.drain();
    if (!signal.aborted && faults.length === 0) {
      await settled(attempt.files());
      continue;
    }
    await Promise.allSettled([...older].map((each) => each.ended));
    if (faults.length > 0) throw faults[0];
    return;
  }
}

interface Surroundings {
  hooks: WatchHooks;
  /** Runs of before that are finishing what they build. */
  older: ReadonlySet<Attempt>;
  /** Something is known now that was not. */
  wake: () => void;
}

/** One run of the many. */
class Attempt {
  /** Resolves when nothing of it is at work any more; rejects with a fault of ours. */
  readonly ended: Promise<void>;
  isOver = false;
  readonly #startedAt = Date.now();
  readonly #drained = new AbortController();
  /** Derivation that is being built -> what stops that. */
  readonly #building = new Map<string, AbortController>();
  /** Stage -> the derivation that is being built for it. */
  readonly #stages = new Map<string, string>();
  #made: Readonly<Record<string, string>> | undefined;

  constructor(
    options: Omit<RunOptions, "listener">,
    database: string | undefined,
    { hooks, older, wake }: Surroundings,
  ) {
    const listener = hooks.begin();
    const isLatest = (): boolean => !this.#drained.signal.aborted;
    const whole: RunOptions = {
      ...options,
      listener: (event) => {
        this.#follow(event);
        if (!isLatest()) return;
        if (event.type === "stage-started") for (const each of this.#others(older)) each.#stopOthers(event);
        if (event.type === "run-finished") for (const each of this.#others(older)) each.#stopAll();
        listener(event);
      },
      follow: {
        onMade: (made) => {
          this.#made = made;
          wake();
        },
        drained: this.#drained.signal,
        unwanted: (drvPath) => this.#stopOf(drvPath),
      },
    };
    this.ended = run(whole, database)
      .then(
        (ran) => void (isLatest() && hooks.ended(ran)),
        (error: unknown) => {
          if (!isPipeliteError(error)) throw error;
          if (isLatest() && !options.signal.aborted) hooks.failed(error);
        },
      )
      .finally(() => {
        this.isOver = true;
        wake();
      });
  }

  #others(all: ReadonlySet<Attempt>): Attempt[] {
    return [...all].filter((each) => each !== this);
  }

  /** What it is made from, as far as that is known. */
  files(): string[] {
    return Object.keys(this.#made ?? {});
  }

  /** Whether another run would be another one. Where it is not known what this one was made from, it may be. */
  isChanged(): boolean {
    return this.#made === undefined ? this.isOver : !areUnchanged(this.#made) || !this.wasSettled();
  }

  /** Whether nothing that it is made from was written while it was read. */
  wasSettled(): boolean {
    return this.#made === undefined || areSettled(this.#made, this.#startedAt);
  }

  /** Nothing new is started. */
  drain(): void {
    this.#drained.abort();
  }

  #follow(event: RunEvent): void {
    if (event.type === "stage-started") this.#stages.set(event.name, event.drvPath);
    if (event.type === "stage-finished") this.#stages.delete(event.name);
  }

  #stopOf(drvPath: string): AbortSignal {
    const stop = this.#building.get(drvPath) ?? new AbortController();
    this.#building.set(drvPath, stop);
    return stop.signal;
  }

  /** A later run builds this stage: what this one builds for it is of use only if it is the same. */
  #stopOthers({ name, drvPath }: { name: string; drvPath: string }): void {
    const own = this.#stages.get(name);
    if (own !== undefined && own !== drvPath) this.#building.get(own)?.abort();
  }

  #stopAll(): void {
    for (const stop of this.#building.values()) stop.abort();
  }
}
