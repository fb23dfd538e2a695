// The rows of the study: what two builds of one variation gave. Everything the study says is computed from these.
import type { StageRecord } from "../../../src/home/run-record.ts";

/** One build by the real engine, in its sandbox. */
export interface Build {
  status: StageRecord["status"];
  /** Position among all builds of the study, from 1, in the order of time. */
  order: number;
  drvPath?: string;
  narHash?: string;
  narSize?: number;
  /** Code of the error, for a build that failed. */
  failure?: string;
  wallMs?: number;
  cpuUserMs?: number;
  cpuSystemMs?: number;
  peakMemoryBytes?: number;
}

/** Deviation from the nominal frequency and standard error of the measurement. */
export type Tone = readonly [deviationMicrohertz: number, standardErrorMicrohertz: number];

export interface Row {
  seed: number;
  first?: Build;
  /** In another home, so that nothing of the first is there to be used again. */
  second?: Build;
  /** As measured in the first build's recordings. */
  chord: Tone[];
  walk: Tone[];
}

export interface Study {
  /** Variations that were asked for. */
  asked: number;
  startedAt: string;
  finishedAt: string;
  host: Record<string, string | number>;
  sandbox: string;
  /** Where each figure comes from, as the builds' records say. */
  sources: Record<string, string>;
  rows: Row[];
}

/**
 * - `reproduced`: built twice from the same derivation, the same bytes;
 * - `different`: built twice, other bytes;
 * - `failed`: a build failed;
 * - `not-built-twice`: an output was taken from somewhere instead of being built, or a build is missing.
 */
export type RowOutcome = "reproduced" | "different" | "failed" | "not-built-twice";

export const OUTCOMES: readonly RowOutcome[] = ["reproduced", "different", "failed", "not-built-twice"];

export function outcomeOf({ first, second }: Row): RowOutcome {
  const builds = [first, second];
  if (builds.some((build) => build?.status === "failed")) return "failed";
  if (first?.status !== "built" || second?.status !== "built") return "not-built-twice";
  if (first.narHash === undefined || first.drvPath === undefined) return "not-built-twice";
  return first.narHash === second.narHash && first.drvPath === second.drvPath ? "reproduced" : "different";
}

/** All builds in the order of time. */
export function buildsOf({ rows }: Pick<Study, "rows">): Build[] {
  return rows
    .flatMap(({ first, second }) => [first, second])
    .filter((build) => build !== undefined)
    .toSorted((a, b) => a.order - b.order);
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
