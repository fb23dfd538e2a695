// One page that shows a capability study as a quality engineer expects it: control charts and the last values on the left,
// histogram, probability plot and capability on the right, and every signal by its point below.
import { formatBy, formatFigure } from "#base/numbers.ts";
import { pointsOutside } from "#stats/charts.ts";
import { judgeCapability, type CapabilityResult, type CapabilityStatus } from "#stats/gate.ts";
import { formatLimits } from "#stats/indices.ts";
import { RULES, signalsByPoint } from "#stats/rules.ts";
import { drawCapabilityPanel } from "./capability-panel.ts";
import { CHART_NAMES, drawControlChart, drawLastValues, ruleNumbersOf } from "./control-chart.ts";
import { drawHistogram, drawProbabilityPlot } from "./distribution.ts";
import { drawLines, drawNarrowHeader, drawPage, drawWideHeader, NARROW, SMALL_LINE, WIDE } from "./page.ts";
import { WIDE_HEADER, type Header, type PageLayout } from "./page.ts";
import { limitsNote, THINNED_MIN, type Box } from "./svg.ts";
import { describePower, exponentFor, inPowers, limitsInPowers } from "./units.ts";

export interface PictureInput {
  result: CapabilityResult;
  /** The subgroups that were judged. */
  groups: readonly (readonly number[])[];
  /** Such as the column and the file. */
  title: string;
}

/** A capability study as one SVG page (A4, landscape). */
export function drawCapability(input: PictureInput): string {
  const drawn = inReadableUnits(input);
  const header = headerOf(input, drawn);
  const notes = notesOf(drawn, input.result);
  return drawPage("Process capability", wideLayout(header, drawn, notes), narrowLayout(header, drawn, notes));
}

interface Drawn extends Pick<PictureInput, "result" | "groups"> {
  exponent: number;
}

/** The same study with values of 10^-300 as ones: its indices have no unit, its axes get readable numbers. */
function inReadableUnits({ result, groups }: PictureInput): Drawn {
  const exponent = exponentFor(groups);
  if (exponent === 0) return { result, groups, exponent };
  const scale = inPowers(exponent);
  const scaled = groups.map((group) => group.map(scale));
  const { gauge, plan } = result;
  const gaugeDeviation = gauge === null ? undefined : scale(gauge.deviation);
  const limits = limitsInPowers(plan.limits, scale);
  // Of values and limits that are farther apart than numbers go, none is brought near to one.
  if (!Object.values(limits).every(Number.isFinite)) return { result, groups, exponent: 0 };
  const judged = judgeCapability({ groups: scaled, gaugeDeviation }, { ...plan, limits });
  // The verdict is that on the values as they were given.
  const { status, passed, reason, planDigest } = result;
  return { result: { ...judged, status, passed, reason, planDigest }, groups: scaled, exponent };
}

const GAP = 16;
const PANELS = 6;

function panelsOf({ result, groups }: Drawn, boxAt: (index: number) => Box): string[] {
  const charts = result.stability?.charts;
  const input = { result, groups };
  return [
    drawControlChart(boxAt(0), charts?.location, result),
    drawControlChart(boxAt(1), charts?.spread, result),
    drawLastValues(boxAt(2), input),
    drawHistogram(boxAt(3), input),
    drawProbabilityPlot(boxAt(4), input),
    drawCapabilityPanel(boxAt(5), result),
  ];
}

/** Of the sheet, unless notes leave the panels too little of it. */
const WIDE_HEIGHT = 840;
const WIDE_PANEL_MIN = 206;
/** Lines of a note that is longer are cut: all of it is in the figures that `--json` prints. */
const NOTE_LINES = { wide: 3, narrow: 8 };

function wideLayout(header: Header, drawn: Drawn, notes: readonly string[]): PageLayout {
  const { width, margin } = WIDE;
  const lines = (y: number) =>
    drawLines({ x: margin, y, width: width - 2 * margin, height: 0 }, notes, NOTE_LINES.wide);
  const noteHeight = lines(0).bottom;
  const around = WIDE_HEADER + 2 * GAP + 4 + noteHeight + 14;
  const rowHeight = Math.max(WIDE_PANEL_MIN, (WIDE_HEIGHT - around) / 3);
  const height = Math.ceil(around + 3 * rowHeight);
  const first = height - 14 - noteHeight + SMALL_LINE;
  const columnWidth = (width - 2 * margin - GAP) / 2;
  const boxAt = (index: number): Box => ({
    x: margin + Math.floor(index / 3) * (columnWidth + GAP),
    y: WIDE_HEADER + (index % 3) * (rowHeight + GAP),
    width: columnWidth,
    height: rowHeight,
  });
  return {
    height,
    content: [drawWideHeader(header), ...panelsOf(drawn, boxAt), lines(first).text],
  };
}

const NARROW_PANEL = 230;
/** The last has a table, with the checks below it. */
const NARROW_LAST = 318;

function narrowLayout(header: Header, drawn: Drawn, notes: readonly string[]): PageLayout {
  const { width, margin } = NARROW;
  const { text, bottom } = drawNarrowHeader(header);
  const boxAt = (index: number): Box => ({
    x: margin,
    y: bottom + index * (NARROW_PANEL + GAP),
    width: width - 2 * margin,
    height: index === PANELS - 1 ? NARROW_LAST : NARROW_PANEL,
  });
  const last = boxAt(PANELS - 1);
  const below = { ...last, y: last.y + last.height + GAP + 4 };
  const lines = drawLines(below, notes, NOTE_LINES.narrow);
  return { height: Math.ceil(lines.bottom + 8), content: [text, ...panelsOf(drawn, boxAt), lines.text] };
}

const TONES: Record<CapabilityStatus, Header["tone"]> = {
  capable: "good",
  "not-capable": "bad",
  unsupported: "doubtful",
  "gauge-limited": "doubtful",
  "not-computable": "doubtful",
};

function headerOf({ result: given, title }: PictureInput, { result, exponent }: Drawn): Header {
  const { status, n, subgroups, plan, mean, overall } = result;
  const figures = [
    `n = ${n}`,
    subgroups < n ? `${subgroups} subgroups` : "individual values",
    formatLimits(plan.limits),
    `mean ${formatBy(mean, overall?.sigma.value, [plan.limits.lower, plan.limits.upper])}`,
    describePower(exponent),
  ];
  return {
    title: `Process capability of ${title}`,
    figures: figures.filter((text) => text !== ""),
    status,
    tone: TONES[status],
    reason: shortReason(given),
  };
}

function shortReason({ reason, status, checks }: CapabilityResult): string {
  if (status !== "unsupported") return reason;
  const failed = checks.filter((check) => check.status === "failed" || check.status === "not-computable");
  return `${reason.split(", but")[0]}, but ${failed.map(({ name }) => name).join(", ")} did not hold`;
}

function notesOf({ result, groups }: Drawn, { plan, planDigest }: CapabilityResult): string[] {
  const { within, stability } = result;
  const method = within === null ? "" : `, sigma within by ${within.sigma.method.replaceAll("-", " ")}`;
  const confidence = formatFigure(100 * (plan.confidence ?? 0.95));
  return [
    ...(stability === null ? [] : signalNotes(stability)),
    ...(result.n < THINNED_MIN ? [] : [thinningNote(groups.length)]),
    ...limitsNote(groups.length),
    `Bounds at ${confidence} % confidence${method}. Plan sha256 ${planDigest}`,
  ];
}

function thinningNote(count: number): string {
  const charts =
    count < THINNED_MIN
      ? ""
      : `Of the ${count} points the charts draw the first, the last, the lowest and the highest of each column of pixels; every signal has its mark. `;
  return `${charts}Marks that lie on one another are drawn once; the probability plot has every so many values of the middle, and all of the ends.`;
}

function signalNotes({ signals, charts }: NonNullable<CapabilityResult["stability"]>): string[] {
  const { location, spread } = charts;
  const sigma = location.sigma[0];
  const points = signalsByPoint(signals, location.points).map(
    (signal) => `${signal.point}: ${ruleNumbersOf(signal).join("+")} (${formatBy(signal.value, sigma)})`,
  );
  const meanings = signals.map(({ rule }) => `${rule.slice(3)} ${RULES[rule]}`);
  const beyond = pointsOutside(spread).map(
    (point) => `${point} (${formatBy(spread.points[point - 1], spread.sigma[0])})`,
  );
  return [
    points.length === 0
      ? `${CHART_NAMES[location.kind]}: no signal by the rules of Western Electric.`
      : `${CHART_NAMES[location.kind]}, signals at ${points.length} points by Western Electric, point: rules (value): ${points.join(", ")}.`,
    ...(meanings.length === 0 ? [] : [`Rules: ${meanings.join("; ")}.`]),
    beyond.length === 0
      ? `${CHART_NAMES[spread.kind]}: no point beyond its limits.`
      : `${CHART_NAMES[spread.kind]}, beyond its limits, point (value): ${beyond.join(", ")}.`,
  ];
}
