// The capability gate: a verdict on what can be said with confidence, not on the estimate. The plan (limits, bound to reach,
// sampling) is an input with a digest of its own, so that it can be shown to be older than the measurements.
import { canonicalJson } from "#base/canonical-json.ts";
import { hex, utf8 } from "#base/bytes.ts";
import { largest, smallest } from "#base/extremes.ts";
import { formatFigure, tellApart } from "#base/numbers.ts";
import { sha256 } from "#nix/hash.ts";
import {
  checkLimits,
  computeIndices,
  countOutside,
  describeGroups,
  percentileIndices,
  type Indices,
  type Limits,
  type PercentileIndices,
} from "./indices.ts";
import { deviationOf, meanOf, medianOf, rangeOf } from "./moments.ts";
import {
  andersonDarling,
  shapiroWilk,
  testIndependence,
  type AndersonDarling,
  type Independence,
  type TestResult,
} from "./normality.ts";
import { estimateSigma, usualMethod, type Sigma, type SigmaMethod } from "./sigma.ts";
import { judgeStability, type Stability } from "./stability.ts";

/** What a lower bound must reach where the plan does not say. */
export const MINIMUM_USUAL = 1.33;
/** Of the one-sided bound, where the plan does not say. */
export const CONFIDENCE_USUAL = 0.95;

/** What is fixed before anything is measured. */
export interface CapabilityPlan {
  limits: Limits;
  /** The lower confidence bound must reach this; default MINIMUM_USUAL. */
  minimum?: number | undefined;
  /** Of the one-sided bound; default 0.95. */
  confidence?: number | undefined;
  /** Values that are to be measured: fewer or more is another plan. */
  size?: number | undefined;
  /** Default: pooled for subgroups, mean moving range for individual values. */
  method?: SigmaMethod | undefined;
  /** Probability of a false alarm in each check; default 0.05. */
  alpha?: number | undefined;
  /** Lets a lower bound that the gauge limits pass when it reaches the minimum; default false. */
  acceptsGaugeLimited?: boolean | undefined;
}

/**
 * - `capable`: the bound reaches the minimum and every check holds;
 * - `not-capable`: the bound is below the minimum;
 * - `unsupported`: the bound reaches the minimum, but a check failed or could not be made, so that it predicts nothing;
 * - `gauge-limited`: the spread is below what the gauge can tell apart, so that the indices are lower bounds;
 * - `not-computable`: fewer than two values, no spread, or not the number of values of the plan.
 */
export type CapabilityStatus = "capable" | "not-capable" | "unsupported" | "gauge-limited" | "not-computable";

export type CapabilityCheckStatus = "held" | "failed" | "not-computable" | "not-asked";

export interface CapabilityCheck {
  name: "stability" | "normality" | "independence" | "gauge";
  status: CapabilityCheckStatus;
  reason: string;
}

export interface GaugeRecord {
  /** Standard uncertainty of a value, or the deviation of a gauge study. */
  deviation: number;
  /** floor(1.41 process deviation / gauge deviation), the process's own part taken out of what was seen. */
  distinctCategories: number;
}

export interface CapabilityResult {
  status: CapabilityStatus;
  passed: boolean;
  reason: string;
  plan: CapabilityPlan;
  /** sha256 (hex) of the plan as canonical JSON. */
  planDigest: string;
  n: number;
  subgroups: number;
  /** From here on: null where it is not computable. */
  mean: number | null;
  median: number | null;
  minimum: number | null;
  maximum: number | null;
  /** Cp, Cpk ... with sigma within subgroups. */
  within: Indices | null;
  /** Pp, Ppk ... with the overall sigma. */
  overall: Indices | null;
  /** The smaller of the lower bounds of Cpk and Ppk: what the verdict is on. */
  bound: number | null;
  percentile: PercentileIndices | null;
  outside: { below: number; above: number };
  gauge: GaugeRecord | null;
  checks: CapabilityCheck[];
  stability: Stability | null;
  andersonDarling: AndersonDarling | null;
  shapiroWilk: TestResult | null;
  independence: Independence | null;
}

export interface CapabilityInput {
  /** Subgroups in the order of measuring; individual values are subgroups of one (see individuals). */
  groups: readonly (readonly number[])[];
  /** Standard uncertainty of the measurement; undefined when nobody knows it. */
  gaugeDeviation?: number | undefined;
}

/** Values without subgroups, as subgroups of one. */
export function individuals(values: readonly number[]): number[][] {
  return values.map((value) => [value]);
}

/** Fewer distinct categories than this can't tell one part from another. */
const DISTINCT_MIN = 2;

/**
 * Judges the capability of a process by the lower confidence bound of the smaller of Cpk and Ppk.
 * @throws RangeError when the plan's limits are no limits, or a value is not a finite number.
 */
export function judgeCapability(
  { groups, gaugeDeviation }: CapabilityInput,
  plan: CapabilityPlan,
): CapabilityResult {
  checkLimits(plan.limits);
  const { confidence = CONFIDENCE_USUAL } = plan;
  if (!(confidence > 0.5 && confidence < 1))
    throw new RangeError(`the confidence must be above 0.5 and below 1, not ${confidence}`);
  if (!groups.flat().every(Number.isFinite)) throw new RangeError("every value must be a finite number");
  const start = startOf(groups, plan);
  const problem = whyNotComputable(groups, plan);
  if (problem !== undefined) return { ...start, status: "not-computable", passed: false, reason: problem };
  const seen = estimateSigma(groups, plan.method ?? usualMethod(groups));
  const gauge = gaugeDeviation === undefined ? null : gaugeRecord(seen.value, gaugeDeviation);
  const indicesWith = (sigma: Sigma) =>
    computeIndices(
      { ...describeGroups(groups), sigma: { ...sigma, value: Math.max(sigma.value, gaugeDeviation ?? 0) } },
      plan.limits,
      { confidence },
    );
  const [within, overall] = [indicesWith(seen), indicesWith(estimateSigma(groups, "overall"))];
  const bound = Math.min(within.nearest.lowerBound, overall.nearest.lowerBound);
  const tests = testAssumptions(groups, plan);
  const checks = checksOf(tests, gauge, plan);
  return { ...start, within, overall, bound, gauge, ...tests, checks, ...decide(bound, checks, plan) };
}

function startOf(groups: readonly (readonly number[])[], plan: CapabilityPlan) {
  const values = groups.flat();
  const known = values.length > 0;
  const { n, mean } = describeGroups(groups);
  return {
    plan,
    planDigest: hex(sha256(utf8(canonicalJson(JSON.parse(JSON.stringify(plan)))))),
    n,
    subgroups: groups.length,
    mean: known ? mean : null,
    median: known ? medianOf(values) : null,
    minimum: known ? values.reduce((a, b) => Math.min(a, b)) : null,
    maximum: known ? values.reduce((a, b) => Math.max(a, b)) : null,
    within: null,
    overall: null,
    bound: null,
    percentile: known && rangeOf(values) > 0 ? percentileIndices(values, plan.limits) : null,
    outside: countOutside(values, plan.limits),
    gauge: null,
    checks: [],
    stability: null,
    andersonDarling: null,
    shapiroWilk: null,
    independence: null,
  };
}

/** Squares of indices are computed with. */
const REACH_MAX = 1e150;
/** Below this a spread has less than twelve digits: numbers so near to 0 lose them one by one. */
const SPREAD_MIN = Number.MIN_VALUE * 1e12;
const BEYOND = "the figures leave the range of 64-bit numbers: give values and limits in another unit";

function whyNotComputable(
  groups: readonly (readonly number[])[],
  { size, method, limits }: CapabilityPlan,
): string | undefined {
  const values = groups.flat();
  if (size !== undefined && size !== values.length) {
    return `${values.length} values were measured, the plan asks for ${size}`;
  }
  if (values.length < 2) return `a spread needs at least 2 values, there are ${values.length}`;
  const range = largest(values) - smallest(values);
  if (range === 0) return "the values do not differ: there is no spread to divide by";
  if (!Number.isFinite(2 * range)) return BEYOND;
  const { value, degreesOfFreedom } = estimateSigma(groups, method ?? usualMethod(groups));
  const isFlat = method !== "overall" && groups.every((group) => group.length > 1 && rangeOf(group) === 0);
  if (!(value > 0) || !(degreesOfFreedom >= 1) || isFlat || !(deviationOf(values) > 0)) {
    return "the values within subgroups do not differ: there is no spread to divide by";
  }
  const mean = meanOf(values);
  const reach = [limits.lower, limits.upper].map((limit = mean) => Math.abs(limit - mean));
  const least = Math.min(value, deviationOf(values));
  if (least < SPREAD_MIN) return BEYOND;
  return reach.every((width) => width / least < REACH_MAX) ? undefined : BEYOND;
}

function gaugeRecord(seen: number, deviation: number): GaugeRecord {
  if (!(deviation > 0)) throw new RangeError(`the deviation of the gauge must be above 0, not ${deviation}`);
  const ratio = seen / deviation;
  // What the process itself spreads, in deviations of the gauge.
  const own = Math.sqrt(Math.max(0, ratio * ratio - 1));
  return { deviation, distinctCategories: Math.floor(1.41 * own) };
}

function testAssumptions(groups: readonly (readonly number[])[], { alpha }: CapabilityPlan) {
  const values = groups.flat();
  return {
    stability: judgeStability(groups, { alpha }) ?? null,
    andersonDarling: andersonDarling(values) ?? null,
    shapiroWilk: shapiroWilk(values) ?? null,
    independence: testIndependence(values, alpha) ?? null,
  };
}

function checksOf(
  { stability, andersonDarling, independence }: ReturnType<typeof testAssumptions>,
  gauge: GaugeRecord | null,
  { alpha = 0.05 }: CapabilityPlan,
): CapabilityCheck[] {
  const p = andersonDarling?.p;
  return [
    check(
      "stability",
      stability?.isStable,
      stability?.reason ?? "there are too few points for a control chart",
    ),
    check(
      "normality",
      p === undefined ? undefined : p >= alpha,
      p === undefined
        ? "Anderson-Darling needs at least 8 values"
        : `Anderson-Darling p = ${tellApart(p, alpha)[0]} is ${p >= alpha ? "not " : ""}below ${alpha}`,
    ),
    check(
      "independence",
      independence?.isIndependent,
      independence === null
        ? "too few values for an autocorrelation"
        : `lag-1 autocorrelation ${signed(independence.lag1, independence.limit).join(", limit ")}`,
    ),
    gauge === null
      ? { name: "gauge", status: "not-asked", reason: "no uncertainty of the measurement was given" }
      : check(
          "gauge",
          gauge.distinctCategories >= DISTINCT_MIN,
          `${gauge.distinctCategories} distinct categories`,
        ),
  ];
}

function check(name: CapabilityCheck["name"], holds: boolean | undefined, reason: string): CapabilityCheck {
  return { name, status: holds === undefined ? "not-computable" : holds ? "held" : "failed", reason };
}

function decide(bound: number, checks: readonly CapabilityCheck[], plan: CapabilityPlan) {
  const minimum = plan.minimum ?? MINIMUM_USUAL;
  const isReached = bound >= minimum;
  const [shown, least] = tellApart(bound, minimum);
  const words = `the lower ${formatFigure(100 * (plan.confidence ?? CONFIDENCE_USUAL), 4)} % bound ${shown}`;
  const failed = checks.filter(
    ({ name, status }) => name !== "gauge" && status !== "held" && status !== "not-asked",
  );
  const isLimited = checks.some(
    ({ name, status }) => name === "gauge" && status !== "held" && status !== "not-asked",
  );
  const comparison = `${words} ${isReached ? "reaches" : "is below"} ${least}`;
  const result = (status: CapabilityStatus, passed: boolean, reason: string) => ({ status, passed, reason });
  if (isLimited) {
    const passed = plan.acceptsGaugeLimited === true && isReached && failed.length === 0;
    return result(
      "gauge-limited",
      passed,
      `the gauge can't tell the values apart: ${comparison}, and is itself a lower bound`,
    );
  }
  if (!isReached) return result("not-capable", false, comparison);
  if (failed.length > 0) {
    const names = failed.map(({ name, reason }) => `${name} (${reason})`);
    return result("unsupported", false, `${comparison}, but does not hold up: ${names.join("; ")}`);
  }
  return result("capable", true, comparison);
}

/** Told apart by size: the limit is for both signs. */
function signed(value: number, limit: number): [value: string, limit: string] {
  const [size, shown] = tellApart(Math.abs(value), limit);
  return [value < 0 ? `-${size}` : size, shown];
}
