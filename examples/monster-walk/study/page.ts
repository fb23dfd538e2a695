// The study as Markdown: what README.md has between its two marks. Every figure is computed here from the rows.
import { formatFigure, formatIndex } from "../../../src/base/numbers.ts";
import type { Analysis, Capability, Series } from "./analysis.ts";
import type { RowOutcome, Study } from "./rows.ts";

export const MARKS = {
  begin: "<!-- Made by `npm run study`: what is changed by hand here is lost. -->",
  end: "<!-- End of what `npm run study` made. -->",
} as const;

/** The text between the marks. */
export function writePage(study: Study, analysis: Analysis): string {
  return [
    about(study),
    "### The same bytes twice",
    outcomes(study, analysis),
    "### Measured frequencies",
    capabilities(study, analysis),
    "### What the builds took",
    times(study, analysis),
  ].join("\n\n");
}

/** A page with what is between its marks replaced; undefined when it has no marks. */
export function replaceMarked(page: string, content: string): string | undefined {
  const begin = page.indexOf(MARKS.begin);
  const end = page.indexOf(MARKS.end);
  if (begin === -1 || end < begin) return undefined;
  return `${page.slice(0, begin + MARKS.begin.length)}\n\n${content}\n\n${page.slice(end)}`;
}

function about({ asked, startedAt, finishedAt, host, sandbox, sources }: Study): string {
  const facts = Object.entries(host).map(([name, value]) => `${name} ${value}`);
  const from = Object.entries(sources).map(([name, source]) => `${name}: ${source}`);
  return wrap(
    `Made by \`npm run study -- --runs ${asked}\`, from ${minute(startedAt)} to ${minute(finishedAt)}, one build at a ` +
      `time in sandbox ${sandbox}. Host: ${facts.join(", ")}. Sources of the figures of a build: ${from.join(", ")}.`,
  );
}

function outcomes({ asked, rows }: Study, { seeds, unreproduced }: Analysis): string {
  const compared = seeds.reproduced.length + seeds.different.length;
  const words: Record<RowOutcome, string> = {
    reproduced: "reproduced: the same derivation built twice gave the same NAR hash",
    different: "not reproduced: other bytes",
    failed: "failed: a build ended with an error",
    "not-built-twice": "skipped: one of the two was not built",
  };
  const table = formatRows([
    ["variations", "of", "outcome", "seeds"],
    ...Object.entries(words).map(([outcome, text]) => {
      const found = seeds[outcome as RowOutcome];
      return [String(found.length), String(asked), text, listSeeds(found, rows.length)];
    }),
  ]);
  const { bound, confidence } = unreproduced;
  const limit =
    bound === undefined
      ? "No variation was built twice, so nothing is said about the others."
      : `Of ${compared} variations built twice, ${seeds.different.length} differed: with ${percent(confidence)} ` +
        `confidence at most ${percent(bound)} of such variations do (Clopper and Pearson, one-sided).`;
  return `${table}\n\n${wrap(limit)}`;
}

function capabilities({ asked }: Study, { chord, walk }: Analysis): string {
  const [inChord, inWalk] = [columnOf(chord, asked), columnOf(walk, asked)];
  const names = Object.keys(inChord);
  const table = formatRows([
    ["figure", "chord", "step of the walk"],
    ...names.map((name) => [name, inChord[name] ?? "-", inWalk[name] ?? "-"]),
  ]);
  const checks = [
    ["chord", chord],
    ["walk", walk],
  ] as const;
  const lines = checks.flatMap(([name, { result }]) =>
    result.checks.map(({ name: check, status, reason }) => `- ${name}, ${check}: ${status} (${reason})`),
  );
  const reasons = checks.map(([name, { result }]) => `- ${name}: ${result.reason}`);
  return `${table}\n\n${[...reasons, ...lines].join("\n")}`;
}

function columnOf({ result, groups }: Capability, asked: number): Record<string, string> {
  const { within, overall, gauge, plan, n } = result;
  const { lower, upper } = plan.limits;
  return {
    verdict: result.status,
    values: `${n} tones in ${groups.length} of ${asked} variations`,
    "limits (deviation from nominal)": `${formatFigure(lower)} to ${formatFigure(upper)} Hz`,
    mean: `${formatFigure(result.mean, 3)} Hz`,
    "standard deviation of all values": `${formatFigure(deviationOf(groups), 3)} Hz`,
    "standard error of a measurement": `${formatFigure(gauge?.deviation, 3)} Hz`,
    "distinct categories": formatFigure(gauge?.distinctCategories),
    "Cpk, lower 95 % bound": `${formatIndex(within?.nearest.value)}, ${formatIndex(within?.nearest.lowerBound)}`,
    "Ppk, lower 95 % bound": `${formatIndex(overall?.nearest.value)}, ${formatIndex(overall?.nearest.lowerBound)}`,
    "sha256 of the plan": `\`${result.planDigest.slice(0, 16)}...\``,
  };
}

/** Of what was seen, without the gauge in it. */
function deviationOf(groups: readonly (readonly number[])[]): number {
  const values = groups.flat();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function times({ asked }: Study, { series }: Analysis): string {
  const table = formatRows([
    [
      "figure of a build",
      "builds",
      "mean",
      "deviation",
      "median",
      "95 % below",
      "centre and limits",
      "signals",
      "stable",
    ],
    ...series.map((each) => [
      `${each.name}, ${each.unit}`,
      `${each.values.length} of ${2 * asked}`,
      ...[each.mean, each.deviation, each.median, each.upper].map((value) => formatFigure(value, 4)),
      limitsOf(each),
      signalsOf(each),
      each.stability === undefined ? "not-computable" : each.stability.isStable ? "yes" : "no",
    ]),
  ]);
  const reasons = series.flatMap(({ name, stability }) =>
    stability === undefined || stability.isStable ? [] : [`- ${name}: ${stability.reason}`],
  );
  return reasons.length === 0 ? table : `${table}\n\nNot stable:\n\n${reasons.join("\n")}`;
}

function limitsOf({ stability }: Series): string {
  if (stability === undefined) return "-";
  const { centre, lower, upper } = stability.charts.location;
  const [low, middle, high] = [lower.at(-1), centre, upper.at(-1)].map((value) => formatFigure(value, 4));
  return `${middle} (${low} to ${high})`;
}

/** Points of each rule of Western Electric. */
function signalsOf({ stability }: Series): string {
  if (stability === undefined) return "-";
  const words = stability.signals.map(({ rule, points }) => `${rule}: ${points.length}`);
  return words.join(", ") || "none";
}

function listSeeds(seeds: readonly number[], of: number): string {
  if (seeds.length === 0) return "none";
  return seeds.length === of ? "all" : seeds.join(", ");
}

function percent(part: number): string {
  return `${formatFigure(100 * part, 3)} %`;
}

function minute(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** A Markdown table with its columns aligned. */
function formatRows(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [first, ...rest] = rows.map(format);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [first, rule, ...rest].join("\n");
}

function wrap(text: string): string {
  const COLUMNS = 120;
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.join("\n");
}
