// The exports that the kernel is measured with.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SOUND } from "../test/lean/accept.ts";
import { binary, bySecond, Nat, start, succ, zero } from "../test/lean/prelude.ts";
import { ap, c, eq, nat, refl, v } from "../test/lean/terms.ts";
import { vectors } from "../test/lean/vectors.ts";

/** Products of 40 with 1 to 200. */
const COUNTING_MAX = 200;
const COUNTED = 40;
const COPIES = 40;

/** The Monster Walk's proof, what is made of it, and what the user has of Lean's own exports. */
export async function exportsToCheck(folder: string): Promise<string[]> {
  const { computeFacts } = await import("../examples/monster-walk/mathematics/facts.ts");
  const { monsterWalkLean } = await import("../examples/monster-walk/lean/index.ts");
  const { leanFactsOf } = await import("../examples/monster-walk/lean/statements.ts");
  const walk = monsterWalkLean(leanFactsOf(computeFacts().facts)).ndjson;
  const accepted = Object.values(vectors()).filter(({ expected }) => expected === "accepted");
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  return [
    write("Large.ndjson", largeExport(walk)),
    write("MonsterWalk.ndjson", walk),
    write("Counting.ndjson", countingExport()),
    ...accepted.map(({ path }) => path),
  ];
}

/** Multiplication by counting, under names that no kernel computes with by itself. */
function countingExport(): string {
  const e = start("Eq", "Nat");
  e.def("count.add", binary, bySecond(v("a"), succ(v("ih"))));
  e.def("count.mul", binary, bySecond(zero, ap(c("count.add"), v("ih"), v("a"))));
  for (let times = 1; times <= COUNTING_MAX; times++) {
    const result = nat(times * COUNTED);
    const product = ap(c("count.mul"), nat(COUNTED), nat(times));
    e.thm(`times${times}`, eq(1, Nat, product, result), refl(1, Nat, result));
  }
  return e.text();
}

/** Names that kernels know: every copy has the same ones. */
const SHARED = /^(?:True|False|Not|And|Or|Eq|Iff|Exists|Bool|Nat|List|Quot|Char|String)$/;
/** Sound exports with an axiom of their own, and those that nanoda does not read or takes for something else. */
const LEFT_OUT = new Set([
  "an allowed axiom",
  "an axiom that no theorem uses",
  "division by another definition is computed by that definition",
  "unsafe definitions that nothing uses",
  "indices of lines in any order",
]);

/** Many libraries over one core: the Monster Walk's and the tests' sound exports, each time under other names. */
function largeExport(walk: string): string {
  const sound = Object.entries(SOUND).filter(([name]) => !LEFT_OUT.has(name));
  const sources = [walk, ...sound.map(([, make]) => make().text())].map(parse);
  const [meta] = walk.split("\n", 1);
  const library = new Joined();
  for (let copy = 1; copy <= COPIES; copy++)
    sources.forEach((records, i) => library.add(records, `_${copy}_${i}`));
  return `${meta}\n${library.lines.join("\n")}\n`;
}

type Json = null | string | number | boolean | Json[] | Line;
interface Line {
  [key: string]: Json;
}
type Table = "in" | "il" | "ie";

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

function parse(text: string): Line[] {
  const [, ...lines] = text.trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

function tableOf(record: Line): Table | undefined {
  return TABLES.find((table) => table in record);
}

/** Names that a declaration brings in: each `name` in it. */
function declaredIn(record: Json): number[] {
  if (typeof record !== "object" || record === null) return [];
  const own = !Array.isArray(record) && typeof record["name"] === "number" ? [record["name"]] : [];
  return [...own, ...Object.values(record).flatMap(declaredIn)];
}

/** Puts exports behind each other: equal lines once, and no name declared again. */
class Joined {
  readonly lines: string[] = [];
  readonly #known: Record<Table, Map<string, number>> = { in: new Map(), il: new Map(), ie: new Map() };
  readonly #declared = new Set<number>();

  /** `suffix` goes to the first part of each name that is declared there and is not shared. */
  add(records: readonly Line[], suffix: string): void {
    const places: Record<Table, number[]> = { in: [0], il: [0], ie: [] };
    const roots = ownRoots(records);
    for (const record of records) {
      const table = tableOf(record);
      if (table === undefined) {
        const moved = move("", record, places);
        const names = declaredIn(moved);
        if (!names.some((name) => this.#declared.has(name))) this.lines.push(JSON.stringify(moved));
        for (const name of names) this.#declared.add(name);
        continue;
      }
      const { [table]: index, ...content } = record;
      const { str } = content;
      if (table === "in" && roots.has(Number(index)) && isLine(str) && typeof str["str"] === "string")
        content["str"] = { ...str, str: `${str["str"]}${suffix}` };
      places[table][Number(index)] = this.#intern(table, move("", content, places));
    }
  }

  #intern(table: Table, content: Json): number {
    const known = this.#known[table];
    const key = JSON.stringify(content);
    const found = known.get(key);
    if (found !== undefined) return found;
    // 0 is the anonymous name and the level 0
    const index = known.size + (table === "ie" ? 0 : 1);
    known.set(key, index);
    this.lines.push(`${key.slice(0, -1)},"${table}":${index}}`);
    return index;
  }
}

/** Where the first parts of names stand that are declared there and not shared. */
function ownRoots(records: readonly Line[]): Set<number> {
  const roots = new Map<number, number>();
  const shared = new Set<number>();
  for (const { in: index, str } of records) {
    if (!isLine(str)) continue;
    const pre = Number(str["pre"]);
    roots.set(Number(index), pre === 0 ? Number(index) : (roots.get(pre) ?? 0));
    if (pre === 0 && typeof str["str"] === "string" && SHARED.test(str["str"])) shared.add(Number(index));
  }
  const declared = records.filter((record) => tableOf(record) === undefined).flatMap(declaredIn);
  return new Set(declared.map((name) => roots.get(name) ?? 0)).difference(shared);
}

function move(field: string, value: Json, places: Record<Table, number[]>): Json {
  const table = REFERENCES[field];
  if (typeof value === "number")
    return table === undefined ? value : (places[table][value] ?? missing(field));
  if (Array.isArray(value)) return value.map((item) => move(field, item, places));
  if (!isLine(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, move(key, item, places)]));
}

function isLine(value: Json | undefined): value is Line {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function missing(field: string): never {
  throw new Error(`${field} refers to no earlier line`);
}
