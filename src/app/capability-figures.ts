// The figures of a capability study for programs: all that the page and the text show, by the names that everybody uses.
import type { Measured } from "./capability.ts";
import { pointsOutside, type Chart } from "#stats/charts.ts";
import { CONFIDENCE_USUAL } from "#stats/gate.ts";
import { histogramOf } from "#stats/histogram.ts";
import type { Index, Indices } from "#stats/indices.ts";
import { signalsByPoint } from "#stats/rules.ts";
import type { Stability } from "#stats/stability.ts";

/** The figures by the names that everybody uses; null where one is not computable. */
export function capabilityFigures({ result, samples }: Measured) {
  const { within, overall, stability, plan, percentile } = result;
  const location = stability?.charts.location;
  return {
    status: result.status,
    passed: result.passed,
    reason: result.reason,
    lsl: plan.limits.lower ?? null,
    usl: plan.limits.upper ?? null,
    target: plan.limits.target ?? null,
    minimum: plan.minimum ?? null,
    confidence: plan.confidence ?? CONFIDENCE_USUAL,
    planSha256: result.planDigest,
    n: result.n,
    subgroups: result.subgroups,
    mean: result.mean,
    median: result.median,
    min: result.minimum,
    max: result.maximum,
    sigmaWithin: within?.sigma.value ?? null,
    sigmaWithinMethod: within?.sigma.method ?? null,
    sigmaWithinDegreesOfFreedom: within?.sigma.degreesOfFreedom ?? null,
    sigmaOverall: overall?.sigma.value ?? null,
    ...indicesOf(within, { spread: "cp", lower: "cpl", upper: "cpu", nearest: "cpk", target: "cpm" }),
    ...indicesOf(overall, { spread: "pp", lower: "ppl", upper: "ppu", nearest: "ppk", target: "ppm" }),
    bound: result.bound,
    defectsPerMillionWithin: within?.partsPerMillion.total ?? null,
    defectsPerMillionOverall: overall?.partsPerMillion.total ?? null,
    outside: result.outside,
    percentile,
    gauge: result.gauge,
    checks: result.checks,
    andersonDarling: result.andersonDarling,
    shapiroWilk: result.shapiroWilk,
    independence: result.independence,
    stability: stability === null ? null : assessmentOf(stability),
    signals: stability?.signals ?? null,
    signalsByPoint: location === undefined ? null : signalsByPoint(stability?.signals ?? [], location.points),
    charts:
      stability === null
        ? null
        : { location: chartOf(stability.charts.location), spread: chartOf(stability.charts.spread) },
    histogram: histogramOf(samples.groups.flat()),
    reading: samples.reading,
  };
}

function assessmentOf({ isStable, reason, outlierP, countP, longestRun, crossings }: Stability) {
  return { isStable, reason, outlierP, countP, longestRun, crossings };
}

function indicesOf(
  indices: Indices | null,
  names: Readonly<Record<"spread" | "lower" | "upper" | "nearest" | "target", string>>,
): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, name]) => {
      const index: Index | null = indices?.[key as keyof typeof names] ?? null;
      return [
        [name, index?.value ?? null],
        [`${name}LowerBound`, index?.lowerBound ?? null],
        [`${name}Interval`, index === null ? null : [index.interval.lower, index.interval.upper]],
      ];
    }),
  ) as Record<string, number | null>;
}

/** Centre line and limits of a chart: a number, or one for each point where subgroups differ in size. */
function chartOf(chart: Chart) {
  const { kind, points, centres, sigma, lower, upper } = chart;
  return {
    chart: kind,
    centre: oneOrAll(centres),
    lcl: oneOrAll(lower),
    ucl: oneOrAll(upper),
    sigma: oneOrAll(sigma),
    points,
    outside: pointsOutside(chart),
  };
}

function oneOrAll(values: readonly number[]): number | readonly number[] {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? first : values;
}
