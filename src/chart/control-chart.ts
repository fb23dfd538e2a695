// The left column of the capability page: control charts with their zones and signals, and the last subgroups' values.
import type { Chart, ChartKind } from "#stats/charts.ts";
import type { CapabilityResult } from "#stats/gate.ts";
import { formatBy, formatFigure } from "#base/numbers.ts";
import { drawPanel } from "./panel.ts";
import { element, extentOf, label, line, path, stepPath, type Box, type Scale } from "./svg.ts";

const NAMES: Record<ChartKind, string> = {
  individuals: "Individuals chart",
  "moving-range": "Moving range chart",
  mean: "Xbar chart",
  range: "R chart",
  "standard-deviation": "S chart",
};

/** More points than this are drawn without dots. */
const DOTS_MAX = 150;
const LABEL_WIDTH = 9;

export function drawControlChart(box: Box, chart: Chart | undefined, result: CapabilityResult): string {
  if (chart === undefined) {
    return drawPanel(box, { heading: "Control chart", x: [0, 1], y: [0, 1], isEmpty: true }).frame;
  }
  const { points, lower, upper, centre, kind } = chart;
  const isLocation = kind === "individuals" || kind === "mean";
  const y = extentOf([...points, ...lower, ...upper], 0.1);
  if (!isLocation) y[0] = 0;
  const panel = drawPanel(box, {
    heading: NAMES[kind],
    note: isLocation ? noteOf(result) : "",
    x: [0.5, points.length + 0.5],
    y,
    right: 92,
    wholeX: true,
  });
  const zones = isLocation ? [-2, -1, 1, 2].map((zone) => zoneOf(panel, chart, zone)) : [];
  const outside = points.map(
    (point, index) => point > (upper[index] ?? Number.NaN) || point < (lower[index] ?? Number.NaN),
  );
  const signals = isLocation ? (result.stability?.signals ?? []) : [];
  let labelled = Number.NEGATIVE_INFINITY;
  const marks = points.flatMap((point, index) => {
    const rules = signals
      .filter((signal) => signal.points.includes(index + 1))
      .map(({ rule }) => rule.slice(3));
    const [x, yAt] = [panel.x(index + 1), panel.y(point)];
    if (rules.length === 0 && outside[index] !== true) {
      return points.length <= DOTS_MAX ? [element("circle", { cx: x, cy: yAt, r: 2.2, class: "dot" })] : [];
    }
    const dot = element("circle", { cx: x, cy: yAt, r: 3.6, class: "out" });
    // Numbers that would lie on one another are left out.
    if (rules.length === 0 || x - labelled < LABEL_WIDTH) return [dot];
    labelled = x;
    return [dot, label(x, yAt + (point >= centre ? -6 : 13), rules[0] ?? "", "out-label", "middle")];
  });
  return [
    panel.frame,
    ...zones,
    limitPath(panel, lower, "limit"),
    limitPath(panel, upper, "limit"),
    line(panel.plot.x, panel.y(centre), panel.plot.x + panel.plot.width, panel.y(centre), "centre"),
    path(
      points.map((point, index) => [panel.x(index + 1), panel.y(point)]),
      "series",
    ),
    ...marks,
    ...sideLabels(panel, chart),
  ].join("");
}

function noteOf({ stability }: CapabilityResult): string {
  if (stability === null) return "";
  const rules = stability.signals.map(({ rule, points }) => `rule ${rule.slice(3)}: ${points.length}`);
  return rules.length === 0 ? "no signals" : `signals by Western Electric ${rules.join(", ")}`;
}

interface Scales {
  x: Scale;
  y: Scale;
  plot: Box;
}

function zoneOf({ x, y }: Scales, { centre, sigma }: Chart, zone: number): string {
  return stepPath(
    x,
    y,
    sigma.map((each) => centre + zone * each),
    "zone",
  );
}

function limitPath({ x, y }: Scales, limits: readonly number[], style: string): string {
  return stepPath(x, y, limits, style);
}

function sideLabels({ y, plot }: Scales, { lower, upper, centre, kind, sigma }: Chart): string[] {
  const at = plot.x + plot.width + 6;
  const spread = sigma.at(-1);
  const symbol = {
    individuals: "X\u0305",
    mean: "X\u0305\u0305",
    "moving-range": "MR\u0305",
    range: "R\u0305",
  };
  const centreName = kind === "standard-deviation" ? "S\u0305" : symbol[kind];
  return [
    label(at, y(upper.at(-1) ?? 0) + 3.5, `UCL ${formatBy(upper.at(-1), spread)}`, "limit-label"),
    label(at, y(centre) + 3.5, `${centreName} ${formatBy(centre, spread)}`, "centre-label"),
    label(at, y(lower.at(-1) ?? 0) + 3.5, `LCL ${formatBy(lower.at(-1), spread)}`, "limit-label"),
  ];
}

const LAST = 25;

/** Every value of the last subgroups: what the means hide. */
export function drawLastValues(
  box: Box,
  { result, groups }: { result: CapabilityResult; groups: readonly (readonly number[])[] },
): string {
  const shown = groups.slice(-LAST);
  const first = groups.length - shown.length;
  const { lower, upper } = result.plan.limits;
  const values = shown.flat();
  const isGrouped = groups.some(({ length }) => length > 1);
  const panel = drawPanel(box, {
    heading: `Last ${shown.length} ${isGrouped ? "subgroups" : "values"}`,
    x: [first + 0.5, groups.length + 0.5],
    y: extentOf(values, 0.1),
    right: 92,
    wholeX: true,
    isEmpty: values.length === 0,
  });
  if (values.length === 0) return panel.frame;
  const dots = shown.flatMap((group, index) =>
    group.map((value) =>
      element("circle", { cx: panel.x(first + index + 1), cy: panel.y(value), r: 2.4, class: "dot" }),
    ),
  );
  const { plot, y } = panel;
  const spec = [lower, upper].flatMap((limit, index) => {
    if (limit === undefined || limit < y.domain[0] || limit > y.domain[1]) return [];
    const name = index === 0 ? "LSL" : "USL";
    return [
      line(plot.x, y(limit), plot.x + plot.width, y(limit), "spec"),
      label(plot.x + plot.width + 6, y(limit) + 3.5, `${name} ${formatFigure(limit)}`, "limit-label"),
    ];
  });
  const mean = result.mean ?? 0;
  return [
    panel.frame,
    ...spec,
    line(plot.x, y(mean), plot.x + plot.width, y(mean), "centre"),
    label(
      plot.x + plot.width + 6,
      y(mean) + 3.5,
      `mean ${formatBy(mean, result.overall?.sigma.value)}`,
      "centre-label",
    ),
    isGrouped
      ? ""
      : path(
          values.map((value, index) => [panel.x(first + index + 1), y(value)]),
          "series",
        ),
    ...dots,
  ].join("");
}
