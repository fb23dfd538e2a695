// Lines of exports as values: what in them refers to which table, and how to move a reference.
import { readFileSync } from "node:fs";

export type Json = null | string | number | boolean | Json[] | Line;
export interface Line {
  [key: string]: Json;
}
export type Table = "in" | "il" | "ie";
/** For each table, the new index of each old one. */
export type Places = Readonly<Record<Table, readonly number[]>>;

const TABLES: readonly Table[] = ["in", "il", "ie"];
/** What the numbers in a field are indices of. */
const REFERENCES: Readonly<Record<string, Table>> = Object.fromEntries([
  ...["name", "pre", "param", "typeName", "all", "levelParams", "ctors", "ctor", "induct"].map(
    refersTo("in"),
  ),
  ...["us", "sort", "succ", "max", "imax"].map(refersTo("il")),
  ...["fn", "arg", "type", "value", "body", "struct", "rhs"].map(refersTo("ie")),
]);

function refersTo(table: Table): (field: string) => [string, Table] {
  return (field) => [field, table];
}

/** The lines after the first, which says who wrote the export. */
export function parseLines(text: string): Line[] {
  const [, ...lines] = text.trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

export const readLines = (path: string): Line[] => parseLines(readFileSync(path, "utf8"));

/** The table that a line adds to; undefined when it declares something. */
export function tableOf(record: Line): Table | undefined {
  return TABLES.find((table) => table in record);
}

/** A record with each reference changed. */
export function mapReferences(record: Line, change: (table: Table, index: number) => number): Line {
  return mapFields(record, change);
}

function mapFields(record: Line, change: (table: Table, index: number) => number): Line {
  const moved: Line = {};
  for (const field in record) moved[field] = mapValue(field, record[field] ?? null, change);
  return moved;
}

function mapValue(field: string, value: Json, change: (table: Table, index: number) => number): Json {
  if (typeof value === "number") {
    const table = REFERENCES[field];
    return table === undefined ? value : change(table, value);
  }
  if (Array.isArray(value)) return value.map((item) => mapValue(field, item, change));
  return typeof value === "object" && value !== null ? mapFields(value, change) : value;
}

/** Names that a declaration brings in: each `name` in it. */
export function declaredIn(record: Json): number[] {
  if (typeof record !== "object" || record === null) return [];
  const own = !Array.isArray(record) && typeof record["name"] === "number" ? [record["name"]] : [];
  return [...own, ...Object.values(record).flatMap(declaredIn)];
}

/** Names that kernels know: every copy has the same ones. */
const SHARED = /^(?:True|False|Not|And|Or|Eq|Iff|Exists|Bool|Nat|List|Quot|Char|String)$/;

/** Where the first parts of names stand that are declared there and not shared. */
export function ownRoots(records: readonly Line[]): Set<number> {
  const roots = new Map<number, number>();
  const shared = new Set<number>();
  for (const { in: index, str } of records) {
    if (typeof str !== "object" || str === null || Array.isArray(str)) continue;
    const pre = Number(str["pre"]);
    roots.set(Number(index), pre === 0 ? Number(index) : (roots.get(pre) ?? 0));
    if (pre === 0 && typeof str["str"] === "string" && SHARED.test(str["str"])) shared.add(Number(index));
  }
  const declared = records.filter((record) => tableOf(record) === undefined).flatMap(declaredIn);
  return new Set(declared.map((name) => roots.get(name) ?? 0)).difference(shared);
}

/** `record`, the line of a name, with `suffix` at its end. */
export function renamed(record: Line, suffix: string): Line {
  const { str } = record;
  if (typeof str !== "object" || str === null || Array.isArray(str) || typeof str["str"] !== "string")
    return record;
  return { ...record, str: { ...str, str: `${str["str"]}${suffix}` } };
}
