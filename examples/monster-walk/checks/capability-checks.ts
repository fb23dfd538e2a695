// Process capability of the measured frequencies, by the statistics of pipelite/stats. Subgroups are harmonics, values are
// in cents. The synthesis is exact, so what spread there is, is the measuring's: then the study says `gauge-limited`, which
// is no pass, and what can be judged is whether the measuring is fine enough for the limits.
import type { CapabilityResult, Indices } from "pipelite/stats";
import { deviationOf, judgeCapability, meanOf } from "pipelite/stats";
import type { MeasuredTone } from "../sound/measurement.ts";
import type { Check } from "pipelite";
import { judgeAtLeast, judgeAtMost, notComputable, significant } from "./verdict.ts";

export interface CapabilityLimits {
  /** Half the width of the specification around each nominal frequency. */
  cents: number;
  /** Least lower 95 % bound of Cpk and Ppk. */
  capability: number;
}

/** Of one window. */
export interface Deviations {
  tones: readonly Pick<MeasuredTone, "prime" | "deviationCents" | "standardErrorCents">[];
}

interface Subgroup {
  prime: number;
  values: readonly number[];
  /** Standard uncertainty of each value. */
  uncertainties: readonly number[];
}

const DEVIATIONS = "validation/measurements.json#/chord/*/tones/*/deviationCents";
const UNCERTAINTIES = "validation/measurements.json#/chord/*/tones/*/standardErrorCents";
const SPECIFICATION = ["lower", "upper"].map((end) => `validation/six_sigma_cpk.json#/specification/${end}`);

/** @returns the check of the measuring, the study of the process, and the study as a document */
export function checkCapability(measurements: readonly Deviations[], limits: CapabilityLimits) {
  const groups = groupByPrime(measurements);
  const uncertainty = uncertaintyOf(groups);
  const result = judgeCapability(
    { groups: groups.map(({ values }) => values), ...(uncertainty > 0 && { gaugeDeviation: uncertainty }) },
    {
      limits: { lower: -limits.cents, target: 0, upper: limits.cents },
      minimum: limits.capability,
    },
  );
  return {
    gauge: checkGauge(uncertainty, limits),
    study: studyProcess(result, limits),
    document: describe(groups, result, limits),
  };
}

function groupByPrime(measurements: readonly Deviations[]): Subgroup[] {
  const tones = measurements.flatMap((measurement) => measurement.tones);
  return [...Map.groupBy(tones, ({ prime }) => prime)].map(([prime, group]) => ({
    prime,
    values: group.map((tone) => tone.deviationCents),
    uncertainties: group.map((tone) => tone.standardErrorCents),
  }));
}

/** Root mean square of the standard uncertainties; 0 when there are none. */
function uncertaintyOf(groups: readonly Subgroup[]): number {
  const squares = groups.flatMap(({ uncertainties }) => uncertainties.map((value) => value * value));
  return squares.length === 0 ? 0 : Math.sqrt(meanOf(squares));
}

/** The precision-to-tolerance ratio that gauge studies use: six standard uncertainties over the width of the limits. */
const GAUGE_SHARE_MAX = 10;

function checkGauge(uncertainty: number, { cents }: CapabilityLimits): Check {
  const question = {
    id: "capability.gauge",
    statement:
      "Six standard uncertainties of the measuring take at most a tenth of the width between the limits",
    limit: GAUGE_SHARE_MAX,
    unit: "%",
    formula: "significant(600 * sqrt(mean($1 ^ 2)) / ($3 - $2), 6)",
    evidence: [UNCERTAINTIES, ...SPECIFICATION],
  };
  if (uncertainty === 0) return notComputable(question);
  return judgeAtMost(question, significant((600 * uncertainty) / (2 * cents)));
}

/** Passes only when the judgement with all its checks does; a bound that the gauge limits is shown, and is no pass. */
function studyProcess({ status, bound, passed, reason }: CapabilityResult, limits: CapabilityLimits): Check {
  const question = {
    id: "capability.cpk",
    statement: `The lower 95 % bound of Cpk and Ppk of the deviations from the nominal frequencies reaches ${limits.capability}`,
    limit: limits.capability,
    formula:
      "groups = transpose($1); gauge = sqrt(mean($2 ^ 2)); significant(capabilityBound(groups, $3, $4, gauge), 6)",
    evidence: [DEVIATIONS, UNCERTAINTIES, ...SPECIFICATION],
  };
  if (bound === null) return notComputable(question);
  const judged = judgeAtLeast(question, significant(bound));
  if (passed) return judged;
  const { accept: _, ...undecided } = judged;
  if (status === "gauge-limited")
    return { ...undecided, statement: `${question.statement}: ${reason}`, status };
  return { ...undecided, status: "failed" };
}

function describe(groups: readonly Subgroup[], result: CapabilityResult, limits: CapabilityLimits) {
  const { status, reason, n, subgroups, mean, within, overall, bound, gauge, checks } = result;
  const rounded = (value: number | null | undefined): number | null =>
    value === null || value === undefined ? null : significant(value);
  const spread = (indices: Indices | null): number | null => rounded(indices?.spread?.value);
  return {
    characteristic: "deviation of each harmonic from its nominal frequency, one value for each window",
    unit: "cents",
    specification: { lower: -limits.cents, target: 0, upper: limits.cents },
    required: { cpkLowerBound: limits.capability },
    estimator: {
      frequency: "joint least squares in windows that share no sample",
      spread: "pooled within harmonics; where it is below the uncertainty of measuring, that",
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
      uncertainty: rounded(gauge?.deviation),
      distinctCategories: gauge?.distinctCategories ?? null,
      cp: spread(within),
      cpk: rounded(within?.nearest.value),
      cpkLowerBound: rounded(bound),
      pp: spread(overall),
      ppk: rounded(overall?.nearest.value),
    },
    /** Of the values as they were measured. */
    assumptions: Object.fromEntries(checks.map(({ name, ...check }) => [name, check])),
    subgroups: groups.map(({ prime, values, uncertainties }) => ({
      prime,
      n: values.length,
      mean: significant(meanOf(values)),
      deviation: values.length < 2 ? null : significant(deviationOf(values)),
      uncertainty: significant(meanOf(uncertainties)),
      least: significant(Math.min(...values)),
      greatest: significant(Math.max(...values)),
    })),
  };
}
