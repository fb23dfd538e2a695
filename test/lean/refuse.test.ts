// Point of the kernel: what is unsound is not accepted, and for the right reason. Every way to fool a checker that we know
// of is here as a small export; next to each stands, in accept.test.ts, what is nearly the same and sound.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "#lean/index.ts";
import type { Case } from "./refuse/case.ts";
import { CONTEXTS } from "./refuse/contexts.ts";
import { FORMAT } from "./refuse/format.ts";
import { FAMILIES } from "./refuse/families.ts";
import { HIDDEN } from "./refuse/hidden.ts";
import { AXIOMS, DECLARATIONS, LEVELS } from "./refuse/levels.ts";
import { LITERALS } from "./refuse/literals.ts";
import { PROJECTIONS } from "./refuse/projections.ts";
import { QUOTIENTS } from "./refuse/quotients.ts";
import { RECURSORS } from "./refuse/recursors.ts";
import { REVIEW } from "./refuse/review.ts";

const GROUPS: Readonly<Record<string, readonly Case[]>> = {
  format: FORMAT,
  level: LEVELS,
  declaration: DECLARATIONS,
  axiom: AXIOMS,
  inductive: FAMILIES,
  recursor: RECURSORS,
  projection: PROJECTIONS,
  literal: LITERALS,
  quotient: QUOTIENTS,
  review: REVIEW,
  hidden: HIDDEN,
  context: CONTEXTS,
};

const MALFORMED = new Set([
  "not-json",
  "not-utf8",
  "not-an-export",
  "format-version",
  "unknown-record",
  "unknown-field",
  "missing-field",
  "wrong-type",
  "duplicate-key",
  "bad-index",
  "duplicate-index",
  "forward-reference",
]);

for (const [group, cases] of Object.entries(GROUPS)) {
  for (const { name, reason, make } of cases) {
    test(`${group}: ${name}`, () => {
      const made = make();
      const input = typeof made === "string" || made instanceof Uint8Array ? made : made.text();
      const { status, problem } = check([input]);
      assert.equal(
        `${problem?.reason}: ${problem?.message}`.startsWith(`${reason}: `),
        true,
        JSON.stringify(problem),
      );
      assert.equal(status, MALFORMED.has(reason) ? "malformed" : "rejected");
      assert.equal(problem !== undefined && problem.line > 0, true);
    });
  }
}

test("there are more than sixty of them, with as many names", () => {
  const all = Object.values(GROUPS).flat();
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  assert.equal(all.length > 60, true);
});
