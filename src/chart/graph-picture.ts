// A graph as a picture: SVG, and DOT for Graphviz. Pure: the same graph gives the same bytes.
import { formatCount } from "#base/numbers.ts";
import { largest } from "#base/extremes.ts";
import { formatDuration } from "#base/quantities.ts";
import { layOut } from "./graph-layout.ts";
import { stateWords, type FoldedNode } from "./folded.ts";
import { cut, widthOf } from "./labels.ts";
import { PAGE_STYLE } from "./style.ts";
import { element, label, round } from "./svg.ts";

const MARGIN = 24;
const HEAD = 58;
const PADDING = 10;
const NODE_HEIGHT = 44;
const SOURCE_HEIGHT = 28;
const NAME_MAX = 36;
const NAME_SIZE = 12;

const STYLE = `
.node{stroke-width:1.2;fill:#fff}.node.cached{stroke:#22713f}.node.build{stroke:#b26a00}
.node.source{stroke:#9aa5b1;fill:#f2f4f6}.share.cached{fill:#22713f}.share.build{fill:#e08a00}
.edge{fill:none;stroke:#9aa5b1;stroke-width:1.1}.tip{fill:#9aa5b1}
`;

/** @param title of the picture @param nodes each behind those that it reads */
export function drawGraph(title: string, nodes: readonly FoldedNode[]): string {
  const layout = layOut(
    nodes.map((node) => ({
      id: node.id,
      width: largest([widthOf(shownName(node), NAME_SIZE), widthOf(detailOf(node), 10)], 0) + 2 * PADDING,
      height: isSource(node) ? SOURCE_HEIGHT : NODE_HEIGHT,
      inputs: node.inputs,
    })),
  );
  const widths = columnWidths(nodes, layout.nodes);
  const sum = summary(nodes);
  const width = Math.max(layout.width, widthOf(title, 21), widthOf(sum, 13)) + 2 * MARGIN;
  const height = layout.height + HEAD + 2 * MARGIN;
  const boxes = nodes.map((node) => {
    const { x, y } = layout.nodes.get(node.id) ?? { x: 0, y: 0 };
    return drawNode(node, { x: x + MARGIN, y: y + MARGIN + HEAD, width: widths.get(x) ?? 0 });
  });
  const edges = layout.edges.map((points) =>
    drawEdge(points.map(([x, y]) => [x + MARGIN, y + MARGIN + HEAD])),
  );
  const content = [
    element("title", {}, title.replaceAll(/[<&]/g, " ")),
    element("style", {}, `${PAGE_STYLE}${STYLE}`),
    element("rect", { x: 0, y: 0, width, height, class: "page" }),
    label(MARGIN, MARGIN + 18, title, "title"),
    label(MARGIN, MARGIN + 38, sum, "subtitle"),
    ...edges,
    ...boxes,
  ];
  const root = {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${round(width)} ${round(height)}`,
  };
  return `${element("svg", root, `\n${content.join("\n")}\n`)}\n`;
}

function isSource({ states }: FoldedNode): boolean {
  return states.source > 0;
}

function shownName({ name }: FoldedNode): string {
  return cut(name, NAME_MAX);
}

/** State and time, below the name. */
export function detailOf(node: FoldedNode): string {
  if (isSource(node)) return "";
  const time = node.lastMs === undefined ? [] : [formatDuration(node.lastMs)];
  return [stateWords(node), ...time].join(", ");
}

/** What the whole graph has, in a line. */
export function summary(nodes: readonly FoldedNode[]): string {
  const stages = nodes.filter((node) => !isSource(node));
  const total = (of: (node: FoldedNode) => number): number => stages.reduce((sum, node) => sum + of(node), 0);
  const known = stages.flatMap(({ lastMs }) => lastMs ?? []);
  const time =
    known.length === 0 ? [] : [`last built in ${formatDuration(known.reduce((a, b) => a + b))} of work`];
  const [build, taken] = [total(({ states }) => states.build), total(({ states }) => states.substitute)];
  const cached = total(({ states }) => states.cached);
  const taking = taken > 0 ? [`${taken} to take from a cache`] : [];
  return [
    formatCount(
      total(({ count }) => count),
      "stage",
    ),
    `${build} to build`,
    ...taking,
    `${cached} cached`,
    ...time,
  ].join(", ");
}

/** Boxes of one column are equally wide. */
function columnWidths(
  nodes: readonly FoldedNode[],
  places: ReadonlyMap<string, { x: number }>,
): Map<number, number> {
  const widths = new Map<number, number>();
  for (const node of nodes) {
    const x = places.get(node.id)?.x ?? 0;
    const own = largest([widthOf(shownName(node), NAME_SIZE), widthOf(detailOf(node), 10)], 0) + 2 * PADDING;
    widths.set(x, Math.max(widths.get(x) ?? 0, own));
  }
  return widths;
}

function drawNode(node: FoldedNode, { x, y, width }: { x: number; y: number; width: number }): string {
  const height = isSource(node) ? SOURCE_HEIGHT : NODE_HEIGHT;
  const { states } = node;
  const [build, source] = [states.build, states.source];
  const cached = states.cached + states.substitute;
  const style = source > 0 ? "source" : build > 0 ? "build" : "cached";
  const inner = width - 2 * PADDING;
  const full = node.count === 0 ? 0 : inner / node.count;
  const bar = { y: y + height - 7, height: 3 };
  const shares =
    node.count > 1 && source === 0
      ? [
          element("rect", { x: x + PADDING, ...bar, width: cached * full, class: "share cached" }),
          element("rect", {
            x: x + PADDING + cached * full,
            ...bar,
            width: build * full,
            class: "share build",
          }),
        ]
      : [];
  const detail = detailOf(node);
  return element(
    "g",
    {},
    [
      element("title", {}, titleOf(node)),
      element("rect", { x, y, width, height, rx: node.kind === "gate" ? 14 : 4, class: `node ${style}` }),
      label(x + PADDING, y + 18, shownName(node), "strong"),
      ...(detail === "" ? [] : [label(x + PADDING, y + 33, detail, "small")]),
      ...shares,
    ].join(""),
  );
}

/** Shown where a pointer rests on the node. */
function titleOf({ name, kind, what }: FoldedNode): string {
  return `${name} (${kind}${what === "" || what.endsWith(kind) ? "" : `: ${what}`})`.replaceAll(/[<&]/g, " ");
}

function drawEdge(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "";
  let d = `M${round(first[0])} ${round(first[1])}`;
  let [x, y] = first;
  for (const [nextX, nextY] of rest) {
    const middle = (x + nextX) / 2;
    d += `C${round(middle)} ${round(y)} ${round(middle)} ${round(nextY)} ${round(nextX)} ${round(nextY)}`;
    [x, y] = [nextX, nextY];
  }
  const [tipX, tipY] = last;
  const tip = `M${round(tipX)} ${round(tipY)}l-7 -3.5v7z`;
  return element("path", { d, class: "edge" }) + element("path", { d: tip, class: "tip" });
}

const DOT_COLOURS = { build: "#b26a00", cached: "#22713f", source: "#9aa5b1" };

/** For Graphviz: `pipelite graph --format dot | dot -Tpdf`. */
export function writeDot(title: string, nodes: readonly FoldedNode[]): string {
  const number = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const lines = nodes.flatMap((node) => {
    const { states, inputs, id } = node;
    const own = number.get(id) ?? "";
    const state = states.source > 0 ? "source" : states.build > 0 ? "build" : "cached";
    const detail = detailOf(node);
    const text = quoted(detail === "" ? node.name : `${node.name}\n${detail}`);
    return [
      `  ${own} [label=${text}, color="${DOT_COLOURS[state]}"];`,
      ...inputs.flatMap((input) => (number.has(input) ? [`  ${number.get(input)} -> ${own};`] : [])),
    ];
  });
  const head = [`digraph ${quoted(title)} {`, "  rankdir=LR;", '  node [shape=box, fontname="Helvetica"];'];
  return `${[...head, ...lines, "}"].join("\n")}\n`;
}

/** A text of the language DOT; a line break is `\n` there. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
