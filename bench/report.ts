// What was measured, as Markdown, and its place in docs/benchmarks.md: each table stands between two marks, and the command
// writes what it has measured in between.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Measured, WantedFigure } from "./measure.ts";
import type { PeerTable } from "./peer-jobs.ts";

export interface Result {
  job: string;
  ours: Measured;
  peer: Measured;
  /** Ours over the other's. */
  ratioOfMinima: number;
  ratioOfMedians: number;
  ratioOfProcessorTime: number;
  target: number;
  limit: string;
  figures: (Omit<WantedFigure, "of"> & { value: number | undefined })[];
  /** One-minute load of the machine, before and after. */
  load: [number, number];
}

/** A job whose other side is not here. */
export interface Skipped {
  job: string;
  reason: string;
}

export type Host = Readonly<Record<string, string | number>>;

const UNITS =
  "Minimum (median; least processor time) in ms, and the peak memory of the program itself in MiB.";

export function comparison(results: readonly Result[], skipped: readonly Skipped[] = []): string {
  const head = [
    "job",
    "pipelite",
    "beside",
    "ratio of minima",
    "of medians",
    "of processor time",
    "target",
    "runs",
    "load",
  ];
  const rows = results.map(({ job, ours, peer, target, load, ...result }) => [
    job,
    figures(ours),
    `${figures(peer)}; ${peer.name}`,
    shownRatio(result.ratioOfMinima),
    shownRatio(result.ratioOfMedians),
    shownRatio(result.ratioOfProcessorTime),
    `${target.toFixed(2)}: ${verdictOn({ target, load, ...result })}`,
    String(ours.runs),
    shownLoad(load),
  ]);
  rows.push(...skipped.map(({ job, reason }) => [job, `skipped: ${reason}`, ...head.slice(2).map(() => "")]));
  const missed = results
    .filter((result) => verdictOn(result) === "missed")
    .map(({ job, limit }) => missedLine(job, limit));
  const wanted = results.flatMap(({ load, figures: all }) => all.map((each) => ({ ...each, load })));
  const missedFigures = wanted
    .filter((figure) => figure.limit !== undefined && verdictOnFigure(figure) === "missed")
    .map(({ name, limit = "" }) => missedLine(name, limit));
  return [tableOf(head, rows), UNITS, figuresTable(wanted), [...missed, ...missedFigures].join("\n")]
    .filter(Boolean)
    .join("\n\n");
}

function missedLine(what: string, limit: string): string {
  return `- **${what}: missed.** ${limit}`;
}

type LoadedFigure = Result["figures"][number] & Pick<Result, "load">;

function figuresTable(figures: readonly LoadedFigure[]): string {
  if (figures.length === 0) return "";
  const rows = figures.map((figure) => [
    figure.name,
    figure.value === undefined || Number.isNaN(figure.value)
      ? "unavailable"
      : `${shown(figure.value)} ${figure.unit}`,
    figure.target === undefined ? "" : `${figure.target} ${figure.unit}: ${verdictOnFigure(figure)}`,
  ]);
  return tableOf(["figure of Pipelite alone", "measured", "target"], rows);
}

function verdictOnFigure({ value, target, load, isSteady = false }: LoadedFigure): string {
  if (target === undefined || value === undefined || Number.isNaN(value)) return "not judged";
  if (!isSteady && isBusy(load)) return BUSY;
  return value <= target ? "reached" : "missed";
}

/** On a busy machine a program waits for others: its times say nothing about it. */
const LOAD_MAX = 2 * availableParallelism();
const BUSY = "not judged, the machine is busy";
const isBusy = (load: readonly number[]): boolean => Math.max(...load) > LOAD_MAX;

function verdictOn({
  ratioOfMinima,
  target,
  load,
}: Pick<Result, "ratioOfMinima" | "target" | "load">): string {
  if (isBusy(load)) return BUSY;
  return ratioOfMinima <= target ? "reached" : "missed";
}

export function peersTable({ stages, rows, load }: PeerTable): string {
  const head = [
    `${stages.toLocaleString("en")} stages`,
    "first build",
    "again, nothing changed",
    "looks at",
    "sandbox",
  ];
  const lines = rows.map(({ name, looksAt, hasSandbox, missing, cold, noOp }) => {
    const about = [looksAt, hasSandbox ? "yes" : "no"];
    if (missing !== undefined) return [name, `unavailable: ${missing}`, "", ...about];
    return [name, figures(cold), cold?.isOver === true ? "not built" : figures(noOp), ...about];
  });
  return `${tableOf(head, lines)}\n\n${UNITS} Load ${shownLoad(load)}.`;
}

function figures(measured: Measured | undefined): string {
  if (measured === undefined) return "unavailable";
  const { minMs, medianMs, cpuMs, peakMib, isOver } = measured;
  if (isOver) return "over 5 minutes: ended";
  const memory = peakMib === undefined ? "unavailable" : peakMib.toFixed(0);
  return `${shown(minMs)} (${shown(medianMs)}; ${shown(cpuMs)}), ${memory}`;
}

const shown = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
const shownRatio = (ratio: number): string => (Number.isNaN(ratio) ? "unavailable" : ratio.toFixed(2));
const shownLoad = (load: readonly number[]): string => load.map((value) => value.toFixed(1)).join("-");

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** How a table came about, to be repeated. */
export function provenance(name: string, { processor, cores, node, nix }: Host): string {
  return `By \`npm run bench -- --only ${name}\` on ${cores} cores of ${processor}, Node ${node}, Nix ${nix}.`;
}

/** Puts tables where their marks are in a document. */
export function writeTables(file: string, tables: ReadonlyMap<string, string>): void {
  let text = readFileSync(file, "utf8");
  for (const [name, table] of tables) {
    const [start, end] = [`<!-- bench ${name} -->\n`, `\n<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`${file} has no place for ${name}: ${start.trim()} ... ${end.trim()}`);
    text = `${text.slice(0, from + start.length)}\n${table}\n${text.slice(to)}`;
  }
  writeFileSync(file, text);
}
