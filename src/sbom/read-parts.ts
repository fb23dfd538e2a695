// What is read of a bill of materials, whatever its format, and how members of JSON are looked at that may have any form.
import { isObject, type Members } from "#base/strict-json.ts";

export interface ReadComponent {
  /** What the document calls it. */
  ref: string;
  /** The store path that it is; undefined for a package in one. */
  path?: string;
  name?: string;
  version?: string;
  supplier?: string;
  /** Package URLs and CPEs. */
  identifiers: string[];
  /** SHA-256, hex; undefined also where there is another hash beside it. */
  hash?: string;
  narSize?: number;
  licence?: string;
}

export interface ReadBom {
  format: string;
  /** What the document is of. */
  main: ReadComponent | undefined;
  /** All others, as often as they stand there. */
  components: ReadComponent[];
  /** What depends on what: from -> to, by what the document calls them. */
  dependencies: Map<string, string[]>;
  /** What is in what. */
  contents: Map<string, string[]>;
  author?: string;
  tool?: string;
  time?: string;
  isTimeFixed: boolean;
  /** At which phase of the life of the software it was made. */
  phase?: string;
}

export function narSizeIn(comment: unknown): number | undefined {
  const digits = /^NAR of (\d+) bytes$/.exec(nonEmptyText(comment) ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The value of the one that is there: of several nobody knows which is read by whom. */
export function onlyOne(values: readonly Members[], isMeant: (value: Members) => boolean): Members {
  const [value, other] = values;
  return value !== undefined && other === undefined && isMeant(value) ? value : {};
}

export function add(to: Map<string, string[]>, key: string, values: readonly string[]): void {
  const known = to.get(key);
  if (known === undefined) to.set(key, [...values]);
  else known.push(...values);
}

export function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function nonEmptyText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function known<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
