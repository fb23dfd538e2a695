// Shapes: what a value that came from a file must look like before anything is done with it. A shape is typed by the
// interface that it checks, so that the two can't come apart: an object names every member of it, and no other is allowed.
import { parseMoment } from "./moment.ts";
import { isObject } from "./strict-json.ts";

/** The first fault, as the place of the value and what is wrong there (`/stages/3/name is not text`); undefined for none. */
export interface Shape<T> {
  (value: unknown): string | undefined;
  /** Never set: what ties the shape to its type. */
  readonly of?: T;
}

interface Optional<T> extends Shape<T> {
  readonly isOptional: true;
}

export type ShapeMembers<T> = {
  readonly [K in keyof T]-?: {} extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Shape<T[K]>;
};

/** The value, if it has the shape. @throws SyntaxError with the place of the first fault */
export function requireShape<T>(shape: Shape<T>, value: unknown): T {
  const fault = shape(value);
  if (fault !== undefined) throw new SyntaxError(fault.startsWith("/") ? fault : `it${fault}`);
  return value as T;
}

export function object<T extends object>(members: ShapeMembers<T>): Shape<T> {
  const entries = Object.entries<Shape<unknown> | Optional<unknown>>(members);
  const known = new Set(Object.keys(members));
  return (value) => {
    if (!isObject(value)) return " is not an object";
    const fields = value;
    for (const [name, shape] of entries) {
      if (!Object.hasOwn(fields, name)) {
        if ("isOptional" in shape) continue;
        return `/${name} is missing`;
      }
      const fault = shape(fields[name]);
      if (fault !== undefined) return `/${name}${fault}`;
    }
    const other = Object.keys(fields).find((name) => !known.has(name));
    return other === undefined ? undefined : `/${other} is no member that is known`;
  };
}

export function optional<T>(shape: Shape<T>): Optional<T> {
  return Object.assign((value: unknown) => shape(value), { isOptional: true } as const);
}

export function list<T>(item: Shape<T>): Shape<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return " is not a list";
    for (const [index, each] of value.entries()) {
      const fault = item(each);
      if (fault !== undefined) return `/${index}${fault}`;
    }
    return undefined;
  };
}

/** An object with any names, whose values are all alike. */
export function mapOf<T>(item: Shape<T>): Shape<Record<string, T>> {
  return (value) => {
    if (!isObject(value)) return " is not an object";
    for (const [name, each] of Object.entries(value)) {
      const fault = name.isWellFormed() ? item(each) : " has no name of Unicode";
      if (fault !== undefined) return `/${name}${fault}`;
    }
    return undefined;
  };
}

/** Text of Unicode: without half of a surrogate pair. */
export const text: Shape<string> = (value) =>
  typeof value === "string" && value.isWellFormed() ? undefined : " is not text";

export function matching(pattern: RegExp, what: string): Shape<string> {
  return (value) => (typeof value === "string" && pattern.test(value) ? undefined : ` is no ${what}`);
}

/** A number of this size is one that a figure can have: JSON has larger ones that overflow when two are multiplied. */
const FIGURE_MAX = 1e18;

/** A measured amount. */
export const amount: Shape<number> = (value) =>
  typeof value === "number" && value >= 0 && value <= FIGURE_MAX ? undefined : " is no amount";

/** A whole number, 0 or more, that a double holds exactly. */
export const count: Shape<number> = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : " is no count";

export const integer: Shape<number> = (value) =>
  Number.isSafeInteger(value) ? undefined : " is no whole number";

export function oneOf<const T extends string | number | boolean | null>(...values: T[]): Shape<T> {
  return (value) => (values.includes(value as T) ? undefined : ` is none of ${values.join(", ")}`);
}

/** Not `1e400`, which is infinite. */
export const scalar: Shape<string | number | boolean | null> = (value) => {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : " is too large a number";
  return value === null || typeof value === "boolean" ? undefined : text(value);
};

/** Anything that JSON can say, with text of Unicode. */
export const json: Shape<unknown> = (value) => {
  if (Array.isArray(value)) return list(json)(value);
  return typeof value === "object" && value !== null ? mapOf(json)(value) : scalar(value);
};

/** A moment as `Date.toISOString` writes it. */
export const time: Shape<string> = (value) =>
  typeof value === "string" &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(parseMoment(value))
    ? undefined
    : " is no time";

/** `sha256:<hex>` */
export const digest: Shape<string> = matching(/^sha256:[0-9a-f]{64}$/, "digest");
