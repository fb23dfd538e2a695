// The Monster Walk's mathematics: against published values, and against properties that hold for any prime powers.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { computeFacts } from "../mathematics/facts.ts";
import { pi, sineTable } from "../mathematics/fixed-point.ts";
import { PRIME_POWERS } from "../mathematics/monster.ts";
import { listRemovals } from "../mathematics/removals.ts";
import { walkDigits } from "../mathematics/walk.ts";
import { check } from "../../../src/lean/index.ts";
import { inputOf } from "./proof-input.ts";
import "../../../test/rig/own-libraries.ts";
import { inputs, sweep } from "../../../test/rig/peer.ts";

const { default: proof } = await import("../stages/proof.ts");
const facts = computeFacts();

test("the order is the published number", () => {
  assert.equal(facts.order.decimal, "808017424794512875886459904961710757005754368000000000");
});

test("exactly one of all 32,767 removals keeps 8080, and none keeps more", () => {
  assert.deepEqual(facts.removals, {
    count: 32_767,
    mostDigitsKeptBySize: [0, 2, 2, 3, 2, 3, 3, 4, 3, 2, 2, 2, 2, 0, 0],
    best: {
      digits: "8080",
      removed: [7, 11, 17, 19, 29, 31, 41, 59],
      quotient: "80807009282149818791922499584000000000",
    },
  });
});

test("the canonical walk has the ten published groups", () => {
  const rows = facts.walk.groups.map((group) => [
    group.position,
    group.digits,
    group.removed.join(),
    group.quotient,
    group.matchCount,
  ]);
  assert.deepEqual(rows, [
    [0, "8080", "7,11,17,19,29,31,41,59", "80807009282149818791922499584000000000", 1],
    [4, "1742", "3,5,13,31", "1742103054458492110048028040101888", 11],
    [8, "479", "3,13,31,71", "47923169411820315527289503744000000000", 32],
    [11, "451", "5,7,19,41", "4514035701601835040656198243837276061696", 27],
    [14, "2875", "5,11,29,41", "2875566810743041186453422706353668320395264", 7],
    [18, "8864", "3,5,7,11,17,19,41,71", "8864357335399679150522368", 2],
    [22, "5990", "2,3,13,31,41,47,59,71", "5990071490798828125", 3],
    [26, "496", "2,7,19,31,47,71", "49657080719071487162337890625", 20],
    [29, "1710", "5,41,59", "171023117608429347851950174179576646377406464", 7],
    [33, "7570", "2,7,17,23,29,41,47,59", "75708423732016388091796875", 2],
  ]);
  assert.equal(facts.walk.coveredDigits, 37);
  assert.equal(facts.walk.stopDigit, "0");
  assert.deepEqual(facts.chance, { matches: 112, expected: 118.91 });
});

test("without a limit the walk has twelve groups", () => {
  const digits = facts.unlimitedWalk.groups.map((group) => group.digits).join(" ");
  assert.equal(digits, "8080 1742 479 4512 8758 8645 9904 9617 1075 7005 754 3680");
  assert.equal(facts.unlimitedWalk.coveredDigits, 46);
});

test("the chord's fifteen harmonics are 220 Hz times the primes, and repeat every 2205 samples", () => {
  const { chord, walk } = facts.sound;
  assert.deepEqual(
    chord.harmonics.map((harmonic) => harmonic.frequencyHz),
    [440, 660, 1100, 1540, 2420, 2860, 3740, 4180, 5060, 6380, 6820, 9020, 10_340, 12_980, 15_620],
  );
  assert.deepEqual(
    chord.harmonics.map(({ amplitude }) => amplitude.denominator).slice(0, 7),
    [47, 21, 10, 7, 3, 4, 2],
  );
  assert.equal(chord.periodSamples, 2205);
  assert.equal(chord.samples, 441_000);
  assert.deepEqual([walk.bars, walk.seconds, walk.samples], [20, 60, 2_646_000]);
});

test("the stage's statuses are what the second program and the kernel found, and Lean is not claimed", () => {
  const files = proof({
    library: { ...inputOf<Record<string, string>>({}), path: join(import.meta.dirname, "../lean/library") },
  });
  const { statements, kernelChecked, leanChecked } = files["statements.json"];
  const report = files["kernel-report.json"];
  const byStatus = Map.groupBy(statements, ({ status }) => status);
  assert.deepEqual([...byStatus.keys()].toSorted(), ["kernel-checked", "recomputed"]);
  assert.equal(byStatus.get("kernel-checked")?.length, kernelChecked);
  assert.deepEqual([leanChecked, report.status], ["unavailable", "accepted"]);
  assert.ok(statements.length > 50);
  const written = files["MonsterWalk.lean"].replaceAll(/(?<=^theorem \w+) : /gm, " ").replaceAll(/\s+/g, " ");
  for (const { name, statement, axioms } of report.theorems) {
    assert.deepEqual(axioms, [], name);
    assert.ok(written.includes(`theorem ${name.slice("MonsterWalk.".length)} ${statement} :=`), name);
  }
  assert.equal(check([files["MonsterWalk.ndjson"]]).status, "accepted");
});

test("a removal and what it leaves multiply to the whole, for any prime powers", () => {
  const powers = fc
    .uniqueArray(fc.constantFrom(2, 3, 5, 7, 11, 13, 17), { minLength: 1, maxLength: 5 })
    .map((primes) => primes.toSorted((a, b) => a - b))
    .chain((primes) =>
      fc.tuple(
        ...primes.map((prime) =>
          fc.record({ prime: fc.constant(prime), exponent: fc.integer({ min: 1, max: 6 }) }),
        ),
      ),
    );
  fc.assert(
    fc.property(powers, (powers) => {
      const order = powers.reduce(
        (product, { prime, exponent }) => product * BigInt(prime) ** BigInt(exponent),
        1n,
      );
      const removals = listRemovals(powers);
      assert.equal(removals.length, 2 ** powers.length - 1);
      for (const { primes, quotient } of removals) {
        const removed = powers
          .filter((power) => primes.includes(power.prime))
          .reduce((product, { prime, exponent }) => product * BigInt(prime) ** BigInt(exponent), 1n);
        assert.equal(removed * quotient, order);
      }
    }),
    { numRuns: inputs(30) },
  );
});

test(
  "a walk covers its digits without gap or overlap, and more factors never end it at a shorter first group",
  { skip: sweep() },
  () => {
    const removals = listRemovals(PRIME_POWERS);
    const primes = PRIME_POWERS.map((power) => power.prime);
    let first = 0;
    for (let limit = 1; limit <= primes.length; limit++) {
      const walk = walkDigits(facts.order.decimal, removals, { limit, primes });
      const joined = walk.groups.map((group) => group.digits).join("");
      assert.equal(joined, facts.order.decimal.slice(0, walk.coveredDigits));
      const length = walk.groups[0]?.digits.length ?? 0;
      assert.ok(length >= first);
      first = length;
    }
  },
);

test("pi and the sine table are right to the last bit that is used", () => {
  // pi to 40 places, Machin 1706 and others
  assert.equal(((pi(200n) * 10n ** 40n) >> 200n).toString(), "31415926535897932384626433832795028841971");
  const table = sineTable(2205, 62n);
  for (const [index, entry] of table.entries()) {
    assert.ok(Math.abs(Number(entry) / 2 ** 62 - Math.sin((2 * Math.PI * index) / 2205)) < 2e-15);
    if (index > 0) assert.equal(entry + (table[2205 - index] ?? 0n), 0n);
  }
});
