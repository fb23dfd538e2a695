// Reading JSON of which nothing is known: each reader returns a value of its kind or throws RangeError with the place.

export type Fields = Readonly<Record<string, unknown>>;

export function readFields(value: unknown, at: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(at, "an object");
  return Object.fromEntries(Object.entries(value));
}

export function readList(value: unknown, at: string): unknown[] {
  return Array.isArray(value) ? value : refuse(at, "a list");
}

export function readText(value: unknown, at: string): string {
  return typeof value === "string" ? value : refuse(at, "text");
}

export function readCount(value: unknown, at: string): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(at, "a natural number");
}

export function readNumber(value: unknown, at: string): number {
  return typeof value === "number" && Number.isFinite(value) ? value : refuse(at, "a number");
}

export function readCounts(value: unknown, at: string): number[] {
  return readList(value, at).map((item, index) => readCount(item, `${at}[${index}]`));
}

/** A positive integer as a decimal string without leading zeros. */
export function readInteger(value: unknown, at: string): bigint {
  const text = readText(value, at);
  return /^[1-9][0-9]{0,9999}$/.test(text) ? BigInt(text) : refuse(at, "a positive integer in decimal");
}

function refuse(at: string, wanted: string): never {
  throw new RangeError(`${at} is not ${wanted}`);
}
