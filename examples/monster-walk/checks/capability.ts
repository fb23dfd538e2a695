// Process capability of the measured frequencies, by the statistics of pipelite/stats. Subgroups are harmonics, values are
// in cents. The synthesis is exact, so what spread there is, is the measuring's: then the study says `gauge-limited`, which
// is no pass, and what can be judged is whether the measuring is fine enough for the limits. A check of pipeline.ts knows
// passed and failed alone, so this stage writes its verdict itself.
import type { Check, Verdict } from "pipelite";
import type { CapabilityResult, Indices } from "pipelite/stats";
import { judgeCapability, meanOf } from "pipelite/stats";
import type { MeasuredTone } from "../sound/measurement.ts";

export interface Limits {
  /** Half the width of the specification around each nominal frequency. */
  cents: number;
  /** Least lower 95 % bound of Cpk and Ppk. */
  capability: number;
}

/** Of one window. */
export interface Deviations {
  tones: readonly Pick<MeasuredTone, "prime" | "deviationCents" | "standardErrorCents">[];
}

/** The precision-to-tolerance ratio that gauge studies use: six standard uncertainties over the width of the limits. */
const GAUGE_SHARE_MAX = 10;
const DEVIATIONS = "validation/measurements.json#/chord/*/tones/*/deviationCents";
const UNCERTAINTIES = "validation/measurements.json#/chord/*/tones/*/standardErrorCents";
const SPECIFICATION = ["lower", "upper"].map((end) => `validation/six_sigma_cpk.json#/specification/${end}`);

/** The verdict on the measuring, with the study of the process beside it, and the study as a document. */
export function judge(measurements: readonly Deviations[], limits: Limits) {
  const tones = measurements.flatMap((measurement) => measurement.tones);
  const groups = [...Map.groupBy(tones, ({ prime }) => prime).values()];
  const squares = tones.map(({ standardErrorCents }) => standardErrorCents ** 2);
  const uncertainty = squares.length === 0 ? 0 : Math.sqrt(meanOf(squares));
  const specification = { lower: -limits.cents, target: 0, upper: limits.cents };
  const result = judgeCapability(
    {
      groups: groups.map((group) => group.map((tone) => tone.deviationCents)),
      ...(uncertainty > 0 && { gaugeDeviation: uncertainty }),
    },
    { limits: specification, minimum: limits.capability },
  );
  const checks = [checkGauge(uncertainty, limits), studyProcess(result, limits)];
  const isPassed = checks[0]?.status === "passed" && checks[1]?.status !== "failed";
  const verdict: Verdict = { status: isPassed ? "passed" : "failed", checks };
  return { verdict, document: describe(result, specification, limits) };
}

function checkGauge(uncertainty: number, { cents }: Limits): Check {
  const share = significant((600 * uncertainty) / (2 * cents));
  const isMeasured = uncertainty > 0;
  return {
    id: "capability.gauge",
    statement:
      "Six standard uncertainties of the measuring take at most a tenth of the width between the limits",
    value: isMeasured ? share : null,
    limit: GAUGE_SHARE_MAX,
    unit: "%",
    status: !isMeasured ? "not-computable" : share <= GAUGE_SHARE_MAX ? "passed" : "failed",
    ...(isMeasured && {
      formula: "significant(600 * sqrt(mean($1 ^ 2)) / ($3 - $2), 6)",
      accept: "value <= limit",
    }),
    evidence: [UNCERTAINTIES, ...SPECIFICATION],
  };
}

/** Passes only when the judgement with all its checks does; a bound that the gauge limits is shown, and is no pass. */
function studyProcess({ status, bound, passed, reason }: CapabilityResult, limits: Limits): Check {
  const isLimited = status === "gauge-limited";
  const statement = `The lower 95 % bound of Cpk and Ppk of the deviations from the nominal frequencies reaches ${limits.capability}`;
  return {
    id: "capability.cpk",
    statement: isLimited ? `${statement}: ${reason}` : statement,
    value: bound === null ? null : significant(bound),
    limit: limits.capability,
    status: bound === null ? "not-computable" : passed ? "passed" : isLimited ? status : "failed",
    ...(bound !== null && {
      formula:
        "groups = transpose($1); gauge = sqrt(mean($2 ^ 2)); significant(capabilityBound(groups, $3, $4, gauge), 6)",
    }),
    ...(passed && { accept: "value >= limit" }),
    evidence: [DEVIATIONS, UNCERTAINTIES, ...SPECIFICATION],
  };
}

function describe(result: CapabilityResult, specification: object, limits: Limits) {
  const { status, reason, n, subgroups, mean, within, overall, bound, gauge, checks } = result;
  const rounded = (value: number | null | undefined): number | null =>
    value === null || value === undefined ? null : significant(value);
  const spread = (indices: Indices | null): number | null => rounded(indices?.spread?.value);
  return {
    characteristic: "deviation of each harmonic from its nominal frequency, one value for each window",
    unit: "cents",
    specification,
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
  };
}

/** Six significant digits: what is written of a figure that was computed from measurements. */
function significant(value: number): number {
  return Number(value.toPrecision(6)) + 0;
}
