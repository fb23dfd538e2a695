// Assertions of our own: what they say is a bug of ours. Those of Node bring its streams and colours along, which take longer
// to load than most programs here run.

/** @throws Error, with its stack, where the condition does not hold */
export function assert(condition: unknown, what = "an assertion does not hold"): asserts condition {
  if (!condition) throw Object.assign(new Error(what), { code: "ERR_ASSERTION" });
}
