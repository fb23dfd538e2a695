// Histogram with limits and normal curves, and normal probability plot with its band.
import type { CapabilityResult } from "#stats/gate.ts";
import { histogramOf } from "#stats/histogram.ts";
import type { Indices } from "#stats/indices.ts";
import { deviationOf, sortedOf } from "#stats/moments.ts";
import { normalDensity, normalQuantile } from "#stats/normal.ts";
import { drawPanel, type Panel } from "./panel.ts";
import { largest } from "#base/extremes.ts";
import { formatFigure, formatP } from "#base/numbers.ts";
import { LabelAreas, widthOf } from "./labels.ts";
import { element, extentOf, label, line, path, round, type Box } from "./svg.ts";

interface Input {
  result: CapabilityResult;
  groups: readonly (readonly number[])[];
}

/** Limits further away than this many ranges of the values would leave of these a single bar. */
const FAR = 20;

export function drawHistogram(box: Box, { result, groups }: Input): string {
  const values = groups.flat();
  const { lower, upper, target } = result.plan.limits;
  const spread = 3.6 * (result.overall?.sigma.value ?? 0);
  const mean = result.mean ?? 0;
  const near = extentOf([...values, mean - spread, mean + spread], 0.04);
  const reach = FAR * (near[1] - near[0]);
  const marks = [
    { name: "LSL", value: lower, style: "spec" },
    { name: "Target", value: target, style: "target" },
    { name: "USL", value: upper, style: "spec" },
  ].flatMap(({ value, ...mark }) => (value === undefined ? [] : [{ ...mark, value }]));
  const isFar = ({ value }: { value: number }) => Math.abs(value - mean) > reach;
  const drawn = marks.filter((mark) => !isFar(mark));
  const domain = extentOf([...near, ...drawn.map(({ value }) => value)], 0.04);
  const { start, width, counts } = histogramOf(values);
  const curves = [result.within, result.overall].map((indices) =>
    curveOf(indices, values.length * width, domain),
  );
  const top = largest([...counts, ...curves.flat().map(([, height]) => height)], 1);
  const far = marks.filter(isFar).map(({ name, value }) => `${name} ${formatFigure(value)}`);
  const panel = drawPanel(box, {
    heading: "Histogram",
    x: domain,
    y: [0, top * 1.24],
    isEmpty: values.length === 0,
    yTicks: [],
  });
  if (values.length === 0) return panel.frame;
  const bars = counts.map((count, index) => {
    const [from, to] = [start + index * width, start + (index + 1) * width];
    const isOut = (lower !== undefined && to <= lower) || (upper !== undefined && from >= upper);
    const [x, y] = [panel.x(from), panel.y(count)];
    const size = { x, y, width: panel.x(to) - x, height: panel.y(0) - y };
    return count === 0 ? "" : element("rect", { ...size, class: isOut ? "bar bar-out" : "bar" });
  });
  return [
    panel.frame,
    ...bars,
    ...curves.map((curve, index) => {
      const points = curve.map(([x, y]): [number, number] => [panel.x(x), panel.y(y)]);
      return points.length === 0 ? "" : path(points, index === 0 ? "within" : "overall");
    }),
    ...specLines(panel, drawn, far.length === 0 ? "" : `off the chart: ${far.join(", ")}`),
    ...legend(panel),
  ].join("");
}

interface Mark {
  name: string;
  value: number;
  style: string;
}

/** Lines with their names above, in a second row where two would lie on one another. */
function specLines({ x, plot }: Panel, marks: readonly Mark[], note: string): string[] {
  const places = new LabelAreas();
  if (note !== "")
    places.block({ left: plot.x, right: plot.x + 6 + widthOf(note, 11), top: plot.y, bottom: plot.y + 14 });
  const placed = marks.map((mark) => {
    const half = widthOf(mark.name) / 2;
    const at = Math.min(plot.x + plot.width - half, Math.max(plot.x + half, x(mark.value)));
    const rows = [2, 14, 26].map((top) => ({
      left: at - half,
      right: at + half,
      top: plot.y + top,
      bottom: plot.y + top + 11,
    }));
    return { ...mark, at, row: places.take(rows) };
  });
  // Below all names, so that no line goes through one.
  const top = largest(
    placed.map(({ row }) => row?.bottom ?? 0),
    plot.y,
  );
  const lines = placed.flatMap(({ name, value, style, at, row }) => [
    line(x(value), top + 3, x(value), plot.y + plot.height, style),
    row === undefined
      ? ""
      : label(at, row.bottom - 1, name, style === "spec" ? "limit-label" : "centre-label", "middle"),
  ]);
  return note === "" ? lines : [label(plot.x + 6, plot.y + 12, note, "note"), ...lines];
}

function legend({ plot }: Panel): string[] {
  const y = plot.y - 14;
  const right = plot.x + plot.width;
  return [
    line(right - 168, y, right - 142, y, "within"),
    label(right - 137, y + 4, "within", "note"),
    line(right - 82, y, right - 56, y, "overall"),
    label(right - 51, y + 4, "overall", "note"),
  ];
}

function curveOf(
  indices: Indices | null,
  area: number,
  [low, high]: readonly [number, number],
): (readonly [number, number])[] {
  if (indices === null) return [];
  const { mean, sigma } = indices;
  return Array.from({ length: 161 }, (_, index) => {
    const x = low + ((high - low) * index) / 160;
    return [x, (area / sigma.value) * normalDensity((x - mean) / sigma.value)] as const;
  });
}

const PERCENTS = [0.01, 0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99];
const DOTS_MAX = 1500;

/** Sorted values at their median ranks (i - 0.3) / (n + 0.4), the fitted line and its pointwise 95 % band. */
export function drawProbabilityPlot(box: Box, { result, groups }: Input): string {
  const sorted = sortedOf(groups.flat());
  const n = sorted.length;
  const deviation = deviationOf(sorted);
  const mean = result.mean ?? 0;
  const isEmpty = !(deviation > 0);
  const outer = Math.max(2.2, -normalQuantile(0.7 / (n + 0.4)) + 0.25);
  const scores = Array.from({ length: 61 }, (_, index) => -outer + (index * 2 * outer) / 60);
  const band = [-1, 1].map((side) =>
    scores.map((z): [number, number] => {
      const error = normalQuantile(0.975) * deviation * Math.sqrt(1 / n + (z * z) / (2 * n));
      return [mean + z * deviation + side * error, z];
    }),
  );
  const test = result.andersonDarling;
  const panel = drawPanel(box, {
    heading: "Normal probability plot, %",
    note:
      test === null
        ? ""
        : ["Anderson-Darling A\u00B2", "A\u00B2"]
            .map((name) => `${name} = ${test.adjusted.toFixed(3)}, p ${formatP(test.p)}`)
            .concat(`p ${formatP(test.p)}`),
    x: extentOf([...sorted, ...band.flat().map(([x]) => x)], 0.02),
    y: [-outer, outer],
    yTicks: percentTicks(outer),
    isEmpty,
  });
  if (isEmpty) return panel.frame;
  const every = Math.ceil(n / DOTS_MAX);
  const dots = sorted
    .map((value, index) => [value, normalQuantile((index + 0.7) / (n + 0.4))] as const)
    .filter((_, index) => index % every === 0 || index > n - 20 || index < 20)
    .map(([value, z]) => `M${round(panel.x(value))} ${round(panel.y(z))}h0`);
  const draw = (points: readonly (readonly [number, number])[], style: string) =>
    path(
      points.map(([x, z]) => [panel.x(x), panel.y(z)]),
      style,
    );
  const ends = [-outer, outer].map((z): [number, number] => [mean + z * deviation, z]);
  return [
    panel.frame,
    ...band.map((edge) => draw(edge, "band")),
    draw(ends, "fit"),
    element("path", { d: dots.join(""), class: "dots faint-dots" }),
  ].join("");
}

function percentTicks(outer: number): { at: number; text: string }[] {
  const ticks = PERCENTS.map((percent) => ({ at: normalQuantile(percent / 100), text: `${percent}` }));
  const shown = ticks.filter(({ at }) => Math.abs(at) <= outer);
  // Neighbours that would overlap.
  return outer > 3.4
    ? shown.filter(({ text }) => text !== "5" && text !== "95" && text !== "25" && text !== "75")
    : shown;
}
