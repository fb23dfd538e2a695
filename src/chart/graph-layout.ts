// Where the nodes of a graph go: in columns by how much stands before them, in an order that has few crossings. An edge over
// several columns passes through a place of its own in each. Pure.
import { largest, smallest } from "#base/extremes.ts";
import { levelsOf } from "./folded.ts";

export interface Sized {
  id: string;
  width: number;
  height: number;
  inputs: readonly string[];
}

export interface NodePosition {
  x: number;
  y: number;
}

export interface GraphLayout {
  /** Node -> its upper left corner. */
  nodes: ReadonlyMap<string, NodePosition>;
  /** Each edge as the points that it passes. */
  edges: readonly (readonly (readonly [x: number, y: number])[])[];
  width: number;
  height: number;
}

const COLUMN_GAP = 56;
const ROW_GAP = 14;
/** Height of the place that an edge has in a column. */
const LANE = 10;
const SWEEPS = 8;

interface Cell {
  id: string;
  column: number;
  width: number;
  height: number;
  before: Cell[];
  after: Cell[];
  x: number;
  y: number;
}

/** @param nodes each behind those that it reads */
export function layOut(nodes: readonly Sized[]): GraphLayout {
  const levels = levelsOf(nodes);
  const cells = new Map(nodes.map((node) => [node.id, cellOf(node, levels.get(node.id) ?? 0)]));
  const lanes: Cell[] = [];
  const chains: Cell[][] = [];
  for (const { id, inputs } of nodes) {
    const to = cells.get(id);
    for (const input of inputs) {
      const from = cells.get(input);
      if (from === undefined || to === undefined) continue;
      const between = Array.from({ length: to.column - from.column - 1 }, (_, index) =>
        cellOf({ id: "", width: 0, height: LANE }, from.column + index + 1),
      );
      lanes.push(...between);
      const chain = [from, ...between, to];
      chains.push(chain);
      for (const [index, cell] of chain.entries()) {
        const next = chain[index + 1];
        if (next === undefined) continue;
        cell.after.push(next);
        next.before.push(cell);
      }
    }
  }
  const all = [...cells.values(), ...lanes];
  const columns = [...Map.groupBy(all, ({ column }) => column)]
    .toSorted(([a], [b]) => a - b)
    .map(([, column]) => column);
  const ordered = orderColumns(columns);
  place(ordered);
  return {
    nodes: new Map([...cells].map(([id, { x, y }]) => [id, { x, y }])),
    edges: chains.map((chain) => pointsOf(chain)),
    width: largest(
      all.map(({ x, width }) => x + width),
      0,
    ),
    height: largest(
      all.map(({ y, height }) => y + height),
      0,
    ),
  };
}

function cellOf({ id, width, height }: Pick<Sized, "id" | "width" | "height">, column: number): Cell {
  return { id, column, width, height, before: [], after: [], x: 0, y: 0 };
}

/** Each cell to the mean place of its neighbours, from both sides by turns. */
function orderColumns(columns: readonly Cell[][]): Cell[][] {
  let ordered = columns.map((column) => [...column]);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isForward = sweep % 2 === 0;
    const places = new Map<Cell, number>();
    const note = (column: readonly Cell[]): void =>
      column.forEach((cell, index) => places.set(cell, (index + 0.5) / column.length));
    const sorted = (column: readonly Cell[]): Cell[] => {
      note(column);
      const meanOf = (cell: Cell): number => {
        const neighbours = isForward ? cell.before : cell.after;
        const found = neighbours.flatMap((each) => places.get(each) ?? []);
        return found.length === 0 ? (places.get(cell) ?? 0) : found.reduce((a, b) => a + b) / found.length;
      };
      const means = new Map(column.map((cell) => [cell, meanOf(cell)]));
      const result = column.toSorted((a, b) => (means.get(a) ?? 0) - (means.get(b) ?? 0));
      note(result);
      return result;
    };
    const turned = isForward ? ordered : ordered.toReversed();
    const done = turned.map(sorted);
    ordered = isForward ? done : done.toReversed();
  }
  return ordered;
}

/** Columns beside one another, each centred on the tallest. */
function place(columns: readonly Cell[][]): void {
  const heights = columns.map((column) =>
    column.reduce((sum, { height }) => sum + height + ROW_GAP, -ROW_GAP),
  );
  const tallest = largest(heights, 0);
  let x = 0;
  for (const [index, column] of columns.entries()) {
    const width = largest(
      column.map((cell) => cell.width),
      0,
    );
    let y = (tallest - (heights[index] ?? 0)) / 2;
    for (const cell of column) {
      cell.x = x;
      cell.y = y;
      cell.width = width;
      y += cell.height + ROW_GAP;
    }
    x += width + COLUMN_GAP;
  }
  const top = smallest(columns.flat().map(({ y }) => y));
  for (const cell of columns.flat()) cell.y -= top;
}

function pointsOf(chain: readonly Cell[]): [number, number][] {
  return chain.flatMap(({ x, y, width, height }, index): [number, number][] => {
    const middle = y + height / 2;
    if (index === 0) return [[x + width, middle]];
    return index === chain.length - 1
      ? [[x, middle]]
      : [
          [x, middle],
          [x + width, middle],
        ];
  });
}
