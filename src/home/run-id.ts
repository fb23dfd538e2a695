/** Sorts by time: `20261121T035210123Z-5f3a9c`. */
export function newRunId(at: Date): string {
  // Told apart, not kept secret: node:crypto would take longer to load than a run without work takes.
  const digits = Math.floor(Math.random() * 0x1_00_00_00).toString(16);
  return `${at.toISOString().replaceAll(/[-:.]/g, "")}-${digits.padStart(6, "0")}`;
}
