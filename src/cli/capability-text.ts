// The figures of a capability study: as text for people, by their names for programs.
import { MINIMUM_USUAL, formatLimits } from "#app/capability.ts";
import { formatBy, formatCount, formatFigure, formatIndex } from "#base/numbers.ts";
import type { CapabilityResult } from "#stats/gate.ts";
import type { Index, Indices } from "#stats/indices.ts";
import type { Reading } from "#stats/samples.ts";
import { padToWidth } from "#view/format.ts";
import type { Paint, Style } from "#view/paint.ts";
import { formatTable } from "./table.ts";

/** What was found out about the file, where it is not the usual. */
export function describeReading({ encoding = "utf-8", delimiter = "comma", decimal }: Reading): string {
  const words = [
    encoding === "utf-8" ? "" : encoding,
    delimiter === "comma" ? "" : `${delimiter} between fields`,
    decimal === "point" ? "" : "decimal comma",
  ];
  return words.filter((word) => word !== "").join(", ");
}

/** The figures by the names that everybody uses; null where one is not computable. */
export function figuresOf(result: CapabilityResult) {
  const { within, overall, stability, plan, percentile } = result;
  return {
    status: result.status,
    passed: result.passed,
    reason: result.reason,
    lsl: plan.limits.lower ?? null,
    usl: plan.limits.upper ?? null,
    target: plan.limits.target ?? null,
    minimum: plan.minimum ?? null,
    planSha256: result.planDigest,
    n: result.n,
    subgroups: result.subgroups,
    mean: result.mean,
    median: result.median,
    min: result.minimum,
    max: result.maximum,
    sigmaWithin: within?.sigma.value ?? null,
    sigmaWithinMethod: within?.sigma.method ?? null,
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
    signals: stability?.signals ?? null,
    controlLimits: stability === null ? null : controlLimitsOf(stability.charts.location),
  };
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

function controlLimitsOf({
  kind,
  centre,
  lower,
  upper,
}: {
  kind: string;
  centre: number;
  lower: number[];
  upper: number[];
}) {
  return { chart: kind, centre, lcl: lower.at(-1) ?? null, ucl: upper.at(-1) ?? null };
}

const STATUS_STYLES: Record<CapabilityResult["status"], Style> = {
  capable: "good",
  "not-capable": "bad",
  unsupported: "warning",
  "gauge-limited": "warning",
  "not-computable": "warning",
};

export function describe(result: CapabilityResult, column: string, paint: Paint): string {
  const { within, overall } = result;
  const sizes = result.subgroups < result.n ? `, ${formatCount(result.subgroups, "subgroup")}` : "";
  const head = [
    `${paint(column, "name")}: ${result.n} values${sizes}, ${formatLimits(result.plan.limits)}`,
    `${paint(result.status, STATUS_STYLES[result.status])}: ${result.reason}`,
  ];
  if (within === null || overall === null) return head.join("\n");
  const index = (value: number) => formatIndex(value, result.plan.minimum ?? MINIMUM_USUAL);
  const figures = [
    ["", "within", "", "overall"],
    ["sigma", formatFigure(within.sigma.value), "sigma", formatFigure(overall.sigma.value)],
    ["Cp", formatIndex(within.spread?.value), "Pp", formatIndex(overall.spread?.value)],
    ["Cpk", index(within.nearest.value), "Ppk", index(overall.nearest.value)],
    ["  lower bound", index(within.nearest.lowerBound), "  lower bound", index(overall.nearest.lowerBound)],
    ["Cpm", formatIndex(within.target?.value), "Ppm", formatIndex(overall.target?.value)],
    [
      "PPM outside",
      formatFigure(within.partsPerMillion.total, 3),
      "PPM outside",
      formatFigure(overall.partsPerMillion.total, 3),
    ],
  ];
  const at = (value: number | null) => formatBy(value, overall.sigma.value);
  const location = [
    ["mean", at(result.mean), "min", at(result.minimum)],
    ["median", at(result.median), "max", at(result.maximum)],
  ];
  const rows = [...location, ...figures].map((row) =>
    row.map((cell, index) => (index === 0 ? `  ${cell}` : cell)),
  );
  return [
    ...head,
    "",
    formatTable(rows, [1, 3]),
    "",
    ...checkLines(result, paint),
    ...signalLines(result),
    ...percentileLines(result),
  ].join("\n");
}

const CHECK_STYLES = {
  held: "good",
  failed: "bad",
  "not-computable": "warning",
  "not-asked": "faint",
} as const;

function checkLines({ checks }: CapabilityResult, paint: Paint): string[] {
  return checks.map(({ name, status, reason }) => {
    const words = [padToWidth(name, 12), paint(padToWidth(status, 14), CHECK_STYLES[status]), reason];
    return `  ${words.join("  ")}`;
  });
}

function signalLines({ stability }: CapabilityResult): string[] {
  const signals = stability?.signals ?? [];
  return signals.map(({ rule, meaning, points }) => {
    const shown = points.length > 12 ? `${points.slice(0, 12).join(", ")} ...` : points.join(", ");
    return `  signal ${rule} (${meaning}) at ${shown}`;
  });
}

/** Where the values are not normal, the indices by percentiles stand beside the others. */
function percentileLines({ percentile, checks }: CapabilityResult): string[] {
  const isNormal = checks.some(({ name, status }) => name === "normality" && status === "held");
  if (percentile === null || isNormal) return [];
  const { pp, ppk, isExtrapolated } = percentile;
  const caution = isExtrapolated ? " (from fewer than 740 values, so too good)" : "";
  return [`  by percentiles: Pp ${formatIndex(pp)}, Ppk ${formatIndex(ppk)}${caution}`];
}
