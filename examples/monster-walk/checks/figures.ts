/** Six significant digits: what is written of a figure that was computed from measurements. */
export function significant(value: number): number {
  return Number(value.toPrecision(6)) + 0;
}
