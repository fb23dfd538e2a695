// A clock for spans of time. `performance.now` is the same one, but the first look at it loads node:perf_hooks, which takes
// a millisecond: a command that has nothing to do is over in some twenty.
const { hrtime } = process;

/** Milliseconds since an unknown moment; never goes back. */
export function monotonicMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}
