// The figures of a capability study as text for people.
import { MINIMUM_USUAL, formatLimits, signalsByPoint } from "#app/capability.ts";
import { formatBy, formatCount, formatFigure, formatIndex } from "#base/numbers.ts";
import type { CapabilityResult } from "#stats/gate.ts";
import type { Reading } from "#stats/samples.ts";
import { cleanLine, padToWidth } from "#view/format.ts";
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
    `${paint(cleanLine(column), "name")}: ${formatCount(result.n, "value")}${sizes}, ${formatLimits(result.plan.limits)}`,
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
  const { lower, upper } = result.plan.limits;
  const at = (value: number | null) => formatBy(value, overall.sigma.value, [lower, upper]);
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
    formatTable(rows, { right: [1, 3] }),
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

/** Points that are told one by one; `--json` has all. */
const SIGNALS_SHOWN = 12;

function signalLines({ stability, overall }: CapabilityResult): string[] {
  if (stability === null) return [];
  const { signals, charts, spreadOutside } = stability;
  const { location, spread } = charts;
  const found = signalsByPoint(signals, location.points);
  const rest = found.length - SIGNALS_SHOWN;
  const beyond = spreadOutside.slice(0, SIGNALS_SHOWN).join(", ");
  const more =
    spreadOutside.length > SIGNALS_SHOWN ? ` and ${spreadOutside.length - SIGNALS_SHOWN} more` : "";
  return [
    ...found
      .slice(0, SIGNALS_SHOWN)
      .map(
        ({ point, value, rules }) =>
          `  signal at ${point} (${formatBy(value, overall?.sigma.value)}): ${rules.join(", ")}`,
      ),
    ...(rest > 0 ? [`  and at ${formatCount(rest, "more point")}: --json lists all`] : []),
    ...signals.map(
      ({ rule, meaning, points }) => `  ${rule}: ${meaning}, at ${formatCount(points.length, "point")}`,
    ),
    ...(beyond === "" ? [] : [`  ${spread.kind.replaceAll("-", " ")} beyond its limits at ${beyond}${more}`]),
  ];
}

/** Where the values are not normal, the indices by percentiles stand beside the others. */
function percentileLines({ percentile, checks }: CapabilityResult): string[] {
  const isNormal = checks.some(({ name, status }) => name === "normality" && status === "held");
  if (percentile === null || isNormal) return [];
  const { pp, ppk, isExtrapolated } = percentile;
  const caution = isExtrapolated ? " (from fewer than 740 values, so too good)" : "";
  return [`  by percentiles: Pp ${formatIndex(pp)}, Ppk ${formatIndex(ppk)}${caution}`];
}
