// The indices with their bounds, the checks, and what the process takes of the tolerance.
import { formatFigure, formatIndex } from "#base/numbers.ts";
import { MINIMUM_USUAL, type CapabilityResult } from "#stats/gate.ts";
import type { Indices } from "#stats/indices.ts";
import { wrapCut } from "./labels.ts";
import { element, extentOf, label, line, makeScale, type Box } from "./svg.ts";

/** The indices in a table, and 6 sigma of the process against the tolerance. */
export function drawCapabilityPanel(box: Box, result: CapabilityResult): string {
  const frame =
    element("rect", { ...box, rx: 5, class: "panel" }) +
    label(box.x + 14, box.y + 20, "Capability", "heading");
  const { within, overall } = result;
  if (within === null || overall === null) {
    const lines = wrapCut(result.reason, Math.floor(box.width / 8), 6).map((text, index) =>
      label(box.x + 14, box.y + 50 + index * 17, text, "value"),
    );
    return frame + lines.join("");
  }
  // Beside one another where there is room, else one below the other.
  const isWide = box.width >= FIGURES_WIDTH + CHECKS_WIDTH;
  const checks = isWide
    ? { x: box.x + box.width - CHECKS_WIDTH, y: box.y + 40 }
    : { x: box.x + 14, y: box.y + 40 + 7.8 * ROW };
  const below = isWide ? box.y + 40 + 7.2 * ROW : checks.y + 5.4 * ROW;
  return (
    frame +
    figureTable(box, within, overall, result) +
    checkTable(checks, result) +
    spans({ ...box, y: below }, within, overall, result)
  );
}

const ROW = 15;
const BAR = 15;
const FIGURES_WIDTH = 348;
const CHECKS_WIDTH = 204;

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
      const y = box.y + 40 + index * ROW;
      const style = index === 0 ? "strong" : a === "lower bound" ? "strong" : "value";
      return [
        label(box.x + 14, y, a, style),
        label(box.x + 168, y, b, style, "end"),
        label(box.x + 180, y, c, style),
        label(box.x + 334, y, d, style, "end"),
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

function checkTable({ x, y: top }: { x: number; y: number }, { checks }: CapabilityResult): string {
  const head = label(x, top, "Checks", "strong");
  const rows = checks.map(({ name, status }, index) => {
    const y = top + (index + 1) * ROW;
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
  const first = box.y + BAR;
  const caption = label(box.x + 14, box.y, "6 \u03C3 of the process against the limits", "small");
  return (
    caption +
    bars
      .map(([name, style, low, high], index) => {
        const y = first + index * BAR;
        const ends = [low, high].map((value) => line(x(value), y - 5, x(value), y + 5, style)).join("");
        return label(box.x + 14, y + 4, name, "note") + line(x(low), y, x(high), y, style) + ends;
      })
      .join("")
  );
}
