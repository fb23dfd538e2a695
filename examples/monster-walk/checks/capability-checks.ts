// Process capability of the measured frequencies, by the statistics of pipelite/stats. Subgroups are harmonics. Where the
// spread is below the uncertainty of measuring, the indices are computed with that in its place: lower bounds.
import { createHash } from "node:crypto";
import type { CapabilityCheck, CapabilityResult, Indices } from "pipelite/stats";
import { deviationOf, estimateSigma, judgeCapability, meanOf } from "pipelite/stats";
import type { MeasuredTone } from "../sound/measurement.ts";
import { significant } from "./figures.ts";
import type { Check } from "./verdict.ts";
import { judgeAtLeast, notComputable } from "./verdict.ts";

export interface CapabilityLimits {
  /** Half the width of the specification around each nominal frequency. */
  frequencyHz: number;
  /** Least lower 95 % bound of Cpk and Ppk. */
  capability: number;
}

/** Of one window. */
export interface Deviations {
  tones: readonly Pick<MeasuredTone, "prime" | "deviationHz" | "standardErrorHz">[];
}

interface Subgroup {
  name: string;
  values: readonly number[];
  /** Standard uncertainty of each value. */
  uncertainties: readonly number[];
}

/** Capability of the measured frequencies against nominal +- limit, and the check of its lower bound. */
export function checkCapability(measurements: readonly Deviations[], limits: CapabilityLimits) {
  const groups = groupByPrime(measurements);
  const result = judge(groups, limits);
  return {
    check: decide(result, limits),
    document: describe(groups, { result, measurements, limits }),
  };
}

function judge(groups: readonly Subgroup[], { frequencyHz, capability }: CapabilityLimits): CapabilityResult {
  const uncertainty = uncertaintyOf(groups);
  return judgeCapability(
    {
      groups: groups.map(({ values }) => values),
      ...(uncertainty > 0 ? { gaugeDeviation: uncertainty } : {}),
    },
    {
      limits: { lower: -frequencyHz, target: 0, upper: frequencyHz },
      minimum: capability,
      acceptsGaugeLimited: true,
    },
  );
}

/** Root mean square of the standard uncertainties; 0 when there are none. */
function uncertaintyOf(groups: readonly Subgroup[]): number {
  const squares = groups.flatMap(({ uncertainties }) => uncertainties.map((value) => value * value));
  return squares.length === 0 ? 0 : Math.sqrt(meanOf(squares));
}

function groupByPrime(measurements: readonly Deviations[]): Subgroup[] {
  const primes = [...new Set(measurements.flatMap(({ tones }) => tones.map((tone) => tone.prime)))];
  return primes.map((prime) => {
    const tones = measurements.flatMap((measurement) =>
      measurement.tones.filter((tone) => tone.prime === prime),
    );
    return {
      name: String(prime),
      values: tones.map((tone) => tone.deviationHz),
      uncertainties: tones.map((tone) => tone.standardErrorHz),
    };
  });
}

const STATEMENTS = {
  process: "The lower 95 % bound of Cpk and Ppk of the measured frequencies reaches the limit",
  gauge:
    "Gauge-limited: with the uncertainty of measuring in the place of the spread, which is smaller, the lower 95 % " +
    "bound of Cpk and Ppk of the measured frequencies reaches the limit",
};

/**
 * Where the gauge limits, the bound decides alone: what the values do below the uncertainty of measuring, and so whether
 * that is normal, stable and independent, is not the process's. Elsewhere the judgement with all its checks decides.
 */
function decide({ status, bound, passed }: CapabilityResult, limits: CapabilityLimits): Check {
  const question = {
    id: "capability.cpk",
    statement: STATEMENTS[status === "gauge-limited" ? "gauge" : "process"],
    limit: limits.capability,
    formula:
      "groups = transpose($1); gauge = sqrt(mean($2 ^ 2)); significant(capabilityBound(groups, $3, $4, gauge), 6)",
    evidence: [
      "validation/measurements.json#/chord/*/tones/*/deviationHz",
      "validation/measurements.json#/chord/*/tones/*/standardErrorHz",
      "validation/six_sigma_cpk.json#/specification/lower",
      "validation/six_sigma_cpk.json#/specification/upper",
    ],
  };
  if (bound === null) return notComputable(question);
  const { accept = "", ...check } = judgeAtLeast(question, significant(bound));
  // Where the checks of the assumptions decide as well, the bound alone does not make the status.
  return status === "gauge-limited" || passed ? { ...check, accept } : { ...check, status: "failed" };
}

interface Description {
  result: CapabilityResult;
  measurements: readonly Deviations[];
  limits: CapabilityLimits;
}

function describe(groups: readonly Subgroup[], { result, measurements, limits }: Description) {
  const { status, reason, n, subgroups, mean, within, overall, bound, gauge } = result;
  const values = groups.map((group) => group.values);
  const rounded = (value: number | null | undefined): number | null =>
    value === null || value === undefined ? null : significant(value);
  const seen = (method: "pooled" | "overall"): number | null =>
    within === null ? null : significant(estimateSigma(values, method).value);
  const spread = (indices: Indices | null): number | null => rounded(indices?.spread?.value);
  return {
    characteristic:
      "deviation of each harmonic's measured frequency from its nominal one, one value for each window",
    unit: "Hz",
    specification: { lower: -limits.frequencyHz, target: 0, upper: limits.frequencyHz },
    required: { cpkLowerBound: limits.capability },
    estimator: {
      frequency: "joint least squares in windows that share no sample",
      spread:
        "standard deviation pooled within harmonics; where it is below the uncertainty of measuring, that",
      lowerBound: "one-sided 95 %, the smaller of those of Cpk and Ppk, by judgeCapability of pipelite/stats",
    },
    planDigest: result.planDigest,
    capability: {
      status,
      reason,
      n,
      subgroups,
      degreesOfFreedom: within?.sigma.degreesOfFreedom ?? null,
      mean: within === null ? null : rounded(mean),
      withinDeviation: seen("pooled"),
      overallDeviation: seen("overall"),
      uncertainty: rounded(gauge?.deviation),
      distinctCategories: gauge?.distinctCategories ?? null,
      cp: spread(within),
      cpk: rounded(within?.nearest.value),
      cpkLowerBound: rounded(bound),
      pp: spread(overall),
      ppk: rounded(overall?.nearest.value),
    },
    /** Of the values as they were measured. */
    assumptions: Object.fromEntries(
      result.checks.filter(({ name }) => name !== "gauge").map((check) => [check.name, describeCheck(check)]),
    ),
    runToRun:
      "the synthesis is exact, so its spread between runs is zero by construction: no index is computed of it",
    subgroups: groups.map(({ name, values, uncertainties }) => ({
      prime: Number(name),
      n: values.length,
      mean: significant(meanOf(values)),
      deviation: values.length < 2 ? null : significant(deviationOf(values)),
      uncertainty: significant(meanOf(uncertainties)),
      least: significant(Math.min(...values)),
      greatest: significant(Math.max(...values)),
    })),
    rawData: {
      file: "measurements.json#/chord",
      values: groups.reduce((sum, { values }) => sum + values.length, 0),
      sha256: createHash("sha256")
        .update(JSON.stringify(measurements.map(rawValues)))
        .digest("hex"),
      hashed: "JSON of [[prime, deviationHz] ...] for each window, without white space",
    },
  };
}

function describeCheck({ status, reason }: CapabilityCheck): { status: string; reason: string } {
  return { status, reason };
}

function rawValues({ tones }: Deviations): [number, number][] {
  return tones.map(({ prime, deviationHz }) => [prime, deviationHz]);
}
