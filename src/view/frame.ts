// The live region of the tree view as lines: what runs, what waits for it (hung below), and a count. Running stages come
// first in a small window: they are the last to be left out.
import { formatCount } from "#base/numbers.ts";
import { formatElapsed } from "#base/quantities.ts";
import { cleanLine, formatList, padToWidth } from "./format.ts";
import { nameColumns, readingLine, type Symbols } from "./lines.ts";
import { timeLeft } from "./time-left.ts";
import { plainLine, span, type Line, type StyledText } from "./paint.ts";
import {
  countStatuses,
  isRunning,
  openInputs,
  type RunState,
  type RunPreparing,
  type EnvironmentPreparing,
  type StageState,
} from "./state.ts";

export interface FrameOptions {
  columns: number;
  rows: number;
  nowMs: number;
  /** Counts up with every frame: turns the spinner. */
  tick: number;
  symbols: Symbols;
  cancelling: boolean;
}

interface Node {
  stage: StageState;
  depth: number;
  children: Node[];
  /** Inputs it waits for besides those it hangs below. */
  alsoWaitsFor: readonly string[];
  ancestors: ReadonlySet<string>;
}

const NARROW_COLUMNS = 50;
const DEPTH_MAX = 4;

/** The lines of the region; never more than fit above the cursor's line, and at most some two thirds of the screen. */
export function frameLines(state: RunState, options: FrameOptions): Line[] {
  if (state.preparing !== undefined) return [preparingLine(state.preparing, state, options)];
  const open = [...state.stages.values()].filter(({ finished }) => finished === undefined);
  const room = Math.max(1, Math.min(options.rows - 2, Math.ceil(options.rows * 0.66)) - 1);
  const nodes = buildForest(state, open);
  const kept = chooseNodes(nodes, room);
  const lines = renderForest(nodes, kept, state, options);
  const left = open.length - kept.size;
  if (left > 0) lines.push(plainLine(leftOutText(open, kept), "faint"));
  return [...lines, footerLine(state, options)];
}

function preparingLine(
  { pipeline, stages }: RunPreparing,
  { reading, part, preparingSinceMs }: RunState,
  { symbols, tick, nowMs }: FrameOptions,
): Line {
  const spinner = symbols.spinner[tick % symbols.spinner.length] ?? "";
  const what = reading === undefined ? partSpans(part) : readingLine(reading);
  const head = [span(`${spinner} `, "busy"), span(cleanLine(pipeline), "name")];
  const elapsed = formatElapsed(nowMs - (preparingSinceMs ?? nowMs));
  return [
    ...head,
    span(`: ${formatCount(stages, "stage")}, `, "faint"),
    ...what,
    span(`  ${elapsed}`, "faint"),
  ];
}

function partSpans(part: EnvironmentPreparing | undefined): StyledText[] {
  if (part === undefined) return [span("preparing")];
  const { what, done, total } = part;
  return [span("preparing "), span(cleanLine(what), "name"), span(` (${done + 1} of ${total})`, "faint")];
}

/** Before anything is known of the run. */
export function loadingLine({ symbols, tick }: Pick<FrameOptions, "symbols" | "tick">): Line {
  const spinner = symbols.spinner[tick % symbols.spinner.length] ?? "";
  return [span(`${spinner} `, "busy"), span("loading the pipeline", "faint")];
}

/** Running and ready stages are roots; a stage that waits hangs below the input that has most before it. */
function buildForest(state: RunState, open: readonly StageState[]): Node[] {
  const nodes = new Map<string, Node>();
  const nodeOf = (stage: StageState): Node => {
    const known = nodes.get(stage.name);
    if (known !== undefined) return known;
    const node: Node = { stage, depth: 0, children: [], alsoWaitsFor: [], ancestors: new Set() };
    nodes.set(stage.name, node);
    if (isRunning(stage)) return node;
    const inputs = openInputs(state, stage).flatMap((name) => state.stages.get(name) ?? []);
    const [parent, ...others] = inputs.map(nodeOf).toSorted((one, other) => other.depth - one.depth);
    if (parent === undefined) return node;
    node.depth = parent.depth + 1;
    node.ancestors = new Set([...parent.ancestors, parent.stage.name]);
    node.alsoWaitsFor = others.map((other) => other.stage.name).filter((name) => !node.ancestors.has(name));
    parent.children.push(node);
    return node;
  };
  for (const stage of open) nodeOf(stage);
  const roots = [...nodes.values()].filter(({ depth }) => depth === 0);
  return roots.toSorted((one, other) => rank(one.stage) - rank(other.stage));
}

function rank(stage: StageState): number {
  return stage.startedMs ?? Number.MAX_SAFE_INTEGER;
}

/** Which nodes are shown in `room` lines: running ones, then level by level; one line is kept for "more" if needed. */
function chooseNodes(roots: readonly Node[], room: number): Set<string> {
  const all = roots.flatMap(flatten);
  if (all.length <= room) return new Set(all.map(({ stage }) => stage.name));
  const wanted = all.toSorted(
    (a, b) => Number(isRunning(b.stage)) - Number(isRunning(a.stage)) || a.depth - b.depth,
  );
  return new Set(wanted.slice(0, Math.max(0, room - 1)).map(({ stage }) => stage.name));
}

function flatten(node: Node): Node[] {
  return [node, ...node.children.flatMap(flatten)];
}

function leftOutText(open: readonly StageState[], kept: ReadonlySet<string>): string {
  const out = open.filter(({ name }) => !kept.has(name));
  const running = out.filter(isRunning).length;
  const waiting = out.length - running;
  const parts = [running > 0 ? `${running} more running` : "", waiting > 0 ? `${waiting} more waiting` : ""];
  return `  ${parts.filter((part) => part !== "").join(", ")}`;
}

function renderForest(
  roots: readonly Node[],
  kept: ReadonlySet<string>,
  state: RunState,
  options: FrameOptions,
): Line[] {
  const lines: Line[] = [];
  const walk = (nodes: readonly Node[], indent: string): void => {
    const shown = nodes.filter(({ stage }) => kept.has(stage.name));
    shown.forEach((node, index) => {
      const isLast = index === shown.length - 1;
      const { symbols } = options;
      const isDeep = node.depth > DEPTH_MAX;
      const connector = node.depth === 0 ? "" : indent + (isLast ? symbols.lastBranch : symbols.branch);
      lines.push(nodeLine(node, connector, state, options));
      if (node.depth === 0) walk(node.children, "");
      else walk(node.children, isDeep ? indent : indent + (isLast ? symbols.blank : symbols.bar));
    });
  };
  walk(roots, "");
  return lines;
}

function nodeLine(node: Node, connector: string, state: RunState, options: FrameOptions): Line {
  const { stage } = node;
  const { symbols, columns } = options;
  const pad = columns < NARROW_COLUMNS ? stage.name.length : nameColumns(state);
  if (!isRunning(stage)) return waitingLine(node, connector, options);
  const elapsed = options.nowMs - (stage.startedMs ?? options.nowMs);
  const spinner = symbols.spinner[options.tick % symbols.spinner.length] ?? "";
  const spans: StyledText[] = [
    span(`${spinner} `, "busy"),
    span(padToWidth(stage.name, pad), "name"),
    span(`  ${timeText(elapsed, stage.expectedMs)}`, "busy"),
  ];
  if (stage.lastLine !== undefined) spans.push(span(`  ${stage.lastLine}`, "faint"));
  return spans;
}

/** `4s`, or with an expectation `4s of ~12s`; padded so that what follows does not dance. */
function timeText(elapsedMs: number, expectedMs: number | undefined): string {
  const elapsed = formatElapsed(elapsedMs);
  return expectedMs === undefined
    ? elapsed.padEnd(3)
    : `${elapsed} of ~${formatElapsed(expectedMs)}`.padEnd(10);
}

function waitingLine(node: Node, connector: string, { symbols }: FrameOptions): Line {
  const lead = connector === "" ? `${symbols.waiting} ` : `  ${connector}`;
  const spans: StyledText[] = [span(lead, "faint"), span(node.stage.name)];
  if (node.depth === 0) return [...spans, span("  ready", "faint")];
  if (node.alsoWaitsFor.length === 0) return spans;
  return [...spans, span(`  also waits for ${formatList(node.alsoWaitsFor, { limit: 3 })}`, "faint")];
}

function footerLine(state: RunState, { nowMs, cancelling }: FrameOptions): Line {
  const stages = [...state.stages.values()];
  const done = stages.filter(({ finished }) => finished !== undefined).length;
  const running = stages.filter(isRunning).length;
  const { failed } = countStatuses(state);
  const elapsed = formatElapsed(nowMs - (state.startedMs ?? nowMs));
  const spans: StyledText[] = [
    span(`${done} of ${stages.length} done`),
    span(`, ${running} running`, "busy"),
  ];
  if (failed > 0) spans.push(span(`, ${failed} failed`, "failure"));
  const left = cancelling ? undefined : timeLeft(state, nowMs);
  const leftText = left === undefined ? "" : `, ~${formatElapsed(left)} left`;
  spans.push(span(`  ${elapsed}${leftText}`, "faint"));
  if (cancelling) spans.push(span("  stopping", "warning"));
  return spans;
}
