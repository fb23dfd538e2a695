import type { Source } from "pipelite";
import { fitLine, parseReadings, residualOf } from "./line.ts";

interface Inputs {
  /** A CSV of celsius and volts. */
  readings: Source;
  /** Largest distance of a reading from the line, in volts. */
  limit: number;
}

/** A stage returns its files: text and bytes are written as they are, anything else as JSON. */
export default async function fit({ readings, limit }: Inputs) {
  const points = parseReadings(await readings.text());
  const line = fitLine(points);
  const residuals = points.map((point) => residualOf(line, point));
  console.log(`fitted a line to ${points.length} readings`);
  const largest = Number(Math.max(...residuals.map(Math.abs)).toPrecision(6));
  const status = largest <= limit ? ("passed" as const) : ("failed" as const);
  return {
    "line.json": { ...line, points, residuals },
    // What is checked becomes a claim of the run: `pipelite audit` computes it again from the evidence, by the formula.
    "verdict.json": {
      status,
      checks: [
        {
          id: "residuals",
          statement: "Every reading lies near the line",
          value: largest,
          limit,
          unit: "V",
          status,
          formula: "significant(max(abs($1)), 6)",
          accept: "value <= limit",
          evidence: "fit/line.json#/residuals/*",
        },
      ],
    },
  };
}
