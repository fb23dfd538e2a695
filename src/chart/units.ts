// A power of a thousand that leaves few zeros on the axes: values of some millionths are drawn in millionths.
import { largest } from "#base/extremes.ts";
import { typeset } from "#base/numbers.ts";
import type { CapabilityPlan } from "#stats/gate.ts";

/** 0 where values are drawn as they are. */
export function exponentFor(groups: readonly (readonly number[])[]): number {
  const most = largest(
    groups.map((group) => largest(group.map(Math.abs), 0)),
    0,
  );
  if (most === 0 || (most >= 1e-3 && most < 1e6)) return 0;
  return 3 * Math.floor(Math.log10(most) / 3);
}

/** A value in units of 10 to this power. In two steps: a power below the range of numbers can't be divided by. */
export function inPowers(exponent: number): (value: number) => number {
  const half = Math.trunc(exponent / 2);
  return (value) => value / 10 ** half / 10 ** (exponent - half);
}

export function limitsInPowers(limits: CapabilityPlan["limits"], scale: (value: number) => number) {
  const { lower, upper, target } = limits;
  return {
    ...(lower !== undefined && { lower: scale(lower) }),
    ...(upper !== undefined && { upper: scale(upper) }),
    ...(target !== undefined && { target: scale(target) }),
  };
}

/** `in units of 10⁻³⁰⁰` */
export function describePower(exponent: number): string {
  const power = typeset(`1e${exponent}`).replace(/^1\u00A0\u00D7\u00A0/, "");
  return exponent === 0 ? "" : `in units of ${power}`;
}
