// What two builds of each variation come to: whether the bytes were the same, what was measured in them, what they took.
import { fisherQuantile, quantileOf } from "../../../src/stats/index.ts";

/** One build by the real engine, in its sandbox. */
export interface Build {
  /** `built`, or another status of a stage. */
  status: string;
  drvPath: string | null;
  narHash: string | null;
  wallMs: number | null;
}

export interface Row {
  seed: number;
  first: Build;
  /** In another home, so that nothing of the first is there to be used again. */
  second: Build;
  /** Largest deviation of a tone from its nominal frequency; null when nothing was measured. */
  largestMicrohertz: { chord: number; walk: number } | null;
}

export interface Study {
  startedAt: string;
  finishedAt: string;
  host: Record<string, string | number>;
  sandbox: string;
  rows: Row[];
}

/**
 * - `reproduced`: built twice from the same derivation, the same bytes;
 * - `different`: built twice, other bytes;
 * - `failed`: a build failed;
 * - `not-built-twice`: an output was taken from somewhere instead of being built.
 */
export type Outcome = "reproduced" | "different" | "failed" | "not-built-twice";

export const OUTCOMES: readonly Outcome[] = ["reproduced", "different", "failed", "not-built-twice"];

export function outcomeOf({ first, second }: Row): Outcome {
  if (first.status === "failed" || second.status === "failed") return "failed";
  if (first.status !== "built" || second.status !== "built") return "not-built-twice";
  if (first.narHash === null || first.drvPath === null) return "not-built-twice";
  return first.narHash === second.narHash && first.drvPath === second.drvPath ? "reproduced" : "different";
}

/**
 * Largest proportion with which so few cases, or fewer, would be seen with a probability of 5 %. Source: C. Clopper and
 * E. Pearson, Biometrika 26 (1934), by quantiles of F.
 */
export function proportionBound(seen: number, of: number): number {
  if (seen === of) return 1;
  const [a, b] = [seen + 1, of - seen];
  const f = fisherQuantile(0.95, 2 * a, 2 * b);
  return (a * f) / (b + a * f);
}

export const MARKS = {
  begin: "<!-- Made by `npm run study`: what is changed by hand here is lost. -->",
  end: "<!-- End of what `npm run study` made. -->",
};

/** The page with the study's figures between its two marks. Throws RangeError when it has none. */
export function writePage(page: string, study: Study): string {
  const [before, rest = ""] = page.split(MARKS.begin);
  const [, after] = rest.split(MARKS.end);
  if (before === undefined || after === undefined)
    throw new RangeError("the page has no marks to write between");
  return `${before}${MARKS.begin}\n\n${describe(study)}\n\n${MARKS.end}${after}`;
}

function describe({ rows, startedAt, finishedAt, host, sandbox }: Study): string {
  const outcomes = rows.map(outcomeOf);
  const counts = OUTCOMES.map(
    (outcome) => [outcome, outcomes.filter((one) => one === outcome).length] as const,
  );
  const count = new Map(counts);
  const different = count.get("different") ?? 0;
  const compared = (count.get("reproduced") ?? 0) + different;
  const walls = rows.flatMap(({ first, second }) => [first.wallMs ?? [], second.wallMs ?? []].flat());
  const largest = (part: "chord" | "walk"): string =>
    Math.max(...rows.flatMap(({ largestMicrohertz }) => largestMicrohertz?.[part] ?? [])).toFixed(2);
  const facts = [...Object.entries(host).map((entry) => entry.join(" ")), `sandbox ${sandbox}`].join(", ");
  const bound = (100 * proportionBound(different, compared)).toFixed(2);
  return [
    `From ${startedAt.slice(0, 16)} to ${finishedAt.slice(0, 16)} UTC, one build at a time. ${facts}.`,
    "",
    ...counts.map(([outcome, number]) => `- ${outcome}: ${number} of ${rows.length}`),
    "",
    `Of ${compared} variations built twice, ${different} differed: with 95 % confidence at most ${bound} % of such variations`,
    "do (Clopper and Pearson, one-sided).",
    "",
    `The tone farthest from its nominal frequency was off by ${largest("chord")} microhertz in the chords and by`,
    `${largest("walk")} in the steps of the walk. A build took ${quantileOf(walls, 0.5).toFixed(0)} ms in the median, ` +
      `${quantileOf(walls, 0.95).toFixed(0)} at the 95th percentile.`,
  ].join("\n");
}

/** One row a line, so that a change of one is a change of one line. */
export function writeStudy({ rows, ...head }: Study): string {
  const lines = rows.map((row) => JSON.stringify(row)).join(",\n");
  return `{"study":${JSON.stringify(head)},\n"rows":[\n${lines}\n]}\n`;
}

export function parseStudy(text: string): Study {
  const { study, rows } = JSON.parse(text) as { study: Omit<Study, "rows">; rows: Row[] };
  return { ...study, rows };
}
