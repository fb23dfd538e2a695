// The right column of the capability page: histogram with limits and normal curves, normal probability plot with its band,
// and the indices with what the process takes of the tolerance.
import { MINIMUM_USUAL, type CapabilityResult } from "#stats/gate.ts";
import type { Indices } from "#stats/indices.ts";
import { deviationOf, quantileOf, sortedOf } from "#stats/moments.ts";
import { normalDensity, normalQuantile } from "#stats/normal.ts";
import { drawPanel, type Panel } from "./panel.ts";
import { largest } from "#base/extremes.ts";
import { formatFigure, formatIndex, formatP } from "#base/numbers.ts";
import { element, extentOf, label, line, makeScale, path, round, type Box } from "./svg.ts";

interface Input {
  result: CapabilityResult;
  groups: readonly (readonly number[])[];
}

const BINS_MAX = 60;

export function drawHistogram(box: Box, { result, groups }: Input): string {
  const values = groups.flat();
  const { lower, upper, target } = result.plan.limits;
  const marks = [lower, upper, target].filter((limit) => limit !== undefined);
  const spread = 3.6 * (result.overall?.sigma.value ?? 0);
  const mean = result.mean ?? 0;
  const domain = extentOf([...values, ...marks, mean - spread, mean + spread], 0.04);
  const { start, width, counts } = binsOf(values);
  const curves = [result.within, result.overall].map((indices) =>
    curveOf(indices, values.length * width, domain),
  );
  const top = largest([...counts, ...curves.flat().map(([, height]) => height)], 1);
  const panel = drawPanel(box, {
    heading: "Histogram",
    x: domain,
    y: [0, top * 1.16],
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
    specLine(panel, "LSL", lower, "spec"),
    specLine(panel, "Target", target, "target"),
    specLine(panel, "USL", upper, "spec"),
    ...legend(panel),
  ].join("");
}

function specLine({ x, plot }: Panel, name: string, value: number | undefined, style: string): string {
  if (value === undefined) return "";
  const kind = style === "spec" ? "limit-label" : "centre-label";
  return (
    line(x(value), plot.y + 16, x(value), plot.y + plot.height, style) +
    label(x(value), plot.y + 12, name, kind, "middle")
  );
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

/** Freedman and Diaconis: bins of width 2 IQR / n^(1/3), at least as many as Sturges. */
function binsOf(values: readonly number[]): { start: number; width: number; counts: number[] } {
  const sorted = sortedOf(values);
  const [low = 0, high = 0] = [sorted[0], sorted.at(-1)];
  const range = high - low;
  const n = values.length;
  if (!(range > 0)) return { start: low - 0.5, width: 1, counts: [n] };
  const spread = quantileOf(values, 0.75) - quantileOf(values, 0.25);
  const wanted = spread > 0 ? range / ((2 * spread) / Math.cbrt(n)) : 1;
  const bins = Math.min(BINS_MAX, Math.max(Math.ceil(wanted), Math.ceil(Math.log2(n)) + 1));
  const width = range / bins;
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const index = Math.min(bins - 1, Math.floor((value - low) / width));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return { start: low, width, counts };
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
    heading: "Normal probability plot",
    note: test === null ? "" : `Anderson-Darling A\u00B2 = ${test.adjusted.toFixed(3)}, p ${formatP(test.p)}`,
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

/** The indices in a table, and 6 sigma of the process against the tolerance. */
export function drawCapabilityBars(box: Box, result: CapabilityResult): string {
  const frame =
    element("rect", { ...box, rx: 5, class: "panel" }) +
    label(box.x + 14, box.y + 20, "Capability", "heading");
  const { within, overall } = result;
  if (within === null || overall === null) {
    const lines = wrap(result.reason, 70).map((text, index) =>
      label(box.x + 14, box.y + 50 + index * 17, text, "value"),
    );
    return frame + lines.join("");
  }
  return (
    frame +
    figureTable(box, within, overall, result) +
    checkTable(box, result) +
    spans(box, within, overall, result)
  );
}

function figureTable(box: Box, within: Indices, overall: Indices, result: CapabilityResult): string {
  const index = (value: number) => formatIndex(value, result.plan.minimum ?? MINIMUM_USUAL);
  const rows: [string, string, string, string][] = [
    ["", "within", "", "overall"],
    ["\u03C3", formatFigure(within.sigma.value, 4), "\u03C3", formatFigure(overall.sigma.value, 4)],
    ["Cp", formatIndex(within.spread?.value), "Pp", formatIndex(overall.spread?.value)],
    ["Cpk", index(within.nearest.value), "Ppk", index(overall.nearest.value)],
    ["lower bound", index(within.nearest.lowerBound), "lower bound", index(overall.nearest.lowerBound)],
    [
      "PPM outside",
      formatFigure(within.partsPerMillion.total, 3),
      "PPM outside",
      formatFigure(overall.partsPerMillion.total, 3),
    ],
    [
      "Cpm",
      formatIndex(result.within?.target?.value),
      "seen outside",
      String(result.outside.below + result.outside.above),
    ],
  ];
  return rows
    .map(([a, b, c, d], index) => {
      const y = box.y + 40 + index * 15.5;
      const style = index === 0 ? "strong" : a === "lower bound" ? "strong" : "value";
      return [
        label(box.x + 14, y, a, style),
        label(box.x + 150, y, b, style, "end"),
        label(box.x + 176, y, c, style),
        label(box.x + 320, y, d, style, "end"),
      ].join("");
    })
    .join("");
}

const CHECK_WORDS = {
  held: "held",
  failed: "FAILED",
  "not-computable": "not computable",
  "not-asked": "not asked",
};

function checkTable(box: Box, { checks }: CapabilityResult): string {
  const x = box.x + 360;
  const head = label(x, box.y + 40, "Checks", "strong");
  const rows = checks.map(({ name, status }, index) => {
    const y = box.y + 55.5 + index * 15.5;
    const style = status === "failed" ? "limit-label" : status === "held" ? "centre-label" : "note";
    return label(x, y, name, "value") + label(x + 180, y, CHECK_WORDS[status], style, "end");
  });
  return head + rows.join("");
}

function spans(box: Box, within: Indices, overall: Indices, { plan }: CapabilityResult): string {
  const { lower, upper } = plan.limits;
  const bars: [string, string, number, number][] = [
    ["within", "span-within", within.mean - 3 * within.sigma.value, within.mean + 3 * within.sigma.value],
    [
      "overall",
      "span-overall",
      overall.mean - 3 * overall.sigma.value,
      overall.mean + 3 * overall.sigma.value,
    ],
  ];
  if (lower !== undefined && upper !== undefined) bars.push(["limits", "span-spec", lower, upper]);
  const x = makeScale(
    extentOf(
      bars.flatMap(([, , low, high]) => [low, high]),
      0.02,
    ),
    [box.x + 74, box.x + box.width - 20],
  );
  const first = box.y + 172;
  const caption = label(box.x + 14, box.y + 155, "6 \u03C3 of the process against the limits", "small");
  return (
    caption +
    bars
      .map(([name, style, low, high], index) => {
        const y = first + index * 17;
        const ends = [low, high].map((value) => line(x(value), y - 5, x(value), y + 5, style)).join("");
        return label(box.x + 14, y + 4, name, "note") + line(x(low), y, x(high), y, style) + ends;
      })
      .join("")
  );
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last.length + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
