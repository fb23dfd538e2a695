// Analysis of variance, and the gauge study built on it: how much of what is seen is the measurement's own spread.
import { fisherTails } from "./distributions.ts";
import { meanOf, squaresOf, sumOf } from "./moments.ts";

export interface VarianceRow {
  source: string;
  degreesOfFreedom: number;
  sumOfSquares: number;
  meanSquare: number;
  f: number | null;
  p: number | null;
}

export interface OneWay {
  between: VarianceRow;
  within: VarianceRow;
  rSquared: number;
  /** Square root of the mean square within. */
  deviation: number;
}

/** One-way analysis of variance. Held to the certified values of the NIST StRD sets. */
export function analyseOneWay(groups: readonly (readonly number[])[]): OneWay {
  // Differences from one of the values keep the digits that sums of large numbers would lose.
  const origin = groups[0]?.[0] ?? 0;
  const shifted = groups.map((group) => group.map((value) => value - origin));
  const grand = meanOf(shifted.flat());
  const between = sumOf(shifted.map((group) => group.length * (meanOf(group) - grand) ** 2));
  const within = sumOf(shifted.map(squaresOf));
  const free = [groups.length - 1, sumOf(groups.map(({ length }) => length - 1))] as const;
  const [first, error] = [rowOf("between", free[0], between), rowOf("within", free[1], within)];
  return {
    between: testedAgainst(first, error),
    within: error,
    rSquared: between / (between + within),
    deviation: Math.sqrt(error.meanSquare),
  };
}

function rowOf(source: string, degreesOfFreedom: number, sumOfSquares: number): VarianceRow {
  const meanSquare = sumOfSquares / degreesOfFreedom;
  return { source, degreesOfFreedom, sumOfSquares, meanSquare, f: null, p: null };
}

function testedAgainst(row: VarianceRow, error: VarianceRow): VarianceRow {
  const f = row.meanSquare / error.meanSquare;
  if (!Number.isFinite(f)) return row;
  return { ...row, f, p: fisherTails(f, row.degreesOfFreedom, error.degreesOfFreedom).upper };
}

export type GaugeSource =
  | "repeatability"
  | "operator"
  | "interaction"
  | "reproducibility"
  | "gauge"
  | "part"
  | "total";

export interface GaugeComponent {
  source: GaugeSource;
  variance: number;
  deviation: number;
  /** Share of the total variance, in percent. */
  contribution: number;
  /** 6 deviations against 6 total deviations, in percent. */
  studyVariation: number;
  /** 6 deviations against the tolerance, in percent; null without a tolerance. */
  tolerance: number | null;
}

export type GaugeVerdict = "acceptable" | "marginal" | "unacceptable" | "not-computable";

export interface GaugeStudy {
  table: VarianceRow[];
  /** The interaction was not significant and its squares were added to the error's. */
  isPooled: boolean;
  components: GaugeComponent[];
  /** Distinct categories: floor(1.41 part deviation / gauge deviation); null where the gauge shows no spread. */
  distinctCategories: number | null;
  /** By study variation: at most 10 % acceptable, at most 30 % marginal; below 5 categories never acceptable. */
  verdict: GaugeVerdict;
}

export interface GaugeOptions {
  /** The interaction is pooled into the error when its p is above this; default 0.05. */
  alpha?: number;
  /** Upper less lower specification limit. */
  tolerance?: number;
}

/**
 * Crossed gauge repeatability and reproducibility study by analysis of variance.
 * @param readings `readings[part][operator][trial]`: at least 2 of each, the same number of trials everywhere.
 * @throws RangeError when the design is not balanced and crossed.
 * Source: AIAG, "Measurement Systems Analysis", 4th edition; Burdick, Borror and Montgomery, J. Quality Technology 35 (2003).
 */
export function studyGauge(
  readings: readonly (readonly (readonly number[])[])[],
  options: GaugeOptions = {},
): GaugeStudy {
  const { alpha = 0.05, tolerance } = options;
  const design = checkDesign(readings);
  const { parts, operators, trials } = design;
  const rows = gaugeRows(readings, design);
  const interaction = testedAgainst(rows.interaction, rows.repeatability);
  const isPooled = interaction.p !== null && interaction.p > alpha;
  const error = isPooled
    ? rowOf(
        "repeatability",
        rows.interaction.degreesOfFreedom + rows.repeatability.degreesOfFreedom,
        rows.interaction.sumOfSquares + rows.repeatability.sumOfSquares,
      )
    : rows.repeatability;
  const against = isPooled ? error : interaction;
  const floor = (variance: number) => Math.max(0, variance);
  const ownVariance = isPooled ? 0 : floor((interaction.meanSquare - error.meanSquare) / trials);
  const operator = floor((rows.operator.meanSquare - against.meanSquare) / (parts * trials));
  const part = floor((rows.part.meanSquare - against.meanSquare) / (operators * trials));
  const gauge = error.meanSquare + operator + ownVariance;
  const variances: Record<GaugeSource, number> = {
    gauge,
    repeatability: error.meanSquare,
    reproducibility: operator + ownVariance,
    operator,
    interaction: ownVariance,
    part,
    total: gauge + part,
  };
  const components = (Object.keys(variances) as GaugeSource[]).map((source) =>
    componentOf(source, variances[source], gauge + part, tolerance),
  );
  const distinctCategories = gauge > 0 ? Math.floor(1.41 * Math.sqrt(part / gauge)) : null;
  return {
    table: [testedAgainst(rows.part, against), testedAgainst(rows.operator, against), interaction, error],
    isPooled,
    components,
    distinctCategories,
    verdict: judgeGauge(100 * Math.sqrt(gauge / (gauge + part)), distinctCategories),
  };
}

function judgeGauge(studyVariation: number, distinctCategories: number | null): GaugeVerdict {
  if (distinctCategories === null || !Number.isFinite(studyVariation)) return "not-computable";
  if (studyVariation > 30) return "unacceptable";
  return studyVariation <= 10 && distinctCategories >= 5 ? "acceptable" : "marginal";
}

function componentOf(
  source: GaugeSource,
  variance: number,
  total: number,
  tolerance: number | undefined,
): GaugeComponent {
  const deviation = Math.sqrt(variance);
  return {
    source,
    variance,
    deviation,
    contribution: (100 * variance) / total,
    studyVariation: 100 * Math.sqrt(variance / total),
    tolerance: tolerance === undefined ? null : (100 * 6 * deviation) / tolerance,
  };
}

interface Design {
  parts: number;
  operators: number;
  trials: number;
}

function checkDesign(readings: readonly (readonly (readonly number[])[])[]): Design {
  const parts = readings.length;
  const operators = readings[0]?.length ?? 0;
  const trials = readings[0]?.[0]?.length ?? 0;
  const isBalanced = readings.every(
    (part) => part.length === operators && part.every(({ length }) => length === trials),
  );
  if (!isBalanced || parts < 2 || operators < 2 || trials < 2) {
    throw new RangeError(
      "a gauge study needs at least 2 parts, 2 operators and 2 trials, and every operator measures every part alike",
    );
  }
  return { parts, operators, trials };
}

function gaugeRows(
  readings: readonly (readonly (readonly number[])[])[],
  { parts, operators, trials }: Design,
) {
  const origin = readings[0]?.[0]?.[0] ?? 0;
  const cells = readings.map((part) => part.map((cell) => cell.map((value) => value - origin)));
  const partMeans = cells.map((part) => meanOf(part.flat()));
  const operatorMeans = Array.from({ length: operators }, (_, o) =>
    meanOf(cells.flatMap((part) => part[o] ?? [])),
  );
  const grand = meanOf(partMeans);
  const interaction = cells.flatMap((part, p) =>
    part.map((cell, o) => (meanOf(cell) - (partMeans[p] ?? 0) - (operatorMeans[o] ?? 0) + grand) ** 2),
  );
  return {
    part: rowOf("part", parts - 1, operators * trials * squaresOf(partMeans)),
    operator: rowOf("operator", operators - 1, parts * trials * squaresOf(operatorMeans)),
    interaction: rowOf("interaction", (parts - 1) * (operators - 1), trials * sumOf(interaction)),
    repeatability: rowOf(
      "repeatability",
      parts * operators * (trials - 1),
      sumOf(cells.flat().map(squaresOf)),
    ),
  };
}
