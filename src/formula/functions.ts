// What formulas may call on values: aggregates over all numbers of a list however deep, functions of each number, and the
// statistics of src/stats. Functions of files, `if`, `optional` and `realise` are in formula.ts, because they decide
// what is looked at.
import { canonicalJson } from "#base/canonical-json.ts";
import { parseMoment } from "#base/moment.ts";
import { judgeCapability } from "#stats/gate.ts";
import { computeIndices, describeGroups } from "#stats/indices.ts";
import { deviationOf, meanOf, medianOf, quantileOf, sumOf } from "#stats/moments.ts";
import { normalQuantile } from "#stats/normal.ts";
import { SIGMA_METHODS, estimateSigma, type SigmaMethod } from "#stats/sigma.ts";
import { longestChain } from "./longest-chain.ts";
import type { Value } from "./value.ts";

/** What is wrong with a call; the place is added where it is caught. */
export class CallProblem extends Error {}

type Call = (...values: Value[]) => Value;

interface Row {
  /** Least and most number of arguments. */
  takes: readonly [number, number];
  call: Call;
  /** What an item costs, where it is far more than one of a sum. */
  weight?: number;
}

/** A study of capability takes some microseconds for each value. */
const CAPABILITY_WEIGHT = 10;

function one(call: (value: Value) => Value): Row {
  return { takes: [1, 1], call: (value = null) => call(value) };
}

/** Of all numbers in a list; `least` of them there must be. */
function aggregate(call: (numbers: number[]) => number, least = 1): Row {
  return one((value) => {
    const numbers = numbersOf(value);
    if (numbers.length < least)
      throw new CallProblem(`it needs ${least} ${least === 1 ? "number" : "numbers"}, not ${numbers.length}`);
    return call(numbers);
  });
}

/** Of each number, lists staying lists. */
function each(call: (number: number) => number): Row {
  return one((value) => mapNumbers(value, call));
}

export const FUNCTIONS: Readonly<Record<string, Row>> = {
  count: one((value) => flat(value).length),
  countOf: {
    takes: [2, 2],
    call: (list = null, wanted = null) => flat(list).filter((item) => item === wanted).length,
  },
  sum: aggregate((numbers) => sumOf(numbers), 0),
  min: aggregate((numbers) => numbers.reduce((a, b) => Math.min(a, b))),
  max: aggregate((numbers) => numbers.reduce((a, b) => Math.max(a, b))),
  mean: aggregate(meanOf),
  meanEach: one((value) => groupsOf(value).map(meanOf)),
  median: aggregate(medianOf),
  sd: aggregate(deviationOf, 2),
  quantile: {
    takes: [2, 2],
    call: (list = null, p = null) => quantileOf(numbersOf(list), numberValue(p)),
  },
  all: one((value) => flat(value).every(booleanValue)),
  any: one((value) => flat(value).some(booleanValue)),
  present: one((value) => flat(value).filter((item) => item !== null)),
  flatten: one((value) => flat(value)),
  unique: one((value) => [...new Set(flat(value))]),
  transpose: one((value) => transpose(listsOf(value))),
  at: { takes: [2, 2], call: (list = null, index = null) => itemAt(listOf(list), numberValue(index)) },
  abs: each(Math.abs),
  sqrt: each(Math.sqrt),
  exp: each(Math.exp),
  ln: each(Math.log),
  floor: each(Math.floor),
  ceil: each(Math.ceil),
  round: each(Math.round),
  normalQuantile: each(normalQuantile),
  significant: {
    takes: [2, 2],
    call: (value = null, digits = null) => {
      const places = numberValue(digits);
      if (!Number.isInteger(places) || places < 1 || places > 17)
        throw new CallProblem("digits are a whole number from 1 to 17");
      return mapNumbers(value, (number) => Number(number.toPrecision(places)) + 0);
    },
  },
  sigma: {
    takes: [2, 2],
    call: (groups = null, method = null) => estimateSigma(groupsOf(groups), methodOf(method)).value,
  },
  freedom: {
    takes: [2, 2],
    call: (groups = null, method = null) =>
      estimateSigma(groupsOf(groups), methodOf(method)).degreesOfFreedom,
  },
  cpk: { takes: [3, 4], call: (...values) => indexOf(values).value },
  cpkLowerBound: { takes: [3, 4], call: (...values) => indexOf(values).lowerBound },
  capabilityBound: {
    takes: [3, 4],
    call: (...values) => capabilityOf(values).bound,
    weight: CAPABILITY_WEIGHT,
  },
  capabilityStatus: {
    takes: [3, 5],
    call: (...values) => capabilityOf(values).status,
    weight: CAPABILITY_WEIGHT,
  },
  criticalPath: {
    takes: [3, 3],
    call: (names = null, inputs = null, durations = null) =>
      longestChain(
        listOf(names).map(textValue),
        listOf(inputs).map((list) => listOf(list).map(textValue)),
        numbersOf(durations),
      ).total,
  },
  time: one((value) => {
    const ms = parseMoment(textValue(value));
    if (Number.isNaN(ms)) throw new CallProblem("it is no time of ISO 8601 with its zone");
    return ms;
  }),
  json: one((value) => textOfJson(value)),
};

const TEXT_LENGTH_MAX = 1 << 20;

/** JSON of text doubles its quotes and backslashes, so a chain of calls would grow without end. */
function textOfJson(value: Value): string {
  const text = canonicalJson(value);
  if (text.length <= TEXT_LENGTH_MAX) return text;
  throw new CallProblem(`json gives more than ${TEXT_LENGTH_MAX} characters`);
}

/** `cpk(groups, lower, upper [, method])`, 95 %, Bissell's bound. */
function indexOf([groups = null, lower = null, upper = null, method]: Value[]) {
  const given = groupsOf(groups);
  const sigma = estimateSigma(given, method === undefined ? undefined : methodOf(method));
  return computeIndices({ ...describeGroups(given), sigma }, limitsOf(lower, upper)).nearest;
}

/** `capabilityBound(groups, lower, upper [, uncertainty])`: what the gate of src/stats judges. */
function capabilityOf([groups = null, lower = null, upper = null, gauge = null, minimum = null]: Value[]) {
  return judgeCapability(
    { groups: groupsOf(groups), ...(gauge !== null && { gaugeDeviation: numberValue(gauge) }) },
    { limits: limitsOf(lower, upper), ...(minimum !== null && { minimum: numberValue(minimum) }) },
  );
}

function limitsOf(lower: Value, upper: Value) {
  return {
    ...(lower !== null && { lower: numberValue(lower) }),
    ...(upper !== null && { upper: numberValue(upper) }),
  };
}

function methodOf(value: Value): SigmaMethod {
  const method = SIGMA_METHODS.find((known) => known === value);
  if (method === undefined) throw new CallProblem(`a method is one of ${SIGMA_METHODS.join(", ")}`);
  return method;
}

export function kindOf(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return (
    { number: "a number", string: "text", boolean: "a truth value" }[typeof value as string] ?? "an object"
  );
}

export function numberValue(value: Value): number {
  if (typeof value === "number") return value;
  throw new CallProblem(`${kindOf(value)} is not a number`);
}

export function booleanValue(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw new CallProblem(`${kindOf(value)} is no truth value`);
}

export function textValue(value: Value): string {
  if (typeof value === "string") return value;
  throw new CallProblem(`${kindOf(value)} is not text`);
}

function listOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  throw new CallProblem(`${kindOf(value)} is not a list`);
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function listsOf(value: Value): (readonly Value[])[] {
  return listOf(value).map(listOf);
}

function groupsOf(value: Value): number[][] {
  return listsOf(value).map((group) => group.map(numberValue));
}

/** All items of a list however deep; a single value is a list of one. */
function flat(value: Value): Value[] {
  return isList(value) ? value.flatMap(flat) : [value];
}

function numbersOf(value: Value): number[] {
  return flat(value).map(numberValue);
}

export function mapNumbers(value: Value, call: (number: number) => number): Value {
  return isList(value) ? value.map((item) => mapNumbers(item, call)) : call(numberValue(value));
}

function transpose(lists: readonly (readonly Value[])[]): Value {
  const [first = []] = lists;
  const odd = lists.find((list) => list.length !== first.length);
  if (odd !== undefined)
    throw new CallProblem(
      `its lists have ${first.length} and ${odd.length} items: they must have the same number`,
    );
  return first.map((_, index) => lists.map((list) => list[index] ?? null));
}

/** From 0. */
function itemAt(list: readonly Value[], index: number): Value {
  const item = list[index];
  if (item === undefined) throw new CallProblem(`there is no item ${index} in a list of ${list.length}`);
  return item;
}
