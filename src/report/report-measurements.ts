// What was measured and checked, each value beside its limit, and the values themselves as charts.
import type { Claim } from "#home/run-record.ts";
import { judgeCapability } from "#stats/gate.ts";
import type { CapabilityResult } from "#stats/gate.ts";
import { drawControlChart } from "#chart/control-chart.ts";
import { drawHistogram, drawProbabilityPlot } from "#chart/distribution.ts";
import { describePower, exponentFor, inPowers, limitsInPowers } from "#chart/units.ts";
import { escapeMarkup } from "#base/escape.ts";
import { claimsByName, figureOf } from "#standards/facts.ts";
import type { DocumentInput, ClaimSeries } from "#standards/input.ts";
import { all, h, raw } from "./markup.ts";
import type { Child, Html } from "./markup.ts";
import { joinHtml, statusWord, table } from "./report-parts.ts";
import type { ReportParts, Section } from "./report-parts.ts";

export function measurementsSection(input: DocumentInput, parts: ReportParts): Section {
  const checks = claimsByName(input.record).checks();
  return {
    id: "measurements",
    title: "Measurements",
    lead:
      checks.length === 0
        ? "No stage of this pipeline writes a verdict, so nothing was measured against a limit."
        : "Every check that a stage made, with the limit that was fixed before it. Each value leads to its formula and evidence.",
    body: [
      checks.length > 0 && checksTable(checks, parts),
      ...input.series.map((series) => drawable(series, parts)),
    ],
  };
}

function checksTable(checks: readonly Claim[], { figure, limit }: ReportParts): Html {
  const rows = checks.map((claim): Child[] => [
    all(
      h("span", { class: "statement", "data-claim": claim.id, "data-member": "statement" }, claim.statement),
      h("code", { class: "below", "data-claim": claim.id, "data-member": "id" }, claim.id),
    ),
    figure(claim),
    limit(figureOf(claim)),
    statusWord(claim.status),
  ]);
  return table(
    "Checks",
    [
      { head: "Check", isHead: true },
      { head: "Value", isNumber: true },
      { head: "Limit", isNumber: true },
      { head: "Status" },
    ],
    rows,
  );
}

/** A RangeError is how src/stats refuses values: a report is written all the same. */
function drawable(series: ClaimSeries, parts: ReportParts): Html | undefined {
  try {
    return chartsHtml(series, parts);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return h("p", { class: "quiet", "data-chart": series.claim.id }, `Not drawn: ${error.message}`);
  }
}

const PANEL = { x: 0, y: 0, width: 560, height: 250 };
const INSET = 1;

function chartsHtml(
  { claim, place, groups, limits }: ClaimSeries,
  { figure }: ReportParts,
): Html | undefined {
  if (limits === undefined) return undefined;
  const exponent = exponentFor(groups);
  const scale = inPowers(exponent);
  const scaled = groups.map((group) => group.map(scale));
  const isFar = areFar(limits, groups.flat());
  const result = judgeCapability(
    { groups: scaled },
    { limits: isFar ? around(scaled.flat()) : limitsInPowers(limits, scale) },
  );
  // With limits far away, the values would be a single bar.
  const near = isFar ? { ...result, plan: { ...result.plan, limits: {} } } : result;
  const charts = result.stability?.charts;
  const drawn: [string, string][] = [
    ["Control chart", drawControlChart(PANEL, charts?.location, result)],
    ["Chart of the spread", drawControlChart(PANEL, charts?.spread, result)],
    ["Histogram", drawHistogram(PANEL, { result: near, groups: scaled })],
    ["Normal probability plot", drawProbabilityPlot(PANEL, { result, groups: scaled })],
  ];
  return h(
    "figure",
    { class: "charts", "data-chart": claim.id, "data-place": place },
    h(
      "figcaption",
      {},
      h("strong", { "data-claim": claim.id, "data-member": "statement" }, claim.statement),
      ": ",
      figure(claim),
      " ",
      statusWord(claim.status),
      h("code", { class: "below", "data-identifier": "evidence of the claim" }, place),
      h("span", { class: "below" }, "What the indices rest on: ", joinHtml(assumptionsOf(result))),
      isFar && h("span", { class: "below" }, "The limits are too far from the values to be drawn."),
      exponent !== 0 && h("span", { class: "below" }, `Axes ${describePower(exponent)}`),
    ),
    h(
      "div",
      { class: "panels" },
      drawn.map(([title, content]) => svg(title, content)),
    ),
  );
}

/** Whether indices can be computed of the values at all, as the gate of src/stats asks. */
function assumptionsOf({ checks }: CapabilityResult): Html[] {
  const asked = checks.filter(({ status }) => status !== "not-asked");
  return asked.map(({ name, status }) => all(`${name} `, statusWord(status)));
}

const FAR = 20;

type Limits = NonNullable<ClaimSeries["limits"]>;

function extentOf(values: readonly number[]): [number, number] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return [least, values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)];
}

/** Whether the limits are so far apart that the values would be a line between them. */
function areFar({ lower, upper }: Limits, values: readonly number[]): boolean {
  const [least, most] = extentOf(values);
  return Math.max(most, upper ?? most) - Math.min(least, lower ?? least) > FAR * (most - least);
}

/** Limits in place of ones that are not drawn: charts and tests do not go by them. */
function around(values: readonly number[]): Limits {
  const [least, most] = extentOf(values);
  const width = most - least || 1;
  return { lower: least - width, upper: most + width };
}

function svg(title: string, content: string): Html {
  const [width, height] = [PANEL.width + 2 * INSET, PANEL.height + 2 * INSET];
  const box = `${-INSET} ${-INSET} ${width} ${height}`;
  return h(
    "div",
    { class: "chart" },
    raw(`<svg viewBox="${box}" role="img" aria-label="${escapeMarkup(title)}">${content}</svg>`),
  );
}
