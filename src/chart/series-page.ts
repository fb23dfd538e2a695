// Individuals charts of several series, one below the other, each in the order of time. A self-contained SVG whose bytes
// depend on the figures alone.
import { formatFigure } from "#base/numbers.ts";
import type { Stability } from "#stats/stability.ts";
import { drawPanel } from "./panel.ts";
import { element, extentOf, label, line, path, type Box } from "./svg.ts";

export interface DrawnSeries {
  name: string;
  unit: string;
  /** In the order of time. */
  values: readonly number[];
  stability: Stability | undefined;
}

const WIDTH = 1000;
const HEADER = 52;
const PANEL_HEIGHT = 190;
const MARGIN = 20;
const GAP = 12;

export function drawSeriesPage(series: readonly DrawnSeries[], title: string): string {
  const height = HEADER + series.length * (PANEL_HEIGHT + GAP) + MARGIN;
  const panels = series.map((each, index) =>
    drawSeries(
      {
        x: MARGIN,
        y: HEADER + index * (PANEL_HEIGHT + GAP),
        width: WIDTH - 2 * MARGIN,
        height: PANEL_HEIGHT,
      },
      each,
    ),
  );
  const content = [
    element("title", {}, "Control charts"),
    element("style", {}, STYLE),
    element("rect", { x: 0, y: 0, width: WIDTH, height, class: "page" }),
    label(MARGIN, 32, title, "title"),
    ...panels,
  ];
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", ...size }, `\n${content.join("\n")}\n`)}\n`;
}

function drawSeries(box: Box, { name, unit, values, stability }: DrawnSeries): string {
  const heading = `${name}, ${unit}`;
  if (stability === undefined) return drawPanel(box, { heading, x: [0, 1], y: [0, 1], isEmpty: true }).frame;
  const { centre, lower, upper } = stability.charts.location;
  const [low = Number.NaN, high = Number.NaN] = [lower.at(-1), upper.at(-1)];
  const { isStable, signals } = stability;
  const marked = new Set(signals.flatMap(({ points }) => points));
  const panel = drawPanel(box, {
    heading,
    note: `${isStable ? "stable" : "not stable"}; points with a signal by Western Electric: ${marked.size}`,
    x: [0.5, values.length + 0.5],
    y: extentOf([...values, low, high], 0.08),
    right: 84,
    wholeX: true,
  });
  const across = (at: number, style: string) =>
    line(panel.plot.x, panel.y(at), panel.plot.x + panel.plot.width, panel.y(at), style);
  const side = (at: number, word: string, style: string) =>
    label(panel.plot.x + panel.plot.width + 6, panel.y(at) + 3.5, `${word} ${formatFigure(at, 4)}`, style);
  return [
    panel.frame,
    across(low, "limit"),
    across(high, "limit"),
    across(centre, "centre"),
    path(
      values.map((value, index) => [panel.x(index + 1), panel.y(value)]),
      "series",
    ),
    ...values.flatMap((value, index) =>
      marked.has(index + 1)
        ? [element("circle", { cx: panel.x(index + 1), cy: panel.y(value), r: 2.6, class: "out" })]
        : [],
    ),
    side(high, "UCL", "limit-label"),
    side(centre, "mean", "centre-label"),
    side(low, "LCL", "limit-label"),
  ].join("");
}

const STYLE = `
text{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans","DejaVu Sans",sans-serif;fill:#1f2933}
.page{fill:#fff}.panel{fill:#fbfcfd;stroke:#d5dbe1}.plot{fill:#fff;stroke:#c3cad1}
.title{font-size:17px;font-weight:600}.heading{font-size:13px;font-weight:600}
.tick{font-size:10.5px;fill:#52606d}.note{font-size:11px;fill:#3e4c59}
.limit-label{font-size:10.5px;fill:#b42318}.centre-label{font-size:10.5px;fill:#22713f}
.grid{stroke:#edf0f3}.axis{stroke:#9aa5b1}.centre{stroke:#22713f;stroke-width:1.3}
.limit{stroke:#b42318;stroke-width:1.3}.series{stroke:#2563a8;stroke-width:1;fill:none;stroke-linejoin:round}
.out{fill:#b42318}
`;
