// Yields: what each phase gave, of what the facts ask for. Each is a check with the places that make its value.
import type { Facts } from "../mathematics/facts.ts";
import type { Yield } from "./batch-record.ts";
import { yieldOf } from "./batch-record.ts";
import type { ChordResult } from "./chord-checks.ts";
import { CHORD_WINDOWS, SAMPLES_FORMULA } from "./chord-checks.ts";
import type { Check } from "./verdict.ts";
import { judgeAtLeast } from "./verdict.ts";
import type { WalkResult } from "./walk-checks.ts";

export interface Yields {
  checks: Check[];
  yields: Yield[];
}

const WINDOWS = "validation/gmp_batch_record.json#/sampling/211.188(b)(10)/windows";

export function checkYields(
  { sound, walk: digits }: Facts,
  { chord, walk }: { chord: ChordResult; walk: WalkResult },
): Yields {
  const samples = `100 * ${SAMPLES_FORMULA} / $2`;
  const rows = [
    {
      id: "yield.chord",
      phase: "chord rendered",
      unit: "samples",
      actual: samplesOf(chord.checks, "chord.format"),
      theoretical: sound.chord.samples,
      formula: samples,
      evidence: ["audio/monster_walk.wav", "proof/facts.json#/sound/chord/samples"],
    },
    {
      id: "yield.walk",
      phase: "walk rendered",
      unit: "samples",
      actual: samplesOf(walk.checks, "walk.format"),
      theoretical: sound.walk.samples,
      formula: samples,
      evidence: ["audio/monster_walk_60s.wav", "proof/facts.json#/sound/walk/samples"],
    },
    {
      id: "yield.harmonics",
      phase: "harmonics measured",
      unit: "values",
      actual: chord.measurements.reduce((sum, { tones }) => sum + tones.length, 0),
      theoretical: CHORD_WINDOWS * sound.chord.harmonics.length,
      formula: "100 * count($1) / ($2 * count($3))",
      evidence: [
        "validation/measurements.json#/chord/*/tones/*/prime",
        WINDOWS,
        "proof/facts.json#/sound/chord/harmonics/*/prime",
      ],
    },
    {
      id: "yield.steps",
      phase: "steps heard",
      unit: "steps",
      actual: walk.measurements.filter((step) => step.measured !== null).length,
      theoretical: digits.groups.length,
      formula: "100 * count(present($1)) / count($2)",
      evidence: [
        "validation/measurements.json#/walk/*/measured/iterations",
        "proof/facts.json#/walk/groups/*/position",
      ],
    },
  ];
  const yields = rows.map(({ phase, unit, ...amounts }) => yieldOf(phase, unit, amounts));
  const checks = rows.map(({ id, phase, formula, evidence, actual }, index) =>
    judgeAtLeast(
      {
        id,
        statement: `Nothing is missing: ${phase}`,
        limit: 100,
        unit: "%",
        // Of a file that can't be read, its size says nothing.
        ...(actual > 0 && { formula }),
        evidence,
      },
      yields[index]?.percent ?? Number.NaN,
    ),
  );
  return { checks, yields };
}

function samplesOf(checks: readonly Check[], id: string): number {
  const value = checks.find((check) => check.id === id)?.value;
  return typeof value === "number" ? value : 0;
}
