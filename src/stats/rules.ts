// Western Electric and Nelson rules: at which points of a control chart a signal is given. A point is named where the
// pattern is complete, as R's qcc does; indices count from 1, as quality engineers and qcc do.

/** What a rule is judged against. A point's zones lie at centre -+ 1, 2 and 3 of its own sigma. */
export interface Zones {
  centre: number;
  /** Standard deviation of a plotted point: one for all, or one each. */
  sigma: number | readonly number[];
}

export const RULES = {
  WER1: "one point beyond 3 sigma",
  WER2: "two of three points beyond 2 sigma on the same side",
  WER3: "four of five points beyond 1 sigma on the same side",
  WER4: "eight points in a row on the same side of the centre",
  NEL1: "one point beyond 3 sigma",
  NEL2: "nine points in a row on the same side of the centre",
  NEL3: "six points in a row rising or falling",
  NEL4: "fourteen points in a row alternating up and down",
  NEL5: "two of three points beyond 2 sigma on the same side",
  NEL6: "four of five points beyond 1 sigma on the same side",
  NEL7: "fifteen points in a row within 1 sigma",
  NEL8: "eight points in a row beyond 1 sigma on both sides",
} as const;

export type Rule = keyof typeof RULES;

export const WESTERN_ELECTRIC: readonly Rule[] = ["WER1", "WER2", "WER3", "WER4"];
export const NELSON: readonly Rule[] = ["NEL1", "NEL2", "NEL3", "NEL4", "NEL5", "NEL6", "NEL7", "NEL8"];

/**
 * Indices (from 1, rising) of the points at which a rule gives a signal.
 * Sources: Western Electric, "Statistical Quality Control Handbook" (1956); L. Nelson, "The Shewhart control chart: tests
 * for special causes", J. Quality Technology 16 (1984).
 */
export function findViolations(values: readonly number[], zones: Zones, rule: Rule): number[] {
  const scores = values.map((value, index) => (value - zones.centre) / sigmaAt(zones, index));
  const signs = scores.map(Math.sign);
  switch (rule) {
    case "WER1":
    case "NEL1":
      return where(scores.map((score) => Math.abs(score) > 3));
    case "WER2":
    case "NEL5":
      return severalOf(scores, { points: 2, window: 3, beyond: 2 });
    case "WER3":
    case "NEL6":
      return severalOf(scores, { points: 4, window: 5, beyond: 1 });
    case "WER4":
      return sameSide(signs, 8);
    case "NEL2":
      return sameSide(signs, 9);
    case "NEL3":
      // Six points are five steps.
      return sameSide([0, ...stepsOf(values)], 5);
    case "NEL4": {
      const steps = stepsOf(values);
      const turns = steps.map((step, index) => index > 0 && step * (steps[index - 1] ?? 0) < 0);
      return runs([false, ...turns], 12);
    }
    case "NEL7":
      return runs(
        scores.map((score) => Math.abs(score) <= 1),
        15,
      );
    case "NEL8":
      return where(
        scores.map((_, index) => {
          const window = scores.slice(Math.max(0, index - 7), index + 1);
          const isOutside = window.length === 8 && window.every((score) => Math.abs(score) > 1);
          return isOutside && window.some((score) => score > 0) && window.some((score) => score < 0);
        }),
      );
  }
}

export interface ChartSignal {
  rule: Rule;
  meaning: string;
  /** From 1. */
  points: number[];
}

/** The rules that give a signal, with the points at which they do. */
export function findSignals(values: readonly number[], zones: Zones, rules: readonly Rule[]): ChartSignal[] {
  return rules
    .map((rule) => ({ rule, meaning: RULES[rule], points: findViolations(values, zones, rule) }))
    .filter(({ points }) => points.length > 0);
}

export interface PointSignal {
  /** From 1. */
  point: number;
  value: number;
  rules: Rule[];
}

/** Signals by rule, as a list by point. */
export function signalsByPoint(signals: readonly ChartSignal[], values: readonly number[]): PointSignal[] {
  const rules = new Map<number, Rule[]>();
  for (const { rule, points } of signals)
    for (const point of points) rules.set(point, [...(rules.get(point) ?? []), rule]);
  return [...rules]
    .map(([point, of]) => ({ point, value: values[point - 1] ?? Number.NaN, rules: of }))
    .toSorted((a, b) => a.point - b.point);
}

function sigmaAt({ sigma }: Zones, index: number): number {
  return typeof sigma === "number" ? sigma : (sigma[index] ?? Number.NaN);
}

function stepsOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => Math.sign(value - (values[index] ?? 0)));
}

function where(conditions: readonly boolean[]): number[] {
  return conditions.flatMap((holds, index) => (holds ? [index + 1] : []));
}

/** Points from which on the condition has held for at least `length` points. */
function runs(conditions: readonly boolean[], length: number): number[] {
  let run = 0;
  return where(
    conditions.map((holds) => {
      run = holds ? run + 1 : 0;
      return run >= length;
    }),
  );
}

function sameSide(signs: readonly number[], length: number): number[] {
  const [above, below] = [1, -1].map((side) =>
    runs(
      signs.map((sign) => sign === side),
      length,
    ),
  ) as [number[], number[]];
  return [...above, ...below].toSorted((a, b) => a - b);
}

/** The point itself must be beyond, with enough of those before it in the window. */
function severalOf(
  scores: readonly number[],
  { points, window, beyond }: { points: number; window: number; beyond: number },
): number[] {
  return where(
    scores.map((_, index) => {
      const part = scores.slice(Math.max(0, index - window + 1), index + 1);
      if (part.length < window) return false;
      return [1, -1].some((side) => {
        const isBeyond = part.map((score) => side * score > beyond);
        return isBeyond.at(-1) === true && isBeyond.filter(Boolean).length >= points;
      });
    }),
  );
}
