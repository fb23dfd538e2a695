import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPipeliteError } from "#base/errors.ts";
import type { DeviationState } from "#release/deviation.ts";
import { DISPOSITIONS, STATES, checkMove } from "#release/states.ts";
import { inputs } from "../rig/peer.ts";

const state = fc.constantFrom(...STATES);
const NEXT = "the next one";
const wish = fc.record({
  to: fc.oneof(
    { weight: 6, arbitrary: fc.constant(NEXT) },
    { weight: 2, arbitrary: state },
    { weight: 1, arbitrary: fc.constantFrom("done", "", "Closed", "__proto__") },
  ),
  disposition: fc.option(fc.constantFrom(...DISPOSITIONS, "ignore"), { nil: undefined }),
  reason: fc.constantFrom("looked at", "seen", "", "  "),
});

/** What a list of wishes makes of an open deviation: refused ones change nothing. */
function walk(wishes: readonly { to: string; disposition: string | undefined; reason: string }[]) {
  const path: { state: DeviationState; disposition?: string }[] = [{ state: "open" }];
  for (const each of wishes) {
    const from = path.at(-1)?.state ?? "open";
    try {
      const isNext = each.to === NEXT;
      const wanted = isNext ? (STATES[STATES.indexOf(from) + 1] ?? "open") : each.to;
      const choice = isNext && wanted !== "dispositioned" ? undefined : each.disposition;
      const { to, disposition } = checkMove({ from, to: wanted, disposition: choice, reason: each.reason });
      path.push({ state: to, ...(disposition !== undefined && { disposition }) });
    } catch (error) {
      assert.ok(isPipeliteError(error), String(error));
      assert.equal(error.exitCode, 2);
    }
  }
  return path;
}

test("nothing is closed without a disposition, a capa and a check of its effect since it was last looked into", () => {
  let closed = 0;
  const step = { to: NEXT, disposition: DISPOSITIONS[0], reason: "looked at" } as const;
  const onward = STATES.slice(1).map(() => step);
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 60 }), (wishes) => {
      const path = walk(wishes);
      const end = path.findLastIndex((each) => each.state === "closed");
      if (end === -1) return;
      closed += 1;
      const start = path.findLastIndex((each, at) => at < end && each.state === "investigating");
      const between = path.slice(start, end);
      assert.ok(start > 0);
      for (const wanted of ["investigating", "dispositioned", "capa", "effectiveness-check"]) {
        assert.ok(between.some((each) => each.state === wanted));
      }
      assert.ok(between.some(({ disposition }) => disposition !== undefined));
    }),
    { numRuns: inputs(1000), examples: [[onward]] },
  );
  assert.ok(closed > 0, "at least the one that goes on each time gets to closed");
});

test("every pair of states is either a move of the table or refused", () => {
  const allowed = STATES.flatMap((from) =>
    STATES.filter((to) => {
      const disposition = to === "dispositioned" ? "use-as-is" : undefined;
      try {
        return checkMove({ from, to, disposition, reason: "because" }).to === to;
      } catch (error) {
        assert.ok(isPipeliteError(error, "DEVIATION_MOVE_REFUSED"));
        return false;
      }
    }).map((to) => `${from} > ${to}`),
  );
  assert.deepEqual(allowed, [
    "open > investigating",
    "investigating > dispositioned",
    "dispositioned > investigating",
    "dispositioned > capa",
    "capa > investigating",
    "capa > effectiveness-check",
    "effectiveness-check > capa",
    "effectiveness-check > closed",
    "closed > investigating",
  ]);
});

test("each wrong wish is refused by its own name", () => {
  const refuses = (
    code: string,
    from: DeviationState,
    to: string,
    more: { disposition?: string; reason?: string },
  ) =>
    assert.throws(
      () => checkMove({ from, to, disposition: more.disposition, reason: more.reason ?? "because" }),
      (error) => isPipeliteError(error) && error.code === code,
    );
  refuses("DEVIATION_STATE_UNKNOWN", "open", "done", {});
  refuses("DEVIATION_MOVE_REFUSED", "open", "closed", {});
  refuses("DEVIATION_REASON_MISSING", "open", "investigating", { reason: " \n" });
  refuses("DISPOSITION_INVALID", "investigating", "dispositioned", {});
  refuses("DISPOSITION_INVALID", "investigating", "dispositioned", { disposition: "ignore" });
  refuses("DISPOSITION_INVALID", "open", "investigating", { disposition: "rework" });
});
