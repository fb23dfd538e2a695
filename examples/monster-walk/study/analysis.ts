// What the rows of the study come to: how many reproduced, how capable the measured frequencies are, and whether the times
// of the builds were stable.
import {
  deviationOf,
  fisherQuantile,
  judgeCapability,
  judgeStability,
  meanOf,
  quantileOf,
} from "../../../src/stats/index.ts";
import type { CapabilityPlan, CapabilityResult, Stability } from "../../../src/stats/index.ts";
import { OUTCOMES, buildsOf, outcomeOf } from "./rows.ts";
import type { RowOutcome, Study, Tone } from "./rows.ts";

/** Fixed before anything is measured: the Monster Walk's own limits. */
const LIMIT_HZ = 1;
const CAPABILITY_MINIMUM = 1.33;
const CONFIDENCE = 0.95;

export interface Capability {
  result: CapabilityResult;
  groups: number[][];
}

/** A figure of every build, in the order of time. */
export interface Series {
  name: string;
  unit: "ms" | "MiB";
  values: number[];
  mean: number;
  deviation: number;
  median: number;
  /** 95 % of builds took no more. */
  upper: number;
  stability: Stability | undefined;
}

export interface Analysis {
  seeds: Record<RowOutcome, number[]>;
  /** With this confidence, at most this part of such variations does not reproduce (Clopper and Pearson, one-sided). */
  unreproduced: { confidence: number; bound: number | undefined };
  chord: Capability;
  walk: Capability;
  series: Series[];
}

export function analyse(study: Study): Analysis {
  const { rows } = study;
  const seeds = Object.fromEntries(
    OUTCOMES.map((outcome) => [
      outcome,
      rows.filter((row) => outcomeOf(row) === outcome).map(({ seed }) => seed),
    ]),
  ) as Record<RowOutcome, number[]>;
  const compared = seeds.reproduced.length + seeds.different.length;
  return {
    seeds,
    unreproduced: { confidence: CONFIDENCE, bound: proportionBound(seeds.different.length, compared) },
    chord: capabilityOf(rows.map(({ chord }) => chord)),
    walk: capabilityOf(rows.map(({ walk }) => walk)),
    series: seriesOf(study),
  };
}

/**
 * Largest proportion with which so few cases, or fewer, would be seen with a probability of 1 - CONFIDENCE. Source: C.
 * Clopper and E. Pearson, Biometrika 26 (1934), by quantiles of F.
 * @returns undefined when nothing was looked at
 */
export function proportionBound(seen: number, of: number): number | undefined {
  if (of === 0) return undefined;
  if (seen === of) return 1;
  const [a, b] = [seen + 1, of - seen];
  const f = fisherQuantile(CONFIDENCE, 2 * a, 2 * b);
  return (a * f) / (b + a * f);
}

/** Subgroups are variations; the gauge is the standard error that each fit states. */
function capabilityOf(variations: readonly (readonly Tone[])[]): Capability {
  const inHertz = (microhertz: number): number => microhertz * 1e-6;
  const groups = variations
    .map((tones) => tones.map(([deviation]) => inHertz(deviation)))
    .filter(({ length }) => length > 0);
  const errors = variations.flat().map(([, error]) => inHertz(error) ** 2);
  const gaugeDeviation = errors.length === 0 ? undefined : Math.sqrt(meanOf(errors));
  const plan: CapabilityPlan = {
    limits: { lower: -LIMIT_HZ, upper: LIMIT_HZ, target: 0 },
    minimum: CAPABILITY_MINIMUM,
    confidence: CONFIDENCE,
  };
  return { result: judgeCapability({ groups, gaugeDeviation }, plan), groups };
}

function seriesOf(study: Study): Series[] {
  const builds = buildsOf(study).filter(({ status }) => status === "built");
  const MEBIBYTE = 2 ** 20;
  const figures: [name: string, unit: Series["unit"], values: (number | undefined)[]][] = [
    ["wall clock", "ms", builds.map(({ wallMs }) => wallMs)],
    [
      "processor, user and system",
      "ms",
      builds.map(({ cpuUserMs, cpuSystemMs }) =>
        cpuUserMs === undefined || cpuSystemMs === undefined ? undefined : cpuUserMs + cpuSystemMs,
      ),
    ],
    [
      "peak memory",
      "MiB",
      builds.map(({ peakMemoryBytes }) =>
        peakMemoryBytes === undefined ? undefined : peakMemoryBytes / MEBIBYTE,
      ),
    ],
  ];
  return figures.flatMap(([name, unit, all]) => {
    const values = all.filter((value) => value !== undefined);
    if (values.length < 2) return [];
    return [
      {
        name,
        unit,
        values,
        mean: meanOf(values),
        deviation: deviationOf(values),
        median: quantileOf(values, 0.5),
        upper: quantileOf(values, 0.95),
        stability: judgeStability(values.map((value) => [value])),
      },
    ];
  });
}
