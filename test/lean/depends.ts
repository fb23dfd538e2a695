// Which declarations of an export rest on which, read from its lines; and exports with the same declarations in other orders.
import type { ExportLine } from "#lean/source/terms.ts";

export interface Parts {
  /** The lines that declare nothing: all of them, in their order. */
  readonly lines: readonly string[];
  readonly declarations: readonly Declaration[];
}

export interface Declaration {
  readonly line: string;
  readonly name: string;
  /** Places of other declarations that it needs, itself not among them. */
  readonly needs: ReadonlySet<number>;
}

/** What the kernel knows by name: a literal may be computed with by these. */
const ARITHMETIC = /^(Nat|Bool)(\.|$)/;
const TEXT = /^(Nat|Bool|String|Char|List)(\.|$)/;

export function partsOf(text: string): Parts {
  const lines = text.trim().split("\n");
  const records = lines.map((line) => JSON.parse(line) as ExportLine);
  const names = spelledNames(records);
  const isDeclaration = (record: ExportLine): boolean =>
    !("in" in record || "il" in record || "ie" in record || "meta" in record);
  const places = records.flatMap((record, i) => (isDeclaration(record) ? [i] : []));
  const declarers = new Map<string, number>();
  places.forEach((place, at) =>
    declaredIn(records[place]).forEach((name) => declarers.set(names.get(name) ?? "", at)),
  );
  const uses = new Map<number, ReadonlySet<string>>();
  for (const record of records)
    if ("ie" in record) uses.set(record["ie"] as number, usesOf(record, uses, names));
  const all = [...declarers.keys()];
  const declarations = places.map((place, at): Declaration => {
    const record = records[place] ?? {};
    const used = new Set([...referencesOf(record)].flatMap((index) => [...(uses.get(index) ?? [])]));
    if ("quot" in record)
      all.filter((name) => name === "Eq" || name.startsWith("Quot")).forEach((name) => used.add(name));
    if (used.has("#nat")) all.filter((name) => ARITHMETIC.test(name)).forEach((name) => used.add(name));
    if (used.has("#text")) all.filter((name) => TEXT.test(name)).forEach((name) => used.add(name));
    const needs = new Set(
      [...used].flatMap((name) => declarers.get(name) ?? []).filter((other) => other < at),
    );
    return { line: lines[place] ?? "", name: names.get(declaredIn(record)[0] ?? 0) ?? "", needs };
  });
  return { lines: lines.filter((_, i) => !places.includes(i)), declarations };
}

function spelledNames(records: readonly ExportLine[]): Map<number, string> {
  const names = new Map([[0, ""]]);
  for (const record of records) {
    if (!("in" in record)) continue;
    const { pre, str, i } = (record["str"] ?? record["num"]) as { pre: number; str?: string; i?: number };
    const before = names.get(pre) ?? "";
    names.set(record["in"] as number, `${before === "" ? "" : `${before}.`}${str ?? i}`);
  }
  return names;
}

/** Indices of the names that a record declares. */
function declaredIn(record: unknown): number[] {
  if (typeof record !== "object" || record === null) return [];
  const { name } = record as { name?: number };
  return [...(name === undefined ? [] : [name]), ...Object.values(record).flatMap(declaredIn)];
}

const REFERENCES = ["fn", "arg", "type", "value", "body", "struct", "rhs"];
/** Indices of expressions in a record. */
function referencesOf(record: unknown): Set<number> {
  const found = new Set<number>();
  const walk = (of: unknown): void => {
    if (typeof of !== "object" || of === null) return;
    for (const [key, value] of Object.entries(of)) {
      if (REFERENCES.includes(key) && typeof value === "number") found.add(value);
      else walk(value);
    }
  };
  walk(record);
  return found;
}

function usesOf(
  record: ExportLine,
  uses: ReadonlyMap<number, ReadonlySet<string>>,
  names: ReadonlyMap<number, string>,
): Set<string> {
  const used = new Set([...referencesOf(record)].flatMap((index) => [...(uses.get(index) ?? [])]));
  const of = (record["const"] ?? record["proj"]) as { name?: number; typeName?: number } | undefined;
  if (of !== undefined) used.add(names.get(of.name ?? of.typeName ?? 0) ?? "");
  if ("natVal" in record) used.add("#nat");
  if ("strVal" in record) used.add("#text").add("#nat");
  return used;
}

/** All that the declarations at `places` rest on, and they themselves. */
export function closure({ declarations }: Parts, places: Iterable<number>): Set<number> {
  const all = new Set<number>();
  const add = (at: number): void => {
    if (all.has(at)) return;
    all.add(at);
    declarations[at]?.needs.forEach(add);
  };
  for (const at of places) add(at);
  return all;
}

/**
 * The declarations of `wanted`, each after what it needs; among those that could come next, `pick` takes one.
 * @param pick of so many the place of one
 */
export function ordered(parts: Parts, wanted: ReadonlySet<number>, pick: (of: number) => number): number[] {
  const left = new Set(wanted);
  const order: number[] = [];
  while (left.size > 0) {
    const ready = [...left].filter((at) =>
      [...(parts.declarations[at]?.needs ?? [])].every((need) => !left.has(need)),
    );
    const next = ready[pick(ready.length)];
    if (next === undefined) throw new Error("declarations that need each other");
    left.delete(next);
    order.push(next);
  }
  return order;
}

export const exportOf = ({ lines, declarations }: Parts, order: readonly number[]): string =>
  [...lines, ...order.map((at) => declarations[at]?.line ?? ""), ""].join("\n");
