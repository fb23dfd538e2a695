import type { Source } from "pipelite";
import { fitLine, parseReadings, residualOf } from "./line.ts";

interface Inputs {
  /** A CSV of celsius and volts. */
  readings: Source;
}

/** A stage returns its files: text and bytes are written as they are, anything else as JSON. */
export default async function fit({ readings }: Inputs) {
  const points = parseReadings(await readings.text());
  const line = fitLine(points);
  console.log(`fitted a line to ${points.length} readings`);
  return { "line.json": { ...line, points, residuals: points.map((point) => residualOf(line, point)) } };
}
