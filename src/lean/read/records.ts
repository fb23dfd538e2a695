// The records of an export, field by field: for lines that the scanner does not know by form. Nothing is guessed: a record
// has exactly the fields of its kind, an index is used once and only after its line. Format 3.1 of lean4export
// (format_ndjson.md there), and 3.0, where definitions, theorems and opaques stand in lists.
import { refuseFormat } from "#lean/fault.ts";
import type { Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import {
  ABBREVIATION,
  ROLES,
  type Constructor,
  type Declaration,
  type Inductive,
  type Recursor,
  type RecursorRule,
} from "./constants.ts";
import { isJsonList, isJsonObject, type Fields } from "./fields.ts";

/** What indices stand for. */
export interface IndexTables {
  name(index: number): Name;
  expr(index: number): Expr;
  /** Where the spelling of a defined expression is kept. */
  place(index: number): number;
}

/** A larger count is wrong in any export; rows have room for no more. */
const COUNT_MAX = 0x3fff_ffff;

/** @param isListed whether definitions stand in lists, as in format 3.0 */
export function readDeclarations(record: Fields, tables: IndexTables, isListed: boolean): Declaration[] {
  const declarations = readKinds(record, tables, isListed);
  record.end();
  return declarations;
}

function readKinds(record: Fields, tables: IndexTables, isListed: boolean): Declaration[] {
  for (const [field, read] of VALUED)
    if (record.has(field))
      return itemsOf(record, field, isListed).map((item) => ended(item, read(item, tables)));
  if (record.has("inductive")) return [readInductive(record.object("inductive"), tables)];
  if (record.has("quot")) return [readQuotient(record.object("quot"), tables)];
  if (!record.has("axiom"))
    refuseFormat("unknown-record", "Cannot read the line: it is not a record of the format");
  const fields = record.object("axiom");
  const axiom = { kind: "axiom", ...readHeader(fields, tables, fields.flag("isUnsafe")) } as const;
  return [ended(fields, axiom)];
}

function itemsOf(record: Fields, field: string, isListed: boolean): Fields[] {
  return isListed && isJsonList(record.peek(field)) ? record.objects(field) : [record.object(field)];
}

function ended<T>(fields: Fields, value: T): T {
  fields.end();
  return value;
}

function readNames(fields: Fields, field: string, tables: IndexTables): Name[] {
  return fields.counts(field).map((index) => tables.name(index));
}

function readCount(fields: Fields, field: string): number {
  return Math.min(fields.count(field), COUNT_MAX);
}

function readHeader(fields: Fields, tables: IndexTables, isUnsafe: boolean) {
  const index = fields.count("type");
  return {
    name: tables.name(fields.count("name")),
    levelParams: readNames(fields, "levelParams", tables),
    type: tables.expr(index),
    typePlace: tables.place(index),
    isUnsafe,
    order: 0,
  };
}

function readValue(fields: Fields, tables: IndexTables) {
  readNames(fields, "all", tables);
  const index = fields.count("value");
  return { value: tables.expr(index), valuePlace: tables.place(index) };
}

type ReadValued = (fields: Fields, tables: IndexTables) => Declaration;

const VALUED: readonly (readonly [string, ReadValued])[] = [
  [
    "thm",
    (fields, tables) => ({
      kind: "theorem",
      ...readHeader(fields, tables, false),
      ...readValue(fields, tables),
      hint: -1,
    }),
  ],
  [
    "def",
    (fields, tables) => {
      // partial and unsafe declarations are not part of the logic
      const isUnsafe = fields.oneOf("safety", ["safe", "unsafe", "partial"]) !== "safe";
      const common = { ...readHeader(fields, tables, isUnsafe), ...readValue(fields, tables) };
      return { kind: "definition", ...common, hint: readHint(fields) };
    },
  ],
  [
    "opaque",
    (fields, tables) => {
      const common = readHeader(fields, tables, fields.flag("isUnsafe"));
      return { kind: "opaque", ...common, ...readValue(fields, tables), hint: -1 };
    },
  ],
];

function readHint(fields: Fields): number {
  const hint = fields.any("hints");
  if (hint === "opaque") return -1;
  if (hint === "abbrev") return ABBREVIATION;
  if (isJsonObject(hint) && hint.size === 1) {
    const height = hint.get("regular");
    if (typeof height === "number" && Number.isSafeInteger(height) && height >= 0)
      return Math.min(height, COUNT_MAX);
  }
  return refuseFormat("wrong-type", "Cannot read hints: they must be opaque, abbrev or {regular: number}");
}

function readQuotient(fields: Fields, tables: IndexTables): Declaration {
  const role = fields.oneOf("kind", ROLES);
  return ended(fields, { kind: "quotient", ...readHeader(fields, tables, false), role });
}

function readInductive(fields: Fields, tables: IndexTables): Declaration {
  return ended(fields, {
    kind: "inductive",
    types: fields.objects("types").map((item) => readType(item, tables)),
    constructors: fields.objects("ctors").map((item) => readConstructor(item, tables)),
    recursors: fields.objects("recs").map((item) => readRecursor(item, tables)),
  });
}

function readType(fields: Fields, tables: IndexTables): Inductive {
  return ended(fields, {
    kind: "inductive",
    ...readHeader(fields, tables, fields.flag("isUnsafe")),
    paramCount: readCount(fields, "numParams"),
    indexCount: readCount(fields, "numIndices"),
    all: readNames(fields, "all", tables),
    constructors: readNames(fields, "ctors", tables),
    nestedCount: readCount(fields, "numNested"),
    isRecursive: fields.flag("isRec"),
    isReflexive: fields.flag("isReflexive"),
  });
}

function readConstructor(fields: Fields, tables: IndexTables): Constructor {
  return ended(fields, {
    kind: "constructor",
    ...readHeader(fields, tables, fields.flag("isUnsafe")),
    inductive: tables.name(fields.count("induct")),
    index: readCount(fields, "cidx"),
    paramCount: readCount(fields, "numParams"),
    fieldCount: readCount(fields, "numFields"),
  });
}

function readRecursor(fields: Fields, tables: IndexTables): Recursor {
  return ended(fields, {
    kind: "recursor",
    ...readHeader(fields, tables, fields.flag("isUnsafe")),
    all: readNames(fields, "all", tables),
    paramCount: readCount(fields, "numParams"),
    indexCount: readCount(fields, "numIndices"),
    motiveCount: readCount(fields, "numMotives"),
    minorCount: readCount(fields, "numMinors"),
    rules: fields.objects("rules").map((item) => readRule(item, tables)),
    isK: fields.flag("k"),
  });
}

function readRule(fields: Fields, tables: IndexTables): RecursorRule {
  const constructor = tables.name(fields.count("ctor"));
  const value = tables.expr(fields.count("rhs"));
  return ended(fields, { constructor, fieldCount: readCount(fields, "nfields"), value });
}
