// Long work in steps: whoever runs it may leave it between two of them, for a while or for good. Hashing a large tree
// takes minutes in a process that has one thread, and must not keep it from hearing a signal meanwhile.
import { setImmediate } from "node:timers/promises";
import { assert } from "./assert.ts";

/**
 * Yields often (a few times a millisecond is plenty), or what it must wait for before it goes on; what it holds open it closes in
 * `finally`.
 */
export type Steps<T> = Generator<Promise<void> | undefined, T, undefined>;

/** How long work goes on before others get a word in. */
const TURN_MS = 20;

/** Aborted with the first of these. Of one alone it is that one: another for each stage would cost more than it looks. */
export function anySignal(first: AbortSignal, ...others: readonly AbortSignal[]): AbortSignal {
  return others.length === 0 ? first : AbortSignal.any([first, ...others]);
}

/** Does all of the work at once, which must be of a kind that waits for nothing. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    assert(step.value === undefined);
  }
}

/**
 * Does the work in turns with everything else in the process.
 * @throws the reason of `signal`, as soon as it is aborted; the work is left then
 */
export async function inTurns<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  try {
    for (;;) {
      signal?.throwIfAborted();
      const start = performance.now();
      let awaited: Promise<void> | undefined;
      do {
        const step = steps.next();
        if (step.done === true) return step.value;
        awaited = step.value;
      } while (awaited === undefined && performance.now() - start < TURN_MS);
      await (awaited ?? setImmediate());
    }
  } finally {
    // Closes what is open where it was left; does nothing where it has ended.
    // oxlint-disable-next-line no-useless-return
    steps.return(undefined as never);
  }
}
