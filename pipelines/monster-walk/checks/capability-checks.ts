import { createHash } from "node:crypto";
import type { Measurement } from "../sound/measurement.ts";
import type { Capability } from "./capability.ts";
import { deviationOf, estimateCapability, meanOf, significant } from "./capability.ts";
import type { Check } from "./verdict.ts";
import { judgeAtLeast } from "./verdict.ts";

export interface CapabilityLimits {
  /** Half the width of the specification around each nominal frequency. */
  frequencyHz: number;
  /** Least lower 95 % bound of Cpk. */
  capability: number;
}

/** Capability of the measured frequencies against nominal +- limit, and the check of its lower bound. */
export function checkCapability(measurements: readonly Measurement[], limits: CapabilityLimits) {
  const groups = groupByPrime(measurements);
  const capability = estimateCapability(groups, { lower: -limits.frequencyHz, upper: limits.frequencyHz });
  return {
    check: decide(capability, limits),
    document: describe(groups, { capability, measurements, limits }),
  };
}

function groupByPrime(measurements: readonly Measurement[]) {
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

function decide({ status, cpkLowerBound }: Capability, limits: CapabilityLimits): Check {
  const question = {
    id: "capability.cpk",
    statement: "The lower 95 % bound of Cpk of the measured frequencies reaches the limit",
    limit: limits.capability,
    evidence: "validation/six_sigma_cpk.json#/capability",
  };
  if (status === "not-computable" || cpkLowerBound === null)
    return { ...question, status: "not-computable", value: null };
  return judgeAtLeast(question, significant(cpkLowerBound));
}

interface Description {
  capability: Capability;
  measurements: readonly Measurement[];
  limits: CapabilityLimits;
}

function describe(
  groups: ReturnType<typeof groupByPrime>,
  { capability, measurements, limits }: Description,
) {
  const rounded = (value: number | null): number | null => (value === null ? null : significant(value));
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
      lowerBound: "one-sided 95 %, Bissell: Cpk - 1.645 sqrt(1/(9n) + Cpk^2/(2 df))",
    },
    capability: {
      ...capability,
      mean: rounded(capability.mean),
      withinDeviation: rounded(capability.withinDeviation),
      overallDeviation: rounded(capability.overallDeviation),
      uncertainty: rounded(capability.uncertainty),
      cp: rounded(capability.cp),
      cpk: rounded(capability.cpk),
      cpkLowerBound: rounded(capability.cpkLowerBound),
      pp: rounded(capability.pp),
      ppk: rounded(capability.ppk),
    },
    // the formulas assume all three; nothing here has looked
    assumptions: { normality: "untested", stability: "untested", independence: "untested" },
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

function rawValues({ tones }: Measurement): [number, number][] {
  return tones.map(({ prime, deviationHz }) => [prime, deviationHz]);
}
