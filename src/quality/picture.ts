// One page that shows a capability study as a quality engineer expects it: control charts and the last values on the left,
// histogram, probability plot and capability on the right. A self-contained SVG whose bytes depend on the figures alone.
import type { CapabilityResult, CapabilityStatus } from "./gate.ts";
import { drawControlChart, drawLastValues } from "./picture-charts.ts";
import { drawCapabilityBars, drawHistogram, drawProbabilityPlot } from "./picture-distribution.ts";
import { formatBy, formatFigure, formatLimits } from "./picture-words.ts";
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

export const PAGE_STYLE = `
text{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans","DejaVu Sans",sans-serif;fill:#1f2933}
.page{fill:#fff}.panel{fill:#fbfcfd;stroke:#d5dbe1}.plot{fill:#fff;stroke:#c3cad1}
.title{font-size:21px;font-weight:600}.subtitle{font-size:13px;fill:#52606d}.reason{font-size:12px;fill:#52606d}
.heading{font-size:13px;font-weight:600}.tick{font-size:10.5px;fill:#52606d}.small{font-size:10px;fill:#7b8794}
.note{font-size:11px;fill:#3e4c59}.value{font-size:12px}.strong{font-size:12px;font-weight:600}
.limit-label{font-size:10.5px;fill:#b42318}.centre-label{font-size:10.5px;fill:#22713f}
.badge.good{fill:#22713f}.badge.bad{fill:#b42318}.badge.doubtful{fill:#9a6700}
.badge-text{font-size:14px;font-weight:600;fill:#fff;letter-spacing:.6px}
.grid{stroke:#edf0f3}.axis{stroke:#9aa5b1}.centre{stroke:#22713f;stroke-width:1.3;fill:none}
.limit{stroke:#b42318;stroke-width:1.3;fill:none}.zone{stroke:#d7dde3;stroke-dasharray:2 4;fill:none}
.spec{stroke:#b42318;stroke-width:1.6;stroke-dasharray:7 4}.target{stroke:#22713f;stroke-width:1.4;stroke-dasharray:2 3}
.series{stroke:#2563a8;stroke-width:1.2;fill:none;stroke-linejoin:round}.dot{fill:#2563a8}
.dots{stroke:#2563a8;stroke-width:4.4;stroke-linecap:round;fill:none}.faint-dots{stroke-opacity:.55}
.out{fill:#b42318;stroke:#fff;stroke-width:.8}.out-label{font-size:9.5px;fill:#b42318;font-weight:600}
.bar{fill:#b9d0ea;stroke:#7ea6d3;stroke-width:.8}.bar-out{fill:#f0b8b2;stroke:#b42318}
.within{stroke:#1b3a5c;stroke-width:1.9;fill:none}.overall{stroke:#7a3e9d;stroke-width:1.6;stroke-dasharray:6 4;fill:none}
.fit{stroke:#1b3a5c;stroke-width:1.5}.band{stroke:#7ea6d3;stroke-width:1;fill:none}
.span-within{stroke:#1b3a5c;stroke-width:3}.span-overall{stroke:#7a3e9d;stroke-width:3}.span-spec{stroke:#b42318;stroke-width:3}
`;
