// A panel of a page: frame, heading, axes with round numbers that have room for their labels, and the scales to draw with.
import { charactersIn, cut, spreadApart, widestOf, widthOf } from "./labels.ts";
import { element, label, labelsOf, line, makeScale, ticksOf, type Box, type Scale } from "./svg.ts";

export interface PanelOptions {
  heading: string;
  /** At the right of the heading: the first that has room, else the last, cut. */
  note?: string | readonly string[] | undefined;
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

interface Tick {
  at: number;
  text: string;
}

const LEFT = 62;
/** Of tick labels: between two of them, and between them and the axis. */
const APART = 10;
const HEADING_SIZE = 13;
const NOTE_SIZE = 11;

export function drawPanel(box: Box, options: PanelOptions): Panel {
  const { heading, note = "", right = 16, isEmpty = false } = options;
  const yTicks = isEmpty ? [] : (options.yTicks ?? labelled(ticksOf(options.y, 5)));
  const left = Math.max(LEFT, widestOf(yTicks.map(({ text }) => text)) + APART + 6);
  const plot = { x: box.x + left, y: box.y + 30, width: box.width - left - right, height: box.height - 54 };
  const x = makeScale(options.x, [plot.x, plot.x + plot.width]);
  const y = makeScale(options.y, [plot.y + plot.height, plot.y]);
  const room = box.width - 28 - widthOf(heading, HEADING_SIZE) - 16;
  const characters = charactersIn(room, NOTE_SIZE);
  const notes = [note].flat();
  const fitting = notes.find(({ length }) => length <= characters) ?? cut(notes.at(-1) ?? "", characters);
  const parts = [
    element("rect", { ...box, rx: 5, class: "panel" }),
    label(box.x + 14, box.y + 20, heading, "heading"),
    label(box.x + box.width - 14, box.y + 20, fitting, "note", "end"),
    element("rect", { ...plot, class: "plot" }),
  ];
  if (isEmpty) {
    const middle = plot.y + plot.height / 2;
    parts.push(label(plot.x + plot.width / 2, middle, "not computable from these values", "note", "middle"));
    return { frame: parts.join(""), plot, x, y };
  }
  const isWhole = options.wholeX === true;
  const axes = [...xAxis(x, plot, { isWhole, last: box.x + box.width }), ...yAxis(y, plot, yTicks)];
  return { frame: [...parts, ...axes].join(""), plot, x, y };
}

function labelled(ticks: readonly number[]): Tick[] {
  const labels = labelsOf(ticks);
  return ticks.map((at, index) => ({ at, text: labels[index] ?? "" }));
}

/** As many ticks as have room for their labels. */
function xAxis(x: Scale, plot: Box, { isWhole, last }: { isWhole: boolean; last: number }): string[] {
  const ticksFor = (count: number) =>
    labelled(ticksOf(x.domain, count).filter((tick) => !isWhole || Number.isInteger(tick)));
  const hasRoom = (ticks: readonly Tick[]) => {
    const distance = Math.abs(x(ticks[1]?.at ?? 0) - x(ticks[0]?.at ?? 0));
    return ticks.length < 2 || distance >= widestOf(ticks.map(({ text }) => text)) + APART;
  };
  let count = 10;
  while (count > 2 && !hasRoom(ticksFor(count))) count -= 1;
  const bottom = plot.y + plot.height;
  return ticksFor(count).flatMap(({ at, text }) => {
    // A label at the edge of the panel would be cut.
    const isInside = x(at) + widthOf(text) / 2 <= last;
    return [
      isWhole ? "" : line(x(at), plot.y, x(at), bottom, "grid"),
      line(x(at), bottom, x(at), bottom + 4, "axis"),
      isInside ? label(x(at), bottom + 15, text, "tick", "middle") : "",
    ];
  });
}

function yAxis(y: Scale, plot: Box, ticks: readonly Tick[]): string[] {
  return ticks.flatMap(({ at, text }) => [
    line(plot.x, y(at), plot.x + plot.width, y(at), "grid"),
    line(plot.x - 4, y(at), plot.x, y(at), "axis"),
    label(plot.x - 8, y(at) + 3.5, text, "tick", "end"),
  ]);
}

export interface SideLabel {
  /** On the y axis, in pixels. */
  y: number;
  text: string;
  style: "limit-label" | "centre-label";
}

const SIDE_GAP = 6;
const SIDE_HEIGHT = 12;

/** Room that labels at the right of a plot take. */
export function sideRoom(texts: readonly string[]): number {
  return Math.max(60, widestOf(texts) + SIDE_GAP + 6);
}

/** Names of an upper limit, a centre line and a lower limit, in that order, at the right of a plot. */
export function drawLimitLabels(plot: Box, names: readonly string[], levels: readonly number[]): string[] {
  return drawSideLabels(
    plot,
    names.map((text, index) => ({
      y: levels[index] ?? 0,
      text,
      style: index === 1 ? "centre-label" : "limit-label",
    })),
  );
}

/** Labels at the right of a plot, each at its line or as near as the others let it. */
export function drawSideLabels({ x, y, width, height }: Box, labels: readonly SideLabel[]): string[] {
  const wanted = labels.map((each) => each.y);
  const places = spreadApart(wanted, SIDE_HEIGHT, [y + 4, y + height]);
  return labels.map(({ text, style }, index) =>
    label(x + width + SIDE_GAP, (places[index] ?? 0) + 3.5, text, style),
  );
}
