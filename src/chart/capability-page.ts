// One page that shows a capability study as a quality engineer expects it: control charts and the last values on the left,
// histogram, probability plot and capability on the right. A self-contained SVG whose bytes depend on the figures alone.
import { formatBy, formatFigure } from "#base/numbers.ts";
import type { CapabilityResult, CapabilityStatus } from "#stats/gate.ts";
import { formatLimits } from "#stats/indices.ts";
import { drawControlChart, drawLastValues } from "./control-chart.ts";
import { drawCapabilityBars, drawHistogram, drawProbabilityPlot } from "./distribution.ts";
import { PAGE_STYLE } from "./style.ts";
import { element, label, type Box } from "./svg.ts";

export interface PictureInput {
  result: CapabilityResult;
  /** The subgroups that were judged. */
  groups: readonly (readonly number[])[];
  /** Such as the column and the file. */
  title: string;
}

const WIDTH = 1188;
const HEIGHT = 840;
const MARGIN = 28;
const HEADER = 84;
const FOOTER = 26;
const GAP = 16;

/** A capability study as one SVG page (A4, landscape). */
export function drawCapability(input: PictureInput): string {
  const [left, right] = [0, 1].map((column) => [0, 1, 2].map((row) => boxAt(column, row))) as [Box[], Box[]];
  const { result } = input;
  const charts = result.stability?.charts;
  const panels = [
    drawControlChart(panelAt(left, 0), charts?.location, result),
    drawControlChart(panelAt(left, 1), charts?.spread, result),
    drawLastValues(panelAt(left, 2), input),
    drawHistogram(panelAt(right, 0), input),
    drawProbabilityPlot(panelAt(right, 1), input),
    drawCapabilityBars(panelAt(right, 2), result),
  ];
  const content = [
    element("title", {}, "Process capability"),
    element("style", {}, PAGE_STYLE),
    element("rect", { x: 0, y: 0, width: WIDTH, height: HEIGHT, class: "page" }),
    drawHeader(input),
    ...panels,
    drawFooter(result),
  ];
  const size = { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}` };
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, `\n${content.join("\n")}\n`)}\n`;
}

function boxAt(column: number, row: number): Box {
  const width = (WIDTH - 2 * MARGIN - GAP) / 2;
  const height = (HEIGHT - HEADER - FOOTER - MARGIN / 2 - 2 * GAP) / 3;
  return { x: MARGIN + column * (width + GAP), y: HEADER + row * (height + GAP), width, height };
}

function panelAt(column: readonly Box[], row: number): Box {
  const box = column[row];
  if (box === undefined) throw new RangeError(`no row ${row}`);
  return box;
}

const STATUS_CLASS: Record<CapabilityStatus, string> = {
  capable: "good",
  "not-capable": "bad",
  unsupported: "doubtful",
  "gauge-limited": "doubtful",
  "not-computable": "doubtful",
};

function drawHeader({ result, title }: PictureInput): string {
  const word = result.status.toUpperCase().replace("-", " ");
  const width = 22 + word.length * 9.4;
  const x = WIDTH - MARGIN - width;
  const figures = [
    `n = ${result.n}`,
    result.subgroups < result.n ? `${result.subgroups} subgroups` : "individual values",
    formatLimits(result.plan.limits),
    `mean ${result.mean === null ? "-" : formatBy(result.mean, result.overall?.sigma.value)}`,
  ];
  return [
    label(MARGIN, 38, cut(`Process capability of ${title}`, 82), "title"),
    label(MARGIN, 60, figures.join("   \u00B7   "), "subtitle"),
    element("rect", { x, y: 18, width, height: 28, rx: 4, class: `badge ${STATUS_CLASS[result.status]}` }),
    label(x + width / 2, 37, word, "badge-text", "middle"),
    label(WIDTH - MARGIN, 62, cut(shortReason(result), 112), "reason", "end"),
  ].join("\n");
}

function shortReason({ reason, status, checks }: CapabilityResult): string {
  if (status !== "unsupported") return reason;
  const failed = checks.filter((check) => check.status === "failed" || check.status === "not-computable");
  return `${reason.split(", but")[0]}, but ${failed.map(({ name }) => name).join(", ")} did not hold`;
}

function drawFooter({ plan, planDigest, within }: CapabilityResult): string {
  const method = within === null ? "" : `, sigma within by ${within.sigma.method.replaceAll("-", " ")}`;
  const confidence = 100 * (plan.confidence ?? 0.95);
  const words = `Bounds at ${formatFigure(confidence)} % confidence${method}. Plan sha256 ${planDigest}`;
  return label(MARGIN, HEIGHT - 12, words, "small");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}\u2026`;
}
