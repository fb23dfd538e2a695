// Capability figures: against closed forms, against the sample sizes that the bound demands, and where they must refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviationOf, normalQuantile } from "../../../src/stats/index.ts";
import { conclude, significant } from "../checks/verdict.ts";
import type { Deviations } from "../checks/capability-checks.ts";
import "../../../test/rig/own-libraries.ts";

const { checkCapability } = await import("../checks/capability-checks.ts");

/** Measurements of some harmonics, a list of deviations each, all with one standard uncertainty. */
function measured(deviations: readonly (readonly number[])[], uncertainty = 0): Deviations[] {
  const count = deviations[0]?.length ?? 0;
  return Array.from({ length: count }, (_, window) => ({
    tones: deviations.map((values, prime) => ({
      prime,
      deviationCents: values[window] ?? 0,
      standardErrorCents: uncertainty,
    })),
  }));
}

/** Normal values with the standard deviation, 5 of each of 20 harmonics, in an order that does not drift. */
function scattered(deviation: number): number[][] {
  let state = 7;
  const next = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const order = Array.from({ length: 100 }, (_, rank) => ({ rank, key: next() })).toSorted(
    (a, b) => a.key - b.key,
  );
  const raw = order.map(({ rank }) => normalQuantile((rank + 0.5) / order.length));
  const scale = deviation / deviationOf(raw);
  return chunk(raw.map((value) => value * scale));
}

function chunk(values: readonly number[]): number[][] {
  return Array.from({ length: values.length / 5 }, (_, index) => values.slice(5 * index, 5 * index + 5));
}

test("a spread of its own passes when the bound reaches the limit and every assumption holds, and fails without", () => {
  const steady = measured(scattered(0.1), 0.001);
  assert.equal(checkCapability(steady, { cents: 1, capability: 1.33 }).study.status, "passed");
  assert.equal(checkCapability(steady, { cents: 0.4, capability: 1.33 }).study.status, "failed");
  const drifting = measured(
    chunk(
      scattered(0.1)
        .flat()
        .toSorted((a, b) => a - b),
    ),
    0.001,
  );
  const { study, document } = checkCapability(drifting, { cents: 1, capability: 1.33 });
  assert.equal(study.status, "failed");
  assert.ok(Number(study.value) > 1.33);
  assert.equal(document.capability.status, "unsupported");
  assert.equal(document.assumptions["independence"]?.status, "failed");
});

test("a spread that the measuring explains gives lower bounds, and is no pass however good they are", () => {
  const { study, gauge, document } = checkCapability(measured(scattered(0.001), 0.01), {
    cents: 1,
    capability: 1.33,
  });
  assert.equal(document.capability.status, "gauge-limited");
  assert.equal(study.status, "gauge-limited");
  assert.equal(study.accept, undefined);
  assert.equal(document.capability.cp, significant(1 / 0.03));
  assert.deepEqual([gauge.status, gauge.value], ["passed", 3]);
  assert.equal(conclude([gauge], [study]).status, "passed");
  assert.equal(conclude([gauge, study]).status, "failed");
  const coarse = checkCapability(measured(scattered(0.001), 0.2), { cents: 1, capability: 1.33 });
  assert.deepEqual([coarse.gauge.status, coarse.gauge.value], ["failed", 60]);
});

test("nothing is computed of one value, of none, or of values without any spread", () => {
  for (const values of [[], [[440]], [[5, 5, 5]]]) {
    const { study, document } = checkCapability(measured(values), { cents: 1, capability: 1.33 });
    const { status, cp, cpk, cpkLowerBound, ppk } = document.capability;
    assert.deepEqual([status, cp, cpk, cpkLowerBound, ppk], ["not-computable", null, null, null, null]);
    assert.equal(study.status, "not-computable");
  }
});
