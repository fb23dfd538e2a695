// A panel of the capability page: frame, heading, axes with round numbers, and the scales to draw with.
import { element, label, labelsOf, line, makeScale, ticksOf, type Box, type Scale } from "./svg.ts";

export interface PanelOptions {
  heading: string;
  note?: string | undefined;
  x: readonly [number, number];
  y: readonly [number, number];
  /** Room at the right for labels. */
  right?: number;
  /** Only whole numbers on the x axis: it counts points. */
  wholeX?: boolean;
  /** No numbers at the y axis, or own ones. */
  yTicks?: readonly { at: number; text: string }[];
  isEmpty?: boolean;
}

export interface Panel {
  frame: string;
  plot: Box;
  x: Scale;
  y: Scale;
}

export function drawPanel(box: Box, options: PanelOptions): Panel {
  const { heading, note = "", right = 16, isEmpty = false } = options;
  const plot = { x: box.x + 62, y: box.y + 30, width: box.width - 62 - right, height: box.height - 54 };
  const x = makeScale(options.x, [plot.x, plot.x + plot.width]);
  const y = makeScale(options.y, [plot.y + plot.height, plot.y]);
  const parts = [
    element("rect", { ...box, rx: 5, class: "panel" }),
    label(box.x + 14, box.y + 20, heading, "heading"),
    label(box.x + box.width - 14, box.y + 20, note, "note", "end"),
    element("rect", { ...plot, class: "plot" }),
  ];
  if (isEmpty) {
    const middle = plot.y + plot.height / 2;
    parts.push(label(plot.x + plot.width / 2, middle, "not computable from these values", "note", "middle"));
    return { frame: parts.join(""), plot, x, y };
  }
  const axes = [...xAxis(x, plot, options.wholeX === true), ...yAxis(y, plot, options.yTicks)];
  return { frame: [...parts, ...axes].join(""), plot, x, y };
}

function xAxis(x: Scale, plot: Box, isWhole: boolean): string[] {
  const ticks = ticksOf(x.domain, 10).filter((tick) => !isWhole || Number.isInteger(tick));
  const labels = labelsOf(ticks);
  const bottom = plot.y + plot.height;
  return ticks.flatMap((tick, index) => [
    isWhole ? "" : line(x(tick), plot.y, x(tick), bottom, "grid"),
    line(x(tick), bottom, x(tick), bottom + 4, "axis"),
    label(x(tick), bottom + 15, labels[index] ?? "", "tick", "middle"),
  ]);
}

function yAxis(y: Scale, plot: Box, given: PanelOptions["yTicks"]): string[] {
  const values = ticksOf(y.domain, 5);
  const labels = labelsOf(values);
  const ticks = given ?? values.map((at, index) => ({ at, text: labels[index] ?? "" }));
  return ticks.flatMap(({ at, text }) => [
    line(plot.x, y(at), plot.x + plot.width, y(at), "grid"),
    line(plot.x - 4, y(at), plot.x, y(at), "axis"),
    label(plot.x - 8, y(at) + 3.5, text, "tick", "end"),
  ]);
}
