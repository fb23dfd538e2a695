import { randomBytes } from "node:crypto";

/** Sorts by time: `20261121T035210123Z-5f3a9c`. */
export function newRunId(at: Date): string {
  return `${at.toISOString().replaceAll(/[-:.]/g, "")}-${randomBytes(3).toString("hex")}`;
}
