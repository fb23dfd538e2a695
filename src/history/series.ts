// What the history of runs measured, as series in the order of the runs: the form that control charts are made of.

/** Figures of a stage, of the run that built it. `duration` is what the run spent on it, the others what building took. */
export const FIGURES = ["wall", "cpu", "memory", "io", "duration"] as const;

export type FigureName = (typeof FIGURES)[number];

export interface Point {
  runId: string;
  startedAt: string;
  value: number;
  /** The machine, as text: charts over several machines say so. */
  host: string;
}

/** One measured value over the runs that really measured it, oldest first. */
export interface MeasuredSeries {
  pipeline: string;
  /** `<stage>/<figure>`, or the id of a claim; `run/duration` of the run itself. */
  subject: string;
  /** `check`: a claim that a stage stated in its verdict; `claim`: one that follows from the record. */
  kind: "run" | "stage" | "check" | "claim";
  /** Absent for a claim of the run itself. */
  stage?: string;
  figure?: FigureName;
  /** Ids of the claims that state it. */
  claims: readonly string[];
  unit?: string;
  points: readonly Point[];
  /** Points left out because they have another unit than the newest. */
  otherUnits: number;
}
