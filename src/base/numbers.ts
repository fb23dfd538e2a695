// Figures as people read them: with as many digits as say something.

/** A figure with `digits` significant digits, in plain notation where that is short. */
export function formatFigure(value: number | null | undefined, digits = 5): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "-";
  if (!Number.isFinite(value)) return value > 0 ? "\u221E" : "-\u221E";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? rounded.toExponential() : String(rounded);
}

/** A value of the process with two more digits than its spread has: 299.852 for a spread of 0.079. */
export function formatBy(value: number | null | undefined, spread: number | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  if (spread === undefined || !(spread > 0)) return formatFigure(value, 9);
  const decimals = 2 - Math.floor(Math.log10(spread));
  if (decimals > 12 || decimals < -6) return formatFigure(value, 6);
  return value.toFixed(Math.max(0, decimals));
}

/** Capability indices: two decimals, as everybody writes them; large ones shorter. */
export function formatIndex(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  return Math.abs(value) < 1000 ? value.toFixed(2) : value.toExponential(2);
}

export function formatP(p: number | null | undefined): string {
  if (p === null || p === undefined) return "-";
  return p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`;
}
