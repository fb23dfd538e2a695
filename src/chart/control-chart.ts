// Control charts with their zones, limits and signals, and the last subgroups' values.
import { formatBy, formatCount, formatFigure } from "#base/numbers.ts";
import { pointsOutside, type Chart, type ChartKind } from "#stats/charts.ts";
import type { CapabilityResult } from "#stats/gate.ts";
import { signalsByPoint, type PointSignal } from "#stats/rules.ts";
import { LabelAreas, widthOf } from "./labels.ts";
import { drawLimitLabels, drawPanel, drawSideLabels, sideRoom, type Panel, type SideLabel } from "./panel.ts";
import { element, extentOf, label, line, path, stepPath, thinned, THINNED_MIN, type Box } from "./svg.ts";

export const CHART_NAMES: Record<ChartKind, string> = {
  individuals: "Individuals chart",
  "moving-range": "Moving range chart",
  mean: "X\u0305 chart",
  range: "R chart",
  "standard-deviation": "S chart",
};

/** More points than this are drawn without dots. */
const DOTS_MAX = 150;

export function drawControlChart(box: Box, chart: Chart | undefined, result: CapabilityResult): string {
  if (chart === undefined) {
    return drawPanel(box, { heading: "Control chart", x: [0, 1], y: [0, 1], isEmpty: true }).frame;
  }
  const { points, lower, upper, centre, centres, kind, sigma } = chart;
  const isLocation = kind === "individuals" || kind === "mean";
  const y = extentOf([...points, ...lower, ...upper], 0.14);
  if (!isLocation) y[0] = 0;
  const names = sideNames(chart);
  const panel = drawPanel(box, {
    heading: CHART_NAMES[kind],
    note: isLocation ? noteOf(result) : "",
    x: [0.5, points.length + 0.5],
    y,
    right: sideRoom(names),
    wholeX: true,
  });
  const zones = isLocation ? [-2, -1, 1, 2] : [];
  const levels = [upper.at(-1), centres.at(-1), lower.at(-1)].map((level) => panel.y(level ?? centre));
  const signals = isLocation ? signalsByPoint(result.stability?.signals ?? [], points) : [];
  const rules = new Map(signals.map((signal) => [signal.point, ruleNumbersOf(signal).join(",")]));
  const outside = new Set(pointsOutside(chart));
  return [
    panel.frame,
    ...zones.map((zone) =>
      stepPath(
        panel.x,
        panel.y,
        sigma.map((each) => centre + zone * each),
        "zone",
      ),
    ),
    stepPath(panel.x, panel.y, lower, "limit"),
    stepPath(panel.x, panel.y, upper, "limit"),
    stepPath(panel.x, panel.y, centres, "centre"),
    path(thinned(points.map((point, index) => [panel.x(index + 1), panel.y(point)])), "series"),
    ...drawPoints(panel, {
      points,
      first: 1,
      centre,
      marked: (point) => outside.has(point) || rules.has(point),
      rules,
    }),
    ...drawLimitLabels(panel.plot, names, levels),
  ].join("");
}

/** The numbers of Western Electric's or Nelson's rules, which is how charts name them. */
export function ruleNumbersOf({ rules }: Pick<PointSignal, "rules">): string[] {
  return rules.map((rule) => rule.slice(3));
}

function noteOf({ stability }: CapabilityResult): string {
  const count = new Set(stability?.signals.flatMap(({ points }) => points)).size;
  if (stability === null) return "";
  return count === 0 ? "no signals" : `signals at ${formatCount(count, "point")}`;
}

export interface DrawnPoints {
  points: readonly number[];
  /** Where the first point is on the x axis. */
  first: number;
  centre: number;
  /** Of a place on the x axis. */
  marked: (point: number) => boolean;
  /** What is written beside a point, by its place on the x axis. */
  rules: ReadonlyMap<number, string>;
}

const LABEL_SIZE = 9.5;
const MARK = 4;

/** Dots, with marks where there is a signal, and the rules beside them where there is room: all are listed below the charts. */
export function drawPoints(
  { x, y, plot }: Panel,
  { points, first, centre, marked, rules }: DrawnPoints,
): string[] {
  const places = new LabelAreas();
  const isNew = placesOf(points.length);
  const drawn = points.flatMap((point, index) => {
    const place = first + index;
    const [cx, cy] = [x(place), y(point)];
    const isMarked = marked(place);
    return (isMarked || points.length <= DOTS_MAX) && isNew(cx, cy)
      ? [{ point, place, cx, cy, isMarked }]
      : [];
  });
  for (const { cx, cy } of drawn)
    places.block({ left: cx - MARK, right: cx + MARK, top: cy - MARK, bottom: cy + MARK });
  return drawn.flatMap(({ point, place, cx, cy, isMarked }) => {
    if (!isMarked) return [element("circle", { cx, cy, r: 2.2, class: "dot" })];
    const dot = element("circle", { cx, cy, r: 3.6, class: "out" });
    const text = rules.get(place);
    if (text === undefined || text === "") return [dot];
    const half = widthOf(text, LABEL_SIZE) / 2;
    const areas = (point >= centre ? [-14, -24, 5, 15] : [5, 15, -14, -24])
      .map((top) => ({ left: cx - half, right: cx + half, top: cy + top, bottom: cy + top + 9 }))
      .filter(
        ({ left, right, top, bottom }) =>
          left >= plot.x &&
          right <= plot.x + plot.width + 4 &&
          top >= plot.y &&
          bottom <= plot.y + plot.height,
      );
    const area = places.take(areas);
    return area === undefined ? [dot] : [dot, label(cx, area.bottom - 1, text, "out-label", "middle")];
  });
}

/** Tells of each place whether a mark is there yet that hides one more; of few marks none is hidden. */
function placesOf(count: number): (x: number, y: number) => boolean {
  const CELL = 2;
  const taken = new Set<string>();
  return (x, y) => {
    const place = `${Math.round(x / CELL)} ${Math.round(y / CELL)}`;
    if (count < THINNED_MIN || !taken.has(place)) return Boolean(taken.add(place));
    return false;
  };
}

function sideNames({ lower, upper, centres, kind, sigma }: Chart): string[] {
  const spread = sigma.at(-1);
  const symbols = {
    individuals: "X\u0305",
    mean: "X\u0305\u0305",
    "moving-range": "MR\u0305",
    range: "R\u0305",
    "standard-deviation": "S\u0305",
  };
  return [
    `UCL ${formatBy(upper.at(-1), spread)}`,
    `${symbols[kind]} ${formatBy(centres.at(-1), spread)}`,
    `LCL ${formatBy(lower.at(-1), spread)}`,
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
  const values = shown.flat();
  const isGrouped = groups.some(({ length }) => length > 1);
  const extent = extentOf(values, 0.1);
  const { lower, upper } = result.plan.limits;
  const limits = [
    { name: "LSL", value: lower },
    { name: "USL", value: upper },
  ].flatMap(({ name, value }) =>
    value === undefined || value < extent[0] || value > extent[1]
      ? []
      : [{ value, text: `${name} ${formatFigure(value)}` }],
  );
  const mean = result.mean ?? 0;
  const meanText = `mean ${formatBy(mean, result.overall?.sigma.value, [lower, upper])}`;
  const panel = drawPanel(box, {
    heading: `Last ${shown.length} ${isGrouped ? "subgroups" : "values"}`,
    x: [first + 0.5, groups.length + 0.5],
    y: extent,
    right: sideRoom([meanText, ...limits.map(({ text }) => text)]),
    wholeX: true,
    isEmpty: values.length === 0,
  });
  if (values.length === 0) return panel.frame;
  const { plot, y } = panel;
  const isNew = placesOf(values.length);
  const dots = shown.flatMap((group, index) => {
    const cx = panel.x(first + index + 1);
    const seen = group.map(y).filter((cy) => isNew(cx, cy));
    return seen.map((cy) => element("circle", { cx, cy, r: 2.4, class: "dot" }));
  });
  const across = (at: number, style: string) => line(plot.x, y(at), plot.x + plot.width, y(at), style);
  const labels: SideLabel[] = [
    { y: y(mean), text: meanText, style: "centre-label" },
    ...limits.map(({ value, text }): SideLabel => ({ y: y(value), text, style: "limit-label" })),
  ];
  return [
    panel.frame,
    ...limits.map(({ value }) => across(value, "spec")),
    across(mean, "centre"),
    isGrouped
      ? ""
      : path(
          values.map((value, index) => [panel.x(first + index + 1), y(value)]),
          "series",
        ),
    ...dots,
    ...drawSideLabels(plot, labels),
  ].join("");
}
